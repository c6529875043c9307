/*
 * Transient services (bus.h): started with their own standard streams, and signalled.
 * Does not follow them; that is bus_run.c. Called by the worker and the deadline.
 */
#include <errno.h>
#include <signal.h>

#include "bus_internal.h"

/* A rollback is not cut off: it may have to wait for each unit that it brings back. */
#define STOP_USEC 1800000000ull
#define KILL_USEC 5000000u /* what was killed may be in the kernel still */

static int append_text(sd_bus_message *m, const char *name, const char *value)
{
	return sd_bus_message_append(m, "(sv)", name, "s", value);
}

/* The words as they are: systemd would put variables into them. */
static int append_exec(sd_bus_message *m, const char *const *argv)
{
	int r = sd_bus_message_open_container(m, 'r', "sv");

	if (r >= 0)
		r = sd_bus_message_append(m, "s", "ExecStartEx");
	if (r >= 0)
		r = sd_bus_message_open_container(m, 'v', "a(sasas)");
	if (r >= 0)
		r = sd_bus_message_open_container(m, 'a', "(sasas)");
	if (r >= 0)
		r = sd_bus_message_open_container(m, 'r', "sasas");
	if (r >= 0)
		r = sd_bus_message_append(m, "s", argv[0]);
	if (r >= 0)
		r = sd_bus_message_append_strv(m, (char **)argv);
	if (r >= 0)
		r = sd_bus_message_append(m, "as", 1, "no-env-expand");
	for (int i = 0; i < 4 && r >= 0; i++)
		r = sd_bus_message_close_container(m);
	return r;
}

static int append_environment(sd_bus_message *m, const char *const *environment)
{
	int r = sd_bus_message_open_container(m, 'r', "sv");

	if (r >= 0)
		r = sd_bus_message_append(m, "s", "Environment");
	if (r >= 0)
		r = sd_bus_message_open_container(m, 'v', "as");
	if (r >= 0)
		r = sd_bus_message_append_strv(m, (char **)environment);
	for (int i = 0; i < 2 && r >= 0; i++)
		r = sd_bus_message_close_container(m);
	return r;
}

static int append_environment_files(sd_bus_message *m, const char *const *files)
{
	int r = sd_bus_message_open_container(m, 'r', "sv");

	if (r >= 0)
		r = sd_bus_message_append(m, "s", "EnvironmentFiles");
	if (r >= 0)
		r = sd_bus_message_open_container(m, 'v', "a(sb)");
	if (r >= 0)
		r = sd_bus_message_open_container(m, 'a', "(sb)");
	for (; r >= 0 && *files; files++) {
		bool may_miss = **files == '-';

		r = sd_bus_message_append(m, "(sb)", *files + may_miss, may_miss);
	}
	for (int i = 0; i < 3 && r >= 0; i++)
		r = sd_bus_message_close_container(m);
	return r;
}

/* Whose it is, where and with what. */
static int append_context(sd_bus_message *m, const struct transient *t)
{
	int r = t->user ? append_text(m, "User", t->user) : 0;

	if (r >= 0 && t->working_directory)
		r = append_text(m, "WorkingDirectory", t->working_directory);
	if (r >= 0 && t->environment)
		r = append_environment(m, t->environment);
	if (r >= 0 && t->environment_files && *t->environment_files)
		r = append_environment_files(m, t->environment_files);
	if (r >= 0 && t->memory_bytes)
		r = sd_bus_message_append(m, "(sv)", "MemoryMax", "t", (uint64_t)t->memory_bytes);
	if (r >= 0 && t->tasks)
		r = sd_bus_message_append(m, "(sv)", "TasksMax", "t", (uint64_t)t->tasks);
	return r;
}

/*
 * systemd keeps the limit: it holds if whoever waits is gone. In a slice of its own: after a
 * daemon-reload the start of any unit puts the changed cgroup settings of all that runs in its
 * slice into force (measured on 257), which may kill what has not been restarted yet.
 */
