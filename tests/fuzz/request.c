/*
 * Any bytes as what comes in at the host's end of the remote protocol: lines, objects, requests.
 * Between here and there goes a pipe, a few bytes at a time, as on a bad line. A request that is
 * taken is the same one after it has travelled again.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "l4sync/lines.h"
#include "l4sync/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take(const char *line, size_t size)
{
	_cleanup_arena_ struct arena *a = arena_new();
	struct err e = ERR_INIT;
	struct request r, again;
	json_t *object = lines_object(line, size, &e);

	if (!object != (e.text != NULL))
		abort();
	if (object && request_from_json(a, object, &r, &e) >= 0) {
		json_t *there = request_to_json(&r);

		if (request_from_json(a, there, &again, &e) < 0)
			abort();
		json_t *back = request_to_json(&again);
		if (!json_equal(there, back))
			abort();
		json_decref(there);
		json_decref(back);
	} else if (!e.text) {
		abort();
	}
	json_decref(object);
	err_clear(&e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fds[2] = {-1, -1};
	_cleanup_lines_ struct lines l = {.limit = 256};
	size_t at = 0, line_size;
	char *line;
	int r = 0;

	if (fds[0] < 0 && pipe(fds) < 0)
		abort();
	l.fd = fds[0];
	while (at < size && r >= 0) {
		size_t n = size - at < 100 ? size - at : 100;

		if (write(fds[1], data + at, n) != (ssize_t)n || lines_fill(&l) != 1)
			abort();
		at += n;
		while ((r = lines_next(&l, &line, &line_size)) > 0) {
			if (line_size > l.limit || line[line_size])
				abort();
			take(line, line_size);
		}
	}
	line = lines_rest(&l);
	if (line && r >= 0 && strlen(line) > size)
		abort();
	return 0;
}
