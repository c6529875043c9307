/*
 * The effective files of a unit: its fragment and drop-ins in systemd's order, and which file hides
 * which (unitpath.h).
 * Changes nothing. Called by the modules unit and dropin, and by the derivation of effects.
 */
#include <errno.h>
#include <string.h>

#include "l4sync/text.h"

#include "index.h"

static void dropins_add(struct unit_index *x, struct dropins *d, struct entry *entry)
{
	size_t at = 0;
	int c = -1;

	while (at < d->n && (c = strcmp(d->items[at]->name, entry->name)) < 0)
		at++;
	if (at < d->n && !c)
		return;
	if (d->n == d->cap) {
		size_t cap = d->cap ? 2 * d->cap : 8;
		struct entry **items = arena_array(x->arena, struct entry *, cap);

		if (d->n)
			memcpy(items, d->items, d->n * sizeof *items);
		d->items = items;
		d->cap = cap;
	}
	memmove(d->items + at + 1, d->items + at, (d->n - at) * sizeof(*d->items));
	d->items[at] = entry;
	d->n++;
}

int dropins_collect(
	struct unit_index *x, const struct names *dirs, struct dropins *d, struct err *e)
{
	for (size_t i = 0; i < x->n_dirs; i++)
		for (size_t j = 0; j < dirs->n; j++) {
			struct entry *dir = listing_find(x->dirs[i], dirs->items[j]);
			struct listing *l;
			int r = dir ? entry_listing(x, dir, &l, e) : 0;

			if (r < 0)
				return r;
			for (size_t k = 0; dir && k < l->n; k++)
				if (text_ends(l->items[k].name, ".conf") &&
					!index_is_gone(x, &l->items[k]))
					dropins_add(x, d, &l->items[k]);
		}
	return 0;
}

/* The directories of each name stand before those of the next one whatever their rank, and the
 * type's behind them all. */
static void unit_groups(struct unit_index *x, struct unit *u)
{
	u->groups = arena_array(x->arena, struct names, u->names.n + 1);
	for (size_t i = 0; i < u->names.n; i++)
		unit_name_dropin_dirs(x->arena, u->names.items[i], &u->groups[u->n_groups++]);
	names_add(x->arena, &u->groups[u->n_groups++],
		arena_printf(x->arena, "%s.d", unit_name_type(u->name)));
}

static int unit_file_fill(struct unit_index *x, struct unit *u, struct entry *entry,
	struct unit_file *ret, bool *ret_empty, struct err *e)
{
	struct followed *f;
	int r = entry_follow(x, entry, &f, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < f->hops.n; i++)
		names_add(x->arena, &u->hops, f->hops.items[i]);
	*ret = (struct unit_file){entry->path, f->content};
	if (ret_empty)
		*ret_empty = f->empty;
	return 0;
}

static int unit_fill(struct unit_index *x, struct unit *u, struct err *e)
{
	struct unit_config *c = &u->config;
	struct dropins d = {0};
	int r = unit_resolve(x, u, e);

	c->name = u->name;
	if (r >= 0 && u->fragment)
		r = unit_file_fill(x, u, u->fragment, &c->fragment, &c->masked, e);
	if (r < 0)
		return r;
	/* A link that leads nowhere hides what is further down, and there is no unit then. */
	c->found = c->masked || c->fragment.content;
	unit_groups(x, u);
	if (c->masked || (!c->found && !unit_name_may_lack_fragment(u->name)))
		return 0;
	for (size_t i = 0; i < u->n_groups; i++)
		if ((r = dropins_collect(x, &u->groups[i], &d, e)) < 0)
			return r;
	c->dropins = arena_array(x->arena, struct unit_file, d.n);
	for (; c->n_dropins < d.n; c->n_dropins++)
		if ((r = unit_file_fill(
			     x, u, d.items[c->n_dropins], &c->dropins[c->n_dropins], NULL, e)) < 0)
			return r;
	return 0;
}

