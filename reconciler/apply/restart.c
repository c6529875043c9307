/*
 * Rolling restarts (restart.h): busy, before, log, TryRestartUnit, follow the job, watch the unit
 * settle, check.
 * Does not decide what is restarted. Called by the pipeline and the steps.
 */
#include "restart.h"

#include <errno.h>
#include <string.h>

#include "l4sync/bus.h"
#include "l4sync/deferred.h"
#include "l4sync/unit_view.h"

#include "hooks.h"
#include "live.h"
#include "reload_units.h"
#include "txn_internal.h"

#define SETTLE_TIMEOUT_MS 120000u /* to become active after the job, before settling begins */
#define LOG_LINES 10

void unit_event(struct txn *t, const char *unit, const char *state, const char *text,
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

static bool is_carried_by(const struct effect *f, const struct effect *by)
{
	return f->carried_by && !strcmp(f->carried_by, by->target);
}

/* What systemd restarts along with a unit is brought back with it, too. */
static int log_restart(
	struct txn *t, const struct effects *all, const struct effect *f, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < all->n && r >= 0; i++)
		if (is_carried_by(&all->items[i], f))
			r = log_restart(t, all, &all->items[i], e);
	if (r >= 0 && f->deferred)
		r = txn_log_unit(t, "owed", f->target, e);
	return r < 0 ? r : txn_log_unit(t, "restart", f->target, e);
}

static const struct resource *policy_of(
	struct txn *t, const struct rolling *rolling, const char *unit)
{
	return unit_policy(t->arena, rolling->plan->want, unit);
}

/* What keeps a restart from being done: the unit itself, or one that would be restarted along with
 * it. unit NULL: none is busy; why NULL: it has said so itself. */
struct busy_unit {
	const char *unit, *why;
};

static int find_busy(struct txn *t, const struct effects *all, const struct effect *f,
	const struct rolling *rolling, struct busy_unit *ret, struct err *e)
{
	enum busy_verdict verdict;
	int r = hook_busy(t, policy_of(t, rolling, f->target), f->target, &verdict, &ret->why, e);

	ret->unit = r >= 0 && verdict != UNIT_IDLE ? f->target : NULL;
	for (size_t i = 0; i < all->n && r >= 0 && !ret->unit; i++)
		if (is_carried_by(&all->items[i], f))
			r = find_busy(t, all, &all->items[i], rolling, ret, e);
	return r;
}

/* Who uses it, or what is restarted along with it, is warned. */
static int warn(struct txn *t, const struct effects *all, const struct effect *f,
	const struct rolling *rolling, struct err *e)
{
	int r = hook_before(t, policy_of(t, rolling, f->target), f->target, e);

	for (size_t i = 0; i < all->n && r >= 0; i++)
		if (is_carried_by(&all->items[i], f))
			r = warn(t, all, &all->items[i], rolling, e);
	return r;
}

/* Systemd has restarted it along with another one, or somebody else has. */
static bool is_restarted(const struct txn *t, const struct unit_details *d)
{
	return d->found && unit_started_monotonic(d) >= t->rolling_usec;
}

/* It is still what was restarted: a check may take longer than the unit lives. */
static int unit_still(struct txn *t, const char *unit, struct unit_details *after,
	const char *invocation, struct err *e)
{
	int r = details_of(t, unit, after, e);

	if (r < 0 || (unit_details_running(after) && !strcmp(after->invocation_id, invocation)))
		return r;
	return err_set(e, -EREMOTEIO, "%s: did not stay up while its check ran", unit);
}

/* Settles and passes its check. */
static int watch_restarted(struct txn *t, const struct effect *f, const struct resource *policy,
	struct unit_details *after, struct err *e)
{
	int r = unit_settle(t, f->target, f->settle_ns, e);

	if (r >= 0)
		r = details_of(t, f->target, after, e);
	if (r < 0 || !policy || !resource_get(policy, "restart.check"))
		return r;
	const char *invocation = arena_strdup(t->arena, after->invocation_id);
	r = hook_check(t, policy, f->target, e);
	/* A oneshot has ended before. */
	return r < 0 || !unit_details_running(after)
		       ? r
		       : unit_still(t, f->target, after, invocation, e);
}

static int try_restart(
	struct txn *t, const struct effects *all, const struct effect *f, struct err *e)
{
	const char *result;
	struct bus *bus;
	int r = host_bus(t->host, &bus, e);

