/*
 * The units' part of a rollback (txn_internal.h): those that the run has started stop, those that
 * it has restarted or stopped, and those that somebody else has started with what is being put
 * back, get their old configuration again. Start limits are lifted first, and nobody is asked
 * whether a unit is busy.
 * Called by the rollback.
 */
#include <errno.h>
#include <string.h>

#include "l4sync/bus.h"
#include "l4sync/text.h"
#include "l4sync/unit_view.h"

#include "live.h"
#include "reload_units.h"
#include "txn_internal.h"

#define BACK_SETTLE_NS 1000000000ull

bool units_are_booting(struct txn *t)
{
	const char *name = "basic.target";
	struct unit_details target;
	struct bus *bus;

	return t->rebooted && t->host->live && host_bus(t->host, &bus, NULL) >= 0 &&
	       bus_unit_details(bus, t->arena, &name, 1, true, &target, NULL) >= 0 &&
	       target.found && strcmp(target.active_state, "active") != 0;
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
	if (r >= 0 && t->booting && what == UNIT_START)
		return bus_enqueue(bus, unit, what, e);
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

/* What does not take its old configuration that way takes it with a restart. */
static int reload_back(struct txn *t, const char *unit, struct err *e)
{
	if (job_back(t, unit, UNIT_RELOAD, NULL) >= 0)
		return 0;
	return job_back(t, unit, UNIT_TRY_RESTART, e);
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
	bool runs = unit_details_running(&now);
	bool restart = !strcmp(verb, "restart") && runs;
	/* Along with another one it has its old configuration already. */
	if (restart && unit_started_monotonic(&now) >= t->rolling_usec)
		return bus_watch_healthy(bus, unit, JOB_TIMEOUT_MS, BACK_SETTLE_NS, NULL, NULL, e);
	if (!strcmp(verb, LOG_RELOADED) && runs && unit_started_monotonic(&now) < t->rolling_usec)
		return reload_back(t, unit, e);
	return job_back(t, unit, restart ? UNIT_TRY_RESTART : UNIT_START, e);
}

/* One line of the log: a verb, and a unit or the time of the reload. */
static bool split_line(struct txn *t, const char *line, const char **verb, const char **rest)
{
	const char *blank = strchr(line, ' ');

	if (!blank)
		return false;
	*verb = arena_strndup(t->arena, line, (size_t)(blank - line));
	*rest = blank + 1;
	return true;
}

void units_stop_started(struct txn *t, const char *const *log, size_t n_log, size_t *left)
{
	for (size_t i = n_log; i-- > 0;) {
		_cleanup_err_ struct err e = ERR_INIT;
		const char *verb, *unit;

		if (!split_line(t, log[i], &verb, &unit) || strcmp(verb, "start") != 0)
			continue;
		rollback_event(t, "start", arena_printf(t->arena, "stop %s again", unit));
		if (job_back(t, unit, UNIT_STOP, &e) < 0)
			rollback_left(t, err_text(&e), next_of_unit(t, unit, "stop"), left);
	}
}

/* The files are back and read again: the kernel gets what it had. Behind a reboot it has. */
void units_live_back(struct txn *t, const char *const *log, size_t n_log, size_t *left)
{
	for (size_t i = n_log; i-- > 0 && !t->rebooted;) {
		_cleanup_err_ struct err e = ERR_INIT;
		const char *verb, *unit;
		size_t unchecked;

		if (!split_line(t, log[i], &verb, &unit) || strcmp(verb, "live") != 0)
			continue;
		rollback_event(t, "start", live_sentence(t->arena, unit));
		if (live_put(t, unit, &unchecked, &e) < 0)
			rollback_left(t, err_text(&e),
				arena_printf(t->arena,
					"the kernel may still have new cgroup settings of it: "
					"`systemctl restart %s` gives it the old ones",
					unit),
				left);
	}
}

static void say_bring_back(struct txn *t, const char *unit)
{
	rollback_event(t, "start",
		arena_printf(t->arena, "bring back %s with its old configuration", unit));
}

/* What a reboot has ended does not come back by our hand: it starts by itself, or it does not. What
 * this run had stopped was not started at boot, because the files that say so were gone. */
static bool acted_on(struct txn *t, const char *verb)
{
	return !strcmp(verb, "stop") ||
	       ((!strcmp(verb, "restart") || !strcmp(verb, LOG_RELOADED)) && !t->rebooted);
}

static void bring_back_own(struct txn *t, const char *const *log, size_t n_log, size_t *left)
{
	for (size_t i = n_log; i-- > 0;) {
		_cleanup_err_ struct err e = ERR_INIT;
		const char *verb, *unit;

		if (!split_line(t, log[i], &verb, &unit) || !acted_on(t, verb))
			continue;
		say_bring_back(t, unit);
		if (bring_back(t, verb, unit, &e) < 0)
			rollback_left(t, err_text(&e), next_of_unit(t, unit, "restart"), left);
	}
}

static bool is_affected(struct txn *t, const char *unit)
{
	const char *template = unit_name_template(t->arena, unit);

	for (size_t i = 0; i < t->n_affected; i++)
		if (!strcmp(t->affected[i], unit) ||
			(template && !strcmp(t->affected[i], template)))
			return true;
	return false;
}

static bool in_log(struct txn *t, const char *const *log, size_t n_log, const char *unit)
{
	const char *verb, *rest;

	for (size_t i = 0; i < n_log; i++)
		if (split_line(t, log[i], &verb, &rest) && acted_on(t, verb) && !strcmp(rest, unit))
			return true;
	return false;
}

/* From when on a unit that is started has the new configuration: CLOCK_MONOTONIC; false: none has.
 * At a boot it is all that run. */
static bool new_since(struct txn *t, const char *const *log, size_t n_log, unsigned long long *ret)
{
	const char *verb, *rest;

	*ret = 0;
	if (t->rebooted)
		return true;
	for (size_t i = 0; i < n_log; i++)
		if (split_line(t, log[i], &verb, &rest) && !strcmp(verb, "reload")) {
			*ret = strtoull(rest, NULL, 10);
			return true;
		}
	return false;
}

static int compare_backwards(const void *a, const void *b)
{
	return text_natural_cmp(*(const char *const *)b, *(const char *const *)a);
}

/* Running units of what is affected that this run itself has not acted on, in reverse order. */
static int list_others(struct txn *t, struct bus *bus, const char *const *log, size_t n_log,
	const char ***ret, size_t *ret_n, struct err *e)
{
	struct unit_status *units;
	size_t n;
	int r = bus_list_units(bus, t->arena, &units, &n, e);

	if (r < 0)
		return r;
	*ret = arena_array(t->arena, const char *, n);
	*ret_n = 0;
	for (size_t i = 0; i < n; i++)
		if (unit_status_running(&units[i]) && is_affected(t, units[i].name) &&
			!in_log(t, log, n_log, units[i].name))
			(*ret)[(*ret_n)++] = units[i].name;
	if (*ret_n)
		qsort(*ret, *ret_n, sizeof **ret, compare_backwards);
	return 0;
}

/* Also what others have started since the reload runs with what was put back meanwhile. */
static int bring_back_others(
	struct txn *t, const char *const *log, size_t n_log, size_t *left, struct err *e)
{
	unsigned long long since;
	const char **names;
	struct bus *bus;
	size_t n;

	if (!t->n_affected || !new_since(t, log, n_log, &since))
		return 0;
	int r = host_bus(t->host, &bus, e);
	if (r >= 0)
		r = list_others(t, bus, log, n_log, &names, &n, e);
	if (r < 0)
		return r;
	struct unit_details *details = arena_array(t->arena, struct unit_details, n);
	r = n ? bus_unit_details(bus, t->arena, names, n, false, details, e) : 0;
	for (size_t i = 0; i < n && r >= 0; i++) {
		_cleanup_err_ struct err one = ERR_INIT;

		if (!details[i].found || unit_started_monotonic(&details[i]) < since)
			continue;
		say_bring_back(t, names[i]);
		if (job_back(t, names[i], UNIT_TRY_RESTART, &one) < 0)
			rollback_left(
				t, err_text(&one), next_of_unit(t, names[i], "restart"), left);
	}
	return r;
}

static bool is_named(const char *const *names, const char *name)
{
	for (; names && *names; names++)
		if (!strcmp(*names, name))
			return true;
	return false;
}

/*
 * The boot's transaction was made with the links that have been put back since: its target is
 * started once more, so that what they want is part of it. As initrd-parse-etc.service does.
 */
static int enqueue_boot_target(struct txn *t, struct err *e)
{
	const char *name = "default.target";
	struct unit_details target = {0};
	struct unit_status *units;
	struct bus *bus;
	size_t n = 0;
	int r = host_bus(t->host, &bus, e);

	if (r >= 0)
		r = bus_unit_details(bus, t->arena, &name, 1, true, &target, e);
	if (r >= 0)
		r = bus_list_units(bus, t->arena, &units, &n, e);
	for (size_t i = 0; i < n && r >= 0; i++)
		if (units[i].job_pending && (is_named(target.names, units[i].name) ||
						    !strcmp(units[i].name, "multi-user.target")))
			return bus_enqueue(bus, units[i].name, UNIT_START, e);
	return r;
}

/* They ran with what had been there before an earlier apply, of which nothing is left. */
static void say_owed(struct txn *t, const char *const *log, size_t n_log, size_t *left)
{
	for (size_t i = 0; i < n_log && !t->rebooted; i++) {
		_cleanup_err_ struct err e = ERR_INIT;
		const char *verb, *unit;

		if (!split_line(t, log[i], &verb, &unit) || strcmp(verb, "owed") != 0)
			continue;
		err_set(&e, -EREMOTEIO,
			"%s owed a restart, and cannot get back what it ran with before: it runs "
			"with what was applied last",
			unit);
		rollback_left(t, err_text(&e),
			arena_printf(t->arena, "see whether it works: `systemctl status %s`", unit),
			left);
	}
}

void units_bring_back(struct txn *t, const char *const *log, size_t n_log, size_t *left)
{
	_cleanup_err_ struct err e = ERR_INIT;

	t->rolling_usec = monotonic_usec();
	bring_back_own(t, log, n_log, left);
	say_owed(t, log, n_log, left);
	int r = t->booting ? enqueue_boot_target(t, &e)
			   : bring_back_others(t, log, n_log, left, &e);
	if (r < 0)
		rollback_left(t, err_text(&e),
			"units that were started meanwhile may run with what was put back: "
			"`systemctl list-units --failed`, and `l4sync check` names what is stale",
			left);
}
