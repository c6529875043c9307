/*
 * What a path leads to: links followed inside the host's root and through the overlays, and the
 * content at their end.
 * Changes nothing. Called by the other files of the unit index.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "l4sync/io.h"
#include "l4sync/text.h"

#include "index.h"

#define LINKS_MAX 40 /* as the kernel's own limit */

size_t overlay_lower_bound(const struct unit_index *x, const char *path)
{
	size_t low = 0, high = x->n_overlays;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(x->overlays[middle]->path, path) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct unit_overlay *overlay_find(const struct unit_index *x, const char *path)
{
	size_t at = overlay_lower_bound(x, path);

	return at < x->n_overlays && !strcmp(x->overlays[at]->path, path) ? x->overlays[at] : NULL;
}

const char *path_name(const char *path)
{
	return strrchr(path, '/') + 1;
}

const char *path_parent(struct arena *a, const char *path)
{
	size_t n = (size_t)(strrchr(path, '/') - path);

	return arena_strndup(a, path, n ? n : 1);
}

/* Without "//", "." and "..": right where no component is a link. */
static char *path_normalize(struct arena *a, const char *path)
{
	char *out = arena_alloc(a, strlen(path) + 2);
	size_t n = 0;

	while (*path) {
		size_t part = strcspn(path, "/");

		if (part == 2 && !memcmp(path, "..", 2)) {
			while (n && out[--n] != '/')
				;
		} else if (part && !(part == 1 && *path == '.')) {
			out[n++] = '/';
			memcpy(out + n, path, part);
			n += part;
		}
		path += part + (path[part] == '/');
	}
	if (!n)
		out[n++] = '/';
	out[n] = '\0';
	return out;
}

const char *path_join_link(struct arena *a, const char *path, const char *target)
{
	if (*target == '/')
		return target;
	return arena_printf(a, "%s/%s", path_parent(a, path), target);
}

/* The directory that fd is, as a path below the root; NULL where /proc does not tell. */
static const char *dir_real(struct unit_index *x, int fd)
{
	char proc[sizeof "/proc/self/fd/" + 3 * sizeof fd];
	const char *real;

	snprintf(proc, sizeof proc, "/proc/self/fd/%d", fd);
	if (link_read(x->arena, AT_FDCWD, proc, &real) < 0 || !text_starts(real, x->root_real))
		return NULL;
	real += strlen(x->root_real);
	return *real ? real : "/";
}

/* An overlay that makes a directory of the path a link: the kernel cannot know of it. */
static const char *through_overlay_link(struct unit_index *x, const char *path)
{
	for (size_t i = 0; i < x->n_overlays; i++) {
		const struct unit_overlay *o = x->overlays[i];
		size_t n = strlen(o->path);

		if (o->target && !strncmp(path, o->path, n) && path[n] == '/')
			return arena_printf(x->arena, "%s%s",
				path_join_link(x->arena, o->path, o->target), path + n);
	}
	return NULL;
}

int path_canonical(
	struct unit_index *x, const char *path, const char **ret, int *ret_dir_fd, struct err *e)
{
	const char *normal = path_normalize(x->arena, path), *through;
	_cleanup_close_ int fd = -1;

	for (int i = 0; (through = through_overlay_link(x, normal)); i++) {
		if (i == LINKS_MAX)
			return err_set(e, -ELOOP, "%s: too many links", path);
		path = through;
		normal = path_normalize(x->arena, path);
	}
	/* The text is lost: a parent that cannot be opened makes what is behind it unreadable for
	 * systemd too. */
	const char *parent = path_parent(x->arena, path);
	int r = host_open_following(
		x->host, parent[1] ? parent : "/.", O_PATH | O_DIRECTORY, &fd, NULL);
	const char *real = r < 0 ? NULL : dir_real(x, fd);
	*ret = real ? arena_printf(x->arena, "%s/%s", real[1] ? real : "", path_name(path))
		    : normal;
	*ret_dir_fd = TAKE_FD(fd);
	return 0;
}

/* The content of a file that is there. Only regular files have one; a device is an empty file. */
static int read_content(
	struct unit_index *x, int dir_fd, const char *path, struct followed *ret, struct err *e)
{
	_cleanup_close_ int fd = openat(
		dir_fd, path_name(path), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	const void *data;
	size_t size;

	if (fd < 0) {
		if (errno == ENOENT || errno == ENXIO || errno == ELOOP)
			return 0;
		return err_errno(e, -errno, "cannot open %s%s", x->host->root_path, path);
	}
	if (fstat(fd, &st) < 0)
		return err_errno(e, -errno, "cannot look at %s%s", x->host->root_path, path);
	ret->empty =
		S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode) || (S_ISREG(st.st_mode) && !st.st_size);
	if (!S_ISREG(st.st_mode) || ret->empty)
		return 0;
	int r = fd_read_all(x->arena, fd, CONTENT_SIZE_MAX, &data, &size);
	if (r < 0)
		return err_errno(e, r, "cannot read %s%s", x->host->root_path, path);
	ret->content = content_new(x->arena, data, size);
	return 0;
}

static int follow(
	struct unit_index *x, const char *path, bool read, struct followed *ret, struct err *e)
{
	for (int i = 0; i < LINKS_MAX; i++) {
		_cleanup_close_ int dir_fd = -1;
		const char *target;
		int r = path_canonical(x, path, &path, &dir_fd, e);

		if (r < 0)
			return r;
		names_add(x->arena, &ret->hops, path);
		/* A container's or --root's /dev may lack it; systemd knows it by its name too. */
		if (!strcmp(path, "/dev/null")) {
			ret->empty = true;
			return 0;
		}
		const struct unit_overlay *o = overlay_find(x, path);
		if (o && !o->target) {
			ret->empty = o->content && !o->content->size;
			ret->content = ret->empty ? NULL : o->content;
			return 0;
		}
		if (!o && dir_fd < 0)
			return 0;
		if (o)
			target = o->target;
		else if ((r = link_read(x->arena, dir_fd, path_name(path), &target)) < 0)
			return r == -ENOENT || !read ? 0 : read_content(x, dir_fd, path, ret, e);
		path = path_join_link(x->arena, path, target);
	}
	return 0; /* a loop leads to nothing */
}

int path_follow(struct unit_index *x, const char *path, struct followed *ret, struct err *e)
{
	return follow(x, path, true, ret, e);
}

const char *const *unit_index_hops(struct unit_index *x, const char *path, size_t *ret_n)
{
	struct followed f = {0};

	*ret_n = follow(x, path, false, &f, NULL) < 0 ? 0 : f.hops.n;
	return f.hops.items;
}

static void find_switched(
	struct unit_index *x, const char *path, unsigned *left, unsigned long long *newest)
{
	for (const char *end = path + 1; *path == '/' && end[-1]; end++) {
		_cleanup_close_ int dir_fd = -1;
		const char *here, *parent, *target;
		struct stat st;

		end += strcspn(end, "/");
		here = arena_strndup(x->arena, path, (size_t)(end - path));
		parent = path_parent(x->arena, here);
		if (host_open_following(x->host, parent[1] ? parent : "/.", O_PATH | O_DIRECTORY,
			    &dir_fd, NULL) < 0 ||
			fstatat(dir_fd, path_name(here), &st, AT_SYMLINK_NOFOLLOW) < 0)
			return;
		if (!S_ISLNK(st.st_mode) || !*left ||
			link_read(x->arena, dir_fd, path_name(here), &target) < 0)
			continue;
		--*left;
		if (stat_changed_usec(&st) > *newest)
			*newest = stat_changed_usec(&st);
		find_switched(x, path_join_link(x->arena, here, target), left, newest);
	}
}

unsigned long long unit_index_switched_usec(struct unit_index *x, const char *path)
{
	unsigned long long newest = 0;
	unsigned left = LINKS_MAX;

	find_switched(x, path_normalize(x->arena, path), &left, &newest);
	return newest;
}

int entry_follow(struct unit_index *x, struct entry *entry, struct followed **ret, struct err *e)
{
	struct followed *f = entry->followed;
	_cleanup_close_ int dir_fd = -1;
	int r;

	*ret = f;
	if (f)
		return 0;
	f = arena_new_of(x->arena, struct followed);
	if (entry->kind == ENTRY_LINK || entry->overlay) {
		r = path_follow(x, entry->path, f, e);
	} else {
		/* Most are plain files: no path of theirs needs to be found out. */
		r = host_open_following(x->host, path_parent(x->arena, entry->path),
			O_PATH | O_DIRECTORY, &dir_fd, e);
		if (r >= 0)
			r = read_content(x, dir_fd, entry->path, f, e);
	}
	if (r < 0 && r != -ENOENT && r != -ENOTDIR)
		return r;
	*ret = entry->followed = f;
	return 0;
}
