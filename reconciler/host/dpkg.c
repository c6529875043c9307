/*
 * The owners of files by /var/lib/dpkg/info/PACKAGE.list (dpkg.h).
 * Changes nothing, runs nothing. Called by the report of what is foreign.
 */
#include "l4sync/dpkg.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "l4sync/text.h"

#define INFO_DIR "/var/lib/dpkg/info"
#define LIST_SIZE_MAX (64u << 20)

struct asking {
	struct arena *arena;
	const char *const *paths;
	size_t n;
	const char **owners;
};

/* Whether a line of the list is that path. */
static bool has_line(const char *list, size_t size, const char *path)
{
	size_t n = strlen(path);

	for (const char *at = list, *end = list + size;
		(at = memmem(at, (size_t)(end - at), path, n)); at += n)
		if ((at == list || at[-1] == '\n') && (at + n == end || at[n] == '\n'))
			return true;
	return false;
}

static void look_into(struct asking *x, const char *package, const char *list, size_t size)
{
	for (size_t i = 0; i < x->n; i++) {
		const char *path = x->paths[i];

		if (x->owners[i])
			continue;
		/* A package that has not noticed yet that /lib is /usr/lib now. */
		if (has_line(list, size, path) ||
			(text_starts(path, "/usr/lib/") &&
				has_line(list, size, path + strlen("/usr"))))
			x->owners[i] = arena_strdup(x->arena, package);
	}
}

static int read_list(struct asking *x, int dir, const char *name, struct err *e)
{
	_cleanup_arena_ struct arena *a = arena_new();
	_cleanup_close_ int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	const void *list;
	size_t size;
	int r = fd < 0 ? -errno : fd_read_all(a, fd, LIST_SIZE_MAX, &list, &size);

	if (r == -ENOENT) /* apt works meanwhile */
		return 0;
	if (r < 0)
		return err_errno(e, r, "cannot read " INFO_DIR "/%s", name);
	look_into(x, arena_strndup(a, name, strlen(name) - strlen(".list")), list, size);
	return 0;
}

int dpkg_owners(struct host *h, struct arena *a, const char *const *paths, size_t n,
	const char **ret, struct err *e)
{
	struct asking x = {a, paths, n, ret};
	struct dirent *d;
	int fd, r = host_open_following(h, INFO_DIR, O_RDONLY | O_DIRECTORY, &fd, NULL);

	memset(ret, 0, n * sizeof *ret);
	if (r < 0)
		return r == -ENOENT || r == -ENOTDIR
			       ? 0
			       : err_errno(e, r, "cannot read %s" INFO_DIR, h->root_path);
	DIR *dir = fdopendir(fd);
	if (!dir) {
		r = -errno;
		close(fd);
		return err_errno(e, r, "cannot read %s" INFO_DIR, h->root_path);
	}
	while (r >= 0 && (errno = 0, d = readdir(dir)))
		if (text_ends(d->d_name, ".list"))
			r = read_list(&x, fd, d->d_name, e);
	if (r >= 0 && errno)
		r = err_errno(e, -errno, "cannot read %s" INFO_DIR, h->root_path);
	closedir(dir);
	return r < 0 ? r : 1;
}
