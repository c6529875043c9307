/*
 * One job, from its request to its JobRemoved (bus.h).
 * Does not judge what the unit does afterwards; that is bus_watch.c. Called by the engine's steps.
 */
#include <errno.h>
#include <string.h>

#include "l4sync/io.h"

#include "bus_internal.h"

static const char *const methods[] = {
	[UNIT_START] = "StartUnit",
	[UNIT_STOP] = "StopUnit",
	[UNIT_TRY_RESTART] = "TryRestartUnit",
	[UNIT_RELOAD] = "ReloadUnit",
};

/* As systemd's manual lists them; the texts are ours, so that they stay. */
static const char *const results[] = {"done", "canceled", "timeout", "failed", "dependency",
	"skipped", "invalid", "assert", "unsupported", "collected", "once", "frozen",
	"concurrency"};

struct removed {
	const char *path, *result;
};

struct job {
	struct arena *arena; /* this job's only */
	const char *unit;
	bool answered;
	const char *path; /* of the job, once its request is answered */
	const char *result;
	size_t n, cap;
	struct removed *removed; /* before that: a signal may overtake the answer */
	int error;
	struct err *e;
};

static const char *result_text(const char *result)
{
	for (size_t i = 0; i < ELEMENTS(results); i++)
		if (!strcmp(results[i], result))
			return results[i];
	return "failed";
}

static int on_removed(sd_bus_message *m, void *userdata, sd_bus_error *ignored)
{
	struct job *job = userdata;
	const char *path, *result;

	(void)ignored;
	if (sd_bus_message_read(m, "uoss", NULL, &path, NULL, &result) < 0)
		return 0;
	if (job->answered) {
		if (job->path && !strcmp(job->path, path))
			job->result = result_text(result);
		return 0;
	}
	job->removed = grow(job->removed, &job->cap, job->n, sizeof *job->removed);
	job->removed[job->n++] =
		(struct removed){arena_strdup(job->arena, path), result_text(result)};
	return 0;
}

static int on_answer(sd_bus_message *m, void *userdata, sd_bus_error *ignored)
{
	struct job *job = userdata;
	const sd_bus_error *error = sd_bus_message_get_error(m);
	const char *path;

	(void)ignored;
	job->answered = true;
	int r = error ? -sd_bus_error_get_errno(error) : sd_bus_message_read(m, "o", &path);
	if (r < 0) {
		job->error = bus_fail(job->e, error, r, "systemd refused the job");
		return 0;
	}
	job->path = arena_strdup(job->arena, path);
	for (size_t i = 0; i < job->n; i++)
		if (!strcmp(job->removed[i].path, path))
			job->result = job->removed[i].result;
	return 0;
}

static int job_request(struct bus *b, const char *unit, enum unit_verb verb, sd_bus_message **ret)
{
	int r = sd_bus_message_new_method_call(
		b->bus, ret, SYSTEMD_NAME, SYSTEMD_PATH, MANAGER_INTERFACE, methods[verb]);

	return r < 0 ? r : sd_bus_message_append(*ret, "ss", unit, "replace");
}

int bus_enqueue(struct bus *b, const char *unit, enum unit_verb verb, struct err *e)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *m = NULL;
	int r = job_request(b, unit, verb, &m);

	b->round_trips++;
	if (r >= 0)
		r = sd_bus_call(b->bus, m, CALL_USEC, &error, NULL);
	if (r < 0)
		r = err_prefix(e, bus_fail(e, &error, r, "systemd refused the job"), "%s", unit);
	sd_bus_message_unref(m);
	sd_bus_error_free(&error);
	return r < 0 ? r : 0;
}

static int job_send(
	struct bus *b, struct job *job, enum unit_verb verb, sd_bus_slot **ret_slot, struct err *e)
{
	sd_bus_message *m = NULL;
	int r = job_request(b, job->unit, verb, &m);

	if (r >= 0)
		r = sd_bus_call_async(b->bus, ret_slot, m, on_answer, job, 0);
	sd_bus_message_unref(m);
	if (r < 0)
		return err_errno(e, r, "cannot ask systemd for the job");
	b->round_trips++;
	return 0;
}

static int job_follow(struct job *job, struct wait *w, struct err *e)
{
	int r = 0;

	while (!r && !job->result && !job->error)
		r = bus_wait(w, 0, e);
	if (job->error)
		return job->error;
	/* The deadline may find the result already there. */
	if (job->result || r != -ETIMEDOUT)
		return job->result ? 0 : r;
	return err_set(
		e, r, "its job has not ended in time and goes on; see `systemctl list-jobs`");
}

int bus_job(struct bus *b, const char *unit, enum unit_verb verb, uint64_t timeout_ms,
	int (*idle)(void *userdata), void *userdata, const char **result, struct err *e)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct job job = {.arena = arena, .unit = unit, .e = e};
	sd_bus_slot *match = NULL, *call = NULL;
	uint64_t now = monotonic_usec();
	struct wait w = {b, now + timeout_ms * 1000, idle, userdata, now};

	/* The match before the request, so that no signal is missed. */
	int r = bus_subscribe(b, e);
	if (r < 0)
		return r;
	r = sd_bus_match_signal(b->bus, &match, b->sender, SYSTEMD_PATH, MANAGER_INTERFACE,
		"JobRemoved", on_removed, &job);
	if (r < 0)
		return err_errno(e, r, "cannot listen to systemd");
	r = job_send(b, &job, verb, &call, e);
	if (r >= 0)
		r = job_follow(&job, &w, e);
	sd_bus_slot_unref(call);
	sd_bus_slot_unref(match);
	free(job.removed);
	if (!r)
		*result = job.result;
	return r < 0 && err_text(e)[0] ? err_prefix(e, r, "%s", unit) : r;
}
