/*
 * systemd's manager over sd-bus: lists, jobs, what a unit did after its job. No systemctl.
 * As root the manager's private socket is used, so that it works before and without dbus.
 * Called by the modules service, unit, sysctl (nothing else talks to systemd).
 */
#ifndef L4SYNC_BUS_H
#define L4SYNC_BUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "l4sync/err.h"
#include "l4sync/mem.h"

struct bus;

/* -ENOENT, -ECONNREFUSED with a text that says that systemd is not running here (and --root). */
int bus_open(struct bus **ret, struct err *e);
void bus_close(struct bus *b); /* NULL is allowed */
/* How often this connection waited for an answer; pipelined calls count once together. */
unsigned bus_round_trips(const struct bus *b);

/* A loaded unit, as ListUnits says. Strings in the arena. */
struct unit_status {
	const char *name; /* primary name */
	const char *load_state, *active_state, *sub_state;
	const char *object_path;
	bool job_pending;
};

/* All loaded units, sorted by name (bytes). One round trip. */
int bus_list_units(
	struct bus *b, struct arena *a, struct unit_status **ret, size_t *ret_n, struct err *e);

/* What is asked of several units at once: one round trip for all of them. NeedDaemonReload and
 * UnitFileState are not among it: they cost systemd 2 and 5 ms a unit, and the unit index knows
 * better (unitpath.h). */
struct unit_details {
	const char *name;
	bool found;                                    /* false: not loaded (any more) */
	char invocation_id[33];                        /* hexadecimal, "" if it never ran */
	const char *active_state, *sub_state, *result; /* result: NULL unless a service */
	const char *load_state;
	const char *fragment_path;
	bool can_reload;
	uint32_t n_restarts; /* NRestarts, services */
	uint32_t main_pid;
	uint64_t active_enter_usec;  /* CLOCK_REALTIME; 0: never */
	uint64_t inactive_exit_usec; /* CLOCK_REALTIME; when it was last started; 0: never */
	uint64_t exec_start_usec;    /* the same of a service's main process, which systemd may
				      * start anew without the former (RestartMode=direct) */
	uint64_t begun_usec, executed_usec; /* both again, CLOCK_MONOTONIC */
	const char **names;                 /* NULL-terminated: aliases */
	const char **after;                 /* NULL-terminated: After= */
};

/* Fills details[i] for names[i]; names are loaded if load is true (then see load_state:
 * "not-found", "masked"), else only those that are loaded are found, at the cost of a second round
 * trip. */
int bus_unit_details(struct bus *b, struct arena *a, const char *const *names, size_t n, bool load,
	struct unit_details *details, struct err *e);

/* When what runs of it was started, by either clock; 0: never. A moment of this boot that is kept
 * is kept by the monotonic one: the other may be set meanwhile. */
uint64_t unit_started_realtime(const struct unit_details *d);
uint64_t unit_started_monotonic(const struct unit_details *d);

/* Since when each of these loaded units runs (0: never, or it is not a unit any more), and when
 * systemd has read the units' files last: CLOCK_REALTIME. One round trip. */
int bus_units_started(struct bus *b, struct arena *a, const char *const *names, size_t n,
	uint64_t *started_usec, uint64_t *ret_read_usec, struct err *e);

/* What runs of one loaded service. */
struct unit_run {
	uint64_t state_usec; /* of its last change of state, also of a reload: CLOCK_REALTIME */
	uint32_t main_pid;   /* 0: none */
};
int bus_unit_run(struct bus *b, const char *unit, struct unit_run *ret, struct err *e);

/* NeedDaemonReload of one loaded unit: by the files' times of modification and names, so not of
 * what a link leads to. 2 to 5 ms. */
int bus_unit_unread(struct bus *b, const char *unit, bool *ret, struct err *e);

/* Whether what systemd has read of a loaded unit has a fragment or drop-in at that path. */
int bus_unit_has_read(struct bus *b, const char *unit, const char *file, bool *ret, struct err *e);

/* Manager.Reload(): complete when it returns. Waits out LimitsExceeded, at most timeout_ms. */
int bus_reload(struct bus *b, uint64_t timeout_ms, struct err *e);

enum unit_verb { UNIT_START, UNIT_STOP, UNIT_TRY_RESTART, UNIT_RELOAD };

/*
 * Runs one job in mode "replace" and follows it to its JobRemoved. result: "done" "canceled"
 * "timeout" "failed" "dependency" "skipped" (static text). A job that ended other than "done" is
 * 0 with that result; only a failing call is an error. idle, if not NULL, is called at least every
 * 200 ms with userdata; a non-zero return ends the wait with that value (the job goes on).
 * -ETIMEDOUT after timeout_ms; -ENOENT: no such unit.
 */
int bus_job(struct bus *b, const char *unit, enum unit_verb verb, uint64_t timeout_ms,
	int (*idle)(void *userdata), void *userdata, const char **result, struct err *e);

/* Queues a job in mode "replace" and does not wait for it. */
int bus_enqueue(struct bus *b, const char *unit, enum unit_verb verb, struct err *e);

