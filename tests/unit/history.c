/*
 * Generations in a repository of their own below a temporary directory: recording, reading back,
 * what secrets leave behind, damage, the key.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "l4sync/history.h"

static char *dir;
static struct arena *arena;
static struct err err;

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static void setup(void)
{
	const char *tmp = getenv("TMPDIR");

	ck_assert_int_gt(asprintf(&dir, "%s/l4sync-history-XXXXXX", tmp ? tmp : "/tmp"), 0);
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
static const char *shell(const char *command)
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

static struct history *open_history(bool create)
{
	struct history *h = NULL;

	ck_assert_msg(history_open(dir, create, &h, &err) == 0, "%s", err_text(&err));
	return h;
}

static struct resource *add(struct resources *set, const char *id, const char *text)
{
	struct resource *item = resources_add(set, id);

	if (text)
		item->content = content_new(set->arena, arena_strdup(set->arena, text), strlen(text));
	return item;
}

static struct generation generation(struct resources *want, enum outcome outcome)
{
	return (struct generation){.time = 1700000000, .user = "root", .command = "apply --yes",
		.outcome = outcome, .want = want};
}

static void record(struct history *h, struct generation *g)
{
	ck_assert_msg(history_record(h, g, &err) == 0, "%s", err_text(&err));
}

static const char *text_of(const struct resources *set)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	unsigned char key[HASH_SIZE] = {0};

	resources_write(set, false, false, key, &b);
	return arena_strdup(arena, b.data);
}

START_TEST(records_and_reads_back)
{
	_cleanup_history_ struct history *h = open_history(true);
	_cleanup_resources_ struct resources *want = resources_new(), *before = resources_new();
	_cleanup_generation_ struct generation back = {0};
	struct generation g = generation(want, OUTCOME_APPLIED);

	resources_meta(want, "source", "https://git.example/x.git");
	resource_add(want->arena, add(want, "file:/etc/a", "new\n"), "mode", "0644");
	add(want, "link:/etc/b", NULL);
	add(before, "file:/etc/a", "old\n");
	g.before = before;
	g.client = "192.0.2.1";
	g.error = "line one\nline two\\";
	g.plan = "{\"l4sync\":1}";
	g.fixed = 1, g.failed = 2, g.restarted = 3;
	record(h, &g);
	ck_assert_uint_eq(g.number, 1);
	ck_assert_int_eq(history_base(h, arena, &back, &err), 0);
	ck_assert_uint_eq(back.number, 1);
	ck_assert_int_eq(back.time, 1700000000);
	ck_assert_str_eq(back.user, "root");
	ck_assert_str_eq(back.client, "192.0.2.1");
	ck_assert_str_eq(back.command, "apply --yes");
	ck_assert_str_eq(back.error, g.error);
	ck_assert_str_eq(back.plan, g.plan);
	ck_assert_uint_eq(back.fixed, 1);
	ck_assert_uint_eq(back.failed, 2);
	ck_assert_uint_eq(back.restarted, 3);
	ck_assert_str_eq(text_of(back.want), text_of(want));
	ck_assert_str_eq(text_of(back.before), text_of(before));
	ck_assert_uint_eq(back.originals->n, 0);

	const struct content *c = resources_find(back.before, "file:/etc/a")->content;
	ck_assert_ptr_null(c->data);
	ck_assert_int_eq(history_content(h, arena, c, &c, &err), 0);
	ck_assert_mem_eq(c->data, "old\n", 4);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("history");
	TCase *tc = tcase_create("history");
	SRunner *runner = srunner_create(suite);

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, records_and_reads_back);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
