/*
 * The order of effects: SPEC 6's phases, and among the units of one phase systemd's After=, then
 * the state's `after:`, then natural order.
 * Touches nothing. Called by effects.c.
 */
#include <errno.h>
#include <string.h>

#include "l4sync/module.h"
#include "l4sync/text.h"

#include "effects_internal.h"

struct edges {
	size_t n, cap;
	struct unit_edge *items; /* malloc'd */
};

static void edge_add(struct edges *x, size_t first, size_t then)
{
	for (size_t i = 0; i < x->n; i++)
		if (x->items[i].first == first && x->items[i].then == then)
			return;
	x->items = grow(x->items, &x->cap, x->n, sizeof(*x->items));
	x->items[x->n++] = (struct unit_edge){first, then};
}

/* Whether `after: [x]` means this unit: by name, or as the template of an instance. */
static bool names_unit(struct arena *a, const char *x, const char *unit)
{
	const char *template = unit_name_template(a, unit);

	return !strcmp(x, unit) || (template && !strcmp(x, template));
}

static void policy_edges(struct deriving *d, const char *const *names, size_t n, struct edges *x)
{
	struct arena *a = d->plan->arena;

	for (size_t i = 0; i < n; i++) {
		const struct resource *policy = unit_policy(a, d->plan->want, names[i]);

		for (size_t k = 0; policy && k < policy->n_attrs; k++)
			for (size_t j = 0; j < n; j++)
				if (!strcmp(policy->attrs[k].key, "restart.after") && j != i &&
					names_unit(a, policy->attrs[k].value, names[j]))
					edge_add(x, j, i);
	}
}

/* Before the one that carries them they would be restarted twice, whatever After= says: systemd
 * orders the two by itself, in one go. */
static void carried_edges(struct deriving *d, const struct effect *items, const char *const *names,
	size_t n, struct edges *x)
{
	size_t kept = 0;

	for (size_t i = 0; i < x->n; i++)
		if (!effect_is_carried(
			    &d->plan->effects, &items[x->items[i].first], names[x->items[i].then]))
			x->items[kept++] = x->items[i];
	x->n = kept;
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; items[i].carried_by && j < n; j++)
			if (!strcmp(items[i].carried_by, names[j]))
				edge_add(x, j, i);
}

static int systemd_edges(struct deriving *d, const char *const *names, size_t n, struct edges *x)
{
	struct arena *a = d->plan->arena;
	struct unit_details *details = arena_array(a, struct unit_details, n);
	struct bus *bus;
	int r = host_bus(unit_view_host(d->view), &bus, d->e);

	if (r < 0)
		return r;
	r = bus_unit_details(bus, a, names, n, false, details, d->e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++)
		for (const char **after = details[i].after; after && *after; after++)
			for (size_t j = 0; j < n; j++)
				if (j != i && !strcmp(*after, names[j]))
					edge_add(x, j, i);
	return 0;
}

/* Orders the effects of one action; they stand next to each other from `from` on. */
static int order_action(struct deriving *d, size_t from, size_t n)
{
	struct arena *a = d->plan->arena;
	struct effect *items = d->plan->effects.items + from;
	const char **names = arena_array(a, const char *, n);
	struct effect *copy = arena_array(a, struct effect, n);
	struct edges x = {0};
	size_t *order;
	int r = 0;

	for (size_t i = 0; i < n; i++)
		names[i] = items[i].target;
	if (items->action == ACTION_START || items->action == ACTION_RESTART ||
		items->action == ACTION_RELOAD) {
		policy_edges(d, names, n, &x);
		if (d->live)
			r = systemd_edges(d, names, n, &x);
		carried_edges(d, items, names, n, &x);
	}
	if (r >= 0)
		r = order_units(a, "restarts", names, n, x.items, x.n, &order, d->e);
	free(x.items);
	if (r < 0)
		return r;
	memcpy(copy, items, n * sizeof *copy);
	for (size_t i = 0; i < n; i++)
		items[i] = copy[order[i]];
	return 0;
}

static int compare_ranks(const void *a, const void *b)
{
	const struct effect *x = a, *y = b;

	return x->rank < y->rank ? -1 : x->rank > y->rank;
}

static unsigned long long settle_of(struct deriving *d, const char *unit)
{
	const struct resource *policy = unit_policy(d->plan->arena, d->plan->want, unit);
	const char *settle = policy ? resource_get(policy, "restart.settle") : NULL;

	return settle ? strtoull(settle, NULL, 10) : SETTLE_DEFAULT_NS;
}

void effects_settle(struct deriving *d)
{
	struct effects *f = &d->plan->effects;

	for (size_t i = 0; i < f->n; i++)
		if (f->items[i].action == ACTION_START || f->items[i].action == ACTION_RESTART ||
			f->items[i].action == ACTION_RELOAD)
			f->items[i].settle_ns = settle_of(d, f->items[i].target);
}

static int compare_actions(const void *a, const void *b)
{
	return (int)((const struct effect *)a)->action - (int)((const struct effect *)b)->action;
}

int effects_order(struct deriving *d)
{
	struct effects *f = &d->plan->effects;

	if (f->n)
		qsort(f->items, f->n, sizeof(*f->items), compare_actions);
	for (size_t from = 0, to; from < f->n; from = to) {
		for (to = from + 1; to < f->n && f->items[to].action == f->items[from].action;)
			to++;
		if (f->items[from].action == ACTION_RUN) {
			qsort(f->items + from, to - from, sizeof(*f->items), compare_ranks);
		} else if (to - from > 1) {
			int r = order_action(d, from, to - from);

			if (r < 0)
				return r;
		}
	}
	return 0;
}
