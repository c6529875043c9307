/* Between staged.c and validate.c. */
#ifndef L4SYNC_STAGED_H
#define L4SYNC_STAGED_H

#include "txn_internal.h"

/*
 * For a child that is about to become a validator: mounts that nobody else sees, in which all that
 * the transaction will put onto the host is there already, and no network but a loopback of its
 * own. The rest of the host is as it is. 0; or negative, with the reason on standard error.
 */
int staged_enter(struct txn *t);

#endif
