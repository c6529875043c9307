/*
 * What the reader's child hands over: the canonical form of the want, or why there is none, in a
 * form of lines as strict:
 *
 *	l4sync-failure 1
 *	code 22                                errno
 *	error TEXT                             unless only the state is at fault
 *	diag LINE COLUMN<TAB>FILE<TAB>TEXT     up to DIAG_MAX; FILE empty: nowhere in particular
 *	total N                                diagnostics that there would have been
 *	end
 *
 * Texts are escaped as in the canonical form.
 * Called by reader_run(), on both sides.
 */
#ifndef L4SYNC_ANSWER_H
#define L4SYNC_ANSWER_H

#include "l4sync/err.h"
#include "l4sync/mem.h"
#include "l4sync/module.h"
#include "l4sync/reader.h"

void answer_write_failure(struct buf *out, int code, const struct err *e, const struct diags *d);

/* "URL REF COMMIT", the value of the meta "source", each escaped: split it from the right. A plain
 * directory (pulled NULL) is "DIR - -". */
const char *answer_source(struct arena *a, const struct reader_job *job, const struct pulled *p);

/* The same of another repository. */
const char *answer_source_of(struct arena *a, const char *url, const struct pulled *p);

/*
 * Judges an answer. The child may have been taken over by what it read, so: a want is taken only
 * if it reads back, is for the job's host and source (those of other repositories are well-formed),
 * and every resource passes its module's check;
 * texts are made printable. As reader_run() returns; -EBADMSG for what this child should never say.
 */
int answer_take(const void *data, size_t size, const struct reader_job *job,
	const struct module *const *modules, struct arena *a, struct resources **ret,
	struct diags *diags, struct err *e);

#endif
