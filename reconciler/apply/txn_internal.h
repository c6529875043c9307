/* Between the files of apply/: nobody else's business. */
#ifndef L4SYNC_TXN_INTERNAL_H
#define L4SYNC_TXN_INTERNAL_H

#include "l4sync/action.h"
#include "l4sync/txn.h"

/* systemd's own timeouts are shorter; these only end a hang. */
#define JOB_TIMEOUT_MS 600000u
#define RELOAD_TIMEOUT_MS 60000u

/*
 * One kind of step. All but prepare and stage work from the step's fields alone, which is what the
 * journal holds, so a recovery can call them. Each may be NULL: nothing to do.
 */
struct step_ops {
	const char *kind;   /* in the journal */
	const char *action; /* in events */
	/* Looks at what is there and fills in the fields; touches nothing. */
	int (*prepare)(struct txn *t, struct step *s, struct err *e);
	/* The fields that need its owner, once he is known. */
	void (*owned)(struct txn *t, struct step *s);
	/* Makes what nobody sees: temporary files, synced. */
	int (*stage)(struct txn *t, struct step *s, struct err *e);
	int (*commit)(struct txn *t, struct step *s, struct err *e);
	/* After the event that says that commit failed, and unless it was interrupted. */
	void (*explain)(struct txn *t, const struct step *s, const char *error);
	/* From whatever was reached: back to what was before. *left: somebody else has changed it
	 * meanwhile, so it was left alone (the text says how). */
	int (*undo)(struct txn *t, struct step *s, bool *left, struct err *e);
	/* Behind the point of no return: what only undo needed goes. */
	int (*finish)(struct txn *t, struct step *s, struct err *e);
	const char *(*sentence)(struct arena *a, const struct step *s);
	/* What somebody does by hand when undo has failed. */
	const char *(*next)(struct txn *t, const struct step *s);
};

struct step {
	const struct step_ops *ops;
	enum phase phase;
	size_t queued;                 /* its number among the queued ones */
	struct resource fields;        /* id: the resource or unit; attributes: the fields */
	const struct content *content; /* what stage writes */
	uint64_t need_bytes;           /* of the file system, besides the content */
	uint64_t need_inodes;
	unsigned long long settle_ns;
	bool touched; /* staged or committed, or may have been (a recovery): undo looks at it */
	bool skipped; /* an action: there was nothing to do */
	bool failed;  /* an action: it ran */
	bool held;    /* a rollback: it stays, for an action has succeeded with it */
};

/* A command that looks at what is staged (txn_validate()). */
struct validation {
	const char *id, *path;      /* what it was queued for first */
	const char *command, *file; /* file: for its %f, or NULL */
};

struct txn {
	struct host *host;
	struct arena *arena;
	const unsigned char *key;
	struct sink *sink;
	const char *name; /* eight hexadecimal digits, part of temporary names */
	size_t n, cap;
	struct step *steps;               /* malloc'd */
	size_t position, of;              /* of the event stream */
	size_t expected;                  /* events beyond the steps': the restarts */
	int journal_fd;                   /* the log of units, once the journal is written */
	unsigned long long reloaded_usec; /* CLOCK_MONOTONIC */
	unsigned long long rolling_usec;  /* when the rolling restarts began; of a rollback: it */
	unsigned long long acted_usec;    /* CLOCK_REALTIME, on the last unit: older words of the
					   * journal are not its end's */
	bool reloads;                     /* there is a reload among the steps */
	size_t n_affected, cap_affected;
	size_t n_validations, cap_validations;
	struct validation *validations; /* malloc'd */
	unsigned n_hooks;               /* that were run: their services' names */
	const char **affected;          /* malloc'd: units and templates, txn_affects() */
	bool rebooted;                  /* a recovery: the journal is of another boot */
	bool booting;                   /* a recovery: units are not started yet */
	struct action_run action_run;   /* the newest */
	const char *output_of; /* the action that has failed, and its last lines; or NULL */
	const char *const *output;
	size_t n_output;
	struct resources *journal; /* a recovery: what the steps were read from */
	struct buf left;           /* what a rollback could not put back, for the history */
	const char *stays;         /* what cannot be put back, in words; NULL: nothing */
	size_t n_made, cap_made;
	const char **made; /* malloc'd: txn_makes() */
	size_t n_stay;     /* a rollback: what cannot be taken back, and was said to stay */
};

