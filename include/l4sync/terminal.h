/*
 * Where text goes: standard output and error, what they can show, a progress line that comes and
 * goes, the question.
 * Called by the sinks only.
 */
#ifndef L4SYNC_TERMINAL_H
#define L4SYNC_TERMINAL_H

#include <stdbool.h>
#include <stdio.h>

#include "l4sync/paint.h"

struct progress;

struct terminal {
	FILE *out, *err;
	bool color_out, color_err;
	bool utf8;
	bool asks;                 /* somebody is there to answer */
	size_t width;              /* columns */
	size_t width_line;         /* the same for lines that somebody looks for: SIZE_MAX if out
				    * is no terminal */
	size_t width_err;          /* the same of err; SIZE_MAX: no terminal, nothing is wrapped */
	bool together;             /* both streams go to one place */
	int verbosity;             /* as struct request's */
	int error;                 /* of writing to out, the first: negative errno */
	struct progress *progress; /* NULL: none is shown */
};

/* Standard output and error. color: -1 by the terminal, NO_COLOR and TERM; 0; 1. */
void terminal_init(struct terminal *t, int color, int verbosity);
/* Ends the progress line; returns t->error. Does not close the streams. */
int terminal_close(struct terminal *t);

/* A paint for that stream; terminal_show() writes it there and frees it. */
struct paint terminal_paint(const struct terminal *t, FILE *f);
void terminal_show(struct terminal *t, FILE *f, struct paint *p);

/* What takes time now, shown (on a terminal) once something has taken half a second; NULL: over. */
void terminal_progress(struct terminal *t, const char *text);

/* Returns as struct sink's ask. */
int terminal_ask(struct terminal *t, const char *question);

#endif
