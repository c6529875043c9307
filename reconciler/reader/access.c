/*
 * The reader's user and its directory (access.h).
 * Called by the pipeline's reading part and the transaction, in the root part.
 */
#include "l4sync/access.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>

#include "l4sync/txn.h"

#define READER_USER "l4sync"
#define READER_DIR "reader"

/* The user l4sync owns what is pulled. A plain directory is only read; and what a file tree's state
 * directory holds nobody else can reach. */
static int identity(struct host *h, bool pulls, struct reader_access *ret, struct err *e)
{
	if (geteuid() != 0)
		return 0;
	const struct passwd *p = getpwnam(READER_USER);
	if (!p && (!pulls || !h->live))
		p = getpwnam("nobody");
	if (!p)
		return err_set(e, -ENOENT,
			"there is no user " READER_USER
			" for the unprivileged reader; make it with: "
			"systemd-sysusers (from l4sync's sysusers.d file)");
	ret->drop = true;
	ret->uid = p->pw_uid;
	ret->gid = p->pw_gid;
	return 0;
}

/* ROOT/var/lib/l4sync/reader, the reader's own. Its parent stays root's: the child gets a view of
 * the file system in which it can walk there. */
static int make_dir(struct host *h, struct reader_access *ret, struct err *e)
{
	int state;
	int c = state_dir(h, true, &state, e);

	if (c < 0)
		return c;
	if (mkdirat(state, READER_DIR, 0700) < 0 && errno != EEXIST)
		return err_errno(
			e, -errno, "cannot make %s%s/" READER_DIR, h->root_path, STATE_DIR);
	if (ret->drop) {
		_cleanup_close_ int fd =
			openat(state, READER_DIR, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0 || fchown(fd, ret->uid, ret->gid) < 0)
			return err_errno(e, -errno, "cannot give %s%s/" READER_DIR " to its user",
				h->root_path, STATE_DIR);
	}
	ret->cache_dir = arena_printf(h->arena, "%s%s/" READER_DIR, h->root_path, STATE_DIR);
	return 0;
}

int reader_access(struct host *h, bool pulls, struct reader_access *ret, struct err *e)
{
	*ret = (struct reader_access){0};
	int c = identity(h, pulls, ret, e);
	return c < 0 || !pulls ? c : make_dir(h, ret, e);
}
