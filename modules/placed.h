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

/* Whom something is to belong to, and its mode. */
struct placed_owner {
	uid_t uid;
	gid_t gid;
	mode_t mode;
	const char *user, *group; /* made by this run, so that there is no number yet; or NULL */
};
/* What owner, group and mode of a want stand for on this host, root and 0644 or, of a directory,
 * 0755 where it does not say. */
int placed_owned(
	struct txn *t, const struct resource *want, struct placed_owner *ret, struct err *e);

#endif
