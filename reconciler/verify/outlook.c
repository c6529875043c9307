/*
 * A child of l4sync's own becomes what a process is, as far as seeing others goes, and looks
 * (outlook.h). hidepid= hides from a user what it shows to root, and to the group 0.
 * Executes nothing, writes nothing, sends no signal. Called by isolation.c.
 */
#include "outlook.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "l4sync/host.h"
#include "l4sync/io.h"
#include "l4sync/text.h"

#include "forked.h"

#define TIMEOUT_MS 3000
#define STAT_MAX 4096

/* What the child is given, and what it hands back: an error and where, then a byte for each. */
struct job {
	struct arena *arena;
	struct process *process;
	int pidfd, root, namespaces; /* CLONE_NEW*: those that are not ours */
	const struct sought *sought;
	size_t n;
	int answer_fd;
	unsigned char *found;
};

enum { AT_IDENTITY = 1, AT_NAMESPACES, AT_ROOT, AT_END };
static const char *const places[] = {
	[AT_IDENTITY] = "take its user and groups",
	[AT_NAMESPACES] = "enter its namespaces",
	[AT_ROOT] = "enter its root",
};

static int set_capabilities(uint64_t permitted)
{
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct own[2];

	if (syscall(SYS_capget, &header, own) < 0)
		return -errno;
	for (size_t i = 0; i < ELEMENTS(own); i++) {
		own[i].permitted &= (uint32_t)(permitted >> 32 * i);
		own[i].effective = own[i].permitted;
		own[i].inheritable = 0;
	}
	return syscall(SYS_capset, &header, own) < 0 ? -errno : 0;
}

/* The user is changed first, in our user namespace, where the numbers mean what /proc has said. The
 * capabilities are kept until the namespaces have been entered. Whoever has this user now may not
 * look into this process. */
