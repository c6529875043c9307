/* What a run records of itself. Called by run.c and the pipeline. */
#ifndef L4SYNC_GENERATION_H
#define L4SYNC_GENERATION_H

#include "l4sync/run.h"

/* Stores the run's generation. prepare: nobody sees it before generation_publish(). Its number goes
 * to *ret. */
int generation_record(struct run *r, enum outcome outcome, const char *error, unsigned restarted,
	bool prepare, uint64_t *ret_number, struct err *e);

/* "generation 12 of 2026-01-02 03:04:05 UTC (commit 1f3a9c2e4b5d)"; in the arena. */
const char *generation_text(struct arena *a, const struct generation *g);

/* Behind a recorded generation: prunes the history. What goes wrong is a warning, for the apply is
 * done. */
void generation_prune(struct run *r);

/* Hooks of the transaction (txn.h); userdata is the run. */
int generation_publish(void *userdata, struct err *e);
int generation_discard(void *userdata, struct err *e);

#endif
