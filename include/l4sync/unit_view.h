/*
 * What several parts need to know of the host's units in one run, each made once, when first asked
 * for: the search path as it is and as the want would make it, the loaded units.
 * Called by the modules service, unit, dropin and by the derivation of effects.
 */
#ifndef L4SYNC_UNIT_VIEW_H
#define L4SYNC_UNIT_VIEW_H

#include <stdbool.h>
#include <stddef.h>

#include "l4sync/bus.h"
#include "l4sync/err.h"
#include "l4sync/host.h"
#include "l4sync/resources.h"
#include "l4sync/unitpath.h"

struct unit_view;

/* want, base and originals are sorted and outlive the view; base and originals may be NULL. */
struct unit_view *unit_view_new(struct host *h, struct arena *a, const struct resources *want,
	const struct resources *base, const struct resources *originals);

int unit_view_before(struct unit_view *v, struct unit_index **ret, struct err *e);
int unit_view_after(struct unit_view *v, struct unit_index **ret, struct err *e);

/* What a unit's files are now and will be. */
int unit_view_configs(struct unit_view *v, const char *unit, struct unit_config *before,
	struct unit_config *after, struct err *e);

/* A file will be gone, whatever base and originals say. Of what want ships it is not asked. */
void unit_view_remove(struct unit_view *v, const char *path);
bool unit_view_removes(const struct unit_view *v, const char *path);

/* Loaded units, sorted by name; none with --root. */
int unit_view_list(
	struct unit_view *v, const struct unit_status **ret, size_t *ret_n, struct err *e);
/* A loaded unit, or NULL in *ret. */
int unit_view_find(
	struct unit_view *v, const char *name, const struct unit_status **ret, struct err *e);
/* Active, activating, reloading, refreshing: what a restart is for. */
bool unit_status_running(const struct unit_status *u);
/* The same of one that was asked for; false as well where it is not loaded. */
bool unit_details_running(const struct unit_details *d);

/* Forgets the list of loaded units, so that the next call asks again. */
void unit_view_refresh(struct unit_view *v);

struct host *unit_view_host(struct unit_view *v);

/* What a set says of a unit: TYPE:UNIT, for an instance else TYPE:TEMPLATE; NULL: nothing. */
const struct resource *unit_resource(
	struct arena *a, const struct resources *set, const char *type, const char *unit);
/* Its policy: of type service. */
const struct resource *unit_policy(struct arena *a, const struct resources *want, const char *unit);

#endif
