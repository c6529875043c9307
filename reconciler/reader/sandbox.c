/*
 * Giving up what a reader of foreign bytes must not have (child.h), before it reads the first one.
 * Each step that fails ends the child: half a sandbox is none.
 * Called in the child, by child_run().
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "l4sync/child.h"

#define FDS_MAX 512       /* open files; a tree holds up to 128 directories open */
#define PROCESSES_MAX 256 /* of the reader's uid, ssh-keygen and threads of libgit2 among them */

static int failed(struct err *e, const char *what)
{
	return err_errno(e, -errno, "%s", what);
}

/* Handlers of the parent's must not run here. A server that hangs up is an error of write(2), and
 * so is a file that grows too large: both can be told in words. */
static void reset_signals(void)
{
	sigset_t none;

	for (int i = 1; i < NSIG; i++)
		signal(i, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static bool is_kept(const struct sandbox *s, unsigned fd)
{
	for (size_t i = 0; i < s->n_fds; i++)
		if ((unsigned)s->fds[i] == fd)
			return true;
	return false;
}

static int close_others(const struct sandbox *s, struct err *e)
{
	int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	unsigned from = 3, last = 2;

	if (null_fd < 0 || dup2(null_fd, 0) < 0 || dup2(null_fd, 1) < 0 || dup2(null_fd, 2) < 0)
		return failed(e, "/dev/null");
	for (size_t i = 0; i < s->n_fds; i++)
		if ((unsigned)s->fds[i] > last)
			last = (unsigned)s->fds[i];
	for (; from <= last; from++)
		if (!is_kept(s, from))
			close((int)from);
	return close_range(from, ~0u, 0) < 0 ? failed(e, "close_range") : 0;
}

static int limit(int resource, size_t value, struct err *e)
{
	struct rlimit limit;

	if (getrlimit((__rlimit_resource_t)resource, &limit) < 0)
		return failed(e, "getrlimit");
	if (limit.rlim_max == RLIM_INFINITY || limit.rlim_max > value)
		limit.rlim_max = value;
	limit.rlim_cur = limit.rlim_max;
	return setrlimit((__rlimit_resource_t)resource, &limit) < 0 ? failed(e, "setrlimit") : 0;
}

static int set_limits(const struct sandbox *s, struct err *e)
{
	int r = limit(RLIMIT_CORE, 0, e);

#ifndef __SANITIZE_ADDRESS__ /* which reserves terabytes of addresses */
	if (!r)
		r = limit(RLIMIT_AS, s->memory_max, e);
#endif
	if (!r)
		r = limit(RLIMIT_FSIZE, s->file_max, e);
	if (!r)
		r = limit(RLIMIT_NOFILE, FDS_MAX, e);
	/* Counted for the uid, so only where the uid is not a person's. */
	return r || !s->drop ? r : limit(RLIMIT_NPROC, PROCESSES_MAX, e);
}

static int drop_capabilities(struct err *e)
{
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct none[2] = {0};

	for (unsigned long cap = 0; cap < 64; cap++)
		if (prctl(PR_CAPBSET_READ, cap, 0, 0, 0) > 0 &&
			prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
			return failed(e, "cannot drop a capability from the bounding set");
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return failed(e, "cannot clear the ambient capabilities");
	/* The inheritable ones survive a change of the uid. setresuid() needs the others. */
	if (syscall(SYS_capget, &header, none) < 0)
		return failed(e, "capget");
	none[0].inheritable = none[1].inheritable = 0;
	return syscall(SYS_capset, &header, none) < 0 ? failed(e, "capset") : 0;
}

/* The kernel's word for it, after the fact. */
static int check_dropped(const struct sandbox *s, struct err *e)
{
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct has[2];
	uid_t uid, euid, suid;
	gid_t gid, egid, sgid;

	if (syscall(SYS_capget, &header, has) < 0 || getresuid(&uid, &euid, &suid) < 0 ||
		getresgid(&gid, &egid, &sgid) < 0)
		return failed(e, "cannot look at what was dropped");
	if (uid != s->uid || euid != s->uid || suid != s->uid || gid != s->gid || egid != s->gid ||
		sgid != s->gid || getgroups(0, NULL) != 0 || setresuid(0, 0, 0) == 0 ||
		setresgid(0, 0, 0) == 0)
		return err_set(e, -EPERM, "root was not dropped");
	for (size_t i = 0; i < ELEMENTS(has); i++)
		if (has[i].permitted || has[i].effective || has[i].inheritable)
			return err_set(e, -EPERM, "capabilities were not dropped");
	return 0;
}

static int drop_root(const struct sandbox *s, struct err *e)
{
	if (s->uid == 0 || s->gid == 0)
		return err_set(e, -EINVAL, "the reader's user must not be root");
	int r = drop_capabilities(e);
	if (r < 0)
		return r;
	if (setgroups(0, NULL) < 0 || setresgid(s->gid, s->gid, s->gid) < 0 ||
		setresuid(s->uid, s->uid, s->uid) < 0)
		return failed(e, "cannot become the reader's user");
	return check_dropped(s, e);
}

static int set_environment(struct err *e)
{
	clearenv();
	umask(077);
	if (setenv("PATH", "/usr/bin:/bin", 1) < 0 || setenv("LC_ALL", "C.UTF-8", 1) < 0 ||
		setenv("HOME", "/nonexistent", 1) < 0)
		return failed(e, "setenv");
	return chdir("/") < 0 ? failed(e, "/") : 0;
}

/* After the change of the uid, which undoes both of the middle ones. */
static int set_bonds(pid_t parent_pid, struct err *e)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return failed(e, "no_new_privs");
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return failed(e, "dumpable");
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return failed(e, "pdeathsig");
	if (getppid() != parent_pid)
		return err_set(e, -ECHILD, "the parent is gone");
	return setsid() < 0 ? failed(e, "setsid") : 0;
}

int sandbox_enter(const struct sandbox *s, pid_t parent_pid, struct err *e)
{
	int r = close_others(s, e);

	reset_signals();
	if (r >= 0 && s->drop)
		r = mounts_enter(s->write_dir, s->read_fd, e);
	if (r >= 0 && s->drop)
		r = drop_root(s, e);
	if (r >= 0)
		r = set_bonds(parent_pid, e);
	if (r >= 0)
		r = set_limits(s, e);
	return r < 0 ? r : set_environment(e);
}
