/*
 * The restarts that actions bring along (actions_internal.h): of what runs when they are run, and
 * of what was started before they were and has not been restarted since. Touches nothing. Called by
 * actions.c.
 */
#include <string.h>

#include "actions_internal.h"

static bool is_meant(struct arena *a, const char *name, const char *unit)
{
	const char *template = unit_name_template(a, unit);

	return !strcmp(name, unit) || (template && !strcmp(name, template));
}

/* A running unit that has to be restarted because the action is run, or was run since it started.
 */
static void restart_unit(struct planning *x, const struct candidate *c, const char *unit,
	unsigned long long started_usec)
{
	struct effects *f = &x->plan->effects;
	unsigned long long succeeded = c->record ? c->record->succeeded_usec : 0;

	if (c->runs) {
		meaning_restart(&x->d, unit, c->item->id);
		return;
	}
	/* One that failed, or was cut off, behind the action; what is never restarted was said
	 * then. */
	if (!succeeded || !started_usec || started_usec > succeeded ||
		!strcmp(restart_mode(x->plan, unit), "never"))
		return;
	bool own = !effects_find(f, ACTION_RESTART, unit);
	effect_add(f, ACTION_RESTART, unit, c->item->id);
	if (own)
		effects_find(f, ACTION_RESTART, unit)->older_than_usec = succeeded;
}

int action_restarts(struct planning *x, const struct candidate *c, struct err *e)
{
	struct arena *a = x->plan->arena;
	const struct unit_status *units;
	const char **found;
	uint64_t *started, read_usec;
	size_t n_units, n = 0;
	struct bus *bus;

	if (!resource_get(c->item, "restart") || (!c->runs && !c->record) ||
		!x->source->selects(x->source->userdata, c->item->id))
		return 0;
	int r = unit_view_list(x->d.view, &units, &n_units, e);
	if (r < 0)
		return r;
	found = arena_array(a, const char *, n_units * c->item->n_attrs);
	for (size_t i = 0; i < c->item->n_attrs; i++)
		for (size_t k = 0; k < n_units && !strcmp(c->item->attrs[i].key, "restart"); k++)
			if (unit_status_running(&units[k]) &&
				is_meant(a, c->item->attrs[i].value, units[k].name))
				found[n++] = units[k].name;
	if (!n)
		return 0;
	started = arena_array(a, uint64_t, n);
	r = host_bus(unit_view_host(x->d.view), &bus, e);
	if (r >= 0)
		r = bus_units_started(bus, a, found, n, started, &read_usec, e);
	for (size_t i = 0; i < n && r >= 0; i++)
		restart_unit(x, c, found[i], started[i]);
	return r;
}
