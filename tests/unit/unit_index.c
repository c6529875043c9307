/* Which files make up a unit, what hides what: on trees of its own. */
#include <check.h>
#include <errno.h>
#include <string.h>

#include "../unit_tree.h"

/* "FRAGMENT | DROPIN DROPIN", "masked", "none |": what a config looks like in the tables. */
static const char *show(struct unit_index *x, const char *unit)
{
	_cleanup_err_ struct err e = ERR_INIT;
	_cleanup_buf_ struct buf b = BUF_INIT;
	struct unit_config c;

	ck_assert_msg(!unit_index_config(x, unit, &c, &e), "%s", err_text(&e));
	if (c.masked)
		return "masked";
	buf_addf(&b, "%s |", c.found ? c.fragment.path : "none");
	for (size_t i = 0; i < c.n_dropins; i++)
		buf_addf(&b, " %s", c.dropins[i].path);
	return arena_strndup(arena, b.data, b.size);
}

static const struct {
	const char *tree[12];
	const char *unit, *expected;
} precedence[] = {
	{{U "a.service"}, "a.service", U "a.service |"},
	{{U "a.service", E "a.service"}, "a.service", E "a.service |"},
	{{U "a.service", L "a.service"}, "a.service", L "a.service |"},
	{{U "t@.service"}, "t@1.service", U "t@.service |"},
	{{E "t@.service", U "t@1.service"}, "t@1.service", U "t@1.service |"},
	/* The directory's rank beats specificity. */
	{{U "t@.service", E "t@.service.d/10.conf", U "t@1.service.d/10.conf"}, "t@1.service",
		U "t@.service | " E "t@.service.d/10.conf"},
	{{U "t@.service", U "t@.service.d/10.conf", U "t@1.service.d/10.conf"}, "t@1.service",
		U "t@.service | " U "t@1.service.d/10.conf"},
	{{U "l4-t@.service", E "l4-.service.d/1.conf", U "l4-t@.service.d/1.conf"},
		"l4-t@1.service", U "l4-t@.service | " E "l4-.service.d/1.conf"},
	{{U "t@.service", L "t@1.service.d/1.conf", U "t@1.service.d/1.conf"}, "t@1.service",
		U "t@.service | " L "t@1.service.d/1.conf"},
	/* By name, whatever the directory. */
	{{U "t@.service", E "t@.service.d/20.conf", U "t@1.service.d/10.conf",
		 U "t@.service.d/30.conf"},
		"t@1.service",
		U "t@.service | " U "t@1.service.d/10.conf " E "t@.service.d/20.conf " U
		  "t@.service.d/30.conf"},
	{{U "a.service", U "a.service.d/B.conf", U "a.service.d/_.conf", U "a.service.d/a.conf"},
		"a.service",
		U "a.service | " U "a.service.d/B.conf " U "a.service.d/_.conf " U
		  "a.service.d/a.conf"},
	/* The type's own always loses. */
	{{U "a.service", E "service.d/1.conf", U "a.service.d/1.conf"}, "a.service",
		U "a.service | " U "a.service.d/1.conf"},
	{{U "a.service", E "service.d/1.conf", E "timer.d/2.conf"}, "a.service",
		U "a.service | " E "service.d/1.conf"},
	/* Prefixes, with and without the instance. */
	{{U "a-b-c.service", E "a-.service.d/1.conf", E "a-b-.service.d/2.conf",
		 E "b-.service.d/3.conf"},
		"a-b-c.service",
		U "a-b-c.service | " E "a-.service.d/1.conf " E "a-b-.service.d/2.conf"},
	{{U "a-b-.service", U "a-b-.service.d/1.conf", U "a-.service.d/1.conf"}, "a-b-.service",
		U "a-b-.service | " U "a-b-.service.d/1.conf"},
	{{U "a-b@.service", U "a-@1.service.d/1.conf", U "a-@.service.d/2.conf",
		 U "a-@2.service.d/3.conf"},
		"a-b@1.service",
		U "a-b@.service | " U "a-@1.service.d/1.conf " U "a-@.service.d/2.conf"},
	{{U "-a.service", U "-.service.d/1.conf"}, "-a.service", U "-a.service |"},
	/* Names that are no drop-ins; empty ones count, and hide. */
	{{U "a.service", U "a.service.d/.1.conf", U "a.service.d/2.conf~", U "a.service.d/3.txt"},
		"a.service", U "a.service |"},
	{{U "a.service", U "a.service.d/1.conf", E "a.service.d/1.conf -> /dev/null"}, "a.service",
		U "a.service | " E "a.service.d/1.conf"},
	/* Aliases. */
	{{U "a.service", E "b.service -> " U "a.service", E "b.service.d/1.conf",
		 U "a.service.d/1.conf"},
		"b.service", U "a.service | " U "a.service.d/1.conf"},
	{{U "a.service", E "b.service -> " U "a.service", E "b.service.d/1.conf"}, "a.service",
		U "a.service | " E "b.service.d/1.conf"},
	{{U "a.service", E "a.service", U "b.service -> a.service"}, "b.service", E "a.service |"},
	{{U "a.service", U "b.service -> a.service", U "c.service -> b.service"}, "c.service",
		U "a.service |"},
	{{U "r@.service", U "s@.service -> r@.service", E "s@1.service.d/1.conf"}, "r@1.service",
		U "r@.service | " E "s@1.service.d/1.conf"},
	{{U "r@.service", U "s@.service -> r@.service", U "s@1.service"}, "s@1.service",
		U "s@1.service |"},
	{{U "a.service", E "b.service -> /lib/systemd/system/a.service", "/lib -> usr/lib"},
		"b.service", U "a.service |"},
	/* Links that systemd passes over. */
	{{U "a.service", E "a.service -> " U "a.service"}, "a.service", U "a.service |"},
	{{U "a.service", E "a.socket -> " U "a.service"}, "a.socket", "none |"},
	{{U "a.slice", E "b.slice -> a.slice"}, "b.slice", "none |"},
	{{U "t@.service", E "a.service -> t@.service", U "a.service"}, "a.service",
		U "a.service |"},
	{{E "a.service -> b.service", E "b.service -> a.service"}, "a.service", "none |"},
	{{E "a.service -> " U "b.service", U "a.service"}, "a.service", "none |"},
	/* Fragments and drop-ins that are kept elsewhere. */
	{{"/opt/x.service", E "a.service -> /opt/x.service", E "x.service.d/1.conf"}, "a.service",
		E "a.service |"},
	{{E "a.service -> /opt/gone", U "a.service", U "a.service.d/1.conf"}, "a.service",
		"none |"},
	{{U "a.service", "/opt/d/1.conf", E "a.service.d -> /opt/d", U "a.service.d/1.conf"},
		"a.service", U "a.service | " E "a.service.d/1.conf"},
	/* Masks. */
	{{U "a.service", E "a.service -> /dev/null", E "a.service.d/1.conf"}, "a.service",
		"masked"},
	{{U "a.service", E "a.service -> ../../../dev/null"}, "a.service", "masked"},
	{{U "a.service", E "a.service = "}, "a.service", "masked"},
	{{U "a.service -> /dev/null", E "b.service -> " U "a.service"}, "b.service", "masked"},
	{{U "t@.service", E "t@1.service -> /dev/null"}, "t@2.service", U "t@.service |"},
	/* No fragment: only slices and the like do without. */
	{{E "a.service.d/1.conf"}, "a.service", "none |"},
	{{E "system.slice.d/1.conf", E "slice.d/2.conf"}, "system.slice",
		"none | " E "system.slice.d/1.conf " E "slice.d/2.conf"},
	{{"/etc/systemd/system.control/a.service.d/1.conf", E "a.service.d/1.conf", U "a.service"},
		"a.service", U "a.service | /etc/systemd/system.control/a.service.d/1.conf"},
	/* Not part of a file tree that is not running. */
	{{"/run/systemd/system/a.service"}, "a.service", "none |"},
};

