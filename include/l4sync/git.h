/*
 * libgit2 as the reader uses it: quiet about the machine's and anybody's configuration, bounded,
 * and durable.
 * Called by pull() and tree_open_git(), in the unprivileged child.
 */
#ifndef L4SYNC_GIT_H
#define L4SYNC_GIT_H

/* Past this a fetch is refused. */
#define GIT_OBJECTS_MAX 4000000u

/* Calls nest; each begin has its end. */
void git_begin(void);
void git_end(void);

/* libgit2's text of what failed last; never NULL. */
const char *git_failure(void);

#endif
