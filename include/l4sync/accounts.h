/*
 * The users and groups of a host as its own files have them: passwd(5), group(5), shadow(5) below
 * the host's root. What the name service adds (LDAP, DynamicUser=) is not among them.
 * Changes nothing. Called by the modules user and group, and by the steps that change accounts.
 */
#ifndef L4SYNC_ACCOUNTS_H
#define L4SYNC_ACCOUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "l4sync/err.h"
#include "l4sync/host.h"
#include "l4sync/mem.h"

struct account {
	const char *name;
	uint32_t uid, gid;
	const char *gecos, *home, *shell;
};

struct account_group {
	const char *name;
	uint32_t gid;
	const char *members; /* separated by commas, as written */
};

struct accounts {
	size_t n_users, n_groups;
	struct account *users;
	struct account_group *groups;
};

/* Reads them; a file that is not there is an empty one. Lines that are none are left out. */
int accounts_load(struct host *h, struct arena *a, struct accounts **ret, struct err *e);

/* The first of that name or number; NULL: none. */
const struct account *account_find(const struct accounts *all, const char *name);
const struct account *account_with(const struct accounts *all, uint32_t uid);
const struct account_group *account_group_find(const struct accounts *all, const char *name);
const struct account_group *account_group_with(const struct accounts *all, uint32_t gid);

/* Whether a list that commas separate has that name. */
bool account_list_has(const char *list, const char *name);

/* The day since 1970-01-01 on which the account expires, as it is written: "" for never, also where
 * there is no such line. */
int account_expiry(
	struct host *h, struct arena *a, const char *name, const char **ret, struct err *e);
/* Whether that day has come. */
bool account_is_expired(const char *expiry);

/* A process of that user, by any of its ids: "1234 (bash)", in the arena; NULL: there is none. Of
 * the live host. */
const char *account_process(struct arena *a, uint32_t uid);

#endif
