/*
 * The manifest: l4sync.yaml with hosts/NAME.yaml merged over it, and the keys in it that are no
 * module's (l4sync, hosts, vars; trees is in trees.c, lint in lint.c).
 * Called by reader_read().
 */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "l4sync/check.h"
#include "l4sync/module.h"
#include "l4sync/text.h"
#include "reader_internal.h"

#define FORMAT "1"

/* The keys that are no module's. */
static const char *const own_keys[] = {"l4sync", "hosts", "vars", "trees", "lint"};

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

/* Whose state it is, where any host will do. */
static void choose_host(struct reader *r, const struct node *base)
{
	const struct node *list = node_get(base, "hosts");
	struct reader_host *first = arena_new_of(r->arena, struct reader_host);

	for (size_t i = 0; list && list->kind == NODE_SEQ && i < list->n; i++) {
		const char *name = list->items[i]->text;

		if (list->items[i]->kind != NODE_SCALAR || !check_is_line(name))
			continue;
		if (r->host->name && !strcmp(name, r->host->name))
			return;
		if (!first->name)
			first->name = name;
	}
	if (first->name)
		r->host = first;
}

static int read_base(struct reader *r, struct node **ret)
{
	int code = read_yaml(r, MANIFEST, ret);

	if (!code && r->host->any)
		choose_host(r, *ret);

	if (code == -ENOENT)
		return diag_add(r->diags, (struct where){.file = MANIFEST},
			"not found; a state has its manifest there, beside root/ (is this the "
			"state's top directory?)");
	return code;
}

/* What is merged over the manifest on this host; NULL if there is nothing. */
static int read_overlay(struct reader *r, struct node **ret)
{
	const char *name = r->host->name;
	struct tree_entry entry;

	if (!name || strchr(name, '/') || *name == '.')
		return 0;
	/* What a link leads to is not looked into, and must not be taken for nothing. */
	if (!r->tree->ops->find(r->tree, HOSTS_DIR, &entry, NULL) && entry.kind != TREE_DIR)
		return diag_add(r->diags, (struct where){.file = HOSTS_DIR},
			"must be a directory itself, in which NAME.yaml is what is different on "
			"that host");
	int code = read_yaml(r, arena_printf(r->arena, HOSTS_DIR "/%s.yaml", name), ret);
	return code == -ENOENT ? 0 : code;
}

/* A map takes no part in a merge with what is none: nobody would look at the one of the two that is
 * replaced. A list for a text is no mistake: there are keys that take either. */
static void report_replaced(struct reader *r, const struct node *base, const struct node *over)
{
	for (size_t i = 0; i < over->n; i++) {
		const struct node *by = over->items[i];
		const struct node *n = node_get(base, over->keys[i]->text);

		if (!n || n->kind == NODE_NULL || by->kind == NODE_NULL)
			continue;
		if ((n->kind == NODE_MAP) != (by->kind == NODE_MAP))
			diag_add(r->diags, n->where,
				"%s: is %s here and %s in %s, which replaces it; one of the two is "
				"wrong",
				over->keys[i]->text, node_kind_text(n), node_kind_text(by),
				where_text(r->arena, &by->where));
		else if (n->kind == NODE_MAP)
			report_replaced(r, n, by);
	}
}

static bool is_number(const struct node *n)
{
	return n->kind == NODE_SCALAR && *n->text &&
	       strspn(n->text, "0123456789") == strlen(n->text);
}

/* -ENOTSUP when the manifest is written in another format, in which all else may be right. */
static int check_other_format(struct reader *r)
{
	const struct node *n = node_get(r->manifest, "l4sync");

	if (!n || !is_number(n) || !strcmp(n->text, FORMAT))
		return 0;
	diag_add(r->diags, n->where,
		"the manifest has format %s; this version of l4sync reads format " FORMAT
		" (is a newer l4sync needed?)",
		n->text);
	return -ENOTSUP;
}

