/*
 * The commands and flags of this version: one table from which the command line is parsed, and
 * help and completion are printed.
 * Called by the options, the far end (which commands it answers) and main.
 */
#ifndef L4SYNC_COMMAND_H
#define L4SYNC_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct command {
	const char *name;
	unsigned bit;         /* in struct flag's commands */
	const char *summary;  /* one line; NULL: hidden */
	const char *text;     /* paragraphs of `l4sync COMMAND --help` */
	const char *argument; /* "GEN"; in brackets: optional; NULL: it takes none */
	bool several;         /* any number of them */
	bool writes;          /* changes the host: goes on when nobody listens any more */
	bool markdown;        /* has something to show that way */
};

/* How a flag's value is stored in struct request. */
enum flag_kind {
	FLAG_TRUE,   /* bool */
	FLAG_TEXT,   /* const char * */
	FLAG_PATH,   /* const char *, made absolute */
	FLAG_SOURCE, /* const char *, made absolute if it begins with a dot */
	FLAG_NUMBER, /* unsigned long */
	FLAG_TIME,   /* unsigned long, seconds */
	FLAG_ONLY,
	FLAG_FORMAT,
	FLAG_JSON,
	FLAG_COLOR,
	FLAG_VERBOSE,
	FLAG_QUIET,
	FLAG_HELP,
	FLAG_VERSION,
};

struct flag {
	const char *name;  /* without dashes; NULL: only a letter */
	char letter;       /* 0: none */
	const char *value; /* "HOST"; NULL: takes none; in brackets: optional, after = */
	unsigned commands; /* bits of those it goes with */
	enum flag_kind kind;
	size_t offset;    /* in struct request */
	const char *help; /* NULL: command_formats() */
};

extern const struct command command_table[]; /* ends with a NULL name */
extern const struct flag flag_table[];       /* ends with neither name nor letter */

/* NULL if there is none of that name. */
const struct command *command_find(const char *name);
/* What --format takes, as words; c NULL: any command's. */
const char *command_formats(const struct command *c);
/* The nearest name of a command that is not hidden, or NULL. */
const char *command_nearest(const char *name);
/* The nearest name of a flag, with its dashes left out, or NULL. */
const char *flag_nearest(const char *name);

/* c NULL: of the program. At most 80 columns wide. */
void help_print(FILE *f, const struct command *c);
/* Words for the shell, one a line: commands, or the flags of c ("--ref=" takes a value). */
void completion_print(FILE *f, const struct command *c);

#endif
