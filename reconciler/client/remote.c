/*
 * The near end of -H: starts ssh, sends the request, hands events to the sink, answers questions.
 * Trusts nothing that the host sends; showing it harmlessly is the sink's business. The protocol
 * itself stands in protocol.c. Called by main.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "l4sync/command.h"
#include "l4sync/lines.h"
#include "l4sync/protocol.h"
#include "l4sync/render.h"
#include "l4sync/request.h"
#include "l4sync/ssh.h"

#define NOISE_MAX 65536u /* bytes that a login shell may print before the first line of ours */
#define STDERR_LINE_MAX 4096u
/* ssh's last line is shown after this, or in the error if ssh ends with it. A security key that
 * waits to be touched must not be kept waiting longer. */
#define HOLD_MS 300
/* sshd punishes who is refused again and again: from this on each pause is twice the one before. */
#define CONFIRM_RETRY_S 2

struct remote {
	const struct request *request;
	struct sink *sink;
	struct ssh ssh;
	struct lines out, err;
	struct conversation talk;
	bool begun;      /* the host has greeted */
	size_t noise;    /* bytes before the first line of ours */
	bool confirmed;  /* over another connection, by confirm_anew() */
	bool no_command; /* standard error said that there is no l4sync */
	bool no_right;   /* standard error said that sudo refuses */
	char *last;      /* its last line */
	bool held;       /* which was not shown yet */
	struct err e;
};

/* The sink of a confirmation. */
struct confirming {
	struct sink sink;
	struct sink *to;
};

static void show_held(struct remote *m)
{
	if (m->held)
		event_message(m->sink, "warning", "%s: %s", m->request->remote, m->last);
	m->held = false;
}

/* A login shell that prints something is a nuisance, not an error. */
static int before_hello(struct remote *m, const char *line, size_t size)
{
	json_t *o = *line == '{' ? lines_object(line, size, NULL) : NULL;
	int rc = 0;

	if (json_is_integer(json_object_get(o, "l4sync"))) {
		m->talk.fd = m->ssh.in;
		m->out.limit = EVENT_SIZE_MAX;
		rc = protocol_begin(&m->talk, o, m->request, &m->e);
		m->begun = rc != -EPROTO;
	} else {
		m->noise += size + 1;
		if (m->request->verbosity > 0)
			event_message(
				m->sink, "warning", "%s printed: %s", m->request->remote, line);
		if (m->noise > NOISE_MAX)
			rc = err_set(&m->e, -EPROTO,
				"%s answers, but not as l4sync: its login shell prints too much",
				m->request->remote);
	}
	json_decref(o);
	return rc;
}

static int run_over(const struct request *r, struct sink *s, bool fresh);

/* What a confirmation says is not part of the apply's events. */
static void confirm_event(struct sink *sink, json_t *event)
{
	struct confirming *c = (struct confirming *)sink;
	const char *name = field(event, "event");

	if (!strcmp(name, "error") || !strcmp(name, "warning"))
		event_message(c->to, "warning", "confirming: %s", field(event, "text"));
	json_decref(event);
}

static int confirm_ask(struct sink *sink, const char *question)
{
	struct confirming *c = (struct confirming *)sink;

	return c->to->ask(c->to, question);
}

/*
 * Whether the host can still be reached is what has to be shown, so it is a connection of its own,
 * tried for as long as the host waits. The first one may be dead by now.
 */
static void confirm_anew(struct remote *m)
{
	struct confirming c = {{confirm_event, confirm_ask}, m->sink};
	const struct request q = {.command = "confirm",
		.argument = m->talk.nonce,
		.remote = m->request->remote,
		.verbosity = m->request->verbosity};
	struct timespec now, end, pause = {.tv_sec = CONFIRM_RETRY_S};

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += m->talk.seconds;
	for (;;) {
		event_progress(m->sink, "confirming over a new connection to %s", q.remote);
		m->confirmed = run_over(&q, &c.sink, true) == 0;
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (m->confirmed || now.tv_sec + pause.tv_sec >= end.tv_sec)
			break;
		nanosleep(&pause, NULL);
		pause.tv_sec *= 2;
	}
	m->talk.nonce[0] = '\0';
}

static int on_line(struct remote *m, const char *line, size_t size)
{
	show_held(m);
	if (!m->begun)
		return before_hello(m, line, size);
	int rc = protocol_line(&m->talk, line, size, &m->e);
	if (!rc && *m->talk.nonce)
		confirm_anew(m);
	return rc;
}

/* What ssh, sudo or the far end says beside the protocol. LC_ALL is C there (ssh.c). */
static void on_stderr_line(struct remote *m, const char *line)
{
	if (!*line)
		return;
	m->no_command |= strstr(line, "not found") != NULL;
	m->no_right |= strstr(line, "a password is required") || strstr(line, "not allowed to") ||
		       strstr(line, "may not run sudo") || strstr(line, "not in the sudoers");
	show_held(m);
	free(m->last);
	m->last = xstrdup(line);
	m->held = true;
}

/* Returns false at the end. */
static bool read_stderr(struct remote *m)
{
	int filled = lines_fill(&m->err), rc;
	char *line;
	size_t size;

	while ((rc = lines_next(&m->err, &line, &size)) > 0)
		on_stderr_line(m, line);
	if (rc < 0 || filled <= 0) {
		line = lines_rest(&m->err);
		if (line)
			on_stderr_line(m, line);
	}
	return filled > 0;
}

