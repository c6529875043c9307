/*
 * The plan: what differs and why (changes), what that makes necessary (effects), what must be
 * known (findings). Comparing is pure; deriving effects reads the unit search path and the list of
 * loaded units through unit_view.
 * Called by the pipeline; read by the report and the transaction.
 */
#ifndef L4SYNC_PLAN_H
#define L4SYNC_PLAN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "l4sync/action.h"
#include "l4sync/analyze.h"
#include "l4sync/err.h"
#include "l4sync/hash.h"
#include "l4sync/mem.h"
#include "l4sync/resources.h"

struct module;
struct unit_view;

enum op { OP_CREATE, OP_UPDATE, OP_ATTRIBUTES, OP_DELETE };
enum origin { ORIGIN_INTENDED, ORIGIN_DRIFT, ORIGIN_BOTH, ORIGIN_ADOPT, ORIGIN_ORPHAN };

const char *op_name(enum op op);             /* "create", … */
const char *origin_name(enum origin origin); /* "intended", … */

struct change {
	const char *id;
	const struct module *module;
	enum op op;
	enum origin origin;
	const struct resource *base; /* NULL: was not managed */
	const struct resource *want; /* NULL: to be removed; for an orphan that had been adopted the
				      * original that is put back */
	const struct resource *live; /* NULL: absent */
	/* Of drift: when what differs was changed last, seconds since the epoch; 0: unknown. Not
	 * part of the plan's id: it is no property of what would be done. */
	long long since;
	bool is_foreign; /* to be removed as foreign_dropins says */
	bool done; /* earlier in this run: it is recorded, and looked at again, but not queued */
};

struct finding {
	const char *kind;  /* stale foreign pending unsupported verify lint */
	const char *code;  /* stable, for scripts: "sysctl-missing" */
	const char *where; /* resource id, or file:line of the state; may be NULL */
	const char *text;
};

struct findings {
	struct arena *arena;
	size_t n, cap;
	struct finding *items; /* malloc'd */
};

void finding_add(struct findings *f, const char *kind, const char *code, const char *where,
	const char *format, ...) __attribute__((format(printf, 5, 6)));

/*
 * What an apply would refuse, e, as a finding, and e is cleared: 0. A finding of the same words
 * becomes it. -1 where f is NULL: then it is an error like others.
 */
int refuse(struct findings *f, const char *id, struct err *e);

struct plan;
/* The same, but what is not there (code -ENOENT) while the plan installs packages may come with
 * them: that it waits for them is the finding then. */
int refuse_unless_coming(
	const struct plan *p, struct findings *f, const char *id, int code, struct err *e);

enum action {
	ACTION_PROBE,   /* in the order of SPEC 6 */
	ACTION_INSTALL, /* of packages */
	ACTION_REMOVE,
	ACTION_STOP,
	ACTION_ENABLE,
	ACTION_DISABLE,
	ACTION_DAEMON_RELOAD,
	ACTION_SYSCTL,
	ACTION_ACTIVATE, /* a command puts changed files into force */
	ACTION_LIVE,     /* cgroup settings into the kernel */
	ACTION_RUN,      /* an action of the state */
	ACTION_START,
	ACTION_RESTART,
	ACTION_RELOAD, /* the unit's own; behind the restarts, which make some of them needless */
};

const char *action_name(enum action action);

struct effect {
	enum action action;
	/* Unit, sysctl key, package, name of an action, command as it is shown; NULL:
	 * daemon-reload. */
	const char *target;
	const char *command, *file; /* ACTION_ACTIVATE: as command_words() takes them */
	size_t n_because;
	const char **because; /* ids of changes; in the arena */
	/* A restart: the unit with whose restart systemd restarts this one anyway; or NULL. */
	const char *carried_by;
	/* A restart of what is older than its files: only of what was started before that,
	 * CLOCK_REALTIME; 0: whenever it was. */
	unsigned long long older_than_usec;
	bool deferred; /* was put off before, or is held; an action: it is pending */
	bool held;     /* not done by this run */
	bool cgroup;   /* settings of its cgroup change with it */
	/* Held because of a unit that systemd would restart along, of another mode than rolling. */
	const char *held_by;
	/* The invocation that is to be restarted, where only an earlier apply's changes ask for it;
	 * NULL: whatever runs. */
	const char *invocation;
	unsigned long long settle_ns; /* restart, start, reload */
	/* Of an action: */
	const char *why; /* where no change tells it; or NULL */
	size_t rank;     /* its place among all actions */
	const struct action_inputs *inputs;
	/* Once it has failed: the last lines that it wrote. */
	size_t n_output;
	const char *const *output;
};

struct effects {
	struct arena *arena;
	size_t n, cap;
	struct effect *items; /* malloc'd; in order once effects_order() was called */
};

