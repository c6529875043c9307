/*
 * The table of places: path to id.
 */
#include <check.h>

#include "l4sync/command_line.h"
#include "l4sync/places.h"
#include "l4sync/unitpath.h"
#include "l4sync/unitpath.h"

#define ETC "/etc/systemd/system/"

static const struct {
	const char *path;
	enum place_kind kind;
	const char *id;
} places[] = {
	{"/etc/x", PLACE_PLAIN, "file:/etc/x"},
	{ETC "a.service", PLACE_UNIT, "unit:a.service"},
	{"/usr/local/lib/systemd/system/t@.service", PLACE_UNIT, "unit:t@.service"},
	{"/usr/lib/systemd/system/t@1.service", PLACE_UNIT, "unit:t@1.service"},
	{ETC "a.slice.d/1.conf", PLACE_DROPIN, "dropin:a.slice/1.conf"},
	{ETC "l4-.service.d/1.conf", PLACE_DROPIN, "dropin:l4-.service/1.conf"},
	{ETC "service.d/1.conf", PLACE_DROPIN, "dropin:service/1.conf"},
	{ETC "a.service.d/.1.conf", PLACE_PLAIN, "file:" ETC "a.service.d/.1.conf"},
	{ETC "a.service.d/x/1.conf", PLACE_PLAIN, "file:" ETC "a.service.d/x/1.conf"},
	{ETC "a.service.d", PLACE_PLAIN, "file:" ETC "a.service.d"},
	{ETC "README", PLACE_PLAIN, "file:" ETC "README"},
	{ETC "@.service", PLACE_PLAIN, "file:" ETC "@.service"},
	{ETC "a.target.wants/b.service", PLACE_WANTS, "file:" ETC "a.target.wants/b.service"},
	{ETC "a.target.requires", PLACE_WANTS, "file:" ETC "a.target.requires"},
	{ETC "a.target.upholds/b", PLACE_WANTS, "file:" ETC "a.target.upholds/b"},
	{"/etc/systemd/systemd/a.service", PLACE_PLAIN, "file:/etc/systemd/systemd/a.service"},
	{"/etc/systemd/system", PLACE_PLAIN, "file:/etc/systemd/system"},
	{"/etc/sysctl.d/a.conf", PLACE_SYSCTL, "file:/etc/sysctl.d/a.conf"},
	{"/etc/sysctl.d/a", PLACE_PLAIN, "file:/etc/sysctl.d/a"},
	{"/etc/sysusers.d/a.conf", PLACE_SYSUSERS, "file:/etc/sysusers.d/a.conf"},
	{"/usr/local/lib/tmpfiles.d/a.conf", PLACE_TMPFILES,
		"file:/usr/local/lib/tmpfiles.d/a.conf"},
	{"/etc/tmpfiles.d/b/a.conf", PLACE_PLAIN, "file:/etc/tmpfiles.d/b/a.conf"},
	{"/etc/sysctl.conf", PLACE_PLAIN, "file:/etc/sysctl.conf"},
};

START_TEST(place)
{
	_cleanup_arena_ struct arena *a = arena_new();

	ck_assert_int_eq(place_of(a, places[_i].path).kind, places[_i].kind);
	ck_assert_str_eq(place_id(a, places[_i].path, false), places[_i].id);
}
END_TEST

START_TEST(links_and_ranks)
{
	_cleanup_arena_ struct arena *a = arena_new();

	ck_assert_str_eq(place_id(a, "/etc/x", true), "link:/etc/x");
	ck_assert_str_eq(place_id(a, ETC "a.service", true), "unit:a.service");
	for (unsigned i = 0; place_unit_dirs[i]; i++) {
		struct place p = place_of(a, arena_printf(a, "%s/a.service", place_unit_dirs[i]));

		ck_assert_str_eq(p.unit_dir, place_unit_dirs[i]);
		ck_assert_uint_eq(p.rank, i);
	}
	ck_assert_uint_eq(place_of(a, "/usr/lib/sysctl.d/a.conf").rank, 2);
}
END_TEST

START_TEST(found_places)
{
	_cleanup_arena_ struct arena *a = arena_new();
	struct place p = place_found(a, "/run/systemd/system/a.service.d/x.conf");

	ck_assert_int_eq(p.kind, PLACE_DROPIN);
	ck_assert_str_eq(p.unit, "a.service");
	p = place_found(a, "/etc/systemd/system.control/a.service");
	ck_assert_int_eq(p.kind, PLACE_UNIT);
	ck_assert_str_eq(p.unit_dir, "/etc/systemd/system.control");
	ck_assert_str_eq(place_found(a, ETC "a.service").unit, "a.service");
	ck_assert_int_eq(place_found(a, "/run/x").kind, PLACE_PLAIN);
	ck_assert_int_eq(place_of(a, "/run/systemd/system/a.service").kind, PLACE_PLAIN);
}
END_TEST

/* Each row makes sense by itself, and can be reached. */
START_TEST(rules)
{
	struct arena *arena = arena_new();
	const char *const *words;
	size_t n = 0;

	for (const struct place_rule *x = place_rules; x->pattern; x++, n++) {
		ck_assert(*x->pattern == '/');
		if (x->validate)
			ck_assert_int_eq(command_words(arena, x->validate, NULL, &words, NULL), 0);
		if (x->activation == RUNS)
			ck_assert_int_eq(command_words(arena, x->what, NULL, &words, NULL), 0);
		else if (x->activation == RELOADS || x->activation == RESTARTS ||
			 x->activation == READ_NEXT)
			ck_assert_msg(unit_name_valid(x->what), "%s", x->what);
		else
			ck_assert(!x->what == (x->activation == RELOADS_SYSTEMD));
		for (const struct place_rule *y = place_rules; y < x; y++)
			ck_assert_msg(strcmp(y->pattern, x->pattern) != 0, "%s twice", x->pattern);
	}
	ck_assert_uint_ge(n, 25);
	ck_assert_str_eq(place_rule("/etc/nginx/a/b.conf")->what, "nginx.service");
	ck_assert_str_eq(
		place_rule("/etc/tmpfiles.d/x.conf")->what, "systemd-tmpfiles --create %f");
	ck_assert_ptr_null(place_rule("/etc/tmpfiles.d/x.conf.bak"));
	ck_assert_ptr_null(place_rule("/etc/sudoers.d/a/b"));
	arena_free(arena);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("places");
	TCase *t = tcase_create("all");

	tcase_add_loop_test(t, place, 0, ELEMENTS(places));
	tcase_add_test(t, links_and_ranks);
	tcase_add_test(t, found_places);
	tcase_add_test(t, rules);
	suite_add_tcase(suite, t);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
