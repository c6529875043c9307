/*
 * Steps that put a checkout at a path, or take it away, as a whole (txn_internal.h).
 * Decides nothing. Called by the transaction and the recovery.
 *
 * The new tree is written beside its target under a temporary name and synced; commit exchanges the
 * two names, so that whoever opens a path below sees the old or the new tree, and the old one waits
 * under the temporary name for undo or finish. The two are told apart by their inodes: the old
 * one's stands in the journal; the new one's, which nobody knows before it is made, in the index
 * that is saved when it is whole (checkout_live.h), before the exchange.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "l4sync/access.h"
#include "l4sync/checkout_live.h"
#include "l4sync/unpack.h"

#include "txn_internal.h"

/* Directory, target name, temporary name, and what stands under both: inodes, 0 for nothing. */
struct place {
	int dir;
	const char *name, *temp;
	uint64_t at, at_temp;
};

static int inode_of(int dir, const char *name, uint64_t *ret, struct err *e)
{
	struct stat st;

	*ret = 0;
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		*ret = st.st_ino;
	else if (errno != ENOENT)
		return err_errno(e, -errno, "cannot look at %s", name);
	return 0;
}

static int look(struct txn *t, const struct step *s, struct place *ret, struct err *e)
{
	const char *path = step_get(s, "path");
	int r = host_parent(t->host, path, &ret->dir, &ret->name, e);

	ret->temp = step_get(s, "temp");
	if (r == -ENOTDIR)
		err_errno(e, r, "%s%s", t->host->root_path, path);
	if (r >= 0)
		r = inode_of(ret->dir, ret->name, &ret->at, e);
	if (r >= 0)
		r = inode_of(ret->dir, ret->temp, &ret->at_temp, e);
	return r;
}

static int stage_checkout(struct txn *t, struct step *s, struct err *e)
{
	const char *path = step_get(s, "path");
	struct place p;
	int r = look(t, s, &p, e);

	if (r == -ENOENT)
		return err_errno(
			e, r, "cannot open the directory of %s%s", t->host->root_path, path);
	/* One that an earlier run has left would be taken for this one's. */
	if (r >= 0)
		r = checkout_index_remove(t->host, path, true, e);
	if (r < 0)
		return r;
	r = checkout_write(t, s, p.dir, p.temp, e);
	return r < 0 ? err_prefix(e, r, "cannot write the checkout beside %s%s", t->host->root_path,
			       path)
		     : 0;
}

static uint64_t old_inode(const struct step *s)
{
	return strtoull(step_get(s, "old"), NULL, 10);
}

/* The inode of the tree that this step has made, once it was whole; 0: it never was. */
static uint64_t new_inode(struct txn *t, const struct step *s, struct checkout_index *ret)
{
	struct checkout_index staged;

	if (!checkout_index_load(t->host, t->arena, step_get(s, "path"), true, &staged))
		return 0;
	if (ret)
		*ret = staged;
	return staged.ino;
}

/* What is there now: nothing or a directory, and no mount point. */
static int prepare_place(struct txn *t, struct step *s, struct err *e)
{
	const char *path = step_get(s, "path"), *name;
	struct stat st = {0};
	int dir;
	int r = host_parent(t->host, path, &dir, &name, e);

	if (r == -ENOTDIR)
		return err_set(e, r, "%s%s: a part of its path is not a directory",
			t->host->root_path, path);
	if (r < 0 && r != -ENOENT)
		return r;
	if (r >= 0 && (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 && errno != ENOENT))
		return err_errno(e, -errno, "cannot look at %s%s", t->host->root_path, path);
	if (st.st_ino && !S_ISDIR(st.st_mode))
		return err_set(e, -EEXIST,
			"%s%s is no directory, where a checkout is wanted: move it away",
			t->host->root_path, path);
	if (st.st_ino && checkout_is_mount_point(dir, name))
		return err_set(e, -EBUSY,
			"%s%s is a mount point, and a checkout is replaced as a whole: name a "
			"directory in it",
			t->host->root_path, path);
	step_set(t, s, "old", arena_printf(t->arena, "%ju", (uintmax_t)st.st_ino));
	step_set(t, s, "temp", arena_printf(t->arena, ".l4sync-%s-%zu", t->name, s->queued));
	return 0;
}

