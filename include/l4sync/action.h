/*
 * Actions: what is known of each (what was run, with what, what is still to be run), what follows
 * from that, and how one is run. What is known is kept in the state directory. It is no part of a
 * generation: a rollback does not make undone what a command has done.
 *
 *	actions     what is known, in the canonical form: ran:NAME
 *
 * Called by the pipeline, the transaction and the verb status.
 */
#ifndef L4SYNC_ACTION_H
#define L4SYNC_ACTION_H

#include <stdbool.h>
#include <stddef.h>

#include "l4sync/bus.h"
#include "l4sync/err.h"
#include "l4sync/hash.h"
#include "l4sync/host.h"
#include "l4sync/mem.h"
#include "l4sync/resources.h"

#define ACTION_TIMEOUT_S 600u /* where the state says nothing */
#define UNLESS_TIMEOUT_S 10u

/* A resource that an action runs for, and what it was; of an action that it follows, when that had
 * succeeded (microseconds since the epoch). */
struct action_input {
	const char *id, *identity;
};

struct action_inputs {
	size_t n;
	struct action_input *now;    /* as the apply makes them */
	struct action_input *before; /* as they are before it */
};

struct action_record {
	const char *name;
	size_t n_done;
	const char **done; /* definitions that have succeeded, the newest last */
	size_t n_inputs;
	struct action_input *inputs;       /* as they were then */
	unsigned long long succeeded_usec; /* CLOCK_REALTIME, the last time; 0: never */
	bool pending;                      /* it has begun and not succeeded since: */
	long long since;                   /* seconds since the epoch */
	const char *error;                 /* how it has failed; NULL: it has not ended */
};

struct action_records {
	struct arena *arena;
	size_t n, cap;
	struct action_record *items; /* in the arena */
};

/* Nothing is known where there is no file, and with --root. */
int action_records_load(struct host *h, struct arena *a, struct action_records *ret, struct err *e);
/* Durable when it returns. */
int action_records_save(struct host *h, const struct action_records *records, struct err *e);
/* Valid until one is added; NULL: nothing is known. */
struct action_record *action_record_find(const struct action_records *records, const char *name);
struct action_record *action_record_get(struct action_records *records, const char *name);

/* It is done in that definition, with these inputs. */
void action_record_done(struct action_records *records, struct action_record *x,
	const char *definition, const struct action_input *inputs, size_t n_inputs);
/* Why it is pending, as a sentence about it, which it does not name. */
const char *action_pending_text(struct arena *a, const struct action_record *x);

/* Both sha256:HEX, in the arena. A definition is what is run, by whom, where and with what. What a
 * resource (NULL: absent) is to an action: content and the attributes that are compared, of those
 * only that like has too (NULL: all). key: for contents of secrets; NULL: they have no identity. */
const char *action_definition(struct arena *a, const struct resource *action);
const char *resource_identity(struct arena *a, const struct resource *item,
	const struct resource *like, const unsigned char *key);

/* What unless says. */
enum action_answer {
	ANSWER_NONE, /* there is no unless */
	ANSWER_NOTHING,
	ANSWER_TODO,
	ANSWER_UNKNOWN, /* it could not be run */
};

enum action_known {
	KNOWN_NEVER,   /* it has never been run */
	KNOWN_DONE,    /* it has succeeded as it is defined */
	KNOWN_OTHER,   /* another definition has */
	KNOWN_PENDING, /* it has begun and not succeeded */
};

/* What the verdict on one action is made of (action_verdict.c has the numbered table). */
struct action_facts {
	bool has_triggers; /* it has an on_change, or follows another action */
	bool triggered;    /* one of them is another than when it succeeded, or changes now: */
	bool now;          /* with this plan */
	enum action_known known;
	enum action_answer answer;
};

/* Whether its unless has to be asked at all. */
bool action_is_due(const struct action_facts *f);
/* The row's number. *ret_run: it is to be run, unless it then says that there is nothing to do.
 * Pure. */
unsigned action_verdict(const struct action_facts *f, bool *ret_run);

/* A run of an action, or of its unless, in a transient service. */
struct action_run {
	const char *service; /* its name */
	unsigned long long since_usec;
	struct run_end end;
};

/*
 * item: of type action, or a step's fields. service names the service, and is free. idle: see
 * bus_run(). 0: it has ended, or could not be started (end.text says why); -EINTR and what idle
 * returns.
 */
int action_execute(struct host *h, struct arena *a, const struct resource *item,
	const char *service, int (*idle)(void *userdata), void *userdata, struct action_run *ret,
	struct err *e);
/* *ret_why: of ANSWER_UNKNOWN, in the arena. */
int action_ask(struct host *h, struct arena *a, const struct resource *item, const char *service,
	int (*idle)(void *userdata), void *userdata, enum action_answer *ret, const char **ret_why,
	struct err *e);

#endif
