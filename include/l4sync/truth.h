/*
 * What the kernel enforces on the processes of units that run, against what their loaded
 * configuration declares (SPEC 8). Asks systemd for the declared settings and /proc, /sys/fs/cgroup
 * and the attached BPF programs for the real ones; changes nothing, and stops no process unless it
 * is asked to read filters. Called by verify and by the search for stale processes.
 */
#ifndef L4SYNC_TRUTH_H
#define L4SYNC_TRUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "l4sync/err.h"
#include "l4sync/host.h"
#include "l4sync/mem.h"

enum truth_verdict {
	TRUTH_HOLDS,
	TRUTH_LACKS,   /* the kernel has something else, which no process of the unit may have
			* brought about by itself under what is declared */
	TRUTH_OWN,     /* it has something else, which the process may have done itself: a umask, a
			* raised nice value, capabilities that it gave up */
	TRUTH_UNKNOWN, /* the kernel could not be asked; see real */
};

/* One declared setting of one unit; of several processes the worst, and the first that is so. */
struct truth {
	const char *directive; /* "NoNewPrivileges" */
	enum truth_verdict verdict;
	pid_t pid;            /* the process; 0: the cgroup, or the unit itself */
	const char *process;  /* its name; NULL: no process */
	const char *declared; /* in the words of systemd.exec(5) */
	const char *real;     /* the same for what is; for TRUTH_UNKNOWN why it could not be told */
};

struct seccomp_filters;

/* A process whose filters were to be read. */
struct truth_read {
	pid_t pid;
	const char *process;                   /* its name */
	unsigned long long stopped_usec;       /* for how long at most; 0: it need not be stopped */
	const struct seccomp_filters *filters; /* NULL: they could not be read, */
	const char *unread;                    /* for this reason */
};

struct truth_unit {
	const char *unit;
	bool running;                    /* else nothing was asked */
	unsigned long long started_usec; /* CLOCK_REALTIME, of its main process's start */
	size_t n_processes;
	size_t n; /* by directive; what the unit does not declare is not there */
	struct truth *items;
	bool ptrace;   /* filters were to be read: */
	size_t n_read; /* each process that was looked at */
	struct truth_read *read;
};

/* All units at once, in the order of the names; items in the arena. A unit that stops meanwhile is
 * not running; one whose program is just being started is waited for, at most a second. With ptrace
 * each process is stopped for a moment and its system call filters are read; else no process is
 * stopped. Errors are of systemd or the kernel's files as a whole (-EACCES without root). */
int truth_units(struct host *h, struct arena *a, const char *const *units, size_t n, bool ptrace,
	struct truth_unit *ret, struct err *e);

/* Whether filters could be read at all here, before anything is stopped: -EACCES, -EPERM, with what
 * to do about it. */
int truth_may_ptrace(struct err *e);

/* The table's directives, for documentation and tests. */
void truth_each(void (*each)(const char *directive, void *userdata), void *userdata);

#endif
