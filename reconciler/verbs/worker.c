/*
 * A run that changes the live host runs in a transient service of its own: it goes on when the
 * terminal, the connection or the session that asked for it is gone. This side starts the service
 * and shows what it says, by the protocol of -H over a socket; `l4sync worker` is the other side.
 * Called by the dispatch.
 */
#include "worker.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>

#include "l4sync/bus.h"
#include "l4sync/lines.h"
#include "l4sync/protocol.h"
#include "l4sync/text.h"

#include "verbs.h"

/* Who asks, and how sources are reached: what a service does not inherit. */
static const char *const inherited[] = {"PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "SUDO_USER",
	"SUDO_UID", "SSH_CONNECTION", "SSH_CLIENT", "http_proxy", "https_proxy", "no_proxy",
	"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR"};

static volatile sig_atomic_t interrupted, terminated;

struct worker {
	struct arena *arena;
	const char *unit;
	struct host *host;
	struct bus *bus;
	struct sink *sink;
	struct conversation talk;
	struct lines in;
	bool told; /* that it is to end */
};

static void on_signal(int signal)
{
	if (signal == SIGINT)
		interrupted = 1;
	else
		terminated = 1;
}

/* Without SA_RESTART, so that they end a wait. */
static void catch_signals(void)
{
	const struct sigaction action = {.sa_handler = on_signal};

	interrupted = terminated = 0;
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

static void release_signals(void)
{
	const struct sigaction action = {.sa_handler = SIG_DFL};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

const char *const *worker_environment(struct arena *a)
{
	const char **list = arena_array(a, const char *, ELEMENTS(inherited) + 1);
	size_t n = 0;

	for (size_t i = 0; i < ELEMENTS(inherited); i++) {
		const char *value = getenv(inherited[i]);

		if (value && *value && text_is_utf8(value, strlen(value)))
			list[n++] = arena_printf(a, "%s=%s", inherited[i], value);
	}
	return list;
}

const char *worker_program(struct arena *a, struct err *e)
{
	char exe[4096];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);

	if (n < 0)
		err_errno(e, -errno, "cannot tell where this program is");
	return n < 0 ? NULL : arena_strndup(a, exe, (size_t)n);
}

static int start(struct worker *w, const struct request *q, struct err *e)
{
	const char *const argv[] = {worker_program(w->arena, e), "worker", NULL};
	int fds[2];

	if (!argv[0])
		return -EIO;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		return err_errno(e, -errno, "cannot make a socket");
	_cleanup_close_ int theirs = fds[1];
	w->talk.fd = w->in.fd = fds[0];
	w->unit = arena_printf(w->arena, "l4sync-%s-%ld.service", q->command, (long)getpid());
	const struct transient t = {
		.unit = w->unit,
		.description = arena_printf(w->arena, "l4sync %s", q->command),
		.argv = argv,
		.environment = worker_environment(w->arena),
		.stdio_fd = theirs,
	};
	int r = host_open(w->arena, NULL, "", &w->host, e);
	if (r >= 0)
		r = host_bus(w->host, &w->bus, e);
	return r < 0 ? r : bus_start_transient(w->bus, &t, e);
}

static void end_it(struct worker *w, int signal)
{
	_cleanup_err_ struct err e = ERR_INIT;

	if (!w->told && bus_kill(w->bus, w->unit, signal, &e) < 0)
		event_message(w->sink, "warning", "%s", err_text(&e));
	w->told = true;
}

/* SIGTERM rolls back. SIGINT asks first, where somebody can be asked; a second one is a yes. */
static void heed_signals(struct worker *w)
{
	if (interrupted && !w->told) {
		interrupted = 0;
		int answer = w->sink->ask(w->sink, "Interrupted. Put back what was done so far?");
		if (answer == 1 || answer == -ENOTTY || interrupted)
			end_it(w, SIGINT);
	}
	if (terminated)
		end_it(w, SIGTERM);
}

/* 1: a line; 0: the end; or a negative errno. */
static int next_line(struct worker *w, char **ret, size_t *ret_size)
{
	struct pollfd fd = {.fd = w->in.fd, .events = POLLIN};
	int r;

	while (!(r = lines_next(&w->in, ret, ret_size))) {
		int n = poll(&fd, 1, -1);

		if (n < 0 && errno != EINTR)
			return -errno;
		heed_signals(w);
		if (n > 0 && (r = lines_fill(&w->in)) <= 0 && r != -EINTR)
			return r;
	}
	return r;
}

static int follow(struct worker *w, const struct request *q, struct err *e)
{
	char *line;
	size_t size;
	int r = next_line(w, &line, &size);

	if (r > 0) {
		json_t *hello = lines_object(line, size, e);
		r = hello ? protocol_begin(&w->talk, hello, q, e) : -EPROTO;
		json_decref(hello);
	} else {
		r = r < 0 ? r : -ECONNRESET;
	}
	while (r >= 0 && !w->talk.done && (r = next_line(w, &line, &size)) > 0) {
		bool declined = w->talk.declined;

		r = protocol_line(&w->talk, line, size, e);
		/* An interrupt that was the answer to a question is none any more. */
		if (w->talk.declined && !declined)
			interrupted = 0;
	}
	return w->talk.done
		       ? 0
		       : err_set(e, r < 0 ? r : -ECONNRESET,
				 "the service %s that runs it has ended%s%s; `l4sync status` tells "
				 "how far it "
				 "came, `journalctl -u %s` perhaps why",
				 w->unit, e->text ? ": " : "", e->text ? e->text : "", w->unit);
}

int worker_run(const struct request *q, struct sink *s)
{
	_cleanup_arena_ struct arena *a = arena_new();
	_cleanup_err_ struct err e = ERR_INIT;
	struct worker w = {.arena = a,
		.sink = s,
		.in = {.fd = -1, .limit = EVENT_SIZE_MAX},
		.talk = {.fd = -1, .who = "the service", .sink = s}};
	int status = EXIT_REFUSED;

	catch_signals();
	int r = start(&w, q, &e);
	if (r >= 0) {
		r = follow(&w, q, &e);
		status = r < 0 ? EXIT_UNKNOWN : w.talk.exit;
	}
	release_signals();
	if (r < 0) {
		event_message(s, "error", "%s", err_text(&e));
		event_emit(s, "{s:s, s:i}", "event", "done", "exit", status);
	}
	lines_free(&w.in);
	closep_(&w.talk.fd);
	host_free(w.host);
	return status;
}

int worker_serve(void)
{
	take_signals();
	return serve_run(run_here);
}
