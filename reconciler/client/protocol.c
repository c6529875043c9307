/*
 * The client's side of the protocol (protocol.h).
 * Starts nothing and waits for nothing. Called by remote.c and the worker.
 */
#include "l4sync/protocol.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "l4sync/io.h"
#include "l4sync/lines.h"
#include "l4sync/render.h"

static int send_object(const struct conversation *c, json_t *o)
{
	_cleanup_free_ char *text = json_dumps(o, JSON_COMPACT);
	_cleanup_buf_ struct buf line = BUF_INIT;

	json_decref(o);
	if (!text)
		return -EINVAL;
	buf_addf(&line, "%s\n", text);
	return fd_write_all(c->fd, line.data, line.size);
}

int protocol_begin(
	struct conversation *c, const json_t *hello, const struct request *r, struct err *e)
{
	const char *version = json_string_value(json_object_get(hello, "version"));
	json_int_t protocol = json_integer_value(json_object_get(hello, "l4sync"));

	if (protocol != PROTOCOL_VERSION)
		return err_set(e, -EPROTO,
			"%s has l4sync %s, which speaks protocol %lld; this is l4sync %s with "
			"protocol %d: install the same version on both sides",
			c->who, version ? version : "?", (long long)protocol, L4SYNC_VERSION,
			PROTOCOL_VERSION);
	return send_object(c, json_pack("{s:i, s:s, s:o}", "l4sync", PROTOCOL_VERSION, "version",
				      L4SYNC_VERSION, "request", request_to_json(r)));
}

static int on_ask(struct conversation *c, const char *question)
{
	int answer = c->sink->ask(c->sink, question);

	c->declined = answer != 1;
	return send_object(c,
		json_pack("{s:o}", "answer", answer < 0 ? json_null() : json_boolean(answer == 1)));
}

int protocol_line(struct conversation *c, const char *line, size_t size, struct err *e)
{
	json_t *o = lines_object(line, size, e);

	if (!o)
		return err_prefix(e, -EPROTO, "%s sent what is no event", c->who);
	const char *question = json_string_value(json_object_get(o, "ask"));
	const char *event = json_string_value(json_object_get(o, "event"));
	int rc = 0;
	if (question) {
		rc = on_ask(c, question);
	} else if (event && !strcmp(event, "confirm")) {
		snprintf(c->nonce, sizeof c->nonce, "%s", field(o, "nonce"));
		c->seconds = (unsigned)field_number(o, "seconds");
	} else if (event && !strcmp(event, "done")) {
		const json_t *status = json_object_get(o, "exit");

		c->exit = json_is_integer(status) ? (int)(json_integer_value(status) & 0xff)
						  : EXIT_UNKNOWN;
		c->done = true;
	}
	if (event)
		c->sink->event(c->sink, json_incref(o));
	json_decref(o);
	return rc;
}
