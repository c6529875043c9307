/*
 * What the tests of the history share: a state directory for each, shell commands in it, sets and
 * generations in a line.
 */
#ifndef TESTS_UNIT_HISTORY_H
#define TESTS_UNIT_HISTORY_H

#include <check.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "l4sync/history.h"

static char *top; /* all tests' directory, removed by main even if one fails */
static char *dir; /* one test's state directory */
static struct arena *arena;
static struct err err;

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static void setup(void)
{
	ck_assert_int_gt(asprintf(&dir, "%s/XXXXXX", top), 0);
	ck_assert_ptr_nonnull(mkdtemp(dir));
	arena = arena_new();
	err = ERR_INIT;
}

static void teardown(void)
{
	nftw(dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	free(dir);
	arena_free(arena);
	err_clear(&err);
}

/* Runs a shell command with $D as the state directory; its output is the arena's. */
static inline const char *shell(const char *command)
{
	_cleanup_buf_ struct buf out = BUF_INIT;
	char part[4096];
	size_t n;

	setenv("D", dir, 1);
	setenv("GIT_DIR", arena_printf(arena, "%s/history.git", dir), 1);
	FILE *f = popen(command, "r");
	ck_assert_ptr_nonnull(f);
	while ((n = fread(part, 1, sizeof(part), f)))
		buf_add(&out, part, n);
	ck_assert_msg(pclose(f) == 0, "%s", command);
	return arena_memdup(arena, out.data ? out.data : "", out.size);
}

static inline struct history *open_history(bool create)
{
	struct history *h = NULL;

	ck_assert_msg(history_open(dir, create, &h, &err) == 0, "%s", err_text(&err));
	return h;
}

static inline struct resource *add(struct resources *set, const char *id, const char *text)
{
	struct resource *item = resources_add(set, id);

	if (text)
		item->content =
			content_new(set->arena, arena_strdup(set->arena, text), strlen(text));
	return item;
}

static inline struct generation generation(struct resources *want, enum outcome outcome)
{
	return (struct generation){.time = 1700000000,
		.user = "root",
		.command = "apply --yes",
		.outcome = outcome,
		.want = want};
}

static void record(struct history *h, struct generation *g)
{
	ck_assert_msg(history_record(h, g, &err) == 0, "%s", err_text(&err));
}

static inline const char *text_of(const struct resources *set)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	unsigned char key[HASH_SIZE] = {0};

	resources_write(set, false, false, key, &b);
	return arena_strdup(arena, b.data);
}

static inline void record_many(struct history *h, unsigned n, enum outcome outcome)
{
	for (unsigned i = 0; i < n; i++) {
		_cleanup_resources_ struct resources *want = resources_new();
		struct generation g = generation(want, outcome);

		add(want, "file:/etc/same", "the same in all\n");
		add(want, "file:/etc/x", arena_printf(arena, "%u\n", i));
		resources_sort(want, NULL);
		record(h, &g);
	}
}

static int run_all(TCase *tc, const char *name)
{
	Suite *suite = suite_create(name);
	SRunner *runner = srunner_create(suite);
	const char *tmp = getenv("TMPDIR");

	if (asprintf(&top, "%s/l4sync-history-XXXXXX", tmp ? tmp : "/tmp") < 0 || !mkdtemp(top))
		return 1;
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 120);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	nftw(top, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	free(top);
	return failed != 0;
}

#endif
