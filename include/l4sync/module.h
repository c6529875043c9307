/*
 * A module: one resource type. It parses its part of the manifest, looks at the live host, says
 * in words what differs, and queues the steps that mend it. One ops struct in one file of
 * modules/, one row in modules/registry.c. A module never prints, exits or keeps statics.
 * Called by the reader (parse, check) and the engine (the rest).
 */
#ifndef L4SYNC_MODULE_H
#define L4SYNC_MODULE_H

#include <stdbool.h>
#include <stddef.h>

#include "l4sync/err.h"
#include "l4sync/host.h"
#include "l4sync/node.h"
#include "l4sync/reader.h"
#include "l4sync/resources.h"

struct change;      /* plan.h */
struct dpkg_status; /* dpkg.h */
struct txn;         /* txn.h */
struct unit_view;

/* What inspect may look at besides the host. */
struct inspection {
	struct host *host;
	struct arena *arena;               /* for the live resource */
	const struct resources *want;      /* sorted */
	const struct resources *base;      /* sorted; NULL: none */
	const struct resources *originals; /* what was there before it was managed; NULL: none */
	const unsigned char *key;          /* HMAC key of the host, HASH_SIZE bytes, or NULL */
	struct findings *findings;         /* plan.h; what must be known but is no change */
	struct unit_view *units;           /* unit_view.h */
	const struct dpkg_status *dpkg;    /* inspection_dpkg(); NULL: not read yet */
	struct accounts *accounts;         /* accounts.h; NULL until a module loads them */
	bool writes; /* what was found out may be kept in the state directory */
	/* Set by inspect: when what it found was changed last (of an inode: its change time, which
	 * nobody can set back), CLOCK_REALTIME; 0: unknown. */
	unsigned long long changed_usec;
};

struct module {
	const char *type; /* "file": resources "file:NAME" */

	/* Manifest sections that are this module's, NULL-terminated, or NULL. parse gets the node
	 * of one of them (never NODE_NULL), and adds resources or attributes to r->want. Runs in
	 * the unprivileged child, before the want is sorted; modules run in the registry's order.
	 */
	const char *const *sections;
	int (*parse)(struct reader *r, const char *section, const struct node *node);

	/* Once per state, after all sections were parsed and before the directories above what is
	 * shipped are added: what files of the tree declare besides themselves. May be NULL. */
	int (*derive)(struct reader *r);

	/* Once per state, after all sections were parsed and the want is sorted: what only the
	 * whole shows (cycles, a key given twice). May be NULL. May add resources; they are sorted
	 * in. */
	int (*complete)(struct reader *r);

	/* Whether a resource of this type that came from the unprivileged child is well-formed:
	 * name, attribute keys, values. The root part trusts nothing else. Pure. */
	int (*check)(const struct resource *item, struct err *e);

	/* NULL: nothing of it is on the host, it only says what others are to do. Else what the
	 * host has now, with exactly the attributes that can be compared; *ret NULL when
	 * it is absent. want may be NULL (a resource that left the state). An error only where the
	 * host cannot be asked. */
	int (*inspect)(struct inspection *in, const char *id, const struct resource *want,
		struct resource **ret, struct err *e);

	/* Attribute keys of which only those present in the want are compared; NULL-terminated.
	 * Content is compared where the want has one. Everything else in the want is policy. */
	const char *const *compared;

	/* Steps of a change into the transaction; touches nothing itself. NULL: nothing to do but
	 * effects. */
	int (*enqueue)(struct txn *t, const struct change *c, struct err *e);

	/* Why what leaves the state stays on the host, and is only reported; NULL: it is removed.
	 */
	const char *stays;
	/* With stays: nor is what was there before it was managed put back. */
	bool keeps_no_original;

	/* Only with a live host: skipped, and said so, with --root; or that attribute of it is. */
	bool live_only;
	const char *live_only_attr;
};

/* dpkg's database, read once an inspection into in->dpkg: 1; 0: this host has none. */
int inspection_dpkg(struct inspection *in, struct err *e);

/* modules/registry.c: all modules, NULL-terminated, in the order in which sections are parsed. */
extern const struct module *const modules[];

/* The module of an id's type, or NULL. */
const struct module *module_of(const struct module *const *list, const char *id);

#endif