static size_t units_at(const struct unit_index *x, const char *name, bool *ret_found)
{
	size_t low = 0, high = x->n_units;

	*ret_found = false;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int c = strcmp(x->units[middle]->name, name);

		*ret_found = *ret_found || !c;
		if (c < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

int unit_get(struct unit_index *x, const char *name, struct unit **ret, struct err *e)
{
	bool found;
	size_t at = units_at(x, name, &found);

	if (found) {
		*ret = x->units[at];
		return 0;
	}
	if (!unit_name_valid(name))
		return err_set(e, -EINVAL, "%s is no unit name", name);
	struct unit *u = arena_new_of(x->arena, struct unit);
	u->name = arena_strdup(x->arena, name);
	int r = unit_fill(x, u, e);
	if (r < 0)
		return err_prefix(e, r, "%s", name);
	if (x->n_units == x->cap_units) {
		size_t cap = x->cap_units ? 2 * x->cap_units : 64;
		struct unit **items = arena_array(x->arena, struct unit *, cap);

		if (x->n_units)
			memcpy(items, x->units, x->n_units * sizeof *items);
		x->units = items;
		x->cap_units = cap;
	}
	memmove(x->units + at + 1, x->units + at, (x->n_units - at) * sizeof(*x->units));
	x->units[at] = u;
	x->n_units++;
	*ret = u;
	return 0;
}

int unit_index_config(
	struct unit_index *x, const char *unit, struct unit_config *ret, struct err *e)
{
	struct unit *u;
	int r = unit_get(x, unit, &u, e);

	if (r >= 0)
		*ret = u->config;
	return r < 0 ? r : 0;
}

static void forget_units(struct unit_index *x)
{
	x->units = NULL;
	x->n_units = x->cap_units = 0;
	x->aliases = NULL;
	x->n_aliases = x->cap_aliases = 0;
	x->aliases_known = false;
}

int unit_index_config_without(struct unit_index *x, const char *unit, const char *const *paths,
	size_t n, struct unit_config *ret, struct err *e)
{
	const struct unit_index kept = *x;
	struct unit *u;

	x->hidden = paths;
	x->n_hidden = n;
	/* Which names a unit has may depend on what stands there, too. */
	forget_units(x);
	int r = unit_get(x, unit, &u, e);
	if (r >= 0)
		*ret = u->config;
	*x = kept;
	return r < 0 ? r : 0;
}

void unit_index_remove(struct unit_index *x, const char *path)
{
	if (!(x->n_gone & (x->n_gone - 1))) {
		const char **longer = arena_array(x->arena, const char *, 2 * x->n_gone + 1);

		if (x->n_gone)
			memcpy(longer, x->gone, x->n_gone * sizeof *longer);
		x->gone = longer;
	}
	x->gone[x->n_gone++] = path;
	forget_units(x);
}

/* The next drop-in that says anything, or NULL: one without content changes nothing. */
static const struct unit_file *next_dropin(const struct unit_config *c, size_t *at)
{
	while (*at < c->n_dropins && !c->dropins[*at].content)
		(*at)++;
	return *at < c->n_dropins ? &c->dropins[(*at)++] : NULL;
}

bool unit_config_same(const struct unit_config *a, const struct unit_config *b)
{
	const struct unit_file *p, *q;
	size_t i = 0, j = 0;

	if (a->found != b->found || a->masked != b->masked ||
		!unit_file_same(a->fragment.content, b->fragment.content))
		return false;
	do {
		p = next_dropin(a, &i);
		q = next_dropin(b, &j);
		if (!p != !q || (p && !unit_file_same(p->content, q->content)))
			return false;
	} while (p);
	return true;
}

/* Whether a path is that of a fragment or drop-in of the unit, in effect or not. */
static bool is_candidate(struct unit_index *x, const struct unit *u, const char *path)
{
	const char *dir = path_parent(x->arena, path), *name = path_name(path);

	if (index_has_dir(x, dir)) {
		for (size_t i = 0; i < u->names.n; i++) {
			const char *template = unit_name_template(x->arena, u->names.items[i]);

			if (!strcmp(name, u->names.items[i]) ||
				(template && !strcmp(name, template)))
				return true;
		}
		return false;
	}
	if (!dir[1] || !text_ends(name, ".conf") || !index_has_dir(x, path_parent(x->arena, dir)))
		return false;
	for (size_t i = 0; i < u->n_groups; i++)
		if (names_has(&u->groups[i], path_name(dir)))
			return true;
	return false;
}

static bool is_effective(const struct unit *u, const char *path)
{
	const struct unit_config *c = &u->config;

	if (names_has(&u->hops, path) || (u->fragment && !strcmp(u->fragment->path, path)))
		return true;
	for (size_t i = 0; i < c->n_dropins; i++)
		if (!strcmp(c->dropins[i].path, path))
			return true;
	return false;
}

int unit_index_hidden(struct unit_index *x, const char *path, const char *unit,
	const char **ret_hider, struct err *e)
{
	struct unit *u;
	int r = unit_get(x, unit, &u, e);

	if (r < 0)
		return r;
	const struct unit_config *c = &u->config;
	*ret_hider = NULL;
	if (is_effective(u, path))
		return 0;
	if (!is_candidate(x, u, path))
		return err_set(e, -ENOENT, "%s is no file of %s", path, unit);
	bool is_dropin = !index_has_dir(x, path_parent(x->arena, path));
	if (u->fragment && (c->masked || !is_dropin))
		*ret_hider = u->fragment->path;
	for (size_t i = 0; is_dropin && i < c->n_dropins; i++)
		if (!strcmp(path_name(c->dropins[i].path), path_name(path)))
			*ret_hider = c->dropins[i].path;
	return 0;
}

bool unit_index_concerns(struct unit_index *x, const char *path, const char *unit)
{
	struct unit *u;

	/* What cannot be read may concern anything. */
	if (unit_get(x, unit, &u, NULL) < 0)
		return true;
	return is_candidate(x, u, path) || names_has(&u->hops, path);
}

bool unit_config_has(const struct unit_config *c, const char *path)
{
	bool found = c->found && !c->masked && !strcmp(c->fragment.path, path);

	for (size_t i = 0; i < c->n_dropins && !found; i++)
		found = !strcmp(c->dropins[i].path, path);
	return found;
}
