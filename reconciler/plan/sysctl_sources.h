/* The files that set kernel settings, as they would be: between sysctl.c and sysctl_sources.c. */
#ifndef L4SYNC_PLAN_SYSCTL_SOURCES_H
#define L4SYNC_PLAN_SYSCTL_SOURCES_H

#include "l4sync/host.h"
#include "l4sync/sysctl_files.h"
#include "l4sync/unitpath.h"

/* What could not be looked into, and why; content is not used. */
struct sysctl_sources {
	size_t n;
	struct sysctl_file *files;
	size_t n_unread;
	struct index_file *unread;
	bool has_procps; /* there is a sysctl program */
	bool has_run;    /* something stands in /run: until the next boot */
};

/* Each is read once. In the arena. */
int sysctl_sources_read(struct host *h, struct unit_index *x, struct arena *a,
	struct sysctl_sources *ret, struct err *e);

#endif
