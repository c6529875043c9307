/*
 * Who the unprivileged reader is on a host, and where it keeps what it has pulled.
 * Called by who runs the reader: the pipeline's reading part, and the transaction for checkouts.
 */
#ifndef L4SYNC_ACCESS_H
#define L4SYNC_ACCESS_H

#include <stdbool.h>
#include <sys/types.h>

#include "l4sync/err.h"
#include "l4sync/host.h"

struct reader_access {
	bool drop; /* the caller is root: become uid and gid */
	uid_t uid;
	gid_t gid;
	const char *cache_dir; /* NULL unless it pulls */
};

/*
 * pulls: ROOT/var/lib/l4sync/reader is made and given to the user l4sync. Where that user does not
 * exist, nobody serves with --root, or if nothing is pulled. -ENOENT: there is no such user; the
 * text says how to make it.
 */
int reader_access(struct host *h, bool pulls, struct reader_access *ret, struct err *e);

#endif
