/* Unified diffs and the sentences that stand where none is shown: golden results. */
#include <check.h>
#include <string.h>

#include "l4sync/diff.h"

static const unsigned char key[HASH_SIZE] = "k";

/* NULL: absent. */
static const struct {
	const char *old, *new, *diff;
} texts[] = {
	{"a\n", "a\n", NULL},
	{NULL, NULL, NULL},
	{"", "", NULL},
	{"a\n", "b\n", "--- /etc/x\n+++ /etc/x\n@@ -1 +1 @@\n-a\n+b\n"},
	{NULL, "a\nb\n", "--- /dev/null\n+++ /etc/x\n@@ -0,0 +1,2 @@\n+a\n+b\n"},
	{"a\n", NULL, "--- /etc/x\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n"},
	{NULL, "", "--- /dev/null\n+++ /etc/x\n"},
	{"", "a\n", "--- /etc/x\n+++ /etc/x\n@@ -0,0 +1 @@\n+a\n"},
	{"a", "a\n", "--- /etc/x\n+++ /etc/x\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n"},
	{"a\n", "a", "--- /etc/x\n+++ /etc/x\n@@ -1 +1 @@\n-a\n+a\n\\ No newline at end of file\n"},
	{"a\nb", "c\nb",
		"--- /etc/x\n+++ /etc/x\n@@ -1,2 +1,2 @@\n-a\n+c\n b\n\\ No newline at end of "
		"file\n"},
	{"1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nV\n6\n7\n8\n9\n",
		"--- /etc/x\n+++ /etc/x\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+V\n 6\n 7\n 8\n"},
	{"--- a\n", "+++ b\n", "--- /etc/x\n+++ /etc/x\n@@ -1 +1 @@\n---- a\n++++ b\n"},
	{"a\r\n", "a\n", "--- /etc/x\n+++ /etc/x\n@@ -1 +1 @@\n-a\r\n+a\n"},
	{"größe\n", "€\n", "--- /etc/x\n+++ /etc/x\n@@ -1 +1 @@\n-größe\n+€\n"},
	{"a\n", "\xff\n", "binary, 2 → 2 bytes"},
	{NULL, "\x80", "binary, 1 bytes"},
};

static struct content *content(struct arena *a, const char *s)
{
	return s ? content_new(a, s, strlen(s)) : NULL;
}

START_TEST(table)
{
	_cleanup_arena_ struct arena *a = arena_new();
	_cleanup_err_ struct err e = ERR_INIT;
	const char *diff;

	ck_assert_int_eq(content_diff(a, "/etc/x", content(a, texts[_i].old),
				 content(a, texts[_i].new), false, key, &diff, &e),
		0);
	ck_assert_pstr_eq(diff, texts[_i].diff);
}
END_TEST

START_TEST(sentences)
{
	_cleanup_arena_ struct arena *a = arena_new();
	struct content *x = content_new(a, "x\n", 2), *y = content_new(a, "yy\n", 3);
	struct content *nul = content_new(a, "a\0b", 3), gone = *y;
	struct content keyed = {.size = 2, .hash = hash_hmac(key, "x\n", 2), .keyed = true};
	struct content *large =
		content_new(a, arena_alloc(a, DIFF_SIZE_MAX + 1), DIFF_SIZE_MAX + 1);
	const char *diff;

	content_diff(a, "p", x, nul, false, key, &diff, NULL);
	ck_assert_str_eq(diff, "binary, 2 → 3 bytes");
	content_diff(a, "p", x, large, false, key, &diff, NULL);
	ck_assert_str_eq(diff, "too large to show, 2 → 1048577 bytes");
	gone.data = NULL;
	content_diff(a, "p", x, &gone, false, key, &diff, NULL);
	ck_assert_str_eq(diff, "content not at hand, 2 → 3 bytes");
	/* secrets: not a byte, not a size */
	content_diff(a, "p", x, y, true, key, &diff, NULL);
	ck_assert_str_eq(diff, "differs");
	content_diff(a, "p", NULL, y, true, key, &diff, NULL);
	ck_assert_str_eq(diff, "differs");
	content_diff(a, "p", y, &keyed, false, key, &diff, NULL);
	ck_assert_str_eq(diff, "differs");
	content_diff(a, "p", x, &keyed, true, key, &diff, NULL);
	ck_assert_ptr_null(diff);
}
END_TEST

START_TEST(path_stays_on_its_line)
{
	_cleanup_arena_ struct arena *a = arena_new();
	const char *diff;

	content_diff(a, "/etc/a\nb\033", content_new(a, "x\n", 2), NULL, false, NULL, &diff, NULL);
	ck_assert_str_eq(diff, "--- /etc/a\\nb\\x1b\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("diff");
	TCase *tc = tcase_create("diff");
	SRunner *runner = srunner_create(suite);

	tcase_add_loop_test(tc, table, 0, ELEMENTS(texts));
	tcase_add_test(tc, sentences);
	tcase_add_test(tc, path_stays_on_its_line);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
