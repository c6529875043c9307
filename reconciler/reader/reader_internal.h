/*
 * The parts of the reader among themselves, in the order in which reader_read() calls them.
 * Called by nobody else.
 */
#ifndef L4SYNC_READER_INTERNAL_H
#define L4SYNC_READER_INTERNAL_H

#include "l4sync/reader.h"

#define MANIFEST "l4sync.yaml"
#define HOSTS_DIR "hosts"

/*
 * Reads l4sync.yaml and hosts/NAME.yaml into r->manifest and r->vars. -EINVAL: reported, and so
 * much is wrong that nothing else can be read. -EPERM, -ENOTSUP: reported alone, the state is not
 * for this host or this version.
 * What is wrong in single keys is reported too, with 0.
 */
int manifest_read(struct reader *r);

/* `lint:` into the want's metas. Reports. */
void lint_read(struct reader *r);

/* Whether a key of the manifest is no module's. */
bool manifest_owns(const char *key);

/* A directory whose files are shipped. */
struct shipped_tree {
	struct tree *tree; /* the state's, or another repository's */
	const char *dir;   /* in it; "": all of it */
	const char *label; /* how messages name the other repository; NULL: it is the state's */
};

/* Those of trees:, all of which are there; ended by one without a tree, in r->arena. Reports, and
 * sets r->tree_missing. */
const struct shipped_tree *manifest_trees(struct reader *r);

/* What the trees ship, as resources into r->want. Reports. */
void tree_want_read(struct reader *r);

/* What only the whole shows, once the modules have parsed their sections: the content that links
 * in unit directories lead to, parent directories, paths and units given twice. Reports. */
void tree_want_finish(struct reader *r);

#endif
