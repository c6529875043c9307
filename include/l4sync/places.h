/*
 * What a target path means: one table, path prefix to resource type. (Validators and activators
 * join the rows as they come.)
 * Called by the reader, the modules and the plan.
 */
#ifndef L4SYNC_PLACES_H
#define L4SYNC_PLACES_H

#include <stdbool.h>

#include "l4sync/mem.h"

enum place_kind {
	PLACE_PLAIN,  /* file: or link: */
	PLACE_UNIT,   /* a fragment in a unit directory: unit:NAME */
	PLACE_DROPIN, /* UNIT.d/NAME.conf in a unit directory: dropin:UNIT/NAME.conf */
	PLACE_WANTS,  /* inside *.wants or *.requires or *.upholds of a unit directory: refused */
	PLACE_SYSCTL, /* *.conf in a sysctl.d directory: file: and sysctl:KEY for each key */
};

/* The system manager's unit directories that files may be shipped to, highest rank first. */
extern const char *const place_unit_dirs[]; /* NULL-terminated: /etc/systemd/system, … */

struct place {
	enum place_kind kind;
	const char *unit_dir; /* for the unit kinds: the directory of the search path */
	unsigned rank;    /* not PLACE_PLAIN: of the directory among its like; 0 is the highest */
	const char *unit; /* PLACE_UNIT, PLACE_DROPIN: what systemd calls it; in the arena */
};

/* path is absolute and normalized. */
struct place place_of(struct arena *a, const char *path);

/* The same of what is found on a host: also in those directories of the search path that nothing is
 * shipped to (/run/systemd/system, /etc/systemd/system.control, …); rank is of no meaning then. */
struct place place_found(struct arena *a, const char *path);

/* The id that a file or symbolic link at path has: "unit:x.service", "file:/etc/x". */
const char *place_id(struct arena *a, const char *path, bool is_link);

#endif