static int append_limit(sd_bus_message *m, unsigned limit_s)
{
	uint64_t limit_usec = (uint64_t)limit_s * 1000000u;
	int r = append_text(m, "KillMode", "control-group");

	if (r >= 0)
		r = append_text(m, "Slice", "l4sync.slice");
	if (r >= 0)
		r = sd_bus_message_append(m, "(sv)(sv)(sv)(sv)", "KillSignal", "i", SIGKILL,
			"RuntimeMaxUSec", "t", limit_usec, "TimeoutStartUSec", "t", limit_usec,
			"TimeoutStopUSec", "t", (uint64_t)KILL_USEC);
	return r < 0 ? r : append_text(m, "StandardOutput", "journal");
}

/* The program itself decides what becomes of its children. */
static int append_no_limit(sd_bus_message *m, const struct transient *t)
{
	int r = append_text(m, "KillMode", "mixed");

	if (r >= 0 && t->restart)
		r = append_text(m, "Restart", "on-failure");
	if (r >= 0)
		r = sd_bus_message_append(m, "(sv)", "TimeoutStopUSec", "t", (uint64_t)STOP_USEC);
	return r;
}

static int append_properties(sd_bus_message *m, const struct transient *t)
{
	int r = sd_bus_message_open_container(m, 'a', "(sv)");

	if (r >= 0)
		r = append_text(m, "Description", t->description);
	if (r >= 0)
		r = append_text(m, "Type", "exec");
	/* Nothing of it is left behind, also if it fails. */
	if (r >= 0)
		r = append_text(m, "CollectMode", "inactive-or-failed");
	if (r >= 0)
		r = t->limit_s ? append_limit(m, t->limit_s) : append_no_limit(m, t);
	if (r >= 0 && t->stdio_fd >= 0)
		r = sd_bus_message_append(m, "(sv)(sv)", "StandardInputFileDescriptor", "h",
			t->stdio_fd, "StandardOutputFileDescriptor", "h", t->stdio_fd);
	if (r >= 0)
		r = append_text(m, "StandardError", "journal");
	if (r >= 0)
		r = append_context(m, t);
	if (r >= 0)
		r = append_exec(m, t->argv);
	return r < 0 ? r : sd_bus_message_close_container(m);
}

static int send(struct bus *b, sd_bus_message *m, const char *unit, const char *what, struct err *e)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	int r = sd_bus_call(b->bus, m, CALL_USEC, &error, NULL);

	b->round_trips++;
	if (r < 0)
		r = err_prefix(e, bus_fail(e, &error, r, what), "%s", unit);
	sd_bus_error_free(&error);
	return r < 0 ? r : 0;
}

int bus_start_transient(struct bus *b, const struct transient *t, struct err *e)
{
	sd_bus_message *m = NULL;
	int r = sd_bus_message_new_method_call(
		b->bus, &m, SYSTEMD_NAME, SYSTEMD_PATH, MANAGER_INTERFACE, "StartTransientUnit");

	if (r >= 0)
		r = sd_bus_message_append(m, "ss", t->unit, "fail");
	if (r >= 0)
		r = append_properties(m, t);
	if (r >= 0)
		r = sd_bus_message_append(m, "a(sa(sv))", 0);
	r = r < 0 ? err_errno(e, r, "%s: cannot ask systemd to start it", t->unit)
		  : send(b, m, t->unit, "systemd does not start it", e);
	sd_bus_message_unref(m);
	return r;
}

int bus_kill_whom(struct bus *b, const char *unit, const char *whom, int signal, struct err *e)
{
	sd_bus_message *m = NULL;
	int r = sd_bus_message_new_method_call(
		b->bus, &m, SYSTEMD_NAME, SYSTEMD_PATH, MANAGER_INTERFACE, "KillUnit");

	if (r >= 0)
		r = sd_bus_message_append(m, "ssi", unit, whom, signal);
	r = r < 0 ? err_errno(e, r, "%s: cannot send a signal to it", unit)
		  : send(b, m, unit, "systemd does not send it a signal", e);
	sd_bus_message_unref(m);
	return r;
}

int bus_kill(struct bus *b, const char *unit, int signal, struct err *e)
{
	return bus_kill_whom(b, unit, "main", signal, e);
}
