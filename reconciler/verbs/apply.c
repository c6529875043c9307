/*
 * `l4sync apply`: read, plan, ask, apply (SPEC 6 and 7).
 * Called by the dispatch.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "l4sync/deferred.h"

#include "../actions.h"
#include "../apply/restart.h"
#include "confirm.h"
#include "generation.h"
#include "report.h"
#include "verbs.h"
#include "want.h"

static void interrupt(int signal)
{
	txn_interrupted = signal;
}

void take_signals(void)
{
	struct sigaction roll_back = {.sa_handler = interrupt}, ignore = {.sa_handler = SIG_IGN};

	sigaction(SIGINT, &roll_back, NULL);
	sigaction(SIGTERM, &roll_back, NULL);
	sigaction(SIGHUP, &ignore, NULL);
}

/* Until anything but the packages is. */
static const char *untouched(const struct run *r)
{
	return r->n_steps_done ? "Nothing but the packages was touched" : "Nothing was touched";
}

static int refuse_guarded(struct run *r, struct err *e)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	if (!r->plan->n_guards || r->request->allow_removal)
		return 0;
	for (size_t i = 0; i < r->plan->n_guards; i++)
		buf_addf(&b, "%s%s", i ? "; " : "", r->plan->guards[i]);
	return err_set(e, -EPERM,
		"this plan needs --allow-removal: %s. %s; if the state is what you mean, say so "
		"with --allow-removal",
		b.data, untouched(r));
}

/* What could not be done, or must not be, is said before anybody is asked. */
static int refuse_code(struct run *r, const char *code, struct err *e)
{
	const char *first = NULL;
	size_t n = 0;

	for (size_t i = 0; i < r->plan->findings.n; i++) {
		const struct finding *f = &r->plan->findings.items[i];

		if (strcmp(f->code, code) != 0)
			continue;
		if (!first)
			first = strcmp(code, "exposure") != 0
					? f->text
					: arena_printf(r->arena, "%s: %s", f->where, f->text);
		n++;
	}
	if (n > 1)
		return err_set(
			e, -EPERM, "%s; the plan names %zu more. %s", first, n - 1, untouched(r));
	return n ? err_set(e, -EPERM, "%s. %s", first, untouched(r)) : 0;
}

static size_t count_actions(const struct plan *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->effects.n; i++)
		n += p->effects.items[i].action == ACTION_RUN;
	return n;
}

static const char *question(struct run *r)
{
	size_t restarts = plan_restarts(r->plan) + plan_deferrals(r->plan, false);
	size_t actions = count_actions(r->plan);
	const char *also =
		actions ? arena_printf(r->arena, ", %zu action%s", actions, actions == 1 ? "" : "s")
			: "";
	const char *what = arena_printf(r->arena, "%zu change%s%s and %zu restart%s",
		r->plan->n_changes, r->plan->n_changes == 1 ? "" : "s", also, restarts,
		restarts == 1 ? "" : "s");

	if (r->is_rollback)
		return arena_printf(
			r->arena, "Roll %s back to %s, with %s?", r->host->name, r->back_to, what);
	if (r->heals)
		return arena_printf(r->arena, "Put %s back to what it had from %s, with %s?",
			r->host->name, r->back_to, what);
	return arena_printf(r->arena, "Apply %s to %s?", what, r->host->name);
}

/* Asking may take minutes: what was shown must still be what would be done. */
static int confirm(struct run *r, struct err *e)
{
	if (r->request->yes || r->request->unattended)
		return 0;
	int answer = r->sink->ask(r->sink, question(r));
	if (answer == -ENOTTY)
		return err_set(e, answer,
			"there is no terminal to ask on: give --yes to apply without asking; "
			"nothing was touched");
	if (answer < 0)
		return err_set(e, answer, "the question could not be asked: nothing was touched");
	if (!answer)
		return err_set(e, -ECANCELED, "declined: nothing was touched");
	_cleanup_plan_ struct plan *shown = TAKE_PTR(r->plan);
	int c = run_plan(r, e);
	if (c < 0)
		return c;
	if (strcmp(shown->id, r->plan->id) != 0)
		return err_set(e, -ESTALE,
			"the host has changed since the plan was shown: nothing was touched; look "
			"at the new plan");
	restarts_announce(r->sink, &shown->effects, &r->plan->effects);
	return 0;
}

bool run_base_follows(const struct run *r)
{
	return !r->base.want || !want_same(r->base.want, r->want, r->key);
}

/* A secret that no history could give back is not converged. */
static int applied_status(const struct run *r)
{
	return r->n_left ? EXIT_DIFFERENT : r->n_deferred ? EXIT_DEFERRED : EXIT_CONVERGED;
}

static int apply_nothing(struct run *r)
{
	_cleanup_err_ struct err e = ERR_INIT;
	uint64_t number = r->base.number;

	struct debts debts = plan_debts(r->plan, NULL);

	r->n_deferred = run_deferrals(r);
	if (debts_prepare(r->host, &debts, &e) < 0 || debts_publish(r->host, &e) < 0 ||
		run_settle_actions(r, &e) < 0)
		return verb_failed(r, &e);
	if (run_base_follows(r)) {
		if (generation_record(r, OUTCOME_APPLIED, NULL, 0, false, &number, &e) < 0)
			return verb_failed(r, &e);
		generation_prune(r);
	}
	confirm_forget(r);
	run_done_applied(r, applied_status(r), 0, 0, number);
	return applied_status(r);
}

