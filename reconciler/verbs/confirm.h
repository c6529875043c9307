/* An apply that is rolled back unless it is confirmed. Called by apply and the dispatch. */
#ifndef L4SYNC_CONFIRM_H
#define L4SYNC_CONFIRM_H

#include "l4sync/run.h"

/* Starts the service that keeps the deadline; before anything is changed, with the lock held. */
int confirm_arm(struct run *r, struct err *e);
/* The apply has failed and is rolled back: nothing waits. */
void confirm_disarm(struct run *r);

/* What could not be rolled back once is past when something is applied again. */
void confirm_forget(struct run *r);

/* Announces what waits (event confirm), gives the lock back and waits for the verdict: 0 confirmed;
 * -ETIMEDOUT, with the error's exit, rolled back or not even that. -EINTR: SIGTERM ends the
 * waiting, which changes nothing. SIGINT is a no. */
int confirm_await(struct run *r, struct err *e);

/* -EBUSY, exit 6, when another apply waits to be confirmed. */
int confirm_refuse_other(struct run *r, struct err *e);

/* What waits to be confirmed, as a sentence; NULL: nothing. */
const char *confirm_pending(struct host *h);

#endif
