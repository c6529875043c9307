/*
 * The three-way comparison over every combination of base, want, live and original (the rows of
 * compare.c, computed here a second time from plain numbers), and its corners one by one.
 */
#include <check.h>
#include <string.h>

#include "l4sync/module.h"
#include "l4sync/plan.h"

static const unsigned char key[HASH_SIZE] = "a key of the host, 32 bytes lon";
static const char *const compared[] = {"mode", "path", NULL};
static const struct module module = {.type = "file", .compared = compared};
static struct arena *arena;

static void setup(void)
{
	arena = arena_new();
}

static void teardown(void)
{
	arena_free(arena);
}

static struct resource *make(const char *text, const char *mode)
{
	struct resource *item = arena_new_of(arena, struct resource);

	item->id = "file:/x";
	if (text)
		item->content = content_new(arena, text, strlen(text));
	if (mode)
		resource_set(arena, item, "mode", mode);
	return item;
}

#define STATES 5 /* absent, and two contents with two modes */

static struct resource *state(int n)
{
	return n ? make(n & 1 ? "odd" : "even", n > 2 ? "0600" : "0644") : NULL;
}

static unsigned expected_row(int b, int w, int l, int o)
{
	if (!w)
		return !l && (!o || o == b) ? 9 : !o ? 10 : l == o ? 12 : 11;
	if (l == w)
		return 1;
	if (!l)
		return !b ? 2 : b == w ? 3 : 4;
	return !b ? 5 : b == w ? 7 : l == b ? 6 : 8;
}

static enum origin expected_origin(unsigned row)
{
	switch (row) {
	case 2:
	case 6:
		return ORIGIN_INTENDED;
	case 3:
	case 7:
		return ORIGIN_DRIFT;
	case 4:
	case 8:
		return ORIGIN_BOTH;
	case 5:
		return ORIGIN_ADOPT;
	default:
		return ORIGIN_ORPHAN;
	}
}

START_TEST(every_combination)
{
	int b = _i % STATES, w = _i / STATES % STATES, l = _i / STATES / STATES % STATES;
	int o = _i / STATES / STATES / STATES, to = w ? w : o;
	struct triple t = {.id = "file:/x",
		.module = &module,
		.base = state(b),
		.want = state(w),
		.original = state(o),
		.live = {.live = state(l)}};
	const struct triple before = t;
	struct change c = {0}, again = {0};
	bool change, change_again;

	unsigned row = compare(&t, key, &c, &change);
	ck_assert_uint_eq(row, expected_row(b, w, l, o));
	ck_assert_int_eq(change, row != 1 && row != 9 && row != 12);
	ck_assert_uint_eq(compare(&t, key, &again, &change_again), row);
	ck_assert_int_eq(change_again, change);
	ck_assert(!memcmp(&t, &before, sizeof t));
	if (!change)
		return;
	ck_assert(c.op == again.op && c.origin == again.origin && c.want == again.want);
	ck_assert_int_eq(c.origin, expected_origin(row));
	ck_assert_ptr_eq(c.base, t.base);
	ck_assert_ptr_eq(c.live, t.live.live);
	ck_assert_ptr_eq(c.want, t.want ? t.want : t.original);
	ck_assert_int_eq(c.op, !to                   ? OP_DELETE
			       : !l                  ? OP_CREATE
			       : (l & 1) == (to & 1) ? OP_ATTRIBUTES
						     : OP_UPDATE);
}
END_TEST

/* What a want does not name is not managed. */
START_TEST(unnamed)
{
	const struct resource *nothing = make(NULL, NULL), *content = make("a", NULL);

	ck_assert(resource_matches(&module, nothing, make("a", "0600"), key));
	ck_assert(resource_matches(&module, content, make("a", "0600"), key));
	ck_assert(!resource_matches(&module, content, make("b", "0600"), key));
	ck_assert(!resource_matches(&module, content, nothing, key));
	ck_assert(!resource_matches(&module, make(NULL, "0600"), nothing, key));
	ck_assert(!resource_matches(&module, nothing, NULL, key));
	ck_assert(!resource_matches(&module, NULL, nothing, key));
	ck_assert(resource_matches(&module, NULL, NULL, key));
}
END_TEST

static unsigned row_of(const struct resource *b, const struct resource *w, const struct resource *l,
	struct change *c)
{
	const struct triple t = {
		.id = "file:/x", .module = &module, .base = b, .want = w, .live = {.live = l}};
	bool change;

	return compare(&t, key, c, &change);
}

/* The want begins or ceases to name an attribute: the repository has changed. */
START_TEST(names_more_or_less)
{
	struct change c;

	ck_assert_uint_eq(row_of(make("a", NULL), make("a", "0600"), make("a", "0644"), &c), 6);
	ck_assert_int_eq(c.op, OP_ATTRIBUTES);
	ck_assert_uint_eq(row_of(make("a", "0600"), make("a", NULL), make("a", "0644"), &c), 1);
	ck_assert_uint_eq(row_of(make("a", "0600"), make("b", NULL), make("c", "0600"), &c), 8);
	ck_assert_uint_eq(row_of(make(NULL, "0600"), make("b", "0600"), make("c", "0600"), &c), 6);
}
END_TEST

