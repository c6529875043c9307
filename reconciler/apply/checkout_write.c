/*
 * Writing the files of a checkout into a directory that nobody else can reach yet, synced, and
 * remembering what was written (txn_internal.h).
 * Believes nothing of what the unprivileged child says but bytes with the right ids. Called by the
 * step of the transaction.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "l4sync/access.h"
#include "l4sync/checkout_live.h"
#include "l4sync/unpack.h"

#include "txn_internal.h"

struct staging {
	struct txn *txn;
	uid_t uid;
	gid_t gid;
	int top;        /* the temporary directory */
	int dir;        /* the one of the last file */
	char *dir_path; /* its path; malloc'd; NULL: top */
	int fd;         /* the file, or -1 */
	mode_t mode;
	const char *link; /* a link's name */
	struct buf target;
};

static int set_owner(const struct staging *w, int fd, mode_t mode)
{
	/* Owner before mode: chown clears the set-ID bits. */
	return fchown(fd, w->uid, w->gid) < 0 || fchmod(fd, mode) < 0 ? -errno : 0;
}

/* A directory below another, made if it is not there; nobody else can reach any of it yet. */
static int enter(struct staging *w, int parent, const char *name)
{
	bool made = mkdirat(parent, name, 0700) == 0;

	if (!made && errno != EEXIST)
		return -errno;
	_cleanup_close_ int fd =
		openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int r = fd < 0 ? -errno : made ? set_owner(w, fd, CHECKOUT_DIR_MODE) : 0;
	return r < 0 ? r : TAKE_FD(fd);
}

static void leave_dir(struct staging *w)
{
	if (w->dir_path)
		close(w->dir);
	free(TAKE_PTR(w->dir_path));
	w->dir = w->top;
}

/* w->dir becomes the file's directory. */
static int enter_parent(struct staging *w, const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t n = slash ? (size_t)(slash - path) : 0;

	if (w->dir_path && strlen(w->dir_path) == n && !memcmp(w->dir_path, path, n))
		return 0;
	leave_dir(w);
	for (const char *at = path; slash && at < slash;) {
		size_t part = strcspn(at, "/");
		const char *name = arena_strndup(w->txn->arena, at, part);
		int fd = enter(w, w->dir, name);

		if (w->dir_path)
			close(w->dir);
		free(TAKE_PTR(w->dir_path));
		w->dir = w->top;
		if (fd < 0)
			return fd;
		w->dir = fd;
		w->dir_path = xmalloc((size_t)(at - path) + part + 1);
		memcpy(w->dir_path, path, (size_t)(at - path) + part);
		w->dir_path[(size_t)(at - path) + part] = '\0';
		at += part + 1;
	}
	return 0;
}

static int begin_file(void *userdata, const struct checkout_entry *x, uint64_t size, struct err *e)
{
	struct staging *w = userdata;
	const char *slash = strrchr(x->path, '/'), *name = slash ? slash + 1 : x->path;
	bool link = !strcmp(x->mode, "link");
	int r = enter_parent(w, x->path);

	w->target.size = 0;
	w->link = link ? name : NULL;
	if (link && size >= PATH_MAX)
		return err_set(e, -ENAMETOOLONG, "the link %s leads to too long a path", x->path);
	if (r >= 0 && !link) {
		w->mode = (mode_t)strtoul(x->mode, NULL, 8);
		w->fd = openat(
			w->dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		r = w->fd < 0 ? -errno : 0;
	}
	return r < 0 ? err_errno(e, r, "cannot write %s", x->path) : 0;
}

static int add_bytes(void *userdata, const void *data, size_t size, struct err *e)
{
	struct staging *w = userdata;

	if (txn_interrupted)
		return err_set(e, -EINTR, "interrupted");
	if (w->link) {
		buf_add(&w->target, data, size);
		return 0;
	}
	int r = fd_write_all(w->fd, data, size);
	return r < 0 ? err_errno(e, r, "cannot write a file of it") : 0;
}

static int end_file(void *userdata, struct err *e)
{
	struct staging *w = userdata;
	int r = 0;

	if (!w->link) {
		r = set_owner(w, w->fd, w->mode);
		closep_(&w->fd);
		w->fd = -1;
	} else if (!w->target.size || strlen(w->target.data) != w->target.size) {
		return err_set(e, -EINVAL, "the link %s leads to no path", w->link);
	} else if (symlinkat(w->target.data, w->dir, w->link) < 0 ||
		   fchownat(w->dir, w->link, w->uid, w->gid, AT_SYMLINK_NOFOLLOW) < 0) {
		r = -errno;
	}
	return r < 0 ? err_errno(e, r, "cannot write a file of it") : 0;
}

static int write_files(struct staging *w, const struct step *s, struct err *e)
{
	struct txn *t = w->txn;
	struct checkout_list list;
	struct reader_access access;
	int r = checkout_parse(t->arena, s->content, &list, e);

	if (r >= 0)
		r = reader_access(t->host, true, &access, e);
	if (r < 0)
		return r;
	const struct unpack u = {
		.access = &access,
		.url = step_get(s, "repo"),
		.list = &list,
		.begin = begin_file,
		.add = add_bytes,
		.end = end_file,
		.userdata = w,
	};
	r = unpack(&u, NULL, e);
	leave_dir(w);
	closep_(&w->fd);
	buf_free(&w->target);
	return r;
}

/* Of the tree as it was written: what undo tells it by. */
static int save_index(struct txn *t, const struct step *s, int top, struct err *e)
{
	struct checkout_list list;
	struct checkout_scan scan;
	int r = checkout_parse(t->arena, s->content, &list, e);

	if (r >= 0)
		r = checkout_scan(t->arena, top, &scan, e);
	for (size_t i = 0; r >= 0 && i < scan.n; i++) {
		const struct checkout_entry *x = checkout_find(&list, scan.items[i].path);

		if (x)
			memcpy(scan.items[i].id, x->id, GIT_ID_MAX);
	}
	return r < 0 ? r
		     : checkout_index_save(
			       t->host, step_get(s, "path"), true, &scan, checkout_index_now(), e);
}

int checkout_write(struct txn *t, const struct step *s, int parent, const char *name, struct err *e)
{
	struct staging w = {.txn = t,
		.uid = (uid_t)strtoul(step_get(s, "uid"), NULL, 10),
		.gid = (gid_t)strtoul(step_get(s, "gid"), NULL, 10),
		.fd = -1};

	if (mkdirat(parent, name, 0700) < 0)
		return err_errno(e, -errno, "cannot make a directory");
	_cleanup_close_ int top =
		openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	w.top = w.dir = top;
	int r = top < 0 ? err_errno(e, -errno, "cannot open it") : write_files(&w, s, e);
	if (r >= 0 && (r = set_owner(&w, top, CHECKOUT_DIR_MODE)) < 0)
		err_errno(e, r, "cannot set its owner");
	/* One call for thousands of files; before the exchange, or a power cut could leave the new
	 * names with no content. */
	if (r >= 0 && syncfs(top) < 0)
		r = err_errno(e, -errno, "cannot sync it");
	return r < 0 ? r : save_index(t, s, top, e);
}
