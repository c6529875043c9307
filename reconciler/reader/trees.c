/*
 * `trees:` of the manifest: directories of the state repository, and of others, whose files are
 * shipped.
 * Reads nothing of what they hold. Called by tree_want_read().
 */
#include <errno.h>
#include <string.h>

#include "l4sync/check.h"
#include "reader_internal.h"

#define OWN "the state repository"
#define ROOT "root" /* the tree of a state that names none */

/* What is wrong is said as what the path "is". */
static int find_tree(struct tree *tree, const char *path, const char *of, struct err *e)
{
	struct tree_entry entry;
	int code = tree->ops->find(tree, path, &entry, e);

	if (code < 0 && code != -ENOENT)
		return err_prefix(e, code, "cannot be read");
	if (!code && entry.kind == TREE_DIR)
		return 0;
	if (!code && entry.kind == TREE_LINK)
		return err_set(e, -ELOOP,
			"is a symbolic link; a tree must be a directory itself: name the one that "
			"the link leads to under trees:");
	return err_set(e, code ? code : -ENOTDIR, "is no directory of %s", of);
}

/* A path inside a repository: the same rules as for a target, without the slash. */
static int check_inside(const char *path)
{
	_cleanup_arena_ struct arena *a = arena_new();

	return check_path_form(arena_printf(a, "/%s", path), NULL);
}

static int parse_own(struct reader *r, const struct node *n, struct shipped_tree *ret)
{
	_cleanup_err_ struct err e = ERR_INIT;

	ret->tree = r->tree;
	if (node_want_text(n, "trees", &ret->dir, r->diags) < 0)
		return -EINVAL;
	if (check_inside(ret->dir) < 0)
		return diag_add(r->diags, n->where,
			"trees: \"%s\" must be a path inside the state repository, such as " ROOT,
			ret->dir);
	if (find_tree(r->tree, ret->dir, OWN, &e) < 0)
		return diag_add(r->diags, n->where, "trees: \"%s\" %s", ret->dir, err_text(&e));
	return 0;
}

/* What the keys of an entry for another repository say; NULL: nothing. */
struct other {
	const char *repo, *rev, *path;
};

static int parse_keys(struct reader *r, const struct node *n, struct other *ret)
{
	static const char *const known[] = {"repo", "rev", "path", NULL};
	const char **const to[] = {&ret->repo, &ret->rev, &ret->path};
	int bad = node_keys(n, known, r->diags);

	for (size_t i = 0; i < ELEMENTS(to); i++) {
		const struct node *value = node_get(n, known[i]);

		if (value && value->kind != NODE_NULL)
			bad |= node_want_text(value, known[i], to[i], r->diags);
	}
	if (!ret->repo && !bad)
		bad = diag_add(r->diags, n->where,
			"trees: \"repo\" is missing: the URL of the repository that the tree is "
			"in");
	if (ret->path && *ret->path && check_inside(ret->path) < 0)
		bad = diag_add(r->diags, node_get(n, "path")->where,
			"trees: \"%s\" must be a path inside the repository, such as deploy/files",
			ret->path);
	return bad ? -EINVAL : 0;
}

static int parse_other(struct reader *r, const struct node *n, struct shipped_tree *ret)
{
	_cleanup_err_ struct err e = ERR_INIT;
	struct reader_source source;
	struct other x = {0};

	if (parse_keys(r, n, &x) < 0)
		return -EINVAL;
	ret->dir = x.path ? x.path : "";
	int code = reader_open_source(r, n, "trees", x.repo, x.rev, &source);
	if (code)
		return -ENOLINK;
	ret->tree = source.tree;
	ret->label = source.label;
	const char *of = arena_printf(r->arena, "%s at commit %.12s", source.label, source.commit);
	if (*ret->dir && find_tree(ret->tree, ret->dir, of, &e) < 0)
		return diag_add(r->diags, node_get(n, "path")->where, "trees: \"%s\" %s", ret->dir,
			err_text(&e));
	return 0;
}

static bool has_section(struct reader *r, const char *name)
{
	const struct node *n = node_get(r->manifest, name);

	return n && n->kind != NODE_NULL && (n->kind == NODE_SCALAR || n->n);
}

/* Whether the manifest declares something that needs no tree. */
static bool declares_anything(struct reader *r)
{
	for (size_t i = 0; i < r->manifest->n; i++) {
		const char *key = r->manifest->keys[i]->text;

		if (strcmp(key, "files") != 0 && strcmp(key, "purge") != 0 && !manifest_owns(key) &&
			has_section(r, key))
			return true;
	}
	return false;
}

/* A state can be all manifest. One that is nothing at all would empty the host; more likely a
 * directory was not committed. */
static void report_no_root(struct reader *r)
{
	/* What sysctl: writes is a file too. */
	bool files = has_section(r, "files") && !has_section(r, "sysctl");

	if (!files && declares_anything(r))
		return;
	r->tree_missing = true;
	if (files)
		diag_add(r->diags, node_get(r->manifest, "files")->where,
			"files: there is no directory \"" ROOT
			"\" in the state repository, whose files they would be");
	else
		diag_add(r->diags, (struct where){.file = MANIFEST},
			"the state is empty: there is no directory \"" ROOT
			"\" beside the manifest, which declares nothing either; if that is meant, "
			"write \"trees: []\"");
}

static const struct shipped_tree *usual_trees(struct reader *r)
{
	struct shipped_tree *list = arena_array(r->arena, struct shipped_tree, 2);
	_cleanup_err_ struct err e = ERR_INIT;
	int code = find_tree(r->tree, ROOT, OWN, &e);

	if (!code) {
		*list = (struct shipped_tree){.tree = r->tree, .dir = ROOT};
	} else if (code == -ENOENT) {
		report_no_root(r);
	} else {
		r->tree_missing = true;
		diag_add(r->diags, (struct where){.file = ROOT}, "%s", err_text(&e));
	}
	return list;
}

static bool is_same(const struct shipped_tree *a, const struct shipped_tree *b)
{
	return a->tree == b->tree && !strcmp(a->dir, b->dir);
}

const struct shipped_tree *manifest_trees(struct reader *r)
{
	const struct node *list = node_get(r->manifest, "trees");
	struct shipped_tree *trees;
	size_t n = 0;

	if (!list || list->kind == NODE_NULL)
		return usual_trees(r);
	trees = arena_array(r->arena, struct shipped_tree, list->n + 1);
	if (node_want_seq(list, "trees", r->diags) < 0) {
		r->tree_missing = true;
		return trees;
	}
	for (size_t i = 0; i < list->n; i++) {
		const struct node *item = list->items[i];
		struct shipped_tree t = {0};
		bool again = false;

		if ((item->kind == NODE_MAP ? parse_other : parse_own)(r, item, &t) < 0) {
			r->tree_missing = true;
			continue;
		}
		for (size_t j = 0; j < n; j++)
			again |= is_same(&trees[j], &t);
		if (again)
			diag_add(r->diags, item->where, "trees: \"%s\" is given twice", t.dir);
		else
			trees[n++] = t;
	}
	trees[n] = (struct shipped_tree){0};
	return trees;
}
