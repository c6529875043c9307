/*
 * Nodes: what text gives what value, merging, limits. Messages are in the golden cases.
 */
#include <check.h>
#include <string.h>

#include "l4sync/node.h"

static struct arena *arena;
static struct diags diags;

static void setup(void)
{
	arena = arena_new();
	diags = (struct diags){.arena = arena};
}

static void teardown(void)
{
	arena_free(arena);
}

static struct node *parse(const char *text)
{
	struct node *n = NULL;

	node_parse(arena, "x.yaml", text, strlen(text), &n, &diags);
	return n;
}

static const struct {
	const char *text;
	enum node_kind kind;
	const char *value;
} scalars[] = {
	{"k: 0640", NODE_SCALAR, "0640"},
	{"k: 'a b'", NODE_SCALAR, "a b"},
	{"k: true", NODE_SCALAR, "true"},
	{"k: ''", NODE_SCALAR, ""},
	{"k: \"null\"", NODE_SCALAR, "null"},
	{"k: null", NODE_NULL, "null"},
	{"k: ~", NODE_NULL, "~"},
	{"k:", NODE_NULL, ""},
	{"k: []", NODE_SEQ, NULL},
	{"k: {}", NODE_MAP, NULL},
};

START_TEST(scalar)
{
	const struct node *n = node_get(parse(scalars[_i].text), "k");

	ck_assert_uint_eq(diags.total, 0);
	ck_assert_ptr_nonnull(n);
	ck_assert_int_eq(n->kind, scalars[_i].kind);
	ck_assert_pstr_eq(n->text, scalars[_i].value);
}
END_TEST

START_TEST(places_are_counted_from_one)
{
	const struct node *n = parse("a: 1\nbö:\n  - x\n");
	const struct node *x = node_get(n, "bö")->items[0];

	ck_assert_uint_eq(n->where.line, 1);
	ck_assert_uint_eq(n->where.column, 1);
	ck_assert_uint_eq(x->where.line, 3);
	ck_assert_uint_eq(x->where.column, 5);
	ck_assert_str_eq(x->where.file, "x.yaml");
}
END_TEST

START_TEST(empty_documents_are_maps)
{
	static const char *const texts[] = {"", "# only a comment\n", "---\n", "null\n"};

	for (size_t i = 0; i < ELEMENTS(texts); i++) {
		const struct node *n = parse(texts[i]);

		ck_assert_msg(n && n->kind == NODE_MAP && !n->n, "\"%s\"", texts[i]);
	}
}
END_TEST

static const struct {
	const char *text;
	const char *mode; /* NULL: refused */
} modes[] = {
	{"0640", "0640"},
	{"640", "0640"},
	{"'4755'", "4755"},
	{"07777", "7777"},
	{"000", "0000"},
	{"64", NULL},
	{"0o640", NULL},
	{"0648", NULL},
	{"10000", NULL},
	{"-640", NULL},
	{"''", NULL},
	{"[0640]", NULL},
	{"99999999999999999999", NULL},
};

START_TEST(mode)
{
	const struct node *n = node_get(parse(arena_printf(arena, "k: %s", modes[_i].text)), "k");
	const char *got = NULL;

	node_want_mode(arena, n, "mode", &got, &diags);
	ck_assert_pstr_eq(got, modes[_i].mode);
	ck_assert_uint_eq(diags.total, !modes[_i].mode);
}
END_TEST

#define S 1000000000ull

static const struct {
	const char *text;
	bool ok;
	unsigned long long ns;
} times[] = {
	{"5s", true, 5 * S},
	{"5", true, 5 * S},
	{"1min 30s", true, 90 * S},
	{"10m", true, 600 * S},
	{"500ms", true, S / 2},
	{"1.5s", true, 3 * S / 2},
	{"2 h", true, 7200 * S},
	{"1h30min", true, 5400 * S},
	{"3us", true, 3000},
	{"3µs", true, 3000},
	{"1d", true, 86400 * S},
	{"1w", true, 604800 * S},
	{"0", true, 0},
	{"' 5s '", true, 5 * S},
	{"5 30s", true, 35 * S},
	{"soon", false, 0},
	{"''", false, 0},
	{"5x", false, 0},
	{"-5s", false, 0},
	{"5.s", false, 0},
	{".5s", false, 0},
	{"999999999999w", false, 0},
	{"99999999999999999999", false, 0},
	{"[5]", false, 0},
	{"infinity", false, 0},
};

