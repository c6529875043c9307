/*
 * Sets of resources that are kept in the state directory (txn.h).
 * Called by what keeps deferred restarts and actions.
 */
#include <errno.h>
#include <fcntl.h>

#include "l4sync/txn.h"

int state_bad_set(struct host *h, const char *name, const char *what, int r, struct err *e)
{
	return err_prefix(e, r, "%s" STATE_DIR "/%s, %s", h->root_path, name, what);
}

int state_read_set(
	struct host *h, const char *name, const char *what, struct resources **ret, struct err *e)
{
	_cleanup_arena_ struct arena *a = arena_new();
	const void *data;
	size_t size;
	int dir;
	int r = state_dir(h, false, &dir, e);

	if (r < 0)
		return r;
	_cleanup_close_ int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	r = fd < 0 ? -errno : fd_read_all(a, fd, RESOURCES_SIZE_MAX, &data, &size);
	if (r == -ENOENT)
		return r;
	if (r < 0)
		return err_errno(e, r, "cannot read %s" STATE_DIR "/%s", h->root_path, name);
	r = resources_read(data, size, ret, e);
	return r < 0 ? state_bad_set(h, name, what, r, e) : 0;
}
