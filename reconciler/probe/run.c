/*
 * The trial of one sandbox from its start to its end (probe.h): why it does not start is taken from
 * systemd's log, which names the path.
 * Asks nothing itself; that is questions.c. Called by the apply before its journal.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "l4sync/io.h"
#include "l4sync/text.h"

#include "probe_internal.h"

#define START_TIMEOUT_MS 15000 /* more than TimeoutStartSec= of its unit */
#define LOG_LINES 20
#define LOG_TRIES 10
#define LOG_PAUSE_USEC 300000

/* Exit statuses of which not the sandbox is the cause, but what l4sync puts into it. */
static const char *const own_faults[] = {"203/EXEC", "208/STDIN", "209/STDOUT"};

static void add(struct trial *t, struct findings *f, const char *code, const char *text)
{
	finding_add(f, "verify", code, t->probe->unit, "%s", text);
}

/* Without the trial's own name, which nobody knows. */
static const char *without_name(struct trial *t, const char *line)
{
	size_t n = strlen(t->name);

	return text_starts(line, t->name) && text_starts(line + n, ": ") ? line + n + 2 : line;
}

/* systemd logs the cause, and behind it the step at which it was; NULL: neither is there. */
static const char *logged_cause(struct trial *t, unsigned long long since_usec)
{
	const char **lines, *cause = NULL;
	size_t n;

	if (journal_tail(t->arena, t->name, NULL, since_usec, LOG_LINES, &lines, &n) < 0)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		const char *line = without_name(t, lines[i]);

		if (!text_starts(line, "Failed at step "))
			cause = line;
		else if (cause && !text_starts(cause, "Starting "))
			return cause;
		else
			return line;
	}
	return NULL;
}

/* "status 226/NAMESPACE" out of "NAME: failed: Result exit-code, status 226/NAMESPACE" */
static const char *end_text(struct trial *t)
{
	_cleanup_err_ struct err e = ERR_INIT;
	const char *text, *status;

	if (bus_watch_healthy(t->bus, t->name, 1000, 0, NULL, NULL, &e) >= 0)
		return "it has ended";
	text = arena_strdup(t->arena, without_name(t, err_text(&e)));
	status = strstr(text, "status ");
	return status ? status : text;
}

static void tell_failure(struct trial *t, const char *result, unsigned long long since_usec)
{
	const char *end = end_text(t), *cause = logged_cause(t, since_usec);

	/* On a host that is busy journald comes to it later than whoever waits for it. */
	for (int i = 0; !cause && i < LOG_TRIES; i++) {
		usleep(LOG_PAUSE_USEC);
		cause = logged_cause(t, since_usec);
	}
	bool is_own = strcmp(result, "failed") != 0 && strcmp(result, "timeout") != 0;

	for (size_t i = 0; i < ELEMENTS(own_faults); i++)
		is_own |= strstr(end, own_faults[i]) != NULL;
	const char *text =
		arena_printf(t->arena, "%s%s%s", end, cause ? ": " : "", cause ? cause : "");
	if (is_own)
		add(t, t->untried, "sandbox-not-tried",
			arena_printf(t->arena,
				"l4sync's program does not start in it: %s (its job: %s)", text,
				result));
	else
		add(t, t->untrue, "sandbox-does-not-start",
			arena_printf(t->arena, "does not start: %s", text));
}

/* 1: it runs; 0: it does not, which is told. */
static int start(struct trial *t, struct err *e)
{
	unsigned long long since_usec = realtime_usec();
	const char *result;
	int r = bus_job(
		t->bus, t->name, UNIT_START, START_TIMEOUT_MS, t->idle, t->userdata, &result, e);

	if (r == -ETIMEDOUT) {
		err_clear(e);
		add(t, t->untrue, "sandbox-does-not-start", "does not start in 15 seconds");
		return 0;
	}
	if (r < 0)
		return r;
	if (!strcmp(result, "done"))
		return 1;
	tell_failure(t, result, since_usec);
	return 0;
}

/* It was connected before the program was executed. */
static int take_connection(struct trial *t, struct err *e)
{
	struct sockaddr_un from;
	socklen_t size = sizeof from;

	t->fd = accept4(
		t->listen_fd, (struct sockaddr *)&from, &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
	return t->fd < 0 ? err_errno(e, -errno, "l4sync's program there cannot be spoken to") : 0;
}

int probe_try(struct host *h, struct arena *a, const struct probe *p, int (*idle)(void *userdata),
	void *userdata, struct findings *untrue, struct findings *untried, struct err *e)
{
	struct trial t = {.host = h,
		.arena = a,
		.probe = p,
		.listen_fd = -1,
		.fd = -1,
		.idle = idle,
		.userdata = userdata,
		.untrue = untrue,
		.untried = untried};
	int r = host_bus(h, &t.bus, e);

	if (r >= 0)
		r = trial_make_files(&t, e);
	if (r >= 0)
		r = trial_make_unit(&t, e);
	if (r >= 0)
		r = start(&t, e);
	if (r > 0)
		r = take_connection(&t, e);
	if (r >= 0 && t.fd >= 0)
		r = trial_ask(&t, e);
	closep_(&t.fd);
	closep_(&t.listen_fd);
	trial_remove_unit(&t);
	trial_remove_files();
	return r < 0 ? r : 0;
}
