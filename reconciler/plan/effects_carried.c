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

static int list_carried(struct deriving *d, const char *unit, const char ***ret, size_t *ret_n)
{
	struct bus *bus;
	int r = host_bus(unit_view_host(d->view), &bus, d->e);

	return r < 0 ? r : bus_unit_carries(bus, d->plan->arena, unit, ret, ret_n, d->e);
}

/* Adds the running units that are restarted along with one; of those *ret, if it may not be. */
static int follow(struct deriving *d, const char *unit, struct effects *along, const char **ret)
{
	const struct unit_status *u;
	const char **names;
	size_t n;
	int r = list_carried(d, unit, &names, &n);

	for (size_t i = 0; r >= 0 && i < n; i++) {
		r = unit_view_find(d->view, names[i], &u, d->e);
		if (r < 0 || !u || !unit_status_running(u))
			continue;
		effect_add(along, ACTION_RESTART, names[i], unit);
		if (strcmp(restart_mode(d->plan, names[i]), "rolling") != 0)
			*ret = arena_strdup(d->plan->arena, names[i]);
	}
	return r < 0 ? r : 0;
}

/* Who is restarted along with a unit, over others too, and may not be; NULL: nobody. */
static int find_holder(struct deriving *d, const char *unit, const char **ret)
{
	struct effects along = {.arena = d->plan->arena}; /* each once */
	int r = 0;

	*ret = NULL;
	effect_add(&along, ACTION_RESTART, unit, unit);
	for (size_t i = 0; i < along.n && r >= 0 && !*ret; i++)
		r = follow(d, along.items[i].target, &along, ret);
	free(along.items);
	return r;
}

/* Most states have none, and need no questions about it. */
static bool has_modes(const struct resources *want)
{
	for (size_t i = 0; i < want->n; i++) {
		const char *mode = resource_get(want->items[i], "restart.mode");

		if (mode && strcmp(mode, "rolling") != 0)
			return true;
	}
	return false;
}

int carried_effects(struct deriving *d)
{
	struct effects *f = &d->plan->effects;
	bool modes = has_modes(d->plan->want);

	/* What is added is looked at in its turn. */
	for (size_t i = 0; i < f->n; i++) {
		const char **names, *holder = NULL;
		size_t n;

		if (f->items[i].action != ACTION_RESTART || !d->live ||
			restart_is_held(d->plan, f->items[i].target))
			continue;
		int r = modes ? find_holder(d, f->items[i].target, &holder) : 0;
		f->items[i].held_by = holder;
		if (r >= 0 && holder)
			continue;
		if (r >= 0)
			r = list_carried(d, f->items[i].target, &names, &n);
		for (size_t j = 0; r >= 0 && j < n; j++)
			r = carry(d, i, names[j]);
		if (r < 0)
			return r;
	}
	return 0;
}
