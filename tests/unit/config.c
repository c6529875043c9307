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

static const struct {
	const char *text, *said;
} bad[] = {
	{"sorce: {}\n", ":1:1: unknown key \"sorce\"; did you mean \"source\"?"},
	{"source:\n  url: [x]\n", ":2:8: source.url: must be a text, not a list"},
	{"[source]\n", ":1:1: the configuration: must be a map, not a list"},
	{"source: {\n", ":2:1: not valid YAML: "},
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
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("config");
	TCase *t = tcase_create("all");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, source_of_a_root);
	tcase_add_loop_test(t, errors_name_the_file, 0, ELEMENTS(bad));
	suite_add_tcase(suite, t);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
