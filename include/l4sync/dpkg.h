/*
 * dpkg's own database: which packages are there and in which state, which own files; no program is
 * run, nothing is locked.
 * Called by the report of what is foreign, by the modules package and architecture, and by what
 * plans and changes packages.
 */
#ifndef L4SYNC_DPKG_H
#define L4SYNC_DPKG_H

#include <stdbool.h>
#include <stddef.h>

#include "l4sync/host.h"

/*
 * The package that each absolute path is of, as "systemd" or "libc6:i386", or NULL: of none. In the
 * arena. Reads every list, so ask for all at once. 1; 0 where the host has no such lists, and all
 * are NULL.
 */
int dpkg_owners(struct host *h, struct arena *a, const char *const *paths, size_t n,
	const char **ret, struct err *e);

/* deb-status words, in dpkg's order. */
enum dpkg_state {
	DPKG_NOT_INSTALLED,
	DPKG_CONFIG_FILES,
	DPKG_HALF_INSTALLED,
	DPKG_UNPACKED,
	DPKG_HALF_CONFIGURED,
	DPKG_TRIGGERS_AWAITED,
	DPKG_TRIGGERS_PENDING,
	DPKG_INSTALLED,
};

struct dpkg_package {
	const char *name, *architecture; /* "libc6", "i386"; "all" is the host's own */
	enum dpkg_state state;
	bool held;      /* apt-mark hold */
	bool reinstall; /* so broken that only another installation mends it */
};

struct dpkg_status {
	size_t n, cap;
	struct dpkg_package *items; /* in the arena; in the order of the file */
	const char *native;         /* dpkg's own architecture: "amd64" */
	size_t n_architectures;
	const char **architectures; /* the native one and those that were added */
	bool interrupted;           /* what dpkg had begun is not in its database yet */
};

/* "installed", "half-configured", …; to a reader triggers that are still to run are no matter. */
const char *dpkg_state_text(enum dpkg_state state);

/*
 * What is there, /var/lib/dpkg/updates included. 1; 0 where the host has no dpkg; -EBADMSG, with
 * file and line and what to do, where the database is damaged.
 */
int dpkg_status_read(struct host *h, struct arena *a, struct dpkg_status **ret, struct err *e);

/* The bytes of such a file added, later ones in place of earlier ones; file is for messages. */
int dpkg_status_parse(struct arena *a, const char *file, const char *text, size_t size,
	struct dpkg_status *status, struct err *e);

/* The next package of that "NAME" or "NAME:ARCH", from *at on, which counts on; or NULL. Without an
 * architecture: of any. */
const struct dpkg_package *dpkg_next(
	const struct dpkg_status *status, const char *name, size_t *at);
/* The one that apt means by it: without an architecture the host's own. NULL: not known. */
const struct dpkg_package *dpkg_find(const struct dpkg_status *status, const char *name);

/* A name as apt prints it: "libc6", "libc6:i386"; the host's own architecture is left out. */
const char *dpkg_short_name(
	struct arena *a, const struct dpkg_status *status, const char *name, const char *arch);
/* The same of a "NAME" or "NAME:ARCH"; it may be itself. */
const char *dpkg_short(struct arena *a, const struct dpkg_status *status, const char *name);
bool dpkg_has_architecture(const struct dpkg_status *status, const char *arch);

#endif
