/*
 * Trees of unit files in a directory of its own, for the tests of the unit index.
 * Included by tests/unit/unit_*.c only.
 */
#ifndef L4SYNC_TESTS_UNIT_TREE_H
#define L4SYNC_TESTS_UNIT_TREE_H

#include <check.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "l4sync/text.h"
#include "l4sync/unitpath.h"

#define E "/etc/systemd/system/"
#define L "/usr/local/lib/systemd/system/"
#define U "/usr/lib/systemd/system/"

static struct arena *arena;
static struct host *host;
static char *root;

static void make_parents(const char *path)
{
	for (const char *slash = strchr(path + strlen(root) + 1, '/'); slash;
		slash = strchr(slash + 1, '/'))
		mkdir(arena_strndup(arena, path, (size_t)(slash - path)), 0755);
}

/* "PATH", "PATH -> TARGET" or "PATH = CONTENT" below the root; without content, the path itself. */
static void put(const char *line)
{
	const char *arrow = strstr(line, " -> "), *equals = strstr(line, " = ");
	size_t n = arrow ? (size_t)(arrow - line) : equals ? (size_t)(equals - line) : strlen(line);
	const char *name = arena_strndup(arena, line, n);
	const char *path = arena_printf(arena, "%s%s", root, name);

	make_parents(path);
	if (arrow) {
		ck_assert_int_eq(symlink(arrow + 4, path), 0);
		return;
	}
	FILE *f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	fputs(equals ? equals + 3 : name, f);
	fclose(f);
}

static void setup(void)
{
	arena = arena_new();
	root = xstrdup("/tmp/l4sync-unit-index.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
	put("/etc/hostname = h\n");
	ck_assert_int_eq(host_open(arena, root, "h", &host, NULL), 0);
}

static void teardown(void)
{
	host_free(host);
	ck_assert_int_eq(system(arena_printf(arena, "rm -rf '%s'", root)), 0);
	arena_free(arena);
	free(root);
}

__attribute__((unused)) static struct unit_index *index_with(
	const struct unit_overlay *overlays, size_t n)
{
	_cleanup_err_ struct err e = ERR_INIT;
	struct unit_index *x = NULL;

	ck_assert_msg(!unit_index_new(host, arena, overlays, n, &x, &e), "%s", err_text(&e));
	return x;
}

__attribute__((unused)) static void put_lines(const char *const *lines)
{
	for (; *lines; lines++)
		put(*lines);
}

#endif
