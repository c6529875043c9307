/*
 * The exposure that systemd-analyze(1) security gives loaded units (verify.h).
 * Judges nothing. Called by rules.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "exposure.h"

#define PROGRAM "systemd-analyze"
#define TIMEOUT_MS 30000
#define OUTPUT_MAX (8u << 20)

static int start(const char *const *argv, pid_t *ret_pid, int *ret_fd)
{
	static const char *const env[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8",
		"SYSTEMD_COLORS=0", "SYSTEMD_EMOJI=0", NULL};
	posix_spawn_file_actions_t files;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&files, ends[1], 1);
	posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
	int r = posix_spawnp(
		ret_pid, PROGRAM, &files, NULL, (char *const *)argv, (char *const *)env);
	posix_spawn_file_actions_destroy(&files);
	close(ends[1]);
	if (r)
		close(ends[0]);
	*ret_fd = ends[0];
	return -r;
}

static long long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

/* Until it ends, or the time does. */
static int read_output(int fd, struct buf *out)
{
	long long end = now_ms() + TIMEOUT_MS, left;
	char chunk[65536];

	while ((left = end - now_ms()) > 0) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		int r = poll(&p, 1, (int)left);

		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return r ? -errno : -ETIMEDOUT;
		ssize_t n = read(fd, chunk, sizeof chunk);
		if (n <= 0)
			return n ? -errno : 0;
		buf_add(out, chunk, (size_t)n);
		if (out->size > OUTPUT_MAX)
			return -EFBIG;
	}
	return -ETIMEDOUT;
}

bool exposure_parse(const char *output, const char *unit, unsigned *ret_tenths)
{
	static const char before[] = "Overall exposure level for ";
	size_t n = strlen(unit);

	for (const char *s = output; (s = strstr(s, before));) {
		unsigned whole, tenth;

		s += sizeof before - 1;
		if (!strncmp(s, unit, n) && sscanf(s + n, ": %2u.%1u ", &whole, &tenth) == 2) {
			*ret_tenths = whole * 10 + tenth;
			return true;
		}
	}
	return false;
}

int exposures(
	struct arena *a, const char *const *units, size_t n, unsigned *ret_tenths, struct err *e)
{
	const char **argv = arena_array(a, const char *, n + 4);
	_cleanup_buf_ struct buf out = BUF_INIT;
	_cleanup_close_ int fd = -1;
	int status;
	pid_t pid;

	argv[0] = PROGRAM;
	argv[1] = "security";
	argv[2] = "--no-pager";
	for (size_t i = 0; i < n; i++)
		argv[i + 3] = units[i];
	argv[n + 3] = NULL;
	int r = start(argv, &pid, &fd);
	if (r < 0)
		return err_errno(e, r, "cannot run " PROGRAM " security");
	r = read_output(fd, &out);
	if (r < 0)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (r < 0)
		return err_errno(e, r, PROGRAM " security");
	for (size_t i = 0; i < n; i++)
		if (!out.size || !exposure_parse(out.data, units[i], &ret_tenths[i]))
			ret_tenths[i] = EXPOSURE_UNKNOWN;
	return 0;
}
