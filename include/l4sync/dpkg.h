/*
 * Which packages own files, from dpkg's own lists; no program is run.
 * Called by the report of what is foreign.
 */
#ifndef L4SYNC_DPKG_H
#define L4SYNC_DPKG_H

#include <stddef.h>

#include "l4sync/host.h"

/*
 * The package that each absolute path is of, as "systemd" or "libc6:i386", or NULL: of none. In the
 * arena. Reads every list, so ask for all at once. 1; 0 where the host has no such lists, and all
 * are NULL.
 */
int dpkg_owners(struct host *h, struct arena *a, const char *const *paths, size_t n,
	const char **ret, struct err *e);

#endif
