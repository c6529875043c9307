/* What the root part takes from the reader's child, and what not. */
#include "l4sync/answer.h"

#include <check.h>
#include <errno.h>
#include <string.h>

static struct arena *arena;
static struct diags diags;

static const struct reader_job job = {
	.host = {.name = "h"},
	.source = {.url = "https://x/r.git", .path_fd = -1},
	.state_fd = -1,
};

static void setup(void)
{
	arena = arena_new();
	diags = (struct diags){.arena = arena};
}

static void teardown(void)
{
	arena_free(arena);
}

static int take(const char *data, size_t size, struct err *e)
{
	_cleanup_resources_ struct resources *want = NULL;

	return answer_take(data, size, &job, modules, arena, &want, &diags, e);
}

#define COMMIT "0123456789012345678901234567890123456789"
#define HEAD                                                                                       \
	"l4sync-resources 1\nmeta host h\nmeta source https://x/r.git refs/heads/m " COMMIT "\n"
#define DIR_ITEM "dir:/etc/x\n\tfrom root/etc/x:0:0\n\t=group root\n\t=mode 0755\n\t=owner root\n"
#define TAIL "blobs 0\nend\n"
#define WITH_IGNORE(value)                                                                         \
	"l4sync-resources 1\nmeta host h\nmeta lint-ignore " value                                 \
	"\nmeta source https://x/r.git m " COMMIT "\n" TAIL
#define IGNORE WITH_IGNORE("l4sync.yaml:3:7\\tkill-mode-none\\troot/**\\tas it should be")

START_TEST(takes_a_want)
{
	_cleanup_err_ struct err e = ERR_INIT;

	ck_assert_msg(!take(HEAD TAIL, strlen(HEAD TAIL), &e), "%s", err_text(&e));
	ck_assert_msg(
		!take(HEAD DIR_ITEM TAIL, strlen(HEAD DIR_ITEM TAIL), &e), "%s", err_text(&e));
	ck_assert_msg(!take(IGNORE, strlen(IGNORE), &e), "%s", err_text(&e));
}
END_TEST

static const struct {
	const char *answer, *text;
} refused[] = {
	{"", "without an answer"},
	{"rubbish\n", "not well-formed"},
	{"\n", "not well-formed"},
	{"l4sync-resources 1\n", "not well-formed"},
	{HEAD "blobs 0\n", "not well-formed"},
	{HEAD TAIL "more\n", "not well-formed"},
	{"l4sync-resources 1\n" TAIL, "another host or source"},
	{"l4sync-resources 1\nmeta host h\n" TAIL, "another host or source"},
	{"l4sync-resources 1\nmeta host other\nmeta source https://x/r.git m " COMMIT "\n" TAIL,
		"another host or source"},
	{"l4sync-resources 1\nmeta host h\nmeta source https://y/r.git m " COMMIT "\n" TAIL,
		"another host or source"},
	{"l4sync-resources 1\nmeta host h\nmeta source https://x/r.git m 0123\n" TAIL,
		"another host or source"},
	{"l4sync-resources 1\nmeta host h\nmeta source https://x/r.git " COMMIT "\n" TAIL,
		"another host or source"},
	{"l4sync-resources 1\nmeta host h\nmeta source - - -\n" TAIL, "another host or source"},
	{WITH_IGNORE("l4sync.yaml:3:7\\tno-such-code\\troot/**\\tx"), "another host or source"},
	{WITH_IGNORE("l4sync.yaml:3:7\\tkill-mode-none\\troot/**"), "another host or source"},
	{WITH_IGNORE("l4sync.yaml:3:7\\tkill-mode-none\\t\\tx"), "another host or source"},
	{WITH_IGNORE("l4sync.yaml:3:7\\tkill-mode-none\\ta\\tx\\ty"), "another host or source"},
	{WITH_IGNORE("l4sync.yaml:3:7\\tkill-mode-none\\ta\\t\\x1b[2J"), "another host or source"},
	{HEAD "dir:/etc/../root\n" TAIL, "dir:/etc/../root"},
	{HEAD "file:/etc/x\n\t=group root\n\t=mode 0644\n\t=owner root\n" TAIL, "(file:/etc/x: "},
	{HEAD "dir:/proc/x\n\t=group root\n\t=mode 0755\n\t=owner root\n" TAIL, "(dir:/proc/x: "},
	{HEAD "dir:/etc/x\n\t=group root\n\t=mode 99999\n\t=owner root\n" TAIL, "(dir:/etc/x: "},
	{HEAD "dir:/etc/x\n\t=evil 1\n\t=group root\n\t=mode 0755\n\t=owner root\n" TAIL,
		"(dir:/etc/x: "},
	{HEAD "dir:/etc/\\x1b[2J\n\t=group root\n\t=mode 0755\n\t=owner root\n" TAIL,
		"(dir:/etc/?[2J: "},
	{HEAD "dir:/etc/x\n\tfrom \\x1b[2J:0:0\n\t=group root\n\t=mode 0755\n\t=owner "
	      "root\n" TAIL,
		"no place in the state"},
	{HEAD "nothing:/etc/x\n" TAIL, "there is no such type"},
	{HEAD DIR_ITEM DIR_ITEM TAIL, "not well-formed"},
	{"l4sync-failure 1\n", "cannot say why"},
	{"l4sync-failure 1\ncode 22\ntotal 0\nend\n", "cannot say why"},
	{"l4sync-failure 1\ncode 0\nerror x\ntotal 0\nend\n", "cannot say why"},
	{"l4sync-failure 1\ncode -5\nerror x\ntotal 0\nend\n", "cannot say why"},
	{"l4sync-failure 1\ncode 5000\nerror x\ntotal 0\nend\n", "cannot say why"},
	{"l4sync-failure 1\ncode 5\nerror x\ntotal 0\nend", "cannot say why"},
	{"l4sync-failure 1\ncode 5\nerror \\q\ntotal 0\nend\n", "cannot say why"},
	{"l4sync-failure 1\ncode 22\ndiag 1 1\tfile\ntotal 1\nend\n", "cannot say why"},
	{"l4sync-failure 1\ncode 22\ndiag 1\tfile\tx\ntotal 1\nend\n", "cannot say why"},
	{"l4sync-failure 1\ncode 22\ndiag 9999999999 1\tf\tx\ntotal 1\nend\n", "cannot say why"},
	{"l4sync-failure 1\ncode 22\ndiag 1 1\tf\tx\ntotal 0\nend\n", "cannot say why"},
	{"l4sync-failure 1\ncode 22\nerror x\ndiag 1 1\tf\tx\ntotal 1\nend\n", "cannot say why"},
	{"l4sync-failure 1\ncode 22\ndiag 1 1\tf\tx\ntotal 1\nend\nmore\n", "cannot say why"},
};

