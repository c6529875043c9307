/*
 * The text of what is on the host (checkout.h), as far as a commit's files are concerned, and what
 * is there besides (checkout_live.h).
 * Changes nothing. Called by the module checkout and the transaction.
 */
#include "l4sync/checkout_live.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>

#include "l4sync/git_id.h"

#include "../host/host_internal.h"

struct looking {
	struct arena *arena;
	int dir_fd;
	struct checkout_scan *scan;
	const struct checkout_index *known;
	const struct checkout_list *want, *base;
	struct checkout_look *ret;
	struct buf text;
	struct err *e;
};

int checkout_open_below(int dir_fd, const char *path, bool link)
{
	return host_openat2(dir_fd, path,
		O_NOFOLLOW | (link ? O_PATH : O_RDONLY | O_NONBLOCK | O_NOCTTY),
		RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
}

static int compare_path(const void *path, const void *item)
{
	return strcmp(path, ((const struct live_entry *)item)->path);
}

static bool is_known(const struct checkout_index *known, struct live_entry *x)
{
	const struct live_entry *was = known->n ? bsearch(x->path, known->items, known->n,
							  sizeof *known->items, compare_path)
						: NULL;

	if (!was || was->size != x->size || was->ino != x->ino || was->mtime_ns != x->mtime_ns ||
		was->ctime_ns != x->ctime_ns || x->ctime_ns >= known->time_ns)
		return false;
	memcpy(x->id, was->id, sizeof x->id);
	return true;
}

/* The target of a link is its bytes. */
static int id_of_link(int fd, char ret[GIT_ID_MAX])
{
	_cleanup_arena_ struct arena *a = arena_new();
	const char *target;
	int r = link_read(a, fd, "", &target);

	if (r < 0)
		return r;
	struct git_id *h = git_id_begin(strlen(target));
	git_id_add(h, target, strlen(target));
	git_id_end(&h, ret);
	return 0;
}

int checkout_live_id(int dir_fd, const struct checkout_index *known, struct live_entry *x,
	bool *hashed, struct err *e)
{
	if (*x->id || is_known(known, x))
		return 0;
	*hashed = true;
	_cleanup_close_ int fd = checkout_open_below(dir_fd, x->path, S_ISLNK(x->mode));
	int r = fd < 0 ? fd : S_ISLNK(x->mode) ? id_of_link(fd, x->id) : git_id_of_file(fd, x->id);
	if (r < 0)
		*x->id = '\0';
	return r < 0 ? err_errno(e, r, "cannot read %s", x->path) : 0;
}

/* Whose a path is: in one of the two lists, or a directory of one. */
static bool is_tracked(const struct looking *l, const char *path, bool dir)
{
	if (checkout_find(l->want, path) || checkout_find(l->base, path))
		return true;
	return dir && (checkout_has_dir(l->want, path) || checkout_has_dir(l->base, path));
}

/* As git would have it, and what is otherwise. */
static const char *mode_of(const struct looking *l, const struct live_entry *x)
{
	const struct stat *top = &l->scan->top;
	const char *mode = S_ISLNK(x->mode)   ? "link"
			   : S_ISREG(x->mode) ? arena_printf(l->arena, "%04o", x->mode & 07777u)
			   : S_ISDIR(x->mode) ? arena_printf(l->arena, "dir%04o", x->mode & 07777u)
					      : "other";

	if (x->uid == top->st_uid && x->gid == top->st_gid)
		return mode;
	return arena_printf(l->arena, "%s/%u:%u", mode, (unsigned)x->uid, (unsigned)x->gid);
}

/* In the place of a file of base alone it is what has come in between, and in nobody's way. */
static bool is_plain_dir(const struct looking *l, const struct live_entry *x)
{
	return (x->mode & 07777) == CHECKOUT_DIR_MODE && x->uid == l->scan->top.st_uid &&
	       x->gid == l->scan->top.st_gid && !checkout_find(l->want, x->path);
}

static int look_at(struct looking *l, struct live_entry *x)
{
	bool has_bytes = S_ISREG(x->mode) || S_ISLNK(x->mode);

	if (!is_tracked(l, x->path, S_ISDIR(x->mode))) {
		if (!S_ISDIR(x->mode))
			l->ret->untracked[l->ret->n_untracked++] = x->path;
		return 0;
	}
	if (S_ISDIR(x->mode) && is_plain_dir(l, x))
		return 0;
	int r = has_bytes ? checkout_live_id(l->dir_fd, l->known, x, &l->ret->hashed, l->e) : 0;
	if (r == -ENOENT) { /* gone since it was listed */
		err_clear(l->e);
		return 0;
	}
	if (r >= 0)
		checkout_add(&l->text, mode_of(l, x), has_bytes ? x->id : "-", x->path);
	return r;
}

int checkout_look(struct arena *a, int dir_fd, struct checkout_scan *scan,
	const struct checkout_index *known, const struct checkout_list *want,
	const struct checkout_list *base, struct checkout_look *ret, struct err *e)
{
	struct looking l = {a, dir_fd, scan, known, want, base, ret, BUF_INIT, e};
	int r = 0;

	*ret = (struct checkout_look){.untracked = arena_array(a, const char *, scan->n)};
	for (size_t i = 0; i < scan->n && r >= 0; i++)
		r = look_at(&l, &scan->items[i]);
	ret->size = l.text.size;
	ret->text = l.text.data ? arena_memdup(a, l.text.data, l.text.size) : "";
	buf_free(&l.text);
	return r;
}