/* Whether all of its files can be had, and the room that they take. */
static int prepare_checkout(struct txn *t, struct step *s, struct err *e)
{
	struct checkout_list list;
	struct reader_access access;
	uint64_t size = 0;
	int r = prepare_place(t, s, e);

	if (r >= 0)
		r = checkout_parse(t->arena, s->content, &list, e);
	if (r >= 0)
		r = reader_access(t->host, true, &access, e);
	if (r < 0)
		return r;
	const struct unpack u = {.access = &access, .url = step_get(s, "repo"), .list = &list};
	r = unpack(&u, &size, e);
	/* A block for the end of each, and as many directories as there are files at most. */
	s->need_bytes = size + 2 * 4096 * (uint64_t)list.n;
	s->need_inodes = 2 * list.n;
	return r < 0 ? err_prefix(e, r, "%s", s->fields.id) : 0;
}

static int move(const struct place *p, const char *from, const char *to, unsigned flags)
{
	return renameat2(p->dir, from, p->dir, to, flags) < 0 ? -errno : 0;
}

static int commit_checkout(struct txn *t, struct step *s, struct err *e)
{
	uint64_t old = old_inode(s), was;
	const char *path = step_get(s, "path");
	struct place p;
	int r = look(t, s, &p, e);

	if (r < 0)
		return r;
	r = move(&p, p.temp, p.name, old ? RENAME_EXCHANGE : RENAME_NOREPLACE);
	host_dir_forget(t->host, path);
	if (r == -EEXIST || r == -ENOENT)
		return step_changed_meanwhile(t, s, e);
	if (r == -EINVAL)
		return err_set(e, r, "%s%s: its file system cannot exchange two names atomically",
			t->host->root_path, path);
	if (r < 0)
		return err_errno(e, r, "cannot replace %s%s", t->host->root_path, path);
	r = old ? inode_of(p.dir, p.temp, &was, e) : 0;
	if (r < 0 || !old || was == old)
		return r;
	move(&p, p.temp, p.name, RENAME_EXCHANGE);
	return step_changed_meanwhile(t, s, e);
}

static int left_alone(struct txn *t, const struct step *s, const char *more, struct err *e)
{
	return err_set(e, -EBUSY, "%s%s was changed by somebody else%s", t->host->root_path,
		step_get(s, "path"), more);
}

static const char *beside(struct txn *t, const struct step *s)
{
	const char *path = step_get(s, "path");

	return arena_printf(t->arena, "%s%.*s/%s", t->host->root_path,
		(int)(strrchr(path, '/') - path), path, step_get(s, "temp"));
}

/* Whether a file that was written is another one by now: then somebody has worked in it. */
static bool is_as_written(
	struct txn *t, int dir, const char *name, const struct checkout_index *written)
{
	struct checkout_scan scan;
	size_t found = 0;
	_cleanup_close_ int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 || checkout_scan(t->arena, fd, &scan, NULL) < 0)
		return false;
	for (size_t i = 0, k = 0; i < scan.n && k < written->n; i++) {
		struct live_entry *x = &scan.items[i];
		bool hashed;

		if (strcmp(x->path, written->items[k].path) != 0)
			continue;
		if (checkout_live_id(fd, written, x, &hashed, NULL) < 0 ||
			strcmp(x->id, written->items[k].id) != 0)
			return false;
		found++;
		k++;
	}
	return found == written->n;
}

/* The new tree stands under the temporary name and goes. What an application has put into it since
 * goes along: it is of a version that is not. */
static int discard_new(struct txn *t, struct step *s, const struct place *p,
	const struct checkout_index *written, bool *left, struct err *e)
{
	if (written->n && !is_as_written(t, p->dir, p->temp, written)) {
		*left = true;
		return left_alone(t, s,
			arena_printf(t->arena, " when it was new; what was changed is kept in %s",
				beside(t, s)),
			e);
	}
	int r = checkout_remove_tree(p->dir, p->temp, e);
	return r < 0 ? err_prefix(e, r, "%s", beside(t, s)) : 0;
}

/* Back to what the names were, if they were changed. *ret_new: the new tree is under the temporary
 * name, whole or not. */
static int names_back(struct txn *t, struct step *s, const struct place *p, uint64_t new,
	bool *ret_new, bool *left, struct err *e)
{
	uint64_t old = old_inode(s);
	int r = 0;

	*ret_new = p->at_temp && p->at_temp != old;
	if (old && p->at_temp == old) {
		if (p->at && p->at != new)
			return *left = true,
			       left_alone(t, s,
				       arena_printf(t->arena, "; what it was before is kept in %s",
					       beside(t, s)),
				       e);
		r = move(p, p->temp, p->name, p->at ? RENAME_EXCHANGE : RENAME_NOREPLACE);
		*ret_new = p->at;
	} else if (!old && !p->at_temp && p->at && new) {
		if (p->at != new)
			return *left = true, left_alone(t, s, " and is left as it is", e);
		r = move(p, p->name, p->temp, RENAME_NOREPLACE);
		*ret_new = true;
	}
	return r < 0 ? err_errno(e, r, "cannot put %s%s back", t->host->root_path,
			       step_get(s, "path"))
		     : 0;
}

