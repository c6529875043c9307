/*
 * Putting everything back: the steps in reverse, one reload, then the units that had been acted
 * on. The same code after a failure in this run and for a run that died (txn_internal.h).
 * Stops at nothing: what cannot be put back is said, counted, and the rest goes on.
 * Called by the transaction and the recovery.
 */
#include <errno.h>
#include <string.h>

#include "l4sync/bus.h"

#include "restart.h"
#include "txn_internal.h"

#define BACK_SETTLE_NS 1000000000ull

static void rollback_event(struct txn *t, const char *state, const char *text)
{
	event_emit(t->sink, "{s:s, s:s, s:o}", "event", "rollback", "state", state, "text",
		event_string(text));
}

static void undo_steps(struct txn *t, size_t *left_count)
{
	for (size_t i = t->n; i-- > 0;) {
		struct step *s = &t->steps[i];
		_cleanup_err_ struct err e = ERR_INIT;
		bool left = false;

		if (!s->ops->undo || !s->touched)
			continue;
		if (s->ops->undo(t, s, &left, &e) < 0) {
			(*left_count)++;
			rollback_event(t, "failed", err_text(&e));
		}
	}
}

static int job_back(struct txn *t, const char *unit, enum unit_verb what, struct err *e)
{
	const char *result;
	struct bus *bus;
	int r = host_bus(t->host, &bus, e);

	/* A crash loop has used up the start limit, which would refuse the old configuration too.
	 */
	if (r >= 0)
		r = bus_reset_failed(bus, unit, e);
	if (r >= 0)
		r = bus_job(bus, unit, what, JOB_TIMEOUT_MS, NULL, NULL, &result, e);
	if (r == -ENOENT && what == UNIT_STOP) { /* what nobody knows does not run */
		err_clear(e);
		return 0;
	}
	if (r >= 0 && strcmp(result, "done") != 0)
		r = err_set(e, -EREMOTEIO, "%s: the job ended with: %s", unit, result);
	if (r >= 0 && what != UNIT_STOP)
		r = bus_watch_healthy(bus, unit, JOB_TIMEOUT_MS, BACK_SETTLE_NS, NULL, NULL, e);
	return r;
}

/* A unit that was restarted is restarted once more; one that did not survive that, or was stopped,
 * is started. */
static int bring_back(struct txn *t, const char *verb, const char *unit, struct err *e)
{
	struct unit_details now;
	struct bus *bus;
	int r = host_bus(t->host, &bus, e);

	if (r >= 0)
		r = bus_unit_details(bus, t->arena, &unit, 1, true, &now, e);
	if (r < 0)
		return r;
	bool running = now.found &&
		       unit_status_running(&(struct unit_status){.active_state = now.active_state});
	return job_back(
		t, unit, running && !strcmp(verb, "restart") ? UNIT_TRY_RESTART : UNIT_START, e);
}

/* One line of the log: verb and unit. */
static bool split_line(struct txn *t, const char *line, const char **verb, const char **unit)
{
	const char *blank = strchr(line, ' ');

	if (!blank)
		return false;
	*verb = arena_strndup(t->arena, line, (size_t)(blank - line));
	*unit = blank + 1;
	return true;
}

/*
 * started: those that this run has started, which stop while their files are still there; else the
 * others, which come back once the old files are loaded.
 */
static void units_back(
	struct txn *t, const char *const *log, size_t n_log, bool started, size_t *left_count)
{
	for (size_t i = n_log; i-- > 0;) {
		_cleanup_err_ struct err e = ERR_INIT;
		const char *verb, *unit;

		if (!split_line(t, log[i], &verb, &unit) || started != !strcmp(verb, "start"))
			continue;
		rollback_event(t, "start",
			started ? arena_printf(t->arena, "stop %s again", unit)
				: arena_printf(t->arena, "bring back %s with its old configuration",
					  unit));
		if ((started ? job_back(t, unit, UNIT_STOP, &e) : bring_back(t, verb, unit, &e)) <
			0) {
			(*left_count)++;
			rollback_event(t, "failed", err_text(&e));
		}
	}
}

static void reload(struct txn *t, size_t *left_count)
{
	_cleanup_err_ struct err e = ERR_INIT;
	struct bus *bus;

	if (host_bus(t->host, &bus, &e) < 0 || bus_reload(bus, RELOAD_TIMEOUT_MS, &e) < 0) {
		(*left_count)++;
		rollback_event(
			t, "failed", arena_printf(t->arena, "daemon-reload: %s", err_text(&e)));
	}
}

void rollback(struct txn *t, const char *const *log, size_t n_log, size_t *ret_left)
{
	_cleanup_err_ struct err e = ERR_INIT;
	size_t left = 0;

	rollback_event(t, "start", "putting everything back");
	if (t->host->live)
		units_back(t, log, n_log, true, &left);
	undo_steps(t, &left);
	if (txn_sync_dirs(t, &e) < 0) {
		left++;
		rollback_event(t, "failed", err_text(&e));
	}
	if (t->reloads && t->host->live)
		reload(t, &left);
	if (t->host->live)
		units_back(t, log, n_log, false, &left);
	if (!left)
		rollback_event(t, "done", "everything is as it was before");
	*ret_left = left;
}
