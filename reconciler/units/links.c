/*
 * The links that enable units now: those of one unit below /etc/systemd/system, and every name that
 * the *.wants, *.requires and *.upholds directories pull in (unitpath.h).
 * Changes nothing. Called by the module service and by the derivation of effects.
 */
#include <string.h>

#include "l4sync/text.h"

#include "index.h"

#define CONFIG_DIR "/etc/systemd/system"

static bool is_dependency_dir(const char *name)
{
	return text_ends(name, ".wants") || text_ends(name, ".requires") ||
	       text_ends(name, ".upholds");
}

static int natural_cmp(const void *a, const void *b)
{
	return text_natural_cmp(*(const char *const *)a, *(const char *const *)b);
}

/* Whether a link of a dependency directory pulls something in: a link of the same name to
 * /dev/null in a higher directory takes it away. */
static int pulls_in(struct unit_index *x, size_t rank, const char *dir, struct entry *link,
	bool *ret, struct err *e)
{
	struct followed *f;
	struct listing *l;
	struct entry *above;

	*ret = false;
	if (link->kind != ENTRY_LINK || !unit_name_valid(link->name))
		return 0;
	for (size_t i = 0; i < rank; i++) {
		int r = (above = listing_find(x->dirs[i], dir)) ? entry_listing(x, above, &l, e)
								: 0;

		if (r < 0)
			return r;
		if (above && listing_find(l, link->name))
			return 0;
	}
	int r = entry_follow(x, link, &f, e);
	*ret = r >= 0 && !f->empty;
	return r;
}

static int add_enabled(
	struct unit_index *x, const char *template_name, struct names *names, struct err *e)
{
	for (size_t i = 0; i < x->n_dirs; i++)
		for (size_t j = 0; j < x->dirs[i]->n; j++) {
			struct entry *dir = &x->dirs[i]->items[j];
			struct listing *l;
			int r = 0;

			if (!is_dependency_dir(dir->name))
				continue;
			if ((r = entry_listing(x, dir, &l, e)) < 0)
				return r;
			for (size_t k = 0; k < l->n; k++) {
				struct entry *link = &l->items[k];
				const char *template = unit_name_template(x->arena, link->name);
				bool pulled;

				if (template_name && (!template || strcmp(template, template_name)))
					continue;
				if ((r = pulls_in(x, i, dir->name, link, &pulled, e)) < 0)
					return r;
				if (pulled)
					names_add(x->arena, names, link->name);
			}
		}
	return 0;
}

/* t@1.service, and t@1.service.d without its ".d". */
static void add_with_files(struct unit_index *x, const char *template_name, struct names *names)
{
	for (size_t i = 0; i < x->n_dirs; i++)
		for (size_t j = 0; j < x->dirs[i]->n; j++) {
			const char *name = x->dirs[i]->items[j].name, *template;

			if (text_ends(name, ".d"))
				name = arena_strndup(x->arena, name, strlen(name) - 2);
			if (!unit_name_is_instance(name))
				continue;
			template = unit_name_template(x->arena, name);
			if (template && !strcmp(template, template_name))
				names_add(x->arena, names, name);
		}
}

static void sort_names(struct names *names, const char *const **ret, size_t *ret_n)
{
	if (names->n)
		qsort(names->items, names->n, sizeof(*names->items), natural_cmp);
	*ret = names->items;
	*ret_n = names->n;
}

int unit_index_enabled_instances(struct unit_index *x, const char *template_name,
	const char *const **ret, size_t *ret_n, struct err *e)
{
	struct names names = {0};
	int r = add_enabled(x, template_name, &names, e);

	sort_names(&names, ret, ret_n);
	return r;
}

int unit_index_known_instances(struct unit_index *x, const char *template_name,
	const char *const **ret, size_t *ret_n, struct err *e)
{
	struct names names = {0};
	int r = add_enabled(x, template_name, &names, e);

	add_with_files(x, template_name, &names);
	sort_names(&names, ret, ret_n);
	return r;
}

void unit_index_fragment_names(struct unit_index *x, const char *const **ret, size_t *ret_n)
{
	struct names names = {0};

	for (size_t i = 0; i < x->n_dirs; i++)
		for (size_t j = 0; j < x->dirs[i]->n; j++)
			if (unit_name_valid(x->dirs[i]->items[j].name))
				names_add(x->arena, &names, x->dirs[i]->items[j].name);
	sort_names(&names, ret, ret_n);
}

struct live_links {
	struct arena *arena;
	size_t n, cap;
	struct enable_link *items;
};

static void live_add(struct live_links *l, const struct entry *link)
{
	if (l->n == l->cap) {
		size_t cap = l->cap ? 2 * l->cap : 8;
		struct enable_link *items = arena_array(l->arena, struct enable_link, cap);

		if (l->n)
			memcpy(items, l->items, l->n * sizeof *items);
		l->items = items;
		l->cap = cap;
	}
	l->items[l->n++] = (struct enable_link){link->path, link->target};
}

/* An alias that stands in /etc, also one that leads to a fragment kept elsewhere by way of the
 * unit's own link. */
static int is_alias_link(
	struct unit_index *x, struct entry *link, const char *unit, bool *ret, struct err *e)
{
	*ret = false;
	if (link->kind != ENTRY_LINK || !unit_name_valid(link->name))
		return 0;
	int r = entry_alias(x, link, e);
	if (r < 0 || !link->alias || link->ignored)
		return r;
	const char *of = link->alias, *instance = unit_name_instance(x->arena, link->name);
	if (instance && *instance && unit_name_is_template(of))
		of = unit_name_with_instance(x->arena, of, instance);
	*ret = !strcmp(of, unit);
	return 0;
}

int unit_index_live_links(struct unit_index *x, const char *unit, struct enable_link **ret,
	size_t *ret_n, struct err *e)
{
	struct live_links live = {.arena = x->arena};
	struct listing *etc = NULL, *l;
	bool alias;
	int r;

	for (size_t i = 0; i < x->n_dirs; i++)
		if (!strcmp(x->dirs[i]->path, CONFIG_DIR))
			etc = x->dirs[i];
	for (size_t i = 0; etc && i < etc->n; i++) {
		if ((r = is_alias_link(x, &etc->items[i], unit, &alias, e)) < 0)
			return r;
		if (alias)
			live_add(&live, &etc->items[i]);
		if (!is_dependency_dir(etc->items[i].name))
			continue;
		if ((r = entry_listing(x, &etc->items[i], &l, e)) < 0)
			return r;
		struct entry *link = listing_find(l, unit);
		if (link && link->kind == ENTRY_LINK)
			live_add(&live, link);
	}
	*ret = live.items;
	*ret_n = live.n;
	return 0;
}
