/* From effects to steps. Called by the pipeline. */
#ifndef L4SYNC_EFFECT_STEPS_H
#define L4SYNC_EFFECT_STEPS_H

#include "l4sync/plan.h"
#include "l4sync/txn.h"
#include "l4sync/unit_view.h"

/* Queues what the effects need besides the changes' own steps, restarts excepted; what cannot be
 * queued goes into refusals, or ends it where that is NULL. */
int queue_effects(struct txn *t, const struct plan *p, struct unit_view *view,
	struct findings *refusals, struct err *e);

/* What is asked before anything is touched, by where the changed files stand and what the state
 * says of them. */
void queue_validators(struct txn *t, const struct plan *p);

#endif