START_TEST(finds_files)
{
	put_lines(precedence[_i].tree);
	ck_assert_str_eq(show(index_with(NULL, 0), precedence[_i].unit), precedence[_i].expected);
}
END_TEST

START_TEST(follows_links)
{
	_cleanup_err_ struct err e = ERR_INIT;
	struct unit_config c;

	put("/opt/co/1.conf = one");
	put("/opt/co/hop -> 1.conf");
	put("/opt/current -> co");
	put(U "a.service = x");
	put(E "a.service.d/1.conf -> /opt/current/hop");
	put(E "a.service.d/2.conf -> ../../../../opt/co/1.conf");
	put(E "a.service.d/3.conf -> /../../../../../opt/co/1.conf");
	put(E "a.service.d/4.conf -> /opt/nowhere");
	struct unit_index *x = index_with(NULL, 0);
	ck_assert_msg(!unit_index_config(x, "a.service", &c, &e), "%s", err_text(&e));
	ck_assert_uint_eq(c.n_dropins, 4);
	for (size_t i = 0; i < 3; i++) {
		ck_assert_ptr_nonnull(c.dropins[i].content);
		ck_assert_uint_eq(c.dropins[i].content->size, 3);
		ck_assert_mem_eq(c.dropins[i].content->data, "one", 3);
	}
	ck_assert_ptr_null(c.dropins[3].content);
	/* Every path on the way is one whose change concerns the unit. */
	ck_assert(unit_index_concerns(x, "/opt/co/1.conf", "a.service"));
	ck_assert(unit_index_concerns(x, "/opt/co/hop", "a.service"));
	ck_assert(!unit_index_concerns(x, "/opt/co/2.conf", "a.service"));
	ck_assert(unit_index_concerns(x, "/opt/nowhere", "a.service"));
}
END_TEST

