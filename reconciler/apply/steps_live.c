/*
 * Steps on what runs: kernel settings, daemon-reload, live settings, starting and stopping units
 * (txn_internal.h). Units are brought back by the rollback, from the log, once the files are back.
 * Decides nothing. Called by the transaction and the recovery.
 */
#include <errno.h>
#include <string.h>

#include "l4sync/bus.h"
#include "l4sync/sysctl.h"

#include "live.h"
#include "restart.h"
#include "txn_internal.h"

static int prepare_sysctl(struct txn *t, struct step *s, struct err *e)
{
	const char *key = step_get(s, "key"), *value;
	enum sysctl_state state;
	bool writable;
	int r = sysctl_read(t->host, t->arena, key, &state, &value, &writable, e);

	if (r < 0)
		return r;
	if (state != SYSCTL_OK || !writable)
		return err_set(e, -EACCES, "%s cannot be set on this kernel", key);
	const char *refusal = sysctl_refusal(t->arena, key, value, step_get(s, "value"));
	if (refusal)
		return err_set(e, -EPERM, "%s", refusal);
	step_set(t, s, "old", value);
	return 0;
}

static int commit_sysctl(struct txn *t, struct step *s, struct err *e)
{
	int r = sysctl_write(t->host, t->arena, step_get(s, "key"), step_get(s, "value"), e);

	if (r >= 0 || !step_get(s, "may-fail"))
		return r;
	event_message(t->sink, "warning", "%s (the state says that it may fail)", err_text(e));
	err_clear(e);
	return 0;
}

static int undo_sysctl(struct txn *t, struct step *s, bool *left, struct err *e)
{
	const char *key = step_get(s, "key"), *old = step_get(s, "old"), *now;
	enum sysctl_state state;
	bool writable;
	int r = sysctl_read(t->host, t->arena, key, &state, &now, &writable, e);

	if (r < 0 || state != SYSCTL_OK || !strcmp(now, old))
		return r;
	if (strcmp(now, sysctl_normalize(t->arena, step_get(s, "value"))) != 0) {
		*left = true;
		return err_set(e, -EBUSY,
			"%s is %s, which neither was there before nor is from this run; it is left "
			"as it is",
			key, now);
	}
	return sysctl_write(t->host, t->arena, key, old, e);
}

static const char *sentence_sysctl(struct arena *a, const struct step *s)
{
	return arena_printf(a, "set %s = %s", step_get(s, "key"), step_get(s, "value"));
}

static int commit_reload(struct txn *t, struct step *s, struct err *e)
{
	struct bus *bus;
	int r = host_bus(t->host, &bus, e);

	(void)s;
	/* Whatever starts from here on may have the new configuration. */
	if (r >= 0)
		r = journal_log(t, arena_printf(t->arena, "reload %llu", monotonic_usec()), e);
	if (r >= 0)
		r = bus_reload(bus, RELOAD_TIMEOUT_MS, e);
	if (r >= 0)
		t->reloaded_usec = monotonic_usec();
	return r < 0 ? r : live_restore_filters(t, e);
}

static const char *sentence_reload(struct arena *a, const struct step *s)
{
	(void)s;
	return arena_printf(a, "daemon-reload");
}

static int commit_live(struct txn *t, struct step *s, struct err *e)
{
	return live_commit(t, step_get(s, "unit"), e);
}

static const char *sentence_live(struct arena *a, const struct step *s)
{
	return live_sentence(a, step_get(s, "unit"));
}

static int run_job(
	struct txn *t, const char *verb, enum unit_verb what, const char *unit, struct err *e)
{
	const char *result;
	struct bus *bus;
	int r = host_bus(t->host, &bus, e);

	if (r >= 0)
		r = txn_log_unit(t, verb, unit, e);
	if (r >= 0)
		r = bus_job(bus, unit, what, JOB_TIMEOUT_MS, txn_idle, NULL, &result, e);
	if (r == -EINTR)
		return unit_not_awaited(unit, e);
	if (r < 0)
		return r;
	if (strcmp(result, "done") != 0)
		return err_set(e, -EREMOTEIO, "%s: the %s job ended with: %s", unit, verb, result);
	return 0;
}

static int commit_start(struct txn *t, struct step *s, struct err *e)
{
	const char *unit = step_get(s, "unit");
	int r = run_job(t, "start", UNIT_START, unit, e);

	return r < 0 ? r : unit_settle(t, unit, s->settle_ns, e);
}

static void explain_start(struct txn *t, const struct step *s, const char *error)
{
	unit_report_failure(t, step_get(s, "unit"), error);
}

static int commit_stop(struct txn *t, struct step *s, struct err *e)
{
	return run_job(t, "stop", UNIT_STOP, step_get(s, "unit"), e);
}

static const char *sentence_start(struct arena *a, const struct step *s)
{
	return arena_printf(a, "start %s", step_get(s, "unit"));
}

static const char *sentence_stop(struct arena *a, const struct step *s)
{
	return arena_printf(a, "stop %s", step_get(s, "unit"));
}

const struct step_ops step_sysctl = {
	.kind = "sysctl",
	.action = "sysctl",
	.prepare = prepare_sysctl,
	.commit = commit_sysctl,
	.undo = undo_sysctl,
	.next = next_of_sysctl,
	.sentence = sentence_sysctl,
};

const struct step_ops step_reload = {
	.kind = "reload",
	.action = "daemon-reload",
	.commit = commit_reload,
	.sentence = sentence_reload,
};

const struct step_ops step_live = {
	.kind = "live",
	.action = "live",
	.commit = commit_live,
	.sentence = sentence_live,
};

const struct step_ops step_start = {
	.kind = "start",
	.action = "start",
	.commit = commit_start,
	.explain = explain_start,
	.sentence = sentence_start,
};

const struct step_ops step_stop = {
	.kind = "stop",
	.action = "stop",
	.commit = commit_stop,
	.sentence = sentence_stop,
};
