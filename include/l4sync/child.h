/*
 * A forked child that does what must not be done as root, and what it may hand back: one bounded
 * answer of bytes, and lines that say what it is doing.
 * Called by reader_run().
 */
#ifndef L4SYNC_CHILD_H
#define L4SYNC_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "l4sync/err.h"
#include "l4sync/mem.h"

/* What the child keeps, and what it is kept from. */
struct sandbox {
	bool drop; /* become uid and gid; the caller is root */
	uid_t uid;
	gid_t gid;
	size_t memory_max;     /* bytes of address space */
	size_t file_max;       /* bytes, each file it writes */
	const char *write_dir; /* drop: the only directory that can be written; or NULL */
	int read_fd; /* drop: a directory that shall be reachable by its path too; or -1 */
	int fds[4];  /* kept open, all above 2; 0 to 2 lead to /dev/null */
	size_t n_fds;
};

/*
 * Called in the child, before anything else. Groups, user, all capabilities, no new privileges,
 * not dumpable, a session of its own, death with its parent (parent_pid), limits, environment,
 * working directory, signals. What fails is an error, except that mounts are left as they are where
 * that is not allowed (a container).
 */
int sandbox_enter(const struct sandbox *s, pid_t parent_pid, struct err *e);

/*
 * Mounts of the caller's own, all read-only but write_dir. A directory on the way to write_dir or
 * to read_fd that others may not pass (/root, /var/lib/l4sync) is covered by an empty one with
 * nothing but that way in it. 1: not allowed here, nothing was done.
 */
int mounts_enter(const char *write_dir, int read_fd, struct err *e);

struct child {
	struct sandbox sandbox;
	uint64_t timeout_ns;
	size_t answer_max; /* bytes */
	/* What the child does, in the sandbox: writes its answer to answer_fd, lines to
	 * progress_fd. */
	void (*work)(int answer_fd, int progress_fd, void *userdata);
	void *userdata;
	/* Gets the answer as it comes, which then is kept nowhere; NULL: child_run() collects it.
	 * An error, with a text, ends the child. */
	int (*take)(void *userdata, const void *data, size_t size, struct err *e);
	void *take_userdata;
	/* Gets the newest whole line, printable. May be NULL. */
	void (*progress)(void *userdata, const char *text);
	void *progress_userdata;
};

/*
 * Runs it to its end and takes its answer (NULL: take gets it). The child is gone when this
 * returns. -ETIMEDOUT; -EFBIG when it wrote too much; -ECHILD when it was killed or ended otherwise
 * than with 0 (then there is no answer, whatever it wrote).
 */
int child_run(const struct child *c, struct buf *answer, struct err *e);

#endif
