/* Error texts and the list of diagnostics. */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "l4sync/err.h"
#include "l4sync/mem.h"

START_TEST(texts)
{
	_cleanup_err_ struct err e = ERR_INIT;

	ck_assert_str_eq(err_text(&e), "unknown error");
	ck_assert_str_eq(err_text(NULL), "unknown error");
	ck_assert_int_eq(err_set(&e, -EINVAL, "%s %d", "a", 1), -EINVAL);
	ck_assert_str_eq(err_text(&e), "a 1");
	ck_assert_int_eq(err_set(&e, -EIO, "now %s", err_text(&e)), -EIO); /* its own text */
	ck_assert_str_eq(err_text(&e), "now a 1");
	ck_assert_int_eq(err_errno(&e, -ENOENT, "x"), -ENOENT);
	ck_assert_str_eq(err_text(&e), "x: No such file or directory");
	ck_assert_int_eq(err_prefix(&e, -ENOENT, "unit \"%s\"", "y"), -ENOENT);
	ck_assert_str_eq(err_text(&e), "unit \"y\": x: No such file or directory");
	err_clear(&e);
	ck_assert_int_eq(err_prefix(&e, -EACCES, "p"), -EACCES); /* nothing to stand before */
	ck_assert_str_eq(err_text(&e), "p: Permission denied");
}
END_TEST

START_TEST(exit_status_stays)
{
	_cleanup_err_ struct err e = ERR_INIT;

	ck_assert_int_eq(err_exit(&e, 65, -EINVAL, "bad"), -EINVAL);
	err_prefix(&e, -EINVAL, "p");
	ck_assert_int_eq(e.exit, 65);
	ck_assert_str_eq(err_text(&e), "p: bad");
	err_clear(&e);
	ck_assert_int_eq(e.exit, 0);
}
END_TEST

START_TEST(nobody_listens)
{
	ck_assert_int_eq(err_set(NULL, -EINVAL, "x"), -EINVAL);
	ck_assert_int_eq(err_errno(NULL, -EINVAL, "x"), -EINVAL);
	ck_assert_int_eq(err_prefix(NULL, -EINVAL, "x"), -EINVAL);
	ck_assert_int_eq(err_exit(NULL, 1, -EINVAL, "x"), -EINVAL);
	err_clear(NULL);
}
END_TEST

static const struct {
	struct where where;
	const char *text;
} places[] = {
	{{0}, "t"},
	{{NULL, 3, 7}, "t"},
	{{"root/x", 0, 0}, "root/x: t"},
	{{"root/x", 3, 0}, "root/x:3: t"},
	{{"root/x", 3, 7}, "root/x:3:7: t"},
};

START_TEST(diag_places)
{
	_cleanup_arena_ struct arena *a = arena_new();
	struct diag d = {places[_i].where, arena_strdup(a, "t")};

	ck_assert_str_eq(diag_text(a, &d), places[_i].text);
}
END_TEST

START_TEST(diags_collect)
{
	_cleanup_arena_ struct arena *a = arena_new();
	struct diags d = {.arena = a};
	char file[] = "f";

	for (int i = 0; i < DIAG_MAX + 5; i++)
		ck_assert_int_eq(diag_add(&d, (struct where){file, 1, 0}, "error %d", i), -EINVAL);
	file[0] = 'x'; /* the name was copied */
	ck_assert_uint_eq(d.n, DIAG_MAX);
	ck_assert_uint_eq(d.total, DIAG_MAX + 5);
	ck_assert_str_eq(diag_text(a, &d.items[DIAG_MAX - 1]), "f:1: error 19");
}
END_TEST

static int compare_lines(const struct where *a, const struct where *b)
{
	return a->line < b->line ? -1 : a->line > b->line;
}

START_TEST(diags_are_the_first_of_all)
{
	_cleanup_arena_ struct arena *a = arena_new();
	struct diags d = {.arena = a, .compare = compare_lines};

	/* Lines 25 to 1, each twice. */
	for (unsigned i = 0; i < 50; i++)
		diag_add(&d, (struct where){"f", 25 - i / 2, 0}, "%u", i);
	ck_assert_uint_eq(d.n, DIAG_MAX);
	ck_assert_uint_eq(d.total, 50);
	for (unsigned i = 0; i < DIAG_MAX; i++) {
		ck_assert_uint_eq(d.items[i].where.line, 1 + i / 2);
		ck_assert_uint_eq(strtoul(d.items[i].text, NULL, 10) % 2, i % 2);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("err");
	TCase *tc = tcase_create("err");
	SRunner *runner = srunner_create(suite);

	tcase_add_test(tc, texts);
	tcase_add_test(tc, exit_status_stays);
	tcase_add_test(tc, nobody_listens);
	tcase_add_loop_test(tc, diag_places, 0, ELEMENTS(places));
	tcase_add_test(tc, diags_collect);
	tcase_add_test(tc, diags_are_the_first_of_all);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
