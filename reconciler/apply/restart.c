/*
 * Rolling restarts (restart.h): log, TryRestartUnit, follow the job, watch the unit settle.
 * Does not decide what is restarted. Called by the pipeline and the steps.
 */
#include "restart.h"

#include <errno.h>
#include <string.h>

#include "l4sync/bus.h"

#include "live.h"
#include "txn_internal.h"

#define SETTLE_TIMEOUT_MS 120000u /* to become active after the job, before settling begins */
#define LOG_LINES 10

static void unit_event(struct txn *t, const char *unit, const char *state, const char *text,
	const char *invocation)
{
	event_emit(t->sink, "{s:s, s:s, s:s, s:o, s:o}", "event", "unit", "unit", unit, "state",
		state, "text", event_string(text), "invocation", event_string(invocation));
}

void unit_report_failure(struct txn *t, const char *unit, const char *text)
{
	const char **lines;
	size_t n;

	unit_event(t, unit, "failed", text, NULL);
	if (journal_tail(t->arena, unit, NULL, t->acted_usec, LOG_LINES, &lines, &n) < 0)
		return;
	for (size_t i = 0; i < n; i++)
		event_emit(t->sink, "{s:s, s:s, s:o}", "event", "log", "unit", unit, "line",
			event_string(lines[i]));
}

int unit_not_awaited(const char *unit, struct err *e)
{
	return err_set(e, -EINTR, "interrupted: %s was not waited for", unit);
}

int unit_settle(struct txn *t, const char *unit, unsigned long long settle_ns, struct err *e)
{
	struct bus *bus;
	int r = host_bus(t->host, &bus, e);

	if (r < 0)
		return r;
	unit_event(t, unit, "settling",
		arena_printf(
			t->arena, "%s: must stay up for %.1f s", unit, (double)settle_ns / 1e9),
		NULL);
	r = bus_watch_healthy(bus, unit, SETTLE_TIMEOUT_MS, settle_ns, txn_idle, NULL, e);
	return r == -EINTR ? unit_not_awaited(unit, e) : r;
}

static int details_of(struct txn *t, const char *unit, struct unit_details *ret, struct err *e)
{
	struct bus *bus;
	int r = host_bus(t->host, &bus, e);

	return r < 0 ? r : bus_unit_details(bus, t->arena, &unit, 1, false, ret, e);
}

static const char *restart_sentence(struct arena *a, const struct effect *f)
{
	return f->carried_by
		       ? arena_printf(a, "restart %s, along with %s", f->target, f->carried_by)
		       : arena_printf(a, "restart %s", f->target);
}

/* What systemd restarts along with a unit is brought back with it, too. */
static int log_restart(
	struct txn *t, const struct effects *all, const struct effect *f, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < all->n && r >= 0; i++)
		if (all->items[i].carried_by && !strcmp(all->items[i].carried_by, f->target))
			r = log_restart(t, all, &all->items[i], e);
	return r < 0 ? r : txn_log_unit(t, "restart", f->target, e);
}

/* Everything of one restart but the reporting of its failure. */
static int restart_and_watch(struct txn *t, const struct effects *all, const struct effect *f,
	bool *ret_ran, struct unit_details *after, struct err *e)
{
	struct unit_details before;
	const char *result;
	struct bus *bus;
	int r = details_of(t, f->target, &before, e);

	/* Systemd has restarted it along with another one, or somebody else has. */
	if (r >= 0 && before.found && before.inactive_exit_usec >= t->rolling_usec) {
		*ret_ran = true;
		r = unit_settle(t, f->target, f->settle_ns, e);
		return r < 0 ? r : details_of(t, f->target, after, e);
	}
	if (r >= 0)
		r = host_bus(t->host, &bus, e);
	if (r >= 0)
		r = log_restart(t, all, f, e);
	if (r >= 0)
		r = bus_job(bus, f->target, UNIT_TRY_RESTART, JOB_TIMEOUT_MS, txn_idle, NULL,
			&result, e);
	if (r < 0)
		return r == -EINTR ? unit_not_awaited(f->target, e) : r;
	if (strcmp(result, "done") != 0)
		return err_set(
			e, -EREMOTEIO, "%s: the restart job ended with: %s", f->target, result);
	r = details_of(t, f->target, after, e);
	if (r < 0)
		return r;
	/* The job of a unit that somebody has stopped meanwhile is done too, and does nothing. */
	*ret_ran = after->found && strcmp(after->invocation_id, before.invocation_id) != 0;
	if (!*ret_ran && (!after->found || !strcmp(after->active_state, "inactive")))
		return 0;
	r = unit_settle(t, f->target, f->settle_ns, e);
	return r < 0 ? r : details_of(t, f->target, after, e);
}

static int restart_one(
	struct txn *t, const struct effects *all, const struct effect *f, struct err *e)
{
	const char *text = restart_sentence(t->arena, f);
	struct unit_details after = {0};
	bool ran = false;

	txn_event(t, "start", "restart", f->target, text);
	unit_event(t, f->target, "restarting", text, NULL);
	int r = restart_and_watch(t, all, f, &ran, &after, e);
	if (r < 0) {
		txn_event(t, "failed", "restart", f->target, text);
		if (r != -EINTR)
			unit_report_failure(t, f->target, err_text(e));
		return r;
	}
	if (ran)
		unit_event(t, f->target, "healthy",
			arena_printf(t->arena, "%s is %s", f->target, after.active_state),
			after.invocation_id);
	else
		event_message(t->sink, "warning", "%s was stopped meanwhile and stays stopped",
			f->target);
	txn_event(t, "done", "restart", f->target, text);
	return 0;
}

void restarts_announce(struct sink *s, const struct effects *shown, const struct effects *now)
{
	for (size_t i = 0; i < now->n; i++)
		if (now->items[i].action == ACTION_RESTART &&
			!effects_find(shown, ACTION_RESTART, now->items[i].target))
			event_message(s, "warning",
				"%s was started since the plan was made, and is restarted like the "
				"others",
				now->items[i].target);
}

/* An instance that has been started since the plan was made, with cgroup settings that are old. */
static int live_one(struct txn *t, const struct effect *f, struct err *e)
{
	const char *text = live_sentence(t->arena, f->target);

	txn_event(t, "start", "live", f->target, text);
	int r = live_commit(t, f->target, e);
	txn_event(t, r < 0 ? "failed" : "done", "live", f->target, text);
	return r;
}

int restart_rolling(struct txn *t, const struct effects *f, struct err *e)
{
	t->rolling_usec = realtime_usec();
	for (size_t i = 0; i < f->n; i++) {
		const struct effect *x = &f->items[i];

		if (x->deferred)
			continue;
		int r = txn_interrupted            ? err_set(e, -EINTR, "interrupted")
			: x->action == ACTION_LIVE ? live_one(t, x, e)
						   : restart_one(t, f, x, e);
		if (r < 0)
			return r;
	}
	return 0;
}
