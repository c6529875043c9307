/* The host's configuration, below a root of the test's own. */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "../../reconciler/verbs/config.h"
#include "l4sync/text.h"

static char top[64];
static struct arena *arena;

static const char *in_top(const char *name)
{
	return arena_printf(arena, "%s/%s", top, name);
}

static void write_config(const char *text)
{
	FILE *f = fopen(in_top("etc/l4sync/config.yaml"), "we");

	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	ck_assert_int_eq(fclose(f), 0);
}

static void setup(void)
{
	strcpy(top, "/tmp/l4sync-config.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(top));
	arena = arena_new();
	ck_assert_int_eq(mkdir(in_top("etc"), 0700), 0);
	ck_assert_int_eq(mkdir(in_top("etc/l4sync"), 0700), 0);
}

static void teardown(void)
{
	unlink(in_top("etc/l4sync/config.yaml"));
	rmdir(in_top("etc/l4sync"));
	rmdir(in_top("etc"));
	ck_assert_int_eq(rmdir(top), 0);
	arena_free(arena);
}

static int read_source(struct source *ret, struct err *e)
{
	_cleanup_host_ struct host *h = NULL;
	struct request q = {0};

	ck_assert_int_eq(host_open(arena, top, "web1", &h, NULL), 0);
	return config_source(h, &q, ret, e);
}

START_TEST(source_of_a_root)
{
	struct source src;

	ck_assert_int_eq(read_source(&src, NULL), 0);
	ck_assert_ptr_null(src.url);
	write_config("source: {url: git@127.0.0.1:x, ref: main}\n");
	ck_assert_int_eq(read_source(&src, NULL), 0);
	ck_assert_str_eq(src.url, "git@127.0.0.1:x");
	ck_assert_str_eq(src.ref, "main");
	ck_assert_str_eq(src.config_dir, in_top("etc/l4sync"));
}
END_TEST

static int read_history(struct history_limits *ret, struct err *e)
{
	_cleanup_host_ struct host *h = NULL;

	ck_assert_int_eq(host_open(arena, top, "web1", &h, NULL), 0);
	return config_history(h, ret, e);
}

static const struct {
	const char *text;
	unsigned keep;
	int64_t max_age_s;
} histories[] = {
	{NULL, 50, 90 * 86400},
	{"source: {url: /srv/x}\n", 50, 90 * 86400},
	{"history: {}\n", 50, 90 * 86400},
	{"history: {keep: 7}\n", 7, 90 * 86400},
	{"history: {max_age: 1w 2d}\nsource: {url: /srv/x}\n", 50, 9 * 86400},
	{"history:\n  keep: 1000000\n  max_age: 0\n", 1000000, 0},
};

START_TEST(limits_of_the_history)
{
	struct history_limits limits;

	if (histories[_i].text)
		write_config(histories[_i].text);
	ck_assert_int_eq(read_history(&limits, NULL), 0);
	ck_assert_uint_eq(limits.keep, histories[_i].keep);
	ck_assert_int_eq(limits.max_age_s, histories[_i].max_age_s);
}
END_TEST

static const struct {
	const char *text, *said;
} bad[] = {
	{"sorce: {}\n", ":1:1: unknown key \"sorce\"; did you mean \"source\"?"},
	{"source:\n  url: [x]\n", ":2:8: source.url: must be a text, not a list"},
	{"[source]\n", ":1:1: the configuration: must be a map, not a list"},
	{"source: {\n", ":2:1: not valid YAML: "},
	{"histroy: {}\n", ":1:1: unknown key \"histroy\"; did you mean \"history\"?"},
	{"history: 50\n", ":1:10: history: must be a map, not a text"},
	{"history:\n  keeep: 1\n", ":2:3: unknown key \"keeep\"; did you mean \"keep\"?"},
	{"history: {keep: 0}\n", ":1:17: history.keep: must be a number of generations from 1 "
				 "to 1000000, not \"0\""},
	{"history: {keep: -1}\n", ":1:17: history.keep: must be a number of generations from "},
	{"history: {keep: 1000001}\n", ":1:17: history.keep: must be a number of generations "},
	{"history: {keep: 99999999999999999999}\n", ":1:17: history.keep: must be a number of "},
	{"history: {keep: 5x}\n", ":1:17: history.keep: must be a number of generations from "},
	{"history: {keep: [5]}\n", ":1:17: history.keep: must be a text, not a list"},
	{"history: {max_age: long}\n", ":1:20: history.max_age: must be a time such as "},
	{"source: {url: [x]}\nhistory: {keep: 0}\n", ":1:15: source.url: must be a text"},
};

/* The file that is meant is the one below the root. */
START_TEST(errors_name_the_file)
{
	_cleanup_err_ struct err e = ERR_INIT;
	struct source src;

	write_config(bad[_i].text);
	ck_assert_int_eq(read_source(&src, &e), -EINVAL);
	const char *text =
		arena_printf(arena, "%s%s", in_top("etc/l4sync/config.yaml"), bad[_i].said);
	ck_assert_msg(text_starts(err_text(&e), text), "%s", err_text(&e));
	/* Whoever asks for one part is told of the other's mistakes too. */
	struct history_limits limits;
	ck_assert_int_eq(read_history(&limits, &e), -EINVAL);
	ck_assert_msg(text_starts(err_text(&e), text), "%s", err_text(&e));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("config");
	TCase *t = tcase_create("all");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, source_of_a_root);
	tcase_add_loop_test(t, limits_of_the_history, 0, ELEMENTS(histories));
	tcase_add_loop_test(t, errors_name_the_file, 0, ELEMENTS(bad));
	suite_add_tcase(suite, t);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
