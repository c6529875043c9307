/*
 * The operator's own commands around a restart: restart.busy, restart.before, restart.check.
 * Each runs in a transient service of its own, as root, without a terminal, and is killed whole at
 * its limit. Called by the rolling restarts.
 */
#ifndef L4SYNC_HOOKS_H
#define L4SYNC_HOOKS_H

#include <stdbool.h>

#include "l4sync/err.h"
#include "l4sync/resources.h"
#include "l4sync/txn.h"

/* All three: policy may be NULL; without a command there is nothing to do. An error is -EINTR: the
 * run was interrupted. */

/* Whether the unit must not be restarted now: exit status 0 says so, 1 says that it may be. After
 * anything else nobody knows, so that it must not be either, with a warning, and *ret_why is
 * "COMMAND exited with 127"; else it is NULL. */
enum busy_verdict { UNIT_IDLE, UNIT_BUSY, UNIT_BUSY_UNKNOWN };
int hook_busy(struct txn *t, const struct resource *policy, const char *unit,
	enum busy_verdict *ret, const char **ret_why, struct err *e);

/* Before the restart. What goes wrong is a warning: a program that warns players must not keep a
 * hardening out. */
int hook_before(struct txn *t, const struct resource *policy, const char *unit, struct err *e);

/* After it. -EPROTO with a sentence when it says that the unit is not healthy, which has been
 * reported then. */
int hook_check(struct txn *t, const struct resource *policy, const char *unit, struct err *e);

#endif
