/*
 * The actions' part of a run.
 * Called by the pipeline and the verb apply.
 */
#ifndef L4SYNC_ACTIONS_H
#define L4SYNC_ACTIONS_H

#include "l4sync/run.h"

/* plan_actions() with what is known of them on this host. */
int run_plan_actions(struct run *r, struct err *e);
/* Behind the point of no return, or where nothing was to be done: notes actions that need not be
 * run, and forgets of those that have left the state that they are pending. */
int run_settle_actions(struct run *r, struct err *e);
/* Restarts of actions that were not needed go; those of others are for what is older than they. */
void run_look_at_actions(struct run *r, struct txn *t);
/* Notes in the plan how many actions were run, and what the one that has failed wrote. */
void run_count_actions(struct run *r, struct txn *t);

#endif
