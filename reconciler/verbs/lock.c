/*
 * The run lock: flock(2) on ROOT/run/l4sync/lock, so it goes with the process that holds it; what
 * stands in the file only tells others who that is (lock.h).
 * Called by run.c and the status verb.
 */
#include "lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "l4sync/text.h"

#define LOCK_DIR "/run/l4sync"
#define LOCK_NAME "lock"
#define READERS_WAIT_MS 5000 /* a check by the timer is done sooner than this */

static int lock_dir(struct host *h, int *ret_fd, struct err *e)
{
	static const char *const dirs[] = {"/run", LOCK_DIR};

	for (size_t i = 0; i < ELEMENTS(dirs); i++) {
		const char *name;
		int parent;
		int r = host_parent(h, dirs[i], &parent, &name, e);

		if (r < 0)
			return r;
		if (mkdirat(parent, name, 0755) < 0 && errno != EEXIST)
			return err_errno(e, -errno, "cannot make %s%s", h->root_path, dirs[i]);
	}
	return host_dir(h, LOCK_DIR, ret_fd, e);
}

static json_t *read_holder(int fd)
{
	char text[4096];
	ssize_t n = pread(fd, text, sizeof text, 0);

	return n > 0 ? json_loadb(text, (size_t)n, JSON_DISABLE_EOF_CHECK, NULL) : NULL;
}

/* Takes the reference. Only a courtesy to whoever waits: the lock holds without it. What is shorter
 * than the text before it is filled up, for who reads meanwhile must find one object. */
static void store_holder(int fd, json_t *o)
{
	_cleanup_free_ char *text = json_dumps(o, JSON_COMPACT);
	_cleanup_buf_ struct buf b = BUF_INIT;
	struct stat st;

	json_decref(o);
	if (!text || fstat(fd, &st) < 0)
		return;
	buf_adds(&b, text);
	while ((off_t)b.size < st.st_size)
		buf_addc(&b, ' ');
	if (pwrite(fd, b.data, b.size, 0) < 0)
		(void)ftruncate(fd, 0);
}

static void write_holder(struct arena *a, int fd, const struct request *q)
{
	json_t *o = json_pack("{s:I, s:s, s:s, s:o}", "pid", (json_int_t)getpid(), "user",
		run_user(a), "command", request_command(a, q), "since", event_time(time(NULL)));

	store_holder(fd, o);
}

void lock_note(int fd, const char *step)
{
	json_t *o = fd >= 0 && step ? read_holder(fd) : NULL;

	if (!o)
		return;
	json_object_set_new(o, "step", event_string(step));
	store_holder(fd, o);
}

/* What readers hold was named by the writer before them, who is gone. */
static int busy(struct host *h, int fd, bool readers, struct err *e)
{
	json_t *o = readers ? NULL : read_holder(fd);
	const char *user = NULL, *command = NULL, *since = NULL;
	json_int_t pid = 0;

	if (o && !json_unpack(o, "{s:I, s:s, s:s, s:s}", "pid", &pid, "user", &user, "command",
			 &command, "since", &since))
		err_exit(e, EXIT_LOCKED, -EBUSY,
			"another run holds the lock: %s, process %lld of %s, since %s; l4sync "
			"status%s%s tells whether it still runs",
			command, (long long)pid, user, text_time(h->arena, since),
			*h->root_path ? " --root " : "", h->root_path);
	else
		err_exit(e, EXIT_LOCKED, -EBUSY, "another run holds the lock%s",
			readers ? ", one that only looks: try again" : "");
	json_decref(o);
	return -EBUSY;
}

static int lock_fd(int fd, enum run_lock lock, bool *ret_readers)
{
	const struct timespec pause = {.tv_nsec = 50 * 1000 * 1000};

	for (int waited = 0;; waited += 50) {
		if (!flock(fd, (lock == RUN_WRITES ? LOCK_EX : LOCK_SH) | LOCK_NB))
			return 0;
		if (errno == EINTR)
			continue;
		/* Readers are quick, so a writer waits for them; a writer is not worth waiting for.
		 */
		bool readers = !flock(fd, LOCK_SH | LOCK_NB);
		if (readers)
			flock(fd, LOCK_UN);
		*ret_readers = readers;
		if (!readers || waited >= READERS_WAIT_MS)
			return -EBUSY;
		nanosleep(&pause, NULL);
	}
}

int lock_take(
	struct host *h, const struct request *q, enum run_lock lock, int *ret_fd, struct err *e)
{
	bool readers;
	int dir;
	int r = lock_dir(h, &dir, e);

	*ret_fd = -1;
	/* Where nothing can be written nobody applies anything, so a look needs no lock. */
	if (r == -EROFS && lock == RUN_READS) {
		err_clear(e);
		return 0;
	}
	if (r < 0)
		return r;
	_cleanup_close_ int fd =
		openat(dir, LOCK_NAME, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 && errno == EROFS && lock == RUN_READS)
		return 0;
	/* Whoever may open it for reading may also lock it, and keep every run from its work. */
	if (fd < 0 || fchmod(fd, 0600) < 0)
		return err_errno(e, -errno, "cannot open the lock %s%s/%s", h->root_path, LOCK_DIR,
			LOCK_NAME);
	if (lock_fd(fd, lock, &readers) < 0)
		return busy(h, fd, readers, e);
	if (lock == RUN_WRITES)
		write_holder(h->arena, fd, q);
	*ret_fd = TAKE_FD(fd);
	return 0;
}

void lock_release(int fd)
{
	if (fd >= 0)
		flock(fd, LOCK_UN);
}

json_t *run_lock_holder(struct host *h)
{
	int dir;

	if (host_dir(h, LOCK_DIR, &dir, NULL) < 0)
		return NULL;
	_cleanup_close_ int fd = openat(dir, LOCK_NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || !flock(fd, LOCK_SH | LOCK_NB))
		return NULL;
	json_t *o = read_holder(fd);
	return o ? o : json_object();
}
