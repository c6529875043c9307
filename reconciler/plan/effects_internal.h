/* Between effects.c and effects_order.c: nobody else's business. */
#ifndef L4SYNC_EFFECTS_INTERNAL_H
#define L4SYNC_EFFECTS_INTERNAL_H

#include "l4sync/plan.h"
#include "l4sync/unit_view.h"

/* How long a restarted unit must stay up before the next one's turn, unless the state says. */
#define SETTLE_DEFAULT_NS 2000000000ull

struct deriving {
	struct plan *plan;
	struct unit_view *view;
	bool live;
	struct unit_index *before, *after;
	const struct unit_status *units;
	size_t n_units;
	struct err *e;
};

/* Adds an effect, or one more reason to one that is there. */
void effect_add(struct effects *f, enum action action, const char *target, const char *because);

/* How long each started or restarted unit must stay up: the state's policy or the default. */
void effects_settle(struct deriving *d);

/* Sorts by SPEC 6's order; units of one action by After=, the state's `after`, natural order. */
int effects_order(struct deriving *d);

#endif
