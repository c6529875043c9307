/*
 * Running a program of the host (program.h).
 * Knows no program. Called by whoever needs one: validators, packages, users, exposure.
 */
#include "l4sync/program.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "l4sync/io.h"
#include "l4sync/text.h"

#define IDLE_MS 200
#define LINE_MAX_BYTES 1024

struct running {
	const struct program *program;
	struct buf *output;
	pid_t pid;
	int pid_fd;
	int in, out, failed; /* pipes: what it reads, writes, and why it could not begin */
	size_t written;      /* of its input */
	char line[LINE_MAX_BYTES];
	size_t n_line;
};

/* Standard streams, a session of its own, no signal ignored or blocked, no other descriptor. */
static int enter(const struct program *p, const int *in, int out, int failed)
{
	sigset_t none;

	sigemptyset(&none);
	if (setsid() < 0 || dup2(*in, 0) < 0 || dup2(out, 1) < 0)
		return -errno;
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (dup2(p->with_errors ? 1 : null, 2) < 0 || dup2(failed, 3) < 0)
		return -errno;
	if (fcntl(3, F_SETFD, FD_CLOEXEC) < 0 || close_range(4, ~0u, 0) < 0)
		return -errno;
	for (int i = 1; i < NSIG; i++)
		signal(i, SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);
	umask(022);
	return chdir("/") < 0 ? -errno : 0;
}

static int set_environment(const struct program *p)
{
	if (clearenv() || setenv("PATH", PROGRAM_PATH, 1) < 0 || setenv("LC_ALL", "C.UTF-8", 1) < 0)
		return -ENOMEM;
	for (const char *const *s = p->environment; s && *s; s++)
		if (putenv((char *)*s))
			return -ENOMEM;
	return 0;
}

__attribute__((noreturn)) static void become(
	const struct program *p, pid_t parent, int in, int out, int failed)
{
	int r = 0;

	/* As its parent goes, so does it. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
		_exit(1);
	/* Above what the standard streams are about to be. */
	in = fcntl(in, F_DUPFD, 10);
	out = fcntl(out, F_DUPFD, 10);
	failed = fcntl(failed, F_DUPFD, 10);
	if (in < 0 || out < 0 || failed < 0)
		_exit(1);
	if ((r = enter(p, &in, out, failed)) >= 0 && (r = set_environment(p)) >= 0 && p->prepare)
		r = p->prepare(p->userdata);
	if (r >= 0) {
		execvp(p->argv[0], (char *const *)p->argv);
		r = -errno;
	}
	(void)!write(3, &r, sizeof r);
	_exit(127);
}

static int make_pipes(int fds[6])
{
	for (size_t i = 0; i < 6; i += 2)
		if (pipe2(fds + i, O_CLOEXEC) < 0) {
			int r = -errno;

			while (i)
				close(fds[--i]);
			return r;
		}
	return 0;
}

static void close_input(struct running *x)
{
	closep_(&x->in);
	x->in = -1;
}

static int start(struct running *x, struct err *e)
{
	int fds[6], r = make_pipes(fds);
	pid_t parent = getpid();

	if (r < 0)
		return err_errno(e, r, "cannot run %s", x->program->argv[0]);
	x->pid = fork();
	if (!x->pid)
		become(x->program, parent, fds[0], fds[3], fds[5]);
	r = x->pid < 0 ? -errno : 0;
	close(fds[0]);
	close(fds[3]);
	close(fds[5]);
	x->in = fds[1];
	x->out = fds[2];
	x->failed = fds[4];
	fcntl(x->in, F_SETFL, O_NONBLOCK);
	fcntl(x->out, F_SETFL, O_NONBLOCK);
	if (!x->program->input_size)
		close_input(x);
	x->pid_fd = r < 0 ? -1 : pidfd_open(x->pid, 0);
	return r < 0 ? err_errno(e, r, "cannot run %s", x->program->argv[0]) : 0;
}

/* A line that is too long is told cut off. */
static int take_line(struct running *x, const char *bytes, size_t n)
{
	for (size_t i = 0; i < n && x->program->idle; i++) {
		if (bytes[i] != '\n') {
			if (x->n_line < sizeof x->line - 1)
				x->line[x->n_line++] = bytes[i];
			continue;
		}
		x->line[x->n_line] = '\0';
		x->n_line = 0;
		int r = x->program->idle(x->program->userdata, x->line);
		if (r)
			return r;
	}
	return 0;
}

/* 1: more may come; 0: that was all, or for now where it has ended. */
static int read_output(struct running *x)
{
	char chunk[16384];
	ssize_t n = read(x->out, chunk, sizeof chunk);

	if (n < 0)
		return errno == EINTR ? 1 : errno == EAGAIN ? 0 : -errno;
	if (!n)
		return 0;
	size_t left = x->output && x->output->size < x->program->output_max
			      ? x->program->output_max - x->output->size
			      : 0;
	if (left)
		buf_add(x->output, chunk, (size_t)n < left ? (size_t)n : left);
	int r = take_line(x, chunk, (size_t)n);
	return r ? r : 1;
}

