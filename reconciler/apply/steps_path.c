/*
 * Steps that put a file or link at a path, or take it away, so that the old inode survives until
 * the run is past its point of no return (txn_internal.h).
 * Decides nothing. Called by the transaction and the recovery.
 *
 * A new file is written beside its target under a temporary name and synced; commit exchanges the
 * two names, so the target is never absent and never half written, and the old inode, with its
 * times and extended attributes, waits under the temporary name for undo or finish.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "l4sync/text.h"

#include "txn_internal.h"

/* Where a step works: directory, target name, temporary name. */
struct place {
	int dir;
	const char *name, *temp;
};

static int place_of_step(struct txn *t, const struct step *s, struct place *ret, struct err *e)
{
	const char *path = step_get(s, "path");
	int r = host_parent(t->host, path, &ret->dir, &ret->name, e);

	if (r == -ENOENT || r == -ENOTDIR)
		err_errno(e, r, "cannot open the directory of %s%s", t->host->root_path, path);
	ret->temp = step_get(s, "temp");
	return r;
}

static bool is_replaceable(const char *identity)
{
	return text_starts(identity, "file ") || text_starts(identity, "link ");
}

static int prepare_path(struct txn *t, struct step *s, struct err *e)
{
	const char *path = step_get(s, "path"), *old;
	int r = path_identity(t, path, &old, e);

	if (r < 0)
		return r;
	if (strcmp(old, "absent") != 0 && !is_replaceable(old))
		return err_set(e, -EEXIST,
			"%s%s is %s, where a file or link is wanted: move it away",
			t->host->root_path, path,
			text_starts(old, "dir ") ? "a directory" : "a device, socket or pipe");
	step_set(t, s, "old", old);
	/* A leading dot and no suffix: nothing that reads drop-in directories takes it for one. */
	step_set(t, s, "temp", arena_printf(t->arena, ".l4sync-%s-%zu", t->name, s->queued));
	return 0;
}

static void identify_new_file(struct txn *t, struct step *s)
{
	char hash[HASH_TEXT_MAX];
	struct hash h = hash_hmac(t->key, s->content->data, s->content->size);

	hash_text(&h, "hmac-sha256", hash);
	step_set(t, s, "new",
		arena_printf(t->arena, "file %s %s %s %s", step_get(s, "mode"), step_get(s, "uid"),
			step_get(s, "gid"), hash));
}

static int prepare_put_file(struct txn *t, struct step *s, struct err *e)
{
	if (!step_is_ownerless(s))
		identify_new_file(t, s);
	return prepare_path(t, s, e);
}

static int prepare_put_link(struct txn *t, struct step *s, struct err *e)
{
	step_set(t, s, "new", arena_printf(t->arena, "link %s", step_get(s, "target")));
	return prepare_path(t, s, e);
}

/* Somebody has already put there what is wanted: not even the inode is touched. */
static bool is_there(const struct step *s)
{
	return !strcmp(step_get(s, "old"), step_get(s, "new"));
}

static int cannot_stage(struct txn *t, const struct step *s, int r, struct err *e)
{
	const char *path = step_get(s, "path");

	err_errno(e, r, "cannot write beside %s%s", t->host->root_path, path);
	if (r != -ENOSPC && r != -EDQUOT)
		return r;
	return err_set(e, r, "%s; make room there (`df -h %s%.*s`), then run this again",
		err_text(e), t->host->root_path, (int)(strrchr(path, '/') - path), path);
}

