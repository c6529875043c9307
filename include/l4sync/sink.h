/*
 * The sinks that show a run here: text and JSON.
 * Called by sink_open() and the tests of what is shown.
 */
#ifndef L4SYNC_SINK_H
#define L4SYNC_SINK_H

#include "l4sync/event.h"
#include "l4sync/request.h"
#include "l4sync/terminal.h"

/* What both have; each embeds it as its first member. */
struct shown {
	struct sink sink;
	struct terminal terminal;
	const struct request *request;
	void (*free)(struct shown *s);
};

/* As sink_open(); the terminal is copied. The sink is ended with sink_close(). */
struct sink *sink_open_on(const struct request *r, const struct terminal *t);
struct shown *sink_text_new(void);
struct shown *sink_json_new(void);

/* A warning or error event, on standard error. */
void sink_message(struct terminal *t, const json_t *event);

#endif
