/* The trials of new sandboxes as the first steps of an apply (probe.h). Called by the pipeline. */
#ifndef L4SYNC_PROBES_H
#define L4SYNC_PROBES_H

#include "l4sync/err.h"
#include "l4sync/plan.h"
#include "l4sync/txn.h"

/* All of them, so that all that does not hold is said: -EREMOTEIO. What could not be tried is a
 * warning. -EINTR: the run was interrupted. */
int probes_run(struct txn *t, const struct plan *p, struct err *e);

#endif
