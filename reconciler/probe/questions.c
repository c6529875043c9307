/*
 * What the state says of a unit, asked in the sandbox that it will have (probe.h): ports and system
 * calls of the program in there, paths through its root.
 * Starts and stops nothing. Called by run.c.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "l4sync/text.h"
#include "l4sync/verify.h"

#include "probe_internal.h"
#include "talk.h"

#define ANSWER_TIMEOUT_MS 10000 /* each; one attempt takes two seconds at most */
#define IDLE_MS 200

static const char *const words[] = {
	TALK_SOCKET, TALK_ERRNO, TALK_DONE, TALK_SIGNAL, TALK_EXIT, TALK_LATE, TALK_FORK, TALK_END};

struct question {
	const char *call; /* NULL: a port */
	bool is_mine;     /* it was put to the program */
	const char *port; /* as written */
	bool is_udp;
	unsigned number;
	int family;
	struct call_answer answer; /* its word: NULL until it has come */
};

struct questions {
	struct arena *arena;
	size_t n, cap;
	struct question *items; /* malloc'd */
	size_t next;            /* whose answer comes next */
	bool ended;
};

static struct question *question_add(struct questions *q)
{
	q->items = grow(q->items, &q->cap, q->n, sizeof *q->items);
	q->items[q->n] = (struct question){0};
	return &q->items[q->n++];
}

static void ask_port(struct questions *q, const char *text, struct buf *out)
{
	bool is_udp;
	unsigned port;

	if (!probe_port_parse(text, &is_udp, &port))
		return;
	for (int family = 4; family <= 6; family += 2) {
		struct question *x = question_add(q);

		*x = (struct question){.is_mine = true,
			.port = text,
			.is_udp = is_udp,
			.number = port,
			.family = family};
		buf_addf(out, TALK_BIND " %zu %d %s %u\n", q->n - 1, family, is_udp ? "udp" : "tcp",
			port);
	}
}

/* Those whose arguments of ones would make something. */
static void arguments_of(const char *name, long *first, long *second)
{
	*first = *second = -1;
	if (!strcmp(name, "msgget") || !strcmp(name, "shmget"))
		*second = 0;
}

static void ask_call(struct questions *q, const char *name, struct buf *out)
{
	const struct seccomp_abi *abi;
	long first, second;

	arguments_of(name, &first, &second);
	for (size_t i = 0; (abi = seccomp_abi_local(i)); i++) {
		struct question *x = question_add(q);
		long number = trial_call_number(abi, name);
		bool x32 = !strcmp(abi->name, "x32"), x86 = !strcmp(abi->name, "x86");

		*x = (struct question){.call = name, .answer = {.name = name, .abi = abi}};
		/* Those of the third kind have no way from a program of the native one. */
		x->is_mine = number >= 0 && (!i || x32 || x86);
		if (x->is_mine)
			buf_addf(out, TALK_CALL " %zu %s %ld %ld %ld\n", q->n - 1,
				x86 && i ? "x86" : "native", number, first, second);
	}
}

static void take_line(struct questions *q, const char *line)
{
	char word[16];
	unsigned id;
	int number;

	if (sscanf(line, "%u %15s %d", &id, word, &number) != 3)
		return;
	for (size_t i = 0; i < ELEMENTS(words); i++) {
		if (strcmp(words[i], word) != 0)
			continue;
		if (!strcmp(word, TALK_END)) {
			q->ended = true;
		} else if (id < q->n) {
			q->items[id].answer.word = words[i];
			q->items[id].answer.number = number;
		}
	}
}

/* Whole lines out of what has come. */
static void take(struct questions *q, struct buf *in)
{
	char *line = in->data, *end;

	while (line && (end = memchr(line, '\n', in->size - (size_t)(line - in->data)))) {
		*end = '\0';
		take_line(q, line);
		line = end + 1;
	}
	if (line && line > in->data) {
		in->size -= (size_t)(line - in->data);
		memmove(in->data, line, in->size + 1);
	}
}

/* Until the last answer, the end of the program, or too long without one. */
static int converse(struct trial *t, struct questions *q, const struct buf *out, struct err *e)
{
	_cleanup_buf_ struct buf in = BUF_INIT;
	char chunk[1024];
	int silent_ms = 0;

	if (send(t->fd, out->data, out->size, MSG_NOSIGNAL) != (ssize_t)out->size)
		return 0; /* it has ended: nothing is answered */
	while (!q->ended && silent_ms < ANSWER_TIMEOUT_MS) {
		struct pollfd p = {.fd = t->fd, .events = POLLIN};
		int n = poll(&p, 1, IDLE_MS);
		int r = t->idle ? t->idle(t->userdata) : 0;

		if (r)
			return err_set(e, r, "interrupted");
		silent_ms = n > 0 ? 0 : silent_ms + IDLE_MS;
		if (n <= 0)
			continue;
		ssize_t size = recv(t->fd, chunk, sizeof chunk, 0);
		if (size <= 0)
			break;
		buf_add(&in, chunk, (size_t)size);
		take(q, &in);
	}
	return 0;
}

