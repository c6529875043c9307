/*
 * The manifest: l4sync.yaml with hosts/NAME.yaml merged over it, and the keys in it that are no
 * module's (l4sync, hosts, vars, trees).
 * Called by reader_read().
 */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "l4sync/check.h"
#include "l4sync/module.h"
#include "l4sync/text.h"
#include "l4sync/unsupported.h"
#include "reader_internal.h"

#define MANIFEST "l4sync.yaml"
#define FORMAT "1"

/* A YAML file of the state; -ENOENT (not reported) if there is none. */
static int read_yaml(struct reader *r, const char *path, struct node **ret)
{
	_cleanup_err_ struct err e = ERR_INIT;
	struct where where = {.file = path};
	struct tree_entry entry;
	const void *data;
	size_t size;
	int code = r->tree->ops->find(r->tree, path, &entry, &e);

	if (code == -ENOENT)
		return code;
	if (code < 0)
		return diag_add(r->diags, where, "%s", err_text(&e));
	if (entry.kind != TREE_FILE && entry.kind != TREE_EXECUTABLE)
		return diag_add(r->diags, where, "must be a file");
	code = r->tree->ops->read(r->tree, &entry, NODE_FILE_SIZE_MAX, &data, &size, &e);
	if (code == -EFBIG)
		return diag_add(r->diags, where,
			"larger than %u bytes, the most that a manifest can have",
			NODE_FILE_SIZE_MAX);
	if (code < 0)
		return diag_add(r->diags, where, "%s", err_text(&e));
	code = node_parse(r->arena, path, data, size, ret, r->diags);
	return code < 0 ? code : node_want_map(*ret, "the manifest", r->diags);
}

static int read_merged(struct reader *r, struct node **ret)
{
	struct node *base = NULL, *over = NULL;
	int code = read_yaml(r, MANIFEST, &base);

	if (code == -ENOENT)
		return diag_add(r->diags, (struct where){.file = MANIFEST},
			"not found; a state has its manifest there, beside root/ (is this the "
			"state's "
			"top directory?)");
	if (code < 0)
		return code;
	*ret = base;
	const char *name = r->host->name;
	if (!name || strchr(name, '/') || *name == '.')
		return 0;
	code = read_yaml(r, arena_printf(r->arena, "hosts/%s.yaml", name), &over);
	if (code == -ENOENT)
		return 0;
	if (!code)
		*ret = node_merge(r->arena, base, over);
	return code;
}

static int check_format(struct reader *r)
{
	const struct node *n = node_get(r->manifest, "l4sync");

	if (!n)
		return diag_add(r->diags, (struct where){.file = MANIFEST},
			"\"l4sync: " FORMAT
			"\" is missing: the format that the manifest is written in");
	if (n->kind == NODE_SCALAR && !strcmp(n->text, FORMAT))
		return 0;
	if (n->kind == NODE_SCALAR && strspn(n->text, "0123456789") == strlen(n->text))
		return diag_add(r->diags, n->where,
			"the manifest has format %s; this version of l4sync reads format " FORMAT
			" (is a newer l4sync needed?)",
			n->text);
	return diag_add(r->diags, n->where, "l4sync: must be the number " FORMAT);
}

/* -EPERM when hosts: is there and does not name this host. */
static int check_hosts(struct reader *r)
{
	const struct node *list = node_get(r->manifest, "hosts");
	_cleanup_buf_ struct buf names = BUF_INIT;
	const char *name, *own = r->host->name ? r->host->name : "a host without a name";

	if (!list)
		return 0;
	if (node_want_seq(list, "hosts", r->diags) < 0)
		return -EINVAL;
	for (size_t i = 0; i < list->n; i++) {
		if (node_want_text(list->items[i], "hosts", &name, r->diags) < 0)
			return -EINVAL;
		if (!strcmp(name, own) ||
			(r->host->machine_id && !strcasecmp(name, r->host->machine_id)))
			return 0;
		buf_addf(&names, "%s%s", i ? ", " : "", name);
	}
	diag_add(r->diags, list->where, "this state is for %s%s; this is %s",
		list->n ? "hosts " : "no host", list->n ? names.data : "", own);
	return -EPERM;
}

