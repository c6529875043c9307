/*
 * What the state says of units that run (`verify:`), against what is (SPEC 8).
 * Called by the verb verify and, as its last step, by the apply.
 */
#ifndef L4SYNC_VERIFY_H
#define L4SYNC_VERIFY_H

#include "l4sync/analyze.h"
#include "l4sync/plan.h"
#include "l4sync/resources.h"
#include "l4sync/truth.h"

/*
 * Units of truth_units() that run, by the rules of want (which may be NULL): adds a finding for
 * each setting that is not in force (where the rules ask for that, or all), each path of
 * `hidden` that exists with the root of one of its processes, each of `empty` that is not, and an
 * exposure that is higher than it may be, or (with all) cannot be told; *ret_n is raised by their
 * number. exposures, n of them, may be NULL: known for the units with a bound.
 */
int verify_judge(struct host *h, struct arena *a, const struct resources *want,
	const struct truth_unit *units, size_t n, bool all, struct findings *f, size_t *ret_n,
	struct exposure *exposures, struct err *e);

/* The bound of a unit's exposure by the rules of want, "1.3"; NULL: none. */
const char *verify_bound(struct arena *a, const struct resources *want, const char *unit);

/* The paths alone, of the processes of one unit that runs. */
int verify_paths(struct host *h, const char *unit, const struct resource *rules, struct findings *f,
	size_t *ret_n, struct err *e);

/*
 * Of units that an apply has started or restarted: -EREMOTEIO with what does not hold. Other errors
 * say that it could not be looked at, which is no reason to undo anything.
 */
int verify_started(struct host *h, struct arena *a, const struct resources *want,
	const char *const *names, size_t n, struct err *e);

#endif
