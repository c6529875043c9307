/*
 * Lines from a file descriptor, strictly: of bounded length, none of them cut.
 * Called by both ends of the remote protocol.
 */
#ifndef L4SYNC_LINES_H
#define L4SYNC_LINES_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "l4sync/err.h"
#include "l4sync/mem.h"

/* The protocol: one JSON object a line. What the host says may hold a plan with its diffs. */
#define EVENT_SIZE_MAX ((size_t)64 << 20)  /* bytes, one line from the host */
#define REQUEST_SIZE_MAX ((size_t)1 << 20) /* bytes, one line to the host */

struct lines {
	int fd;
	size_t limit;   /* bytes, without the newline */
	struct buf buf; /* the owner frees it with lines_free() */
	size_t start;   /* of what was not yet returned */
	size_t scanned; /* no newline before this */
};

void lines_free(struct lines *l);
#define _cleanup_lines_ __attribute__((cleanup(lines_free)))

/* Reads once. 1: something came; 0: the end; or a negative errno. */
int lines_fill(struct lines *l);

/* The next whole line that has been read, without its newline (and without a carriage return
 * before it), NUL-terminated, valid until the next call. 1; 0: none yet; -EMSGSIZE: too long. */
int lines_next(struct lines *l, char **ret, size_t *ret_size);

/* As lines_next(), waiting for it; 0 at the end. What stands behind the last newline is lost. */
int lines_wait(struct lines *l, char **ret, size_t *ret_size);

/* Takes whatever is there as a line, for text that may lack its newline. NULL: nothing. */
char *lines_rest(struct lines *l);

/* A line of the protocol: an object, no duplicate keys. NULL and e otherwise. */
json_t *lines_object(const char *line, size_t size, struct err *e);

#endif
