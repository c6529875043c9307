/*
 * The lines of a unit file, systemd.syntax(7).
 * Called by the unit index and by the report of what a changed unit file means.
 */
#ifndef L4SYNC_UNIT_SYNTAX_H
#define L4SYNC_UNIT_SYNTAX_H

#include <stdbool.h>

#include "l4sync/mem.h"
#include "l4sync/resources.h"

struct assignment {
	const char *section, *key;
	const char *value; /* its continuation lines joined */
	unsigned line;     /* of the key, from 1 */
};

/* Calls each for the assignments of a unit file, in order; its non-zero return ends the parsing
 * with it. content NULL: none. Comments, empty lines and what stands outside of a section are left
 * out. -EBADMSG: systemd stops there: a line that is not UTF-8 or longer than 1 MiB, a section's
 * name without its bracket. */
int unit_file_parse(struct arena *a, const struct content *content,
	int (*each)(const struct assignment *assignment, void *userdata), void *userdata);

enum word_how {
	WORD_QUOTES = 1,      /* quotes are taken away; else they are letters */
	WORD_ESCAPES = 2,     /* C escapes are what they stand for; else a backslash goes */
	WORD_BACKSLASHES = 4, /* backslashes are letters */
	WORD_RELAXED = 8,     /* with WORD_ESCAPES: what is no escape stays */
};
/* The next word of *p, behind which *p then is: 1. At the end 0; -EINVAL: a quote without its
 * other, what is no escape. */
int unit_word(struct arena *a, const char **p, unsigned how, const char **ret);

/* The next word of a command at *p, which moves behind it: without quotes and escapes. NULL at the
 * end, and where a quote is without its other. In the arena. */
const char *unit_word_next(struct arena *a, const char **p);

/* Whether two files make the same assignments in the same order: whether they differ only in
 * comments and white space. Either may be NULL. */
bool unit_file_same(const struct content *a, const struct content *b);

#endif
