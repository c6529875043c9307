/*
 * From a resource to what a change of it makes of units: the files, links and directives between
 * them, and what would be done in which order. The plan's own code derives it, so that the two
 * cannot say different things.
 * Called by the verb explain.
 */
#ifndef L4SYNC_EXPLAIN_H
#define L4SYNC_EXPLAIN_H

#include <jansson.h>

#include "l4sync/err.h"
#include "l4sync/plan.h"
#include "l4sync/unit_view.h"

/*
 * One entry of the explanation document (l4sync-json(5)); a new reference. The plan is made and
 * stays as it is. id: file:/PATH or the like; triple NULL: the state has nothing of that name. Of
 * service:UNIT what is explained are the files that lead to that unit.
 */
int explain_resource(struct plan *p, struct unit_view *view, const char *id,
	const struct triple *triple, json_t **ret, struct err *e);

/* The same of an action of the want: whether it is to be run, and why. */
json_t *explain_action(const struct plan *p, const struct resource *action);

/* Whether the host or the state has a unit of that name. */
int explain_knows_unit(struct unit_view *view, const char *unit, bool *ret, struct err *e);

#endif
