/*
 * What stands at a path, as one line of text: how the transaction tells what it wrote from what
 * was there before and from what somebody else wrote meanwhile.
 * Changes nothing. Called by the steps.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include "txn_internal.h"

static const char *with_owner(struct txn *t, const char *what, const struct stat *st)
{
	return arena_printf(t->arena, "%s %04o %u %u", what, (unsigned)st->st_mode & 07777u,
		(unsigned)st->st_uid, (unsigned)st->st_gid);
}

static int file_identity(
	struct txn *t, int dir_fd, const char *name, const char **ret, struct err *e)
{
	_cleanup_close_ int fd =
		openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	_cleanup_arena_ struct arena *scratch = arena_new();
	char hash[HASH_TEXT_MAX];
	struct stat st;
	const void *data;
	size_t size;

	if (fd < 0)
		return err_errno(e, -errno, "cannot open %s", name);
	int r = fd_read_all(scratch, fd, CONTENT_SIZE_MAX, &data, &size);
	if (r < 0 && r != -EFBIG)
		return err_errno(e, r, "cannot read %s", name);
	if (fstat(fd, &st) < 0)
		return err_errno(e, -errno, "cannot look at %s", name);
	/* Larger than any that is managed, so nobody here wrote it: its inode tells it apart, which
	 * is renamed and not copied. */
	if (r < 0) {
		*ret = arena_printf(t->arena, "%s inode:%ju:%jd:%jd.%09ld",
			with_owner(t, "file", &st), (uintmax_t)st.st_ino, (intmax_t)st.st_size,
			(intmax_t)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
		return 0;
	}
	/* Keyed, because the journal holds it and the content may be a secret. */
	struct hash h = hash_hmac(t->key, data, size);
	hash_text(&h, "hmac-sha256", hash);
	*ret = arena_printf(t->arena, "%s %s", with_owner(t, "file", &st), hash);
	return 0;
}

int name_identity(struct txn *t, int dir_fd, const char *name, const char **ret, struct err *e)
{
	const char *target;
	struct stat st;

	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		if (errno != ENOENT)
			return err_errno(e, -errno, "cannot look at %s", name);
		*ret = "absent";
		return 0;
	}
	if (S_ISREG(st.st_mode))
		return file_identity(t, dir_fd, name, ret, e);
	if (S_ISDIR(st.st_mode)) {
		*ret = with_owner(t, "dir", &st);
		return 0;
	}
	if (!S_ISLNK(st.st_mode)) {
		*ret = "other";
		return 0;
	}
	int r = link_read(t->arena, dir_fd, name, &target);
	if (r < 0)
		return err_errno(e, r, "cannot read the link %s", name);
	*ret = arena_printf(t->arena, "link %s", target);
	return 0;
}

int path_identity(struct txn *t, const char *path, const char **ret, struct err *e)
{
	const char *name;
	int dir;
	int r = host_parent(t->host, path, &dir, &name, e);

	if (r == -ENOENT) {
		*ret = "absent";
		return 0;
	}
	if (r == -ENOTDIR)
		return err_set(e, r, "%s%s: a part of its path is not a directory",
			t->host->root_path, path);
	if (r >= 0)
		r = name_identity(t, dir, name, ret, e);
	return r < 0 ? err_prefix(e, r, "%s%s", t->host->root_path, path) : 0;
}

int step_changed_meanwhile(struct txn *t, const struct step *s, struct err *e)
{
	return err_set(e, -EBUSY,
		"%s%s was changed by somebody else while this ran; nothing was overwritten: plan "
		"again",
		t->host->root_path, step_get(s, "path"));
}