	if (r >= 0)
		r = log_restart(t, all, f, e);
	if (r >= 0)
		r = bus_job(bus, f->target, UNIT_TRY_RESTART, JOB_TIMEOUT_MS, txn_idle, NULL,
			&result, e);
	if (r < 0)
		return r == -EINTR ? unit_not_awaited(f->target, e) : r;
	return !strcmp(result, "done")
		       ? 0
		       : err_set(e, -EREMOTEIO, "%s: the restart job ended with: %s", f->target,
				 result);
}

/* Everything of one restart but the reporting of its failure. The hooks before it take their time,
 * in which somebody else may have restarted it. */
static int restart_and_watch(struct txn *t, const struct effects *all, const struct effect *f,
	const struct rolling *rolling, bool *ret_ran, struct unit_details *after, struct err *e)
{
	const struct resource *policy = policy_of(t, rolling, f->target);
	struct unit_details before;
	int r = details_of(t, f->target, &before, e);

	if (r < 0)
		return r;
	*ret_ran = is_restarted(t, &before);
	if (*ret_ran)
		return watch_restarted(t, f, policy, after, e);
	r = try_restart(t, all, f, e);
	if (r >= 0)
		r = details_of(t, f->target, after, e);
	if (r < 0)
		return r;
	/* systemd counts from our job on; a crash loop may be further than we are. */
	if (after->n_restarts)
		return err_set(e, -EREMOTEIO, "%s: restarted by itself %u time%s", f->target,
			after->n_restarts, after->n_restarts == 1 ? "" : "s");
	/* The job of a unit that somebody has stopped meanwhile is done too, and does nothing. */
	*ret_ran = after->found && strcmp(after->invocation_id, before.invocation_id) != 0;
	if (!*ret_ran && (!after->found || !strcmp(after->active_state, "inactive")))
		return 0;
	return watch_restarted(t, f, policy, after, e);
}

