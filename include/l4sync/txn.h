/*
 * The transaction: steps that know how to be done, undone and finished from their own fields, in
 * the order of SPEC 6, and the write-ahead journal that holds them. Life of one:
 *
 *	txn_new, modules queue steps (nothing is touched)
 *	txn_run: look again at what the steps will replace; journal on disk; stage (temporary
 *	         files beside their targets, synced); commit (renames); services; and, after the
 *	         caller has recorded the generation, the point of no return
 *	or, at any failure, txn_rollback: the same undo that recovery runs from the journal
 *
 * Called by the pipeline (run) and the modules (queue).
 */
#ifndef L4SYNC_TXN_H
#define L4SYNC_TXN_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "l4sync/err.h"
#include "l4sync/event.h"
#include "l4sync/hash.h"
#include "l4sync/host.h"
#include "l4sync/plan.h"
#include "l4sync/resources.h"
#include "l4sync/unit_view.h"

struct txn;
struct step;

/* The order of execution; SPEC 6. New directories come before everything is staged in them, and
 * so before the first thing that anybody would notice; users before what is to belong to them. */
enum phase {
	PHASE_PACKAGES,
	PHASE_USERS,
	PHASE_MEMBERS,
	PHASE_MKDIR, /* parents first */
	PHASE_STOP,
	PHASE_FILES,
	PHASE_CHECKOUT,
	PHASE_REMOVE,
	PHASE_ENABLE,
	PHASE_RELOAD,
	PHASE_SYSCTL,
	PHASE_ACTIVATE,
	PHASE_LIVE,
	PHASE_ACTION,
	PHASE_START,
	PHASE_RMDIR, /* deepest first; done behind the point of no return */
};

/* key: the host's HMAC key (history_key), HASH_SIZE bytes; outlives the transaction. */
struct txn *txn_new(struct host *h, struct arena *a, const unsigned char *key, struct sink *sink);
void txn_free(struct txn *t); /* not the arena */
void txn_freep(struct txn **t);
#define _cleanup_txn_ __attribute__((cleanup(txn_freep)))
struct host *txn_host(struct txn *t);
struct arena *txn_arena(struct txn *t);

/*
 * Queueing. id: the resource the step belongs to, for messages. Paths are absolute. Nothing is
 * touched; owners have been resolved by the caller, or are by txn_owned_later(). A step that is
 * returned can be used until the next one is queued; NULL: there was one already.
 */
struct step *txn_put_file(struct txn *t, enum phase phase, const char *id, const char *path,
	const struct content *content, uid_t uid, gid_t gid, mode_t mode);
void txn_put_link(
	struct txn *t, enum phase phase, const char *id, const char *path, const char *target);
void txn_remove(struct txn *t, enum phase phase, const char *id, const char *path);
/* A checkout.h list's files at path, out of the pulled copy of repo; what is there is exchanged
 * with it as a whole. */
struct step *txn_checkout(struct txn *t, const char *id, const char *path,
	const struct content *list, const char *repo, const char *commit, uid_t uid, gid_t gid);
/* A directory with all that is in it. */
void txn_remove_checkout(struct txn *t, const char *id, const char *path);
/* What such a step has put in the place of, or taken away, until the point of no return: the
 * caller's fd of that directory; -ENOENT: there was nothing. */
int txn_open_replaced(struct txn *t, const char *path);
struct step *txn_mkdir(
	struct txn *t, const char *id, const char *path, uid_t uid, gid_t gid, mode_t mode);
/* A directory's mode and owner; it exists. */
struct step *txn_dir_attributes(
	struct txn *t, const char *id, const char *path, uid_t uid, gid_t gid, mode_t mode);
/* Only if it is empty then; a directory that is not stays, and a warning says so unless it may. */
void txn_rmdir(struct txn *t, const char *id, const char *path, bool may_stay);
/* Whom this run makes ("user:left4me"): known before anything is queued that belongs to him. */
void txn_makes(struct txn *t, const char *id);
bool txn_will_make(const struct txn *t, const char *id);
/* The owner or group (NULL: is known) of a step is looked up when users and groups were made. */
void txn_owned_later(struct txn *t, struct step *s, const char *user, const char *group);
/* A user or group by lines of sysusers.d(5), NULL-terminated. */
void txn_make_account(struct txn *t, const char *id, const char *const *lines);
/* A user who is there; then each of his fields that changes: gecos, home, shell, or expiry (days
 * since 1970-01-01, "" for never). */
struct step *txn_change_user(struct txn *t, const char *id);
void txn_user_field(
	struct txn *t, struct step *s, const char *field, const char *old, const char *value);
/* id: the group's. */
void txn_member(struct txn *t, const char *id, const char *user, bool add);
/* key in dotted form; a refused value fails the step, or only warns where it may_fail. */
void txn_sysctl(struct txn *t, const char *id, const char *key, const char *value, bool may_fail);
void txn_unit(struct txn *t, enum phase phase, const char *unit, unsigned long long settle_ns);
/* Packages come and go in one step, whose order in itself is apt's. name as the state has it. */
void txn_package(struct txn *t, const char *name, bool remove, bool no_recommends);
void txn_architecture(struct txn *t, const char *name);
void txn_reload(struct txn *t);
/* The cgroup settings of a unit that runs into the kernel. */
void txn_live(struct txn *t, const char *unit);
/* A command that puts what has changed into force, and file for its %f; shown: as it is told. A
 * rollback runs it again once the files are back. */
