/*
 * Forking the child, listening to it and burying it (child.h). Believes nothing that it says:
 * what it wrote is bounded here and judged by the caller.
 * Called by reader_run().
 */
#include "l4sync/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <time.h>

#include "l4sync/text.h"

#define LINE_MAX_BYTES 512
#define END_MS 5000     /* for the child to end after its answer */
#define CHILD_UNSAFE 71 /* exit status: it could not be locked in, the answer says why */

struct listener {
	const struct child *child;
	struct buf *answer;
	size_t size;               /* of the answer */
	char line[LINE_MAX_BYTES]; /* what was read of a progress line so far */
	size_t n;
	bool too_long; /* the rest of this line is skipped */
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* 1 while more may come, 0 at the end. */
static int read_answer(struct listener *l, int fd, struct err *e)
{
	char chunk[65536];
	ssize_t n = read(fd, chunk, sizeof chunk);

	if (n < 0)
		return errno == EINTR ? 1 : err_errno(e, -errno, "cannot read from the reader");
	if ((size_t)n > l->child->answer_max - l->size)
		return err_set(e, -EFBIG,
			"the state is larger than %zu MiB, or the reader went wrong",
			l->child->answer_max >> 20);
	l->size += (size_t)n;
	if (!l->child->take)
		buf_add(l->answer, chunk, (size_t)n);
	else if (n > 0) {
		int r = l->child->take(l->child->take_userdata, chunk, (size_t)n, e);

		if (r < 0)
			return r;
	}
	return n > 0;
}

static void end_line(struct listener *l)
{
	l->line[l->n] = 0;
	text_printable(l->line);
	if (!l->too_long && l->n && l->child->progress)
		l->child->progress(l->child->progress_userdata, l->line);
	l->n = 0;
	l->too_long = false;
}

/* Nothing that stands here is needed for anything: what does not fit is dropped. */
static int read_progress(struct listener *l, int fd)
{
	char chunk[4096];
	ssize_t n = read(fd, chunk, sizeof chunk);

	if (n < 0)
		return errno == EINTR;
	for (ssize_t i = 0; i < n; i++) {
		if (chunk[i] == '\n')
			end_line(l);
		else if (l->n < sizeof l->line - 1)
			l->line[l->n++] = chunk[i];
		else
			l->too_long = true;
	}
	return n > 0;
}

/* Until the answer ends; the progress of a child that goes on after it is nobody's business. */
static int listen_to(struct listener *l, int answer_fd, int progress_fd, struct err *e)
{
	uint64_t deadline = now_ns() + l->child->timeout_ns;
	struct pollfd fds[] = {{answer_fd, POLLIN, 0}, {progress_fd, POLLIN, 0}};

	for (;;) {
		uint64_t now = now_ns(),
			 left_ms = now < deadline ? (deadline - now) / 1000000 + 1 : 0;

		if (!left_ms)
			return err_set(e, -ETIMEDOUT,
				"the reader was not ready after %llu s and was stopped; is the "
				"network or the disk too slow?",
				(unsigned long long)(l->child->timeout_ns / 1000000000u));
		int n = poll(fds, ELEMENTS(fds), left_ms < 60000 ? (int)left_ms : 60000);
		if (n < 0 && errno != EINTR)
			return err_errno(e, -errno, "cannot wait for the reader");
		if (n <= 0)
			continue;
		if (fds[1].revents && !read_progress(l, progress_fd))
			fds[1].fd = -1;
		int r = fds[0].revents ? read_answer(l, answer_fd, e) : 1;
		if (r <= 0)
			return r;
	}
}

static int status_error(int status, const struct buf *answer, struct err *e)
{
	int number = WIFSIGNALED(status) ? WTERMSIG(status) : 0;

	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == CHILD_UNSAFE) {
		_cleanup_free_ char *text =
			xstrdup(answer && answer->data ? answer->data : "unknown error");

		text_printable(text);
		return err_set(e, -EPERM, "cannot lock the reader in: %s", text);
	}
	if (number)
		return err_set(e, -ECHILD, "the reader was killed by signal %d (%s)%s", number,
			strsignal(number),
			number == SIGKILL   ? "; out of memory? `dmesg` says"
			: number == SIGABRT ? "; the state needs more memory than it may have"
					    : "");
	return err_set(
		e, -ECHILD, "the reader ended with status %d and no answer", WEXITSTATUS(status));
}

