/*
 * What the verdict on an action is made of (actions_internal.h): the order of all actions, what
 * each runs for, what of that has changed since it succeeded. Pure. Called by actions.c.
 */
#include <string.h>

#include "l4sync/text.h"

#include "actions_internal.h"

const struct change *action_change(const struct plan *p, const char *id)
{
	for (size_t i = 0; i < p->n_changes; i++)
		if (!strcmp(p->changes[i].id, id))
			return &p->changes[i];
	return NULL;
}

static bool is_needed(const struct resource *first, const struct resource *then)
{
	return resource_has(first, "then", resource_name(then->id)) ||
	       resource_has(then, "needs", resource_name(first->id));
}

/* All actions of the want, those first that others follow or need. */
int actions_in_order(struct planning *x, struct err *e)
{
	const struct resources *want = x->plan->want;
	struct arena *a = x->plan->arena;
	const struct resource **items = arena_array(a, const struct resource *, want->n);
	const char **all = arena_array(a, const char *, want->n);
	struct unit_edge *edges;
	size_t n = 0, n_edges = 0, *order;

	for (size_t i = 0; i < want->n; i++)
		if (resource_is(want->items[i], "action")) {
			all[n] = resource_name(want->items[i]->id);
			items[n++] = want->items[i];
		}
	edges = arena_array(a, struct unit_edge, n * n);
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < n; j++)
			if (is_needed(items[i], items[j]))
				edges[n_edges++] = (struct unit_edge){i, j};
	int r = order_units(a, "actions", all, n, edges, n_edges, &order, e);
	if (r < 0)
		return r;
	x->items = arena_array(a, struct candidate, n);
	x->n = n;
	for (size_t i = 0; i < n; i++)
		x->items[i] = (struct candidate){.item = items[order[i]], .name = all[order[i]]};
	return 0;
}

static const char *recorded_identity(const struct candidate *c, const char *id)
{
	for (size_t i = 0; c->record && i < c->record->n_inputs; i++)
		if (!strcmp(c->record->inputs[i].id, id))
			return c->record->inputs[i].identity;
	return NULL;
}

static void add_because(struct candidate *c, const char *id)
{
	for (size_t i = 0; i < c->n_because; i++)
		if (!strcmp(c->because[i], id))
			return;
	c->because[c->n_because++] = id;
}

/* One that is another than when the action succeeded, or changes with this plan. */
static void take_input(
	struct candidate *c, const char *id, const char *now, const char *before, bool changes)
{
	const char *recorded = recorded_identity(c, id);

	c->facts.has_triggers = true;
	c->inputs.now[c->inputs.n] = (struct action_input){id, now};
	c->inputs.before[c->inputs.n++] = (struct action_input){id, before};
	c->facts.now |= changes;
	if (!changes && recorded && !strcmp(recorded, now))
		return;
	c->facts.triggered = true;
	/* Without a record all are new: that is said otherwise. */
	if (changes || recorded || (c->record && c->record->n_done))
		add_because(c, id);
}

static void take_resource(struct planning *x, struct candidate *c, const char *id)
{
	struct arena *a = x->plan->arena;
	const struct resource *want = resources_find(x->plan->want, id);
	const struct change *change = action_change(x->plan, id);
	const char *now = resource_identity(a, want, NULL, x->key);
	const char *before = now;

	if (change)
		before = resource_identity(
			a, change->live, change->base ? change->base : change->want, x->key);
	take_input(c, id, now, before, change);
}

/* An action that it follows: by the moment at which that has succeeded. */
static void take_leader(struct planning *x, struct candidate *c, const struct candidate *leader)
{
	struct arena *a = x->plan->arena;
	unsigned long long usec = leader->record ? leader->record->succeeded_usec : 0;
	const char *now = arena_printf(a, "%llu", usec);

	take_input(c, leader->item->id, now, now, leader->runs);
}

/* What it ran for and is not in the state any more has changed, too. */
static void take_gone(struct planning *x, struct candidate *c)
{
	for (size_t i = 0; c->record && i < c->record->n_inputs; i++) {
		const char *id = c->record->inputs[i].id;
		const struct change *change = action_change(x->plan, id);

		if (resources_find(x->plan->want, id) || text_starts(id, "action:"))
			continue;
		c->facts.has_triggers = c->facts.triggered = true;
		c->facts.now |= change != NULL;
		add_because(c, id);
	}
}

enum action_known action_known(const struct candidate *c)
{
	const struct action_record *x = c->record;

	if (!x)
		return KNOWN_NEVER;
	if (x->pending)
		return KNOWN_PENDING;
	/* What is to be run once is so in each of its definitions, also if the state goes back to
	 * an earlier one; what runs for others made them with the last. */
	for (size_t i = c->facts.has_triggers && x->n_done ? x->n_done - 1 : 0; i < x->n_done; i++)
		if (!strcmp(x->done[i], c->definition))
			return KNOWN_DONE;
	return x->n_done ? KNOWN_OTHER : KNOWN_NEVER;
}

void action_take_facts(struct planning *x, struct candidate *c)
{
	struct arena *a = x->plan->arena;
	const struct resource *item = c->item;
	size_t most = item->n_attrs + x->n;

	c->record = action_record_find(x->source->records, c->name);
	c->definition = action_definition(a, item);
	c->inputs.now = arena_array(a, struct action_input, most);
	c->inputs.before = arena_array(a, struct action_input, most);
	c->because = arena_array(a, const char *, most + (c->record ? c->record->n_inputs : 0) + 1);
	for (size_t i = 0; i < item->n_attrs; i++)
		if (!strcmp(item->attrs[i].key, "on_change"))
			take_resource(x, c, item->attrs[i].value);
	for (struct candidate *other = x->items; other < c; other++)
		if (resource_has(other->item, "then", c->name))
			take_leader(x, c, other);
	take_gone(x, c);
	c->facts.known = action_known(c);
}
