/*
 * Reads a process by its directory in /proc (proc.h), which stays that of this process when its
 * number is given to another.
 * Judges nothing, stops nothing. Called by processes.c and the rows.
 */
#include "proc.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <linux/stat.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "l4sync/host.h"
#include "l4sync/text.h"

#define FILE_SIZE_MAX (4u << 20)
#define EXECUTOR "/systemd-executor"

int process_read(
	struct arena *a, const struct process *p, const char *file, const char **ret, size_t *size)
{
	_cleanup_close_ int fd = openat(p->fd, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	const void *data;

	if (fd < 0)
		return -errno;
	int r = fd_read_all(a, fd, FILE_SIZE_MAX, &data, size);
	if (r >= 0)
		*ret = data;
	return r;
}

const char *process_link(struct arena *a, const struct process *p, const char *name)
{
	const char *target;

	return link_read(a, p->fd, name, &target) < 0 ? NULL : target;
}

static void read_namespaces(struct process *p)
{
	static const char *const names[NS_COUNT] = {
		"ns/mnt", "ns/pid", "ns/ipc", "ns/net", "ns/uts", "ns/user", "ns/cgroup"};
	struct stat st;

	for (int i = 0; i < NS_COUNT; i++)
		p->ns[i] = fstatat(p->fd, names[i], &st, 0) < 0 ? 0 : (uint64_t)st.st_ino;
}

/*
 * A process that systemd has forked has the settings only once it executes its program. The
 * helper of PAM stays in that state for good, and is systemd's own.
 */
static int executed(struct arena *a, const struct process *p)
{
	const char *exe = process_link(a, p, "exe");

	if (!exe)
		return p->status.kernel_thread ? -ESRCH : 0;
	if (!text_ends(exe, EXECUTOR) && *p->status.name != '(')
		return 0;
	if (!strcmp(p->status.name, "(sd-pam)"))
		return text_ends(exe, EXECUTOR) || text_ends(exe, "/systemd") ? -ESRCH : 0;
	return text_ends(exe, EXECUTOR) || text_ends(exe, "/systemd/systemd") ? -EAGAIN : 0;
}

static int read_stat(struct arena *a, struct process *p)
{
	const char *text;
	size_t size;
	int r = process_read(a, p, "stat", &text, &size);

	if (r < 0)
		return -ESRCH;
	return stat_parse(text, p) ? 0 : -EBADMSG;
}

static int read_process(struct arena *a, struct process *p)
{
	const char *text;
	size_t size;

	if (process_read(a, p, "status", &text, &size) < 0)
		return -ESRCH;
	if (!status_parse(a, text, &p->status))
		return -EBADMSG;
	if (strchr("ZX", p->status.state) || p->status.kernel_thread)
		return -ESRCH;
	int r = read_stat(a, p);
	if (r >= 0)
		r = executed(a, p);
	if (r >= 0)
		read_namespaces(p);
	return r;
}

int process_open(struct arena *a, pid_t pid, struct process *ret)
{
	char path[32];

	snprintf(path, sizeof path, "/proc/%d", pid);
	*ret = (struct process){.pid = pid, .fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
	if (ret->fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	int r = read_process(a, ret);
	if (r < 0)
		process_close(ret);
	return r;
}

void process_close(struct process *p)
{
	closep_(&p->fd);
	p->fd = -1;
}

bool process_lives(struct arena *a, const struct process *p)
{
	const char *text;
	size_t size;

	if (process_read(a, p, "stat", &text, &size) < 0)
		return false;
	const char *state = strrchr(text, ')');
	return state && state[1] && !strchr("ZX", state[2]);
}

int process_limits(struct arena *a, struct process *p)
{
	const char *text;
	size_t size;

	if (p->has_limits)
		return 0;
	int r = process_read(a, p, "limits", &text, &size);
	if (r < 0)
		return r;
	p->has_limits = limits_parse(text, p->limits);
	return p->has_limits ? 0 : -EBADMSG;
}

int process_mounts(struct arena *a, struct process *p)
{
	const char *text;
	size_t size;

	if (p->has_mounts)
		return 0;
	int r = process_read(a, p, "mountinfo", &text, &size);
	if (r < 0)
		return r;
	p->has_mounts = mountinfo_parse(a, text, &p->mounts, &p->n_mounts);
	return p->has_mounts ? 0 : -EBADMSG;
}

static int open_in_root(const struct process *p, const char *path)
{
	_cleanup_close_ int root = openat(p->fd, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct open_how how = {
		.flags = O_PATH | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};

	if (root < 0)
		return -errno;
	/* A rename meanwhile gives EAGAIN. */
	for (int i = 0; i < 32; i++) {
		int fd = (int)syscall(SYS_openat2, root, path, &how, sizeof how);

		if (fd >= 0 || errno != EAGAIN)
			return fd < 0 ? -errno : fd;
	}
	return -EAGAIN;
}

/* "mnt_id:" of fdinfo: which of several mounts on a path is the one that is seen, and what links
 * on the way lead to, is the kernel's to say. */
static int mount_id(struct arena *a, int fd, unsigned long long *ret)
{
	char path[48];
	const void *text;
	size_t size;

	snprintf(path, sizeof path, "/proc/self/fdinfo/%d", fd);
	_cleanup_close_ int info = open(path, O_RDONLY | O_CLOEXEC);
	if (info < 0)
		return -errno;
	int r = fd_read_all(a, info, 4096, &text, &size);
	if (r < 0)
		return r;
	const char *line = strstr(text, "mnt_id:");
	return line && sscanf(line, "mnt_id: %llu", ret) == 1 ? 0 : -EBADMSG;
}

int process_mount_of(struct arena *a, struct process *p, const char *path, const struct mount **ret,
	const char **ret_path)
{
	_cleanup_close_ int fd = open_in_root(p, path);
	unsigned long long id;
	char self[32];

	if (fd < 0)
		return fd == -ENOTDIR ? -ENOENT : fd;
	int r = mount_id(a, fd, &id);
	if (r >= 0)
		r = process_mounts(a, p);
	if (r < 0)
		return r;
	for (size_t i = 0; i < p->n_mounts; i++) {
		if (p->mounts[i].id != id)
			continue;
		*ret = &p->mounts[i];
		snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
		return link_read(a, AT_FDCWD, self, ret_path);
	}
	return -ENODATA; /* mounted since they were read, or not below its root */
}
