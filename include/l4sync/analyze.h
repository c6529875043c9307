/*
 * systemd-analyze(1): what it says of services that are loaded, and of units as they would be, from
 * files of theirs in a directory of its own. Changes nothing on the host.
 * Called by verify, the plan and lint.
 */
#ifndef L4SYNC_ANALYZE_H
#define L4SYNC_ANALYZE_H

#include <stdbool.h>
#include <stddef.h>

#include "l4sync/err.h"
#include "l4sync/mem.h"
#include "l4sync/unitpath.h"

/* One row of `systemd-analyze security`. */
struct exposure_row {
	const char *setting; /* "PrivateUsers=", "SystemCallFilter=~@swap" */
	bool applies;        /* false: it does not count for this service */
	unsigned weight, badness, range;
};

/* How exposed a service is: 0 to 100, tenths of what systemd-analyze prints. */
struct exposure {
	bool known;
	unsigned tenths;
	size_t n;
	struct exposure_row *rows;
};

/*
 * Of loaded services, by one call of 40 ms each; not known: it does not say. -ENOENT: there is no
 * systemd-analyze.
 */
int exposures_loaded(
	struct arena *a, const char *const *units, size_t n, struct exposure *ret, struct err *e);

/* Out of what it prints as JSON, one array a service, in order: how many there are, at most max in
 * ret. What follows them and has no weights is left out. */
size_t exposures_parse(struct arena *a, const char *json, struct exposure *ret, size_t max);

/* A setting, as a line of [Service] or what it must not have, and how much lower the exposure would
 * be with it, in tenths as printed. */
struct exposure_advice {
	const char *setting;
	unsigned tenths;
};
#define EXPOSURE_ADVICE_MAX 5

/* What would lower it most; how many. Only what makes a difference that is printed. */
size_t exposure_advise(struct arena *a, const struct exposure *x, struct exposure_advice *ret);
/* The same as ": PrivateUsers=yes would take 0.2 off, … 0.1"; "" if there is nothing. */
const char *exposure_advice_text(struct arena *a, const struct exposure *x);

/* "7.5" as tenths, of a text that is one. */
unsigned exposure_tenths(const char *text);

/* Units as they would be, in a directory that only this user can look into. */
struct stage;

int stage_new(struct arena *a, struct stage **ret, struct err *e);
void stage_free(struct stage *s); /* the directory too; NULL is allowed */
void stage_freep(struct stage **s);
#define _cleanup_stage_ __attribute__((cleanup(stage_freep)))

/*
 * Puts the effective files of a unit there, as systemd reads them; c's memory outlives the stage.
 * former: as it is now, for its exposure beside the one that it will have; it gets another name,
 * for of one name there is one unit. Whoever has a unit that is masked, not found, or has contents
 * that are not to be shown or not at hand does not ask.
 */
int stage_add(struct stage *s, const struct unit_config *c, bool former, struct err *e);

/* Something that systemd-analyze verify says. */
struct complaint {
	const char *unit; /* as staged: of an instance made up for it the template */
	const char *path; /* of the unit's file, in the search path; NULL: the unit as a whole */
	unsigned line;
	const char *text;
	bool refused; /* for this systemd loads no such unit */
};

struct complaints {
	size_t n;
	struct complaint *items;
};

/* Of all of them, in the order of stage_add(); of what is no service not known. -ENOENT: there is
 * no systemd-analyze. */
int stage_exposures(struct stage *s, struct exposure *ret, struct err *e);

/* Of those that are not former. */
int stage_complaints(struct stage *s, struct complaints *ret, struct err *e);

/* Out of what it prints. That a program is missing is left out: it looks for it
 * on this machine, as it is now. */
void complaints_parse(const struct stage *s, const char *output, struct complaints *ret);
const char *stage_directory(const struct stage *s);

#endif
