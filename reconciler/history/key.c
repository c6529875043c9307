/*
 * The host's secret key for HMACs: DIR/key, 32 random bytes (history.h).
 * Without it the recorded hashes of secrets compare with nothing, so it is never made anew where
 * one stands, however broken. Called by the pipeline.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "store.h"

#define KEY_NAME "key"
#define KEY_NEW ".key.new"

#define HOW_TO_GO_ON                                                                               \
	"restore it from a backup, or remove it; then every secret counts as changed once"

/* -ENOENT without a text: there is none yet. */
static int read_key(struct history *h, unsigned char ret[HASH_SIZE], struct err *e)
{
	_cleanup_close_ int fd =
		openat(h->dir_fd, KEY_NAME, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	unsigned char bytes[HASH_SIZE + 1];
	struct stat st;

	if (fd < 0)
		return errno == ENOENT ? -ENOENT
				       : err_errno(e, -errno, "cannot open %s/key", h->dir_path);
	if (fstat(fd, &st) < 0)
		return err_errno(e, -errno, "cannot read %s/key", h->dir_path);
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 07777) != 0600)
		return err_set(e, -EPERM,
			"%s/key must be a file of uid %u with mode 0600, but has uid %u and mode "
			"%04o; if others could read it: remove it, then every secret counts as "
			"changed once",
			h->dir_path, geteuid(), st.st_uid, st.st_mode & 07777);
	ssize_t n = read(fd, bytes, sizeof(bytes));
	if (n < 0)
		return err_errno(e, -errno, "cannot read %s/key", h->dir_path);
	if (n != HASH_SIZE)
		return err_set(e, -EBADMSG,
			"%s/key must hold %d bytes, but holds %s; " HOW_TO_GO_ON, h->dir_path,
			HASH_SIZE, n < HASH_SIZE ? "fewer" : "more");
	memcpy(ret, bytes, HASH_SIZE);
	explicit_bzero(bytes, sizeof(bytes));
	return 0;
}

/* The name appears when the bytes are on disk, and the name is on disk when this returns. */
static int make_key(struct history *h, struct err *e)
{
	unsigned char bytes[HASH_SIZE];
	ssize_t n;

	do
		n = getrandom(bytes, sizeof(bytes), 0);
	while (n < 0 && errno == EINTR);
	if (n != sizeof(bytes))
		return err_errno(e, n < 0 ? -errno : -EIO, "no random bytes");
	if (unlinkat(h->dir_fd, KEY_NEW, 0) < 0 && errno != ENOENT)
		return err_errno(e, -errno, "cannot remove %s/" KEY_NEW, h->dir_path);
	_cleanup_close_ int fd = openat(
		h->dir_fd, KEY_NEW, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_errno(e, -errno, "cannot make %s/" KEY_NEW, h->dir_path);
	n = write(fd, bytes, sizeof(bytes));
	explicit_bzero(bytes, sizeof(bytes));
	int r = n < 0 ? -errno : n != sizeof(bytes) ? -ENOSPC : 0;
	if (!r && (fchmod(fd, 0600) < 0 || fsync(fd) < 0 ||
			  renameat(h->dir_fd, KEY_NEW, h->dir_fd, KEY_NAME) < 0 ||
			  fsync(h->dir_fd) < 0))
		r = -errno;
	if (r < 0) {
		unlinkat(h->dir_fd, KEY_NEW, 0);
		return err_errno(e, r, "cannot make %s/key", h->dir_path);
	}
	return 0;
}

int history_key(struct history *h, unsigned char ret[HASH_SIZE], struct err *e)
{
	_cleanup_close_ int lock = -1;
	int r = read_key(h, ret, e);

	if (r != -ENOENT)
		return r;
	r = history_making(h, &lock, e);
	if (r < 0)
		return r;
	r = read_key(h, ret, e); /* another process may have made it meanwhile */
	if (r != -ENOENT)
		return r;
	r = make_key(h, e);
	return r < 0 ? r : read_key(h, ret, e);
}
