/*
 * What settings promise about system calls, against the filters of a process that were read: nobody
 * else's business.
 */
#ifndef L4SYNC_VERIFY_FILTERS_H
#define L4SYNC_VERIFY_FILTERS_H

#include "rows.h"

/* Reads the filters of a process by stopping it, once (ptrace is asked for); adds what that did to
 * the unit. */
void filters_read(struct look *l, struct process *p, struct truth_unit *u);

/*
 * A row of which the kernel was asked without stopping anything, where the filters tell more: of a
 * setting that is nothing but filters what they do decides, another may only be found to lack.
 */
void filters_refine(struct look *l, const struct row *row, struct process *p, struct truth *t);

#endif
