/*
 * What a unit's files say together, and what a change of it takes: directives merged as systemd
 * does (systemd.syntax(7), systemd.unit(5)), compared by their values, each with its class.
 * Called by the derivation of effects and the plan's report.
 */
#ifndef L4SYNC_UNIT_MEANING_H
#define L4SYNC_UNIT_MEANING_H

#include <stdbool.h>
#include <stddef.h>

#include "l4sync/mem.h"
#include "l4sync/unitpath.h"

/* What puts a changed directive into force for a unit that runs; the greater does more. */
enum directive_class {
	CLASS_NONE,    /* nothing: systemd does not read it, or only when the unit is enabled */
	CLASS_RELOAD,  /* the daemon-reload */
	CLASS_NEXT,    /* its next use: ExecStop=, ExecReload=, … */
	CLASS_LIVE,    /* a cgroup setting, put into the kernel */
	CLASS_RESTART, /* only a restart */
};
const char *directive_class_name(enum directive_class c); /* "none", "reload", … */

/*
 * How systemd reads the assignments of a directive (its config_parse_…(); kinds.c says which). Of
 * those before KIND_LINES the last assignment is the value; the others are lists.
 */
enum directive_kind {
	KIND_TEXT,
	KIND_ANY,  /* text that systemd may refuse, and would then go by an earlier one */
	KIND_NAME, /* a user, a group, a slice, a service */
	KIND_PATH,
	KIND_STREAM, /* a word, or file:PATH and the like */
	KIND_WORD,   /* one of those known */
	KIND_NO,     /* a boolean; without one it is no */
	KIND_YES,
	KIND_BOOLEAN, /* without one it is something else */
	KIND_SPAN,    /* a time span, in seconds without a unit */
	KIND_TIMEOUT, /* the same, 0 is infinity */
	KIND_SIZE,    /* bytes with K, M, G, T (1024) */
	KIND_MEMORY,  /* the same; percent; infinity */
	KIND_NUMBER,
	KIND_AMOUNT, /* a number, percent, infinity */
	KIND_MODE,   /* octal */
	KIND_SIGNAL, /* SIGTERM, TERM, 15 */
	KIND_LIMIT,  /* SOFT:HARD */

	KIND_LINES,       /* each is one value, in this order */
	KIND_COMMANDS,    /* ExecStart= */
	KIND_FILES,       /* paths, in this order */
	KIND_CREDENTIALS, /* NAME:VALUE: in this order those of one name */
	KIND_CHECKS,      /* in any order: ConditionHost=, OnCalendar= */
	KIND_SPANS,       /* time spans, in any order */
	KIND_DEVICES,     /* a device and rwm */
	KIND_WORDS,       /* the words of all, in this order */
	KIND_SET,         /* the words of all, in any order */
	KIND_BITS,        /* the words of the last assignment alone, in any order */
	KIND_PATHS,       /* the same, paths */
	KIND_STATUSES,    /* the same, exit statuses and signals */
	KIND_ADDRESSES,
	KIND_CPUS,         /* 0-3,5 */
	KIND_ENVIRONMENT,  /* NAME=VALUE words: the last of a name */
	KIND_SIGNED,       /* words that are added, or with ~ before them taken away */
	KIND_CAPABILITIES, /* the same; an empty one is the empty set */
	KIND_NAMESPACES,   /* the same, or a boolean */
	KIND_DELEGATE,     /* a boolean, or words */
	KIND_DEPENDS,      /* unit names, in any order; cannot be taken back */
};

struct directive_type {
	const char *key; /* the name that is not outdated: BindsTo for BindTo */
	enum directive_kind kind;
	enum directive_class class;
	bool known; /* to systemd 257, in that section */
	/* Directives that an empty assignment of one of them takes back together; 0: none. */
	unsigned group;
	unsigned flags;    /* kinds.c */
	const char *words; /* the same */
};

/* What is known of a directive; for one that systemd 257 does not have in that section: text whose
 * change takes a restart, or nothing for names with X-. */
struct directive_type directive_type(struct arena *a, const char *section, const char *key);

/* Calls each for every row. For tests. */
void directive_each(void (*each)(const char *section, const struct directive_type *type, void *u),
	void *userdata);

/* A value in one spelling: "yes" is "true", "1min" is "60s". In the arena, or the value itself. */
const char *directive_value(struct arena *a, const struct directive_type *type, const char *value);

/* What systemd takes a directive for without an assignment; NULL: that depends. In the arena. */
const char *directive_default(struct arena *a, const struct directive_type *type);

/* A directive as all files of the unit together have it. */
struct setting {
	const char *section;
	struct directive_type type;
	size_t n;
	const char **values; /* as written: of a list of words each word */
	/* The assignments as written that count, and which of all in the files each is. */
	size_t n_lines;
	const char **lines;
	unsigned *places;
};

/* The settings of a unit without [Install]; by section and key. None of a masked unit. -ENODATA:
 * the content of a file is not known (it is a secret). -EBADMSG: systemd cannot read its fragment
 * to the end, and loads no such unit. */
int unit_settings(
	struct arena *a, const struct unit_config *c, struct setting **ret, size_t *ret_n);

/* What systemd makes of it, in one form that settings share if it makes the same of them. False:
 * that is not sure, and only what is written alike is the same. s NULL: there is none. In the
 * arena. */
bool setting_meaning(struct arena *a, const struct directive_type *type, const struct setting *s,
	const char ***ret, size_t *ret_n);

struct difference {
	const char *section, *key;
	enum directive_kind kind;
	enum directive_class class;
	size_t n_old, n_new;
	const char **old, **new;
};

/*
 * What differs between two configurations of a unit, by section and key. The greatest class of them
 * in *ret_class; CLASS_RESTART with no difference listed where contents are unknown, or the unit is
 * there or masked on one side alone. In the arena.
 */
void unit_differences(struct arena *a, const struct unit_config *before,
	const struct unit_config *after, struct difference **ret, size_t *ret_n,
	enum directive_class *ret_class);

/* Whether the processes of the unit can do more with the new value than with the old one. False
 * also where the two cannot be compared. */
bool difference_weakens(struct arena *a, const struct difference *d);

#endif
