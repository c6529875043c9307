/*
 * Reads any bytes as a checkout's list. What the root part takes leads nowhere else, and is written
 * as exactly these bytes.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "l4sync/checkout.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *a = arena_new();
	_cleanup_buf_ struct buf again = BUF_INIT;
	const struct content *c = content_new(a, data, size);
	struct checkout_list l;

	checkout_diff(a, c, content_new(a, data, size / 2), 3);
	if (checkout_check(c, NULL) < 0)
		return 0;
	if (checkout_parse(a, c, &l, NULL) < 0)
		abort();
	for (size_t i = 0; i < l.n; i++) {
		const char *path = l.items[i].path;

		if (*path == '/' || !strncmp(path, "../", 3) || !strcmp(path, "..") ||
			strstr(path, "/../") || checkout_find(&l, path) != &l.items[i] ||
			checkout_has_dir(&l, path))
			abort();
		checkout_add(&again, l.items[i].mode, l.items[i].id, path);
	}
	if (again.size != size || (size && memcmp(again.data, data, size) != 0))
		abort();
	return 0;
}
