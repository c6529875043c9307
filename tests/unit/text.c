/* Escaping, natural order, globs, nearest name: tables, and properties over seeded random text. */
#include <check.h>
#include <string.h>
#include <time.h>

#include "l4sync/text.h"

static const struct {
	const char *bytes;
	size_t size;
	const char *escaped;
} escapes[] = {
	{"", 0, ""},
	{"plain = text", 12, "plain = text"},
	{"a\\b", 3, "a\\\\b"},
	{"a\nb\tc\r", 6, "a\\nb\\tc\\x0d"},
	{"\x01\x1f\x7f", 3, "\\x01\\x1f\\x7f"},
	{"größe €😀", 15, "größe €😀"},
	{"\xff", 1, "\\xff"},
	{"\xc3", 1, "\\xc3"},                            /* cut off */
	{"\xc0\x80", 2, "\\xc0\\x80"},                   /* overlong */
	{"\xed\xa0\x80", 3, "\\xed\\xa0\\x80"},          /* surrogate */
	{"\xf4\x90\x80\x80", 4, "\\xf4\\x90\\x80\\x80"}, /* above U+10FFFF */
	{"\xc2\x9b"
	 "2J",
		4, "\\xc2\\x9b2J"}, /* CSI as one character */
	{"\xc2\xa0", 2, "\xc2\xa0"},
	{"\xe2\x82"
	 "a",
		3, "\\xe2\\x82a"},
};

START_TEST(escape_table)
{
	_cleanup_arena_ struct arena *a = arena_new();
	_cleanup_buf_ struct buf b = BUF_INIT;
	char *back;

	buf_adds(&b, "");
	text_escape(&b, escapes[_i].bytes, escapes[_i].size);
	ck_assert_str_eq(b.data, escapes[_i].escaped);
	ck_assert(text_unescape(a, b.data, b.size, &back));
	ck_assert_mem_eq(back, escapes[_i].bytes, escapes[_i].size + 1);
}
END_TEST

static const char *const not_canonical[] = {
	"\\",
	"a\\",
	"\\a",
	"\\r",
	"\\x",
	"\\x0",
	"\\x00",
	"\\x0a",
	"\\x09",
	"\\x41",
	"\\x5c",
	"\\x0D",
	"\n",
	"\t",
	"\x7f",
	"\xff",
	"\xc2\x9b",
	"\\xc3\\xa4",
	"\\u1234",
	"a\001",
};

START_TEST(unescape_refuses)
{
	_cleanup_arena_ struct arena *a = arena_new();
	char *back;

	ck_assert(!text_unescape(a, not_canonical[_i], strlen(not_canonical[_i]), &back));
}
END_TEST

START_TEST(unescape_refuses_nul)
{
	_cleanup_arena_ struct arena *a = arena_new();
	char *back;

	ck_assert(!text_unescape(a, "a\0b", 3, &back));
	ck_assert(!text_unescape(a, "\\x41", 2, &back)); /* the escape goes on behind the end */
}
END_TEST

static uint64_t seed;

static unsigned dice(unsigned sides)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(seed >> 33) % sides;
}

START_TEST(escape_round_trip)
{
	_cleanup_arena_ struct arena *a = arena_new();

	seed = (uint64_t)_i + 1;
	for (int turn = 0; turn < 500; turn++) {
		_cleanup_buf_ struct buf b = BUF_INIT;
		char bytes[20], *back;
		size_t n = dice(sizeof(bytes));

		for (size_t i = 0; i < n; i++)
			bytes[i] = (char)(1 + dice(255));
		buf_adds(&b, "");
		text_escape(&b, bytes, n);
		ck_assert(!strpbrk(b.data, "\n\t\r\033"));
		ck_assert(text_unescape(a, b.data, b.size, &back));
		ck_assert_uint_eq(strlen(back), n);
		ck_assert_mem_eq(back, bytes, n);
	}
}
END_TEST

START_TEST(utf8)
{
	ck_assert(text_is_utf8("", 0));
	ck_assert(text_is_utf8("aä€😀\n", 11));
	ck_assert(!text_is_utf8("a\0b", 3));
	ck_assert(!text_is_utf8("\x80", 1));
	ck_assert(!text_is_utf8("ä", 1));
}
END_TEST

