/*
 * The program that a probe runs in the sandbox of a service: binds ports and makes system calls
 * that are said to be denied, and tells over its standard streams how that went.
 * Judges nothing and changes nothing; linked statically, for a sandbox may have no libraries.
 * Called by systemd, as ExecStart= of the units that reconciler/probe/files.c writes.
 */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../talk.h"

#define TIMEOUT_MS 2000

#define ALL (-1L)

/* One thing to try, by a process of its own: a filter may kill it. */
struct attempt {
	unsigned id;
	bool is_call;
	char word[16]; /* "udp", "tcp"; of a call its ABI */
	int family;
	unsigned port;
	long number, first, second;
};

/* How it went, as that process tells. */
struct outcome {
	bool no_socket;
	int error;
};

static void try_bind(const struct attempt *x, struct outcome *ret)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((in_port_t)x->port)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((in_port_t)x->port)};
	const struct sockaddr *address = (const struct sockaddr *)&v4;
	socklen_t size = sizeof v4;
	int on = 1;

	if (x->family == 6) {
		address = (const struct sockaddr *)&v6;
		size = sizeof v6;
	}
	int fd = socket(
		address->sa_family, strcmp(x->word, "udp") != 0 ? SOCK_STREAM : SOCK_DGRAM, 0);
	ret->no_socket = fd < 0;
	/* Else a port that IPv4 has would be in the way of IPv6. */
	if (fd >= 0 && x->family == 6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
	ret->error = fd < 0 || bind(fd, address, size) < 0 ? errno : 0;
}

/* With arguments that no call can do anything with. A call that makes a process comes back twice,
 * and both end here. */
static void try_call(const struct attempt *x, struct outcome *ret)
{
	long answer;

#ifdef __x86_64__
	if (!strcmp(x->word, "x86")) {
		__asm__ volatile("int $0x80"
				 : "=a"(answer)
				 : "a"(x->number), "b"(x->first), "c"(x->second), "d"(ALL),
				 "S"(ALL), "D"(ALL)
				 : "memory", "r8", "r9", "r10", "r11");
		answer = (int)answer;
		ret->error = answer < 0 && answer > -4096 ? (int)-answer : 0;
		return;
	}
#endif
	answer = syscall(x->number, x->first, x->second, ALL, ALL, ALL, ALL);
	ret->error = answer == -1 ? errno : 0;
}

/* Never returns. */
static void attempt_and_tell(int fd, const struct attempt *x)
{
	struct outcome o = {.no_socket = false};

	/* Death by a filter's signal leaves no core behind. */
	prctl(PR_SET_DUMPABLE, 0);
	if (x->is_call)
		try_call(x, &o);
	else
		try_bind(x, &o);
	(void)!write(fd, &o, sizeof o);
	_exit(0);
}

static void tell(const struct attempt *x, const char *word, int number)
{
	dprintf(1, "%u %s %d\n", x->id, word, number);
}

static void attempt(const struct attempt *x)
{
	struct outcome o;
	int ends[2], status = 0;

	if (pipe(ends) < 0) {
		tell(x, TALK_FORK, errno);
		return;
	}
	pid_t pid = fork();
	if (!pid) {
		close(ends[0]);
		attempt_and_tell(ends[1], x);
	}
	int error = errno;
	close(ends[1]);
	struct pollfd p = {.fd = ends[0], .events = POLLIN};
	int n = pid < 0 ? 0 : poll(&p, 1, TIMEOUT_MS);
	ssize_t size = n > 0 ? read(ends[0], &o, sizeof o) : 0;
	if (pid > 0 && (n <= 0 || size == sizeof o))
		kill(pid, SIGKILL);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	close(ends[0]);
	if (pid < 0)
		tell(x, TALK_FORK, error);
	else if (n <= 0)
		tell(x, TALK_LATE, 0);
	else if (size == sizeof o)
		tell(x, o.no_socket ? TALK_SOCKET : o.error ? TALK_ERRNO : TALK_DONE, o.error);
	else if (WIFSIGNALED(status))
		tell(x, TALK_SIGNAL, WTERMSIG(status));
	else
		tell(x, TALK_EXIT, WEXITSTATUS(status));
}

static void handle(const char *line)
{
	struct attempt x = {.is_call = true};

	if (sscanf(line, TALK_CALL " %u %15s %ld %ld %ld", &x.id, x.word, &x.number, &x.first,
		    &x.second) == 5) {
		attempt(&x);
	} else if (sscanf(line, TALK_BIND " %u %d %15s %u", &x.id, &x.family, x.word, &x.port) ==
		   4) {
		x.is_call = false;
		attempt(&x);
	} else if (!strcmp(line, TALK_END)) {
		tell(&x, TALK_END, 0);
	}
}

/* Until the other end is closed, whose look at this process takes a while. */
int main(void)
{
	char line[TALK_LINE_MAX];
	size_t n = 0;

	signal(SIGPIPE, SIG_DFL);
	while (n < sizeof line && read(0, line + n, 1) == 1) {
		if (line[n++] != '\n')
			continue;
		line[n - 1] = '\0';
		handle(line);
		n = 0;
	}
	return 0;
}
