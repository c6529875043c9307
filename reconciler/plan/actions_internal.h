/* Between actions.c, action_facts.c and action_restarts.c: nobody else's business. */
#ifndef L4SYNC_ACTIONS_INTERNAL_H
#define L4SYNC_ACTIONS_INTERNAL_H

#include "effects_internal.h"

/* An action in the making of a plan. */
struct candidate {
	const struct resource *item;
	const char *name;
	const struct action_record *record; /* NULL: nothing is known */
	struct action_inputs inputs;        /* resources first, then what it follows */
	struct action_facts facts;
	const char *definition;
	const char **because; /* inputs that are others, as ids */
	size_t n_because;
	const char *unknown; /* why its unless could not be asked */
	bool runs;
};

struct planning {
	struct deriving d;
	struct plan *plan;
	const struct action_source *source;
	const unsigned char *key;
	struct candidate *items; /* in their order */
	size_t n;
};

/* Fills items: all actions of the want, those first that others follow or need. */
int actions_in_order(struct planning *x, struct err *e);

/* All but answer; those of the actions before it are known. */
void action_take_facts(struct planning *x, struct candidate *c);
enum action_known action_known(const struct candidate *c);

/* The change of that id, or NULL. */
const struct change *action_change(const struct plan *p, const char *id);

/* Running units that have to be restarted because the action is run, or was run since they started.
 */
int action_restarts(struct planning *x, const struct candidate *c, struct err *e);

#endif