#define TEXT(s) content_new(arena, s, strlen(s))

START_TEST(lays_overlays_over)
{
	_cleanup_err_ struct err e = ERR_INIT;
	struct unit_config before, after;

	put(U "a.service = x");
	put(U "t@.service = x");
	put(E "a.service.d/1.conf = one");
	put(E "a.service.d/2.conf = two");
	put("/opt/co/3.conf = three");
	put(E "a.service.d/3.conf -> /opt/co/3.conf");
	const struct unit_overlay overlays[] = {
		{E "a.service.d/0.conf", TEXT("zero"), NULL},
		{E "a.service.d/1.conf", NULL, NULL},
		{E "a.service.d/2.conf", TEXT("TWO"), NULL},
		{"/opt/co/3.conf", TEXT("THREE"), NULL},
		{E "a.service.d/4.conf", NULL, "/opt/new/4.conf"},
		{"/opt/new", NULL, "newer"},
		{"/opt/newer/4.conf", TEXT("four"), NULL},
		{E "b.service", NULL, U "a.service"},
		{E "b.service.d/5.conf", TEXT("five"), NULL},
		{E "t@.service", NULL, "/dev/null"},
		{E "c.service", TEXT("c"), NULL},
		{"/etc/other/file", TEXT("c"), NULL},
	};
	struct unit_index *x = index_with(overlays, ELEMENTS(overlays));
	ck_assert_str_eq(show(x, "a.service"),
		U "a.service | " E "a.service.d/0.conf " E "a.service.d/2.conf " E
		  "a.service.d/3.conf " E "a.service.d/4.conf " E "b.service.d/5.conf");
	ck_assert_str_eq(show(x, "t@1.service"), "masked");
	ck_assert_str_eq(show(x, "c.service"), E "c.service |");
	ck_assert_msg(!unit_index_config(x, "a.service", &after, &e), "%s", err_text(&e));
	static const char *const contents[] = {"zero", "TWO", "THREE", "four", "five"};
	for (size_t i = 0; i < ELEMENTS(contents); i++) {
		ck_assert_ptr_nonnull(after.dropins[i].content);
		ck_assert_mem_eq(after.dropins[i].content->data, contents[i], strlen(contents[i]));
	}
	ck_assert(!unit_index_config(index_with(NULL, 0), "a.service", &before, &e));
	ck_assert(!unit_config_same(&before, &after));
	ck_assert(unit_config_same(&before, &before));
}
END_TEST

/* What moves to another path, or says nothing, changes nothing. */
START_TEST(compares_contents)
{
	_cleanup_err_ struct err e = ERR_INIT;
	struct unit_config before, after;

	put(U "a.service = x");
	put(U "a.service.d/1.conf = one");
	const struct unit_overlay overlays[] = {
		{E "a.service", TEXT("x"), NULL},
		{E "a.service.d/0.conf", TEXT(""), NULL},
		{E "a.service.d/1.conf", TEXT("one"), NULL},
	};
	ck_assert(!unit_index_config(index_with(NULL, 0), "a.service", &before, &e));
	ck_assert(!unit_index_config(
		index_with(overlays, ELEMENTS(overlays)), "a.service", &after, &e));
	ck_assert(unit_config_same(&before, &after));
}
END_TEST