static int stage_put_file(struct txn *t, struct step *s, struct err *e)
{
	struct place p;
	int r = place_of_step(t, s, &p, e);

	if (r < 0 || is_there(s))
		return r;
	_cleanup_close_ int fd =
		openat(p.dir, p.temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		r = -errno;
	if (r >= 0)
		r = fd_write_all(fd, s->content->data, s->content->size);
	/* Owner before mode: chown clears the set-user-ID bits. */
	if (r >= 0 && fchown(fd, (uid_t)strtoul(step_get(s, "uid"), NULL, 10),
			      (gid_t)strtoul(step_get(s, "gid"), NULL, 10)) < 0)
		r = -errno;
	if (r >= 0 && fchmod(fd, (mode_t)strtoul(step_get(s, "mode"), NULL, 8)) < 0)
		r = -errno;
	/* Before the rename, or a power cut could leave the new name with no content. */
	if (r >= 0 && fsync(fd) < 0)
		r = -errno;
	return r < 0 ? cannot_stage(t, s, r, e) : 0;
}

static int stage_put_link(struct txn *t, struct step *s, struct err *e)
{
	struct place p;
	int r = place_of_step(t, s, &p, e);

	if (r < 0 || is_there(s))
		return r;
	if (symlinkat(step_get(s, "target"), p.dir, p.temp) < 0)
		return cannot_stage(t, s, -errno, e);
	return 0;
}

static int rename_flags(const struct place *p, const char *from, const char *to, unsigned flags)
{
	return renameat2(p->dir, from, p->dir, to, flags) < 0 ? -errno : 0;
}

static int commit_put(struct txn *t, struct step *s, struct err *e)
{
	bool create = !strcmp(step_get(s, "old"), "absent");
	const char *was;
	struct place p;
	int r = place_of_step(t, s, &p, e);

	if (r < 0 || is_there(s))
		return r;
	r = rename_flags(&p, p.temp, p.name, create ? RENAME_NOREPLACE : RENAME_EXCHANGE);
	if (r == -EEXIST || r == -ENOENT)
		return step_changed_meanwhile(t, s, e);
	if (r == -EINVAL)
		return err_set(e, r, "%s%s: its file system cannot exchange two names atomically",
			t->host->root_path, step_get(s, "path"));
	if (r < 0)
		return err_errno(
			e, r, "cannot replace %s%s", t->host->root_path, step_get(s, "path"));
	if (create)
		return 0;
	/* Only now it is certain what was replaced: the exchange leaves no moment to slip into. */
	r = name_identity(t, p.dir, p.temp, &was, e);
	if (r < 0 || !strcmp(was, step_get(s, "old")))
		return r;
	rename_flags(&p, p.temp, p.name, RENAME_EXCHANGE);
	return step_changed_meanwhile(t, s, e);
}

/* On a file system that is read-only the kernel says so even of a name that is not there. */
static int unlink_temp(const struct place *p)
{
	struct stat st;

	if (!unlinkat(p->dir, p->temp, 0) || errno == ENOENT)
		return 0;
	int r = -errno;
	return fstatat(p->dir, p->temp, &st, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT ? 0 : r;
}

/* next_of_path() says where the old content is kept, if it is. */
static int left_alone(struct txn *t, const struct step *s, struct err *e)
{
	return err_set(e, -EBUSY, "%s%s was changed by somebody else and is left as it is",
		t->host->root_path, step_get(s, "path"));
}

/* What commit made goes; what somebody else has put in its place since is put back there. */
static int undo_create(
	struct txn *t, struct step *s, const struct place *p, bool *left, struct err *e)
{
	const char *new = step_get(s, "new"), *at;
	int r = name_identity(t, p->dir, p->name, &at, e);

	if (r < 0 || !strcmp(at, "absent"))
		return r;
	if (strcmp(at, new) != 0)
		return *left = true, left_alone(t, s, e);
	r = rename_flags(p, p->name, p->temp, RENAME_NOREPLACE);
	/* And again, now that nobody can reach it any more by its name. */
	if (r >= 0)
		r = name_identity(t, p->dir, p->temp, &at, e);
	if (r < 0 || !strcmp(at, new))
		return r;
	*left = true;
	r = rename_flags(p, p->temp, p->name, RENAME_NOREPLACE);
	return left_alone(t, s, e);
}

/*
 * Which of the two names holds what. The old content under the temporary name alone does not tell
 * that the names were exchanged: half a new file can look like it (an empty one; the same content
 * before its new mode is set).
 */
static int undo_replace(
	struct txn *t, struct step *s, const struct place *p, bool *left, struct err *e)
{
	const char *old = step_get(s, "old"), *new = step_get(s, "new"), *at, *at_temp = NULL;
	int r = name_identity(t, p->dir, p->name, &at, e);

	if (r >= 0)
		r = name_identity(t, p->dir, p->temp, &at_temp, e);
	if (r < 0 || !strcmp(at_temp, "absent") || !strcmp(at, old))
		return r;
	if (strcmp(at, new) != 0 && strcmp(at_temp, old) != 0)
		return 0; /* not exchanged yet, and changed by somebody else meanwhile: his it is */
	if (strcmp(at, new) != 0)
		return *left = true, left_alone(t, s, e);
	/* Whatever was under the name when the two were exchanged, even if not what was expected.
	 */
	r = rename_flags(p, p->temp, p->name, RENAME_EXCHANGE);
	if (r >= 0)
		r = name_identity(t, p->dir, p->temp, &at, e);
	if (r < 0 || !strcmp(at, new))
		return r;
	*left = true;
	r = rename_flags(p, p->temp, p->name, RENAME_EXCHANGE);
	return left_alone(t, s, e);
}

static int undo_put(struct txn *t, struct step *s, bool *left, struct err *e)
{
	struct stat st;
	struct place p;
	int r = host_parent(t->host, step_get(s, "path"), &p.dir, &p.name, e);

	p.temp = step_get(s, "temp");
	if (r == -ENOENT)
		return 0; /* its directory was not made, or is gone */
	if (r == -ENOTDIR)
		err_errno(e, r, "%s%s", t->host->root_path, step_get(s, "path"));
	if (r < 0)
		return r;
	if (strcmp(step_get(s, "old"), "absent") != 0)
		r = undo_replace(t, s, &p, left, e);
	else if (fstatat(p.dir, p.temp, &st, AT_SYMLINK_NOFOLLOW) < 0)
		/* The temporary name is gone: it was renamed, or never made. */
		r = undo_create(t, s, &p, left, e);
	if (r >= 0)
		r = unlink_temp(&p);
	if (r < 0 && !*left && !e->text)
		err_errno(e, r, "cannot put %s%s back", t->host->root_path, step_get(s, "path"));
	return r;
}

static int finish_path(struct txn *t, struct step *s, struct err *e)
{
	struct place p;
	int r = host_parent(t->host, step_get(s, "path"), &p.dir, &p.name, e);

	if (r == -ENOENT)
		return 0;
	p.temp = step_get(s, "temp");
	if (r >= 0)
		r = unlink_temp(&p);
	return r < 0 ? err_errno(e, r, "cannot remove the temporary file beside %s%s",
			       t->host->root_path, step_get(s, "path"))
		     : 0;
}

static int commit_remove(struct txn *t, struct step *s, struct err *e)
{
	const char *was;
	struct place p;
	int r;

	if (!strcmp(step_get(s, "old"), "absent"))
		return 0;
	r = place_of_step(t, s, &p, e);
	if (r < 0)
		return r;
	r = rename_flags(&p, p.name, p.temp, RENAME_NOREPLACE);
	if (r == -ENOENT)
		return step_changed_meanwhile(t, s, e);
	if (r < 0)
		return err_errno(
			e, r, "cannot remove %s%s", t->host->root_path, step_get(s, "path"));
	r = name_identity(t, p.dir, p.temp, &was, e);
	if (r < 0 || !strcmp(was, step_get(s, "old")))
		return r;
	rename_flags(&p, p.temp, p.name, RENAME_NOREPLACE);
	return step_changed_meanwhile(t, s, e);
}

static int undo_remove(struct txn *t, struct step *s, bool *left, struct err *e)
{
	const char *at_temp = NULL;
	struct place p;
	int r = host_parent(t->host, step_get(s, "path"), &p.dir, &p.name, e);

	p.temp = step_get(s, "temp");
	if (r == -ENOENT)
		return 0;
	if (r >= 0)
		r = name_identity(t, p.dir, p.temp, &at_temp, e);
	if (r < 0 || !strcmp(at_temp, "absent"))
		return r;
	r = rename_flags(&p, p.temp, p.name, RENAME_NOREPLACE);
	if (r == -EEXIST)
		return *left = true, left_alone(t, s, e);
	return r < 0 ? err_errno(e, r, "cannot put %s%s back", t->host->root_path,
			       step_get(s, "path"))
		     : 0;
}

static const char *sentence_put(struct arena *a, const struct step *s)
{
	const char *old = step_get(s, "old");

	return arena_printf(a, "%s %s", old && !strcmp(old, "absent") ? "create" : "replace",
		step_get(s, "path"));
}

static const char *sentence_remove(struct arena *a, const struct step *s)
{
	return arena_printf(a, "remove %s", step_get(s, "path"));
}

const struct step_ops step_put_file = {
	.kind = "put-file",
	.action = "write",
	.prepare = prepare_put_file,
	.owned = identify_new_file,
	.stage = stage_put_file,
	.commit = commit_put,
	.undo = undo_put,
	.finish = finish_path,
	.next = next_of_path,
	.sentence = sentence_put,
};

const struct step_ops step_put_link = {
	.kind = "put-link",
	.action = "write",
	.prepare = prepare_put_link,
	.stage = stage_put_link,
	.commit = commit_put,
	.undo = undo_put,
	.finish = finish_path,
	.next = next_of_path,
	.sentence = sentence_put,
};

const struct step_ops step_remove = {
	.kind = "remove",
	.action = "remove",
	.prepare = prepare_path,
	.commit = commit_remove,
	.undo = undo_remove,
	.finish = finish_path,
	.next = next_of_path,
	.sentence = sentence_remove,
};
