/*
 * What a checkout holds, as one text: the files and links of a commit's tree below the directory,
 * and the same of what is on the host. It is the content of the resource checkout:PATH, so that it
 * is compared, recorded and shown as all contents are. Pure: reads no tree and no host.
 *
 *	MODE ID PATH        one a line, sorted by path (bytes)
 *
 *	MODE  0644, 0755, or link. Of the host also any other mode, then /UID:GID where the owner is
 *	      not that of the directory itself; "dir" and a mode: a directory that is not 0755, or
 *	      stands where the commit has a file; other: a socket, device or pipe
 *	ID    git's id of the file's bytes or the link's target (40 digits); of a directory "-"
 *	PATH  relative, escaped as text_escape() does
 *
 * Git's ids and not our hash: they are what the commit names, so that nobody has to read all files
 * of a repository to know what a commit wants.
 * Called by the reader, the module checkout, the transaction and the report.
 */
#ifndef L4SYNC_CHECKOUT_H
#define L4SYNC_CHECKOUT_H

#include <stdbool.h>
#include <stddef.h>

#include "l4sync/err.h"
#include "l4sync/mem.h"
#include "l4sync/resources.h"

#define CHECKOUT_FILES_MAX 50000
#define CHECKOUT_SIZE_MAX ((unsigned long long)2 << 30) /* bytes of all files */
#define CHECKOUT_DEPTH_MAX 64                           /* directories within directories */
#define GIT_ID_MAX 41                                   /* 40 digits, NUL */

struct checkout_entry {
	const char *mode; /* "0644", "link", …, as above */
	const char *id;
	const char *path; /* not escaped */
};

struct checkout_list {
	size_t n;
	struct checkout_entry *items; /* sorted by path */
};

void checkout_add(struct buf *out, const char *mode, const char *id, const char *path);

/* The entries of a text that is well-formed, else -EBADMSG; a NULL content has none. In the arena.
 */
int checkout_parse(
	struct arena *a, const struct content *c, struct checkout_list *ret, struct err *e);

/* The entry of that path, or NULL. */
const struct checkout_entry *checkout_find(const struct checkout_list *l, const char *path);
/* Whether something of the list stands below that path: it is one of its directories. */
bool checkout_has_dir(const struct checkout_list *l, const char *path);

/* Why a path can be in no checkout (".git", "..", empty components, too long), or NULL. */
const char *checkout_path_fault(const char *path);

/*
 * Whether a text is what a commit can want: modes 0644, 0755 and link only, no path that leads out
 * or into a .git, no file that is a directory of another, the limits above. -EINVAL. The root part
 * believes nothing else of it.
 */
int checkout_check(const struct content *c, struct err *e);

/* What becomes of each path from old to new (NULL: nothing is there), as lines "+PATH", "-PATH" and
 * "~PATH (what)"; NULL: the same. At most max lines and one that counts the rest. */
const char *checkout_diff(
	struct arena *a, const struct content *old, const struct content *new, size_t max);

/* What a path is called below a checkout's directory; NULL: it is not below it, or item is no
 * checkout. Points into path. */
const char *checkout_below(const struct resource *item, const char *path);

/* Whether the file at a path below the checkout is another one in the two. */
bool checkout_path_differs(const struct content *old, const struct content *new, const char *path);

#endif
