/*
 * The processes of a unit, by its cgroup (members.h).
 * Opens none for longer than it asks. Called by truth.c.
 */
#include "members.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "l4sync/text.h"

#define DEPTH_MAX 32
#define ANCESTORS_MAX 64
#define PROCS_SIZE_MAX (4u << 20)

static void add(struct arena *a, struct members *m, pid_t pid)
{
	if (m->n == m->cap) {
		size_t cap = m->cap ? 2 * m->cap : 16;
		pid_t *pids = arena_array(a, pid_t, cap);

		if (m->n)
			memcpy(pids, m->pids, m->n * sizeof *pids);
		m->pids = pids;
		m->cap = cap;
	}
	m->pids[m->n++] = pid;
}

/* A 0 stands for a process that is outside of this PID namespace. */
static void read_procs(struct arena *a, struct members *m, int dir)
{
	_cleanup_close_ int fd = openat(dir, "cgroup.procs", O_RDONLY | O_CLOEXEC);
	const void *data;
	size_t size;

	if (fd < 0 || fd_read_all(a, fd, PROCS_SIZE_MAX, &data, &size) < 0)
		return;
	for (const char *s = data; *s; s += strcspn(s, "\n"), s += *s == '\n') {
		long pid = strtol(s, NULL, 10);

		if (pid > 0)
			add(a, m, (pid_t)pid);
	}
}

/* dir is closed. */
static void read_tree(struct arena *a, struct members *m, int dir, unsigned depth)
{
	DIR *d = fdopendir(dir);
	struct dirent *entry;

	if (!d) {
		close(dir);
		return;
	}
	read_procs(a, m, dir);
	while (depth < DEPTH_MAX && (entry = readdir(d))) {
		if (entry->d_type != DT_DIR || *entry->d_name == '.')
			continue;
		int below =
			openat(dir, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		if (below >= 0)
			read_tree(a, m, below, depth + 1);
	}
	closedir(d);
}

void members_read(struct arena *a, struct members *m)
{
	int dir = open(
		arena_printf(a, "/sys/fs/cgroup%s", m->cgroup), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir >= 0)
		read_tree(a, m, dir, 0);
}

bool members_has(struct arena *a, const struct members *m, const struct process *p)
{
	size_t size, n = strlen(m->cgroup);
	const char *text;

	if (process_read(a, p, "cgroup", &text, &size) < 0)
		return false;
	/* The line of the unified hierarchy. */
	const char *line = text_starts(text, "0::") ? text : strstr(text, "\n0::");
	if (!line)
		return false;
	line += *line == '\n';
	line += strlen("0::");
	return !strncmp(line, m->cgroup, n) && (line[n] == '\n' || line[n] == '/');
}

bool members_is_control(struct arena *a, const struct members *m, const struct process *p)
{
	pid_t pid = p->pid, parent = p->status.ppid;

	if (!m->control_pid)
		return false;
	for (int i = 0; i < ANCESTORS_MAX; i++) {
		struct process above;

		if (pid == m->control_pid)
			return true;
		if (parent <= 1 || process_open(a, parent, &above) < 0)
			return false;
		pid = parent;
		parent = above.status.ppid;
		process_close(&above);
	}
	return false;
}

gid_t members_primary_group(uid_t uid)
{
	const struct passwd *entry = getpwuid(uid);

	return entry ? entry->pw_gid : 0;
}
