/*
 * Mistakes in a state, and hardening without effect, found in the rendered want: one table of
 * rules (reconciler/lint/rules.c), what the manifest silences left out.
 * Called by the pipeline, the verb lint and the reader (of `lint:`).
 */
#ifndef L4SYNC_LINT_H
#define L4SYNC_LINT_H

#include <stdbool.h>
#include <stddef.h>

#include "l4sync/analyze.h"
#include "l4sync/err.h"
#include "l4sync/plan.h"
#include "l4sync/unit_view.h"

/* The meta of a want that holds one entry of `lint: {ignore: […]}`. */
#define LINT_IGNORE_META "lint-ignore"

struct lint_job {
	struct arena *arena;
	const struct resources *want; /* sorted */
	struct unit_view *view;       /* of the host, or of an empty tree */
	bool host_known; /* what the state does not have can be looked for on the host */
	/* What systemd-analyze has said already, of some units, or NULL; else it is asked of all
	 * units of the state. */
	const struct complaints *complaints;
	bool complaints_alone; /* nothing else is looked at */
};

struct lint_notes {
	size_t n_silenced;
	const char *unanalyzed; /* why systemd-analyze was not asked; NULL: it was */
};

/*
 * Adds a finding of kind lint for each rule that a place of the state breaks, and for each ignore
 * that silences nothing (unless it is for a rule that only a host can tell). where: file:line of
 * the state. ret_notes may be NULL.
 */
int lint_want(const struct lint_job *job, struct findings *ret, struct lint_notes *ret_notes,
	struct err *e);

size_t lint_rules(void); /* how many there are */
/* All codes, NULL-terminated. In the arena. */
const char *const *lint_codes(struct arena *a);

struct lint_ignore {
	const char *from;   /* where the manifest says so, "l4sync.yaml:9:5" */
	const char *code;   /* of a rule */
	const char *where;  /* a glob over the file of the finding */
	const char *reason; /* one line */
};

/* As the value of a meta, and back; strictly, for the root part trusts nothing else. In the arena.
 * False: it is no such value. */
const char *lint_ignore_format(struct arena *a, const struct lint_ignore *i);
bool lint_ignore_parse(struct arena *a, const char *value, struct lint_ignore *ret);

#endif
