/*
 * Waiting for whoever has locked dpkg's or apt's files, and saying who that is (apt.h).
 * Takes no lock itself: the programs do. Called by the transaction's step of packages.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "l4sync/apt.h"
#include "l4sync/io.h"

#define POLL_USEC 200000u

static const char *const lock_files[] = {
	"/var/lib/dpkg/lock-frontend",
	"/var/lib/dpkg/lock",
	"/var/lib/apt/lists/lock",
	"/var/cache/apt/archives/lock",
};

static const char *process_name(struct arena *a, long pid)
{
	const void *text;
	size_t size;
	_cleanup_close_ int fd = open(arena_printf(a, "/proc/%ld/comm", pid), O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fd_read_all(a, fd, 64, &text, &size) < 0)
		return "a process";
	return arena_strndup(a, text, strcspn(text, "\n"));
}

/* "apt-get (pid 7), which has locked FILE"; NULL: nobody. */
static const char *holder(struct arena *a, struct host *h)
{
	for (size_t i = 0; i < ELEMENTS(lock_files); i++) {
		struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
		int fd;

		if (host_open_following(h, lock_files[i], O_RDWR | O_NONBLOCK, &fd, NULL) < 0)
			continue;
		int r = fcntl(fd, F_GETLK, &lock);
		close(fd);
		if (r < 0 || lock.l_type == F_UNLCK)
			continue;
		/* Of another namespace there is no number. */
		return lock.l_pid > 0
			       ? arena_printf(a, "%s (pid %ld), which has locked %s",
					 process_name(a, lock.l_pid), (long)lock.l_pid,
					 lock_files[i])
			       : arena_printf(a, "a process that has locked %s", lock_files[i]);
	}
	return NULL;
}

int apt_wait(const struct apt *x, struct host *h, unsigned seconds, struct err *e)
{
	uint64_t start = monotonic_usec(), end = start + seconds * 1000000ull;
	const char *who, *last = NULL;

	for (;;) {
		_cleanup_arena_ struct arena *a = arena_new();

		who = holder(a, h);
		if (!who)
			return 0;
		if (monotonic_usec() >= end)
			return err_set(e, -EBUSY,
				"packages cannot be changed: after %u s it still waits for %s. Try "
				"again when that has ended",
				seconds, who);
		if (!last || strcmp(last, who) != 0) {
			last = arena_strdup(x->arena, who);
			event_message(x->sink, "warning", "waiting for %s", last);
		}
		event_progress(x->sink, "waiting for %s", last);
		int r = x->idle ? x->idle(x->userdata) : 0;
		if (r)
			return err_set(e, r, "interrupted while waiting for %s", last);
		usleep(POLL_USEC);
	}
}
