/* Work in a child of l4sync's own, within a deadline: nobody else's business. */
#ifndef L4SYNC_VERIFY_FORKED_H
#define L4SYNC_VERIFY_FORKED_H

#include <stddef.h>

#include "l4sync/mem.h"

/*
 * Runs work in a fork, which ends with its parent and with its time, and takes what it writes to
 * fd. The child is gone when this returns. -ETIMEDOUT; -EFBIG: it wrote more than max bytes;
 * -ECHILD: it ended otherwise than with 0, what work returns; then its answer is worth nothing.
 */
int forked_run(int (*work)(int fd, void *userdata), void *userdata, unsigned timeout_ms, size_t max,
	struct buf *answer);

#endif
