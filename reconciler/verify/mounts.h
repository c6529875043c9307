/* What the rows about mounts and paths share: nobody else's business. */
#ifndef L4SYNC_VERIFY_MOUNTS_H
#define L4SYNC_VERIFY_MOUNTS_H

#include "rows.h"

/* What a path is to be in the process's root. */
enum path_is { IS_READ_ONLY, IS_WRITABLE, IS_INACCESSIBLE, IS_TMPFS, IS_NOEXEC, IS_EXEC };

/*
 * Whether it is so. A path that does not exist there is left out: 0 with *ret_mount NULL. A mount
 * that systemd made inaccessible is left out too but for IS_INACCESSIBLE, for it hides what else is
 * declared of it and below. 1: it is so; 0: it is not; negative: it cannot be told.
 */
int path_is(struct look *l, struct process *p, const char *path, enum path_is what,
	const struct mount **ret_mount);
bool mount_is_inaccessible(const struct mount *m);

/* Several paths of one setting: what of them was found. */
struct paths {
	const char *declared;
	size_t n_held;
	const char *bad;    /* the first that is otherwise, and how */
	const char *untold; /* the first that cannot be told, and why */
};
void paths_check(
	struct look *l, struct process *p, const char *path, enum path_is what, struct paths *s);
/* Nothing that could be checked: unknown. */
void paths_verdict(struct look *l, const struct paths *s, struct truth *t);

/* Whether another setting of the unit says what is at that very path. */
bool path_is_declared(const struct look *l, const char *path, const char *except);
/* Whether the process has left the root that systemd gave it, so that no path can be compared. */
bool root_was_changed(struct look *l, struct process *p, const char *declared, struct truth *t);

#endif
