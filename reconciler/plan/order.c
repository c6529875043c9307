/*
 * The order of restarts and of actions: what must come after what, then natural order (plan.h).
 * Pure. Called when a state is read, when a plan is made and again when it is applied.
 */
#include <errno.h>
#include <string.h>

#include "l4sync/mem.h"
#include "l4sync/plan.h"
#include "l4sync/text.h"

/* Among those that wait for nothing, the first in natural order; n if there is none. */
static size_t next_free(const char *const *names, const size_t *waits, const bool *done, size_t n)
{
	size_t best = n;

	for (size_t i = 0; i < n; i++)
		if (!done[i] && !waits[i] &&
			(best == n || text_natural_cmp(names[i], names[best]) < 0))
			best = i;
	return best;
}

/* Who still waits for `then`, or n. */
static size_t blocker(
	size_t then, const struct unit_edge *edges, size_t n_edges, const bool *done, size_t n)
{
	for (size_t i = 0; i < n_edges; i++)
		if (edges[i].then == then && !done[edges[i].first])
			return edges[i].first;
	return n;
}

/* Walking from blocker to blocker must come back to where it was: that part is the cycle. */
static int report_cycle(struct arena *a, const char *what, const char *const *names, size_t n,
	const struct unit_edge *edges, size_t n_edges, const bool *done, struct err *e)
{
	size_t *seen_at = arena_array(a, size_t, n);
	size_t *path = arena_array(a, size_t, n + 1);
	size_t length = 0, at = 0;
	_cleanup_buf_ struct buf text = BUF_INIT;

	while (done[at])
		at++;
	while (!seen_at[at]) {
		path[length++] = at;
		seen_at[at] = length;
		at = blocker(at, edges, n_edges, done, n);
	}
	for (size_t i = seen_at[at] - 1; i < length; i++)
		buf_addf(&text, "%s after ", names[path[i]]);
	buf_adds(&text, names[at]);
	return err_set(e, -ELOOP, "the order of %s has a cycle: %s", what, text.data);
}

int order_units(struct arena *a, const char *what, const char *const *names, size_t n,
	const struct unit_edge *edges, size_t n_edges, size_t **ret_order, struct err *e)
{
	size_t *order = arena_array(a, size_t, n);
	size_t *waits = arena_array(a, size_t, n);
	bool *done = arena_array(a, bool, n);

	for (size_t i = 0; i < n_edges; i++)
		waits[edges[i].then]++;
	for (size_t k = 0; k < n; k++) {
		size_t next = next_free(names, waits, done, n);

		if (next == n)
			return report_cycle(a, what, names, n, edges, n_edges, done, e);
		order[k] = next;
		done[next] = true;
		for (size_t i = 0; i < n_edges; i++)
			if (edges[i].first == next)
				waits[edges[i].then]--;
	}
	*ret_order = order;
	return 0;
}