static const struct {
	const char *path, *unit;
	bool concerns;
	const char *hider; /* "": in effect */
} hiding[] = {
	{U "a-b@.service", "a-b@1.service", true, ""},
	{E "a-b@.service.d/1.conf", "a-b@1.service", true, ""},
	{U "a-b@1.service.d/1.conf", "a-b@1.service", true, E "a-b@.service.d/1.conf"},
	{U "a-.service.d/1.conf", "a-b@1.service", true, E "a-b@.service.d/1.conf"},
	{E "service.d/1.conf", "a-b@1.service", true, E "a-b@.service.d/1.conf"},
	{U "a-b@2.service.d/1.conf", "a-b@1.service", false, NULL},
	{U "a-b@2.service.d/1.conf", "a-b@2.service", true, E "a-b@.service.d/1.conf"},
	{U "m.service", "m.service", true, E "m.service"},
	{U "m.service.d/1.conf", "m.service", true, E "m.service"},
	{E "timer.d/1.conf", "m.service", false, NULL},
	{"/etc/other", "m.service", false, NULL},
	{"/x", "m.service", false, NULL},
};

START_TEST(tells_what_hides)
{
	_cleanup_err_ struct err e = ERR_INIT;
	const char *hider = "?";
	static const char *const tree[] = {U "a-b@.service", E "a-b@.service.d/1.conf",
		U "a-b@1.service.d/1.conf", U "a-b@2.service.d/1.conf", U "a-.service.d/1.conf",
		E "service.d/1.conf", U "m.service", E "m.service -> /dev/null",
		U "m.service.d/1.conf", NULL};

	put_lines(tree);
	struct unit_index *x = index_with(NULL, 0);
	ck_assert_int_eq(
		unit_index_concerns(x, hiding[_i].path, hiding[_i].unit), hiding[_i].concerns);
	int r = unit_index_hidden(x, hiding[_i].path, hiding[_i].unit, &hider, &e);
	ck_assert_int_eq(r, hiding[_i].hider ? 0 : -ENOENT);
	if (!r)
		ck_assert_str_eq(hider ? hider : "", hiding[_i].hider);
}
END_TEST

START_TEST(knows_names)
{
	static const struct {
		const char *name;
		bool valid, template, instance;
	} cases[] = {
		{"a.service", true, false, false},
		{"a@.service", true, true, false},
		{"a@b@c.service", true, false, true},
		{"a.b.socket", true, false, false},
		{"-.mount", true, false, false},
		{"dev-sda\\x2d1.device", true, false, false},
		{"a", false, false, false},
		{".service", false, false, false},
		{"@.service", false, false, false},
		{"@1.service", false, false, false},
		{"a.conf", false, false, false},
		{"a b.service", false, false, false},
		{"a/b.service", false, false, false},
		{"", false, false, false},
	};

	for (size_t i = 0; i < ELEMENTS(cases); i++) {
		ck_assert_int_eq(unit_name_valid(cases[i].name), cases[i].valid);
		ck_assert_int_eq(unit_name_is_template(cases[i].name), cases[i].template);
		ck_assert_int_eq(unit_name_is_instance(cases[i].name), cases[i].instance);
	}
	ck_assert_str_eq(unit_name_template(arena, "a@b@c.service"), "a@.service");
	ck_assert_ptr_null(unit_name_template(arena, "a.service"));
	ck_assert_str_eq(unit_name_type("a.b.socket"), "socket");
}
END_TEST

static const char *without(struct unit_index *x, const char *unit, const char *path)
{
	struct unit_config c;

	ck_assert(!unit_index_config_without(x, unit, &path, 1, &c, NULL));
	return c.masked      ? "masked"
	       : !c.found    ? "none"
	       : c.n_dropins ? c.dropins[0].path
			     : c.fragment.path;
}

/* As if a file were not there: for one question, or from then on. */
START_TEST(leaves_out)
{
	static const char *const tree[] = {U "a.service", E "a.service -> /dev/null",
		U "a.service.d/1.conf", E "a.service.d/1.conf", U "b.service",
		E "c.service -> " U "b.service", E "c.service.d/2.conf", NULL};

	put_lines(tree);
	struct unit_index *x = index_with(NULL, 0);
	ck_assert_str_eq(show(x, "a.service"), "masked");
	ck_assert_str_eq(without(x, "a.service", E "a.service"), E "a.service.d/1.conf");
	ck_assert_str_eq(show(x, "a.service"), "masked");
	unit_index_remove(x, E "a.service");
	ck_assert_str_eq(show(x, "a.service"), U "a.service | " E "a.service.d/1.conf");
	ck_assert_str_eq(without(x, "a.service", E "a.service.d/1.conf"), U "a.service.d/1.conf");
	ck_assert_str_eq(without(x, "a.service", U "a.service"), "none");
	/* An alias that is gone gives no name, and takes its drop-ins along. */
	ck_assert_str_eq(without(x, "b.service", E "c.service"), U "b.service");
	ck_assert_str_eq(show(x, "b.service"), U "b.service | " E "c.service.d/2.conf");
	unit_index_remove(x, E "c.service");
	unit_index_remove(x, E "a.service.d/1.conf");
	ck_assert_str_eq(show(x, "b.service"), U "b.service |");
	ck_assert_str_eq(show(x, "a.service"), U "a.service | " U "a.service.d/1.conf");
}
END_TEST

