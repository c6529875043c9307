/*
 * The far end of -H: `l4sync serve` reads requests from standard input, and writes events to
 * standard output (the protocol stands in remote.c). Its sink never waits for a slow reader while
 * something is being changed. Called by main.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "l4sync/command.h"
#include "l4sync/lines.h"
#include "l4sync/request.h"
#include "l4sync/text.h"

#define UNSENT_MAX ((size_t)256 << 20) /* bytes; past it the reader counts as gone */
#define FLUSH_TIMEOUT_MS 60000

struct serve {
	struct sink sink;
	struct lines in;
	struct buf unsent;
	bool gone;     /* nobody reads any more */
	bool harmless; /* the request only reads: it ends when its reader is gone */
	bool done;     /* the done event was emitted */
};

/* Writes what can be written; waits for all of it if timeout_ms is not 0. */
static void flush(struct serve *v, int timeout_ms)
{
	size_t at = 0;

	while (!v->gone && at < v->unsent.size) {
		ssize_t n = write(STDOUT_FILENO, v->unsent.data + at, v->unsent.size - at);
		struct pollfd fd = {.fd = STDOUT_FILENO, .events = POLLOUT};

		if (n > 0)
			at += (size_t)n;
		else if (n < 0 && errno == EAGAIN && !timeout_ms)
			break;
		else if (n < 0 && errno == EAGAIN)
			v->gone = poll(&fd, 1, timeout_ms) == 0;
		else if (n < 0 && errno != EINTR)
			v->gone = true;
	}
	if (v->gone)
		buf_free(&v->unsent);
	if (!at || v->gone)
		return;
	memmove(v->unsent.data, v->unsent.data + at, v->unsent.size - at);
	v->unsent.size -= at;
	v->gone = v->unsent.size > UNSENT_MAX;
}

/* Input that closes means that the client is gone, even where nothing is being written. */
static void look_for_end(struct serve *v)
{
	struct pollfd fd = {.fd = v->in.fd, .events = POLLIN};

	if (v->in.buf.size - v->in.start <= REQUEST_SIZE_MAX && poll(&fd, 1, 0) > 0 &&
		lines_fill(&v->in) <= 0)
		v->gone = true;
}

static void queue(struct serve *v, json_t *o)
{
	_cleanup_free_ char *text = json_dumps(o, JSON_COMPACT);
	const char *name = json_string_value(json_object_get(o, "event"));

	v->done |= name && !strcmp(name, "done");
	json_decref(o);
	if (!text || strlen(text) > EVENT_SIZE_MAX) {
		event_message(&v->sink, "error",
			"the event \"%s\" is too large to be sent; "
			"run l4sync on the host, or narrow it with --only",
			name ? name : "");
		return;
	}
	if (v->gone)
		return;
	buf_adds(&v->unsent, text);
	buf_addc(&v->unsent, '\n');
}

static void serve_event(struct sink *sink, json_t *event)
{
	struct serve *v = (struct serve *)sink;

	queue(v, event);
	flush(v, 0);
	look_for_end(v);
	/* Nothing to put back, and locks end with the process. */
	if (v->gone && v->harmless)
		_exit(EXIT_UNKNOWN);
}

static int serve_ask(struct sink *sink, const char *question)
{
	struct serve *v = (struct serve *)sink;
	json_t *o = json_pack("{s:o}", "ask", event_string(question));
	char *line;
	size_t size;

	queue(v, o);
	flush(v, FLUSH_TIMEOUT_MS);
	if (v->gone || lines_wait(&v->in, &line, &size) <= 0) {
		v->gone = true;
		return -EPIPE;
	}
	o = lines_object(line, size, NULL);
	const json_t *answer = json_object_get(o, "answer");
	int ret = json_is_true(answer) ? 1 : json_is_null(answer) ? -ENOTTY : 0;
	json_decref(o);
	return ret;
}

static int read_request(
	struct arena *a, const char *line, size_t size, struct request *ret, struct err *e)
{
	json_t *o = lines_object(line, size, e);
	int rc = o ? 0 : err_prefix(e, -EBADMSG, "the request");

	if (!rc && json_integer_value(json_object_get(o, "l4sync")) != PROTOCOL_VERSION)
		rc = err_set(e, -EPROTO,
			"the request is not of protocol %d; install the same version on both sides",
			PROTOCOL_VERSION);
	if (!rc)
		rc = request_from_json(a, json_object_get(o, "request"), ret, e);
	const struct command *c = rc ? NULL : command_find(ret->command);
	if (!rc && (!c || !c->summary))
		rc = err_set(e, -ENOENT, "l4sync %s on the host has no command \"%s\"",
			L4SYNC_VERSION, ret->command);
	json_decref(o);
	return rc;
}

static int answer(struct serve *v, const char *line, size_t size,
	int (*run)(const struct request *r, struct sink *s))
{
	_cleanup_arena_ struct arena *a = arena_new();
	_cleanup_err_ struct err e = ERR_INIT;
	struct request r;
	int status = EXIT_USAGE;

	v->done = v->harmless = false;
	if (read_request(a, line, size, &r, &e)) {
		event_message(&v->sink, "error", "%s", err_text(&e));
	} else {
		v->harmless = !command_find(r.command)->writes;
		status = run(&r, &v->sink);
	}
	if (!v->done)
		event_emit(&v->sink, "{s:s, s:i}", "event", "done", "exit", status);
	flush(v, FLUSH_TIMEOUT_MS);
	return status;
}

/*
 * sudo takes SSH_CONNECTION away; its own process has it still. Wrong only where the user wants it
 * to be, and then it is the user's own name beside it that counts.
 */
static void find_client(void)
{
	static const char name[] = "SSH_CONNECTION=";
	_cleanup_arena_ struct arena *a = arena_new();
	_cleanup_free_ char *entry = NULL;
	size_t cap = 0;
	FILE *f;

	if (getenv("SSH_CONNECTION") || !getenv("SUDO_USER"))
		return;
	f = fopen(arena_printf(a, "/proc/%ld/environ", (long)getppid()), "re");
	while (f && getdelim(&entry, &cap, '\0', f) > 0)
		if (text_starts(entry, name))
			setenv("SSH_CONNECTION", entry + strlen(name), 1);
	if (f)
		fclose(f);
}

int serve_run(int (*run)(const struct request *r, struct sink *s))
{
	struct serve v = {
		.sink = {serve_event, serve_ask},
		.in = {.fd = STDIN_FILENO, .limit = REQUEST_SIZE_MAX},
	};
	int flags = fcntl(STDOUT_FILENO, F_GETFL), rc, status = 0;
	char *line;
	size_t size;

	find_client();
	fcntl(STDOUT_FILENO, F_SETFL, flags | O_NONBLOCK);
	queue(&v, json_pack("{s:i, s:s}", "l4sync", PROTOCOL_VERSION, "version", L4SYNC_VERSION));
	flush(&v, FLUSH_TIMEOUT_MS);
	while (!v.gone && (rc = lines_wait(&v.in, &line, &size)) > 0)
		status = answer(&v, line, size, run);
	/* Of the open file, which a shell or a test may go on using. */
	fcntl(STDOUT_FILENO, F_SETFL, flags);
	lines_free(&v.in);
	buf_free(&v.unsent);
	return status;
}
