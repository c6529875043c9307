/*
 * The files below a checkout's directory, and taking such a tree away (checkout_live.h).
 * Follows no link and leaves the file system for nothing. Called by the module checkout and the
 * transaction.
 */
#include "l4sync/checkout_live.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/stat.h>
#include <string.h>

#include "l4sync/io.h"

#define REMOVE_DEPTH_MAX 512

struct scanning {
	struct arena *arena;
	struct checkout_scan *out;
	struct live_entry *items; /* malloc'd */
	size_t n, cap;
	struct err *e;
};

static uint64_t ns_of(const struct statx_timestamp *t)
{
	return (uint64_t)t->tv_sec * 1000000000u + t->tv_nsec;
}

/* Told by the kernel, where it does (5.8); by the device's number on overlayfs every file could be
 * taken for one. */
static bool is_mount_point(const struct statx *x)
{
	return x->stx_attributes & STATX_ATTR_MOUNT_ROOT;
}

static int look_at(int dir_fd, const char *name, struct statx *ret)
{
	int flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT;

	return statx(dir_fd, name, flags, STATX_BASIC_STATS, ret) < 0 ? -errno : 0;
}

bool checkout_is_mount_point(int dir_fd, const char *name)
{
	struct statx x;

	return look_at(dir_fd, name, &x) == 0 && is_mount_point(&x);
}

static int scan_below(struct scanning *s, int dir_fd, const char *path, unsigned depth);

static void note_changed(struct scanning *s, unsigned long long usec)
{
	if (usec > s->out->changed_usec)
		s->out->changed_usec = usec;
}

static int scan_entry(
	struct scanning *s, int dir_fd, const char *name, const char *path, unsigned depth)
{
	struct statx st;
	int r = look_at(dir_fd, name, &st);

	if (r < 0)
		return r == -ENOENT ? 0 : err_errno(s->e, r, "cannot look at %s", path);
	if (s->n == CHECKOUT_LIVE_MAX)
		return err_set(s->e, -E2BIG, "there are more than %d files", CHECKOUT_LIVE_MAX);
	note_changed(s, ns_of(&st.stx_ctime) / 1000);
	s->items = grow(s->items, &s->cap, s->n, sizeof *s->items);
	s->items[s->n++] = (struct live_entry){
		.path = path,
		.mode = st.stx_mode,
		.uid = st.stx_uid,
		.gid = st.stx_gid,
		.size = st.stx_size,
		.mtime_ns = ns_of(&st.stx_mtime),
		.ctime_ns = ns_of(&st.stx_ctime),
		.ino = st.stx_ino,
	};
	if (is_mount_point(&st)) {
		s->out->mounted = path;
		return 0;
	}
	if (!S_ISDIR(st.stx_mode))
		return 0;
	if (depth > CHECKOUT_DEPTH_MAX)
		return err_set(s->e, -ELOOP, "%s is nested too deep", path);
	_cleanup_close_ int fd =
		openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : err_errno(s->e, -errno, "cannot look into %s", path);
	return scan_below(s, fd, path, depth + 1);
}

static int scan_below(struct scanning *s, int dir_fd, const char *path, unsigned depth)
{
	int own = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
	DIR *dir = own < 0 ? NULL : fdopendir(own);
	struct dirent *entry;

	if (!dir) {
		r = err_errno(s->e, -errno, "cannot look into %s", *path ? path : "it");
		closep_(&own);
		return r;
	}
	while (r >= 0 && (errno = 0, entry = readdir(dir))) {
		const char *name = entry->d_name;

		if (!strcmp(name, ".") || !strcmp(name, ".."))
			continue;
		r = scan_entry(s, dir_fd, name,
			*path ? arena_printf(s->arena, "%s/%s", path, name)
			      : arena_strdup(s->arena, name),
			depth);
	}
	if (r >= 0 && errno)
		r = err_errno(s->e, -errno, "cannot look into %s", *path ? path : "it");
	closedir(dir);
	return r;
}

static int compare_entries(const void *a, const void *b)
{
	return strcmp(((const struct live_entry *)a)->path, ((const struct live_entry *)b)->path);
}

int checkout_scan(struct arena *a, int dir_fd, struct checkout_scan *ret, struct err *e)
{
	struct scanning s = {.arena = a, .out = ret, .e = e};

	*ret = (struct checkout_scan){0};
	if (fstat(dir_fd, &ret->top) < 0)
		return err_errno(e, -errno, "cannot look at it");
	note_changed(&s, stat_changed_usec(&ret->top));
	int r = scan_below(&s, dir_fd, "", 0);
	if (r >= 0 && s.n) {
		qsort(s.items, s.n, sizeof *s.items, compare_entries);
		ret->items = arena_memdup(a, s.items, s.n * sizeof *s.items);
		ret->n = s.n;
	}
	free(s.items);
	return r;
}

static int remove_below(int dir_fd, unsigned depth, struct err *e);

static int remove_entry(int dir_fd, const char *name, unsigned depth, struct err *e)
{
	struct statx st;
	int r = look_at(dir_fd, name, &st);

	if (r < 0)
		return r == -ENOENT ? 0 : err_errno(e, r, "cannot look at %s", name);
	if (is_mount_point(&st))
		return err_set(e, -EXDEV, "%s is a mount point", name);
	if (S_ISDIR(st.stx_mode)) {
		_cleanup_close_ int fd =
			openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		r = fd < 0 ? err_errno(e, -errno, "cannot look into %s", name)
			   : remove_below(fd, depth + 1, e);
		if (r < 0)
			return r;
	}
	if (unlinkat(dir_fd, name, S_ISDIR(st.stx_mode) ? AT_REMOVEDIR : 0) < 0 && errno != ENOENT)
		return err_errno(e, -errno, "cannot remove %s", name);
	return 0;
}

static int remove_below(int dir_fd, unsigned depth, struct err *e)
{
	struct dirent **names;
	int r = 0;

	if (depth > REMOVE_DEPTH_MAX)
		return err_set(e, -ELOOP, "it is nested too deep");
	int n = scandirat(dir_fd, ".", &names, NULL, NULL);
	if (n < 0)
		return err_errno(e, -errno, "cannot look into it");
	for (int i = 0; i < n; i++) {
		const char *name = names[i]->d_name;

		if (r >= 0 && strcmp(name, ".") != 0 && strcmp(name, "..") != 0)
			r = remove_entry(dir_fd, name, depth, e);
		free(names[i]);
	}
	free(names);
	return r;
}

int checkout_remove_tree(int parent_fd, const char *name, struct err *e)
{
	return remove_entry(parent_fd, name, 0, e);
}
