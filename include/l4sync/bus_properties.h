/*
 * What systemd takes the settings of loaded units to be: all properties of their type's interface,
 * as typed values, by name.
 * Called by the comparison with the kernel (truth.h).
 */
#ifndef L4SYNC_BUS_PROPERTIES_H
#define L4SYNC_BUS_PROPERTIES_H

#include "l4sync/bus.h"

/* One of the values that a property is made of. */
struct scalar {
	const char *text; /* of a string, or of an array of bytes, then not terminated; else NULL */
	uint64_t number;  /* of all other types; negative ones sign-extended; the size of bytes */
};

/*
 * A property. Containers are laid out flat, in order: a(ss) of two is four texts. An array inside
 * another container has its length before it: (bas) is a number, the length, the texts.
 */
struct property {
	const char *name, *signature;
	size_t n;
	const struct scalar *items;
};

struct properties {
	size_t n;
	struct property *items; /* sorted by name */
};

struct unit_properties {
	const char *active_state; /* "inactive" also of what does not exist */
	struct properties p;      /* of the interface of the unit's type */
};

/* All in one round trip, in the order of the names; in the arena. manager: the manager's own. */
int bus_properties(struct bus *b, struct arena *a, const char *const *units, size_t n,
	struct unit_properties *ret, struct properties *manager, struct err *e);

/* NULL: this version of systemd does not have it. */
const struct property *property_find(const struct properties *p, const char *name);
/* The first value: 0 and "" where there is none. */
uint64_t property_number(const struct properties *p, const char *name);
const char *property_text(const struct properties *p, const char *name);

#endif
