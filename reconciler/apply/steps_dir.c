/*
 * Steps on directories: making, mode and owner, removing when empty (txn_internal.h).
 * Decides nothing. Called by the transaction and the recovery.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "l4sync/text.h"

#include "txn_internal.h"

struct owner {
	uid_t uid;
	gid_t gid;
	mode_t mode;
};

static struct owner owner_of(
	const struct step *s, const char *uid, const char *gid, const char *mode)
{
	return (struct owner){
		.uid = (uid_t)strtoul(step_get(s, uid), NULL, 10),
		.gid = (gid_t)strtoul(step_get(s, gid), NULL, 10),
		.mode = (mode_t)strtoul(step_get(s, mode), NULL, 8),
	};
}

static int set_owner(int dir_fd, const struct owner *o)
{
	/* Owner before mode: chown clears the set-group-ID bit. */
	if (fchown(dir_fd, o->uid, o->gid) < 0 || fchmod(dir_fd, o->mode) < 0)
		return -errno;
	/* Its parent's sync brings the name to disk, not what the directory itself is. */
	return fsync(dir_fd) < 0 ? -errno : 0;
}

/* mkdir and its attributes; the directory is invisible to others until they are set. */
static int make(struct txn *t, const char *path, const struct owner *o)
{
	const char *name;
	int parent;
	int r = host_parent(t->host, path, &parent, &name, NULL);

	if (r < 0)
		return r;
	if (mkdirat(parent, name, 0700) < 0)
		return -errno;
	_cleanup_close_ int fd =
		openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	return set_owner(fd, o);
}

static int commit_mkdir(struct txn *t, struct step *s, struct err *e)
{
	const struct owner o = owner_of(s, "uid", "gid", "mode");
	int r = make(t, step_get(s, "path"), &o);

	/* Somebody else has made it meanwhile: it is not ours to remove. */
	if (r == -EEXIST)
		s->touched = false;
	return r < 0 ? err_errno(e, r, "cannot make the directory %s%s", t->host->root_path,
			       step_get(s, "path"))
		     : 0;
}

