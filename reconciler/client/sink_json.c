/*
 * --json: documents and events as they came, keys sorted (l4sync-json(5)).
 * What is no part of the document goes to standard error as text. Called by sink_open().
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "l4sync/command.h"
#include "l4sync/render.h"
#include "l4sync/sink.h"

static void print(struct terminal *t, const json_t *o, size_t flags)
{
	struct paint p = {0};

	/* A terminal would act on C1 controls and the like in a string; \u is the same JSON. */
	if (isatty(fileno(t->out)))
		flags |= JSON_ENSURE_ASCII;
	/* Tenths as tenths: by itself it writes as many digits as tell two doubles apart. */
	char *text = json_dumps(o, flags | JSON_SORT_KEYS | JSON_REAL_PRECISION(12));
	if (!text)
		return;
	buf_adds(&p.buf, text);
	buf_addc(&p.buf, '\n');
	free(text);
	terminal_show(t, t->out, &p);
}

static void json_event(struct sink *sink, json_t *event)
{
	struct shown *s = (struct shown *)sink;
	const struct command *c = command_find(s->request->command);
	const char *name = field(event, "event");

	if (c && c->writes)
		print(&s->terminal, event, JSON_COMPACT);
	else if (!strcmp(name, "plan") || !strcmp(name, "status") || !strcmp(name, "explanation") ||
		 !strcmp(name, "verify") || !strcmp(name, "lint"))
		print(&s->terminal, json_object_get(event, name), JSON_INDENT(2));
	else if (!strcmp(name, "generation"))
		print(&s->terminal, json_object_get(event, name), JSON_COMPACT);
	else if (!strcmp(name, "error") || (!strcmp(name, "warning") && s->request->verbosity >= 0))
		sink_message(&s->terminal, event);
	else if (!strcmp(name, "progress"))
		terminal_progress(&s->terminal, field(event, "text"));
	json_decref(event);
}

/* Who reads JSON was not shown what the question is about. */
static int json_ask(struct sink *sink, const char *question)
{
	(void)sink;
	(void)question;
	return -ENOTTY;
}

static void json_free(struct shown *s)
{
	free(s);
}

struct shown *sink_json_new(void)
{
	struct shown *s = xmalloc(sizeof(*s));

	*s = (struct shown){.sink = {json_event, json_ask}, .free = json_free};
	return s;
}