/* Returns 1, 0 at the end, or a negative errno. */
static int read_stdout(struct remote *m)
{
	int rc, filled = lines_fill(&m->out);
	char *line;
	size_t size;

	while ((rc = lines_next(&m->out, &line, &size)) > 0) {
		rc = on_line(m, line, size);
		if (rc || m->talk.done)
			return rc ? rc : 0;
	}
	if (rc == -EMSGSIZE)
		return err_set(&m->e, rc, "%s sent a line of more than %zu bytes",
			m->request->remote, m->out.limit);
	return filled;
}

/* Until done, or until the connection is lost or misused. */
static int follow(struct remote *m)
{
	struct pollfd fds[] = {
		{.fd = m->ssh.err, .events = POLLIN},
		{.fd = m->ssh.out, .events = POLLIN},
	};
	int rc = 1;

	while (rc > 0) {
		int n = poll(fds, 2, m->held ? HOLD_MS : -1);

		if (n < 0 && errno != EINTR)
			return err_errno(&m->e, -errno, "cannot wait for ssh");
		if (!n)
			show_held(m);
		if (fds[0].revents && !read_stderr(m))
			fds[0].fd = -1;
		if (fds[1].revents)
			rc = read_stdout(m);
		fds[0].revents = fds[1].revents = 0;
	}
	/* What it said last explains why it ended, and may be on its way still. */
	while (!rc && !m->talk.done && fds[0].fd >= 0 && poll(fds, 1, 1000) > 0)
		if (!read_stderr(m))
			fds[0].fd = -1;
	return rc;
}

/* It ended before its first line. */
static void explain_start(struct remote *m, int status)
{
	const char *host = m->request->remote;

	if (m->no_right)
		err_set(&m->e, -EACCES,
			"%s does not let this user run `sudo -n l4sync serve`; allow it in "
			"/etc/sudoers.d (USER ALL=(root) NOPASSWD: /usr/bin/l4sync serve) or use "
			"-H root@HOST",
			host);
	else if (m->no_command || status == 127)
		err_set(&m->e, -ENOENT, "%s has no l4sync in root's PATH; install it there", host);
	else
		err_set(&m->e, -ECONNREFUSED, "cannot reach %s: %s (ssh ended with status %d)",
			host, m->last ? m->last : "no answer", status);
}

/* The exit status of a run that did not come to its done. */
static int explain_loss(struct remote *m)
{
	const struct command *c = command_find(m->request->command);
	const char *host = m->request->remote, *why = m->e.text ? m->e.text : m->last;

	if (m->confirmed)
		return EXIT_CONVERGED;
	if (m->talk.declined || !c || !c->writes)
		event_message(m->sink, "error",
			"the connection to %s was lost%s%s%s; nothing was changed there", host,
			why ? " (" : "", why ? why : "", why ? ")" : "");
	else
		event_message(m->sink, "error",
			"the connection to %s was lost%s%s%s; the outcome is unknown and the apply "
			"may be going on: ask `l4sync -H %s status`",
			host, why ? " (" : "", why ? why : "", why ? ")" : "", host);
	return m->talk.declined ? EXIT_REFUSED : EXIT_UNKNOWN;
}

static int finish(struct remote *m, int rc)
{
	int status = ssh_end(&m->ssh), ret;

	if (m->talk.done)
		return m->talk.exit;
	if (m->no_right || m->no_command)
		show_held(m);
	if (m->begun) {
		ret = explain_loss(m);
	} else {
		if (!rc)
			explain_start(m, status);
		event_message(m->sink, "error", "%s", err_text(&m->e));
		ret = EXIT_REFUSED;
	}
	event_emit(m->sink, "{s:s, s:i}", "event", "done", "exit", ret);
	return ret;
}

static void on_interrupt(int signal)
{
	(void)signal;
}

/*
 * SIGINT ends ssh, which is in the same process group; that is seen as a lost connection, and what
 * it means is said. Without SA_RESTART, so that it ends a question too.
 */
static void catch_interrupt(struct sigaction *before)
{
	struct sigaction action = {.sa_handler = on_interrupt};

	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, before);
}

static int run_over(const struct request *r, struct sink *s, bool fresh)
{
	struct remote m = {.request = r, .sink = s, .talk = {.who = r->remote, .sink = s}};
	struct sigaction before;

	if (ssh_start(r->remote, fresh, &m.ssh, &m.e)) {
		event_message(s, "error", "%s", err_text(&m.e));
		event_emit(s, "{s:s, s:i}", "event", "done", "exit", EXIT_REFUSED);
		err_clear(&m.e);
		return EXIT_REFUSED;
	}
	catch_interrupt(&before);
	event_progress(s, "connecting to %s", r->remote);
	m.out = (struct lines){.fd = m.ssh.out, .limit = NOISE_MAX};
	m.err = (struct lines){.fd = m.ssh.err, .limit = STDERR_LINE_MAX};
	int ret = finish(&m, follow(&m));
	sigaction(SIGINT, &before, NULL);
	lines_free(&m.out);
	lines_free(&m.err);
	free(m.last);
	err_clear(&m.e);
	return ret;
}

int remote_run(const struct request *r, struct sink *s)
{
	return run_over(r, s, false);
}