static void judge_port(struct trial *t, const struct question *x)
{
	const char *word = x->answer.word;
	int error = x->answer.number;
	const char *what = arena_printf(t->arena, "%s (IPv%d)", x->port, x->family);
	bool is_denied = word == words[0] || !strcmp(word, TALK_SIGNAL) ||
			 (!strcmp(word, TALK_ERRNO) && (error == EPERM || error == EACCES));

	if (!strcmp(word, TALK_FORK) || !strcmp(word, TALK_LATE) ||
		(!strcmp(word, TALK_ERRNO) && error == EADDRNOTAVAIL))
		finding_add(t->untried, "verify", "sandbox-not-tried", t->probe->unit,
			"%s could not be tried: %s", what,
			error ? strerror(error) : "no answer from the kernel");
	else if (!is_denied && t->probe->slice)
		finding_add(t->untried, "verify", "sandbox-not-tried", t->probe->unit,
			"%s is not denied by the unit itself, and whether %s does could not be "
			"tried",
			what, t->probe->slice);
	else if (!is_denied)
		finding_add(t->untrue, "verify", "port-bindable", t->probe->unit,
			"%s can be bound, and must not be%s", what,
			!strcmp(word, TALK_ERRNO) && error == EADDRINUSE
				? ": nothing but another program that has it is in the way"
				: "");
}

/* What is in force in there, read from the kernel; NULL: it cannot be. */
static const struct seccomp_filters *read_filters(struct trial *t)
{
	struct seccomp_filters *f = arena_new_of(t->arena, struct seccomp_filters);
	_cleanup_err_ struct err e = ERR_INIT;
	struct unit_details details;
	int r = bus_unit_details(t->bus, t->arena, &t->name, 1, false, &details, &e);

	if (r >= 0 && !details.main_pid)
		r = err_set(&e, -ESRCH, "it has ended");
	if (r >= 0)
		r = seccomp_read(t->arena, (pid_t)details.main_pid, f, &e);
	if (r >= 0)
		return f;
	finding_add(t->untried, "verify", "sandbox-not-tried", t->probe->unit,
		"the filters of system calls could not be read, so that syscalls_denied was only "
		"tried: %s",
		err_text(&e));
	return NULL;
}

static void judge(struct trial *t, const struct questions *q)
{
	const struct seccomp_filters *filters = NULL;
	size_t unanswered = 0;
	bool has_calls = false;

	for (size_t i = 0; i < q->n; i++) {
		has_calls |= q->items[i].call != NULL;
		unanswered += q->items[i].is_mine && !q->items[i].answer.word;
	}
	if (has_calls)
		filters = read_filters(t);
	for (size_t i = 0; i < q->n; i++) {
		if (q->items[i].call)
			trial_judge_call(t, &q->items[i].answer, filters);
		else if (q->items[i].answer.word)
			judge_port(t, &q->items[i]);
	}
	if (unanswered)
		finding_add(t->untried, "verify", "sandbox-not-tried", t->probe->unit,
			"l4sync's program in the sandbox has not answered %zu of %zu questions "
			"about denied_bind and syscalls_denied",
			unanswered, q->n);
}

int trial_ask(struct trial *t, struct err *e)
{
	const struct resource *rules = t->probe->rules;
	struct questions q = {.arena = t->arena};
	_cleanup_buf_ struct buf out = BUF_INIT;
	size_t n_paths = 0;

	for (size_t i = 0; rules && i < rules->n_attrs; i++) {
		if (!strcmp(rules->attrs[i].key, "denied_bind"))
			ask_port(&q, rules->attrs[i].value, &out);
		else if (!strcmp(rules->attrs[i].key, "syscalls_denied"))
			ask_call(&q, rules->attrs[i].value, &out);
	}
	buf_adds(&out, TALK_END "\n");
	int r = q.n ? converse(t, &q, &out, e) : 0;
	if (r >= 0)
		judge(t, &q);
	if (r >= 0 && rules)
		r = verify_paths(t->host, t->name, rules, t->untrue, &n_paths, e);
	for (size_t i = 0; i < t->untrue->n; i++)
		if (!strcmp(t->untrue->items[i].where, t->name))
			t->untrue->items[i].where = t->probe->unit;
	free(q.items);
	return r;
}
