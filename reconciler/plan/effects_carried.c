/*
 * Restarts that systemd does along with others: what requires, is bound to or part of a restarted
 * unit. They are shown, ordered behind it and watched like all others, and not done twice.
 * Touches nothing. Called by effects.c.
 */
#include <string.h>

#include "l4sync/bus.h"

#include "effects_internal.h"

bool effect_is_carried(const struct effects *f, const struct effect *x, const char *by)
{
	for (; x && x->carried_by; x = effects_find(f, ACTION_RESTART, x->carried_by))
		if (!strcmp(x->carried_by, by))
			return true;
	return false;
}

/* One unit that the restart of effect number `of` carries along. */
static int carry(struct deriving *d, size_t of, const char *unit)
{
	struct effects *f = &d->plan->effects;
	const struct unit_status *u = NULL;

	if (!effects_find(f, ACTION_RESTART, unit)) {
		int r = unit_view_find(d->view, unit, &u, d->e);

		if (r < 0 || !u || !unit_status_running(u))
			return r;
	}
	for (size_t i = 0; i < f->items[of].n_because; i++)
		effect_add(f, ACTION_RESTART, unit, f->items[of].because[i]);
	/* Two that require each other are carried once. */
	struct effect *x = effects_find(f, ACTION_RESTART, unit);
	if (x != &f->items[of] && !x->carried_by && !effect_is_carried(f, &f->items[of], unit))
		x->carried_by = f->items[of].target;
	return 0;
}

int carried_effects(struct deriving *d)
{
	struct effects *f = &d->plan->effects;
	struct bus *bus;

	/* What is added is looked at in its turn. */
	for (size_t i = 0; i < f->n; i++) {
		const char **names;
		size_t n;

		if (f->items[i].action != ACTION_RESTART || !d->live ||
			restart_is_held(d->plan, f->items[i].target))
			continue;
		int r = host_bus(unit_view_host(d->view), &bus, d->e);
		if (r >= 0)
			r = bus_unit_carries(
				bus, d->plan->arena, f->items[i].target, &names, &n, d->e);
		for (size_t j = 0; r >= 0 && j < n; j++)
			r = carry(d, i, names[j]);
		if (r < 0)
			return r;
	}
	return 0;
}
