/*
 * The system's ssh with `l4sync serve` at its far end.
 * Called by the options (which host) and the near end of the protocol.
 */
#ifndef L4SYNC_SSH_H
#define L4SYNC_SSH_H

#include <stdbool.h>
#include <sys/types.h>

#include "l4sync/err.h"
#include "l4sync/mem.h"

/* Whether ssh would take it for a host: not empty, not an option, no spaces, no controls. */
bool ssh_host_valid(const char *host);

/* The default of -H: L4SYNC_HOST, if set (empty: none); else `host: HOST` in
 * $XDG_CONFIG_HOME/l4sync/config.yaml, ~/.config by default; else *ret is NULL. */
int ssh_default_host(struct arena *a, const char **ret, struct err *e);

struct ssh {
	pid_t pid;
	int in, out, err; /* its standard streams, our ends */
};

/* Starts it; fresh: over a connection of its own, whatever the user's configuration says of sharing
 * one. -ENOENT: there is no ssh in PATH. */
int ssh_start(const char *host, bool fresh, struct ssh *ret, struct err *e);

/* Closes the streams and ends the process, by force after two seconds. Returns its exit status,
 * 128 + N for a signal. */
int ssh_end(struct ssh *ssh);

#endif
