/* What a request gets from standard input. Depends on jansson only. */
#ifndef L4SYNC_SECRET_INPUT_H
#define L4SYNC_SECRET_INPUT_H

#include "l4sync/request.h"

/* Fills in r->input where the command takes a value; -EINVAL, -EFBIG or what reading failed with.
 */
int secret_input(struct arena *a, struct request *r, struct err *e);

#endif