static int restart_now(struct txn *t, const struct effects *all, const struct effect *f,
	const struct unit_details *before, struct rolling *rolling, struct err *e)
{
	const char *text = restart_sentence(t->arena, f);
	struct unit_details after = {0};
	bool ran = false;

	int r = is_restarted(t, before) ? 0 : warn(t, all, f, rolling, e);
	if (r >= 0) {
		unit_event(t, f->target, "restarting", text, NULL);
		r = restart_and_watch(t, all, f, rolling, &ran, &after, e);
	}
	if (r < 0) {
		txn_event(t, "failed", "restart", f->target, text);
		if (r != -EINTR && r != -EPROTO)
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
	rolling->restarted += ran;
	txn_event(t, "done", "restart", f->target, text);
	return 0;
}

/* Honest, for nothing can be done about it. */
static void warn_of_cgroup(struct txn *t, const struct effect *f, const struct rolling *rolling)
{
	const struct effects *planned = &rolling->plan->effects;

	for (size_t i = 0; i < planned->n; i++)
		if (planned->items[i].action == ACTION_RESTART && planned->items[i].cgroup &&
			!strcmp(planned->items[i].target, f->target))
			event_message(t->sink, "warning",
				"%s was not restarted, but systemd may put its changed cgroup "
				"settings into force before that, at the latest when another unit "
				"of its slice is started",
				f->target);
}

/* reason and why are the debt's; text is what is said now. */
struct put_off {
	const char *reason, *why, *text;
};

static void put_off(struct txn *t, const struct effect *f, const struct unit_details *now,
	struct rolling *rolling, const struct put_off *p)
{
	const char *text = arena_printf(t->arena, "restart %s: %s", f->target, p->text);

	plan_owe(rolling->plan, &rolling->owed, f, now->invocation_id, p->reason, p->why,
		rolling->key);
	unit_event(t, f->target, "deferred", text, now->invocation_id);
	txn_event(t, "deferred", "restart", f->target, text);
	warn_of_cgroup(t, f, rolling);
}

/* What is restarted along with one that was put off is so when that is restarted. */
static bool put_off_along(struct txn *t, const struct effect *f, const struct unit_details *now,
	struct rolling *rolling)
{
	const struct debts *owed = &rolling->owed;

	for (size_t i = 0; f->carried_by && i < owed->n; i++)
		if (!strcmp(owed->items[i].unit, f->carried_by)) {
			const struct put_off p = {owed->items[i].reason, owed->items[i].why,
				arena_printf(t->arena, "along with %s", f->carried_by)};

			put_off(t, f, now, rolling, &p);
			return true;
		}
	return false;
}

static void put_off_held(struct txn *t, const struct effect *f, const struct unit_details *now,
	struct rolling *rolling)
{
	const char *text =
		f->held_by             ? arena_printf(t->arena,
						 "systemd would restart %s along, which is not to be restarted",
						 f->held_by)
		: rolling->plan->defer ? "--defer"
				       : "its mode is manual";

	const struct put_off p = {hold_reason(rolling->plan, f), NULL, text};
	put_off(t, f, now, rolling, &p);
}

static void put_off_busy(struct txn *t, const struct effect *f, const struct unit_details *now,
	struct rolling *rolling, const struct busy_unit *busy)
{
	bool itself = !strcmp(busy->unit, f->target);
	const char *text =
		itself && !busy->why ? "it is busy"
		: itself
			? arena_printf(t->arena, "whether it is busy cannot be told: %s", busy->why)
		: !busy->why
			? arena_printf(
				  t->arena, "%s, which systemd restarts along, is busy", busy->unit)
			: arena_printf(t->arena,
				  "whether %s, which systemd restarts along, is busy cannot be "
				  "told: %s",
				  busy->unit, busy->why);
	const struct put_off p = {busy->why ? "busy-unknown" : "busy", busy->why, text};

	put_off(t, f, now, rolling, &p);
}

/* What somebody else has done meanwhile; false: there is nothing to restart any more. */
static bool is_wanted(struct txn *t, const struct effect *f, const struct unit_details *now)
{
	bool other = f->invocation && strcmp(f->invocation, now->invocation_id) != 0;
	bool runs = unit_details_running(now);

	if (runs && !other)
		return true;
	event_message(t->sink, "warning", "%s was %s meanwhile%s", f->target,
		runs ? "restarted" : "stopped", runs ? " by somebody else" : " and stays stopped");
	txn_event(t, "done", "restart", f->target, restart_sentence(t->arena, f));
	return false;
}

static int restart_one(struct txn *t, const struct effects *all, const struct effect *f,
	struct rolling *rolling, struct err *e)
{
	const char *text = restart_sentence(t->arena, f);
	struct busy_unit busy = {0};
	struct unit_details before;

	txn_event(t, "start", "restart", f->target, text);
	int r = details_of(t, f->target, &before, e);
	bool done = r >= 0 && is_restarted(t, &before);
	if (r >= 0 && !done && (!is_wanted(t, f, &before) || put_off_along(t, f, &before, rolling)))
		return 0;
	if (r >= 0 && !done && !f->held && !rolling->restart_busy)
		r = find_busy(t, all, f, rolling, &busy, e);
	if (r < 0) {
		txn_event(t, "failed", "restart", f->target, text);
		return r;
	}
	if (done || (!f->held && !busy.unit))
		return restart_now(t, all, f, &before, rolling, e);
	if (f->held)
		put_off_held(t, f, &before, rolling);
	else
		put_off_busy(t, f, &before, rolling, &busy);
	return 0;
}

void restarts_announce(struct sink *s, const struct effects *shown, const struct effects *now)
{
	for (size_t i = 0; i < now->n; i++)
		if (now->items[i].action != ACTION_LIVE &&
			!effects_find(shown, now->items[i].action, now->items[i].target))
			event_message(s, "warning",
				"%s was started since the plan was made, and is %sed like the "
				"others",
				now->items[i].target, action_name(now->items[i].action));
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

static int reload_or_restart(struct txn *t, const struct effects *all, const struct effect *f,
	struct rolling *rolling, struct err *e)
{
	bool restart;
	int r = reload_one(t, f, &restart, e);

	return r < 0 || !restart ? r : restart_one(t, all, f, rolling, e);
}

int restart_rolling(struct txn *t, const struct effects *f, struct rolling *rolling, struct err *e)
{
	t->rolling_usec = monotonic_usec();
	for (size_t i = 0; i < f->n; i++) {
		const struct effect *x = &f->items[i];
		int r = txn_interrupted              ? err_set(e, -EINTR, "interrupted")
			: x->action == ACTION_LIVE   ? live_one(t, x, e)
			: x->action == ACTION_RELOAD ? reload_or_restart(t, f, x, rolling, e)
						     : restart_one(t, f, x, rolling, e);
		if (r < 0)
			return r;
	}
	return 0;
}
