/*
 * What the modules user and group share: names and numbers of sysusers.d(5), its files and lines.
 * Called by those modules only.
 */
#ifndef L4SYNC_ACCOUNT_H
#define L4SYNC_ACCOUNT_H

#include <stdbool.h>

#include "l4sync/accounts.h"
#include "l4sync/module.h"

/* As systemd-sysusers takes them. */
bool account_is_name(const char *s);
bool account_is_id(const char *s);        /* "980" */
bool account_is_id_source(const char *s); /* the same, or a path whose owner is meant */
bool account_is_range(const char *s);     /* "500-900", "500" */
bool account_is_gecos(const char *s);
bool account_is_path(const char *s); /* a home or shell */
bool account_is_true(const char *s);
bool account_is_members(const char *s); /* "", "a,b": names in their order, each once */

/* The sysusers.d files of the tree to user: and group: resources; `derive` of module.h. */
int sysusers_derive(struct reader *r);

/* The host's accounts, read once per inspection. */
int accounts_of(struct inspection *in, const struct accounts **ret, struct err *e);

/* Says once that what an apply makes stays. */
void account_note_stays(struct inspection *in, const char *id, const char *what);

/* One line of sysusers.d(5): words (NULL: "-"), quoted; in the arena. */
const char *sysusers_line(struct arena *a, const char *type, const char *const *words, size_t n);
/* The lines that make it: the ranges that numbers are taken from, then this. NULL-terminated. */
const char *const *sysusers_lines(struct arena *a, const struct resource *item, const char *line);

/* The number that an id of the want stands for on this host; false: none yet, any will do. */
bool account_wanted_id(struct host *h, const char *id, bool group, uint32_t *ret);

#endif
