/*
 * A state repository in memory, for tests. Entries are given one by one; directories above them
 * come of themselves.
 * Included by the test programs that read states.
 */
#ifndef L4SYNC_TESTS_MEMORY_TREE_H
#define L4SYNC_TESTS_MEMORY_TREE_H

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "l4sync/tree.h"

struct memory_entry {
	struct tree_entry entry;
	const void *data; /* may be NULL with a size that is over every limit */
	size_t size;
};

struct memory_tree {
	struct tree tree;
	struct memory_entry *items; /* sorted by path */
	size_t n, cap;
};

static struct memory_entry *memory_find(struct memory_tree *m, const char *path)
{
	for (size_t i = 0; i < m->n; i++)
		if (!strcmp(m->items[i].entry.path, path))
			return &m->items[i];
	return NULL;
}

static int memory_compare(const void *a, const void *b)
{
	return strcmp(((const struct memory_entry *)a)->entry.path,
		((const struct memory_entry *)b)->entry.path);
}

/* path is copied, data is not. */
static void memory_add(
	struct memory_tree *m, const char *path, enum tree_kind kind, const void *data, size_t size)
{
	const char *slash = strrchr(path, '/');

	if (slash && slash != path) {
		const char *parent = arena_strndup(m->tree.arena, path, (size_t)(slash - path));

		if (!memory_find(m, parent))
			memory_add(m, parent, TREE_DIR, NULL, 0);
	}
	m->items = grow(m->items, &m->cap, m->n, sizeof *m->items);
	m->items[m->n++] =
		(struct memory_entry){.entry = {arena_strdup(m->tree.arena, path), kind, NULL},
			.data = data,
			.size = size};
	qsort(m->items, m->n, sizeof *m->items, memory_compare);
}

static int memory_list_op(
	struct tree *t, const char *dir, struct tree_entry **ret, size_t *ret_n, struct err *e)
{
	struct memory_tree *m = (struct memory_tree *)t;
	size_t n = strlen(dir);

	*ret_n = 0;
	*ret = arena_array(t->arena, struct tree_entry, m->n + 1);
	if (n && !memory_find(m, dir))
		return err_errno(e, -ENOENT, "%s", dir);
	for (size_t i = 0; i < m->n; i++) {
		const char *path = m->items[i].entry.path;

		if (!n || (!strncmp(path, dir, n) && path[n] == '/'))
			(*ret)[(*ret_n)++] = m->items[i].entry;
	}
	return 0;
}

static int memory_find_op(struct tree *t, const char *path, struct tree_entry *ret, struct err *e)
{
	struct memory_entry *found = memory_find((struct memory_tree *)t, path);

	(void)e;
	if (found)
		*ret = found->entry;
	return found ? 0 : -ENOENT;
}

static int memory_read_op(struct tree *t, const struct tree_entry *entry, size_t size_max,
	const void **ret, size_t *ret_size, struct err *e)
{
	struct memory_entry *found = memory_find((struct memory_tree *)t, entry->path);

	if (found->size > size_max)
		return err_errno(e, -EFBIG, "%s", entry->path);
	*ret = arena_memdup(t->arena, found->data, found->size);
	*ret_size = found->size;
	return 0;
}

static void memory_free_op(struct tree *t)
{
	free(((struct memory_tree *)t)->items);
}

static struct memory_tree *memory_tree_new(struct arena *a)
{
	static const struct tree_ops ops = {
		memory_list_op, memory_find_op, memory_read_op, memory_free_op};
	struct memory_tree *m = arena_new_of(a, struct memory_tree);

	m->tree = (struct tree){.ops = &ops, .arena = a};
	return m;
}

#endif
