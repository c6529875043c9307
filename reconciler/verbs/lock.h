/* The run lock. Called by run.c. */
#ifndef L4SYNC_LOCK_H
#define L4SYNC_LOCK_H

#include "l4sync/run.h"

/* Takes the run lock, shared or exclusive; it goes with the fd, so with the process. -EBUSY with
 * a text that names the holder and exit 6. *ret_fd -1 when there is no /run/l4sync and a reading
 * run cannot make it: nothing has ever run here. */
int lock_take(
	struct host *h, const struct request *q, enum run_lock lock, int *ret_fd, struct err *e);

/* What the run does now, beside its name in the lock; nothing where fd is -1 or step NULL. */
void lock_note(int fd, const char *step);

/* Lets others in; -1: there is nothing to let go of. The descriptor stays the caller's. */
void lock_release(int fd);

#endif
