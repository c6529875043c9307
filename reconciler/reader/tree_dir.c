/*
 * A plain directory as a state repository (tree.h). Everything is opened below the directory's fd
 * and no symbolic link is followed on the way.
 * Called by the reader, in the unprivileged child.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "l4sync/check.h"
#include "l4sync/host.h"
#include "l4sync/resources.h"
#include "l4sync/tree.h"

#define DEPTH_MAX 128 /* as many directories are open at once */

struct tree_dir {
	struct tree tree;
	int fd;
};

static int fd_of(const struct tree *t)
{
	return ((const struct tree_dir *)t)->fd;
}

static int open_below(int dir_fd, const char *path, int flags)
{
	struct open_how how = {
		.flags = (unsigned)(flags | O_CLOEXEC),
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS,
	};
	long fd = syscall(SYS_openat2, dir_fd, *path ? path : ".", &how, sizeof how);

	return fd < 0 ? -errno : (int)fd;
}

static enum tree_kind kind_of(const struct stat *st, const char *name)
{
	/* Below the top a .git is another repository, which git would hold as a submodule. */
	if (!strcmp(name, ".git"))
		return TREE_OTHER;
	if (S_ISREG(st->st_mode))
		return st->st_mode & S_IXUSR ? TREE_EXECUTABLE : TREE_FILE;
	return S_ISDIR(st->st_mode) ? TREE_DIR : S_ISLNK(st->st_mode) ? TREE_LINK : TREE_OTHER;
}

static const char *shown(const char *path)
{
	return *path ? path : "the state's directory";
}

static int not_opened(int code, const char *path, struct err *e)
{
	if (code == -ELOOP)
		return err_set(e, code,
			"%s is reached through a symbolic link, and none is followed in a state",
			path);
	return err_errno(e, code, "cannot open %s", shown(path));
}

struct listing {
	struct arena *arena;
	struct tree_entry *items;
	size_t n, cap;
	struct err *e;
};

static int list_dir(struct listing *l, int dir_fd, const char *path, unsigned depth);

static int list_entry(
	struct listing *l, int parent_fd, const char *parent, const char *name, unsigned depth)
{
	const char *path = arena_printf(l->arena, "%s%s%s", parent, *parent ? "/" : "", name);
	struct stat st;

	if (fstatat(parent_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_errno(l->e, -errno, "%s", path);
	if (l->n == RESOURCES_MAX)
		return err_set(l->e, -E2BIG, "more than %d files", RESOURCES_MAX);
	struct tree_entry entry = {.path = path, .kind = kind_of(&st, name)};
	l->items = grow(l->items, &l->cap, l->n, sizeof *l->items);
	l->items[l->n++] = entry;
	if (entry.kind != TREE_DIR)
		return 0;
	int fd = open_below(parent_fd, name, O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		return not_opened(fd, path, l->e);
	return list_dir(l, fd, path, depth + 1);
}

/* Takes dir_fd over. */
static int list_dir(struct listing *l, int dir_fd, const char *path, unsigned depth)
{
	DIR *dir = depth <= DEPTH_MAX ? fdopendir(dir_fd) : NULL;
	struct dirent *entry;
	int r = 0;

	if (!dir) {
		r = depth <= DEPTH_MAX ? -errno : -ELOOP;
		close(dir_fd);
		return err_errno(l->e, r, "cannot read %s", shown(path));
	}
	while (!r && (errno = 0, entry = readdir(dir))) {
		const char *name = entry->d_name;
		bool is_top_git = !*path && !strcmp(name, ".git");

		if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0 && !is_top_git)
			r = list_entry(l, dirfd(dir), path, name, depth);
	}
	if (!r && errno)
		r = err_errno(l->e, -errno, "cannot read %s", shown(path));
	closedir(dir);
	return r;
}

static int dir_list(
	struct tree *t, const char *path, struct tree_entry **ret, size_t *ret_n, struct err *e)
{
	struct listing l = {.arena = t->arena, .e = e};
	int fd = open_below(fd_of(t), path, O_RDONLY | O_DIRECTORY);

	if (fd < 0)
		return not_opened(fd == -ENOTDIR ? -ENOENT : fd, path, e);
	int r = list_dir(&l, fd, path, 1);
	if (!r && l.n) {
		qsort(l.items, l.n, sizeof *l.items, tree_entry_compare);
		*ret = arena_memdup(t->arena, l.items, l.n * sizeof *l.items);
	}
	*ret_n = l.n;
	free(l.items);
	return r;
}

static int dir_find(struct tree *t, const char *path, struct tree_entry *ret, struct err *e)
{
	_cleanup_close_ int fd = open_below(fd_of(t), path, O_PATH | O_NOFOLLOW);
	const char *slash = strrchr(path, '/');
	struct stat st;

	if (fd == -ENOENT || fd == -ENOTDIR)
		return -ENOENT;
	if (fd < 0)
		return not_opened(fd, path, e);
	if (fstat(fd, &st) < 0)
		return err_errno(e, -errno, "%s", path);
	*ret = (struct tree_entry){
		.path = arena_strdup(t->arena, path),
		.kind = kind_of(&st, slash ? slash + 1 : path),
	};
	return 0;
}

static int read_link(
	struct tree *t, const char *path, const void **ret, size_t *ret_size, struct err *e)
{
	/* O_PATH of the link itself: openat2 refuses it with RESOLVE_NO_SYMLINKS, except so. */
	_cleanup_close_ int fd = open_below(fd_of(t), path, O_PATH | O_NOFOLLOW);
	char *target = arena_alloc(t->arena, CHECK_PATH_MAX + 1);

	if (fd < 0)
		return err_errno(e, fd, "%s", path);
	ssize_t n = readlinkat(fd, "", target, CHECK_PATH_MAX);
	if (n < 0)
		return err_errno(e, -errno, "%s", path);
	*ret = target;
	*ret_size = (size_t)n;
	return 0;
}

static int dir_read(struct tree *t, const struct tree_entry *entry, size_t size_max,
	const void **ret, size_t *ret_size, struct err *e)
{
	if (entry->kind == TREE_LINK)
		return read_link(t, entry->path, ret, ret_size, e);
	/* O_NONBLOCK: what was a file when it was listed may have become a fifo. */
	_cleanup_close_ int fd = open_below(fd_of(t), entry->path, O_RDONLY | O_NONBLOCK);
	int r = fd < 0 ? fd : fd_read_all(t->arena, fd, size_max, ret, ret_size);
	return r < 0 ? err_errno(e, r, "cannot read %s", entry->path) : 0;
}

static void dir_free(struct tree *t)
{
	close(fd_of(t));
}

int tree_open_dir(struct arena *a, int dir_fd, struct tree **ret, struct err *e)
{
	static const struct tree_ops ops = {dir_list, dir_find, dir_read, dir_free};
	struct stat st;

	if (fstat(dir_fd, &st) < 0 || !S_ISDIR(st.st_mode)) {
		close(dir_fd);
		return err_set(e, -ENOTDIR, "the state must be a directory");
	}
	struct tree_dir *t = arena_new_of(a, struct tree_dir);
	*t = (struct tree_dir){.tree = {.ops = &ops, .arena = a}, .fd = dir_fd};
	*ret = &t->tree;
	return 0;
}