/* A transient service that runs argv[0] (an absolute path), NULL-terminated. */
struct transient {
	const char *unit, *description;
	const char *const *argv;
	const char *const *environment; /* "NAME=value", NULL-terminated; NULL: systemd's own */
	const char *const *environment_files; /* paths, NULL-terminated; "-/x": it may be missing */
	const char *user;                     /* NULL: root, without root's own environment */
	const char *working_directory;        /* NULL: / */
	unsigned long long memory_bytes;      /* MemoryMax=; 0: none of its own */
	unsigned long long tasks;             /* TasksMax=; 0: systemd's default */
	int stdio_fd;     /* its standard input and output; -1: null and journal */
	bool restart;     /* again, if it is killed */
	unsigned limit_s; /* killed then, with all that it has started, and in l4sync.slice;
			   * 0: it may run on */
};

/* Started, not waited for. It stops when it is asked to by SIGTERM, and has half an hour for that;
 * it leaves nothing behind. */
int bus_start_transient(struct bus *b, const struct transient *t, struct err *e);

/* How the main process of a transient service has ended. */
struct run_end {
	bool exited;            /* by itself, with status */
	bool unstarted;         /* systemd could not execute it: 203/EXEC, 217/USER and the like */
	int status;             /* if so */
	const char *text;       /* "exited with 1/FAILURE", "was killed by signal 9/KILL"; arena */
	char invocation_id[33]; /* for journal_tail() */
};

/*
 * Starts one with a limit and waits for its end. idle as in bus_job(); where that ends the wait, it
 * is killed with all that it has started. An error only if it could not be started or followed.
 */
int bus_run(struct bus *b, struct arena *a, const struct transient *t, int (*idle)(void *userdata),
	void *userdata, struct run_end *ret, struct err *e);

/* A signal to the main process of a unit. */
int bus_kill(struct bus *b, const char *unit, int signal, struct err *e);

/* The units that systemd restarts along with one, if they run: what requires it, is bound to it or
 * part of it. Some may be there twice. In the arena. */
int bus_unit_carries(struct bus *b, struct arena *a, const char *unit, const char ***ret,
	size_t *ret_n, struct err *e);

/*
 * Puts the cgroup settings that a daemon-reload has read into the kernel, for a unit that runs,
 * without a restart. Two round trips.
 */
int bus_realize(struct bus *b, const char *unit, struct err *e);

/*
 * The units of the host that run and have programs of SocketBindAllow=, SocketBindDeny= or
 * RestrictNetworkInterfaces=: a daemon-reload takes those off (seen on 257), bus_realize() puts
 * them back. In the arena. Two round trips.
 */
int bus_filtered_units(
	struct bus *b, struct arena *a, const char ***ret, size_t *ret_n, struct err *e);

/* A unit's cgroup below /sys/fs/cgroup ("/system.slice/x.service"), in the arena; NULL in *ret: it
 * has none. */
int bus_unit_cgroup(
	struct bus *b, struct arena *a, const char *unit, const char **ret, struct err *e);
/* A number (D-Bus type t) of a unit's own type's properties; UINT64_MAX is often "not set". */
int bus_unit_number(struct bus *b, struct arena *a, const char *unit, const char *property,
	uint64_t *ret, struct err *e);
/* The same of a set of numbers (AllowedCPUs): bit N of byte N / 8. In the arena. */
int bus_unit_bitmap(struct bus *b, struct arena *a, const char *unit, const char *property,
	const unsigned char **ret, size_t *ret_size, struct err *e);

/* ResetFailedUnit; a unit that is not loaded is no error. */
int bus_reset_failed(struct bus *b, const char *unit, struct err *e);

/*
 * systemd's own note that a unit needs a restart: Markers=needs-restart, which systemd takes away
 * when the unit is restarted or stopped, and keeps over a daemon-reload. Setting or taking it away
 * puts changed cgroup settings into force too (measured on 257), as each SetUnitProperties() does.
 */
int bus_marked(struct bus *b, const char *unit, bool *ret, struct err *e);
int bus_mark(struct bus *b, const char *unit, bool needs_restart, struct err *e);

/*
 * Watches a unit after its job until it is healthy or not: reaches active (a oneshot without
 * RemainAfterExit: inactive with result success), then stays so for settle_ns with the same
 * invocation and no automatic restart. timeout_ms is the time to reach active. 0 healthy;
 * -EREMOTEIO with a sentence ("NAME: failed: Result exit-code, status 226/NAMESPACE", "NAME:
 * restarted by itself 2 times", "NAME: still activating after 90 s"). Signals (PropertiesChanged),
 * not polling, decide; idle as above.
 */
int bus_watch_healthy(struct bus *b, const char *unit, uint64_t timeout_ms, uint64_t settle_ns,
	int (*idle)(void *userdata), void *userdata, struct err *e);

/* The last n lines that an invocation logged (journal), oldest first; in the arena. An absent or
 * unreadable journal gives none. invocation_id NULL: the unit's newest. since_usec: CLOCK_REALTIME,
 * what is older is left out; 0: nothing is. */
int journal_tail(struct arena *a, const char *unit, const char *invocation_id, uint64_t since_usec,
	size_t n, const char ***ret_lines, size_t *ret_n);

#endif
