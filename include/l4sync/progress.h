/*
 * The progress line: a thread that shows what is going on once it has taken half a second, so
 * that nobody who works has to look at a clock.
 * Called by the terminal only.
 */
#ifndef L4SYNC_PROGRESS_H
#define L4SYNC_PROGRESS_H

#include <stdbool.h>
#include <stdio.h>

struct progress;

/* f: a terminal. NULL if there can be no thread: then there is no progress line. */
struct progress *progress_new(FILE *f, bool color, bool utf8);
void progress_free(struct progress *g); /* NULL is allowed; the line is erased */

/* text NULL: nothing takes time any more. Copied. */
void progress_set(struct progress *g, const char *text);

/* Between the two the line is erased and stays so: for writing to the same terminal. NULL is
 * allowed. */
void progress_hide(struct progress *g);
void progress_show(struct progress *g);

#endif
