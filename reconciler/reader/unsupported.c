/*
 * The table of what is not supported yet (unsupported.h). Whoever adds something deletes its row.
 * Called by the reader and the modules' parse functions.
 */
#include "l4sync/unsupported.h"

#include <errno.h>
#include <string.h>

/* Ended by a row without a word. */
static const struct row {
	const char *scope; /* where it stands; "" is the manifest itself */
	const char *word;  /* a key */
} rows[] = {
	{NULL, NULL},
};

static bool is_unsupported(const char *scope, const char *word)
{
	for (size_t i = 0; rows[i].word; i++)
		if (!strcmp(rows[i].scope, scope) && !strcmp(rows[i].word, word))
			return true;
	return false;
}

int unsupported_keys(const char *scope, const struct node *map, struct diags *diags)
{
	int r = 0;

	for (size_t i = 0; i < map->n; i++)
		if (is_unsupported(scope, map->keys[i]->text))
			r = diag_add(diags, map->keys[i]->where,
				"%s: is not supported by this version of l4sync",
				map->keys[i]->text);
	return r;
}

const char *unsupported_next(const char *scope, size_t *n)
{
	while (rows[*n].word)
		if (!strcmp(rows[(*n)++].scope, scope))
			return rows[*n - 1].word;
	return NULL;
}
