/*
 * What the actions of a state name: each other, and what they run for.
 * Called by the module action.
 */
#ifndef L4SYNC_ACTION_NAMES_H
#define L4SYNC_ACTION_NAMES_H

#include "l4sync/reader.h"

/* Once the want has everything else: on_change (of the actions, and run of checkouts), then and
 * needs become ids and names that exist, without a circle. -EINVAL: reported. */
int action_names_complete(struct reader *r);

/* A name that an action may have: it is part of a service's name. */
bool action_is_name(const char *s);

#endif
