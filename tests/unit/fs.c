/*
 * Paths below a root: links where directories are expected are refused by name, nothing leads out
 * of the root, the cache of directories forgets what it is told to.
 */
#include <errno.h>
#include <fcntl.h>

#include "../unit_tree.h"
#include "l4sync/host.h"

static const char *real(const char *path)
{
	return arena_printf(arena, "%s%s", root, path);
}

START_TEST(links_are_refused)
{
	static const struct {
		const char *path, *link, *target;
	} cases[] = {
		{"/link", "/link", "dir"},
		{"/link/below", "/link", "dir"},
		{"/dir/inner/x", "/dir/inner", "/"},
		{"/dangling/x", "/dangling", "nowhere"},
		{"/loop", "/loop", "loop"},
	};
	_cleanup_err_ struct err e = ERR_INIT;
	int fd;

	put("/dir/below/file = x");
	put("/link -> dir");
	put("/dir/inner -> /");
	put("/dangling -> nowhere");
	put("/loop -> loop");
	ck_assert_int_eq(host_dir(host, cases[_i].path, &fd, &e), -ELOOP);
	ck_assert_str_eq(err_text(&e), arena_printf(arena,
					       "%s%s is a symbolic link to %s where a directory is "
					       "expected: give the path "
					       "without the link, or put the directory back",
					       root, cases[_i].link, cases[_i].target));
}
END_TEST

START_TEST(answers)
{
	_cleanup_err_ struct err e = ERR_INIT;
	const char *name;
	int fd, again;

	put("/dir/file = x");
	ck_assert_int_eq(host_dir(host, "/nowhere/x", &fd, &e), -ENOENT);
	ck_assert_int_eq(host_dir(host, "/dir/file", &fd, &e), -ENOTDIR);
	ck_assert_int_eq(host_dir(host, "/dir/file/x", &fd, &e), -ENOTDIR);
	ck_assert_ptr_null(e.text);
	ck_assert_int_eq(host_dir(host, "/", &fd, &e), 0);
	ck_assert_int_eq(host_dir(host, "/dir", &fd, &e), 0);
	ck_assert_int_eq(host_dir(host, "/dir", &again, &e), 0);
	ck_assert_int_eq(fd, again);
	ck_assert_int_eq(host_parent(host, "/dir/file", &again, &name, &e), 0);
	ck_assert_int_eq(fd, again);
	ck_assert_str_eq(name, "file");
	ck_assert_int_eq(host_parent(host, "/file", &again, &name, &e), 0);
	ck_assert_str_eq(name, "file");
}
END_TEST

/* Whatever is written in a path or a link, the file is one below the root. */
START_TEST(nothing_leads_out)
{
	static const char *const paths[] = {"/../../../../../../etc/hostname", "/up/etc/hostname",
		"/absolute", "/dir/../../../etc/hostname"};
	_cleanup_err_ struct err e = ERR_INIT;
	_cleanup_close_ int fd = -1;
	const void *data;
	size_t size;

	put("/dir/x = x");
	put("/up -> ../../../../../../..");
	put("/absolute -> /etc/hostname");
	ck_assert_int_eq(host_open_following(host, paths[_i], O_RDONLY, &fd, &e), 0);
	ck_assert_int_eq(fd_read_all(arena, fd, 100, &data, &size), 0);
	ck_assert_str_eq(data, "h\n");
}
END_TEST

START_TEST(forgets)
{
	_cleanup_err_ struct err e = ERR_INIT;
	int a, b, now;
	struct stat st, st_now;

	put("/a/b/x = x");
	put("/ab/x = x");
	ck_assert_int_eq(host_dir(host, "/a/b", &a, &e), 0);
	ck_assert_int_eq(host_dir(host, "/ab", &b, &e), 0);
	ck_assert_int_eq(rename(real("/a"), real("/old")), 0);
	put("/a/b/y = y");
	host_dir_forget(host, "/a");
	ck_assert_int_eq(host_dir(host, "/a/b", &now, &e), 0);
	ck_assert(!fstat(now, &st_now) && !stat(real("/a/b"), &st));
	ck_assert_uint_eq(st_now.st_ino, st.st_ino);
	ck_assert_int_eq(host_dir(host, "/ab", &now, &e), 0);
	ck_assert_int_eq(now, b);
}
END_TEST

START_TEST(reading)
{
	_cleanup_close_ int fd = -1, dir = -1;
	const char *target;
	const void *data;
	size_t size;

	put("/ten = 0123456789");
	put("/empty = ");
	put("/link -> a b\nc");
	fd = open(real("/ten"), O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq(fd_read_all(arena, fd, 9, &data, &size), -EFBIG);
	ck_assert_int_eq(fd_read_all(arena, fd, 10, &data, &size), 0);
	ck_assert_uint_eq(size, 10);
	closep_(&fd);
	fd = open(real("/empty"), O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq(fd_read_all(arena, fd, 0, &data, &size), 0);
	ck_assert_uint_eq(size, 0);
	dir = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_eq(fd_read_all(arena, dir, 10, &data, &size), -EISDIR);
	ck_assert_int_eq(link_read(arena, dir, "link", &target), 0);
	ck_assert_str_eq(target, "a b\nc");
	ck_assert_int_eq(link_read(arena, dir, "ten", &target), -EINVAL);
}
END_TEST

START_TEST(names)
{
	_cleanup_err_ struct err e = ERR_INIT;
	uid_t uid = 7;
	gid_t gid = 7;

	put("/etc/passwd = game:x:2001:2002::/:/bin/sh\n");
	put("/etc/group = game:x:2002:\n");
	ck_assert_int_eq(host_uid(host, "game", &uid, &e), 0);
	ck_assert_uint_eq(uid, 2001);
	ck_assert_int_eq(host_gid(host, "game", &gid, &e), 0);
	ck_assert_uint_eq(gid, 2002);
	ck_assert_int_eq(host_uid(host, "4294967294", &uid, &e), 0);
	/* chown(2) would read it as "leave the owner". */
	ck_assert_int_eq(host_uid(host, "4294967295", &uid, &e), -ENOENT);
	ck_assert_int_eq(host_uid(host, "nobody", &uid, &e), -ENOENT);
	ck_assert_str_eq(host_user(host, 2001), "game");
	ck_assert_str_eq(host_user(host, 2002), "2002");
	ck_assert_str_eq(host_group(host, 2002), "game");
	ck_assert_str_eq(host_group(host, 0), "root");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("fs");
	TCase *c = tcase_create("below a root");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_loop_test(c, links_are_refused, 0, 5);
	tcase_add_test(c, answers);
	tcase_add_loop_test(c, nothing_leads_out, 0, 4);
	tcase_add_test(c, forgets);
	tcase_add_test(c, reading);
	tcase_add_test(c, names);
	suite_add_tcase(s, c);
	SRunner *runner = srunner_create(s);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
