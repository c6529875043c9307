/*
 * Reads the filter programs of a process (seccomp.h). A child of l4sync's own does it: with its
 * end, however it comes, the kernel lets go whatever it had stopped. Judges nothing. Called by the
 * probe and by verify --ptrace.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "l4sync/io.h"
#include "l4sync/text.h"

#include "forked.h"
#include "seccomp.h"

#define STOP_TIMEOUT_MS 2000
#define SCOPE_FILE "/proc/sys/kernel/yama/ptrace_scope"
/* The kernel's MAX_INSNS_PER_PATH, of which each program takes 4 more than it has. */
#define INSTRUCTIONS_MAX 32768
#define PROGRAMS_MAX (INSTRUCTIONS_MAX / 5)

enum { AT_SEIZE, AT_STOP, AT_READ };

/* What the child hands back: this, the programs' sizes, their instructions. */
struct answer {
	int error, at;
	uint64_t stopped_usec;
	size_t n, n_instructions;
};

struct room {
	struct answer answer;
	uint32_t sizes[PROGRAMS_MAX];
	struct sock_filter code[INSTRUCTIONS_MAX + BPF_MAXINSNS];
};

struct work {
	pid_t tid;
	struct room *room;
};

/* -1: the file, or the line, is not there. */
static long status_number(const char *path, const char *key)
{
	_cleanup_free_ char *line = NULL;
	size_t cap = 0;
	long n = -1;
	FILE *f = fopen(path, "re");

	while (f && n < 0 && getline(&line, &cap, f) > 0)
		if (text_starts(line, key))
			n = strtol(line + strlen(key), NULL, 10);
	if (f)
		fclose(f);
	return n;
}

static long task_number(pid_t pid, pid_t tid, const char *key)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/task/%d/status", pid, tid);
	return status_number(path, key);
}

/* Filters are a thread's, and are inherited by those that it starts; what it adds later may be its
 * own. So the one with the fewest shows what all have. */
static int find_thread(pid_t pid, pid_t *ret, long *ret_mode, struct err *e)
{
	char path[64];
	long fewest = -1;

	snprintf(path, sizeof path, "/proc/%d/task", pid);
	DIR *d = opendir(path);
	for (struct dirent *entry; d && (entry = readdir(d));) {
		pid_t tid = (pid_t)strtol(entry->d_name, NULL, 10);
		long n = tid > 0 ? task_number(pid, tid, "Seccomp_filters:") : -1;

		if (n >= 0 && (fewest < 0 || n < fewest || (n == fewest && tid == pid))) {
			fewest = n;
			*ret = tid;
		}
	}
	if (d)
		closedir(d);
	else
		return err_set(e, -ESRCH, "process %d is gone", pid);
	if (fewest < 0) /* a kernel before 5.9 */
		*ret = pid;
	*ret_mode = task_number(pid, *ret, "Seccomp:");
	return *ret_mode < 0 ? err_set(e, -ESRCH, "process %d is gone", pid) : 0;
}

int seccomp_may_read(struct err *e)
{
	long own = status_number("/proc/self/status", "Seccomp:"),
	     scope = status_number(SCOPE_FILE, "");

	if (own > 0)
		return err_set(e, -EACCES,
			"l4sync runs under a system call filter itself (as all services in a "
			"container do, and those with SystemCallFilter= or the like): the kernel "
			"shows the filters of others to none that has one; run it from a shell of "
			"the host itself");
	if (scope >= 3)
		return err_set(e, -EPERM,
			"kernel.yama.ptrace_scope is 3: no process may look into another until "
			"the next boot; with 2 root may");
	return 0;
}

/* Everything behind the stop, as short as it can be. */
static int read_stopped(pid_t tid, struct room *r)
{
	for (;;) {
		if (r->answer.n == PROGRAMS_MAX || r->answer.n_instructions > INSTRUCTIONS_MAX)
			return -EFBIG;
		long n = ptrace(PTRACE_SECCOMP_GET_FILTER, tid, (void *)r->answer.n,
			&r->code[r->answer.n_instructions]);
		if (n < 0)
			return errno == ENOENT ? 0 : -errno;
		r->sizes[r->answer.n++] = (uint32_t)n;
		r->answer.n_instructions += (size_t)n;
	}
}

/* A signal that was just being delivered is delivered on. */
static void seize_and_read(pid_t tid, struct room *r)
{
	int status, signal = 0;

	r->answer.at = AT_SEIZE;
	if (ptrace(PTRACE_SEIZE, tid, NULL, NULL) < 0) {
		r->answer.error = -errno;
		return;
	}
	r->answer.at = AT_STOP;
	uint64_t begin = monotonic_usec();
	if (ptrace(PTRACE_INTERRUPT, tid, NULL, NULL) < 0 || waitpid(tid, &status, __WALL) < 0 ||
		!WIFSTOPPED(status)) {
		r->answer.error = -ESRCH;
		return;
	}
	r->answer.at = AT_READ;
	if (!(status >> 16))
		signal = WSTOPSIG(status);
	r->answer.error = read_stopped(tid, r);
	ptrace(PTRACE_DETACH, tid, NULL, (void *)(intptr_t)signal);
	r->answer.stopped_usec = monotonic_usec() - begin;
}

