/*
 * Between the files of the unit index (of this folder): what stands in the search path, what a
 * path leads to, what makes up a unit. Nobody else's business.
 */
#ifndef L4SYNC_UNIT_INDEX_H
#define L4SYNC_UNIT_INDEX_H

#include "l4sync/unit_syntax.h"
#include "l4sync/unitpath.h"

#define SEARCH_PATH_MAX 12

/* Names in the order in which they were added, each once. */
struct names {
	size_t n, cap;
	const char **items;
};
void names_add(struct arena *a, struct names *names, const char *name);
bool names_has(const struct names *names, const char *name);

enum name_kind { NAME_INVALID, NAME_PLAIN, NAME_TEMPLATE, NAME_INSTANCE };
enum name_kind unit_name_kind(const char *name);
/* Of a valid name: "t" of t@1.service; "1", "" of t@.service, NULL of t.service. */
const char *unit_name_prefix(struct arena *a, const char *name);
const char *unit_name_instance(struct arena *a, const char *name);
/* t.service and t@.service with "1": t@1.service. */
const char *unit_name_with_instance(struct arena *a, const char *name, const char *instance);
/* Whether systemd takes a link of that name to that unit for an alias of it. */
bool unit_name_may_alias(struct arena *a, const char *name, const char *target);
bool unit_name_type_may_alias(const char *name);
/* The directories whose drop-ins are a unit's, most specific first, without those of its type. */
void unit_name_dropin_dirs(struct arena *a, const char *name, struct names *ret);

/* What a path leads to, links and overlays followed. */
struct followed {
	const struct content *content; /* NULL: nothing there, nothing in it, or no file */
	bool empty;                    /* there, with nothing in it: as a fragment it masks */
	struct names hops; /* the other paths that it leads over, the last one's own included */
};

enum entry_kind { ENTRY_OTHER, ENTRY_FILE, ENTRY_LINK, ENTRY_DIR };

struct entry {
	const char *name;
	const char *path; /* in the search path */
	enum entry_kind kind;
	const char *target;                 /* a link's text */
	const struct unit_overlay *overlay; /* it is from there, or NULL */
	/* Filled in when asked for: */
	struct listing *listing;
	struct followed *followed;
	bool alias_known;
	const char *alias; /* the name that a link in a search directory stands for, or NULL */
	bool ignored;      /* such a link that systemd does not accept */
};

/* A directory's entries, overlays laid over, sorted by name. */
struct listing {
	const char *path;
	size_t n, cap;
	struct entry *items;
};
struct entry *listing_find(struct listing *l, const char *name);

/* A link that is another name of a unit. */
struct alias {
	const char *name;
	const char *of; /* the fragment's name, the link's instance filled in */
};

struct unit_index {
	struct host *host;
	struct arena *arena;
	size_t n_overlays;
	const struct unit_overlay **overlays; /* sorted by path */
	const char *root_real;                /* the root's own path, as /proc shows it; "" for / */
	size_t n_dirs;
	struct listing *dirs[SEARCH_PATH_MAX]; /* highest first */
	bool aliases_known;
	size_t n_aliases, cap_aliases;
	struct alias *aliases;
	size_t n_units, cap_units;
	struct unit **units; /* what was asked for already, sorted by name */
	size_t n_gone;
	const char **gone; /* paths at which nothing stands, whatever was read; twice as long when
			    * full */
	size_t n_hidden;
	const char *const *hidden; /* the same, for one question */
};

/* follow.c */
const struct unit_overlay *overlay_find(const struct unit_index *x, const char *path);
/* The first overlay at or behind a path (bytes): those below a directory stand together. */
size_t overlay_lower_bound(const struct unit_index *x, const char *path);
/* The path without links but for its last component; an open fd of its directory, or -1 when
 * there is no such directory yet. */
int path_canonical(
	struct unit_index *x, const char *path, const char **ret, int *ret_dir_fd, struct err *e);
int path_follow(struct unit_index *x, const char *path, struct followed *ret, struct err *e);
int entry_follow(struct unit_index *x, struct entry *entry, struct followed **ret, struct err *e);
/* target as seen from the directory in which path stands. */
const char *path_join_link(struct arena *a, const char *path, const char *target);
const char *path_parent(struct arena *a, const char *path);
const char *path_name(const char *path);

/* index.c */
/* hidden: those whose name begins with a dot as well. */
int listing_new(
	struct unit_index *x, const char *path, bool hidden, struct listing **ret, struct err *e);
int entry_listing(struct unit_index *x, struct entry *entry, struct listing **ret, struct err *e);
/* What a link of a search directory stands for: entry->alias, entry->ignored. */
int entry_alias(struct unit_index *x, struct entry *entry, struct err *e);
bool index_has_dir(const struct unit_index *x, const char *path);
bool index_is_gone(const struct unit_index *x, const struct entry *entry);
/* The entry that decides about a name: the highest that systemd accepts; NULL if there is none. */
int index_find(struct unit_index *x, const char *name, struct entry **ret, struct err *e);

/* What is known of a unit name, found once. */
struct unit {
	const char *name;
	const char *id;         /* the name that systemd gives it: its fragment's */
	struct entry *fragment; /* or NULL */
	struct names names;     /* id first, then the aliases, sorted */
	size_t n_groups;
	struct names *groups; /* drop-in directories: of each name, then of the type */
	struct names hops;    /* where links of its files lead */
	struct unit_config config;
};

/* fragment.c: the fragment and all names of a unit. */
int unit_resolve(struct unit_index *x, struct unit *u, struct err *e);
/* The fragment's entry by that very name, aliases followed; *ret NULL if there is none. */
int unit_fragment(struct unit_index *x, const char *name, struct entry **ret, struct err *e);

/* config.c */
int unit_get(struct unit_index *x, const char *name, struct unit **ret, struct err *e);

/* Drop-ins, sorted by name as systemd reads them; of equal names the first that was added. */
struct dropins {
	size_t n, cap;
	struct entry **items;
};
/* Adds those of all directories called so, the search path's rank before the order of the names. */
int dropins_collect(
	struct unit_index *x, const struct names *dirs, struct dropins *d, struct err *e);

#endif
