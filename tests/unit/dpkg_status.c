/* dpkg's database as dpkg writes it, as an interrupted dpkg leaves it, and as no dpkg writes it. */
#include <check.h>
#include <errno.h>

#include "../unit_tree.h"
#include "l4sync/dpkg.h"

#define DPKG "/var/lib/dpkg/"
#define NATIVE                                                                                     \
	"Package: dpkg\nEssential: yes\nStatus: install ok installed\nArchitecture: amd64\n\n"

static const struct dpkg_status *read_it(void)
{
	_cleanup_err_ struct err e = ERR_INIT;
	struct dpkg_status *status;
	int r = dpkg_status_read(host, arena, &status, &e);

	ck_assert_msg(r == 1, "%d: %s", r, err_text(&e));
	return status;
}

static enum dpkg_state state_of(const struct dpkg_status *status, const char *name)
{
	const struct dpkg_package *p = dpkg_find(status, name);

	return p ? p->state : DPKG_NOT_INSTALLED;
}

START_TEST(states)
{
	put(DPKG "status = " NATIVE "Package: libc6\nStatus: install ok installed\n"
		 "Priority: optional\nArchitecture: amd64\nDescription: x\n Status: lies\n .\n\n"
		 "Package: libc6\nStatus: hold ok half-configured\nArchitecture: i386\n\n"
		 "Package: all\nStatus: install ok triggers-awaited\nArchitecture: all\n\n"
		 "Package: rc\nStatus: deinstall ok config-files\nArchitecture: amd64\n\n"
		 "Package: bad\nStatus: install reinstreq half-installed\nArchitecture: amd64\n\n"
		 "Package: held\nStatus: hold ok not-installed\n\n"
		 "Package: foreign\nArchitecture: i386\nStatus: install ok installed");
	put(DPKG "arch = amd64\ni386\n");
	const struct dpkg_status *s = read_it();

	ck_assert_str_eq(s->native, "amd64");
	ck_assert(dpkg_has_architecture(s, "i386") && dpkg_has_architecture(s, "amd64"));
	ck_assert(!dpkg_has_architecture(s, "armhf") && !s->interrupted);
	ck_assert_uint_eq(s->n_architectures, 2);
	ck_assert_int_eq(state_of(s, "libc6"), DPKG_INSTALLED);
	ck_assert_int_eq(state_of(s, "libc6:amd64"), DPKG_INSTALLED);
	ck_assert_int_eq(state_of(s, "libc6:i386"), DPKG_HALF_CONFIGURED);
	ck_assert(dpkg_find(s, "libc6:i386")->held && !dpkg_find(s, "libc6")->held);
	ck_assert_int_eq(state_of(s, "all"), DPKG_TRIGGERS_AWAITED);
	ck_assert_str_eq(dpkg_state_text(DPKG_TRIGGERS_AWAITED), "installed");
	ck_assert_int_eq(state_of(s, "all:amd64"), DPKG_TRIGGERS_AWAITED);
	ck_assert_ptr_null(dpkg_find(s, "all:i386"));
	ck_assert_int_eq(state_of(s, "rc"), DPKG_CONFIG_FILES);
	ck_assert(dpkg_find(s, "bad")->reinstall && !dpkg_find(s, "rc")->reinstall);
	ck_assert(dpkg_find(s, "held")->held);
	/* Of another architecture only: not what the name alone means. */
	ck_assert_ptr_null(dpkg_find(s, "foreign"));
	ck_assert_int_eq(state_of(s, "foreign:i386"), DPKG_INSTALLED);
	ck_assert_ptr_null(dpkg_find(s, "lib"));
	size_t at = 0, n = 0;
	while (dpkg_next(s, "libc6", &at))
		n++;
	ck_assert_uint_eq(n, 2);
	ck_assert_str_eq(dpkg_short(arena, s, "libc6:amd64"), "libc6");
	ck_assert_str_eq(dpkg_short(arena, s, "libc6:i386"), "libc6:i386");
	ck_assert_str_eq(dpkg_short_name(arena, s, "libc6", "all"), "libc6");
	ck_assert_str_eq(dpkg_short_name(arena, s, "libc6", "i386"), "libc6:i386");
}
END_TEST

