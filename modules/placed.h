/*
 * What the modules file, link, unit and dropin share: one thing at one path of the file tree.
 * Called by those modules only.
 */
#ifndef L4SYNC_PLACED_H
#define L4SYNC_PLACED_H

#include "l4sync/module.h"

/* inspect and enqueue of module.h. */
int placed_inspect(struct inspection *in, const char *id, const struct resource *want,
	struct resource **ret, struct err *e);
int placed_enqueue(struct txn *t, const struct change *c, struct err *e);

/* owner, group and mode of what was found, in the want's own words where they mean the same. */
void placed_owner(struct inspection *in, struct resource *live, const struct resource *want,
	const struct stat *st);

/* The ids that owner and group of a want stand for on this host. */
int placed_ids(struct host *h, const struct resource *want, uid_t *ret_uid, gid_t *ret_gid,
	mode_t *ret_mode, struct err *e);

#endif