START_TEST(refuses)
{
	for (size_t i = 0; i < ELEMENTS(refused); i++) {
		_cleanup_err_ struct err e = ERR_INIT;

		ck_assert_msg(take(refused[i].answer, strlen(refused[i].answer), &e) == -EBADMSG,
			"%zu: %s", i, err_text(&e));
		ck_assert_msg(
			strstr(err_text(&e), refused[i].text) != NULL, "%zu: %s", i, err_text(&e));
		ck_assert_uint_eq(diags.n, 0);
	}
}
END_TEST

/* Every prefix of what is right is wrong, and none of them is read past its end. */
START_TEST(cut_off)
{
	static const char *const whole[] = {
		HEAD DIR_ITEM TAIL,
		"l4sync-failure 1\ncode 22\ndiag 3 7\troot/etc/x\tno\ndiag 0 0\t\tno\ntotal "
		"30\nend\n",
	};

	for (size_t i = 0; i < ELEMENTS(whole); i++)
		for (size_t n = 0; n < strlen(whole[i]); n++) {
			_cleanup_free_ char *data = memcpy(xmalloc(n), whole[i], n);

			ck_assert_int_eq(take(data, n, NULL), -EBADMSG);
		}
}
END_TEST

START_TEST(failures_travel)
{
	_cleanup_buf_ struct buf out = BUF_INIT;
	_cleanup_err_ struct err e = ERR_INIT, got = ERR_INIT;
	struct diags d = {.arena = arena};

	for (int i = 0; i < DIAG_MAX + 5; i++)
		diag_add(&d, (struct where){"a\tb", 3, 7}, "wrong\n\033 %d", i);
	d.items[1].where.file = NULL;
	answer_write_failure(&out, -EINVAL, &e, &d);
	ck_assert_int_eq(take(out.data, out.size, &got), -EINVAL);
	ck_assert_ptr_null(got.text);
	ck_assert_uint_eq(diags.n, DIAG_MAX);
	ck_assert_uint_eq(diags.total, DIAG_MAX + 5);
	ck_assert_str_eq(diag_text(arena, &diags.items[0]), "a?b:3:7: wrong\n? 0");
	ck_assert_str_eq(diag_text(arena, &diags.items[1]), "wrong\n? 1");

	struct diags none = {.arena = arena};
	buf_free(&out);
	err_set(&e, -ENOENT, "no such \"ref\"");
	answer_write_failure(&out, -ENOENT, &e, &none);
	diags = (struct diags){.arena = arena};
	ck_assert_int_eq(take(out.data, out.size, &got), -ENOENT);
	ck_assert_str_eq(err_text(&got), "no such \"ref\"");
	ck_assert_uint_eq(diags.total, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("answer");
	TCase *c = tcase_create("answer");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, takes_a_want);
	tcase_add_test(c, refuses);
	tcase_add_test(c, cut_off);
	tcase_add_test(c, failures_travel);
	suite_add_tcase(s, c);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
