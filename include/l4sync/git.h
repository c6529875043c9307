/*
 * libgit2 as the reader uses it: quiet about the machine's and anybody's configuration, bounded,
 * and durable.
 * Called by pull() and tree_open_git(), in the unprivileged child.
 */
#ifndef L4SYNC_GIT_H
#define L4SYNC_GIT_H

#include <git2.h>

#include "l4sync/err.h"

/* Past this a fetch is refused. */
#define GIT_OBJECTS_MAX 4000000u

/* Calls nest; each begin has its end. */
void git_begin(void);
void git_end(void);

/* A bare repository of the reader's own; -EUCLEAN with its path: it is damaged. */
int git_open(const char *git_dir, git_repository **ret, struct err *e);

/* libgit2's text of what failed last; never NULL. */
const char *git_failure(void);

#endif
