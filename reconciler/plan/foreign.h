/* Files in effect for units of the state that are not in it: between inspect.c, foreign.c, which
 * finds them, and foreign_words.c, which says what they do. */
#ifndef L4SYNC_PLAN_FOREIGN_H
#define L4SYNC_PLAN_FOREIGN_H

#include <sys/stat.h>

#include "l4sync/plan.h"
#include "l4sync/unit_meaning.h"
#include "l4sync/unit_view.h"

#include "found.h"

/*
 * What is foreign to a unit of which the state says `foreign_dropins: remove` becomes a triple
 * without base and want, unless a package owns it, or it is in effect for other units too, or
 * would only come back; what that uncovers as well. What an orphan had been before does not come
 * back to such a unit.
 */
int foreign_search(struct found *found);

enum foreign_kind { FOREIGN_DROPIN, FOREIGN_FRAGMENT, FOREIGN_MASK };

/* Who puts files into a directory of the search path. */
struct foreign_place {
	const char *dir;
	const char *made_by; /* NULL: anybody */
	const char *stays;   /* why removing it would not help; NULL: it would */
	bool if_effective;   /* not worth a word where it changes nothing */
};

struct foreign {
	enum foreign_kind kind;
	const char *path;
	const struct foreign_place *place;
	const char *hides; /* what would be in effect without it; of a drop-in that of its name */
	size_t n_units;    /* of the state; a template stands for its instances */
	const char **units;
	bool is_shared;         /* its directory is of a prefix or a type */
	bool is_to_go;          /* of one of them the state says so */
	const char *beyond;     /* a unit for which it is in effect, and of which it does not */
	const char *owner;      /* a package, or NULL */
	const char *unit_owner; /* of the fragment of the first unit */
	bool owner_known;
	/* Filled in by foreign_effect(). */
	bool effect_known, together; /* together: none with the others that are foreign */
	const char *unit;            /* the one that the differences are of */
	size_t n_differences;
	struct difference *differences;
};

struct foreigns {
	struct arena *arena;
	struct unit_view *view;
	struct unit_index *index;
	const struct resources *want;
	const unsigned char *key;
	const char *const *known; /* paths that are the state's, sorted */
	size_t n_known;
	size_t n, cap;
	struct foreign *items; /* malloc'd */
	struct err *e;
};

/* What the host would load without it; fills in the effect of the item number i. */
int foreign_effect(struct foreigns *f, size_t i);
/* Why it is not removed, or NULL. */
const char *foreign_stays(struct foreigns *f, const struct foreign *x);
void foreign_report(struct foreigns *f, const struct foreign *x, struct findings *ret);

#endif