static int undo_checkout(struct txn *t, struct step *s, bool *left, struct err *e)
{
	const char *path = step_get(s, "path");
	struct checkout_index written = {0};
	bool is_new = false;
	struct place p;
	int r = look(t, s, &p, e);

	if (r == -ENOENT)
		return 0; /* its directory was not made, or is gone */
	if (r < 0)
		return r;
	uint64_t new = new_inode(t, s, &written);
	r = names_back(t, s, &p, new, &is_new, left, e);
	host_dir_forget(t->host, path);
	if (r >= 0 && is_new)
		r = discard_new(t, s, &p, &written, left, e);
	return r < 0 ? r : checkout_index_remove(t->host, path, true, e);
}

/* Behind the point of no return the old tree goes; what of it no repository has is in the history.
 */
static int finish_checkout(struct txn *t, struct step *s, struct err *e)
{
	struct place p;
	int r = look(t, s, &p, e);

	if (r == -ENOENT)
		return 0;
	if (r >= 0 && p.at_temp)
		r = checkout_remove_tree(p.dir, p.temp, e);
	if (r < 0)
		return err_prefix(e, r, "%s cannot be removed", beside(t, s));
	if (!step_get(s, "repo"))
		r = checkout_index_remove(t->host, step_get(s, "path"), false, e);
	return r < 0 ? r : checkout_index_remove(t->host, step_get(s, "path"), true, e);
}

static int commit_remove(struct txn *t, struct step *s, struct err *e)
{
	uint64_t was;
	struct place p;
	int r = look(t, s, &p, e);

	if (r < 0 || !old_inode(s))
		return r == -ENOENT ? 0 : r;
	r = move(&p, p.name, p.temp, RENAME_NOREPLACE);
	host_dir_forget(t->host, step_get(s, "path"));
	if (r == -ENOENT)
		return step_changed_meanwhile(t, s, e);
	if (r < 0)
		return err_errno(
			e, r, "cannot remove %s%s", t->host->root_path, step_get(s, "path"));
	r = inode_of(p.dir, p.temp, &was, e);
	if (r < 0 || was == old_inode(s))
		return r;
	move(&p, p.temp, p.name, RENAME_NOREPLACE);
	return step_changed_meanwhile(t, s, e);
}

static int undo_remove(struct txn *t, struct step *s, bool *left, struct err *e)
{
	struct place p;
	int r = look(t, s, &p, e);

	if (r == -ENOENT)
		return 0;
	if (r < 0 || !p.at_temp)
		return r;
	if (p.at)
		return *left = true,
		       left_alone(t, s,
			       arena_printf(t->arena, "; what it was before is kept in %s",
				       beside(t, s)),
			       e);
	r = move(&p, p.temp, p.name, RENAME_NOREPLACE);
	host_dir_forget(t->host, step_get(s, "path"));
	return r < 0 ? err_errno(e, r, "cannot put %s%s back", t->host->root_path,
			       step_get(s, "path"))
		     : 0;
}

static const char *sentence_checkout(struct arena *a, const struct step *s)
{
	const char *old = step_get(s, "old");

	return arena_printf(a, "%s the checkout %s, commit %.12s",
		old && !strcmp(old, "0") ? "make" : "replace", step_get(s, "path"),
		step_get(s, "commit"));
}

static const char *sentence_remove(struct arena *a, const struct step *s)
{
	return arena_printf(a, "remove the checkout %s", step_get(s, "path"));
}

int txn_open_replaced(struct txn *t, const char *path)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct step *s = &t->steps[i];
		struct place p;

		if ((s->ops != &step_checkout && s->ops != &step_remove_checkout) ||
			strcmp(step_get(s, "path"), path) != 0)
			continue;
		if (look(t, s, &p, NULL) < 0 || !p.at_temp)
			return -ENOENT;
		int fd = openat(p.dir, p.temp, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		return fd < 0 ? -errno : fd;
	}
	return -ENOENT;
}

const struct step_ops step_checkout = {
	.kind = "checkout",
	.action = "write",
	.prepare = prepare_checkout,
	.stage = stage_checkout,
	.commit = commit_checkout,
	.undo = undo_checkout,
	.finish = finish_checkout,
	.sentence = sentence_checkout,
};

const struct step_ops step_remove_checkout = {
	.kind = "remove-checkout",
	.action = "remove",
	.prepare = prepare_place,
	.commit = commit_remove,
	.undo = undo_remove,
	.finish = finish_checkout,
	.sentence = sentence_remove,
};
