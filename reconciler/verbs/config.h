/* The host's own configuration. Called by the pipeline's reading part, and by pruning. */
#ifndef L4SYNC_CONFIG_H
#define L4SYNC_CONFIG_H

#include "l4sync/history.h"
#include "l4sync/host.h"
#include "l4sync/pull.h"
#include "l4sync/request.h"

/* ROOT/etc/l4sync/config.yaml and what lies beside it, overridden by the request's flags. url NULL
 * when nothing says where the state comes from. path_fd is the caller's to close. */
int config_source(struct host *h, const struct request *q, struct source *ret, struct err *e);

/* The deploy key and the known host keys alone, into ret. */
int config_keys(struct host *h, struct source *ret, struct err *e);

/* How much of the history stays, from the same file; the defaults where it says nothing. */
int config_history(struct host *h, struct history_limits *ret, struct err *e);

#endif
