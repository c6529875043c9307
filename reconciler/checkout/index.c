/*
 * The index of a checkout: which bytes a file had when it was looked at (checkout_live.h). A file
 * of the state directory, text, read as data: whatever is wrong with it makes it empty, and then
 * the files themselves are read.
 * Called by the module checkout and the transaction.
 *
 *	l4sync-checkout-index 1
 *	TIME INODE N               nanoseconds; of the directory; entries
 *	ID SIZE MTIME CTIME INODE PATH
 *	end
 */
#include "l4sync/checkout_live.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "l4sync/text.h"
#include "l4sync/txn.h"

#define HEADER "l4sync-checkout-index 1\n"
#define INDEX_SIZE_MAX ((size_t)64 << 20)

uint64_t checkout_index_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME_COARSE, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static const char *index_name(struct arena *a, const char *path, bool staged)
{
	struct hash h = hash_sha256(path, strlen(path));
	char hex[HASH_HEX_MAX];

	hash_hex(&h, hex);
	return arena_printf(a, "checkout-%.16s.%s", hex, staged ? "staged" : "index");
}

static bool take_number(const char **at, char stop, uint64_t *ret)
{
	char *end;

	errno = 0;
	if (**at < '0' || **at > '9')
		return false;
	*ret = strtoull(*at, &end, 10);
	if (errno || *end != stop)
		return false;
	*at = end + 1;
	return true;
}

static bool take_entry(struct arena *a, const char **at, struct live_entry *x)
{
	char *path;

	if (strnlen(*at, GIT_ID_MAX) < GIT_ID_MAX || (*at)[GIT_ID_MAX - 1] != ' ')
		return false;
	memcpy(x->id, *at, GIT_ID_MAX - 1);
	x->id[GIT_ID_MAX - 1] = '\0';
	*at += GIT_ID_MAX;
	if (!take_number(at, ' ', &x->size) || !take_number(at, ' ', &x->mtime_ns) ||
		!take_number(at, ' ', &x->ctime_ns) || !take_number(at, ' ', &x->ino))
		return false;
	size_t n = strcspn(*at, "\n");
	if (!(*at)[n] || !text_unescape(a, *at, n, &path))
		return false;
	x->path = path;
	*at += n + 1;
	return true;
}

static bool take_index(struct arena *a, const char *at, struct checkout_index *ret)
{
	uint64_t n;

	if (!text_starts(at, HEADER))
		return false;
	at += strlen(HEADER);
	if (!take_number(&at, ' ', &ret->time_ns) || !take_number(&at, ' ', &ret->ino) ||
		!take_number(&at, '\n', &n) || n > CHECKOUT_LIVE_MAX)
		return false;
	ret->items = arena_array(a, struct live_entry, (size_t)n);
	for (; ret->n < n; ret->n++)
		if (!take_entry(a, &at, &ret->items[ret->n]) ||
			(ret->n &&
				strcmp(ret->items[ret->n - 1].path, ret->items[ret->n].path) >= 0))
			return false;
	return !strcmp(at, "end\n");
}

bool checkout_index_load(
	struct host *h, struct arena *a, const char *path, bool staged, struct checkout_index *ret)
{
	const void *data;
	size_t size;
	int dir;

	*ret = (struct checkout_index){0};
	if (state_dir(h, false, &dir, NULL) < 0)
		return false;
	_cleanup_close_ int fd = openat(
		dir, index_name(a, path, staged), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || fd_read_all(a, fd, INDEX_SIZE_MAX, &data, &size) < 0)
		return false;
	if (strlen(data) == size && take_index(a, data, ret))
		return true;
	*ret = (struct checkout_index){0};
	return false;
}

int checkout_index_save(struct host *h, const char *path, bool staged,
	const struct checkout_scan *scan, uint64_t time_ns, struct err *e)
{
	_cleanup_arena_ struct arena *a = arena_new();
	_cleanup_buf_ struct buf out = BUF_INIT;
	size_t n = 0;

	for (size_t i = 0; i < scan->n; i++)
		n += *scan->items[i].id != '\0';
	buf_addf(&out, HEADER "%" PRIu64 " %ju %zu\n", time_ns, (uintmax_t)scan->top.st_ino, n);
	for (size_t i = 0; i < scan->n; i++) {
		const struct live_entry *x = &scan->items[i];

		if (!*x->id)
			continue;
		buf_addf(&out, "%s %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " ", x->id,
			x->size, x->mtime_ns, x->ctime_ns, x->ino);
		text_escape(&out, x->path, strlen(x->path));
		buf_addc(&out, '\n');
	}
	buf_adds(&out, "end\n");
	return state_write(h, index_name(a, path, staged), out.data, out.size, e);
}

int checkout_index_remove(struct host *h, const char *path, bool staged, struct err *e)
{
	_cleanup_arena_ struct arena *a = arena_new();
	const char *name = index_name(a, path, staged);
	int dir;
	int r = state_dir(h, false, &dir, e);

	if (r == -ENOENT)
		return 0;
	if (r >= 0 && unlinkat(dir, name, 0) < 0 && errno != ENOENT)
		r = err_errno(e, -errno, "cannot remove %s%s/%s", h->root_path, STATE_DIR, name);
	return r < 0 ? r : 0;
}
