/*
 * Errors: one text on the caller's stack, set where the failure happens, prefixed on the way up,
 * printed once. Nothing here prints or exits.
 * Called by everything.
 */
#ifndef L4SYNC_ERR_H
#define L4SYNC_ERR_H

#include <stddef.h>

/*
 * What went wrong, for a person. Functions that take one return 0 or a negative errno value; on
 * failure they have called err_set() exactly once. A NULL pointer is allowed: the text is lost.
 */
struct err {
	char *text; /* owned; NULL while nothing is wrong */
	int exit;   /* the exit status it should lead to (SPEC 7); 0 means 1 */
};

#define ERR_INIT ((struct err){0})
#define _cleanup_err_ __attribute__((cleanup(err_clear)))

/* Sets the text; returns code, which is negative (-EINVAL and the like). An earlier text is freed.
 */
int err_set(struct err *e, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Like err_set, with ": " and the text of errno value -code appended. */
int err_errno(struct err *e, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Puts "PREFIX: " before the text. Returns code, so that `return err_prefix(...)` works. */
int err_prefix(struct err *e, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* As err_set, and says which exit status the program should end with (SPEC 7). */
int err_exit(struct err *e, int exit_status, int code, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

const char *err_text(const struct err *e); /* never NULL */
void err_clear(struct err *e);

/* Where in the state something stands. file is relative to the state ("root/etc/x"). */
struct where {
	const char *file; /* not owned (an arena); NULL: nowhere in particular */
	unsigned line;    /* from 1; 0: the file as a whole */
	unsigned column;  /* from 1; 0: the line as a whole */
};

/* Errors of the state are collected, so that up to 20 are shown at once. */
#define DIAG_MAX 20

struct diag {
	struct where where;
	char *text; /* owned by the list's arena */
};

struct arena;

struct diags {
	struct arena *arena; /* holds the texts and file names; set by the owner before use */
	/* The order in which they are kept, so that the first DIAG_MAX of all that are reported
	 * are; equal ones as they were reported. NULL: all as they were reported. */
	int (*compare)(const struct where *a, const struct where *b);
	size_t n;     /* kept, at most DIAG_MAX */
	size_t total; /* reported */
	struct diag items[DIAG_MAX];
};

/* Adds one, in its place; always returns -EINVAL. The where's file name is copied. */
int diag_add(struct diags *d, struct where where, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* By line and column; the file is left to the caller. */
int where_compare(const struct where *a, const struct where *b);

/* "root/etc/x:3:7"; NULL for nowhere in particular. The string is the arena's. */
const char *where_text(struct arena *a, const struct where *w);
/* "root/etc/x:3:7: text"; the string is the arena's. */
const char *diag_text(struct arena *a, const struct diag *d);

#endif
