/* The sink of a writing run: steps are noted in the lock, then handed on. */
#ifndef L4SYNC_NOTING_H
#define L4SYNC_NOTING_H

#include "l4sync/event.h"
#include "l4sync/mem.h"

/* lock_fd is the caller's and stays open. */
struct sink *noting_sink(struct arena *a, struct sink *to, int lock_fd);

#endif
