/* Between explain.c, explain_content.c and explain_files.c: nobody else's business. */
#ifndef L4SYNC_EXPLAIN_INTERNAL_H
#define L4SYNC_EXPLAIN_INTERNAL_H

#include <jansson.h>

#include "effects_internal.h"

struct hop {
	const char *kind;  /* file, link, directive, restart_on, unit */
	const char *name;  /* a path; NAME=VALUE; the entry; the unit or its template */
	const char *where; /* FILE:LINE, or NULL */
};

/* One way from a file to a unit, or to the instances of a template that all have it. */
struct chain {
	const char *unit;
	size_t n_hops;
	struct hop *hops;
	enum action action; /* what a change takes, if it takes anything: */
	bool acts;
	const char *takes; /* restart, reload, live, daemon-reload, none */
	const char *why;
	size_t n_running;
	const char **running; /* in the arena; as long as there are units */
	json_t *directives;   /* of a unit's own file; a reference that is the chain's */
};

struct explaining {
	struct deriving d; /* over a plan of its own: what a change would do */
	const char *id;
	const char *path; /* NULL: of any file of the state, to: */
	const char *unit; /* NULL: to any unit */
	bool managed;
	const struct triple *triple; /* of what the state has or had; or NULL */
	bool is_nobody;              /* unit is an instance that neither runs nor is enabled */
	size_t n_names;
	const char *const *names; /* units, loaded or with a file; natural order */
	size_t n_chains, cap_chains;
	struct chain *chains; /* malloc'd */
};

/* Whether chains begin at that path. */
bool explain_begins(struct explaining *x, const char *path);

/* Adds a chain, or the unit to one that is the same. */
void chain_add(struct explaining *x, const char *unit, const struct chain *like);
/* The hops from paths[at], where it begins, back to paths[0], and room for more of them. */
struct hop *hops_back(
	struct explaining *x, const char *const *paths, size_t at, size_t more, size_t *ret_n);

/* Chains over what a unit names; over files that are the unit's own. */
int explain_content(struct explaining *x, const char *unit);
int explain_files(struct explaining *x, const char *unit);

#endif
