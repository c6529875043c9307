/* What stands on the host, in neither set, and is to go: between inspect.c and those who look. */
#ifndef L4SYNC_PLAN_FOUND_H
#define L4SYNC_PLAN_FOUND_H

#include <sys/stat.h>

#include "l4sync/module.h"
#include "l4sync/run.h"

struct found {
	struct run *run;
	struct inspection *in;
	size_t n, cap;
	struct triple *items; /* malloc'd, unsorted */
	struct err *e;
};

/*
 * Adds a triple for what stands at path, inspected, if it is selected and still there: from then on
 * it is gone for the run's units. as: is_purged, was_purged, is_foreign; and the module, where path
 * alone does not tell it.
 */
int found_add(struct found *f, const char *path, mode_t mode, const struct triple *as);

#endif
