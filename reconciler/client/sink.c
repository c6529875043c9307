/*
 * Opening and closing what shows a run, by the request's format (request.h, sink.h).
 * Called by main.
 */
#include "l4sync/sink.h"

#include <stdlib.h>
#include <string.h>

struct sink *sink_open_on(const struct request *r, const struct terminal *t)
{
	struct shown *s = r->format == FORMAT_JSON ? sink_json_new() : sink_text_new();

	s->terminal = *t;
	s->request = r;
	return &s->sink;
}

struct sink *sink_open(const struct request *r)
{
	struct terminal t;

	terminal_init(&t, r->color, r->verbosity);
	return sink_open_on(r, &t);
}

int sink_close(struct sink *sink)
{
	struct shown *s = (struct shown *)sink;
	int rc = terminal_close(&s->terminal);

	s->free(s);
	return rc;
}

void sink_message(struct terminal *t, const json_t *event)
{
	const char *where = json_string_value(json_object_get(event, "where"));
	const char *text = json_string_value(json_object_get(event, "text"));
	const char *level = json_string_value(json_object_get(event, "event"));
	bool warning = level && !strcmp(level, "warning");
	struct paint p = terminal_paint(t, t->err);

	paint_style(&p, warning ? STYLE_YELLOW : STYLE_RED);
	paint_text(&p, where ? where : "l4sync");
	buf_adds(&p.buf, warning ? ": warning: " : ": ");
	paint_style(&p, STYLE_PLAIN);
	/* In a log it stays one line, so that it can be searched for. */
	p.width = t->width_err;
	paint_words(&p, 2, text);
	buf_addc(&p.buf, '\n');
	terminal_show(t, t->err, &p);
}
