/*
 * What stands in a checkout's directory on the host: all files, and git's ids of those that the
 * caller asks for, which an index of the state directory knows for each file that has not been
 * touched since. Never follows a link.
 * Called by the module checkout and the transaction.
 */
#ifndef L4SYNC_CHECKOUT_LIVE_H
#define L4SYNC_CHECKOUT_LIVE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "l4sync/checkout.h"
#include "l4sync/host.h"

#define CHECKOUT_DIR_MODE 0755
#define CHECKOUT_KEPT_MAX 5000                      /* files that a history keeps of one checkout */
#define CHECKOUT_KEPT_SIZE_MAX ((uint64_t)32 << 20) /* bytes of them */
#define CHECKOUT_LIVE_MAX 200000                    /* files and directories; past it: -E2BIG */

struct live_entry {
	const char *path; /* relative to the directory */
	mode_t mode;
	uid_t uid;
	gid_t gid;
	uint64_t size, mtime_ns, ctime_ns, ino;
	char id[GIT_ID_MAX]; /* "": not asked for */
};

struct checkout_scan {
	struct stat top; /* the directory itself */
	size_t n;
	struct live_entry *items;        /* sorted by path; in the arena */
	const char *mounted;             /* a mount point among them, not looked into; NULL: none */
	unsigned long long changed_usec; /* the newest change of a file or directory */
};

int checkout_scan(struct arena *a, int dir_fd, struct checkout_scan *ret, struct err *e);

/* What was known of the files when all of them had been looked at. */
struct checkout_index {
	uint64_t ino; /* of the directory */
	uint64_t time_ns;
	size_t n, cap;
	struct live_entry *items; /* sorted by path; mode and owner are not known */
};

/* staged: of one that is not in its place yet. *ret is empty where there is none or it is damaged;
 * whether it is there. In the arena. */
bool checkout_index_load(
	struct host *h, struct arena *a, const char *path, bool staged, struct checkout_index *ret);
/* Of the entries that have an id. time_ns: when the first of them was looked at, by
 * checkout_index_now(). */
int checkout_index_save(struct host *h, const char *path, bool staged,
	const struct checkout_scan *scan, uint64_t time_ns, struct err *e);
int checkout_index_remove(struct host *h, const char *path, bool staged, struct err *e);
/* The clock by which the kernel stamps files. */
uint64_t checkout_index_now(void);

/*
 * Fills in an entry's id, from the index if the file is as it was then: size, inode, both times,
 * and changed before the index was begun. (A file that is written twice within one tick of that
 * clock shows the same times: git's "racy" entries.) *hashed is set when the file had to be read.
 * -errno with a text; -ENOENT: it has gone meanwhile.
 */
int checkout_live_id(int dir_fd, const struct checkout_index *known, struct live_entry *x,
	bool *hashed, struct err *e);

/* Opens a file for reading, or a link itself, over no link; the fd or -errno. */
int checkout_open_below(int dir_fd, const char *path, bool link);

struct checkout_look {
	const char *text; /* checkout.h: of the paths that one of the two lists has */
	size_t size;
	const char **untracked; /* files and links that neither has; in the arena */
	size_t n_untracked;
	bool hashed; /* something had to be read */
};

/* What is there of want and base (of no entries: none), with the ids of these; scan gets the ids.
 */
int checkout_look(struct arena *a, int dir_fd, struct checkout_scan *scan,
	const struct checkout_index *known, const struct checkout_list *want,
	const struct checkout_list *base, struct checkout_look *ret, struct err *e);

/*
 * What would be lost with the directory, for neither want nor base (contents, may be NULL) has its
 * bytes: files that are in no commit, and those that somebody has modified. Resources file:PATH and
 * link:PATH are added to set (NULL: only judged). -EFBIG, with what to do: more than a history
 * should keep; -EPERM: a file that not everybody may read, which is taken for a secret and may not
 * get into the history; -EBUSY: a mount point.
 */
int checkout_keep(struct host *h, struct arena *a, int dir_fd, const char *path,
	const struct content *want, const struct content *base, struct resources *set,
	struct err *e);

/* Whether something is mounted there. */
bool checkout_is_mount_point(int dir_fd, const char *name);

/* A directory with all that is in it, but nothing of another file system; 0 if it is not there. */
int checkout_remove_tree(int parent_fd, const char *name, struct err *e);

#endif
