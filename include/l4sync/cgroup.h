/*
 * Files of the unified cgroup hierarchy (Documentation/admin-guide/cgroup-v2.rst).
 * Called by the derivation of effects and the transaction.
 */
#ifndef L4SYNC_CGROUP_H
#define L4SYNC_CGROUP_H

#include <stdbool.h>
#include <stdint.h>

#include "l4sync/err.h"
#include "l4sync/host.h"

/* A file of a cgroup, which is a path below /sys/fs/cgroup: its first line, in the arena; NULL in
 * *ret where this kernel, or this cgroup, has none. */
int cgroup_read(struct host *h, struct arena *a, const char *cgroup, const char *file,
	const char **ret, struct err *e);

/* A limit of the kernel's: UINT64_MAX for "max". */
uint64_t cgroup_number(const char *text);

/* A limit that the kernel enforces on what is there already. */
struct cgroup_limit {
	const char *directive, *file, *in_use;
	const char *harm;       /* what it does to more than it allows */
	unsigned slack_percent; /* of what is in use: so much must be left above it */
};
extern const struct cgroup_limit cgroup_limits[]; /* ended by a NULL directive */

/* Whether a limit that is lowered to `limit` is below what is in use and the slack. used and the
 * limit in force now may be UINT64_MAX. */
int cgroup_hits(struct host *h, struct arena *a, const char *cgroup, const struct cgroup_limit *of,
	uint64_t limit, bool *ret, uint64_t *ret_used, struct err *e);

#endif
