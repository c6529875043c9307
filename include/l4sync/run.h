/*
 * One run of a command on a host: what it has opened and found so far. The pipeline fills it from
 * top to bottom; the verbs read it.
 * Called by the verbs.
 */
#ifndef L4SYNC_RUN_H
#define L4SYNC_RUN_H

#include <stdbool.h>
#include <time.h>

#include "l4sync/err.h"
#include "l4sync/event.h"
#include "l4sync/history.h"
#include "l4sync/host.h"
#include "l4sync/plan.h"
#include "l4sync/request.h"
#include "l4sync/resources.h"
#include "l4sync/txn.h"
#include "l4sync/unit_view.h"

struct run {
	const struct request *request;
	struct sink *sink;
	struct arena *arena;
	struct host *host;
	int lock_fd;              /* -1: none held */
	struct history *history;  /* NULL: there is none yet, and this run does not write */
	const unsigned char *key; /* HASH_SIZE bytes; NULL without a history */
	struct generation base;   /* number 0: none */
	bool any_host;            /* the state need not be for this one: it is only looked at */
	bool writes;              /* it holds the lock to change the host */
	bool leave_out_others;    /* other repositories that the state names are not looked at */
	bool from_history;        /* the contents of the want are those that the history keeps */
	bool is_rollback;         /* the want is that of an earlier generation: */
	uint64_t rollback_to;     /* 0: what was before the first */
	const char *back_to;      /* of a rollback or a heal: that generation, for people */
	uint64_t heals;           /* the generation whose want is put back; 0: it is no heal */
	struct findings notes;    /* what reading has found: part of each plan of this run */
	struct resources *want;
	struct resources *parts[2]; /* sets of which want takes a part: run_replace_want() */
	struct unit_view *units;
	size_t n_triples;
	struct triple *triples; /* sorted by id: what was found */
	struct resources *kept; /* what replaced checkouts held and no commit has; NULL: nothing */
	size_t n_left;          /* secrets that differ, and cannot be put back out of the history */
	struct plan *plan;
	size_t n_deferred;       /* restarts that an apply has put off */
	size_t n_steps;          /* of the transaction, as it was rehearsed */
	size_t n_steps_done;     /* of an earlier one of this run: that of the packages */
	const char *stays;       /* what of that stays whatever happens, in words; NULL: nothing */
	size_t n_stay;           /* what a rollback has left, for it is never removed */
	struct timespec started; /* CLOCK_MONOTONIC */
};

/* lock: how the run lock is held. */
enum run_lock { RUN_READS, RUN_WRITES };

/* Opens host, lock, history and base; a writing run first finishes or puts back what an
 * interrupted one had begun. On failure the error's exit is set (locked: 6). */
int run_open(
	struct run *r, const struct request *q, struct sink *s, enum run_lock lock, struct err *e);
/* The host alone, without the lock: what answers while an apply runs. */
int run_open_host(struct run *r, const struct request *q, struct sink *s, struct err *e);
void run_close(struct run *r);
#define _cleanup_run_ __attribute__((cleanup(run_close)))

/* -EPERM with a text when this command needs root and the caller is not. */
int run_require_root(const struct request *q, struct err *e);

/* Who holds the run lock, as JSON {pid, user, command, since}; NULL: nobody. A new reference. */
json_t *run_lock_holder(struct host *h);

/* What an apply of the plan would refuse becomes findings of it: the steps are queued and looked
 * at, nothing is touched. */
void run_rehearse(struct run *r);

/* Whether --only lets this resource be looked at: by id or a glob of ids; a selection without a
 * type matches any type's name. Directories go along with what is selected in them. */
bool run_selects(const struct run *r, const char *id);

/* Who asks for this run: SUDO_USER or the user's name; the ssh client's address or NULL. */
const char *run_user(struct arena *a);
const char *run_client(struct arena *a);

/* The pipeline's parts. All set the error's exit where it is not 1. */
int run_read(struct run *r, struct err *e);      /* pull and read: the want */
int run_read_base(struct run *r, struct err *e); /* the want is what was applied last */
/* The want is that of an earlier generation: the request's argument, or the one before the newest.
 * Secrets are as they were applied last, for none is in the history. */
int run_read_generation(struct run *r, struct err *e);
/* The same, to be applied: contents come from the history. */
int run_read_heal(struct run *r, struct err *e);
int run_plan(struct run *r, struct err *e); /* inspect and compare */
void run_emit_plan(struct run *r);          /* report */
bool run_differs(const struct run *r);      /* exit 2 rather than 0 or 7 */
size_t run_deferrals(const struct run *r);  /* restarts owed, actions pending: exit 7 */
/* The want has moved on although nothing on the host differs: base must follow, or the next check
 * would compare with an old state. */
bool run_base_follows(const struct run *r);
/* want becomes another set, which may refer to the one before. */
void run_replace_want(struct run *r, struct resources *want);
/* -EPERM when what the sources have now was the last that failed, or was rolled back by hand. */
int run_refuse_rejected(struct run *r, struct err *e);
/* A recorded generation, by its number as it was given: -EINVAL with exit 64, or -ENOENT. */
int run_generation(struct run *r, const char *number, struct generation *ret, struct err *e);
/* What an apply has done. */
struct applied {
	uint64_t generation;
	unsigned restarted;
	size_t deferred;
};

/* Packages come and go, and all the rest is planned anew; nothing where the plan has none. Any
 * result but TXN_APPLIED ends the apply, with the text of what went wrong. */
enum txn_result run_packages(struct run *r, struct err *e);
/* Apply, restarts, verification by looking again, generation. */
enum txn_result run_apply(struct run *r, struct applied *ret, struct err *e);

#endif