/* The effect of that action on that target, or NULL; valid until one is added. */
struct effect *effects_find(const struct effects *f, enum action action, const char *target);

/* A template whose configuration a change alters: what an instance that is started between plan
 * and apply has to be restarted for. */
struct affected_template {
	const char *name;
	const char *because;
	bool restarts; /* instances are restarted for it */
	bool reloads;  /* they are reloaded for it */
	bool live;     /* there are cgroup settings to put into the kernel */
};

struct debt; /* deferred.h */

struct debts {
	size_t n;
	struct debt *items; /* in an arena */
};

struct probe; /* probe.h */

/* Of each effect ACTION_PROBE what is tried, in their order. */
struct probes {
	size_t n;
	struct probe *items; /* in an arena */
};

struct skipped {
	const char *id;
	const char *reason;
};

/* A service whose configuration a plan changes, or its bound: before and behind, by the files. */
struct plan_exposure {
	const char *unit;         /* of instances without files of their own the template */
	struct exposure old, new; /* not known: it is not there, or it cannot be told */
	const char *bound;        /* what it may be at most; NULL: anything */
};

/* An action that was looked at and is not to be run. */
struct idle_action {
	const char *name;
	const char *why;
	const struct action_inputs *inputs; /* what is noted as if it had been run; or NULL */
};

struct plan {
	struct arena *arena;
	const char *host;
	const struct resources *want;    /* its metas name the sources */
	const struct resources *applied; /* what was applied last; NULL: nothing */
	size_t n_changes;
	struct change *changes; /* sorted by id */
	struct effects effects;
	struct findings findings;
	size_t n_templates;
	struct affected_template *templates;
	size_t n_ok;
	size_t n_skipped;
	struct skipped *skipped;
	size_t n_exposures;
	struct plan_exposure *exposures;
	size_t n_removed; /* what the removal guard counts */
	size_t n_guards;
	const char **guards;   /* why --allow-removal is needed, as sentences */
	bool looked_at_source; /* false: made from what was applied last */
	struct debts debts;    /* restarts that are owed */
	size_t n_run;          /* actions that were run */
	size_t n_idle;
	struct idle_action *idle;
	bool defer; /* all restarts are held */
	struct probes probes;
	char id[HASH_TEXT_MAX];
};

struct plan *plan_new(struct arena *a);
void plan_free(struct plan *p); /* not the arena */
void plan_freep(struct plan **p);
#define _cleanup_plan_ __attribute__((cleanup(plan_freep)))

/* A live resource as the modules found it; skipped ones are not compared. */
struct live_item {
	const struct resource *live;     /* NULL: absent */
	const char *skip;                /* reason, or NULL */
	const char *skip_part;           /* the same for a part of it: the rest is compared */
	unsigned long long changed_usec; /* CLOCK_REALTIME; 0: unknown */
};

/* One resource in the three states, and what an orphan had been before it was adopted. */
struct triple {
	const char *id;
	const struct module *module;
	const struct resource *base, *want, *original;
	struct live_item live;
	/* In neither set: found in a directory that the want purges, or in effect for a unit that
	 * is to have nothing foreign; was_purged: so it was for the base already. */
	bool is_purged, is_foreign, was_purged;
};

/*
 * The verdict on one resource (compare.c has the numbered table). Pure. Returns the row's number;
 * *ret is filled in for the rows that are changes (then *ret_change is true).
 */
unsigned compare(const struct triple *t, const unsigned char key[HASH_SIZE], struct change *ret,
	bool *ret_change);

/* Whether a live resource is what is wanted: content where the want has some, and each compared
 * attribute that the want names. Either may be NULL. */
bool resource_matches(const struct module *m, const struct resource *want,
	const struct resource *live, const unsigned char key[HASH_SIZE]);

/* The unit whose fragment or drop-in the change's file is, by where that stands; NULL: no unit's.
 * Of a drop-in what its directory is named after, which may be a prefix or a type. */
const char *change_unit(struct arena *a, const struct change *c);

/* Fills changes, n_ok and skipped from triples sorted by id. Pure. */
void plan_compare(
	struct plan *p, const struct triple *triples, size_t n, const unsigned char key[HASH_SIZE]);

/* What was found, by id; and the bytes of what was applied last, which only the history holds:
 * content itself where they cannot be had. */
struct recorded {
	const struct triple *triples;
	size_t n;
	const unsigned char *key; /* of the host; NULL: none */
	const struct content *(*bytes_of)(void *userdata, const struct content *c);
	void *userdata;
};

/* How actions are looked at. */
struct action_source {
	const struct action_records *records;
	bool skip; /* a file tree: none is run */
	bool (*selects)(void *userdata, const char *id);
	/* What an action's unless says; *ret_why: of ANSWER_UNKNOWN. */
	int (*ask)(void *userdata, const struct resource *action, enum action_answer *ret,
		const char **ret_why, struct err *e);
	void *userdata;
};

