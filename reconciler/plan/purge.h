/* What is in purged directories and not in the state: between inspect.c and purge.c. */
#ifndef L4SYNC_PLAN_PURGE_H
#define L4SYNC_PLAN_PURGE_H

#include "found.h"

/*
 * Whether path is in a directory that the want purges, and is nobody's live data: then nothing
 * that the want does not name is to stand there, not even what an orphan had been before.
 */
bool purge_covers(struct inspection *in, const char *path);

/*
 * Looks through the purged directories of the want. Each selected thing that neither base nor want
 * name is a triple without either, inspected, and gone for the run's units; what is never removed
 * (sockets, devices, mount points) becomes a finding.
 */
int purge_search(struct found *found);

#endif
