/*
 * The host's file tree below one root fd: directories opened once by openat2 without following
 * links, whole files, link targets (host.h).
 * Changes nothing. Called by the engine and the modules.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#include "l4sync/host.h"
#include "l4sync/text.h"

#include "host_internal.h"

struct dir_entry {
	char *path;
	int fd;
};

struct dir_cache {
	size_t n, cap;
	struct dir_entry *items; /* sorted by path */
};

int host_openat2(int dir_fd, const char *path, int flags, uint64_t resolve)
{
	struct open_how how = {
		.flags = (uint64_t)(unsigned)(flags | O_CLOEXEC),
		.resolve = resolve,
	};
	long fd;

	/* EAGAIN: a rename or mount somewhere raced with the lookup; the kernel asks to try again.
	 */
	do
		fd = syscall(SYS_openat2, dir_fd, path, &how, sizeof how);
	while (fd < 0 && errno == EAGAIN);
	return fd < 0 ? -errno : (int)fd;
}

struct dir_cache *dir_cache_new(struct arena *a)
{
	return arena_new_of(a, struct dir_cache);
}

void dir_cache_free(struct dir_cache *c)
{
	for (size_t i = 0; i < c->n; i++) {
		close(c->items[i].fd);
		free(c->items[i].path);
	}
	free(c->items);
}

/* The index of path, or where it would stand. */
static size_t dir_cache_at(const struct dir_cache *c, const char *path, bool *ret_found)
{
	size_t low = 0, high = c->n;

	*ret_found = false;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int r = strcmp(c->items[middle].path, path);

		if (!r) {
			*ret_found = true;
			return middle;
		}
		if (r < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Names the component that is a link: what the kernel's ELOOP leaves out. */
static int explain_link(struct host *h, const char *path, struct err *e)
{
	for (const char *slash = strchr(path + 1, '/');; slash = strchr(slash + 1, '/')) {
		size_t n = slash ? (size_t)(slash - path) : strlen(path);
		const char *prefix = arena_strndup(h->arena, path, n), *target;
		_cleanup_close_ int fd = host_openat2(h->root_fd, prefix + 1, O_PATH | O_NOFOLLOW,
			RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);

		if (fd >= 0 && link_read(h->arena, fd, "", &target) >= 0)
			return err_set(e, -ELOOP,
				"%s%s is a symbolic link to %s where a directory is expected: "
				"give the path without the link, or put the directory back",
				h->root_path, prefix, target);
		if (!slash)
			return err_errno(e, -ELOOP, "cannot open %s%s", h->root_path, path);
	}
}

int host_dir(struct host *h, const char *path, int *ret_fd, struct err *e)
{
	struct dir_cache *c = h->dirs;
	bool found;
	size_t at = dir_cache_at(c, path, &found);

	if (found) {
		*ret_fd = c->items[at].fd;
		return 0;
	}
	int fd = host_openat2(h->root_fd, path[1] ? path + 1 : ".", O_RDONLY | O_DIRECTORY,
		RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
	if (fd == -ENOENT || fd == -ENOTDIR)
		return fd;
	if (fd == -ELOOP)
		return explain_link(h, path, e);
	if (fd < 0)
		return err_errno(e, fd, "cannot open %s%s", h->root_path, path);
	c->items = grow(c->items, &c->cap, c->n, sizeof(*c->items));
	memmove(c->items + at + 1, c->items + at, (c->n - at) * sizeof(*c->items));
	c->items[at] = (struct dir_entry){xstrdup(path), fd};
	c->n++;
	*ret_fd = fd;
	return 0;
}

void host_dir_forget(struct host *h, const char *path)
{
	struct dir_cache *c = h->dirs;
	size_t kept = 0, n = strlen(path);

	for (size_t i = 0; i < c->n; i++) {
		const char *p = c->items[i].path;

		if (!strncmp(p, path, n) && (!p[n] || p[n] == '/')) {
			close(c->items[i].fd);
			free(c->items[i].path);
		} else {
			c->items[kept++] = c->items[i];
		}
	}
	c->n = kept;
}

int host_parent(struct host *h, const char *path, int *ret_fd, const char **ret_name, struct err *e)
{
	const char *slash = strrchr(path, '/');
	const char *parent =
		slash == path ? "/" : arena_strndup(h->arena, path, (size_t)(slash - path));
	int r = host_dir(h, parent, ret_fd, e);

	if (r < 0)
		return r;
	*ret_name = slash + 1;
	return 0;
}

int host_open_following(struct host *h, const char *path, int flags, int *ret_fd, struct err *e)
{
	int fd = host_openat2(h->root_fd, path + 1, flags, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);

	if (fd == -ENOENT || fd == -ENOTDIR)
		return fd;
	if (fd < 0)
		return err_errno(e, fd, "cannot open %s%s", h->root_path, path);
	*ret_fd = fd;
	return 0;
}

int fd_read_all(struct arena *a, int fd, size_t size_max, const void **ret, size_t *ret_size)
{
	struct stat st;
	size_t size = 0;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
	if ((uint64_t)st.st_size > size_max)
		return -EFBIG;
	/* One byte more than it seems to have: a file that grows meanwhile is noticed, and the
	 * files of /proc, which have no size, are read too. */
	size_t cap = (size_t)st.st_size + 1;
	if (!st.st_size)
		cap = 4096;
	char *data = arena_alloc(a, cap + 1);
	for (;;) {
		ssize_t n = read(fd, data + size, cap - size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		size += (size_t)n;
		if (size > size_max)
			return -EFBIG;
		if (size == cap) {
			char *larger = arena_alloc(a, 2 * cap + 1);

			memcpy(larger, data, size);
			data = larger;
			cap *= 2;
		}
	}
	data[size] = '\0';
	*ret = data;
	*ret_size = size;
	return 0;
}

int link_read(struct arena *a, int dir_fd, const char *name, const char **ret)
{
	char target[4096]; /* PATH_MAX: the kernel keeps no longer one */
	ssize_t n = readlinkat(dir_fd, name, target, sizeof target);

	if (n < 0)
		return -errno;
	if ((size_t)n == sizeof target)
		return -ENAMETOOLONG;
	*ret = arena_strndup(a, target, (size_t)n);
	return 0;
}