extern const struct step_ops step_put_file, step_put_link, step_remove, step_mkdir,
	step_dir_attributes, step_rmdir, step_packages, step_sysctl, step_live, step_action,
	step_start, step_stop, step_reload, step_activate, step_make_account, step_change_user,
	step_member, step_checkout, step_remove_checkout;

const char *step_get(const struct step *s, const char *key);
void step_set(struct txn *t, struct step *s, const char *key, const char *value);

/* Whether its owner is not known yet: then nothing was done for it. */
bool step_is_ownerless(const struct step *s);
/* owners.c: the owners of txn_owned_later(), into the journal too. */
int txn_find_owners(struct txn *t, struct err *e);

/* "absent", "file MODE UID GID HMAC", "link TARGET", "dir MODE UID GID" or "other": all that a
 * path's identity is to the transaction. -ENOENT of a parent directory is "absent" too. */
int path_identity(struct txn *t, const char *path, const char **ret, struct err *e);
/* The same by directory and name. */
int name_identity(struct txn *t, int dir_fd, const char *name, const char **ret, struct err *e);

/* -EBUSY: at the path of a step stands what the run has not seen there. */
int step_changed_meanwhile(struct txn *t, const struct step *s, struct err *e);

/* fsync of every directory in which steps changed names. */
int txn_sync_dirs(struct txn *t, struct err *e);

/* space.c: -ENOSPC with a text when a file system has no room for the steps. */
int txn_check_space(struct txn *t, struct err *e);

/* validate.c: -EINVAL with what the first validator says that does not like what is staged; with
 * refusals all of them are asked. */
int txn_run_validators(struct txn *t, struct findings *refusals, struct err *e);

/* checkout_write.c: makes the directory name in parent with all files of the step, synced, and
 * saves its index as staged. What an error leaves there is for undo. */
int checkout_write(
	struct txn *t, const struct step *s, int parent, const char *name, struct err *e);

/* journal.c */
int journal_write(struct txn *t, struct err *e);
int journal_rewrite(struct txn *t, struct err *e); /* the steps again, before they begin */
int journal_log(struct txn *t, const char *line, struct err *e);
int journal_commit(struct txn *t, struct err *e); /* the point of no return */
int journal_clear(struct txn *t, struct err *e);
enum journal_state { JOURNAL_NONE, JOURNAL_BEGUN, JOURNAL_COMMITTED };
/* Fills the transaction's steps from the journal; units: the log's lines. */
int journal_load(struct txn *t, enum journal_state *ret, const char ***ret_log, size_t *ret_n,
	struct err *e);

/* units_back.c, each a part of the rollback; what cannot be done is said and counted. */
void units_live_back(struct txn *t, const char *const *log, size_t n_log, size_t *left);
void units_stop_started(struct txn *t, const char *const *log, size_t n_log, size_t *left);
void units_bring_back(struct txn *t, const char *const *log, size_t n_log, size_t *left);
/* steps_activate.c: the commands of the steps that were begun, with what is back. */
void activate_back(struct txn *t, size_t *left);
/* Whether a boot has not come to basic.target yet, of which the journal knows nothing. */
bool units_are_booting(struct txn *t);
void rollback_event(struct txn *t, const char *state, const char *text);

/* left.c: says and counts what could not be put back. next: what to do about it, or NULL. */
void rollback_left(struct txn *t, const char *text, const char *next, size_t *left);
/* Of steps, as their ops' next; of a unit by systemctl's verb. */
const char *next_of_path(struct txn *t, const struct step *s);
const char *next_of_new_dir(struct txn *t, const struct step *s);
const char *next_of_dir(struct txn *t, const struct step *s);
const char *next_of_sysctl(struct txn *t, const struct step *s);
const char *next_of_unit(struct txn *t, const char *unit, const char *verb);

/* rollback.c: undo of all steps, reload, units of the log. *ret_left counts what could not be put
 * back; each is said in an event. */
void rollback(struct txn *t, const char *const *log, size_t n_log, size_t *ret_left);
int finish_steps(struct txn *t, struct err *e);

#endif
