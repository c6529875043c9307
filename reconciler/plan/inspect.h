/* Between the pipeline and inspect.c. */
#ifndef L4SYNC_INSPECT_H
#define L4SYNC_INSPECT_H

#include "l4sync/module.h"
#include "l4sync/run.h"

/* All selected resources of base and want, sorted by id, with what the host has of each. */
int inspect_all(
	struct run *r, struct inspection *in, struct triple **ret, size_t *ret_n, struct err *e);

#endif