static int take_identity(const struct job *j)
{
	const struct status *s = &j->process->status;

	if (prctl(PR_SET_DUMPABLE, 0) < 0 || prctl(PR_SET_KEEPCAPS, 1) < 0 ||
		setgroups(s->n_groups, s->groups) < 0 ||
		setresgid(s->gid[0], s->gid[1], s->gid[2]) < 0 ||
		setresuid(s->uid[0], s->uid[1], s->uid[2]) < 0 || prctl(PR_SET_DUMPABLE, 0) < 0 ||
		prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return -errno;
	return set_capabilities(UINT64_MAX);
}

/* What hidepid=invisible hides can be looked up all the same; only what is asked of it fails. */
static int open_number(int proc, unsigned number)
{
	struct stat st;
	char name[16];

	snprintf(name, sizeof name, "%u", number);
	_cleanup_close_ int dir = openat(proc, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return dir < 0 || fstat(dir, &st) < 0 ? -1 : TAKE_FD(dir);
}

/* A file of a process's directory; "": it cannot be read. */
static void read_text(int dir, const char *file, char text[STAT_MAX])
{
	_cleanup_close_ int fd = openat(dir, file, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, text, STAT_MAX - 1);

	text[n < 0 ? 0 : n] = '\0';
}

/* Whether a number can be its in a proc of that depth: in another PID namespace beside its own the
 * same number is somebody else's, who may have been started in the same moment. */
static bool may_be_in(const struct job *j, const struct sought *s, size_t depth)
{
	const struct status *own = &j->process->status;
	bool both_deepest = depth + 1 == s->n_numbers && depth + 1 == own->n_numbers;

	return depth < s->n_numbers && (!both_deepest || s->pid_ns == j->process->ns[NS_PID]) &&
	       s->numbers[depth] != own->numbers[depth];
}

/* What the kernel shows there is it, and not another that has its number in another namespace. What
 * cannot be read has the number at least. */
static bool is_it(int dir, const struct sought *s)
{
	struct process seen;
	char text[STAT_MAX];

	read_text(dir, "stat", text);
	return !*text || !stat_parse(text, &seen) || seen.start_ticks == s->start_ticks;
}

/* How many PID namespaces above that of this process the proc is of, from the numbers that it has
 * for this process. -1: it is of none of them. */
static int depth_of(const struct job *j, int proc)
{
	_cleanup_close_ int self = openat(proc, "self", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct status status;
	char text[STAT_MAX];

	if (self < 0)
		return -1;
	read_text(self, "status", text);
	if (!status_parse(j->arena, text, &status) || !status.n_numbers ||
		status.n_numbers > j->process->status.n_numbers)
		return -1;
	return (int)(j->process->status.n_numbers - status.n_numbers);
}

/* By what it is, for its number there is not known. */
static void look_for_any(const struct job *j, int proc)
{
	int fd = openat(proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	for (struct dirent *entry; d && (entry = readdir(d));) {
		_cleanup_close_ int dir = -1;
		struct process seen;
		struct status status;
		char text[STAT_MAX];

		if (*entry->d_name < '1' || *entry->d_name > '9')
			continue;
		dir = openat(proc, entry->d_name, O_PATH | O_DIRECTORY | O_CLOEXEC);
		read_text(dir, "stat", text);
		if (!*text || !stat_parse(text, &seen))
			continue;
		read_text(dir, "status", text);
		if (!status_parse(j->arena, text, &status) || !status.n_numbers)
			continue;
		for (size_t i = 0; i < j->n; i++) {
			const struct sought *s = &j->sought[i];

			if (s->start_ticks == seen.start_ticks && s->n_numbers &&
				s->numbers[s->n_numbers - 1] ==
					status.numbers[status.n_numbers - 1])
				j->found[i] = OUTLOOK_VISIBLE;
		}
	}
	if (d)
		closedir(d);
}

static void look_in(const struct job *j, int proc)
{
	int depth = depth_of(j, proc);

	if (depth < 0) {
		look_for_any(j, proc);
		return;
	}
	for (size_t i = 0; i < j->n; i++) {
		const struct sought *s = &j->sought[i];
		_cleanup_close_ int dir =
			may_be_in(j, s, (size_t)depth) ? open_number(proc, s->numbers[depth]) : -1;

		if (dir >= 0 && is_it(dir, s))
			j->found[i] = OUTLOOK_VISIBLE;
	}
}

/* Wherever one is mounted, if the user can get there. */
static void look_in_all(const struct job *j)
{
	for (size_t i = 0; i < j->process->n_mounts; i++) {
		const struct mount *m = &j->process->mounts[i];
		struct statfs fs;

		if (strcmp(m->type, "proc") != 0 || strcmp(m->root, "/") != 0)
			continue;
		_cleanup_close_ int proc = open(m->point, O_PATH | O_DIRECTORY | O_CLOEXEC);
		/* Something may be mounted over it. */
		if (proc >= 0 && !fstatfs(proc, &fs) && fs.f_type == PROC_SUPER_MAGIC)
			look_in(j, proc);
	}
}

/* Signal 0 is none: the kernel says only whether it would be let through. */
static void try_signals(const struct job *j)
{
	size_t own = j->process->status.n_numbers;

	for (size_t i = 0; i < j->n; i++) {
		const struct sought *s = &j->sought[i];

		if (!j->found[i] && own && s->n_numbers == own &&
			s->pid_ns == j->process->ns[NS_PID] && !kill((pid_t)s->numbers[own - 1], 0))
			j->found[i] = OUTLOOK_SIGNALS;
	}
}

static int answer(const struct job *j, int error, int at)
{
	const int head[] = {error, at};

	return fd_write_all(j->answer_fd, head, sizeof head) < 0 ||
	       fd_write_all(j->answer_fd, j->found, j->n) < 0;
}

/* In the PID namespace, if it is another, only a child of this child is. */
static int look(const struct job *j)
{
	int r = set_capabilities(j->process->status.cap_permitted);

	if (r < 0)
		return answer(j, r, AT_IDENTITY);
	look_in_all(j);
	try_signals(j);
	return answer(j, 0, AT_END);
}

static int look_as_child(const struct job *j)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(look(j));
	}
	if (pid < 0)
		return answer(j, -errno, AT_NAMESPACES);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return 1;
	return !WIFEXITED(status) || WEXITSTATUS(status);
}

static int look_from(int fd, void *userdata)
{
	struct job *j = userdata;

	j->answer_fd = fd;
	int r = take_identity(j);
	if (r < 0)
		return answer(j, r, AT_IDENTITY);
	if (setns(j->pidfd, j->namespaces) < 0)
		return answer(j, -errno, AT_NAMESPACES);
	if (fchdir(j->root) < 0 || chroot(".") < 0 || chdir("/") < 0)
		return answer(j, -errno, AT_ROOT);
	return j->namespaces & CLONE_NEWPID ? look_as_child(j) : look(j);
}

/* Where it is in ours there is nothing to enter. */
static int find_namespaces(const struct process *p, int *ret)
{
	static const struct {
		int ns, flag;
		const char *path;
	} all[] = {{NS_USER, CLONE_NEWUSER, "/proc/self/ns/user"},
		{NS_MNT, CLONE_NEWNS, "/proc/self/ns/mnt"},
		{NS_PID, CLONE_NEWPID, "/proc/self/ns/pid"},
		{NS_NET, CLONE_NEWNET, "/proc/self/ns/net"}};

	/* The mount namespace is entered in any case: the root is set with it. */
	*ret = CLONE_NEWNS;
	for (size_t i = 0; i < ELEMENTS(all); i++) {
		struct stat st;

		if (stat(all[i].path, &st) < 0)
			return -errno;
		if (p->ns[all[i].ns] != st.st_ino)
			*ret |= all[i].flag;
	}
	return 0;
}

static int run(struct job *j, struct err *e)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	int head[2], r = forked_run(look_from, j, TIMEOUT_MS, 1 << 20, &b);

	if (r == -ETIMEDOUT)
		return err_set(e, r, "it took longer than %d s", TIMEOUT_MS / 1000);
	if (r < 0 || b.size != sizeof head + j->n)
		return err_set(e, r < 0 ? r : -ECHILD, "the child that looks was ended");
	memcpy(head, b.data, sizeof head);
	memcpy(j->found, b.data + sizeof head, j->n);
	return head[0] < 0 ? err_errno(e, head[0], "cannot %s", places[head[1]]) : 0;
}

int outlook_of(struct arena *a, struct process *p, const struct sought *sought, size_t n,
	enum outlook *ret, struct err *e)
{
	_cleanup_close_ int pidfd = pidfd_open(p->pid, 0);
	_cleanup_close_ int root = openat(p->fd, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct job j = {.arena = a,
		.process = p,
		.pidfd = pidfd,
		.root = root,
		.sought = sought,
		.n = n,
		.found = arena_alloc(a, n + 1)};

	if (pidfd < 0 || root < 0)
		return err_set(e, -ESRCH, "process %d is gone", p->pid);
	/* What the descriptor leads to is what was opened, if that still lives. */
	int r = process_mounts(a, p);
	if (r >= 0)
		r = find_namespaces(p, &j.namespaces);
	if (!process_lives(a, p))
		return err_set(e, -ESRCH, "process %d is gone", p->pid);
	if (r < 0)
		return err_errno(e, r, "cannot look into its mounts and namespaces");
	r = run(&j, e);
	if (r < 0 && !process_lives(a, p))
		return err_set(e, -ESRCH, "process %d is gone", p->pid);
	for (size_t i = 0; i < n && r >= 0; i++)
		ret[i] = (enum outlook)j.found[i];
	return r;
}