/* Something else in its place: never the same, never only an attribute. */
START_TEST(other_type)
{
	struct resource *live = make("a", "0600");
	struct change c;

	resource_set(arena, live, "type", "link");
	ck_assert_uint_eq(row_of(make("a", "0600"), make("a", "0600"), live, &c), 7);
	ck_assert_int_eq(c.op, OP_UPDATE);
}
END_TEST

/* A unit that moves to another unit directory is an update, and intended. */
START_TEST(moved)
{
	struct resource *base = make("a", "0644"), *want = make("a", "0644");
	struct change c;

	resource_set(arena, base, "path", "/etc/x");
	resource_set(arena, want, "path", "/usr/x");
	ck_assert_uint_eq(row_of(base, want, base, &c), 6);
	ck_assert_int_eq(c.op, OP_UPDATE);
	ck_assert_uint_eq(row_of(base, want, want, &c), 1);
}
END_TEST

/* Contents of which only an HMAC under the host's key is known, on either side. */
START_TEST(keyed)
{
	struct resource *secret = make(NULL, "0600"), *strange = make(NULL, "0600");
	struct change c;
	struct content hidden = {.size = 1, .hash = hash_hmac(key, "a", 1), .keyed = true};
	struct content unknown = {.size = 1, .keyed = true};

	secret->content = &hidden;
	strange->content = &unknown;
	ck_assert_uint_eq(row_of(secret, make("a", "0600"), make("b", "0600"), &c), 7);
	ck_assert_uint_eq(row_of(secret, make("b", "0600"), make("a", "0600"), &c), 6);
	ck_assert_uint_eq(row_of(secret, make("b", "0600"), make("c", "0600"), &c), 8);
	ck_assert(resource_matches(&module, secret, make("a", "0600"), key));
	ck_assert(!resource_matches(&module, strange, make("a", "0600"), key));
	ck_assert(!resource_matches(&module, secret, make("a", "0600"), NULL));
}
END_TEST

/* Of a type that is never removed; unless it had been adopted. */
START_TEST(stays)
{
	static const struct module staying = {
		.type = "file", .compared = compared, .stays = "it does"};
	struct triple t = {.id = "file:/x", .module = &staying, .base = make("a", "0600")};
	struct change c;
	bool change;

	ck_assert_uint_eq(compare(&t, key, &c, &change), 9);
	t.live.live = make("a", "0600");
	ck_assert_uint_eq(compare(&t, key, &c, &change), 16);
	ck_assert(!change);
	t.original = make("o", "0600");
	ck_assert_uint_eq(compare(&t, key, &c, &change), 11);
	ck_assert(change);
}
END_TEST

static unsigned orphan_row(const struct resource *original, const struct resource *live)
{
	const struct resource *base = make("a", "0600");
	struct triple t = {.id = "file:/x", .module = &module, .base = base, .original = original};

	t.live.live = live;
	struct change c;
	bool change;
	unsigned row = compare(&t, key, &c, &change);

	ck_assert_int_eq(change, row == 11);
	return row;
}

START_TEST(originals)
{
	struct resource *link = make(NULL, NULL), *secret = make(NULL, "0600");
	struct content hidden = {.size = 1, .hash = hash_hmac(key, "o", 1), .keyed = true};

	/* It had been a link, which a file's module does not compare. */
	resource_set(arena, link, "target", "elsewhere");
	ck_assert_uint_eq(orphan_row(link, make("a", "0600")), 11);
	ck_assert_uint_eq(orphan_row(link, link), 12);
	/* The content of a secret is not kept: it cannot be put back, unless it is there. */
	secret->content = &hidden;
	ck_assert_uint_eq(orphan_row(secret, make("a", "0600")), 13);
	ck_assert_uint_eq(orphan_row(secret, make("o", "0600")), 12);
	ck_assert_uint_eq(orphan_row(secret, NULL), 13);
}
END_TEST

/* A file becomes a link: base is of the other type, and the live one says that it is. */
START_TEST(becomes_link)
{
	struct resource *base = make("a", "0644"), *want = make(NULL, NULL),
			*live = make("a", "0644");
	struct change c;

	resource_set(arena, want, "target", "elsewhere");
	resource_set(arena, live, "type", "file");
	ck_assert_uint_eq(row_of(base, want, live, &c), 6);
	ck_assert_int_eq(c.op, OP_UPDATE);
	live->content = make("b", NULL)->content;
	ck_assert_uint_eq(row_of(base, want, live, &c), 8);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("compare");
	TCase *c = tcase_create("rows");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_loop_test(c, every_combination, 0, STATES * STATES * STATES * STATES);
	tcase_add_test(c, unnamed);
	tcase_add_test(c, names_more_or_less);
	tcase_add_test(c, other_type);
	tcase_add_test(c, moved);
	tcase_add_test(c, keyed);
	tcase_add_test(c, originals);
	tcase_add_test(c, stays);
	tcase_add_test(c, becomes_link);
	suite_add_tcase(s, c);
	SRunner *runner = srunner_create(s);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
