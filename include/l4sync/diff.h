/*
 * What differs between two contents, for a person: a unified diff, or a sentence where a diff
 * would show nothing useful or something secret.
 * Called by the report of plans and by the verbs show and diff.
 */
#ifndef L4SYNC_DIFF_H
#define L4SYNC_DIFF_H

#include <stdbool.h>

#include "l4sync/err.h"
#include "l4sync/hash.h"
#include "l4sync/mem.h"
#include "l4sync/resources.h"

#define DIFF_SIZE_MAX (1u << 20) /* bytes of one side; past it the sizes are told */

/*
 * *ret is NULL when they are the same (content_same), else text in the arena:
 *	a unified diff, every line ended by a newline: "--- PATH" and "+++ PATH" (escaped as by
 *	text_escape; /dev/null for a side that is absent), hunks with 3 lines of context;
 *	or one sentence without a newline: "binary, 1234 → 1300 bytes", "too large to show, …",
 *	"content not at hand, …", and for secrets only "differs".
 * old, new: NULL: absent. Their bytes are asked for before (history_content). secret: either side
 * is a secret's; a keyed content is one anyway. key: the host's, may be NULL.
 */
int content_diff(struct arena *a, const char *path, const struct content *old,
	const struct content *new, bool secret, const unsigned char key[HASH_SIZE],
	const char **ret, struct err *e);

#endif