/* What it had not written back when it was ended goes before what it had. */
START_TEST(interrupted)
{
	put(DPKG "status = " NATIVE "Package: a\nStatus: install ok unpacked\nArchitecture: all\n");
	put(DPKG "updates/0000 = Package: a\nStatus: install ok half-configured\nArchitecture: "
		 "all\n");
	put(DPKG "updates/0001 = Package: a\nStatus: install ok installed\nArchitecture: all\n\n"
		 "Package: b\nStatus: install ok unpacked\nArchitecture: amd64\n");
	put(DPKG "updates/tmp.i = Package: a\nStatus: nonsense\n");
	const struct dpkg_status *s = read_it();

	ck_assert(s->interrupted);
	ck_assert_uint_eq(s->n, 3);
	ck_assert_int_eq(state_of(s, "a"), DPKG_INSTALLED);
	ck_assert_int_eq(state_of(s, "b"), DPKG_UNPACKED);
}
END_TEST

START_TEST(no_dpkg)
{
	struct dpkg_status *status;

	ck_assert_int_eq(dpkg_status_read(host, arena, &status, NULL), 0);
}
END_TEST

#define HINT                                                                                       \
	": dpkg's database is damaged, so nobody can tell what is installed. dpkg keeps older "    \
	"ones: /var/lib/dpkg/status-old, /var/backups/dpkg.status.0"

static const struct {
	const char *text;
	size_t size; /* 0: all of it */
	const char *message;
} bad[] = {
	{"garbage\n", 0, "status:1: this is no field of a package" HINT},
	{NATIVE "Package: a\nStatus: install ok installed\nArchitecture: all\n\n\0\0\0\0",
		sizeof NATIVE - 1 + 61, "status:10: this is no field of a package" HINT},
	{NATIVE "Package: a\nArchitecture: all\n", 0,
		"status:6: the package a has no state that dpkg knows" HINT},
	{NATIVE "Package: a\nStatus: install ok fine\n", 0,
		"status:6: the package a has no state that dpkg knows" HINT},
	{NATIVE "Package: a\nStatus: install installed\n", 0,
		"status:6: the package a has no state that dpkg knows" HINT},
	{NATIVE "Package: a\nStatus: install ok installed more\n", 0,
		"status:6: the package a has no state that dpkg knows" HINT},
	{NATIVE "Status: install ok installed\nArchitecture: all\n", 0,
		"status:6: a package without a name" HINT},
	{"Package:\nStatus: install ok installed\n", 0,
		"status:1: this field of a package has no value" HINT},
	{"Package: a\377\nStatus: install ok installed\n", 0,
		"status:1: this field of a package has no value" HINT},
	{"\n\n\nPackage: a\nStatus: install ok installed\nArchitecture", 0,
		"status:6: this is no field of a package" HINT},
};

START_TEST(damaged)
{
	struct dpkg_status status = {0};
	_cleanup_err_ struct err e = ERR_INIT;
	size_t size = bad[_i].size ? bad[_i].size : strlen(bad[_i].text);

	int r = dpkg_status_parse(arena, "status", bad[_i].text, size, &status, &e);
	ck_assert_int_eq(r, -EBADMSG);
	ck_assert_str_eq(err_text(&e), bad[_i].message);
}
END_TEST

START_TEST(empty)
{
	_cleanup_err_ struct err e = ERR_INIT;
	struct dpkg_status *status;

	put(DPKG "status = ");
	ck_assert_int_eq(dpkg_status_read(host, arena, &status, &e), -EBADMSG);
	ck_assert_str_eq(err_text(&e),
		arena_printf(arena,
			"%s" DPKG
			"status is empty: dpkg's database is damaged; it keeps older ones: "
			"/var/lib/dpkg/status-old, /var/backups/dpkg.status.0",
			root));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("dpkg_status");
	TCase *t = tcase_create("all");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, states);
	tcase_add_test(t, interrupted);
	tcase_add_test(t, no_dpkg);
	tcase_add_test(t, empty);
	tcase_add_loop_test(t, damaged, 0, ELEMENTS(bad));
	suite_add_tcase(suite, t);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
