/* What a run says of its plan. Called by the pipeline, the verbs and the generation. */
#ifndef L4SYNC_REPORT_H
#define L4SYNC_REPORT_H

#include "l4sync/run.h"

/* The plan document; a new reference. */
json_t *run_plan_document(struct run *r);

/* A resource's three states as this run found them, or NULL. */
const struct triple *run_triple(const struct run *r, const char *id);

/* The last event of a run. */
void run_done(struct run *r, int exit_status, unsigned fixed, unsigned failed, unsigned deferred,
	uint64_t generation);

#endif