/* All keys that the manifest can have: those here, the modules' sections, what is to come. */
static const char *const *known_keys(struct reader *r)
{
	static const char *const own[] = {"l4sync", "hosts", "vars", "trees"};
	size_t n = ELEMENTS(own), at = 0, i = 0;
	const char *key;

	while (unsupported_next("", &at))
		n++;
	for (const struct module *const *m = r->modules; *m; m++)
		for (const char *const *s = (*m)->sections; s && *s; s++)
			n++;
	const char **keys = arena_array(r->arena, const char *, n + 1);
	for (; i < ELEMENTS(own); i++)
		keys[i] = own[i];
	for (const struct module *const *m = r->modules; *m; m++)
		for (const char *const *s = (*m)->sections; s && *s; s++)
			keys[i++] = *s;
	for (at = 0; (key = unsupported_next("", &at));)
		keys[i++] = key;
	return keys;
}

static void read_vars(struct reader *r)
{
	const struct node *vars = node_get(r->manifest, "vars");
	const char *text;

	if (!vars || vars->kind == NODE_NULL || node_want_map(vars, "vars", r->diags) < 0)
		return;
	r->vars = vars;
	for (size_t i = 0; i < vars->n; i++) {
		const struct node *name = vars->keys[i];

		if (!template_is_name(name->text, strlen(name->text)))
			diag_add(r->diags, name->where,
				"\"%s\" is no name for a variable; it is made of letters, digits "
				"and _",
				name->text);
		node_want_text(vars->items[i], name->text, &text, r->diags);
	}
}

/* A path inside the state repository: the same rules as for a target, without the slash. */
static int parse_tree(struct reader *r, const struct node *n, const char **ret)
{
	_cleanup_err_ struct err e = ERR_INIT;

	if (n->kind == NODE_MAP)
		return diag_add(r->diags, n->where,
			"trees: trees from other repositories are not supported by this version of "
			"l4sync");
	if (node_want_text(n, "trees", ret, r->diags) < 0)
		return -EINVAL;
	if (check_path_form(arena_printf(r->arena, "/%s", *ret), &e) < 0)
		return diag_add(r->diags, n->where,
			"trees: \"%s\" must be a path inside the state repository, such as root",
			*ret);
	struct tree_entry entry;
	if (r->tree->ops->find(r->tree, *ret, &entry, NULL) < 0 || entry.kind != TREE_DIR)
		return diag_add(r->diags, n->where,
			"trees: there is no directory \"%s\" in the state repository", *ret);
	return 0;
}

const char *const *manifest_trees(struct reader *r)
{
	static const char *const usual[] = {"root", NULL};
	const struct node *list = node_get(r->manifest, "trees");
	const char **paths;
	size_t n = 0;

	if (!list || list->kind == NODE_NULL)
		return usual;
	if (node_want_seq(list, "trees", r->diags) < 0)
		return usual + 1;
	paths = arena_array(r->arena, const char *, list->n + 1);
	for (size_t i = 0; i < list->n; i++) {
		if (parse_tree(r, list->items[i], &paths[n]) < 0) {
			paths[n] = NULL;
			continue;
		}
		bool again = false;
		for (size_t j = 0; j < n; j++)
			again |= !strcmp(paths[j], paths[n]);
		if (again)
			diag_add(r->diags, list->items[i]->where, "trees: \"%s\" is given twice",
				paths[n]);
		else
			n++;
	}
	paths[n] = NULL;
	return paths;
}

int manifest_read(struct reader *r)
{
	struct node *manifest = NULL;
	int code = read_merged(r, &manifest);

	if (code < 0)
		return -EINVAL;
	r->manifest = manifest;
	code = check_format(r);
	if (!code)
		code = check_hosts(r);
	if (code < 0)
		return code;
	node_keys(manifest, known_keys(r), r->diags);
	unsupported_keys("", manifest, r->diags);
	read_vars(r);
	return 0;
}
