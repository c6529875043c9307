/*
 * The tree of a git commit, out of the object database (tree.h). No work tree, no filters, no
 * configuration but the repository's own, no submodules.
 * Called by the reader, in the unprivileged child.
 */
#include <errno.h>
#include <git2.h>
#include <string.h>

#include "l4sync/git.h"
#include "l4sync/tree.h"

#define ENTRIES_MAX ((size_t)200000)
#define DEPTH_MAX 128 /* directories within directories */

struct git_state {
	struct tree tree; /* first: the interface */
	git_repository *repo;
	git_odb *odb;
	git_tree *root; /* the subdir's tree */
};

struct listing {
	struct git_state *state;
	struct tree_entry *items; /* malloc'd */
	size_t n, cap;
	struct err *e;
};

static int damaged(const char *path, struct err *e)
{
	return err_set(e, -EUCLEAN, "cannot read \"%s\" from the pulled repository: %s", path,
		git_failure());
}

static enum tree_kind kind_of(const git_tree_entry *entry)
{
	switch (git_tree_entry_filemode_raw(entry)) {
	case GIT_FILEMODE_TREE:
		return TREE_DIR;
	case GIT_FILEMODE_LINK:
		return TREE_LINK;
	case GIT_FILEMODE_BLOB_EXECUTABLE:
		return TREE_EXECUTABLE;
	case GIT_FILEMODE_COMMIT:
		return TREE_OTHER;
	default: /* old gits wrote 0664 as well */
		return git_tree_entry_type(entry) == GIT_OBJECT_BLOB ? TREE_FILE : TREE_OTHER;
	}
}

/* Nothing checks a tree object's names on the way here; these would lead somewhere else. */
static bool name_is_safe(const char *name)
{
	return *name && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 && !strchr(name, '/');
}

static struct tree_entry entry_of(struct arena *a, const char *path, const git_tree_entry *entry)
{
	return (struct tree_entry){
		.path = path,
		.kind = kind_of(entry),
		.handle = arena_memdup(a, git_tree_entry_id(entry), sizeof(git_oid)),
	};
}

static int add_tree(struct listing *l, const git_tree *tree, const char *dir, unsigned depth)
{
	struct arena *a = l->state->tree.arena;

	if (depth > DEPTH_MAX)
		return err_set(l->e, -E2BIG, "%s: directories are nested too deep", dir);
	for (size_t i = 0; i < git_tree_entrycount(tree); i++) {
		const git_tree_entry *entry = git_tree_entry_byindex(tree, i);
		const char *name = git_tree_entry_name(entry);
		const char *path =
			*dir ? arena_printf(a, "%s/%s", dir, name) : arena_strdup(a, name);

		if (!name_is_safe(name))
			return err_set(l->e, -EBADMSG, "the commit has an entry \"%s\"", path);
		if (l->n == ENTRIES_MAX)
			return err_set(
				l->e, -E2BIG, "the commit has more than %zu files", ENTRIES_MAX);
		l->items = grow(l->items, &l->cap, l->n, sizeof *l->items);
		l->items[l->n++] = entry_of(a, path, entry);
		if (l->items[l->n - 1].kind != TREE_DIR)
			continue;
		git_tree *below = NULL;
		if (git_tree_lookup(&below, l->state->repo, git_tree_entry_id(entry)) < 0)
			return damaged(path, l->e);
		int r = add_tree(l, below, path, depth + 1);
		git_tree_free(below);
		if (r < 0)
			return r;
	}
	return 0;
}

static int git_find(struct tree *t, const char *path, struct tree_entry *ret, struct err *e)
{
	struct git_state *s = (struct git_state *)t;
	git_tree_entry *entry = NULL;

	int r = git_tree_entry_bypath(&entry, s->root, path);
	if (r == GIT_ENOTFOUND)
		return -ENOENT;
	if (r < 0)
		return damaged(path, e);
	*ret = entry_of(t->arena, arena_strdup(t->arena, path), entry);
	git_tree_entry_free(entry);
	return 0;
}

/* The tree at path below another one; "" is that one itself. Freed by the caller. */
static int open_subtree(
	git_repository *repo, git_tree *root, const char *path, git_tree **ret, struct err *e)
{
	git_tree_entry *entry = NULL;

	if (!*path)
		return git_tree_dup(ret, root) < 0 ? damaged(path, e) : 0;
	int r = git_tree_entry_bypath(&entry, root, path);
	if (r == GIT_ENOTFOUND || (!r && git_tree_entry_type(entry) != GIT_OBJECT_TREE)) {
		git_tree_entry_free(entry);
		return err_set(e, -ENOENT, "there is no directory \"%s\"", path);
	}
	if (!r)
		r = git_tree_lookup(ret, repo, git_tree_entry_id(entry));
	git_tree_entry_free(entry);
	return r < 0 ? damaged(path, e) : 0;
}

