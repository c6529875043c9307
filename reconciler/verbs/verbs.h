/* The commands. Each returns the exit status and has said everything through the run's sink. */
#ifndef L4SYNC_VERBS_H
#define L4SYNC_VERBS_H

#include "l4sync/event.h"
#include "l4sync/request.h"
#include "l4sync/run.h"

int verb_plan(const struct request *q, struct sink *s);
int verb_apply(const struct request *q, struct sink *s);
int verb_check(const struct request *q, struct sink *s);
int verb_verify(const struct request *q, struct sink *s);
int verb_status(const struct request *q, struct sink *s);
int verb_log(const struct request *q, struct sink *s);
int verb_show(const struct request *q, struct sink *s);
int verb_lint(const struct request *q, struct sink *s);
int verb_explain(const struct request *q, struct sink *s);
int verb_secret(const struct request *q, struct sink *s);
int verb_rollback(const struct request *q, struct sink *s);
int verb_recover(const struct request *q, struct sink *s);
int verb_confirm(const struct request *q, struct sink *s);
int verb_deadline(const struct request *q, struct sink *s);

/* Plans towards what read gives, asks and applies. */
int apply_from(const struct request *q, struct sink *s, int (*read)(struct run *r, struct err *e));

/* From here on SIGINT and SIGTERM are a no to a question, and roll back; a closed terminal does not
 * end the run. */
void take_signals(void);

/* The dispatch, in this process. */
int run_here(const struct request *q, struct sink *s);

/* Says what went wrong and ends the run's events; returns the exit status. */
int verb_failed(struct run *r, struct err *e);

#endif
