/*
 * One interface to the files of a state repository, whether they are objects of a git commit or
 * files below a directory. Symbolic links are entries, never followed.
 * Called by the reader, in the unprivileged child only.
 */
#ifndef L4SYNC_TREE_H
#define L4SYNC_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "l4sync/err.h"
#include "l4sync/mem.h"

enum tree_kind { TREE_FILE, TREE_EXECUTABLE, TREE_LINK, TREE_DIR, TREE_OTHER };

/* An entry; path is relative to the repository ("root/etc/x"). A TREE_OTHER (submodule, socket,
 * device) is reported by the reader, never skipped in silence. */
struct tree_entry {
	const char *path;
	enum tree_kind kind;
	const void *handle; /* the implementation's own */
};

struct tree;

struct tree_ops {
	/* All entries below dir ("" is the repository itself), recursively, sorted by path, kinds
	 * DIR included. -ENOENT if there is no such directory. */
	int (*list)(struct tree *t, const char *dir, struct tree_entry **ret, size_t *ret_n,
		struct err *e);
	/* The entry at exactly this path; -ENOENT without an error text if there is none. */
	int (*find)(struct tree *t, const char *path, struct tree_entry *ret, struct err *e);
	/* A file's bytes or a link's target, in the arena. -EFBIG past size_max (bytes). */
	int (*read)(struct tree *t, const struct tree_entry *entry, size_t size_max,
		const void **ret, size_t *ret_size, struct err *e);
	void (*free)(struct tree *t);
};

/* What an implementation embeds as its first member. Memory comes from the arena. */
struct tree {
	const struct tree_ops *ops;
	struct arena *arena;
	const char *commit; /* hexadecimal, or NULL for a plain directory */
};

/* A plain directory: dir_fd is taken over. A .git in it is not part of the state. */
int tree_open_dir(struct arena *a, int dir_fd, struct tree **ret, struct err *e);

/*
 * A commit of a git repository (tree_git.c). git_dir: path of the repository (bare or not), which
 * is opened without looking at anybody's configuration. commit: 40 hexadecimal digits. subdir:
 * where the state stands in it, "" for the top.
 */
int tree_open_git(struct arena *a, const char *git_dir, const char *commit, const char *subdir,
	struct tree **ret, struct err *e);

/* Git's id of an entry of such a tree, 40 digits and NUL. */
void tree_git_id(const struct tree_entry *entry, char ret[41]);

/* By path, for qsort(). */
int tree_entry_compare(const void *a, const void *b);

void tree_free(struct tree *t);
void tree_freep(struct tree **t);
#define _cleanup_tree_ __attribute__((cleanup(tree_freep)))

#endif