static void check_format(struct reader *r)
{
	const struct node *n = node_get(r->manifest, "l4sync");

	if (!n)
		diag_add(r->diags, (struct where){.file = MANIFEST},
			"\"l4sync: " FORMAT
			"\" is missing: the format that the manifest is written in");
	else if (!is_number(n))
		diag_add(r->diags, n->where, "l4sync: must be the number " FORMAT);
}

/* -EPERM when hosts: is there, is as it should be and does not name this host. */
static int check_hosts(struct reader *r)
{
	const struct node *list = node_get(r->manifest, "hosts");
	_cleanup_buf_ struct buf names = BUF_INIT;
	const char *name, *own = r->host->name ? r->host->name : "a host without a name";
	bool is_named = false;
	int bad = 0;

	if (!list || node_want_seq(list, "hosts", r->diags) < 0)
		return 0;
	for (size_t i = 0; i < list->n; i++) {
		if (node_want_text(list->items[i], "hosts", &name, r->diags) < 0) {
			bad = -EINVAL;
			continue;
		}
		is_named |= !strcmp(name, own) ||
			    (r->host->machine_id && !strcasecmp(name, r->host->machine_id));
		buf_addf(&names, "%s%s", i ? ", " : "", name);
	}
	if (bad || is_named)
		return 0;
	diag_add(r->diags, list->where, "this state is for %s%s; this is %s",
		list->n ? "hosts " : "no host", list->n ? names.data : "", own);
	return -EPERM;
}

/* All keys that the manifest can have: those here, and the modules' sections. */
static const char *const *known_keys(struct reader *r)
{
	size_t n = ELEMENTS(own_keys), i = 0;

	for (const struct module *const *m = r->modules; *m; m++)
		for (const char *const *s = (*m)->sections; s && *s; s++)
			n++;
	const char **keys = arena_array(r->arena, const char *, n + 1);
	for (; i < ELEMENTS(own_keys); i++)
		keys[i] = own_keys[i];
	for (const struct module *const *m = r->modules; *m; m++)
		for (const char *const *s = (*m)->sections; s && *s; s++)
			keys[i++] = *s;
	return keys;
}

static void read_vars(struct reader *r)
{
	const struct node *vars = node_get(r->manifest, "vars");
	const char *text;

	if (!vars || vars->kind == NODE_NULL)
		return;
	r->vars = vars;
	if (node_want_map(vars, "vars", r->diags) < 0)
		return;
	for (size_t i = 0; i < vars->n; i++) {
		const struct node *name = vars->keys[i];

		if (!text_is_name(name->text, strlen(name->text)))
			diag_add(r->diags, name->where,
				"\"%s\" is no name for a variable; it is made of letters, digits "
				"and _",
				name->text);
		node_want_text(vars->items[i], name->text, &text, r->diags);
	}
}

bool manifest_owns(const char *key)
{
	for (size_t i = 0; i < ELEMENTS(own_keys); i++)
		if (!strcmp(key, own_keys[i]))
			return true;
	return false;
}

int manifest_read(struct reader *r)
{
	struct node *base = NULL, *over = NULL;
	/* Both, so that all that is wrong in the one is not shown before the other. */
	int bad = read_base(r, &base), bad_over = read_overlay(r, &over), code;

	if (bad < 0 || bad_over < 0)
		return -EINVAL;
	r->manifest = over ? node_merge(r->arena, base, over) : base;
	if ((code = check_other_format(r)) < 0 || (code = check_hosts(r)) < 0)
		return code;
	check_format(r);
	if (over)
		report_replaced(r, base, over);
	node_keys(r->manifest, known_keys(r), r->diags);
	read_vars(r);
	const struct node *secrets = node_get(r->manifest, "secrets");
	r->secrets = secrets && secrets->kind != NODE_NULL ? secrets : NULL;
	lint_read(r);
	return 0;
}
