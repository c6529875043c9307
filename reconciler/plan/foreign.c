/*
 * Drop-ins of managed units that are not in the state: somebody added them on the host (SPEC 4,
 * foreign_dropins). Reported, never touched; what packages ship in /usr/lib is nobody's drift.
 * Changes nothing. Called by the pipeline.
 */
#include <errno.h>
#include <string.h>

#include "l4sync/plan.h"
#include "l4sync/text.h"
#include "l4sync/unit_view.h"

struct search {
	struct plan *plan;
	struct unit_index *index;
	struct err *e;
	size_t n_known, cap_known;
	const char **known; /* paths that are the state's or were reported; malloc'd */
};

static bool is_known(const struct search *s, const char *path)
{
	for (size_t i = 0; i < s->n_known; i++)
		if (!strcmp(s->known[i], path))
			return true;
	return false;
}

static void add_known(struct search *s, const char *path)
{
	s->known = grow(s->known, &s->cap_known, s->n_known, sizeof(*s->known));
	s->known[s->n_known++] = path;
}

/* The unit that a resource manages, or NULL. */
static const char *managed_unit(struct arena *a, const struct resource *item)
{
	const char *name = resource_name(item->id);

	if (resource_is(item, "dropin"))
		name = arena_strndup(a, name, strcspn(name, "/"));
	else if (!resource_is(item, "unit") && !resource_is(item, "service"))
		return NULL;
	return unit_name_valid(name) ? name : NULL;
}

static int search_unit(struct search *s, const char *unit)
{
	struct unit_config config;
	int r = unit_index_config(s->index, unit, &config, s->e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < config.n_dropins; i++) {
		const char *path = config.dropins[i].path;

		if (text_starts(path, "/usr/lib/") || is_known(s, path))
			continue;
		add_known(s, path);
		finding_add(&s->plan->findings, "foreign", "foreign-dropin", path,
			"is in effect for %s and not in the state: take it into the state, or "
			"remove it",
			unit);
	}
	return 0;
}

/* Loaded instances of a template have drop-ins of their own. */
static int search_instances(
	struct search *s, const char *template, const struct unit_status *units, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *of = unit_name_template(s->plan->arena, units[i].name);
		int r = of && !strcmp(of, template) ? search_unit(s, units[i].name) : 0;

		if (r < 0)
			return r;
	}
	return 0;
}

static int search_all(struct search *s, struct unit_view *view)
{
	const struct resources *want = s->plan->want;
	const struct unit_status *units = NULL;
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; i < want->n && r >= 0; i++) {
		const char *unit = managed_unit(s->plan->arena, want->items[i]);

		if (!unit)
			continue;
		r = search_unit(s, unit);
		if (r >= 0 && unit_name_is_template(unit)) {
			r = unit_view_list(view, &units, &n, s->e);
			if (r >= 0)
				r = search_instances(s, unit, units, n);
		}
	}
	return r;
}

int plan_foreign(struct plan *p, struct unit_view *view, struct err *e)
{
	struct search s = {.plan = p, .e = e};
	bool units = false;

	for (size_t i = 0; i < p->want->n; i++) {
		const char *path = resource_get(p->want->items[i], "path");

		units |= managed_unit(p->arena, p->want->items[i]) != NULL;
		if (path)
			add_known(&s, path);
	}
	int r = units ? unit_view_after(view, &s.index, e) : 0;
	if (units && r >= 0)
		r = search_all(&s, view);
	free(s.known);
	return r;
}
