/* What a run says of its plan. Called by the pipeline, the verbs and the generation. */
#ifndef L4SYNC_REPORT_H
#define L4SYNC_REPORT_H

#include "l4sync/run.h"

/* The plan document; a new reference. */
json_t *run_plan_document(struct run *r);

/* A content with its bytes, out of the history if need be; the same where they cannot be had. */
const struct content *run_bytes_of(void *run, const struct content *c);

/* A resource's three states as this run found them, or NULL. */
const struct triple *run_triple(const struct run *r, const char *id);

/* The last event of a run that looked but did not write; of one that failed before it wrote. */
void run_done(struct run *r, int exit_status);
/* The same with a sentence, where there was nothing to show. */
void run_done_saying(struct run *r, int exit_status, const char *summary);

/* The last event of an apply: with counts. */
void run_done_applied(
	struct run *r, int exit_status, size_t fixed, size_t failed, uint64_t generation);

#endif