/* In the child: nothing here may take memory while the other is stopped. */
static int read_all(int fd, void *userdata)
{
	struct work *w = userdata;
	struct room *r = w->room;

	memset(r, 0, sizeof *r);
	seize_and_read(w->tid, r);
	return fd_write_all(fd, &r->answer, sizeof r->answer) < 0 ||
	       fd_write_all(fd, r->sizes, r->answer.n * sizeof *r->sizes) < 0 ||
	       fd_write_all(fd, r->code, r->answer.n_instructions * sizeof *r->code) < 0;
}

static int refused(pid_t pid, pid_t tid, const struct answer *a, struct err *e)
{
	long tracer = task_number(pid, tid, "TracerPid:");

	if (a->error == -ESRCH)
		return err_set(e, -ESRCH, "process %d is gone", pid);
	if (a->at == AT_SEIZE && tracer > 0)
		return err_set(e, -EPERM,
			"process %d is traced by process %ld already (a debugger?), and only one "
			"can at a time",
			pid, tracer);
	if (a->at == AT_SEIZE)
		return err_set(e, -EPERM,
			"the kernel does not let l4sync trace process %d (%s): that takes root "
			"with CAP_SYS_PTRACE",
			pid, strerrordesc_np(-a->error));
	if (a->error == -EACCES)
		return err_set(e, -EACCES,
			"the kernel shows filters to root of the host alone, with CAP_SYS_ADMIN "
			"and without a filter of its own");
	return err_set(e, -EOPNOTSUPP,
		"the kernel does not show the filters of process %d (%s): it is in strict mode, or "
		"the kernel is built without CONFIG_CHECKPOINT_RESTORE",
		pid, strerrordesc_np(-a->error));
}

/* The bytes are l4sync's own child's, yet what was read is somebody else's program. */
static int take_programs(struct arena *a, pid_t pid, const struct buf *b,
	const struct answer *answer, struct seccomp_filters *ret, struct err *e)
{
	const char *at = b->data + sizeof *answer;
	const uint32_t *sizes = arena_memdup(a, at, answer->n * sizeof *sizes);
	const struct sock_filter *code = arena_memdup(
		a, at + answer->n * sizeof *sizes, answer->n_instructions * sizeof *code);

	ret->programs = arena_array(a, struct seccomp_program, answer->n);
	for (size_t i = 0; i < answer->n; code += sizes[i++]) {
		if (!seccomp_valid(code, sizes[i]))
			return err_set(e, -EOPNOTSUPP,
				"filter %zu of process %d is none that l4sync understands", i, pid);
		ret->programs[ret->n++] = (struct seccomp_program){sizes[i], code};
	}
	return 0;
}

static int read_thread(struct arena *a, pid_t pid, struct seccomp_filters *ret, struct err *e)
{
	_cleanup_free_ struct room *room = xmalloc(sizeof *room);
	_cleanup_buf_ struct buf b = BUF_INIT;
	struct work work = {ret->thread, room};
	struct answer answer;

	int r = forked_run(read_all, &work, STOP_TIMEOUT_MS, sizeof *room, &b);
	if (r == -ETIMEDOUT)
		return err_set(e, r,
			"process %d did not stop in %d s (it waits in the kernel, for a disk or "
			"the like); it was left alone",
			pid, STOP_TIMEOUT_MS / 1000);
	if (r < 0 || b.size < sizeof answer)
		return err_errno(
			e, r < 0 ? r : -ECHILD, "cannot read the filters of process %d", pid);
	memcpy(&answer, b.data, sizeof answer);
	ret->stopped_usec = answer.stopped_usec;
	if (answer.error)
		return refused(pid, ret->thread, &answer, e);
	return take_programs(a, pid, &b, &answer, ret, e);
}

int seccomp_read(struct arena *a, pid_t pid, struct seccomp_filters *ret, struct err *e)
{
	struct seccomp_filters found = {0};
	long mode = 0;
	int r = seccomp_may_read(e);

	if (r >= 0)
		r = find_thread(pid, &found.thread, &mode, e);
	if (r >= 0 && mode == 1)
		r = err_set(e, -EOPNOTSUPP,
			"process %d is in seccomp's strict mode, which has no filters", pid);
	if (r >= 0 && mode > 1)
		r = read_thread(a, pid, &found, e);
	if (r >= 0)
		*ret = found;
	return r;
}
