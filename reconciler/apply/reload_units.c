/*
 * Reloading a service (reload_units.h): log, ReloadUnit, follow the job, watch the unit settle.
 * Does not decide what is reloaded. Called by the rolling restarts.
 */
#include "reload_units.h"

#include <errno.h>
#include <string.h>

#include "l4sync/bus.h"

#include "restart.h"
#include "txn_internal.h"

enum found { FOUND_RUNNING, FOUND_FRESH, FOUND_COMING, FOUND_STOPPED };

static int look(
	struct txn *t, const char *unit, struct unit_details *d, enum found *ret, struct err *e)
{
	struct bus *bus;
	int r = host_bus(t->host, &bus, e);

	if (r >= 0)
		r = bus_unit_details(bus, t->arena, &unit, 1, false, d, e);
	if (r < 0)
		return r;
	const char *state = d->found ? d->active_state : "inactive";
	*ret = !strcmp(state, "inactive") || !strcmp(state, "failed") ||
			       !strcmp(state, "deactivating")
		       ? FOUND_STOPPED
	       : !strcmp(state, "activating")                 ? FOUND_COMING
	       : unit_started_monotonic(d) >= t->rolling_usec ? FOUND_FRESH
							      : FOUND_RUNNING;
	return 0;
}

static int reload_and_watch(struct txn *t, const struct effect *f, struct unit_details *d,
	enum found *now, struct err *e)
{
	const char *before = arena_strdup(t->arena, d->invocation_id), *result;
	struct bus *bus;
	int r = host_bus(t->host, &bus, e);

	if (r >= 0)
		r = txn_log_unit(t, LOG_RELOADED, f->target, e);
	if (r >= 0)
		r = bus_job(
			bus, f->target, UNIT_RELOAD, JOB_TIMEOUT_MS, txn_idle, NULL, &result, e);
	if (r < 0)
		return r == -EINTR ? unit_not_awaited(f->target, e) : r;
	if (strcmp(result, "done") != 0) {
		/* Of what somebody has stopped meanwhile the job is invalid. */
		r = look(t, f->target, d, now, e);
		if (r < 0 || (*now == FOUND_STOPPED && strcmp(d->active_state, "failed") != 0))
			return r;
		return err_set(
			e, -EREMOTEIO, "%s: the reload job ended with: %s", f->target, result);
	}
	r = look(t, f->target, d, now, e);
	if (r >= 0 && *now != FOUND_STOPPED && strcmp(d->invocation_id, before) != 0)
		return err_set(e, -EREMOTEIO, "%s did not survive its reload: it was started anew",
			f->target);
	/* A program that ends because of it is no unit that somebody has stopped. */
	*now = FOUND_RUNNING;
	return r < 0 ? r : unit_settle(t, f->target, f->settle_ns, e);
}

int reload_one(struct txn *t, const struct effect *f, bool *ret_restart, struct err *e)
{
	const char *text = arena_printf(t->arena, "reload %s", f->target);
	struct unit_details d;
	enum found now;
	int r = look(t, f->target, &d, &now, e);

	*ret_restart = r >= 0 && now == FOUND_COMING;
	if (*ret_restart)
		return 0;
	txn_event(t, "start", "reload", f->target, text);
	unit_event(t, f->target, "reloading", text, NULL);
	/* What has been started since the files are there has read them. */
	if (r >= 0 && now == FOUND_FRESH)
		r = unit_settle(t, f->target, f->settle_ns, e);
	else if (r >= 0 && now == FOUND_RUNNING)
		r = reload_and_watch(t, f, &d, &now, e);
	if (r < 0) {
		txn_event(t, "failed", "reload", f->target, text);
		if (r != -EINTR)
			unit_report_failure(t, f->target, err_text(e));
		return r;
	}
	if (now == FOUND_STOPPED)
		event_message(t->sink, "warning", "%s was stopped meanwhile and stays stopped",
			f->target);
	else
		unit_event(t, f->target, "healthy",
			arena_printf(t->arena, "%s is %s", f->target, d.active_state),
			d.invocation_id);
	txn_event(t, "done", "reload", f->target, text);
	return 0;
}
