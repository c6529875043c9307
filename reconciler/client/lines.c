/*
 * The strict line reader (lines.h).
 * Does not know what the objects mean. Called by both ends of the remote protocol.
 */
#include "l4sync/lines.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

void lines_free(struct lines *l)
{
	buf_free(&l->buf);
}

int lines_fill(struct lines *l)
{
	char bytes[65536];
	ssize_t n;

	/* One socket may be input and output, and then what makes writes not wait is the reads'
	 * too. */
	while ((n = read(l->fd, bytes, sizeof(bytes))) < 0 && (errno == EINTR || errno == EAGAIN))
		if (errno == EAGAIN)
			poll(&(struct pollfd){.fd = l->fd, .events = POLLIN}, 1, -1);
	if (n <= 0)
		return n ? -errno : 0;
	/* The lines that were returned make room first, so that the buffer stays below limit. */
	if (l->start) {
		l->buf.size -= l->start;
		memmove(l->buf.data, l->buf.data + l->start, l->buf.size);
		l->scanned -= l->start;
		l->start = 0;
	}
	buf_add(&l->buf, bytes, (size_t)n);
	return 1;
}

int lines_next(struct lines *l, char **ret, size_t *ret_size)
{
	if (l->scanned == l->buf.size)
		return l->buf.size - l->start > l->limit ? -EMSGSIZE : 0;
	char *end = memchr(l->buf.data + l->scanned, '\n', l->buf.size - l->scanned);
	size_t stop = end ? (size_t)(end - l->buf.data) : l->buf.size;
	if (stop - l->start > l->limit)
		return -EMSGSIZE;
	l->scanned = stop;
	if (!end)
		return 0;
	*ret = l->buf.data + l->start;
	*ret_size = stop - l->start;
	if (*ret_size && end[-1] == '\r')
		--*ret_size;
	(*ret)[*ret_size] = '\0';
	l->start = l->scanned = stop + 1;
	return 1;
}

int lines_wait(struct lines *l, char **ret, size_t *ret_size)
{
	for (;;) {
		int rc = lines_next(l, ret, ret_size);
		if (rc)
			return rc;
		rc = lines_fill(l);
		if (rc <= 0)
			return rc;
	}
}

char *lines_rest(struct lines *l)
{
	if (l->start == l->buf.size)
		return NULL;
	char *rest = l->buf.data + l->start;
	l->start = l->scanned = l->buf.size;
	return rest;
}

json_t *lines_object(const char *line, size_t size, struct err *e)
{
	json_error_t error;
	json_t *o = json_loadb(line, size, JSON_REJECT_DUPLICATES, &error);

	if (json_is_object(o))
		return o;
	if (o)
		err_set(e, -EBADMSG, "not a JSON object");
	else
		err_set(e, -EBADMSG, "not JSON: %s, column %d", error.text, error.column);
	json_decref(o);
	return NULL;
}
