/* Between the files that read a want: nobody else's business. */
#ifndef L4SYNC_WANT_H
#define L4SYNC_WANT_H

#include "l4sync/run.h"

/* What systemd would load (units, drop-ins, files of sysctl.d) is looked into, which takes its
 * bytes. A generation read back has them not at hand, and of a secret not at all. set may be NULL.
 */
int want_load_config(struct run *r, struct resources *set, struct err *e);

/* What the checkouts that were applied last hold: files of a commit that the want has left are not
 * somebody else's. Of the set that was applied last, where it is not the want's. */
int want_load_checkouts(struct run *r, struct err *e);

/*
 * With --only the want becomes what was applied last, with the selected resources as they were
 * read: what is recorded in the end must be what the host has then.
 */
int want_select(struct run *r, struct err *e);

/* Whether they are the same byte for byte, sources included. */
bool want_same(const struct resources *a, const struct resources *b, const unsigned char *key);

/* Of a want out of the history: secrets that differ from it are left as they are, each a finding
 * of the plan and skipped. Called between inspecting and comparing. */
void want_leave_secrets(struct run *r);

#endif
