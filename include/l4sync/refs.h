/*
 * What the refs of a pulled repository lead to (libgit2): names to commits, and whether all of a
 * commit is there. No network.
 * Called by pull() and pull_verify().
 */
#ifndef L4SYNC_REFS_H
#define L4SYNC_REFS_H

#include <git2.h>
#include <stdbool.h>

#include "l4sync/err.h"
#include "l4sync/mem.h"

/*
 * A branch, else a tag (peeled), else a commit of which at least 4 digits are given; NULL is what
 * refs/l4sync/HEAD points at. ref_name: refs/heads/…, refs/tags/…, or the id. -ENOENT with the
 * nearest branch, -EEXIST for an ambiguous id, -EUCLEAN when the commit or a tree of it is damaged.
 */
int ref_resolve(struct arena *a, git_repository *repo, const char *ref, const char **ret_ref_name,
	const char **ret_commit, struct err *e);

/* Whether every commit that a ref leads to is there: what a fetch builds on. */
bool refs_whole(git_repository *repo);

/* -EPERM with a text when the commit neither is `older` (a commit's id) nor descends from it; an
 * older one that is not there any more is no ancestor. */
int commit_descends(git_repository *repo, const char *commit, const char *older, struct err *e);

/* Reads all trees of a commit, and looks for all blobs; with contents their bytes are read too,
 * which finds a damage inside. -EUCLEAN. */
int commit_verify(git_repository *repo, const char *commit, bool contents, struct err *e);

#endif
