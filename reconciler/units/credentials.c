/*
 * LoadCredential= and the like: NAME:VALUE, of each name the last (systemd.exec(5)). What is last
 * is systemd's to know, which refuses some; here only the order of what has one name is kept.
 * Pure. Called by lists.c and differences.c.
 */
#include <string.h>

#include "directives.h"

/* The size of the name; false: systemd may read it as another. */
static bool name_of(const char *line, size_t *ret)
{
	*ret = strcspn(line, ":");
	return strcspn(line, "\"'\\%") >= *ret;
}

static int compare_names(const char *a, const char *b)
{
	size_t n = strcspn(a, ":"), m = strcspn(b, ":");
	int c = memcmp(a, b, n < m ? n : m);

	return c ? c : (n > m) - (n < m);
}

void credentials_sort(struct items *list)
{
	size_t n;

	for (size_t i = 0; i < list->n; i++)
		if (!name_of(list->items[i], &n))
			return;
	for (size_t i = 1; i < list->n; i++) {
		const char *item = list->items[i];
		size_t at = i;

		for (; at && compare_names(list->items[at - 1], item) > 0; at--)
			list->items[at] = list->items[at - 1];
		list->items[at] = item;
	}
}

bool credentials_share(const struct setting *x, const struct setting *y)
{
	size_t n;

	for (size_t i = 0; x && y && i < x->n_lines; i++)
		for (size_t j = 0; j < y->n_lines; j++)
			if (!name_of(x->lines[i], &n) || !name_of(y->lines[j], &n) ||
				!compare_names(x->lines[i], y->lines[j]))
				return true;
	return false;
}
