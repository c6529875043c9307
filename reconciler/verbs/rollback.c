/*
 * `l4sync rollback`: an earlier generation, planned, shown and applied as any change is (SPEC 9);
 * and recovery alone, as l4sync-recover.service does it at boot.
 * Called by the dispatch.
 */
#include "report.h"
#include "verbs.h"

int verb_rollback(const struct request *q, struct sink *s)
{
	return apply_from(q, s, run_read_generation);
}

/* Every run that writes begins so; this one has nothing else to do. */
int verb_recover(const struct request *q, struct sink *s)
{
	_cleanup_run_ struct run r;
	_cleanup_err_ struct err e = ERR_INIT;

	if (run_open(&r, q, s, RUN_WRITES, &e) < 0)
		return verb_failed(&r, &e);
	run_done(&r, EXIT_CONVERGED);
	return EXIT_CONVERGED;
}
