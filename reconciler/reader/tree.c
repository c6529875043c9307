/*
 * What trees of both kinds have in common (tree.h).
 * Called by the reader.
 */
#include "l4sync/tree.h"

#include <string.h>

int tree_entry_compare(const void *a, const void *b)
{
	return strcmp(((const struct tree_entry *)a)->path, ((const struct tree_entry *)b)->path);
}

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
