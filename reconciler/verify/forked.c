/*
 * A child for what must not be done in l4sync itself (forked.h): it may be stopped at any moment.
 * Drops nothing and knows no task. Called by the reading of filters and the look into namespaces.
 */
#include "forked.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "l4sync/io.h"

/* Until the child closes its end. */
static int take(int fd, unsigned long long until_usec, size_t max, struct buf *answer)
{
	struct pollfd p = {fd, POLLIN, 0};
	char part[16384];

	for (;;) {
		unsigned long long now = monotonic_usec();
		int r = poll(&p, 1, now < until_usec ? (int)((until_usec - now) / 1000) + 1 : 0);

		if (r < 0 && errno != EINTR)
			return -errno;
		if (!r)
			return -ETIMEDOUT;
		if (r < 0)
			continue;
		ssize_t n = read(fd, part, sizeof part);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (!n)
			return 0;
		if (n > 0 && answer->size + (size_t)n > max)
			return -EFBIG;
		if (n > 0)
			buf_add(answer, part, (size_t)n);
	}
}

int forked_run(int (*work)(int fd, void *userdata), void *userdata, unsigned timeout_ms, size_t max,
	struct buf *answer)
{
	int fds[2], status;
	pid_t parent = getpid();

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	pid_t pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* A parent that had ended before that line will not send it. */
		_exit(getppid() != parent || work(fds[1], userdata));
	}
	int r = pid < 0 ? -errno : 0;
	close(fds[1]);
	if (!r)
		r = take(fds[0], monotonic_usec() + timeout_ms * 1000ull, max, answer);
	close(fds[0]);
	if (pid < 0)
		return r;
	/* Whoever has closed its end has only its end before it. */
	if (r < 0)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	if (!r && (!WIFEXITED(status) || WEXITSTATUS(status)))
		r = -ECHILD;
	return r;
}
