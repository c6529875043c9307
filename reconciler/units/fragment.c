/*
 * Which fragment a unit name leads to, through aliases and templates, and by which other names the
 * unit goes.
 * Reads no contents but to see a mask. Called by config.c and install.c.
 */
#include <string.h>

#include "index.h"

#define ALIAS_HOPS_MAX 8 /* systemd's own limit */

int unit_fragment(struct unit_index *x, const char *name, struct entry **ret, struct err *e)
{
	*ret = NULL;
	for (int i = 0; i < ALIAS_HOPS_MAX; i++) {
		struct entry *entry;
		int r = index_find(x, name, &entry, e);

		if (r < 0)
			return r;
		/* An alias may name an instance; the name that is asked for itself may not, so that
		 * a caller can tell an instance with a fragment of its own. */
		const char *template = i && !entry ? unit_name_template(x->arena, name) : NULL;
		if (template && (r = index_find(x, template, &entry, e)) < 0)
			return r;
		if (!entry)
			return 0;
		if (!entry->alias) {
			*ret = entry;
			return 0;
		}
		name = entry->alias;
	}
	return 0;
}

static int alias_add(struct unit_index *x, struct entry *link, struct err *e)
{
	struct entry *decides, *fragment;
	struct followed *f;
	int r = index_find(x, link->name, &decides, e);

	if (r < 0 || decides != link || !link->alias)
		return r;
	if ((r = unit_fragment(x, link->name, &fragment, e)) < 0 || !fragment)
		return r;
	if ((r = entry_follow(x, fragment, &f, e)) < 0 || f->empty)
		return r;
	if (x->n_aliases == x->cap_aliases) {
		size_t cap = x->cap_aliases ? 2 * x->cap_aliases : 64;
		struct alias *items = arena_array(x->arena, struct alias, cap);

		if (x->n_aliases)
			memcpy(items, x->aliases, x->n_aliases * sizeof *items);
		x->aliases = items;
		x->cap_aliases = cap;
	}
	const char *of = fragment->name;
	if (unit_name_is_template(of) && unit_name_is_instance(link->name))
		of = unit_name_with_instance(
			x->arena, of, unit_name_instance(x->arena, link->name));
	x->aliases[x->n_aliases++] = (struct alias){link->name, of};
	return 0;
}

static int aliases_find(struct unit_index *x, struct err *e)
{
	if (x->aliases_known)
		return 0;
	for (size_t i = 0; i < x->n_dirs; i++)
		for (size_t j = 0; j < x->dirs[i]->n; j++) {
			struct entry *entry = &x->dirs[i]->items[j];

			if (entry->kind != ENTRY_LINK || !unit_name_valid(entry->name))
				continue;
			int r = alias_add(x, entry, e);
			if (r < 0)
				return r;
		}
	x->aliases_known = true;
	return 0;
}

/* The alias as a name of the unit: a template's takes the unit's instance, unless there is another
 * fragment for that very instance. NULL: it is none. */
static int alias_as_name(struct unit_index *x, const struct unit *u, const char *instance,
	const struct alias *alias, const char **ret, struct err *e)
{
	struct entry *own;

	*ret = NULL;
	/* Not the unit's id: asked for by an alias, systemd does not look for the aliases that only
	 * the main name's instance has. */
	if (strcmp(alias->of, u->name) && strcmp(alias->of, u->fragment->name))
		return 0;
	*ret = alias->name;
	if (!instance || !*instance || !unit_name_is_template(alias->name))
		return 0;
	*ret = unit_name_with_instance(x->arena, alias->name, instance);
	int r = unit_fragment(x, *ret, &own, e);
	if (r >= 0 && own && strcmp(own->name, u->fragment->name))
		*ret = NULL;
	return r;
}

static int name_cmp(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int unit_resolve(struct unit_index *x, struct unit *u, struct err *e)
{
	const char *instance = unit_name_instance(x->arena, u->name), *name;
	int r = unit_fragment(x, u->name, &u->fragment, e);

	if (r >= 0 && !u->fragment && (name = unit_name_template(x->arena, u->name)))
		r = unit_fragment(x, name, &u->fragment, e);
	if (r < 0)
		return r;
	u->id = u->fragment ? u->fragment->name : u->name;
	if (instance && *instance && unit_name_is_template(u->id))
		u->id = unit_name_with_instance(x->arena, u->id, instance);
	names_add(x->arena, &u->names, u->id);
	names_add(x->arena, &u->names, u->name);
	if (!u->fragment)
		return 0;
	if ((r = aliases_find(x, e)) < 0)
		return r;
	for (size_t i = 0; i < x->n_aliases; i++) {
		if ((r = alias_as_name(x, u, instance, &x->aliases[i], &name, e)) < 0)
			return r;
		if (name)
			names_add(x->arena, &u->names, name);
	}
	/* systemd goes through the aliases in the order of a hash table: any fixed order will do.
	 */
	qsort(u->names.items + 1, u->names.n - 1, sizeof(*u->names.items), name_cmp);
	return 0;
}
