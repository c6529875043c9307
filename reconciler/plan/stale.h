/* What runs with less than it should: between stale.c and stale_proof.c. */
#ifndef L4SYNC_STALE_H
#define L4SYNC_STALE_H

#include "effects_internal.h"
#include "l4sync/bus.h"

struct stale {
	struct deriving d; /* from what was recorded to what is there */
	const struct recorded *recorded;
	struct unit_view *view;
	struct effects *effects;
	const unsigned long long *changed_usec; /* of each change: when what is there came */
	bool *is_managed;                       /* of each unit that is loaded: it is the state's */
	uint64_t *started_usec; /* of each unit that is managed, and where there are changes of all
				 * services; 0: unknown */
	uint64_t read_usec;     /* when systemd has read its files */
	unsigned long long now_usec; /* CLOCK_REALTIME, as all of these */
};

/* Whether it is a unit's file that is as it should be. */
bool stale_is_wanted(const struct stale *s, const struct triple *t);

/* Whether a change came after a start; one in the future is a clock that was set back, and tells
 * nothing. */
bool stale_is_younger(
	const struct stale *s, unsigned long long changed_usec, unsigned long long started_usec);

/* A restart that came meanwhile, by somebody else, does it as well. */
void stale_note_time(struct stale *s, const char *unit, unsigned long long changed_usec);

/* What the kernel, or a time alone, tells of the state's services that run. */
int stale_prove(struct stale *s);

#endif
