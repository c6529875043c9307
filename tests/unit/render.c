/*
 * What a person sees: each tests/render/NAME.json, a header and a stream of events, gives exactly
 * NAME.txt, both streams together. UPDATE=1 writes the expected files anew.
 * The header: {"argv":[…],"ascii":bool,"color":bool,"wrap":bool,"apart":bool}; wrap: the streams
 * are terminals; apart: it is read by somebody else than standard output.
 */
#include <check.h>
#include <errno.h>
#include <glob.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "l4sync/paint.h"
#include "l4sync/request.h"
#include "l4sync/sink.h"
#include "l4sync/text.h"

static glob_t cases;

static json_t *read_object(FILE *f)
{
	json_error_t error;
	json_t *o = json_loadf(f, JSON_DISABLE_EOF_CHECK, &error);

	/* At the end only white space is left, which is an error without a text of ours. */
	return o;
}

static void parse_header(struct arena *a, const json_t *header, struct request *r)
{
	const json_t *words = json_object_get(header, "argv");
	size_t n = json_array_size(words);
	char **argv = arena_array(a, char *, n + 2);
	_cleanup_err_ struct err e = ERR_INIT;
	bool done;

	unsetenv("L4SYNC_HOST");
	setenv("XDG_CONFIG_HOME", "/nonexistent", 1);
	argv[0] = "l4sync";
	for (size_t i = 0; i < n; i++)
		argv[i + 1] = arena_strdup(a, json_string_value(json_array_get(words, i)));
	int rc = options_parse(a, (int)n + 1, argv, r, &done, &e);
	ck_assert_msg(!rc, "%s", err_text(&e));
}

static char *render(const char *path)
{
	_cleanup_arena_ struct arena *a = arena_new();
	FILE *f = fopen(path, "re");
	struct request r;
	char *text;
	size_t size;

	ck_assert_ptr_nonnull(f);
	json_t *header = read_object(f), *event;
	parse_header(a, header, &r);
	bool color = json_is_true(json_object_get(header, "color"));
	FILE *out = open_memstream(&text, &size);
	struct terminal t = {.out = out,
		.err = out,
		.width = 80,
		.width_line = json_is_true(json_object_get(header, "wrap")) ? 80 : SIZE_MAX,
		.width_err = json_is_true(json_object_get(header, "wrap")) ? 80 : SIZE_MAX,
		.together = !json_is_true(json_object_get(header, "apart")),
		.verbosity = r.verbosity,
		.color_out = color,
		.color_err = color,
		.utf8 = !json_is_true(json_object_get(header, "ascii"))};
	struct sink *s = sink_open_on(&r, &t);
	while ((event = read_object(f)))
		s->event(s, event);
	ck_assert_int_eq(s->ask(s, "Apply?"), -ENOTTY);
	ck_assert_int_eq(sink_close(s), 0);
	fclose(out);
	fclose(f);
	json_decref(header);
	return text;
}

static char *read_text(const char *path)
{
	FILE *f = fopen(path, "re");
	char *text = NULL;
	size_t size = 0;

	if (!f || getdelim(&text, &size, '\0', f) < 0) {
		free(text);
		text = xstrdup("");
	}
	if (f)
		fclose(f);
	return text;
}

START_TEST(test_golden)
{
	_cleanup_arena_ struct arena *a = arena_new();
	const char *path = cases.gl_pathv[_i];
	const char *expected_path =
		arena_printf(a, "%.*stxt", (int)(strlen(path) - strlen("json")), path);
	_cleanup_free_ char *got = render(path);

	if (getenv("UPDATE")) {
		FILE *f = fopen(expected_path, "we");

		ck_assert_ptr_nonnull(f);
		fputs(got, f);
		fclose(f);
	}
	_cleanup_free_ char *expected = read_text(expected_path);
	ck_assert_msg(!strcmp(got, expected), "%s differs; this came:\n%s", expected_path, got);
	/* Whatever came in, nothing but styles of ours goes out. */
	for (const char *s = got; !strstr(path, "-color") && *s; s++)
		ck_assert_msg(((unsigned char)*s >= ' ' && *s != 0x7f) || *s == '\n' || *s == '\t',
			"%s: control character at %td", path, s - got);
	ck_assert_ptr_null(strstr(got, "must not be shown"));
}
END_TEST

static const struct {
	const char *text, *utf8, *ascii;
} texts[] = {
	{"plain \\ tab\t", "plain \\ tab\t", "plain \\ tab\t"},
	{"ü→", "ü→", "\\xc3\\xbc\\xe2\\x86\\x92"},
	{"a\nb\rc\033[1m", "a\\x0ab\\x0dc\\x1b[1m", "a\\x0ab\\x0dc\\x1b[1m"},
	{"\xc2\x9b", "\\xc2\\x9b", "\\xc2\\x9b"},               /* C1's CSI */
	{"\xe2\x80\xae", "\\xe2\\x80\\xae", "\\xe2\\x80\\xae"}, /* right-to-left override */
	{"\xff\xc3", "\\xff\\xc3", "\\xff\\xc3"},
	{"\xc0\x9b", "\\xc0\\x9b", "\\xc0\\x9b"}, /* overlong */
	{"\xed\xa0\x80", "\\xed\\xa0\\x80", "\\xed\\xa0\\x80"},
	{"\x7f", "\\x7f", "\\x7f"},
};

START_TEST(test_harmless)
{
	struct paint p = {.utf8 = true, .width = 80};

	paint_text(&p, texts[_i].text);
	ck_assert_str_eq(p.buf.data, texts[_i].utf8);
	buf_free(&p.buf);
	p.utf8 = false;
	paint_text(&p, texts[_i].text);
	ck_assert_str_eq(p.buf.data, texts[_i].ascii);
	buf_free(&p.buf);
}
END_TEST

START_TEST(test_wrap)
{
	struct paint p = {.utf8 = true, .width = 10, .color = true};

	paint_styled(&p, STYLE_RED, "ab");
	ck_assert_uint_eq(paint_column(&p), 2);
	buf_addc(&p.buf, ' ');
	paint_words(&p, 2, "cd éf gh a-very-long-name\nx\n");
	ck_assert_str_eq(p.buf.data, "\033[31mab\033[0m cd éf\n  gh\n  a-very-long-name\n  x");
	buf_free(&p.buf);
}
END_TEST

static const struct {
	const char *text, *wrapped;
} commands[] = {
	{"first do `rm /x y` now", "first do\n  `rm /x y`\n  now"},
	{"(`rm /x y`), then", "(`rm /x y`),\n  then"},
	{"do `rm /x y z /longer` now", "do `rm /x y\n  z /longer`\n  now"}, /* no line is so long */
	{"an open `quote of more", "an open\n  `quote of\n  more"},
	{"`a\nb` c d e f g h", "`a\n  b` c d e f\n  g h"},
};

START_TEST(test_commands)
{
	struct paint p = {.utf8 = true, .width = 12};

	paint_words(&p, 2, commands[_i].text);
	ck_assert_str_eq(p.buf.data, commands[_i].wrapped);
	buf_free(&p.buf);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("render");
	TCase *t = tcase_create("render");

	if (glob("tests/render/*.json", 0, NULL, &cases))
		return 1;
	tcase_add_loop_test(t, test_golden, 0, (int)cases.gl_pathc);
	tcase_add_loop_test(t, test_harmless, 0, (int)ELEMENTS(texts));
	tcase_add_test(t, test_wrap);
	tcase_add_loop_test(t, test_commands, 0, (int)ELEMENTS(commands));
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	globfree(&cases);
	return failed != 0;
}
