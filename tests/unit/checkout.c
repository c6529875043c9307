/* The list of a checkout, the index of what is there, and what is kept of it. */
#include "l4sync/checkout_live.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "../unit_tree.h"
#include "l4sync/git_id.h"
#include "l4sync/txn.h"

#define ID "ce013625030ba8dba906f756967f9e9ca394464a" /* of "hello\n" */
#define OTHER "1111111111111111111111111111111111111111"

static const struct content *list(const char *text)
{
	return content_new(arena, text, strlen(text));
}

static const struct {
	const char *text, *fault; /* NULL: it is one */
} lists[] = {
	{"", NULL},
	{"0644 " ID " a\n0755 " ID " a-b\n0644 " ID " a/b\n", "has a file for a directory"},
	{"0644 " ID " a-b\n0755 " ID " a/b\nlink " ID " a/c\n", NULL},
	{"0644 " ID " a\\nb\n0644 " ID " a\\xff\n", NULL},
	{"0644 " ID " a", "malformed"},
	{"0644 " ID " a\n\n", "malformed"},
	{"0644 " ID "  a\n", NULL},
	{"0644 " ID " \n", "malformed"},
	{"0644 " ID " b\n0644 " ID " a\n", "malformed"},
	{"0644 " ID " a\n0644 " ID " a\n", "malformed"},
	{"0644 CE013625030ba8dba906f756967f9e9ca394464a a\n", "malformed"},
	{"0644 - a\n", "has no id"},
	{"0600 " ID " a\n", "a mode that no commit gives"},
	{"dir0755 " ID " a\n", "a mode that no commit gives"},
	{"0644/0:0 " ID " a\n", "a mode that no commit gives"},
	{"0644 " ID " /a\n", "an empty component"},
	{"0644 " ID " a/\n", "an empty component"},
	{"0644 " ID " a//b\n", "an empty component"},
	{"0644 " ID " a/../b\n", "leads out"},
	{"0644 " ID " ..\n", "leads out"},
	{"0644 " ID " ./a\n", "leads out"},
	{"0644 " ID " .git/config\n", "is a .git"},
	{"0644 " ID " a/.GIT\n", "is a .git"},
	{"0644 " ID " .gitignore\n0644 " ID " ..a\n", "malformed"},
	{"0644 " ID " ..a\n0644 " ID " .gitignore\n", NULL},
};

START_TEST(checks)
{
	_cleanup_err_ struct err e = ERR_INIT;
	int r = checkout_check(list(lists[_i].text), &e);

	ck_assert_int_eq(r, lists[_i].fault ? -EINVAL : 0);
	if (lists[_i].fault)
		ck_assert_msg(strstr(err_text(&e), lists[_i].fault) != NULL, "%s", err_text(&e));
}
END_TEST

START_TEST(finds)
{
	struct checkout_list l;

	ck_assert_int_eq(
		checkout_parse(arena, list("0644 " ID " a-b\n0755 " ID " a/b/c\nlink " ID " z\n"),
			&l, NULL),
		0);
	ck_assert_uint_eq(l.n, 3);
	ck_assert_str_eq(checkout_find(&l, "a/b/c")->mode, "0755");
	ck_assert_ptr_null(checkout_find(&l, "a/b"));
	ck_assert(checkout_has_dir(&l, "a") && checkout_has_dir(&l, "a/b"));
	ck_assert(!checkout_has_dir(&l, "a-b") && !checkout_has_dir(&l, "z"));
	const struct resource item = {.id = "checkout:/opt/x"}, other = {.id = "dir:/opt/x"};
	ck_assert_str_eq(checkout_below(&item, "/opt/x/a/b"), "a/b");
	ck_assert_ptr_null(checkout_below(&item, "/opt/x"));
	ck_assert_ptr_null(checkout_below(&item, "/opt/xy/a"));
	ck_assert_ptr_null(checkout_below(&other, "/opt/x/a"));
}
END_TEST

START_TEST(shows_differences)
{
	const struct content *old = list("0644 " ID " a\n0644 " ID " b\ndir0777/33:0 - d\nlink " ID
					 " l\n0600/33:0 " ID " o\n"),
			     *new = list("0644 " OTHER " a\n0755 " OTHER " b\n0644 " ID
					 " l\n0644 " ID " n\\n\n0644 " ID " o\n");

	ck_assert_ptr_null(checkout_diff(arena, old, old, 9));
	ck_assert_ptr_null(checkout_diff(arena, NULL, list(""), 9));
	ck_assert_str_eq(checkout_diff(arena, old, new, 9),
		"~a\n~b (content, 0644 → 0755)\n~d/ (0777/33:0 → 0755)\n~l (link → 0644)\n+n\\n\n"
		"~o (0600/33:0 → 0644)\n");
	ck_assert_str_eq(
		checkout_diff(arena, old, new, 2), "~a\n~b (content, 0644 → 0755)\n… 4 more\n");
	ck_assert_str_eq(checkout_diff(arena, NULL, list("0644 " ID " a\n"), 9), "+a\n");
	ck_assert_str_eq(checkout_diff(arena, list("0644 " ID " a\n"), NULL, 9), "-a\n");
	ck_assert(checkout_path_differs(old, new, "a") && checkout_path_differs(old, new, "n\n"));
	ck_assert(!checkout_path_differs(old, new, "nowhere"));
	ck_assert(checkout_path_differs(old, NULL, "a"));
}
END_TEST

