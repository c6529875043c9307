/*
 * What `units:` says of changed content: restart_on and on_change.
 * Called by the module service only.
 */
#ifndef L4SYNC_CONTENT_POLICY_H
#define L4SYNC_CONTENT_POLICY_H

#include "l4sync/module.h"

/* The values of the two keys into the attributes of service:UNIT that have their names. */
void parse_restart_on(
	struct reader *r, const struct node *list, const char *unit, struct resource *item);
void parse_on_change(
	struct reader *r, const struct node *n, const char *unit, struct resource *item);

/* Whether the values can be those attributes'. */
bool is_restart_on(const char *s);
bool is_on_change(const char *s);

#endif
