/*
 * Starting and stopping libgit2, and its errors in our words. It has global settings; they are
 * made here and nowhere else.
 * Called by whatever uses libgit2: pull, the tree of a commit, the history, diffs.
 */
#ifndef L4SYNC_GITLIB_H
#define L4SYNC_GITLIB_H

#include <git2.h>
#include <stdbool.h>

#include "l4sync/err.h"

/*
 * Starts libgit2; counted, so that every start needs one stop and parts need not know each other.
 * Settings for the whole process: nobody's configuration files are read (only a repository's own),
 * and whatever is written below a git directory is synced (GIT_OPT_ENABLE_FSYNC_GITDIR).
 */
int gitlib_start(struct err *e);
void gitlib_stop(void);

/* The settings alone, for who has started libgit2 otherwise; the last stop forgets them. */
void gitlib_settings(void);

/* As err_set, with ": " and libgit2's last message appended. */
int gitlib_err(struct err *e, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Whether the compressed stream in fd, a loose object, comes to its end; its checksum is looked at
 * by the way. */
bool gitlib_stream_ends(int fd);

/* Whether the object has a file of its own that does not come to its end. One without is in a pack,
 * or missing; libgit2 finds that out. */
bool gitlib_is_cut_off(git_repository *repo, const git_oid *id);

/*
 * git_object_lookup that ends: libgit2 (1.5 and 1.9) loops for ever over a loose object that was
 * cut off, so the file is looked through first. -EBADMSG: missing, damaged or of another type, the
 * text says which. The object is freed by git_object_free() or its type's.
 */
int gitlib_lookup(git_repository *repo, const git_oid *id, git_object_t type, git_object **ret,
	struct err *e);

#endif
