/*
 * The host's units for one run: search path before and after, loaded units, policies, each made
 * when first asked for (unit_view.h).
 * Changes nothing. Called by modules and the derivation of effects.
 */
#include "l4sync/unit_view.h"

#include <errno.h>
#include <string.h>

#include "l4sync/module.h"
#include "l4sync/text.h"

struct unit_view {
	struct host *host;
	struct arena *arena;
	const struct resources *want, *base, *originals;
	struct unit_index *before, *after;
	size_t n_removed;
	const char **removed; /* in the arena; twice as long when full */
	bool listed;
	struct unit_status *units;
	size_t n_units;
};

struct unit_view *unit_view_new(struct host *h, struct arena *a, const struct resources *want,
	const struct resources *base, const struct resources *originals)
{
	struct unit_view *v = arena_new_of(a, struct unit_view);

	*v = (struct unit_view){
		.host = h, .arena = a, .want = want, .base = base, .originals = originals};
	return v;
}

struct host *unit_view_host(struct unit_view *v)
{
	return v->host;
}

int unit_view_before(struct unit_view *v, struct unit_index **ret, struct err *e)
{
	if (!v->before) {
		int r = unit_index_new(v->host, v->arena, NULL, 0, &v->before, e);

		if (r < 0)
			return r;
	}
	*ret = v->before;
	return 0;
}

void unit_view_remove(struct unit_view *v, const char *path)
{
	if (!(v->n_removed & (v->n_removed - 1))) {
		const char **longer = arena_array(v->arena, const char *, 2 * v->n_removed + 1);

		if (v->n_removed)
			memcpy(longer, v->removed, v->n_removed * sizeof *longer);
		v->removed = longer;
	}
	v->removed[v->n_removed++] = path;
	if (v->after)
		unit_index_remove(v->after, path);
}

bool unit_view_removes(const struct unit_view *v, const char *path)
{
	for (size_t i = 0; path && i < v->n_removed; i++)
		if (!strcmp(v->removed[i], path))
			return true;
	return false;
}

/* Of what systemd might read; directories change nothing by themselves. */
static const char *placed_path(const struct resource *item)
{
	return resource_is(item, "dir") || resource_is(item, "checkout") ? NULL
									 : resource_path(item);
}

/* A recorded secret is only a keyed hash: what stands there now is the best that is known of it. */
static void add_overlay(struct unit_overlay *o, size_t *n, const struct resource *item)
{
	const char *path = placed_path(item);

	if (path && (!item->content || item->content->data))
		o[(*n)++] =
			(struct unit_overlay){path, item->content, resource_get(item, "target")};
}

int unit_view_after(struct unit_view *v, struct unit_index **ret, struct err *e)
{
	size_t n = 0, n_base = v->base ? v->base->n : 0;
	struct unit_overlay *overlays;

	if (v->after) {
		*ret = v->after;
		return 0;
	}
	overlays = arena_array(v->arena, struct unit_overlay, v->want->n + n_base + v->n_removed);
	for (size_t i = 0; i < n_base; i++) {
		const struct resource *b = v->base->items[i], *original;
		const struct resource *w = resources_find(v->want, b->id);

		/* A unit that moves to another unit directory leaves its old place. */
		if (w && placed_path(b) && strcmp(placed_path(b), placed_path(w)) != 0)
			overlays[n++] = (struct unit_overlay){.path = placed_path(b)};
		if (w || unit_view_removes(v, placed_path(b)))
			continue;
		original = v->originals ? resources_find(v->originals, b->id) : NULL;
		if (original)
			add_overlay(overlays, &n, original);
		else if (placed_path(b))
			overlays[n++] = (struct unit_overlay){.path = placed_path(b)};
	}
	for (size_t i = 0; i < v->want->n; i++)
		add_overlay(overlays, &n, v->want->items[i]);
	for (size_t i = 0; i < v->n_removed; i++)
		overlays[n++] = (struct unit_overlay){.path = v->removed[i]};
	int r = unit_index_new(v->host, v->arena, overlays, n, &v->after, e);
	if (r < 0)
		return r;
	*ret = v->after;
	return 0;
}

int unit_view_configs(struct unit_view *v, const char *unit, struct unit_config *before,
	struct unit_config *after, struct err *e)
{
	struct unit_index *x = NULL, *y = NULL;
	int r = unit_view_before(v, &x, e);

	if (r >= 0)
		r = unit_view_after(v, &y, e);
	if (r >= 0)
		r = unit_index_config(x, unit, before, e);
	return r < 0 ? r : unit_index_config(y, unit, after, e);
}

int unit_view_list(
	struct unit_view *v, const struct unit_status **ret, size_t *ret_n, struct err *e)
{
	if (!v->listed && v->host->live) {
		struct bus *bus;
		int r = host_bus(v->host, &bus, e);

		if (r < 0)
			return r;
		r = bus_list_units(bus, v->arena, &v->units, &v->n_units, e);
		if (r < 0)
			return r;
	}
	v->listed = true;
	*ret = v->units;
	*ret_n = v->n_units;
	return 0;
}

void unit_view_refresh(struct unit_view *v)
{
	v->listed = false;
	v->units = NULL;
	v->n_units = 0;
}

static int compare_status(const void *key, const void *item)
{
	return strcmp(key, ((const struct unit_status *)item)->name);
}

int unit_view_find(
	struct unit_view *v, const char *name, const struct unit_status **ret, struct err *e)
{
	const struct unit_status *units;
	size_t n;
	int r = unit_view_list(v, &units, &n, e);

	if (r < 0)
		return r;
	*ret = n ? bsearch(name, units, n, sizeof *units, compare_status) : NULL;
	return 0;
}

bool unit_status_running(const struct unit_status *u)
{
	static const char *const running[] = {"active", "activating", "reloading", "refreshing"};

	for (size_t i = 0; i < ELEMENTS(running); i++)
		if (!strcmp(u->active_state, running[i]))
			return true;
	return false;
}

bool unit_details_running(const struct unit_details *d)
{
	return d->found &&
	       unit_status_running(&(struct unit_status){.active_state = d->active_state});
}

const struct resource *unit_resource(
	struct arena *a, const struct resources *set, const char *type, const char *unit)
{
	const struct resource *item = resources_find(set, arena_printf(a, "%s:%s", type, unit));
	const char *template = item ? NULL : unit_name_template(a, unit);

	return template ? resources_find(set, arena_printf(a, "%s:%s", type, template)) : item;
}

const struct resource *unit_policy(struct arena *a, const struct resources *want, const char *unit)
{
	return unit_resource(a, want, "service", unit);
}
