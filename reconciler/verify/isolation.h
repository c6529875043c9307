/* `isolated_from` of the state: nobody else's business. */
#ifndef L4SYNC_VERIFY_ISOLATION_H
#define L4SYNC_VERIFY_ISOLATION_H

#include "l4sync/verify.h"

struct services; /* that run, with their processes */

/*
 * Whether a process of the services that the rule names can be seen in /proc, or be signalled, by
 * each of the unit's processes: in its namespaces and root, with its user, groups and capabilities.
 * *services is NULL at first, and filled for the next unit. With all it is a finding too, and no
 * failure, that none of them runs.
 */
void isolation_judge(struct arena *a, struct services **services, const char *unit,
	const struct resource *rules, bool all, struct findings *f, size_t *ret_n);

#endif
