/* Which package owns a file, by lists as dpkg writes them. */
#include <check.h>

#include "../unit_tree.h"
#include "l4sync/dpkg.h"

#define INFO "/var/lib/dpkg/info/"

static const char *const paths[] = {
	"/usr/lib/systemd/system/a.service",
	"/usr/lib/systemd/system/a.service.d/x.conf",
	"/usr/lib/systemd/system/moved.service",
	"/etc/a",
	"/etc",
	"/last",
};

START_TEST(owners)
{
	const char *ret[ELEMENTS(paths)];
	_cleanup_err_ struct err e = ERR_INIT;

	put(INFO "a:amd64.list = /.\n/etc\n/etc/a.conf\n/usr/lib/systemd/system/a.service\n/last");
	put(INFO "b.list = /.\n/etc\n/lib/systemd/system/moved.service\n"
		 "/usr/lib/systemd/system/a.service.d/x.conf.dpkg\n");
	put(INFO "c.conffiles = /etc/a\n");
	put(INFO "empty.list = ");
	ck_assert_int_eq(dpkg_owners(host, arena, paths, ELEMENTS(paths), ret, &e), 1);
	ck_assert_str_eq(ret[0], "a:amd64");
	ck_assert_ptr_null(ret[1]);
	ck_assert_str_eq(ret[2], "b");
	ck_assert_ptr_null(ret[3]);
	ck_assert_ptr_nonnull(ret[4]);
	ck_assert_str_eq(ret[5], "a:amd64");
}
END_TEST

START_TEST(no_lists)
{
	const char *ret[ELEMENTS(paths)] = {"x"};

	ck_assert_int_eq(dpkg_owners(host, arena, paths, ELEMENTS(paths), ret, NULL), 0);
	ck_assert_ptr_null(ret[0]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("dpkg");
	TCase *t = tcase_create("all");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, owners);
	tcase_add_test(t, no_lists);
	suite_add_tcase(suite, t);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
