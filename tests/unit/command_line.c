/*
 * Command lines of the manifest: words, quotes, escapes, specifiers; what is refused and in which
 * words.
 */
#include <check.h>
#include <errno.h>
#include <string.h>

#include "l4sync/command_line.h"

static struct arena *arena;

static void setup(void)
{
	arena = arena_new();
}

static void teardown(void)
{
	arena_free(arena);
}

/* The words between brackets. */
static const char *words_of(const char *line, const char *unit)
{
	_cleanup_err_ struct err e = ERR_INIT;
	const char *const *words;
	_cleanup_buf_ struct buf b = BUF_INIT;

	if (command_line_split(arena, line, unit, &words, &e) < 0)
		return arena_strdup(arena, err_text(&e));
	for (; *words; words++)
		buf_addf(&b, "[%s]", *words);
	return arena_strdup(arena, b.data);
}

static const struct {
	const char *line, *unit, *words;
} good[] = {
	{"/bin/a", "a.service", "[/bin/a]"},
	{"  /bin/a\t b  c ", "a.service", "[/bin/a][b][c]"},
	{"/bin/a \"b c\" 'd \"e\"' \"\" ''", "a.service", "[/bin/a][b c][d \"e\"][][]"},
	{"/bin/a \"it's\" 'say \\'no\\''", "a.service", "[/bin/a][it's][say 'no']"},
	{"/bin/a \\x41\\102\\u00e4\\U0001F600\\s\\t\\\\", "a.service",
		"[/bin/a][AB\xc3\xa4\xf0\x9f\x98\x80 \t\\]"},
	{"/bin/a $HOME ${X} `b` * ~ #", "a.service", "[/bin/a][$HOME][${X}][`b`][*][~][#]"},
	{"/bin/a '|' \">\" a|b x;", "a.service", "[/bin/a][|][>][a|b][x;]"},
	/* systemd.unit(5); the instance may hold more of @, -, dots and escapes. */
	{"/bin/a %n %N %p %P %i %I %%", "left4me-server@eu-1\\x2dx.service",
		"[/bin/a][left4me-server@eu-1\\x2dx.service][left4me-server@eu-1\\x2dx]"
		"[left4me-server][left4me/server][eu-1\\x2dx][eu/1-x][%]"},
	{"/bin/a %n %N %p [%i] [%I]", "a.b.service", "[/bin/a][a.b.service][a.b][a.b][[]][[]]"},
	{"/bin/a %i", "t@a@b.service", "[/bin/a][a@b]"},
	{"/bin/%p/x '%i %i'", "t@2.service", "[/bin/t/x][2 2]"},
	/* No argument can hold a NUL; what is no escape stands for itself. */
	{"/bin/a %I", "t@\\x00\\x4.service", "[/bin/a][\\x00\\x4]"},
	{"/bin/a x%i", "t@-.service", "[/bin/a][x-]"},
};

START_TEST(splits)
{
	ck_assert_str_eq(words_of(good[_i].line, good[_i].unit), good[_i].words);
	/* What the manifest's check accepts is what can be run. */
	ck_assert_int_eq(*words_of(good[_i].line, NULL), '[');
}
END_TEST

#define ABSOLUTE "must begin with the absolute path of a program, as \"/usr/local/bin/program %i\""

static const struct {
	const char *line, *text;
} bad[] = {
	{"", ABSOLUTE},
	{" \t", ABSOLUTE},
	{"warn %i", ABSOLUTE},
	{"-/bin/a", ABSOLUTE},
	{"%P/a", ABSOLUTE},
	{"'' /bin/a", ABSOLUTE},
	{"/bin/a %f", "\"%f\" is no specifier here; there are %i %I %n %N %p %P, and a percent "
		      "sign itself "
		      "is %%"},
	{"/bin/a 100%", "\"%\" is no specifier here; there are %i %I %n %N %p %P, and a percent "
			"sign itself "
			"is %%"},
	{"/bin/a \"x", "the quote \" is not closed"},
	{"/bin/a 'x\\'", "the quote ' is not closed"},
	{"/bin/a \"x\"y", "behind the closing \" there must be a blank"},
	{"/bin/a x'y'", "a quote may only stand where a word begins; within one it is written \\'"},
	{"/bin/a \\q", "\"\\q\" begins no escape that systemd.syntax(7) knows; a backslash itself "
		       "is \\\\"},
	{"/bin/a x\\",
		"\"\\\" begins no escape that systemd.syntax(7) knows; a backslash itself is \\\\"},
	{"/bin/a \\x0", "\"\\x\" begins no escape that systemd.syntax(7) knows; a backslash itself "
			"is \\\\"},
	{"/bin/a \\x00", "\"\\x\" begins no escape that systemd.syntax(7) knows; a backslash "
			 "itself is \\\\"},
	{"/bin/a \\ud800", "\"\\u\" begins no escape that systemd.syntax(7) knows; a backslash "
			   "itself is \\\\"},
	{"/bin/a \\777", "\"\\7\" begins no escape that systemd.syntax(7) knows; a backslash "
			 "itself is \\\\"},
	{"/bin/a \\xff", "a word of it is not UTF-8"},
	{"/bin/a && /bin/b",
		"there is no shell that \"&&\" would mean something to; put the commands into a "
		"script, or quote it if the program is to get it"},
};

START_TEST(refuses)
{
	const char *const *words;

	ck_assert_str_eq(words_of(bad[_i].line, NULL), bad[_i].text);
	ck_assert_str_eq(words_of(bad[_i].line, "t@1.service"), bad[_i].text);
	ck_assert_int_eq(command_line_split(arena, bad[_i].line, NULL, &words, NULL), -EINVAL);
}
END_TEST

START_TEST(many_words)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	buf_adds(&b, "/bin/a");
	for (int i = 1; i < COMMAND_WORDS_MAX; i++)
		buf_adds(&b, " x");
	ck_assert_int_eq(*words_of(b.data, "a.service"), '[');
	buf_adds(&b, " x");
	ck_assert_str_eq(words_of(b.data, "a.service"), "has more than 256 words");
}
END_TEST

/* Of a file: %f alone, and a program that PATH has. */
START_TEST(of_a_file)
{
	_cleanup_err_ struct err e = ERR_INIT;
	const char *const *words;

	ck_assert_int_eq(command_words(arena, "sh -n '%f' %%", "/etc/a b", &words, &e), 0);
	ck_assert_str_eq(words[0], "sh");
	ck_assert_str_eq(words[2], "/etc/a b");
	ck_assert_str_eq(words[3], "%");
	ck_assert_ptr_null(words[4]);
	ck_assert_int_eq(command_words(arena, "x %i", NULL, &words, &e), -EINVAL);
	ck_assert_str_eq(err_text(&e),
		"\"%i\" is no specifier here; there is %f, the file, and a percent sign itself "
		"is %%");
	ck_assert_int_eq(command_words(arena, "  ", NULL, &words, &e), -EINVAL);
	ck_assert_str_eq(err_text(&e), "there is no command in it");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("command lines");
	TCase *t = tcase_create("command lines");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, splits, 0, (int)ELEMENTS(good));
	tcase_add_loop_test(t, refuses, 0, (int)ELEMENTS(bad));
	tcase_add_test(t, many_words);
	tcase_add_test(t, of_a_file);
	suite_add_tcase(suite, t);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
