/*
 * `purge:`: directories in which whatever is not in the state is removed. Which they may be.
 * Called by the module dir only.
 */
#ifndef L4SYNC_PURGE_H
#define L4SYNC_PURGE_H

#include "l4sync/reader.h"

/* parse of module.h: dir:/path with purge=true for each of the list. */
int purge_parse(struct reader *r, const char *section, const struct node *node);

/* Whether the directory may be emptied of what is not in the state: -EINVAL with a text where that
 * can only be meant by mistake. */
int purge_check(const char *path, struct err *e);

#endif
