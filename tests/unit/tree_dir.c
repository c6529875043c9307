/*
 * A plain directory as a state: what is listed, that no link leads out of it, what is refused.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "l4sync/module.h"
#include "l4sync/reader.h"
#include "l4sync/tree.h"

static char dir_path[] = "/tmp/l4sync-tree-dir-XXXXXX";
static int dir_fd;
static struct arena *arena;
static struct tree *tree;

static void write_file(const char *name, const char *text, mode_t mode)
{
	int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static void setup(void)
{
	memcpy(dir_path + strlen(dir_path) - 6, "XXXXXX", 6);
	ck_assert_ptr_nonnull(mkdtemp(dir_path));
	dir_fd = open(dir_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	arena = arena_new();
	mkdirat(dir_fd, "root", 0755);
	mkdirat(dir_fd, "root/a", 0755);
	mkdirat(dir_fd, ".git", 0755);
	write_file(".git/HEAD", "x", 0644);
	write_file("l4sync.yaml", "l4sync: 1\n", 0644);
	write_file("root/a/x", "text", 0644);
	write_file("root/a.b", "", 0644);
	write_file("root/run", "#!", 0755);
	symlinkat("/etc/passwd", dir_fd, "root/link");
	symlinkat("/etc", dir_fd, "root/out");
	ck_assert_int_eq(tree_open_dir(arena, dup(dir_fd), &tree, NULL), 0);
}

static int remove_entry(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st, (void)kind, (void)ftw;
	return remove(path);
}

static void teardown(void)
{
	tree_freep(&tree);
	arena_free(arena);
	close(dir_fd);
	nftw(dir_path, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static const char *list(const char *dir)
{
	_cleanup_err_ struct err e = ERR_INIT;
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct tree_entry *entries;
	size_t n;
	int r = tree->ops->list(tree, dir, &entries, &n, &e);

	if (r < 0)
		return r == -ENOENT ? "ENOENT" : arena_strdup(arena, err_text(&e));
	for (size_t i = 0; i < n; i++)
		buf_addf(&out, "%s%c ", entries[i].path, "FXLDO"[entries[i].kind]);
	return arena_strdup(arena, out.size ? out.data : "");
}

START_TEST(lists_sorted)
{
	ck_assert_str_eq(list(""), "l4sync.yamlF rootD root/aD root/a.bF root/a/xF root/linkL "
				   "root/outL root/runX ");
	ck_assert_str_eq(list("root/a"), "root/a/xF ");
	ck_assert_str_eq(list("none"), "ENOENT");
	ck_assert_str_eq(list("l4sync.yaml"), "ENOENT");
}
END_TEST

START_TEST(no_way_out)
{
	static const char *const paths[] = {"..", "root/out", "root/out/hostname", "/etc"};
	struct tree_entry *entries, entry;
	size_t n;

	for (size_t i = 0; i < ELEMENTS(paths); i++) {
		ck_assert_int_lt(tree->ops->list(tree, paths[i], &entries, &n, NULL), 0);
		int r = tree->ops->find(tree, paths[i], &entry, NULL);
		ck_assert_msg(r < 0 || entry.kind == TREE_LINK, "%s is found", paths[i]);
	}
}
END_TEST

START_TEST(reads)
{
	struct tree_entry entry;
	const void *data;
	size_t size;

	ck_assert_int_eq(tree->ops->find(tree, "root/a/x", &entry, NULL), 0);
	ck_assert_int_eq(tree->ops->read(tree, &entry, 4, &data, &size, NULL), 0);
	ck_assert_uint_eq(size, 4);
	ck_assert_mem_eq(data, "text", 4);
	ck_assert_int_eq(tree->ops->read(tree, &entry, 3, &data, &size, NULL), -EFBIG);
	ck_assert_int_eq(tree->ops->find(tree, "root/a.b", &entry, NULL), 0);
	ck_assert_int_eq(tree->ops->read(tree, &entry, 0, &data, &size, NULL), 0);
	ck_assert_uint_eq(size, 0);
	ck_assert_int_eq(tree->ops->find(tree, "root/link", &entry, NULL), 0);
	ck_assert_int_eq(entry.kind, TREE_LINK);
	ck_assert_int_eq(tree->ops->read(tree, &entry, 4096, &data, &size, NULL), 0);
	ck_assert_uint_eq(size, 11);
	ck_assert_mem_eq(data, "/etc/passwd", 11);
	ck_assert_int_eq(tree->ops->find(tree, "root/none", &entry, NULL), -ENOENT);
	/* Something that was a file when it was listed. */
	entry = (struct tree_entry){"root/link", TREE_FILE, NULL};
	ck_assert_int_lt(tree->ops->read(tree, &entry, 4096, &data, &size, NULL), 0);
	ck_assert_int_eq(mkfifoat(dir_fd, "root/fifo", 0600), 0);
	entry.path = "root/fifo";
	ck_assert_int_lt(tree->ops->read(tree, &entry, 4096, &data, &size, NULL), 0);
}
END_TEST

START_TEST(others_are_reported)
{
	struct diags diags = {.arena = arena};
	struct reader_host host = {.name = "left4me"};
	struct resources *want = NULL;

	ck_assert_int_eq(mkfifoat(dir_fd, "root/fifo", 0600), 0);
	ck_assert_int_eq(mkdirat(dir_fd, "root/a/.git", 0700), 0);
	unlinkat(dir_fd, "root/run", 0);
	ck_assert_int_eq(reader_read(tree, &host, modules, arena, &want, &diags), -EINVAL);
	ck_assert_uint_eq(diags.n, 2);
	ck_assert_str_eq(diags.items[0].where.file, "root/a/.git");
	ck_assert_str_eq(diags.items[1].where.file, "root/fifo");
}
END_TEST

/* A link is not followed, on the way neither; what is said is no errno of it. */
START_TEST(links_are_not_followed)
{
	_cleanup_err_ struct err e = ERR_INIT;
	struct tree_entry entry, *entries;
	size_t n;

	ck_assert_int_eq(symlinkat("root", dir_fd, "hosts"), 0);
	ck_assert_int_eq(tree->ops->find(tree, "hosts", &entry, &e), 0);
	ck_assert_int_eq(entry.kind, TREE_LINK);
	ck_assert_int_eq(tree->ops->find(tree, "hosts/a", &entry, &e), -ELOOP);
	ck_assert_str_eq(err_text(&e),
		"hosts/a is reached through a symbolic link, and none is followed in a state");
	ck_assert_int_eq(tree->ops->list(tree, "hosts", &entries, &n, &e), -ELOOP);
	ck_assert_str_eq(err_text(&e),
		"hosts is reached through a symbolic link, and none is followed in a state");
}
END_TEST

START_TEST(a_state_is_a_directory)
{
	int fd = openat(dir_fd, "l4sync.yaml", O_RDONLY | O_CLOEXEC);
	struct tree *none = NULL;

	ck_assert_int_eq(tree_open_dir(arena, fd, &none, NULL), -ENOTDIR);
	ck_assert_ptr_null(none);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("tree_dir");
	TCase *t = tcase_create("all");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, lists_sorted);
	tcase_add_test(t, no_way_out);
	tcase_add_test(t, reads);
	tcase_add_test(t, others_are_reported);
	tcase_add_test(t, links_are_not_followed);
	tcase_add_test(t, a_state_is_a_directory);
	suite_add_tcase(suite, t);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
