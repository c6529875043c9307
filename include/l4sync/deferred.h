/*
 * Deferred restarts: units that run with an old configuration because a restart was put off (they
 * were busy, their mode is manual, or --defer). A debt is owed by one invocation: whoever restarts
 * the unit pays it. Kept in the state directory; becomes part of it with the generation.
 *
 *	deferred             what is owed, in the canonical form: debt:UNIT
 *	deferred.prepared    what will be owed once the run is past its point of no return
 *
 * Called by the pipeline, the rolling restarts and the verb status.
 */
#ifndef L4SYNC_DEFERRED_H
#define L4SYNC_DEFERRED_H

#include <stdbool.h>
#include <stddef.h>

#include "l4sync/err.h"
#include "l4sync/host.h"
#include "l4sync/mem.h"
#include "l4sync/plan.h"

/* A resource that had changed, and what the invocation was started with: a hash of the content,
 * "link TARGET", "absent" or "-" (not known). */
struct debt_cause {
	const char *id, *was;
};

enum debt_marker {
	MARKER_NONE, /* the unit has no needs-restart of ours */
	MARKER_NEW,  /* it is set when the debt is published */
	MARKER_SET,
};

struct debt {
	const char *unit;
	const char *invocation; /* that owes it */
	long long since;        /* seconds since the epoch */
	const char *reason;     /* busy, busy-unknown, manual, along or defer */
	const char *why;        /* of busy-unknown: "COMMAND exited with 127"; else NULL */
	size_t n_causes;
	struct debt_cause *causes;
	enum debt_marker marker;
	/* In a plan: */
	bool unselected; /* by --only: stays as it is */
	bool settled;    /* is over with this plan: */
	bool back;       /* because what it runs with is what is wanted again */
};

/* Those of the host that are still owed: the unit runs, and in that invocation. In the arena, in
 * natural order. */
int debts_load(struct host *h, struct arena *a, struct debts *ret, struct err *e);

/* Why the unit has its old configuration and what becomes of it, as a sentence. */
const char *debt_text(struct arena *a, const struct debt *d);

/* As history_prepare(), publish and discard: durable, seen when published, which also sets and
 * takes away systemd's markers; the latter two may be called again. settled debts are left out. */
int debts_prepare(struct host *h, const struct debts *debts, struct err *e);
int debts_publish(struct host *h, struct err *e);
int debts_discard(struct host *h, struct err *e);

/*
 * Takes the debts p->debts into a plan that has its effects: each becomes a restart again, unless
 * what the unit runs with is wanted again; then it has none, also if the plan had one. Restarts of
 * mode manual, and with p->defer all, are held. key: for contents of secrets. Orders the effects.
 */
int plan_deferred(struct plan *p, struct unit_view *view, const unsigned char *key, struct err *e);

/* Whether the unit owes a restart from an earlier apply, also behind this plan. */
bool plan_owes(const struct plan *p, const char *unit);

/* The reason of a debt, for a restart that is held. */
const char *hold_reason(const struct plan *p, const struct effect *f);

/* Notes that a restart is put off, in owed (of the plan's arena). Returns the debt. reason and why:
 * the debt's; why may be NULL. */
const struct debt *plan_owe(const struct plan *p, struct debts *owed, const struct effect *f,
	const char *invocation, const char *reason, const char *why, const unsigned char *key);

/* What is owed once the plan is applied: owed, and what the plan has left alone; owed NULL: nothing
 * was restarted. settled ones too, for their markers. */
struct debts plan_debts(const struct plan *p, const struct debts *owed);

#endif
