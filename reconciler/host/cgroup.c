/*
 * Files of the unified cgroup hierarchy, and which limits hit what is there already (cgroup.h).
 * Writes none: that is systemd's business. Called by the derivation of effects and the transaction.
 */
#include "l4sync/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#define FILE_SIZE_MAX 4096u

const struct cgroup_limit cgroup_limits[] = {
	{"MemoryMax", "memory.max", "memory.current", "the kernel would kill what runs there", 10},
	{"TasksMax", "pids.max", "pids.current", "the kernel would refuse it further tasks", 0},
	{NULL, NULL, NULL, NULL, 0},
};

int cgroup_read(struct host *h, struct arena *a, const char *cgroup, const char *file,
	const char **ret, struct err *e)
{
	const char *path = arena_printf(a, "/sys/fs/cgroup%s/%s", cgroup, file);
	_cleanup_close_ int fd = -1;
	const void *text;
	size_t size;
	int r = host_open_following(h, path, O_RDONLY, &fd, NULL);

	*ret = NULL;
	if (r == -ENOENT || r == -ENOTDIR)
		return 0;
	if (r >= 0)
		r = fd_read_all(a, fd, FILE_SIZE_MAX, &text, &size);
	if (r < 0)
		return err_errno(e, r, "cannot read %s", path);
	*ret = arena_strndup(a, text, strcspn(text, "\n"));
	return 0;
}

uint64_t cgroup_number(const char *text)
{
	return !strcmp(text, "max") ? UINT64_MAX : strtoull(text, NULL, 10);
}

int cgroup_hits(struct host *h, struct arena *a, const char *cgroup, const struct cgroup_limit *of,
	uint64_t limit, bool *ret, uint64_t *ret_used, struct err *e)
{
	const char *now, *used = NULL;
	int r = cgroup_read(h, a, cgroup, of->file, &now, e);

	*ret = false;
	if (r >= 0)
		r = cgroup_read(h, a, cgroup, of->in_use, &used, e);
	if (r < 0 || !now || !used || limit >= cgroup_number(now))
		return r < 0 ? r : 0;
	*ret_used = cgroup_number(used);
	*ret = *ret_used + *ret_used / 100 * of->slack_percent > limit;
	return 0;
}
