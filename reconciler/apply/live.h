/* Live settings: cgroup settings put into the kernel without a restart. For the steps and the
 * rollback. */
#ifndef L4SYNC_APPLY_LIVE_H
#define L4SYNC_APPLY_LIVE_H

#include "l4sync/txn.h"

/*
 * After a daemon-reload: what systemd has read of the unit's cgroup settings goes into the kernel,
 * and the cgroup's files are read back. -EBUSY, and nothing is done, where that would kill: a
 * memory limit below what is in use plus a tenth, or fewer tasks than there are. -EREMOTEIO: the
 * kernel has something else afterwards. A unit without a cgroup, because it does not run, has
 * nothing to be put anywhere: 0. *ret_unchecked: how many settings this kernel has no file for.
 */
int live_put(struct txn *t, const char *unit, size_t *ret_unchecked, struct err *e);

/* The same as part of a run: noted before it is done, so that a rollback puts the old settings back
 * into the kernel. */
int live_commit(struct txn *t, const char *unit, struct err *e);
const char *live_sentence(struct arena *a, const char *unit);

/* Behind a daemon-reload: what that takes off units of the host that run is put back. */
int live_restore_filters(struct txn *t, struct err *e);

#endif