START_TEST(time_span)
{
	const struct node *n = node_get(parse(arena_printf(arena, "k: %s", times[_i].text)), "k");
	unsigned long long ns = 0;
	int r = node_want_time(n, "settle", &ns, &diags);

	ck_assert_msg((r == 0) == times[_i].ok && ns == times[_i].ns, "\"%s\" gave %d, %llu",
		times[_i].text, r, ns);
}
END_TEST

static void show(const struct node *n, struct buf *out)
{
	if (n->kind != NODE_MAP && n->kind != NODE_SEQ) {
		buf_adds(out, n->text);
		return;
	}
	buf_addc(out, n->kind == NODE_MAP ? '{' : '[');
	for (size_t i = 0; i < n->n; i++) {
		if (n->kind == NODE_MAP)
			buf_addf(out, "%s:", n->keys[i]->text);
		show(n->items[i], out);
		buf_addc(out, ' ');
	}
	buf_addc(out, n->kind == NODE_MAP ? '}' : ']');
}

static const struct {
	const char *base, *over, *merged;
} merges[] = {
	{"{a: 1}", "{b: 2}", "{a:1 b:2 }"},
	{"{a: 1, b: 2, c: 3}", "{b: two}", "{a:1 b:two c:3 }"},
	{"{a: {x: 1, y: 2}}", "{a: {y: 3, z: 4}}", "{a:{x:1 y:3 z:4 } }"},
	{"{a: [1, 2]}", "{a: [3]}", "{a:[3 ] }"},
	{"{a: {x: 1}}", "{a: 1}", "{a:1 }"},
	{"{a: 1}", "{a: {x: 1, y: ~}}", "{a:{x:1 } }"},
	{"{a: 1, b: 2}", "{a: ~}", "{b:2 }"},
	{"{a: {x: 1, y: 2}}", "{a: {x: ~}}", "{a:{y:2 } }"},
	{"{a: 1}", "{b: ~, c: {d: ~}}", "{a:1 c:{} }"},
	{"{a: 1}", "{}", "{a:1 }"},
};

START_TEST(merge)
{
	struct node *base = parse(merges[_i].base), *over = parse(merges[_i].over);
	_cleanup_buf_ struct buf got = BUF_INIT;

	show(node_merge(arena, base, over), &got);
	ck_assert_str_eq(got.data, merges[_i].merged);
}
END_TEST

START_TEST(limits)
{
	_cleanup_buf_ struct buf many = BUF_INIT;

	buf_adds(&many, "k: [");
	for (size_t i = 0; i < NODE_COUNT_MAX; i++)
		buf_adds(&many, "a,");
	buf_adds(&many, "]");
	ck_assert_ptr_null(parse(many.data));
	_cleanup_free_ char *large = xmalloc(NODE_FILE_SIZE_MAX + 1);
	struct node *n = NULL;
	memset(large, '#', NODE_FILE_SIZE_MAX + 1);
	ck_assert_int_lt(node_parse(arena, "x", large, NODE_FILE_SIZE_MAX + 1, &n, &diags), 0);
	ck_assert_int_eq(node_parse(arena, "x", large, NODE_FILE_SIZE_MAX, &n, &diags), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("node");
	TCase *t = tcase_create("all");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, scalar, 0, ELEMENTS(scalars));
	tcase_add_test(t, places_are_counted_from_one);
	tcase_add_test(t, empty_documents_are_maps);
	tcase_add_loop_test(t, mode, 0, ELEMENTS(modes));
	tcase_add_loop_test(t, time_span, 0, ELEMENTS(times));
	tcase_add_loop_test(t, merge, 0, ELEMENTS(merges));
	tcase_add_test(t, limits);
	suite_add_tcase(suite, t);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
