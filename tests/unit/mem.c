/* Arenas, the buffer, grow, the cleanup helpers. */
#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "l4sync/mem.h"

static bool all(const unsigned char *p, size_t size, unsigned char byte)
{
	for (size_t i = 0; i < size; i++)
		if (p[i] != byte)
			return false;
	return true;
}

START_TEST(arena_aligned_zeroed_apart)
{
	_cleanup_arena_ struct arena *a = arena_new();
	static const size_t sizes[] = {0, 1, 3, 15, 16, 17, 4000, 16384, 16385, 70000, 1};
	struct {
		unsigned char *p;
		size_t size;
	} kept[33 * ELEMENTS(sizes)];
	size_t n = 0;

	for (int turn = 0; turn < 33; turn++)
		for (size_t i = 0; i < ELEMENTS(sizes); i++, n++) {
			unsigned char *p = arena_alloc(a, sizes[i]);

			ck_assert_uint_eq((uintptr_t)p % _Alignof(max_align_t), 0);
			ck_assert(all(p, sizes[i], 0));
			memset(p, (int)(n % 251) + 1, sizes[i]);
			kept[n].p = p, kept[n].size = sizes[i];
		}
	for (size_t k = 0; k < n; k++) /* nobody wrote into anybody else's */
		ck_assert(all(kept[k].p, kept[k].size, (unsigned char)(k % 251 + 1)));
}
END_TEST

START_TEST(arena_first_is_big)
{
	_cleanup_arena_ struct arena *a = arena_new();
	char *big = arena_alloc(a, 1 << 20), *none = arena_alloc(a, 0), *small = arena_alloc(a, 8);

	memset(big, 1, 1 << 20);
	ck_assert_ptr_nonnull(none);
	ck_assert_mem_eq(small, "\0\0\0\0\0\0\0", 8);
}
END_TEST

START_TEST(arena_strings)
{
	_cleanup_arena_ struct arena *a = arena_new();

	ck_assert_ptr_null(arena_strdup(a, NULL));
	ck_assert_str_eq(arena_strdup(a, "abc"), "abc");
	ck_assert_str_eq(arena_strndup(a, "abc", 2), "ab");
	ck_assert_str_eq(arena_strndup(a, "abc", 9), "abc");
	ck_assert_mem_eq(arena_memdup(a, "a\0b", 3), "a\0b", 4);
	ck_assert_str_eq(arena_memdup(a, NULL, 0), "");
	ck_assert_str_eq(arena_printf(a, "%s-%d", "x", 7), "x-7");
	ck_assert_uint_eq(strlen(arena_printf(a, "%0100000d", 7)), 100000);
	arena_free(NULL);
}
END_TEST

/* Under AddressSanitizer a malloc that is too large returns NULL only if it is told so. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

START_TEST(arena_overflow_aborts)
{
	struct arena *a = arena_new();

	if (_i == 0)
		arena_alloc(a, SIZE_MAX);
	else if (_i == 1)
		arena_array_size(a, SIZE_MAX / 2, 3);
	else if (_i == 2)
		arena_alloc(a, SIZE_MAX / 2);
	else
		free(xmalloc(SIZE_MAX / 2));
}
END_TEST

START_TEST(buf_grows)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	buf_add(&b, NULL, 0);
	ck_assert_str_eq(b.data, "");
	for (int i = 0; i < 10000; i++) {
		buf_adds(&b, "ab");
		buf_addc(&b, 'c');
		buf_addf(&b, "%d", i % 10);
		ck_assert_int_eq(b.data[b.size], 0);
	}
	ck_assert_uint_eq(b.size, 40000);
	ck_assert_mem_eq(b.data + 39996, "abc9", 5);
	size_t before = b.size;
	buf_addf(&b, "%0300000d", 1);
	ck_assert_uint_eq(b.size, before + 300000);
	buf_free(&b);
	ck_assert_ptr_null(b.data);
	ck_assert_uint_eq(b.size, 0);
}
END_TEST

START_TEST(buf_fills_exactly)
{
	/* Every length around a capacity: the NUL behind must fit too. */
	for (size_t n = 250; n < 260; n++) {
		_cleanup_buf_ struct buf b = BUF_INIT;

		for (size_t i = 0; i < n; i++)
			buf_addc(&b, 'x');
		buf_addf(&b, "%s", "yz");
		ck_assert_uint_eq(strlen(b.data), n + 2);
		ck_assert_uint_lt(b.size, b.cap);
	}
}
END_TEST

START_TEST(grows)
{
	_cleanup_free_ unsigned *items = NULL;
	size_t cap = 0;

	for (unsigned n = 0; n < 1000; n++) {
		items = grow(items, &cap, n, sizeof(*items));
		ck_assert_uint_gt(cap, n);
		items[n] = n;
	}
	for (unsigned n = 0; n < 1000; n++)
		ck_assert_uint_eq(items[n], n);
}
END_TEST

START_TEST(takes)
{
	char *p = xstrdup("x"), *q = TAKE_PTR(p);
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC), kept;

	ck_assert_ptr_null(p);
	ck_assert_str_eq(q, "x");
	free(q);
	{
		_cleanup_close_ int closed = fd;

		kept = TAKE_FD(fd);
		ck_assert_int_eq(fd, -1);
		ck_assert_int_eq(closed, kept);
	}
	ck_assert_int_eq(fcntl(kept, F_GETFD), -1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("mem");
	TCase *tc = tcase_create("mem");
	SRunner *runner = srunner_create(suite);

	tcase_add_test(tc, arena_aligned_zeroed_apart);
	tcase_add_test(tc, arena_first_is_big);
	tcase_add_test(tc, arena_strings);
	if (srunner_fork_status(runner) == CK_FORK)
		tcase_add_loop_test_raise_signal(tc, arena_overflow_aborts, SIGABRT, 0, 4);
	tcase_add_test(tc, buf_grows);
	tcase_add_test(tc, buf_fills_exactly);
	tcase_add_test(tc, grows);
	tcase_add_test(tc, takes);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
