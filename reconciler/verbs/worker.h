/* A run in a service of its own. Called by the dispatch. */
#ifndef L4SYNC_WORKER_H
#define L4SYNC_WORKER_H

#include "l4sync/request.h"

/* As local_run(), done by a transient service and shown here. EXIT_UNKNOWN when it is lost. */
int worker_run(const struct request *q, struct sink *s);

/* For services that run this program: its path, and what they are to inherit. */
const char *worker_program(struct arena *a, struct err *e); /* NULL: it cannot be told */
const char *const *worker_environment(struct arena *a);

#endif
