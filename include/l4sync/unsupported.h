/*
 * What SPEC 2 has and this version of l4sync does not do yet. It is refused, never ignored.
 * Called by the reader and the modules' parse functions.
 */
#ifndef L4SYNC_UNSUPPORTED_H
#define L4SYNC_UNSUPPORTED_H

#include "l4sync/err.h"
#include "l4sync/node.h"

/* Reports every key of the map that is not done yet. scope: the section that the map stands in,
 * "" for the manifest itself, "units.restart" for a map inside. 0 or -EINVAL (reported). */
int unsupported_keys(const char *scope, const struct node *map, struct diags *diags);

/* The known keys of a scope that are not done yet; *n counts on where the list begins. */
const char *unsupported_next(const char *scope, size_t *n);

#endif
