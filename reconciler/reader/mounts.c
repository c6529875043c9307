/*
 * Mounts of the reader's own (child.h): everything read-only but its cache. What must be reached
 * through directories that only root may pass keeps its path, so that messages are true.
 * Called in the child, still as root, by sandbox_enter().
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "l4sync/child.h"

#define SMALL "mode=0755,size=64k"

static int failed(struct err *e, const char *path)
{
	return err_errno(e, -errno, "cannot make mounts for the reader: %s", path);
}

/* Each directory on the way to path, path not included, passable for others. */
static int clear_way(const char *path, struct err *e)
{
	_cleanup_free_ char *way = xstrdup(path);
	struct stat st;

	for (char *slash = strchr(way + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		/* Below one that was covered there is nothing yet. */
		if (mkdir(way, 0755) < 0 && errno != EEXIST && errno != EROFS)
			return failed(e, way);
		if (stat(way, &st) < 0)
			return failed(e, way);
		if (!(st.st_mode & S_IXOTH) &&
			mount("tmpfs", way, "tmpfs", MS_NOSUID | MS_NODEV, SMALL) < 0)
			return failed(e, way);
		*slash = '/';
	}
	if (mkdir(path, 0755) < 0 && errno != EEXIST && errno != EROFS)
		return failed(e, path);
	return 0;
}

static int put(int tree_fd, const char *path, struct err *e)
{
	int r = clear_way(path, e);

	if (r < 0)
		return r;
	if (move_mount(tree_fd, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return failed(e, path);
	return 0;
}

/* The fd leads through the mounts that were left behind; the same number gets the new way. */
static int reopen(int fd, const char *path, struct err *e)
{
	_cleanup_close_ int again = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (again < 0 || dup3(again, fd, O_CLOEXEC) < 0)
		return failed(e, path);
	return 0;
}

static int seal(const char *write_dir, struct err *e)
{
	struct mount_attr closed = {.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID};
	struct mount_attr open_again = {.attr_clr = MOUNT_ATTR_RDONLY};

	if (mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &closed, sizeof closed) < 0)
		return failed(e, "/");
	if (write_dir && mount_setattr(AT_FDCWD, write_dir, 0, &open_again, sizeof open_again) < 0)
		return failed(e, write_dir);
	return 0;
}

static int path_of(int fd, char ret[PATH_MAX], struct err *e)
{
	char link[64];

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	ssize_t n = readlink(link, ret, PATH_MAX - 1);
	if (n < 0)
		return failed(e, "the source's directory");
	ret[n] = 0;
	return 0;
}

/* A copy of the mount at path, not yet anywhere. */
static int take(const char *path, struct err *e)
{
	int fd = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

	return fd < 0 ? failed(e, path) : fd;
}

/* Mounts that nobody else sees. 1: not allowed here. EINVAL: "/" is no mount, as in a chroot. */
static int begin(struct err *e)
{
	if (unshare(CLONE_NEWNS) < 0)
		return errno == EPERM ? 1 : failed(e, "unshare");
	if (mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return errno == EPERM || errno == EINVAL ? 1 : failed(e, "/");
	return 0;
}

int mounts_enter(const char *write_dir, int read_fd, struct err *e)
{
	_cleanup_close_ int write_tree = -1, read_tree = -1;
	_cleanup_free_ char *write_path = write_dir ? realpath(write_dir, NULL) : NULL;
	char read_path[PATH_MAX];

	if (write_dir && !write_path)
		return failed(e, write_dir);
	/* Before the mounts are our own: the descriptor stays on those that were left. */
	int r = read_fd >= 0 ? path_of(read_fd, read_path, e) : 0;
	if (!r)
		r = begin(e);
	if (r)
		return r;
	/* Both are taken before one of them can be covered by the way of the other. */
	if (write_path && (write_tree = take(write_path, e)) < 0)
		return write_tree;
	if (read_fd >= 0 && (read_tree = take(read_path, e)) < 0)
		return read_tree;
	if (write_path)
		r = put(write_tree, write_path, e);
	if (!r && read_fd >= 0)
		r = put(read_tree, read_path, e);
	if (!r && read_fd >= 0)
		r = reopen(read_fd, read_path, e);
	return r ? r : seal(write_path, e);
}
