/*
 * The canonical form of seeded random sets: what is written is read back and written the same, and
 * any altered byte is refused or gives the one serialization of what it then says.
 */
#include <check.h>
#include <string.h>

#include "l4sync/resources.h"

static const unsigned char key[HASH_SIZE] = "a key of the host, 32 bytes lon";

/* Reads from memory of exactly this size, so that a sanitizer sees a byte read too many. */
static int read_exactly(const char *data, size_t size, struct resources **ret, struct err *e)
{
	char *copy = xmalloc(size);

	if (size)
		memcpy(copy, data, size);
	int r = resources_read(copy, size, ret, e);
	free(copy);
	return r;
}

static void write_all(const struct resources *set, struct buf *out)
{
	resources_write(set, true, true, key, out);
}

static uint64_t seed;

static unsigned dice(unsigned sides)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(seed >> 33) % sides;
}

/* A few bytes, the troublesome ones among them; no NUL. */
static const char *random_text(struct arena *a, unsigned least, bool blanks)
{
	static const char bytes[] = "abAZ019.:/@=-\\\n\t\r\x01\x7f\xc3\xa4\xc2\x9b\xff x";
	size_t n = least + dice(6);
	char *s = arena_alloc(a, n + 1);

	for (size_t i = 0; i < n; i++)
		do
			s[i] = bytes[dice(sizeof(bytes) - 1)];
		while (!blanks && s[i] == ' ');
	return s;
}

static void random_content(struct resources *set, struct resource *item)
{
	size_t size = dice(3) ? dice(4) : dice(40);
	char *data = arena_alloc(set->arena, size + 1);

	for (size_t i = 0; i < size; i++)
		data[i] = (char)(dice(3) ? dice(256) : dice(2));
	struct content *c = content_new(set->arena, data, size);
	item->content = c;
	if (!dice(6))
		c->data = NULL;
	else if (!dice(6))
		*c = (struct content){
			.size = size, .hash = hash_hmac(key, data, size), .keyed = true};
}

static struct resources *random_set(unsigned most)
{
	static const char *const types[] = {"file", "link", "unit", "drop-in", "a"};
	struct resources *set = resources_new();

	for (unsigned i = 0, n = dice(4); i < n; i++)
		resources_meta(
			set, random_text(set->arena, 1, false), random_text(set->arena, 0, true));
	for (unsigned i = 0, n = dice(most + 1); i < n; i++) {
		struct resource *item = resources_add(
			set, arena_printf(set->arena, "%s:%s", types[dice(ELEMENTS(types))],
				     random_text(set->arena, 1, true)));

		if (dice(2))
			random_content(set, item);
		if (dice(2))
			item->where =
				(struct where){random_text(set->arena, 1, true), dice(20), dice(3)};
		item->secret = !dice(4);
		for (unsigned j = 0, m = dice(5); j < m; j++)
			resource_add(set->arena, item, random_text(set->arena, 1, false),
				random_text(set->arena, 0, true));
	}
	if (resources_sort(set, NULL) == 0)
		return set;
	resources_free(set);
	return random_set(most);
}

START_TEST(random_round_trip)
{
	seed = (uint64_t)_i + 1;
	for (int turn = 0; turn < 300; turn++) {
		_cleanup_resources_ struct resources *set = random_set(12), *back = NULL;
		_cleanup_buf_ struct buf b = BUF_INIT, again = BUF_INIT;
		_cleanup_err_ struct err e = ERR_INIT;
		bool blobs = dice(4), secrets = dice(4);

		resources_write(set, blobs, secrets, key, &b);
		ck_assert_msg(read_exactly(b.data, b.size, &back, &e) == 0, "%s\n%s", err_text(&e),
			b.data);
		resources_write(back, blobs, secrets, key, &again);
		ck_assert_uint_eq(b.size, again.size);
		ck_assert_mem_eq(b.data, again.data, b.size);
		ck_assert_uint_eq(set->n, back->n);
		for (size_t i = 0; i < set->n; i++) {
			const struct resource *x = set->items[i], *y = back->items[i];

			ck_assert_str_eq(x->id, y->id);
			ck_assert_int_eq(x->secret, y->secret);
			ck_assert_uint_eq(x->n_attrs, y->n_attrs);
			for (size_t j = 0; j < x->n_attrs; j++)
				ck_assert(resource_same(x, y, x->attrs[j].key));
		}
	}
}
END_TEST

/* One altered serialization: refused, or the only one of what it says. */
static bool accepted_only_if_canonical(const char *data, size_t size)
{
	_cleanup_resources_ struct resources *back = NULL;
	_cleanup_buf_ struct buf again = BUF_INIT;

	if (read_exactly(data, size, &back, NULL) < 0)
		return false;
	write_all(back, &again);
	ck_assert_msg(again.size == size && !memcmp(again.data, data, size),
		"accepted:\n%.*s\nwrote:\n%s", (int)size, data, again.data);
	return true;
}

START_TEST(altered_bytes)
{
	static const char others[] = "\n\t :=\\01aZ\xff";
	unsigned accepted = 0;

	seed = (uint64_t)_i + 1;
	for (int turn = 0; turn < 4; turn++) {
		_cleanup_resources_ struct resources *set = random_set(5);
		_cleanup_buf_ struct buf b = BUF_INIT;

		write_all(set, &b);
		for (size_t at = 0; at < b.size; at++) {
			_cleanup_free_ char *copy = xmalloc(b.size);

			memcpy(copy, b.data, b.size);
			for (unsigned bit = 0; bit < 8; bit++) {
				copy[at] = (char)(b.data[at] ^ 1 << bit);
				accepted += accepted_only_if_canonical(copy, b.size);
			}
			for (size_t i = 0; i < sizeof(others); i++) { /* and NUL */
				copy[at] = others[i];
				accepted += accepted_only_if_canonical(copy, b.size);
			}
			memcpy(copy, b.data, b.size);
			memmove(copy + at, copy + at + 1, b.size - at - 1);
			accepted += accepted_only_if_canonical(copy, b.size - 1);
			ck_assert_int_lt(
				read_exactly(b.data, at, &(struct resources *){0}, NULL), 0);
		}
	}
	ck_assert_uint_gt(accepted, 0); /* a value's letter was another: nothing wrong with that */
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("resources of random sets");
	TCase *tc = tcase_create("random");
	SRunner *runner = srunner_create(suite);

	tcase_set_timeout(tc, 300);
	tcase_add_loop_test(tc, random_round_trip, 0, 10);
	tcase_add_loop_test(tc, altered_bytes, 0, 10);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