/* A failed apply is remembered too: it is what an operator looks for the next morning. */
static uint64_t record_failure(struct run *r, enum outcome outcome, const char *error)
{
	_cleanup_err_ struct err e = ERR_INIT;
	uint64_t number = 0;

	if (generation_record(r, outcome, error, 0, false, &number, &e) < 0)
		event_message(r->sink, "warning", "the failed apply is not in the history: %s",
			err_text(&e));
	else
		generation_prune(r);
	return number;
}

/* It is done, and waits for whether somebody still reaches the host. */
static int await_confirmation(struct run *r, uint64_t number)
{
	_cleanup_err_ struct err e = ERR_INIT;

	if (confirm_await(r, &e) < 0) {
		event_message(r->sink, "error", "%s", err_text(&e));
		run_done_applied(r, e.exit, 0, 1, number);
		return e.exit;
	}
	run_done_applied(r, applied_status(r), r->plan->n_changes + r->plan->n_run, 0, number);
	return applied_status(r);
}

/* Once the packages are there, what the rest needs is looked at again. */
static enum txn_result apply_all(struct run *r, struct applied *ret, struct err *e)
{
	enum txn_result result = run_packages(r, e);

	if (result != TXN_APPLIED || !r->n_steps_done)
		return result == TXN_APPLIED ? run_apply(r, ret, e) : result;
	if (refuse_guarded(r, e) >= 0 && refuse_code(r, "apply-refuses", e) >= 0)
		result = run_apply(r, ret, e);
	else
		result = TXN_REFUSED;
	/* Something was touched. */
	if (result != TXN_REFUSED)
		return result;
	event_message(r->sink, "error", "%s%s%s", err_text(e),
		r->stays ? ". Packages cannot be undone: " : "", r->stays ? r->stays : "");
	return TXN_ROLLED_BACK;
}

static int apply_plan(struct run *r)
{
	_cleanup_err_ struct err e = ERR_INIT;
	struct applied applied = {0};
	uint64_t number;
	bool confirm = r->request->confirm;

	if (confirm && confirm_arm(r, &e) < 0)
		return verb_failed(r, &e);
	enum txn_result result = apply_all(r, &applied, &e);
	if (confirm && result != TXN_APPLIED)
		confirm_disarm(r);
	switch (result) {
	case TXN_REFUSED:
		return verb_failed(r, &e);
	case TXN_ROLLED_BACK:
		number = record_failure(r, OUTCOME_ROLLED_BACK, err_text(&e));
		run_done_applied(r, EXIT_ROLLED_BACK, 0, 1, number);
		return EXIT_ROLLED_BACK;
	case TXN_NOT_ROLLED_BACK:
		number = record_failure(r, OUTCOME_FAILED, err_text(&e));
		run_done_applied(r, EXIT_NOT_ROLLED_BACK, 0, 1, number);
		return EXIT_NOT_ROLLED_BACK;
	case TXN_APPLIED:
		break;
	}
	number = applied.generation;
	r->n_deferred = applied.deferred;
	/* What may have to be gone back to stays; the next apply prunes. */
	confirm_forget(r);
	if (confirm)
		return await_confirmation(r, number);
	generation_prune(r);
	run_done_applied(r, applied_status(r), r->plan->n_changes + r->plan->n_run, 0, number);
	return applied_status(r);
}

/* Restarts that this run does not do are noted by it, unless they are already. A trial alone is for
 * them. */
static bool has_nothing(const struct plan *p)
{
	for (size_t i = 0; i < p->effects.n; i++)
		if (p->effects.items[i].action != ACTION_PROBE &&
			(!p->effects.items[i].held || !plan_owes(p, p->effects.items[i].target)))
			return false;
	return !p->n_changes;
}

int apply_from(const struct request *q, struct sink *s, int (*read)(struct run *r, struct err *e))
{
	_cleanup_run_ struct run r;
	_cleanup_err_ struct err e = ERR_INIT;
	int c = run_open(&r, q, s, RUN_WRITES, &e);

	if (c >= 0)
		c = confirm_refuse_other(&r, &e);
	if (c >= 0)
		c = read(&r, &e);
	if (c >= 0 && q->unattended)
		c = run_refuse_rejected(&r, &e);
	if (c >= 0)
		c = run_plan(&r, &e);
	if (c < 0)
		return verb_failed(&r, &e);
	run_rehearse(&r);
	run_emit_plan(&r);
	/* Of a file tree the systemd that it is for may give less. */
	if (r.host->live && refuse_code(&r, "exposure", &e) < 0)
		return verb_failed(&r, &e);
	if (has_nothing(r.plan))
		return apply_nothing(&r);
	if (refuse_guarded(&r, &e) < 0 || refuse_code(&r, "apply-refuses", &e) < 0)
		return verb_failed(&r, &e);
	take_signals();
	if (confirm(&r, &e) < 0)
		return verb_failed(&r, &e);
	return apply_plan(&r);
}

int verb_apply(const struct request *q, struct sink *s)
{
	return apply_from(q, s, q->heal ? run_read_heal : run_read);
}