/*
 * The actions that are to be run for the changes, or because they are pending, and the restarts
 * that they bring along: effects, not yet in order. Before plan_effects(). key: as in compare().
 */
int plan_actions(struct plan *p, struct unit_view *view, const struct action_source *source,
	const unsigned char *key, struct err *e);

/* Actions that are pending, for an earlier apply. */
size_t plan_pending_actions(const struct plan *p);

/* An action need not be run after all: what is there only for it goes. */
void plan_drop_reason(struct plan *p, const char *id);

/* Restarts, reloads and the rest that the changes make necessary, ordered, with reasons; with
 * recorded also what those need that run with less than they should. */
int plan_effects(
	struct plan *p, struct unit_view *view, const struct recorded *recorded, struct err *e);

/*
 * The restarts and reloads as they are to be done now, after the daemon-reload: planned units that
 * still run, and
 * running instances of affected templates that were not there when the plan was made. Ordered.
 * Units that became active after reloaded_usec (CLOCK_MONOTONIC; 0: no reload) run with the new
 * configuration already. ret->arena is set; ret->items is the caller's to free.
 */
int plan_restarts_now(struct plan *p, struct unit_view *view, unsigned long long reloaded_usec,
	struct effects *ret, struct err *e);

/* -EBUSY where a limit of the unit would hit what runs in it. Not what puts it into force matters:
 * behind the daemon-reload systemd may do so at any moment. */
int meaning_check_limits(struct unit_view *view, struct arena *a, const char *unit, struct err *e);

/* -ENOEXEC, with what would be right, where a service cannot be reloaded by its files as they will
 * be; 0 also where that cannot be told. */
int plan_check_reload(struct unit_view *view, struct arena *a, const char *unit, struct err *e);
/* Findings for what of restart_on and on_change has no effect on this host. */
int plan_content_policy(struct plan *p, struct unit_view *view, struct err *e);

/* Findings for files that are in effect for units of the state, not in it, and stay: drop-ins,
 * fragments that hide others, masks. key: of the host; NULL: none. */
int plan_foreign(
	struct plan *p, struct unit_view *view, const unsigned char key[HASH_SIZE], struct err *e);

/* Findings for kernel settings that the host's files, the want's among them, will set to something
 * else at the next boot or with `sysctl --system`. Of the triples that are selected; sorted by id.
 */
int plan_sysctl(struct plan *p, const struct triple *triples, size_t n, struct unit_view *view,
	struct err *e);

size_t plan_restarts(const struct plan *p); /* how many restarts it has, deferred ones apart */
size_t plan_deferrals(
	const struct plan *p, bool held); /* of the deferred restarts: held ones, or not */

/*
 * By systemd-analyze(1), of units whose files or bounds the plan changes: fills exposures, adds
 * findings for those above their bounds and for units that systemd would not load. What it
 * complains about otherwise in *ret, for lint. Where it cannot be asked that is a finding. base:
 * NULL: nothing yet.
 */
int plan_assess(struct plan *p, struct unit_view *view, const struct resources *base,
	struct complaints *ret, struct err *e);

/* The removal guard: fills n_removed and guards. base: what is managed; NULL: nothing yet. Pure but
 * for the view's list. */
int plan_guard(struct plan *p, struct unit_view *view, const struct resources *base, struct err *e);

/* The plan id: resolved commits, each change's (base, want, live), effects with instances as their
 * template. key: for the contents of secrets. */
void plan_identify(struct plan *p, const unsigned char key[HASH_SIZE]);

/* Unit names in the order of restarts: edges (after), then natural order. Pure. On a cycle -ELOOP
 * with the whole cycle in the text. what: "restarts", for that; names may be of actions. */
struct unit_edge {
	size_t first, then; /* indices */
};
int order_units(struct arena *a, const char *what, const char *const *names, size_t n,
	const struct unit_edge *edges, size_t n_edges, size_t **ret_order, struct err *e);

/* "URL REF COMMIT" of a want's or generation's source as JSON; a new reference. */
json_t *source_to_json(const char *source);

/* A finding as it stands there; a new reference. */
json_t *finding_to_json(const struct finding *f);

/* A number as it stands there, or null; a bound; what would lower it. New references. */
json_t *exposure_to_json(const struct exposure *x);
json_t *exposure_bound_to_json(const char *bound);
json_t *exposure_advice_to_json(struct arena *a, const struct exposure *x);

/* An effect as it stands there, at a position from 1; a new reference. */
json_t *effect_to_json(const struct effect *f, size_t position);

/* The document of SPEC's appendix; a new reference. diff_of gives a change's unified diff or NULL
 * (it may have to fetch what only the history holds). */
json_t *plan_to_json(const struct plan *p,
	const char *(*diff_of)(void *userdata, const struct change *c), void *userdata);

#endif