/* As git hash-object has it. */
START_TEST(ids)
{
	char id[GIT_ID_MAX];

	put("/x = hello\n");
	int fd = openat(host->root_fd, "x", O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq(git_id_of_file(fd, id), 0);
	close(fd);
	ck_assert_str_eq(id, ID);
	struct git_id *h = git_id_begin(0);
	git_id_end(&h, id);
	ck_assert_str_eq(id, "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
	ck_assert_ptr_null(h);
}
END_TEST

static struct checkout_scan scan;
static struct checkout_look look;

/* What is there in /c, with the index as it is; whether a file had to be read. */
static const char *look_at(const char *want, bool *hashed)
{
	_cleanup_err_ struct err e = ERR_INIT;
	struct checkout_list w, none = {0};
	struct checkout_index known;
	int fd;

	ck_assert_int_eq(host_dir(host, "/c", &fd, &e), 0);
	ck_assert_int_eq(checkout_parse(arena, list(want), &w, &e), 0);
	ck_assert_int_eq(checkout_scan(arena, fd, &scan, &e), 0);
	checkout_index_load(host, arena, "/c", false, &known);
	int r = checkout_look(arena, fd, &scan, &known, &w, &none, &look, &e);
	ck_assert_msg(!r, "%s", err_text(&e));
	*hashed = look.hashed;
	return arena_strndup(arena, look.text, look.size);
}

START_TEST(indexes)
{
	static const char want[] = "0644 " ID " a\n0644 " ID " d/b\n";
	_cleanup_err_ struct err e = ERR_INIT;
	bool hashed;

	put("/c/a = hello\n");
	put("/c/d/b = hello\n");
	put("/c/own/x = mine\n");
	ck_assert_str_eq(look_at(want, &hashed), want);
	ck_assert(hashed);
	ck_assert_uint_eq(look.n_untracked, 1);
	ck_assert_str_eq(look.untracked[0], "own/x");
	/* Begun before the files were changed: none of it is to be believed. */
	ck_assert_int_eq(checkout_index_save(host, "/c", false, &scan, 1, &e), 0);
	look_at(want, &hashed);
	ck_assert(hashed);
	uint64_t later = checkout_index_now() + 1000000000u;
	ck_assert_int_eq(checkout_index_save(host, "/c", false, &scan, later, &e), 0);
	ck_assert_str_eq(look_at(want, &hashed), want);
	ck_assert(!hashed);
	put("/c/a = olleh\n");
	ck_assert_ptr_nonnull(strstr(look_at(want, &hashed), " a\n0644 " ID " d/b\n"));
	ck_assert(hashed && strncmp(look.text, want, 40) != 0);
	ck_assert_int_eq(checkout_index_remove(host, "/c", false, &e), 0);
	ck_assert_int_eq(checkout_index_remove(host, "/c", false, &e), 0);
}
END_TEST

static int keep(const char *want, const char *base, struct resources *set, struct err *e)
{
	int fd;

	ck_assert_int_eq(host_dir(host, "/c", &fd, e), 0);
	return checkout_keep(host, arena, fd, "/c", list(want), list(base), set, e);
}

START_TEST(keeps)
{
	_cleanup_resources_ struct resources *set = resources_new();
	_cleanup_err_ struct err e = ERR_INIT;

	put("/c/a = hello\n");
	put("/c/b = hello\n");
	put("/c/modified = by hand\n");
	put("/c/own/x = mine\n");
	put("/c/link -> nowhere");
	int r = keep("0644 " ID " a\n0644 " ID " modified\n", "0644 " ID " b\n", set, &e);
	ck_assert_msg(!r, "%s", err_text(&e));
	resources_sort(set, NULL);
	ck_assert_uint_eq(set->n, 3);
	ck_assert_str_eq(set->items[0]->id, "file:/c/modified");
	ck_assert_str_eq(set->items[0]->content->data, "by hand\n");
	ck_assert_str_eq(set->items[1]->id, "file:/c/own/x");
	ck_assert_str_eq(set->items[2]->id, "link:/c/link");
	ck_assert_str_eq(resource_get(set->items[2], "target"), "nowhere");
	ck_assert_int_eq(fchmodat(host->root_fd, "c/own/x", 0600, 0), 0);
	ck_assert_int_eq(keep("", "", NULL, &e), -EPERM);
	ck_assert_ptr_nonnull(strstr(err_text(&e), "own/x in it is in no commit"));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("checkout");
	TCase *c = tcase_create("checkout");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_loop_test(c, checks, 0, ELEMENTS(lists));
	tcase_add_test(c, finds);
	tcase_add_test(c, shows_differences);
	tcase_add_test(c, ids);
	tcase_add_test(c, indexes);
	tcase_add_test(c, keeps);
	suite_add_tcase(s, c);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
