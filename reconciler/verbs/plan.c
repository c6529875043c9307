/*
 * `l4sync plan` and `l4sync check`: what differs, and nothing else (SPEC 7).
 * Change nothing. Called by the dispatch.
 */
#include "report.h"
#include "verbs.h"

/* Nobody writes while the lock is shared, so a journal is that of a run that died. */
static bool note_interrupted(struct run *r)
{
	long long since;

	if (!txn_journal_exists(r->host, &since))
		return false;
	finding_add(&r->plan->findings, "pending", "apply-interrupted", NULL,
		"an earlier apply was interrupted: the next one first puts back, or finishes, what "
		"that had begun; what differs may be its doing");
	return true;
}

static int compare_with(
	const struct request *q, struct sink *s, int (*read)(struct run *r, struct err *e))
{
	_cleanup_run_ struct run r;
	_cleanup_err_ struct err e = ERR_INIT;
	int c = run_open(&r, q, s, RUN_READS, &e);

	if (c >= 0)
		c = read(&r, &e);
	if (c >= 0)
		c = run_plan(&r, &e);
	if (c < 0)
		return verb_failed(&r, &e);
	/* What was applied last has its contents in the history, its secrets nowhere; an apply is
	 * made from the state. */
	if (r.plan->looked_at_source)
		run_rehearse(&r);
	bool interrupted = note_interrupted(&r);
	run_emit_plan(&r);
	int status = interrupted || run_differs(&r) ? EXIT_DIFFERENT
		     : run_deferrals(&r)            ? EXIT_DEFERRED
						    : EXIT_CONVERGED;
	run_done(&r, status);
	return status;
}

int verb_plan(const struct request *q, struct sink *s)
{
	return compare_with(q, s, run_read);
}

int verb_check(const struct request *q, struct sink *s)
{
	return compare_with(q, s, run_read_base);
}