static int undo_mkdir(struct txn *t, struct step *s, bool *left, struct err *e)
{
	const char *path = step_get(s, "path"), *name;
	int parent;
	int r = host_parent(t->host, path, &parent, &name, e);

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	/* Asked first: where nothing can be written, what was never made cannot be removed either.
	 */
	if (faccessat(parent, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT)
		return 0;
	if (unlinkat(parent, name, AT_REMOVEDIR) < 0 && errno != ENOENT) {
		*left = errno == ENOTEMPTY || errno == EEXIST;
		return err_errno(
			e, -errno, "the new directory %s%s stays", t->host->root_path, path);
	}
	host_dir_forget(t->host, path);
	return 0;
}

static const char *sentence_mkdir(struct arena *a, const struct step *s)
{
	return arena_printf(a, "make the directory %s", step_get(s, "path"));
}

static int look_at(struct txn *t, const char *path, int *ret_fd, struct stat *ret, struct err *e)
{
	int r = host_dir(t->host, path, ret_fd, e);

	if (r >= 0 && fstat(*ret_fd, ret) < 0)
		r = -errno;
	if (r == -ENOENT || r == -ENOTDIR)
		err_errno(e, r, "the directory %s%s", t->host->root_path, path);
	return r;
}

static int prepare_old_owner(struct txn *t, struct step *s, struct err *e)
{
	struct stat st;
	int fd;
	int r = look_at(t, step_get(s, "path"), &fd, &st, e);

	if (r < 0)
		return r;
	step_set(t, s, "old-uid", arena_printf(t->arena, "%u", (unsigned)st.st_uid));
	step_set(t, s, "old-gid", arena_printf(t->arena, "%u", (unsigned)st.st_gid));
	step_set(t, s, "old-mode", arena_printf(t->arena, "%04o", (unsigned)st.st_mode & 07777u));
	return 0;
}

static bool is_owner(const struct stat *st, const struct owner *o)
{
	return st->st_uid == o->uid && st->st_gid == o->gid && (st->st_mode & 07777) == o->mode;
}

static int commit_attributes(struct txn *t, struct step *s, struct err *e)
{
	const struct owner o = owner_of(s, "uid", "gid", "mode");
	const struct owner old = owner_of(s, "old-uid", "old-gid", "old-mode");
	const char *path = step_get(s, "path");
	struct stat st;
	int fd;
	int r = look_at(t, path, &fd, &st, e);

	if (r < 0)
		return r;
	if (!is_owner(&st, &old)) {
		s->touched = false;
		return err_set(e, -EBUSY,
			"mode or owner of %s%s was changed by somebody else while this ran; they "
			"are left as they are: plan again",
			t->host->root_path, path);
	}
	r = set_owner(fd, &o);
	return r < 0 ? err_errno(
			       e, r, "cannot set mode and owner of %s%s", t->host->root_path, path)
		     : 0;
}

/* Each of the three may have been reached or not when the run ended; a value that is neither the
 * old nor the new one is somebody else's. */
static bool is_either(unsigned now, unsigned old, unsigned new)
{
	return now == old || now == new;
}

static int undo_attributes(struct txn *t, struct step *s, bool *left, struct err *e)
{
	const struct owner old = owner_of(s, "old-uid", "old-gid", "old-mode");
	const struct owner new = owner_of(s, "uid", "gid", "mode");
	const char *path = step_get(s, "path");
	struct stat st;
	int fd;
	int r = look_at(t, path, &fd, &st, e);

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	/* chown clears the set-ID bits, so between chown and chmod the mode may lack them. */
	if (!is_either(st.st_uid, old.uid, new.uid) || !is_either(st.st_gid, old.gid, new.gid) ||
		!is_either(st.st_mode & 01777, old.mode & 01777, new.mode & 01777)) {
		*left = true;
		return err_set(e, -EBUSY,
			"mode and owner of %s%s were changed by somebody else and are left as they "
			"are",
			t->host->root_path, path);
	}
	r = set_owner(fd, &old);
	return r < 0 ? err_errno(e, r, "cannot put mode and owner of %s%s back", t->host->root_path,
			       path)
		     : 0;
}

static const char *sentence_attributes(struct arena *a, const struct step *s)
{
	return arena_printf(a, "set mode and owner of %s", step_get(s, "path"));
}

/*
 * Behind the point of no return: until then the old files wait in the directory for undo, under
 * their temporary names. So there is nothing to undo, and no failure fails the run any more.
 */
static int finish_rmdir(struct txn *t, struct step *s, struct err *e)
{
	const char *path = step_get(s, "path"), *name;
	int parent;
	int r = host_parent(t->host, path, &parent, &name, e);

	if (r == -ENOENT)
		return 0;
	bool stays = r >= 0 && unlinkat(parent, name, AT_REMOVEDIR) < 0 && errno != ENOENT;
	if (stays && !step_get(s, "may-stay"))
		event_message(t->sink, "warning", "%s%s %s and stays", t->host->root_path, path,
			errno == ENOTEMPTY || errno == EEXIST
				? "is not empty"
				: arena_printf(
					  t->arena, "cannot be removed (%s)", strerror(errno)));
	if (r >= 0)
		host_dir_forget(t->host, path);
	return r < 0 ? r : 0;
}

/* So that the step is said in its place. */
static int commit_rmdir(struct txn *t, struct step *s, struct err *e)
{
	(void)t, (void)s, (void)e;
	return 0;
}

static const char *sentence_rmdir(struct arena *a, const struct step *s)
{
	return arena_printf(a, "remove the directory %s, if it is empty", step_get(s, "path"));
}

const struct step_ops step_mkdir = {
	.kind = "mkdir",
	.action = "mkdir",
	.commit = commit_mkdir,
	.undo = undo_mkdir,
	.next = next_of_new_dir,
	.sentence = sentence_mkdir,
};

const struct step_ops step_dir_attributes = {
	.kind = "dir-attributes",
	.action = "attributes",
	.prepare = prepare_old_owner,
	.commit = commit_attributes,
	.undo = undo_attributes,
	.next = next_of_dir,
	.sentence = sentence_attributes,
};

const struct step_ops step_rmdir = {
	.kind = "rmdir",
	.action = "remove",
	.commit = commit_rmdir,
	.finish = finish_rmdir,
	.sentence = sentence_rmdir,
};
