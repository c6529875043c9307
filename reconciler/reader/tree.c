/*
 * Closing a tree, of whichever kind (tree.h).
 * Called by the reader.
 */
#include "l4sync/tree.h"

void tree_free(struct tree *t)
{
	if (t)
		t->ops->free(t);
}

void tree_freep(struct tree **t)
{
	tree_free(*t);
	*t = NULL;
}
