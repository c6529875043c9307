/*
 * What a target path means: of which resource type it is, what has to be asked before it lands and
 * what puts it into force afterwards.
 * Called by the reader, the modules, the plan and the apply.
 */
#ifndef L4SYNC_PLACES_H
#define L4SYNC_PLACES_H

#include <stdbool.h>

#include "l4sync/mem.h"

enum place_kind {
	PLACE_PLAIN,    /* file: or link: */
	PLACE_UNIT,     /* a fragment in a unit directory: unit:NAME */
	PLACE_DROPIN,   /* UNIT.d/NAME.conf in a unit directory: dropin:UNIT/NAME.conf */
	PLACE_WANTS,    /* inside *.wants or *.requires or *.upholds of a unit directory: refused */
	PLACE_SYSCTL,   /* *.conf in a sysctl.d directory: file: and sysctl:KEY for each key */
	PLACE_SYSUSERS, /* *.conf in a sysusers.d directory: file:, and user: and group: */
	PLACE_TMPFILES, /* *.conf in a tmpfiles.d directory: file:, and dir: and link: */
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

enum activation {
	READ_ALWAYS,     /* by whoever needs it, when it is needed: nothing is to be done */
	READ_NEXT,       /* when the unit `what` is started next, which is left to others */
	RELOADS,         /* the unit `what`, if it runs */
	RESTARTS,        /* the same: it cannot be reloaded, and loses nothing */
	RELOADS_SYSTEMD, /* a daemon-reload */
	RUNS,            /* the command `what` */
};

/* What a file takes that changes, by where it stands. */
struct place_rule {
	const char *pattern;  /* as text_glob() has them, over target paths */
	const char *validate; /* command (command_words()) that fails on what is no good; or NULL */
	enum activation activation;
	const char *what; /* unit, command, or in words who reads it; NULL: RELOADS_SYSTEMD */
};

extern const struct place_rule *const place_rules; /* ends with a row without a pattern */
/* The one that counts for a path, or NULL. */
const struct place_rule *place_rule(const char *path);

/* The id that a file or symbolic link at path has: "unit:x.service", "file:/etc/x". */
const char *place_id(struct arena *a, const char *path, bool is_link);

#endif
