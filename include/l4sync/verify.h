/*
 * What the state says of units that run (`verify:`), against what is (SPEC 8).
 * Called by the verb verify and, as its last step, by the apply.
 */
#ifndef L4SYNC_VERIFY_H
#define L4SYNC_VERIFY_H

#include "l4sync/plan.h"
#include "l4sync/resources.h"
#include "l4sync/truth.h"

/* The rules for a unit: verify:UNIT, for an instance else verify:TEMPLATE; NULL: none. */
const struct resource *verify_rules(
	struct arena *a, const struct resources *want, const char *unit);

/* Adds a finding for each setting that is not in force; *ret_n is raised by their number. */
void verify_settings(const struct truth_unit *u, struct findings *f, size_t *ret_n);

/* Looks with the roots of all processes of a unit: adds a finding for each path of `hidden` that
 * exists there and of `empty` that is not. Processes that are gone meanwhile say nothing. */
int verify_paths(struct host *h, const char *unit, const struct resource *rules, struct findings *f,
	size_t *ret_n, struct err *e);

/*
 * Of what was started after since_usec (CLOCK_REALTIME) and has rules: -EREMOTEIO with the first
 * that does not hold, and how many more there are.
 */
int verify_started(struct host *h, struct arena *a, const struct resources *want,
	unsigned long long since_usec, struct err *e);

#endif
