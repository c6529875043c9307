/*
 * What the actions of a state name (action_names.h): on_change over the whole want, then and needs
 * among each other.
 * Looks at no host. Called by the module action.
 */
#include "action_names.h"

#include <errno.h>
#include <string.h>

#include "l4sync/module.h"
#include "l4sync/plan.h"
#include "l4sync/text.h"

#define NAME_MAX_SIZE 64

bool action_is_name(const char *s)
{
	static const char first[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	size_t n = strlen(s);

	return n && n <= NAME_MAX_SIZE && strchr(first, *s) &&
	       strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == n;
}

/* Where a resource stands, also of a type that has no file. */
static const char *place_of_item(const struct resource *item)
{
	const char *path = resource_path(item), *name = resource_name(item->id);

	return path ? path : *name == '/' ? name : NULL;
}

/* A directory that only has to exist never changes: whoever names it means what is in it. */
static bool is_mere_directory(const struct resource *item)
{
	return resource_is(item, "dir") && !item->n_attrs;
}

static void add_once(struct reader *r, struct resource *action, const char *key, const char *value)
{
	if (!resource_has(action, key, value))
		resource_add(r->want->arena, action, key, value);
}

/* The nearest path or id, as a question; "" where none is near. */
static const char *did_you_mean(struct reader *r, const char *text, bool is_path)
{
	const char **list = arena_array(r->arena, const char *, r->want->n + 1);
	size_t n = 0;

	for (size_t i = 0; i < r->want->n; i++) {
		const char *name =
			is_path ? place_of_item(r->want->items[i]) : r->want->items[i]->id;

		if (name)
			list[n++] = name;
	}
	const char *near = text_nearest(text, list);
	return near ? arena_printf(r->arena, "; did you mean %s?", near) : "";
}

static void resolve_path(struct reader *r, const struct node *n, struct resource *action)
{
	bool found = false, directory = false;

	for (size_t i = 0; i < r->want->n; i++) {
		const struct resource *item = r->want->items[i];
		const char *at = place_of_item(item);

		if (!at || !text_glob(n->text, at))
			continue;
		if (is_mere_directory(item)) {
			directory = true;
			continue;
		}
		add_once(r, action, "on_change", item->id);
		found = true;
	}
	if (found || r->tree_missing)
		return;
	if (directory)
		diag_add(r->diags, n->where,
			"on_change: %s is a directory, which never changes itself; write %s/** for "
			"what the state ships in it",
			n->text, n->text);
	else
		diag_add(r->diags, n->where,
			"on_change: nothing of the state is at %s (a path, or a glob over target "
			"paths)%s",
			n->text, did_you_mean(r, n->text, true));
}

static void resolve_id(struct reader *r, const struct node *n, struct resource *action)
{
	const struct module *m = module_of(r->modules, n->text);
	const struct resource *item = resources_find(r->want, n->text);

	if (item && resource_is(item, "action"))
		diag_add(r->diags, n->where,
			"on_change: to follow %s, name this action under its then:", n->text);
	else if (item && m && !m->inspect)
		diag_add(r->diags, n->where, "on_change: %s never changes on the host", n->text);
	else if (item)
		add_once(r, action, "on_change", item->id);
	else if (!r->tree_missing)
		diag_add(r->diags, n->where,
			"on_change: the state has no %s, which must be a path or a resource such "
			"as "
			"file:/etc/x%s",
			n->text, did_you_mean(r, n->text, false));
}

static void resolve_on_change(struct reader *r, const struct node *n, struct resource *action)
{
	if (*n->text == '/')
		resolve_path(r, n, action);
	else
		resolve_id(r, n, action);
}

/* The action of that name, with or without its type; NULL: reported. */
static struct resource *find_action(
	struct reader *r, struct where where, const char *key, const char *text)
{
	static const char type[] = "action:";
	const char *name = text_starts(text, type) ? resource_name(text) : text;
	const char **names = arena_array(r->arena, const char *, r->want->n + 1);
	size_t n = 0;

	for (size_t i = 0; i < r->want->n; i++) {
		if (!resource_is(r->want->items[i], "action"))
			continue;
		names[n++] = resource_name(r->want->items[i]->id);
		if (!strcmp(names[n - 1], name))
			return r->want->items[i];
	}
	const char *near = text_nearest(name, names);
	diag_add(r->diags, where, "%s: there is no action \"%s\"%s%s%s", key, name,
		near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
	return NULL;
}

static void resolve_then(struct reader *r, const struct node *n, struct resource *action)
{
	const struct resource *other = find_action(r, n->where, "then", n->text);

	if (other)
		add_once(r, action, "then", resource_name(other->id));
}

static void resolve_needs(struct reader *r, const struct node *n, struct resource *action)
{
	const struct resource *other = find_action(r, n->where, "needs", n->text);

	if (other)
		add_once(r, action, "needs", resource_name(other->id));
}

static void resolve_list(struct reader *r, const struct node *map, struct resource *action,
	const char *key,
	void (*each)(struct reader *r, const struct node *n, struct resource *action))
{
	const struct node *list = node_get(map, key);
	const char *text;

	if (!list || list->kind == NODE_NULL || node_want_seq(list, key, r->diags) < 0)
		return;
	for (size_t i = 0; i < list->n; i++)
		if (!node_want_text(list->items[i], key, &text, r->diags))
			each(r, list->items[i], action);
}

/* `run:` of a checkout is the same from the other side. */
static void take_checkouts(struct reader *r)
{
	for (size_t i = 0; i < r->want->n; i++) {
		const struct resource *item = r->want->items[i];

		for (size_t k = 0; resource_is(item, "checkout") && k < item->n_attrs; k++) {
			struct resource *action;

			if (strcmp(item->attrs[k].key, "run") != 0)
				continue;
			action = find_action(r, item->where, "run", item->attrs[k].value);
			if (action)
				add_once(r, action, "on_change", item->id);
		}
	}
}

/* All of them, in the order of their names. */
struct actions {
	const struct resource **items;
	const char **names;
	size_t n;
};

static size_t find_name(const struct actions *all, const char *name)
{
	size_t i = 0;

	while (strcmp(all->names[i], name) != 0)
		i++;
	return i;
}

static void check_circle(struct reader *r, const struct actions *all, struct where where)
{
	_cleanup_err_ struct err e = ERR_INIT;
	struct unit_edge *edges;
	size_t n = 0, *order;

	for (size_t i = 0; i < all->n; i++)
		n += all->items[i]->n_attrs;
	edges = arena_array(r->arena, struct unit_edge, n);
	n = 0;
	for (size_t i = 0; i < all->n; i++)
		for (size_t k = 0; k < all->items[i]->n_attrs; k++) {
			const struct attr *x = &all->items[i]->attrs[k];

			if (!strcmp(x->key, "then"))
				edges[n++] = (struct unit_edge){i, find_name(all, x->value)};
			else if (!strcmp(x->key, "needs"))
				edges[n++] = (struct unit_edge){find_name(all, x->value), i};
		}
	if (order_units(r->arena, "actions", all->names, all->n, edges, n, &order, &e) < 0)
		diag_add(
			r->diags, where, "%s; take one of these then: or needs: out", err_text(&e));
}

int action_names_complete(struct reader *r)
{
	const struct node *section = node_get(r->manifest, "actions");
	size_t before = r->diags->total;
	struct actions all = {
		.items = arena_array(r->arena, const struct resource *, r->want->n),
		.names = arena_array(r->arena, const char *, r->want->n),
	};

	for (size_t i = 0; section && section->kind == NODE_MAP && i < section->n; i++) {
		const struct node *map = section->items[i];
		struct resource *action = resources_find(
			r->want, arena_printf(r->arena, "action:%s", section->keys[i]->text));

		if (map->kind != NODE_MAP || !action)
			continue;
		resolve_list(r, map, action, "on_change", resolve_on_change);
		resolve_list(r, map, action, "then", resolve_then);
		resolve_list(r, map, action, "needs", resolve_needs);
	}
	take_checkouts(r);
	for (size_t i = 0; i < r->want->n; i++)
		if (resource_is(r->want->items[i], "action")) {
			all.items[all.n] = r->want->items[i];
			all.names[all.n++] = resource_name(r->want->items[i]->id);
		}
	if (all.n)
		check_circle(r, &all, section->where);
	return r->diags->total == before ? 0 : -EINVAL;
}
