/*
 * Whether there is room for what a transaction makes: bytes and inodes of each file system, the
 * history's included, and whether it may be written at all (txn_internal.h).
 * Touches nothing. Called by the transaction before the journal is written.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "txn_internal.h"

/* Kept free on every file system that is written to, so that the rollback has room too. */
#define RESERVE_BYTES ((uint64_t)256 << 10)
#define RESERVE_INODES 16u

/* What the new files need of one file system. */
struct space {
	dev_t device;
	const char *path;                /* the directory of the first that stands there */
	uint64_t block_size, free, need; /* bytes */
	bool has_files, has_history;     /* what the need is of */
	bool counts_inodes;              /* some file systems have no fixed number of them */
	uint64_t free_inodes, need_inodes;
};

struct spaces {
	struct space *items;
	size_t n;
};

/* The directory that is there of a path's: its own may still have to be made. */
static int existing_dir(
	struct txn *t, const char *path, const char **ret_dir, int *ret_fd, struct err *e)
{
	for (const char *p = path;;) {
		const char *slash = strrchr(p, '/');

		p = slash == p ? "/" : arena_strndup(t->arena, p, (size_t)(slash - p));
		int r = host_dir(t->host, p, ret_fd, e);
		*ret_dir = p;
		if (r != -ENOENT || !strcmp(p, "/"))
			return r;
	}
}

static int find_space(
	struct txn *t, const char *path, struct spaces *all, struct space **ret, struct err *e)
{
	struct statvfs fs;
	struct stat st;
	const char *dir;
	int fd;
	int r = existing_dir(t, path, &dir, &fd, e);

	if (r < 0)
		return r;
	if (fstat(fd, &st) < 0 || fstatvfs(fd, &fs) < 0)
		return err_errno(e, -errno, "cannot look at the free space of %s%s",
			t->host->root_path, dir);
	/* Of this mount: others of the same file system may be writable. */
	if (fs.f_flag & ST_RDONLY)
		return err_set(e, -EROFS, "%s%s is mounted read-only", t->host->root_path, dir);
	for (*ret = all->items; *ret < all->items + all->n; (*ret)++)
		if ((*ret)->device == st.st_dev)
			return 0;
	*ret = &all->items[all->n++];
	**ret = (struct space){
		.device = st.st_dev,
		.path = dir,
		.block_size = fs.f_frsize,
		.free = (uint64_t)fs.f_bavail * fs.f_frsize,
		.counts_inodes = fs.f_files != 0,
		.free_inodes = fs.f_favail,
		.need_inodes = RESERVE_INODES,
	};
	return 0;
}

/* The journal holds what each step needs, the history every new content and every old one. */
static int add_history(struct txn *t, struct spaces *all, struct err *e)
{
	struct space *at;
	int r = find_space(t, STATE_DIR "/journal", all, &at, e);

	if (r >= 0)
		at->has_history = true;
	for (size_t i = 0; i < t->n && r >= 0; i++) {
		const struct content *c = t->steps[i].content;

		at->need += at->block_size;
		at->need_inodes += c ? 2 : 0;
		if (c)
			at->need += c->size + at->block_size;
	}
	return r;
}

static const char *what_of(const struct space *s)
{
	return !s->has_history ? "the new files"
	       : !s->has_files ? "the journal and the history"
			       : "the new files, the journal and the history";
}

static int compare_need(struct txn *t, const struct space *s, struct err *e)
{
	unsigned long long free_kib = (unsigned long long)s->free >> 10;
	unsigned long long reserve_kib = RESERVE_BYTES >> 10;
	unsigned long long need_kib = (unsigned long long)(s->need + 1023) >> 10;

	if (s->free < s->need + RESERVE_BYTES)
		return err_set(e, -ENOSPC,
			"the file system of %s%s has %llu KiB free: %s need %llu KiB there, and "
			"%llu KiB must stay free for a rollback. Make %llu KiB of room (`df -h "
			"%s%s`), then run this again",
			t->host->root_path, s->path, free_kib, what_of(s), need_kib, reserve_kib,
			need_kib + reserve_kib - free_kib, t->host->root_path, s->path);
	if (s->counts_inodes && s->free_inodes < s->need_inodes)
		return err_set(e, -ENOSPC,
			"the file system of %s%s has %llu free inodes: %s need %llu there, those "
			"of a rollback included. Remove files there (`df -i %s%s`), then run this "
			"again",
			t->host->root_path, s->path, (unsigned long long)s->free_inodes, what_of(s),
			(unsigned long long)s->need_inodes, t->host->root_path, s->path);
	return 0;
}

int txn_check_space(struct txn *t, struct err *e)
{
	struct spaces all = {arena_array(t->arena, struct space, t->n + 1), 0};
	int r = 0;

	if (t->n)
		r = add_history(t, &all, e);
	for (size_t i = 0; i < t->n && r >= 0; i++) {
		const struct step *s = &t->steps[i];
		struct space *at;

		if (!s->ops->stage && s->ops != &step_mkdir)
			continue;
		r = find_space(t, step_get(s, "path"), &all, &at, e);
		if (r < 0)
			break;
		at->need += at->block_size + (s->content ? s->content->size : 0) + s->need_bytes;
		at->need_inodes += 1 + s->need_inodes;
		at->has_files = true;
	}
	for (size_t i = 0; i < all.n && r >= 0; i++)
		r = compare_need(t, &all.items[i], e);
	return r < 0 ? r : 0;
}
