/*
 * Other repositories that a state names, in the reader's child: each URL pulled and each rev
 * resolved once a run.
 * Called by run.c.
 */
#ifndef L4SYNC_READER_SOURCES_H
#define L4SYNC_READER_SOURCES_H

#include "l4sync/reader.h"

struct sources;

/* job outlives it. say gets what it is doing. */
struct sources *sources_new(struct arena *a, const struct reader_job *job,
	void (*say)(void *userdata, const char *text), void *userdata);
/* What was opened is closed, and forgotten. */
void sources_close(struct sources *s);

/* For reader_read_with(). The state's own repository was pulled as own; NULL: it is a directory. */
const struct reader_sources *sources_reader(struct sources *s, const struct pulled *own);

/* "source URL REF COMMIT" metas behind the state's own, which is first. */
void sources_metas(const struct sources *s, struct resources *want);

/* Whether one of the copies is damaged: it is set aside then, to be pulled anew. */
bool sources_damaged(struct sources *s);

#endif
