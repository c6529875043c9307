/*
 * Any bytes as what a state ships, parted by "--" on a line: a unit, its drop-in, an environment
 * file, sudoers, tmpfiles, sysusers, a program. Every rule looks at them without reading past an
 * end, and says what can be shown.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "l4sync/lint.h"
#include "l4sync/text.h"

/* A directory that has nothing of what is asked for. */
#define NOTHING "/proc/self/fd"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct {
	const char *id, *path;
} shipped[] = {
	{"unit:x.service", "/etc/systemd/system/x.service"},
	{"dropin:x.service/1.conf", "/etc/systemd/system/x.service.d/1.conf"},
	{"file:/etc/x.env", NULL},
	{"file:/etc/sudoers.d/x", NULL},
	{"file:/etc/tmpfiles.d/x.conf", NULL},
	{"file:/etc/sysusers.d/x.conf", NULL},
	{"file:/opt/x", NULL},
};

static void ship(struct resources *want, size_t i, const void *data, size_t size)
{
	struct resource *item = resources_add(want, shipped[i].id);

	if (shipped[i].path)
		resource_set(want->arena, item, "path", shipped[i].path);
	resource_set(want->arena, item, "mode", "0644");
	item->where.file = "root/x";
	item->content = content_new(want->arena, data, size);
}

static void lint(struct arena *a, struct host *h, struct resources *want, bool host_known)
{
	struct findings found = {.arena = a};
	const struct complaints none = {0};
	const struct lint_job job = {.arena = a,
		.want = want,
		.view = unit_view_new(h, a, want, NULL, NULL),
		.host_known = host_known,
		.complaints = &none};

	if (lint_want(&job, &found, NULL, NULL) < 0)
		abort();
	for (size_t i = 0; i < found.n; i++)
		if (!text_starts(found.items[i].where, "root/x") || !*found.items[i].text)
			abort();
	free(found.items);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *a = arena_new();
	_cleanup_resources_ struct resources *want = resources_new();
	_cleanup_host_ struct host *h = NULL;
	const uint8_t *at = data, *end = data + size;

	if (host_open(a, NOTHING, "h", &h, NULL) < 0)
		abort();
	for (size_t i = 0; i < ELEMENTS(shipped); i++) {
		const uint8_t *stop = at < end ? memmem(at, (size_t)(end - at), "\n--\n", 4) : NULL;

		ship(want, i, at, (size_t)((stop ? stop + 1 : end) - at));
		at = stop ? stop + 4 : end;
	}
	resources_sort(want, NULL);
	lint(a, h, want, false);
	lint(a, h, want, true);
	return 0;
}
