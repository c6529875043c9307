/*
 * Between the step that runs an action and what a rollback does with it.
 * Called by steps_action.c, actions_back.c and the rollback.
 */
#ifndef L4SYNC_ACTION_STEPS_H
#define L4SYNC_ACTION_STEPS_H

#include "l4sync/action.h"

#include "txn_internal.h"

/* In the journal's log: it is about to be run, and has succeeded. */
#define LOG_ACTION "action"
#define LOG_ACTED "acted"

/* That it has begun, or has succeeded with inputs of that key ("input", or "was"), or has failed:
 * durable when it returns. */
int action_note_begun(struct txn *t, const struct step *s, struct err *e);
int action_note_done(struct txn *t, const struct step *s, const char *definition,
	const char *inputs_key, bool ran, struct err *e);
int action_note_failed(struct txn *t, const struct step *s, const char *why, struct err *e);

/* "its service": of a run of the action, or of another one behind a rollback. */
const char *action_service(struct txn *t, const struct step *s, bool again);

/* The last lines that a run has written, as events of the action. */
void action_report_output(struct txn *t, const struct step *s, const struct action_run *run,
	const char *const **ret_lines, size_t *ret_n);

/* In a rollback: ends what still runs of actions that have begun. First. */
void actions_end(struct txn *t, const char *const *log, size_t n_log, size_t *left);
/* Marks the steps that stay: what cannot be undone because an action has succeeded with it, which
 * is said and counted. Before any step is undone. */
void actions_hold(struct txn *t, const char *const *log, size_t n_log, size_t *left);
/* Those of rollback: rerun are run again with what is back. */
void actions_again(struct txn *t, const char *const *log, size_t n_log, size_t *left);

#endif
