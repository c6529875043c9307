/* Between effects.c and effects_order.c: nobody else's business. */
#ifndef L4SYNC_EFFECTS_INTERNAL_H
#define L4SYNC_EFFECTS_INTERNAL_H

#include "l4sync/plan.h"
#include "l4sync/unit_view.h"
#include "l4sync/unitpath.h"

/* How long a restarted unit must stay up before the next one's turn, unless the state says. */
#define SETTLE_DEFAULT_NS 2000000000ull

struct named;

struct deriving {
	struct plan *plan; /* what gets the effects and the findings */
	struct unit_view *view;
	const struct change *changes;
	size_t n_changes;
	/* What follows for a running unit from a change of content that it names; NULL: a restart
	 * or reload. */
	void (*content_changed)(
		struct deriving *d, const struct named *named, const struct change *c);
	bool live;
	struct unit_index *before, *after;
	const struct unit_status *units;
	size_t n_units;
	struct err *e;
};

/* Adds an effect, or one more reason to one that is there. */
void effect_add(struct effects *f, enum action action, const char *target, const char *because);

/* What the unit's changed configuration means for it while it runs, because of one change. */
void meaning_effects(struct deriving *d, const char *unit, const struct unit_config *before,
	const struct unit_config *after, const char *because);
/* What is noted of a template, or NULL; name may be NULL. */
struct affected_template *template_affected(const struct plan *p, const char *name);

/* What it means for instances of a template that are not there yet. */
void meaning_template(struct deriving *d, const struct unit_config *before,
	const struct unit_config *after, struct affected_template *ret);

/* A restart, or the finding that there is none; whether it became an effect. */
bool meaning_restart(struct deriving *d, const char *unit, const char *because);

/* One unit that is loaded or will be; whether a change makes its configuration another one. */
int unit_affected(struct deriving *d, const char *unit, const struct change *c,
	struct unit_config *before, struct unit_config *after, bool *ret);

/* What a changed file takes by where it stands. */
int place_effects(struct deriving *d, const struct change *c);

/* What runs with less than it should, and what systemd has not read (stale.c). */
int stale_effects(struct deriving *d, const struct recorded *recorded);

/* A fragment or a drop-in. */
bool is_unit_file(const struct module *m);

/* Where a change's file stands. */
const char *change_path(const struct change *c);

/* A file that a service names. */
struct named {
	const char *unit;
	const char *key;   /* "EnvironmentFile", or NAMED_RESTART_ON */
	const char *value; /* of the directive as written, or the entry of restart_on */
	const char *path;  /* absolute, with specifiers filled in */
	bool is_specific;  /* other instances of the template name another one, or none */
	bool reloads;      /* a reload can put what is new into force */
	const char *why;   /* what is new in it takes a restart, as a sentence */
};
#define NAMED_RESTART_ON "restart_on"

/* Calls each for the files that a service will name, with d->plan->arena's memory. */
int content_names(struct deriving *d, const char *unit,
	void (*each)(const struct named *named, void *userdata), void *userdata);
/* What changed content of it takes, by the state's word: ACTION_RESTART or ACTION_RELOAD. */
enum action content_action(struct deriving *d, const struct named *named);

/* Restarts and reloads for changed content that running units name. */
bool content_needs_units(const struct deriving *d);
int content_effects(struct deriving *d);

/* What is stopped, started or restarted anyway needs nothing less. */
void effects_drop_double(struct effects *f);

/* Of the unit's policy: "rolling", "manual" or "never". */
const char *restart_mode(const struct plan *p, const char *unit);

/* Whether this run does not restart the unit by itself: its mode is manual, or --defer. */
bool restart_is_held(const struct plan *p, const char *unit);

/* Adds the restarts that systemd does along with those that are there, but to none that would take
 * a unit along which is not to be restarted: that one is held. */
int carried_effects(struct deriving *d);
/* Whether a restart comes along with that of another unit, directly or through others. */
bool effect_is_carried(const struct effects *f, const struct effect *x, const char *by);

/* The trials of new sandboxes: which, before the others are ordered; and with what, behind that. */
int probe_effects(struct deriving *d);
int probe_specify(struct deriving *d);

/* How long each started or restarted unit must stay up: the state's policy or the default. */
void effects_settle(struct deriving *d);

/* Sorts by SPEC 6's order; units of one action by After=, the state's `after`, natural order. */
int effects_order(struct deriving *d);

#endif
