/* Reloads of services, beside their restarts. Called by the rolling restarts. */
#ifndef L4SYNC_RELOAD_UNITS_H
#define L4SYNC_RELOAD_UNITS_H

#include "l4sync/err.h"
#include "l4sync/plan.h"
#include "l4sync/txn.h"

/* The verb in the log of units: a rollback reloads it once more. "reload" is the daemon-reload. */
#define LOG_RELOADED "reload-unit"

/* Reloads one service, follows its job, and watches it as after a restart. *ret_restart: it is only
 * on its way to being active, with nothing there that could be reloaded. */
int reload_one(struct txn *t, const struct effect *f, bool *ret_restart, struct err *e);

#endif
