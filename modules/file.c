/*
 * file:/path: a regular file outside the unit directories; and `files:`, which gives attributes
 * by glob to whatever file the state ships, in the unit directories too.
 * Called through the registry.
 */
#include <errno.h>
#include <string.h>

#include "l4sync/check.h"
#include "l4sync/command_line.h"
#include "l4sync/registry.h"
#include "l4sync/text.h"
#include "l4sync/unitpath.h"

#include "placed.h"

/* What one entry of `files:` says; NULL: nothing. */
struct attributes {
	const char *owner, *group, *mode, *validate, *reload;
	bool has_secret, secret;
};

static int parse_owner(struct reader *r, const struct node *n, const char *what, const char **ret)
{
	int code = node_want_text(n, what, ret, r->diags);

	if (!code && !check_is_owner(*ret))
		code = diag_add(r->diags, n->where,
			"%s: \"%s\" is no name that a user or group can have, nor an id", what,
			*ret);
	return code;
}

/* An empty one takes away what the place would have. */
static int parse_validate(struct reader *r, const struct node *n, const char **ret)
{
	_cleanup_err_ struct err e = ERR_INIT;
	const char *const *words;
	int code = node_want_text(n, "validate", ret, r->diags);

	if (!code && **ret && command_words(r->arena, *ret, NULL, &words, &e) < 0)
		code = diag_add(r->diags, n->where, "validate: %s", err_text(&e));
	return code;
}

static int parse_reload(struct reader *r, const struct node *n, const char **ret)
{
	int code = node_want_text(n, "reload", ret, r->diags);

	if (!code && **ret && (!unit_name_is_service(*ret) || unit_name_is_template(*ret)))
		code = diag_add(r->diags, n->where,
			"reload: \"%s\" is no name of a service that can be reloaded, as "
			"nginx.service",
			*ret);
	return code;
}

static int parse_attributes(struct reader *r, const struct node *map, struct attributes *ret)
{
	static const char *const known[] = {
		"owner", "group", "mode", "secret", "validate", "reload", NULL};
	int bad = node_keys(map, known, r->diags);

	for (size_t i = 0; i < map->n; i++) {
		const char *key = map->keys[i]->text;
		const struct node *n = map->items[i];

		if (!strcmp(key, "owner"))
			bad |= parse_owner(r, n, key, &ret->owner);
		else if (!strcmp(key, "group"))
			bad |= parse_owner(r, n, key, &ret->group);
		else if (!strcmp(key, "mode"))
			bad |= node_want_mode(r->arena, n, key, &ret->mode, r->diags);
		else if (!strcmp(key, "validate"))
			bad |= parse_validate(r, n, &ret->validate);
		else if (!strcmp(key, "reload"))
			bad |= parse_reload(r, n, &ret->reload);
		else if (!strcmp(key, "secret")) {
			ret->has_secret = true;
			bad |= node_want_bool(n, key, &ret->secret, r->diags);
		}
	}
	return bad ? -EINVAL : 0;
}

static void set_attributes(struct reader *r, struct resource *item, const struct attributes *by)
{
	struct arena *a = r->want->arena;

	if (by->owner)
		resource_set(a, item, "owner", by->owner);
	if (by->group)
		resource_set(a, item, "group", by->group);
	if (by->mode)
		resource_set(a, item, "mode", by->mode);
	if (by->validate)
		resource_set(a, item, "validate", by->validate);
	if (by->reload)
		resource_set(a, item, "reload", by->reload);
	if (by->has_secret)
		item->secret = by->secret;
}

/* Gives the attributes to all files that the glob matches; one at least there must be. */
static void apply_glob(struct reader *r, const struct node *glob, const struct attributes *by)
{
	bool hit = false, hit_link = false;

	for (size_t i = 0; i < r->want->n; i++) {
		struct resource *item = r->want->items[i];
		const char *path = resource_path(item);

		if (!path || !text_glob(glob->text, path))
			continue;
		if (resource_get(item, "target")) {
			hit_link = true;
			continue;
		}
		set_attributes(r, item, by);
		hit = true;
	}
	if (hit || r->tree_missing)
		return;
	if (hit_link)
		diag_add(r->diags, glob->where,
			"\"%s\" matches only symbolic links, which have no owner and mode of their "
			"own",
			glob->text);
	else
		diag_add(r->diags, glob->where,
			"\"%s\" matches no file of the state (a glob over target paths; * stops at "
			"/, "
			"** does not; directories are declared in etc/tmpfiles.d)",
			glob->text);
}

static int file_parse(struct reader *r, const char *section, const struct node *node)
{
	size_t before = r->diags->total;

	if (node_want_map(node, section, r->diags) < 0)
		return -EINVAL;
	for (size_t i = 0; i < node->n; i++) {
		const struct node *glob = node->keys[i];
		struct attributes attributes = {0};

		if (*glob->text != '/')
			diag_add(r->diags, glob->where,
				"\"%s\" must be a path or glob that begins with /", glob->text);
		else if (!node_want_map(node->items[i], glob->text, r->diags) &&
			 !parse_attributes(r, node->items[i], &attributes))
			apply_glob(r, glob, &attributes);
	}
	return r->diags->total == before ? 0 : -EINVAL;
}

static int file_check(const struct resource *item, struct err *e)
{
	int r = check_place(item, resource_name(item->id), false, e);
	const char *mode = resource_get(item, "mode");

	if (!r && resource_get(item, "insert") && (!item->secret || !mode || mode[3] != '0'))
		r = err_set(
			e, -EINVAL, "%s: a file with a secret that everybody can read", item->id);
	if (!r)
		r = check_content(item, true, e);
	return r ? r : check_attrs(item, check_file_rules, e);
}

static const char *const file_sections[] = {"files", NULL};
static const char *const file_compared[] = {"owner", "group", "mode", NULL};

const struct module module_file = {
	.type = "file",
	.sections = file_sections,
	.parse = file_parse,
	.check = file_check,
	.compared = file_compared,
	.inspect = placed_inspect,
	.enqueue = placed_enqueue,
};