START_TEST(starts_and_ends)
{
	ck_assert(text_starts("abc", "ab") && text_starts("abc", "") && !text_starts("a", "ab"));
	ck_assert(text_ends("abc", "bc") && text_ends("abc", "") && !text_ends("c", "bc"));
}
END_TEST

/* In this order. */
static const char *const natural[] = {
	"",
	"0",
	"00",
	"01",
	"1",
	"2",
	"10",
	"a",
	"a-",
	"a0",
	"a00",
	"a1",
	"a1b",
	"a01c",
	"a2",
	"a10",
	"l4@1.service",
	"l4@2.service",
	"l4@10.service",
	"l4@99999999999999999999.service",
	"l4@100000000000000000000.service",
	"x",
	"\xc3\xa4",
};

START_TEST(natural_table)
{
	for (size_t j = 0; j < ELEMENTS(natural); j++) {
		int c = text_natural_cmp(natural[_i], natural[j]);
		int expected = (_i > (int)j) - (_i < (int)j);

		ck_assert_msg((c > 0) - (c < 0) == expected, "\"%s\" and \"%s\": %d", natural[_i],
			natural[j], c);
	}
}
END_TEST

START_TEST(natural_total_order)
{
	seed = (uint64_t)_i + 1;
	for (int turn = 0; turn < 20000; turn++) {
		char s[3][6] = {0};

		for (size_t k = 0; k < 3; k++)
			for (unsigned i = 0, n = dice(6); i < n; i++)
				s[k][i] = "0019a/"[dice(6)];
		int ab = text_natural_cmp(s[0], s[1]), bc = text_natural_cmp(s[1], s[2]);
		int ac = text_natural_cmp(s[0], s[2]), ba = text_natural_cmp(s[1], s[0]);

		ck_assert_int_eq(ab == 0, strcmp(s[0], s[1]) == 0);
		ck_assert_int_eq(ab > 0, ba < 0);
		if (ab <= 0 && bc <= 0)
			ck_assert_msg(ac <= 0, "%s %s %s", s[0], s[1], s[2]);
	}
}
END_TEST

static const struct {
	const char *pattern, *s;
	bool hit;
} globs[] = {
	{"", "", true}, {"", "a", false}, {"*", "", true}, {"*", "abc", true}, {"*", "a/b", false},
	{"**", "a/b/c", true}, {"**", "", true}, {"***", "a/b", true},
	{"/etc/*.conf", "/etc/a.conf", true}, {"/etc/*.conf", "/etc/a/b.conf", false},
	{"/etc/**.conf", "/etc/a/b.conf", true}, {"/etc/nginx/**", "/etc/nginx/a/b", true},
	{"/etc/nginx/**", "/etc/nginx", false}, {"/etc/**/x", "/etc/a/b/x", true},
	{"/etc/**/x", "/etc/x", false}, {"/a*/b*/**", "/aa/bb/c/d", true},
	{"/a*/b*/**", "/aa/x/bb/c", false}, {"**/a*b/*c", "x/ab/aXb/yc", true},
	{"**a*b", "a/ab", true}, {"*a**b", "xa/y/b", true}, {"*a*b*c", "1a2b3c", true},
	{"*a*b*c", "1a2b3", false}, {"?", "a", true}, {"?", "/", false}, {"?", "", false},
	{"a?c", "abc", true}, {"[abc]x", "bx", true}, {"[a-c]x", "cx", true},
	{"[a-c]x", "dx", false}, {"[!a-c]x", "dx", true}, {"[^a-c]x", "ax", false},
	{"[]]", "]", true}, {"[!]]", "a", true}, {"[a-]", "-", true}, {"[!a]", "/", false},
	{"[.-0]", "/", false}, {"[*]*", "*x", true}, {"[*]*", "xx", false}, {"[*]*", "*/", false},
	{"[ab", "a", false}, {"[", "[", false},
	{"left4me-server@*.service", "left4me-server@10.service", true},
	{"\\*", "\\x", true}, /* a backslash is itself */
};

START_TEST(glob_table)
{
	ck_assert_msg(text_glob(globs[_i].pattern, globs[_i].s) == globs[_i].hit, "%s and %s",
		globs[_i].pattern, globs[_i].s);
}
END_TEST

