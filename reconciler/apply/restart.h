/*
 * Rolling restarts: one unit at a time, each followed until it is healthy.
 * Called by the pipeline, the step that starts units, and the rollback.
 */
#ifndef L4SYNC_RESTART_H
#define L4SYNC_RESTART_H

#include "l4sync/err.h"
#include "l4sync/plan.h"
#include "l4sync/txn.h"

/* -EINTR with a sentence: the unit did not fail, the run was interrupted. */
int unit_not_awaited(const char *unit, struct err *e);

/* Waits until the unit is active and stays so; -EREMOTEIO with a sentence when it does not. */
int unit_settle(struct txn *t, const char *unit, unsigned long long settle_ns, struct err *e);

/* Emits what became of a unit. text and invocation may be NULL. */
void unit_event(struct txn *t, const char *unit, const char *state, const char *text,
	const char *invocation);

/* Emits that a unit failed and why, with the last lines that it logged. */
void unit_report_failure(struct txn *t, const char *unit, const char *text);

/* Says which units will be restarted or reloaded that were not in the plan that was shown:
 * instances that somebody has started since. */
void restarts_announce(struct sink *s, const struct effects *shown, const struct effects *now);

/* Of one run: how units are restarted, and what became of it. */
struct rolling {
	const struct plan *plan;
	const unsigned char *key;
	bool restart_busy; /* nobody is asked whether they are busy */
	unsigned restarted;
	struct debts owed; /* those that are put off; of the plan's arena */
};

/* Restarts and reloads the effects' units in their order; the first that fails ends it. */
int restart_rolling(struct txn *t, const struct effects *f, struct rolling *rolling, struct err *e);

#endif
