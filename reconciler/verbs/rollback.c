/*
 * `l4sync rollback`: an earlier generation, planned, shown and applied as any change is (SPEC 9).
 * Called by the dispatch.
 */
#include "verbs.h"

int verb_rollback(const struct request *q, struct sink *s)
{
	return apply_from(q, s, run_read_generation);
}