/* The definition, without any thought of cost. No classes. */
static bool glob_slow(const char *p, const char *s)
{
	if (*p == '*') {
		size_t stars = strspn(p, "*");

		if (glob_slow(p + stars, s))
			return true;
		return *s && (stars > 1 || *s != '/') && glob_slow(p, s + 1);
	}
	if (!*p || !*s)
		return !*p && !*s;
	return (*p == '?' ? *s != '/' : *p == *s) && glob_slow(p + 1, s + 1);
}

START_TEST(glob_like_its_definition)
{
	seed = (uint64_t)_i + 1;
	for (int turn = 0; turn < 50000; turn++) {
		char p[9] = {0}, s[11] = {0};

		for (unsigned i = 0, n = dice(sizeof(p)); i < n; i++)
			p[i] = "***?aab/"[dice(8)];
		for (unsigned i = 0, n = dice(sizeof(s)); i < n; i++)
			s[i] = "aaab/"[dice(5)];
		ck_assert_msg(text_glob(p, s) == glob_slow(p, s), "%s and %s", p, s);
	}
}
END_TEST

/* What brings matchers that go back to their knees: at most pattern times text, ever. */
static const char *const hostile[] = {
	"**a*%b", "*a*a*a*%b", "**a**a**a**%b", "**?*%b", "[a-b]**%[b]"};

START_TEST(glob_cost)
{
	_cleanup_buf_ struct buf p = BUF_INIT, s = BUF_INIT;
	const char *middle = strchr(hostile[_i], '%');

	buf_add(&p, hostile[_i], (size_t)(middle - hostile[_i]));
	for (int i = 0; i < 1000; i++)
		buf_addc(&p, 'a');
	buf_adds(&p, middle + 1);
	for (int i = 0; i < 4000; i++)
		buf_addc(&s, 'a');
	clock_t before = clock();
	ck_assert(!text_glob(p.data, s.data));
	double seconds = (double)(clock() - before) / CLOCKS_PER_SEC;
	ck_assert_msg(seconds < 1.0, "%s took %.1f s", hostile[_i], seconds);
}
END_TEST

static const struct {
	const char *s, *nearest;
} names[] = {
	{"unit", "units"},
	{"fiels", "files"},
	{"sysctls", "sysctl"},
	{"units", "units"},
	{"completely-else", NULL},
	{"fixs", NULL},
	{"foo", NULL},
	{"uni", NULL},
	{"x", NULL},
	{"", NULL},
};

START_TEST(nearest)
{
	static const char *const list[] = {"files", "units", "sysctl", NULL};
	const char *found = text_nearest(names[_i].s, list);

	ck_assert_pstr_eq(found, names[_i].nearest);
}
END_TEST

START_TEST(times)
{
	_cleanup_arena_ struct arena *a = arena_new();

	ck_assert_str_eq(text_time(a, "2026-01-02T03:04:05Z"), "2026-01-02 03:04:05 UTC");
	ck_assert_str_eq(text_time(a, "2026-01-02 03:04:05Z"), "2026-01-02 03:04:05Z");
	ck_assert_str_eq(text_time(a, ""), "");
}
END_TEST

START_TEST(nearest_long)
{
	char s[200];
	const char *list[] = {s, NULL};

	memset(s, 'a', sizeof(s) - 1);
	s[sizeof(s) - 1] = '\0';
	ck_assert_ptr_null(text_nearest(s + 1, list));
	ck_assert_ptr_null(text_nearest("a", list));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("text");
	TCase *tc = tcase_create("text");
	SRunner *runner = srunner_create(suite);

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, escape_table, 0, ELEMENTS(escapes));
	tcase_add_loop_test(tc, unescape_refuses, 0, ELEMENTS(not_canonical));
	tcase_add_test(tc, unescape_refuses_nul);
	tcase_add_loop_test(tc, escape_round_trip, 0, 10);
	tcase_add_test(tc, utf8);
	tcase_add_test(tc, starts_and_ends);
	tcase_add_loop_test(tc, natural_table, 0, ELEMENTS(natural));
	tcase_add_loop_test(tc, natural_total_order, 0, 10);
	tcase_add_loop_test(tc, glob_table, 0, ELEMENTS(globs));
	tcase_add_loop_test(tc, glob_like_its_definition, 0, 10);
	tcase_add_loop_test(tc, glob_cost, 0, ELEMENTS(hostile));
	tcase_add_loop_test(tc, nearest, 0, ELEMENTS(names));
	tcase_add_test(tc, nearest_long);
	tcase_add_test(tc, times);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
