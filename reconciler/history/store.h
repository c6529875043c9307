/*
 * What the files of the history share: the open repository, reading a generation's parts, and
 * the text of its `meta`. Nobody else includes this; the contract is history.h.
 */
#ifndef L4SYNC_HISTORY_STORE_H
#define L4SYNC_HISTORY_STORE_H

#include <git2.h>

#include "l4sync/history.h"

#define REPOSITORY_NAME "history.git"
#define WHO_NAME "l4sync"
#define WHO_ADDRESS "l4sync@localhost"
#define REF_PREFIX "refs/generations/"
/* Recorded, but its run is not past the point of no return. */
#define REF_PREPARED "refs/prepared/"
/* An entry of a generation's tree is found by these names. */
#define ENTRY_META "meta"
#define ENTRY_WANT "want"
#define ENTRY_BEFORE "before"
#define ENTRY_ORIGINALS "originals"
#define ENTRY_PLAN "plan.json"
#define ENTRY_CONTENT "content"

/* The `content` of a generation that was looked at; kept open, a diff asks for many contents. */
struct shelf {
	uint64_t number;
	git_tree *contents;
};

struct history {
	int dir_fd;
	char *dir_path;
	char *git_path; /* DIR/history.git */
	git_repository *repo;
	size_t n_shelves, cap_shelves;
	struct shelf *shelves;
};

static inline void treep_(git_tree **t)
{
	git_tree_free(*t);
}
#define _cleanup_tree_git_ __attribute__((cleanup(treep_)))

static inline void blobp_(git_blob **b)
{
	git_blob_free(*b);
}
#define _cleanup_blob_ __attribute__((cleanup(blobp_)))

/* lock.c: one process at a time makes the repository or the key; *ret_fd holds the lock. */
int history_making(struct history *h, int *ret_fd, struct err *e);

/* All numbers that have a ref, whether it can be read or not; newest first, malloc'd. */
int generation_numbers(struct history *h, uint64_t **ret, size_t *ret_n, struct err *e);
/* A generation's tree; -ENOENT with a text if there is no such generation. */
int generation_tree(struct history *h, uint64_t number, git_tree **ret, struct err *e);
/* Names the generation, and says how to go on. Returns code; -ENOENT if meanwhile it was pruned,
 * for some readers take no lock. */
int generation_damaged(struct history *h, uint64_t number, int code, struct err *e);
/* The blob called so in the tree; -ENOENT with a text if there is none. */
int generation_blob(git_tree *tree, const char *name, git_blob **ret, struct err *e);

/* "12", not "012" or "12.lock": the form in which refs are made. 0 is none. */
uint64_t generation_number_of(const char *name);
/* The lock of a run that was killed would be in the way for ever. It is nobody's: under the run
 * lock there is one writer. name: a ref's, or "packed-refs". */
int ref_drop_lock(struct history *h, const char *name, struct err *e);

/* The names of objects; all zero is empty. */
struct oid_set {
	size_t n, size;
	git_oid *slots;
};
bool oid_set_has(const struct oid_set *set, const git_oid *id);
void oid_set_free(struct oid_set *set);
/* Adds the object and all that it refers to; what is in there was followed before. -EBADMSG. */
int oid_set_reach(struct history *h, const git_oid *from, struct oid_set *set, struct err *e);

/* Closes what content_find() has looked at. */
void shelves_forget(struct history *h);
/* Where the bytes with this hash are, in any generation; -ENOENT without a text: in none. */
int content_find(struct history *h, const struct hash *hash, git_oid *ret, uint64_t *ret_number,
	struct err *e);

void meta_write(const struct generation *g, struct buf *out);
/* Strict; fills everything that stands in meta. -EBADMSG. */
int meta_read(
	struct arena *a, const char *data, size_t size, struct generation *ret, struct err *e);

#endif