static int git_list(
	struct tree *t, const char *dir, struct tree_entry **ret, size_t *ret_n, struct err *e)
{
	struct git_state *s = (struct git_state *)t;
	struct listing l = {.state = s, .e = e};
	git_tree *tree = NULL;

	int r = open_subtree(s->repo, s->root, dir, &tree, e);
	if (r < 0)
		return r;
	r = add_tree(&l, tree, dir, 0);
	git_tree_free(tree);
	if (!r) {
		if (l.n)
			qsort(l.items, l.n, sizeof *l.items, tree_entry_compare);
		*ret = arena_memdup(t->arena, l.items, l.n * sizeof *l.items);
		*ret_n = l.n;
	}
	free(l.items);
	return r;
}

static int git_read(struct tree *t, const struct tree_entry *entry, size_t size_max,
	const void **ret, size_t *ret_size, struct err *e)
{
	struct git_state *s = (struct git_state *)t;
	git_odb_object *object = NULL;
	git_object_t type;
	size_t size;

	if (entry->kind == TREE_DIR || entry->kind == TREE_OTHER)
		return err_set(e, -EINVAL, "\"%s\" is no file", entry->path);
	/* The size first: a blob of zeros is small to send and large to read. */
	if (git_odb_read_header(&size, &type, s->odb, entry->handle) < 0)
		return damaged(entry->path, e);
	if (size > size_max)
		return err_set(e, -EFBIG, "\"%s\" has %zu bytes, at most %zu are allowed",
			entry->path, size, size_max);
	if (git_odb_read(&object, s->odb, entry->handle) < 0)
		return damaged(entry->path, e);
	size = git_odb_object_size(object);
	*ret = arena_memdup(t->arena, git_odb_object_data(object), size);
	*ret_size = size;
	git_odb_object_free(object);
	return 0;
}

void tree_git_id(const struct tree_entry *entry, char ret[41])
{
	git_oid_tostr(ret, 41, entry->handle);
}

static void git_free(struct tree *t)
{
	struct git_state *s = (struct git_state *)t;

	git_tree_free(s->root);
	git_odb_free(s->odb);
	git_repository_free(s->repo);
	git_end();
}

static const struct tree_ops git_ops = {
	.list = git_list,
	.find = git_find,
	.read = git_read,
	.free = git_free,
};

static int open_commit(struct git_state *s, const char *git_dir, const char *commit,
	const char *subdir, struct err *e)
{
	git_commit *object = NULL;
	git_tree *top = NULL;
	git_oid id;

	if (git_repository_open_ext(&s->repo, git_dir, GIT_REPOSITORY_OPEN_NO_SEARCH, NULL) < 0 ||
		git_repository_odb(&s->odb, s->repo) < 0)
		return err_set(e, -EUCLEAN, "cannot open %s: %s", git_dir, git_failure());
	if (git_oid_fromstr(&id, commit) < 0)
		return err_set(e, -EINVAL, "\"%s\" is no commit's id", commit);
	int r = git_commit_lookup(&object, s->repo, &id);
	if (!r)
		r = git_commit_tree(&top, object);
	if (r < 0)
		r = err_set(e, -EUCLEAN, "%s", git_failure());
	else
		r = open_subtree(s->repo, top, subdir, &s->root, e);
	git_tree_free(top);
	git_commit_free(object);
	return r < 0 ? err_prefix(e, r, "commit %.12s", commit) : 0;
}

int tree_open_git(struct arena *a, const char *git_dir, const char *commit, const char *subdir,
	struct tree **ret, struct err *e)
{
	struct git_state *s = arena_new_of(a, struct git_state);
	char *path = arena_strdup(a, subdir + strspn(subdir, "/"));

	for (size_t n = strlen(path); n && path[n - 1] == '/'; n--)
		path[n - 1] = 0;
	s->tree = (struct tree){&git_ops, a, arena_strdup(a, commit)};
	git_begin();
	int r = open_commit(s, git_dir, commit, path, e);
	if (r < 0) {
		git_free(&s->tree);
		return r;
	}
	*ret = &s->tree;
	return 0;
}