void txn_activate(struct txn *t, const char *shown, const char *command, const char *file);
/*
 * A command that looks at what is staged before anything is touched; id and path: of what it is
 * asked about, path for its %f. Asked once, however often it is queued.
 */
void txn_validate(struct txn *t, const char *id, const char *command, const char *path);
/* An action, for that effect; before: as it was applied last, or NULL. */
void txn_action(struct txn *t, const struct resource *action, const struct resource *before,
	const struct effect *f);
/* A unit or template whose configuration this run alters: of its running instances those that
 * somebody else has started since the reload are brought back by a rollback too. */
void txn_affects(struct txn *t, const char *name);

/* Set to its number by a signal handler: the run is to be rolled back at the next opportunity. */
extern volatile sig_atomic_t txn_interrupted;

/*
 * Looks at what the steps will replace, and at the room that there is; touches nothing. Part of
 * txn_run(); by itself it tells what an apply would refuse: with refusals each becomes one, and
 * 0 is returned, else the first ends it.
 */
int txn_prepare(struct txn *t, struct findings *refusals, struct err *e);

enum txn_result {
	TXN_APPLIED,
	TXN_REFUSED,         /* nothing was touched */
	TXN_ROLLED_BACK,     /* everything is as it was */
	TXN_NOT_ROLLED_BACK, /* something could not be put back; said in the events */
};

/*
 * What the caller of a run adds. probe looks, once everything else has been checked and before the
 * journal, whether what is to be started will start; nothing is touched if it fails. restarts does
 * the rolling restarts once the steps are done, and notes each by txn_log_unit() before it acts.
 * record stores the generation where nobody sees it yet; publish, behind the point of no return,
 * makes it the newest; discard forgets it. publish and discard are called again by a recovery and
 * must not mind.
 */
struct txn_hooks {
	int (*probe)(void *userdata, struct txn *t, struct err *e);
	int (*restarts)(void *userdata, struct txn *t, struct err *e);
	int (*record)(void *userdata, struct err *e);
	int (*publish)(void *userdata, struct err *e);
	int (*discard)(void *userdata, struct err *e);
	void *userdata;
};

/* Runs all of it. The error text is that of the failure that began the rollback. */
enum txn_result txn_run(struct txn *t, const struct txn_hooks *hooks, struct err *e);

/* How many of the users and groups that a run has made its rollback has left, and what that is
 * called in one sentence, without a stop. */
size_t txn_kept(const struct txn *t);
const char *txn_rolled_back_text(size_t n_stay);

/* Notes durably that a unit is about to be started, stopped or restarted: what a rollback or a
 * recovery has to bring back. */
int txn_log_unit(struct txn *t, const char *verb, const char *unit, struct err *e);

/* When this run's daemon-reload was complete: CLOCK_MONOTONIC; 0: there was none. */
unsigned long long txn_reloaded_usec(const struct txn *t);

/* Of an action of this run, by its id: whether it was run; whether there was nothing to do. */
bool txn_action_ran(const struct txn *t, const char *id);
bool txn_action_skipped(const struct txn *t, const char *id);
/* The name of the action that has failed, and the last lines that it wrote; NULL: none has. */
const char *txn_output(const struct txn *t, const char *const **ret_lines, size_t *ret_n);

/* Returned by idle callbacks of bus waits: -EINTR once the run was interrupted. */
int txn_idle(void *userdata);

/* One step of the event stream; `of` counts steps and restarts. */
void txn_event(
	struct txn *t, const char *state, const char *action, const char *target, const char *text);
/* How many events come behind the steps': the restarts of this run. A later number replaces it. */
void txn_expect(struct txn *t, size_t n);

/* How many steps and restarts there are; once prepared. */
size_t txn_steps(const struct txn *t);
/* This one goes on where another of the same run has ended, after so many steps. stays: what of
 * those a rollback does not put back, in words; NULL: nothing. */
void txn_follows(struct txn *t, size_t n_steps, const char *stays);

/* Whether an interrupted run's journal is there; since (seconds since the epoch) if so. */
bool txn_journal_exists(struct host *h, long long *ret_since);
/*
 * Puts back what an interrupted run had begun, or finishes one that was past the point of no
 * return. No journal: TXN_APPLIED. Called with the lock held, before anything else. During a boot,
 * by l4sync-recover.service, no unit's start is waited for.
 */
enum txn_result txn_recover(struct host *h, struct arena *a, const unsigned char *key,
	struct sink *sink, const struct txn_hooks *hooks, struct err *e);

/* The state directory below the host's root, made if it is not there: its fd (the host's). */
#define STATE_DIR "/var/lib/l4sync"
int state_dir(struct host *h, bool create, int *ret_fd, struct err *e);
/* A file there (0600), whole or not at all, and durable when it returns. */
int state_write(struct host *h, const char *name, const void *data, size_t size, struct err *e);
/* A set that such a file holds; the caller's. -ENOENT: there is none. what: says of one that is not
 * understood, and so not taken for nothing, what it is and what it means to remove it. */
int state_read_set(
	struct host *h, const char *name, const char *what, struct resources **ret, struct err *e);
/* r, whose text gets that in front. */
int state_bad_set(struct host *h, const char *name, const char *what, int r, struct err *e);

#endif