START_TEST(knows_instances)
{
	static const char *const tree[] = {U "t@.service", E "t@10.service.d/x.conf",
		E "t@2.service", E "m.target.wants/t@7.service -> " U "t@.service",
		E "u@1.service.d/x.conf", E "t@.service.d/x.conf", NULL};
	const char *const *names;
	size_t n;

	put_lines(tree);
	struct unit_index *x = index_with(NULL, 0);
	ck_assert(!unit_index_known_instances(x, "t@.service", &names, &n, NULL));
	ck_assert_uint_eq(n, 3);
	ck_assert_str_eq(names[0], "t@2.service");
	ck_assert_str_eq(names[1], "t@7.service");
	ck_assert_str_eq(names[2], "t@10.service");
	unit_index_fragment_names(x, &names, &n);
	ck_assert_uint_eq(n, 2);
	ck_assert_str_eq(names[0], "t@.service");
	ck_assert_str_eq(names[1], "t@2.service");
}
END_TEST

START_TEST(lists_other_directories)
{
	static const char *const lines[] = {"/etc/sysctl.d/.hidden = h", "/etc/sysctl.d/a = a",
		"/etc/sysctl.d/empty = ", "/etc/sysctl.d/gone = g", "/etc/sysctl.d/link -> ../else",
		"/etc/sysctl.d/mask -> /dev/null", "/etc/sysctl.d/nowhere -> /none",
		"/etc/sysctl.d/dir/x = x", "/etc/else = old", NULL};
	const struct unit_overlay overlays[] = {
		{.path = "/etc/sysctl.d/a", .content = content_new(arena, "A", 1)},
		{.path = "/etc/sysctl.d/new", .content = content_new(arena, "N", 1)},
		{.path = "/etc/sysctl.d/gone"},
		{.path = "/etc/else", .content = content_new(arena, "E", 1)},
	};
	_cleanup_buf_ struct buf found = BUF_INIT;
	_cleanup_err_ struct err e = ERR_INIT;
	struct index_file *files, file;
	size_t n;

	put_lines(lines);
	struct unit_index *x = index_with(overlays, ELEMENTS(overlays));
	ck_assert_int_eq(unit_index_dir(x, "/etc/sysctl.d", &files, &n, &e), 0);
	for (size_t i = 0; i < n; i++) {
		ck_assert_ptr_null(files[i].unread);
		buf_addf(&found, "%s=%s ", files[i].path + strlen("/etc/sysctl.d/"),
			files[i].content ? (const char *)files[i].content->data : "-");
	}
	ck_assert_str_eq(found.data, ".hidden=h a=A dir=- empty=- link=E mask=- new=N nowhere=- ");
	ck_assert_int_eq(unit_index_dir(x, "/etc/none", &files, &n, &e), 0);
	ck_assert_uint_eq(n, 0);
	unit_index_file(x, "/etc/else", &file);
	ck_assert_str_eq(file.content->data, "E");
	unit_index_file(x, "/etc/none", &file);
	ck_assert(!file.content && !file.unread);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("unit_index");
	TCase *t = tcase_create("unit_index");
	SRunner *runner = srunner_create(s);

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, finds_files, 0, ELEMENTS(precedence));
	tcase_add_test(t, follows_links);
	tcase_add_test(t, lays_overlays_over);
	tcase_add_test(t, compares_contents);
	tcase_add_loop_test(t, tells_what_hides, 0, ELEMENTS(hiding));
	tcase_add_test(t, lists_other_directories);
	tcase_add_test(t, knows_names);
	tcase_add_test(t, leaves_out);
	tcase_add_test(t, knows_instances);
	suite_add_tcase(s, t);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
