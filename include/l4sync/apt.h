/*
 * apt-get and dpkg as programs: what they would do, and doing it. Names of packages are as apt
 * prints them: "nftables", "libc6:i386" (dpkg_short_name()).
 * Called by the plan (apt_simulate only) and the transaction's step of packages.
 */
#ifndef L4SYNC_APT_H
#define L4SYNC_APT_H

#include <stdbool.h>
#include <stddef.h>

#include "l4sync/dpkg.h"
#include "l4sync/err.h"
#include "l4sync/event.h"
#include "l4sync/host.h"
#include "l4sync/mem.h"

/* What one transaction is to do. */
struct apt_wish {
	size_t n_install, n_remove, n_architectures;
	const char **install, **remove;
	const char **architectures; /* to be added before */
	bool no_recommends;
};

enum apt_move { APT_INSTALL, APT_UPGRADE, APT_REMOVE, APT_CONFIGURE };

struct apt_item {
	enum apt_move move;
	const char *name;
	const char *old, *new; /* versions; NULL: none */
};

/* What apt says that it would do. */
struct apt_outlook {
	size_t n;
	struct apt_item *items;
	size_t n_unknown;
	const char **unknown; /* names that its lists do not have */
	const char *refusal;  /* why it does nothing of it, in its words; NULL: it would do it */
};

/* Simulates it: touches nothing, no network. What the lists do not know is left out, and the rest
 * is looked at. native: dpkg's architecture. */
int apt_simulate(struct arena *a, const struct apt_wish *wish, const char *native,
	struct apt_outlook *ret, struct err *e);

/* The output of a simulation; succeeded: it ended with status 0. Pure. */
void apt_outlook_parse(struct arena *a, const char *output, size_t size, const char *native,
	bool succeeded, struct apt_outlook *ret);

/*
 * Whether what apt says is what was asked for. NULL, or why not: something would be removed that
 * nobody has named, a name is no package's own, apt refuses. Names that are unknown are no matter.
 * Pure.
 */
const char *apt_judge(
	struct arena *a, const struct apt_wish *wish, const struct apt_outlook *outlook);

/* Why these are not known: with the nearest names that are. */
const char *apt_unknown_text(struct arena *a, const char *const *names, size_t n);

/* Whether the lists are older than a day (SPEC is silent: as apt's own timer). */
bool apt_lists_are_old(struct host *h);

/* Who runs the programs that change something; said in events. */
struct apt {
	struct arena *arena;
	struct sink *sink;
	int (*idle)(void *userdata); /* not 0: an end is asked for */
	void *userdata;
};

/* Waits until nobody else has locked the database, for at most that long; says who does. -EBUSY,
 * or what idle returned. */
int apt_wait(const struct apt *x, struct host *h, unsigned seconds, struct err *e);
#define APT_WAIT_S 600u

/* Each: 0, or an error with the last lines of what the program has said. None but apt_update is
 * ended by an interrupt: packages would be left half-configured. */
int apt_configure(const struct apt *x, struct err *e); /* dpkg --configure -a */
int apt_add_architecture(const struct apt *x, const char *arch, struct err *e);
int apt_update(const struct apt *x, struct err *e);
int apt_change(const struct apt *x, const struct apt_wish *wish, const char *native, struct err *e);

#endif
