/*
 * The client's side of the protocol, JSON objects, one a line (l4sync-json(5)), whatever carries
 *it:
 *
 *	far end  {"l4sync":1,"version":"0.1"}
 *	client   {"l4sync":1,"version":"0.1","request":{…}}
 *	far end  events; {"ask":"Apply?"} is answered by {"answer":true|false|null}; "done" is last
 *
 * Called by the near end of -H, and by a run that has itself done in a service of its own.
 */
#ifndef L4SYNC_PROTOCOL_H
#define L4SYNC_PROTOCOL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "l4sync/err.h"
#include "l4sync/request.h"

struct conversation {
	int fd;            /* to the far end; the caller's */
	const char *who;   /* the far end's name, for messages */
	struct sink *sink; /* gets the events and is asked the questions */
	bool declined;     /* asked, and not answered with yes: nothing was changed */
	bool done;         /* the done event has come */
	int exit;          /* of it */
	char nonce[65];    /* of the confirm event: the run waits for it; "": it has not come */
	unsigned seconds;  /* of it */
};

/* Answers the far end's first object with the request. -EPROTO: another version. */
int protocol_begin(
	struct conversation *c, const json_t *hello, const struct request *r, struct err *e);

/* One line of what follows: an event or a question. -EPROTO: neither. */
int protocol_line(struct conversation *c, const char *line, size_t size, struct err *e);

#endif
