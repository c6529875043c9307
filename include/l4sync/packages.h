/*
 * What a state says of packages, as names and as one transaction of apt.
 * Called by the modules package and architecture, the plan and the apply.
 */
#ifndef L4SYNC_PACKAGES_H
#define L4SYNC_PACKAGES_H

#include <stdbool.h>
#include <stddef.h>

#include "l4sync/apt.h"
#include "l4sync/dpkg.h"
#include "l4sync/err.h"
#include "l4sync/plan.h"
#include "l4sync/unit_view.h"

/* "NAME" or "NAME:ARCH" (deb-control(5)); no version, no pattern, no architecture that is none of
 * its own (all, any, native). */
bool package_name_valid(const char *name);
bool architecture_name_valid(const char *name);

/* Whether a change is of this part of the state. */
bool packages_change(const struct change *c);
/* Whether the plan installs packages that are not there. */
bool packages_coming(const struct plan *p);

/*
 * What the plan's changes of packages take: effects, one a package that comes or goes, those too
 * that nobody has named; findings for what cannot be undone, is not known yet, or would be
 * refused. Asks apt, without the network and without changing anything, and only where there is
 * such a change. Before plan_effects().
 */
int plan_packages(struct plan *p, struct unit_view *view, struct err *e);

/* The pure part of it: what apt's answer means for the plan. updates: lists will be updated, so
 * that what is not possible or known now may be then. */
void plan_packages_outlook(struct plan *p, const struct apt_wish *wish,
	const struct apt_outlook *outlook, bool updates);

/*
 * From names as the state has them to what is to be done on this host: what is there, or gone,
 * already is left out; what is to go without an architecture is that of every one.
 */
struct apt_wish packages_resolve(
	struct arena *a, const struct dpkg_status *status, const struct apt_wish *names);

/* What of such names is there now (or, to be removed, is gone), "nftables is installed, gdb is
 * removed"; NULL: none of it, or nobody can tell. */
const char *packages_stay(struct host *h, struct arena *a, const struct apt_wish *names);

#endif