static void stop(pid_t pid)
{
	kill(-pid, SIGKILL); /* what it started too; it may not lead its session yet */
	kill(pid, SIGKILL);
}

/* Its status is asked for last: until then its number cannot become somebody else's. */
static int bury(pid_t pid, bool now, int *ret_status, struct err *e)
{
	_cleanup_close_ int fd = pidfd_open(pid, 0);
	struct pollfd ended = {fd, POLLIN, 0};
	int r = fd < 0 ? err_errno(e, -errno, "cannot watch the reader") : 0;

	/* Nothing is left to do for it but to end. */
	int n = now || r < 0 ? 0 : -1;
	while (n < 0 && (n = poll(&ended, 1, END_MS)) < 0 && errno == EINTR)
		;
	if (n <= 0)
		stop(pid);
	siginfo_t info;
	while (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) < 0)
		if (errno != EINTR)
			return err_errno(e, -errno, "cannot wait for the reader");
	kill(-pid, SIGKILL);
	while (waitpid(pid, ret_status, 0) < 0)
		if (errno != EINTR)
			return err_errno(e, -errno, "cannot wait for the reader");
	return r;
}

__attribute__((noreturn)) static void be_child(
	const struct child *c, pid_t parent_pid, int answer_fd, int progress_fd)
{
	struct sandbox s = c->sandbox;
	struct err e = ERR_INIT;

	s.fds[s.n_fds++] = answer_fd;
	s.fds[s.n_fds++] = progress_fd;
	if (sandbox_enter(&s, parent_pid, &e) < 0) {
		dprintf(answer_fd, "%s", err_text(&e));
		_exit(CHILD_UNSAFE);
	}
	c->work(answer_fd, progress_fd, c->userdata);
	_exit(0);
}

/* Two pipes above the standard descriptors, which the child gives up: reading and writing ends. */
static int make_pipes(int fds[4], struct err *e)
{
	for (size_t i = 0; i < 4; i += 2) {
		int ends[2];

		if (pipe2(ends, O_CLOEXEC) < 0)
			return err_errno(e, -errno, "cannot make a pipe");
		fds[i] = fcntl(ends[0], F_DUPFD_CLOEXEC, 3);
		fds[i + 1] = fcntl(ends[1], F_DUPFD_CLOEXEC, 3);
		close(ends[0]);
		close(ends[1]);
		if (fds[i] < 0 || fds[i + 1] < 0)
			return err_errno(e, -errno, "cannot make a pipe");
	}
	return 0;
}

int child_run(const struct child *c, struct buf *answer, struct err *e)
{
	struct listener l = {.child = c, .answer = answer};
	int fds[4] = {-1, -1, -1, -1}, status = 0;
	pid_t parent_pid = getpid(), pid = -1;

	int r = make_pipes(fds, e);
	if (!r) {
		pid = fork();
		if (!pid)
			be_child(c, parent_pid, fds[1], fds[3]);
		if (pid < 0)
			r = err_errno(e, -errno, "cannot start the reader");
	}
	closep_(&fds[1]);
	closep_(&fds[3]);
	if (pid > 0) {
		r = listen_to(&l, fds[0], fds[2], e);
		int buried = bury(pid, r < 0, &status, r < 0 ? NULL : e);

		if (!r)
			r = buried < 0 ? buried : status_error(status, answer, e);
	}
	closep_(&fds[0]);
	closep_(&fds[2]);
	return r;
}