/* Who does not want to read it all need not. SIGPIPE is ignored by all of l4sync. */
static void write_input(struct running *x)
{
	const struct program *p = x->program;
	ssize_t n = write(x->in, (const char *)p->input + x->written, p->input_size - x->written);

	if (n > 0)
		x->written += (size_t)n;
	if ((n < 0 && errno != EINTR && errno != EAGAIN) || x->written == p->input_size)
		close_input(x);
}

/* Until it has closed its output, or has ended: what it leaves behind may keep that open. */
static int follow(struct running *x)
{
	uint64_t end = monotonic_usec() + x->program->timeout_s * 1000000ull, now;

	while ((now = monotonic_usec()) < end) {
		struct pollfd fds[] = {
			{x->out, POLLIN, 0}, {x->in, POLLOUT, 0}, {x->pid_fd, POLLIN, 0}};
		uint64_t left_ms = (end - now) / 1000 + 1;
		int n = poll(fds, ELEMENTS(fds), left_ms < IDLE_MS ? (int)left_ms : IDLE_MS), r = 1;

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n <= 0 && x->program->idle) {
			r = x->program->idle(x->program->userdata, NULL);
			if (r)
				return r;
			continue;
		}
		if (n > 0 && fds[1].revents)
			write_input(x);
		if (n > 0 && fds[0].revents && (r = read_output(x)) <= 0)
			return r;
		if (n > 0 && fds[2].revents && !fds[0].revents)
			return 0;
	}
	return -ETIMEDOUT;
}

/* One that has closed its output has as much time again to end. What it has started ends with it;
 * its status is asked for last: until then its number cannot become somebody else's. */
static int wait_end(struct running *x, int r, int *ret_status)
{
	uint64_t end = monotonic_usec() + x->program->timeout_s * 1000000ull;
	struct pollfd ended = {x->pid_fd, POLLIN, 0};

	while (!r && poll(&ended, 1, IDLE_MS) <= 0) {
		if (monotonic_usec() >= end)
			r = -ETIMEDOUT;
		else if (x->program->idle)
			r = x->program->idle(x->program->userdata, NULL);
	}
	if (r)
		kill(x->pid, SIGKILL); /* it may not lead its session yet */
	siginfo_t info;
	while (waitid(P_PID, (id_t)x->pid, &info, WEXITED | WNOWAIT) < 0 && errno == EINTR)
		;
	kill(-x->pid, SIGKILL);
	while (waitpid(x->pid, ret_status, 0) < 0 && errno == EINTR)
		;
	return r;
}

static int why_not_begun(struct running *x, struct err *e)
{
	int code = 0;

	if (read(x->failed, &code, sizeof code) != sizeof code)
		return 0;
	if (code == -ENOENT)
		return err_set(e, code, "there is no program %s", x->program->argv[0]);
	return err_errno(e, code, "cannot run %s", x->program->argv[0]);
}

int program_run(const struct program *p, struct buf *output, struct program_end *ret, struct err *e)
{
	struct running x = {
		.program = p, .output = output, .pid_fd = -1, .in = -1, .out = -1, .failed = -1};
	int status = 0;
	int r = start(&x, e);

	*ret = (struct program_end){0};
	if (r >= 0) {
		r = wait_end(&x, follow(&x), &status);
		if (r == -ETIMEDOUT)
			err_set(e, r, "%s was not ready after %u s and was killed", p->argv[0],
				p->timeout_s);
		else if (r)
			err_errno(e, r, "%s was killed", p->argv[0]);
		else
			r = why_not_begun(&x, e);
	}
	closep_(&x.pid_fd);
	closep_(&x.in);
	closep_(&x.out);
	closep_(&x.failed);
	ret->exited = WIFEXITED(status);
	ret->status = ret->exited ? WEXITSTATUS(status) : 0;
	ret->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	return r;
}

#define LINES_SHOWN 5

const char *program_last_lines(struct arena *a, const char *output)
{
	char *text = arena_strdup(a, output), *from;
	size_t n = strlen(text), lines = 0;

	while (n && strchr(" \t\r\n", text[n - 1]))
		text[--n] = '\0';
	for (char *p = text; (p = strchr(p, '\t'));)
		*p = ' ';
	text_printable(text);
	for (from = text + n; from > text && (from[-1] != '\n' || ++lines < LINES_SHOWN);)
		from--;
	for (char *p = from; *p; p++)
		if (*p == '\n')
			*p = ' ';
	return from;
}

const char *program_end_text(struct arena *a, const struct program_end *end)
{
	return end->exited ? arena_printf(a, "status %d", end->status)
			   : arena_printf(a, "signal %d (%s)", end->signal, strsignal(end->signal));
}

bool program_succeeded(const struct program_end *end)
{
	return end->exited && !end->status;
}
