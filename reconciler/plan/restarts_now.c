/*
 * The restarts and reloads as they are to be done at the moment of doing them (plan.h): instances
 * come and go between plan and apply.
 * Touches nothing. Called by the apply after the daemon-reload.
 */
#include <errno.h>
#include <string.h>

#include "l4sync/deferred.h"
#include "l4sync/unit_view.h"

#include "effects_internal.h"

/* The template that makes a unit matter which the plan does not name; NULL: it does not. */
static const struct affected_template *template_of(struct plan *p, const char *unit)
{
	/* One that was deferred and runs with what is wanted again is none that came meanwhile. */
	for (size_t i = 0; i < p->debts.n; i++)
		if (p->debts.items[i].settled && !strcmp(p->debts.items[i].unit, unit))
			return NULL;
	return template_affected(p, unit_name_template(p->arena, unit));
}

static void collect(struct plan *p, const struct unit_status *u, struct effects *ret)
{
	const struct effect *f = effects_find(&p->effects, ACTION_RESTART, u->name);
	const struct effect *reload = effects_find(&p->effects, ACTION_RELOAD, u->name);
	const struct affected_template *t = f || reload ? NULL : template_of(p, u->name);
	bool never = !strcmp(restart_mode(p, u->name), "never");

	/* What this run has started needs nothing more. */
	if (!unit_status_running(u) || effects_find(&p->effects, ACTION_START, u->name))
		return;
	for (size_t i = 0; f && !never && i < f->n_because; i++)
		effect_add(ret, ACTION_RESTART, u->name, f->because[i]);
	if (f && !never)
		effects_find(ret, ACTION_RESTART, u->name)->older_than_usec = f->older_than_usec;
	for (size_t i = 0; reload && i < reload->n_because; i++)
		effect_add(ret, ACTION_RELOAD, u->name, reload->because[i]);
	if (t && t->restarts && !never)
		effect_add(ret, ACTION_RESTART, u->name, t->because);
	else if (t && t->reloads)
		effect_add(ret, ACTION_RELOAD, u->name, t->because);
	if (t && t->live && !(t->restarts && !never) &&
		!effects_find(&p->effects, ACTION_LIVE, u->name))
		effect_add(ret, ACTION_LIVE, u->name, t->because);
}

/* What the plan knows of them; of what came meanwhile nobody has looked at the cgroup. */
static void take_over(struct plan *p, struct effects *now)
{
	for (size_t i = 0; i < now->n; i++) {
		struct effect *x = &now->items[i];
		const struct effect *f = effects_find(&p->effects, ACTION_RESTART, x->target);

		if (x->action != ACTION_RESTART)
			continue;
		x->held = x->held_by || restart_is_held(p, x->target);
		x->deferred = plan_owes(p, x->target);
		x->cgroup = !f || f->cgroup;
		x->invocation = f ? f->invocation : NULL;
	}
}

/* What ran with what is wanted again, until somebody restarted it before that had come back. */
static int collect_lost(struct plan *p, struct unit_view *view, struct effects *ret, struct err *e)
{
	struct bus *bus;
	int r = p->debts.n ? host_bus(unit_view_host(view), &bus, e) : 0;

	for (size_t i = 0; i < p->debts.n && r >= 0; i++) {
		const struct debt *x = &p->debts.items[i];
		struct unit_details now;

		if (!x->back)
			continue;
		r = bus_unit_details(bus, p->arena, &x->unit, 1, false, &now, e);
		if (r < 0 || !unit_details_running(&now) ||
			!strcmp(now.invocation_id, x->invocation))
			continue;
		for (size_t k = 0; k < x->n_causes; k++)
			effect_add(ret, ACTION_RESTART, x->unit, x->causes[k].id);
	}
	return r;
}

/* What somebody else has started since the reload, or since what it was older than came, has the
 * new configuration already. */
static int drop_fresh(struct unit_view *view, struct arena *a, unsigned long long reloaded_usec,
	struct effects *f, struct err *e)
{
	struct unit_details *details = arena_array(a, struct unit_details, f->n);
	const char **names = arena_array(a, const char *, f->n);
	struct bus *bus;
	bool needed = false;
	size_t kept = 0;
	int r;

	for (size_t i = 0; i < f->n; i++)
		needed |= reloaded_usec || f->items[i].older_than_usec;
	if (!needed)
		return 0;
	for (size_t i = 0; i < f->n; i++)
		names[i] = f->items[i].target;
	r = host_bus(unit_view_host(view), &bus, e);
	if (r >= 0)
		r = bus_unit_details(bus, a, names, f->n, false, details, e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < f->n; i++) {
		unsigned long long older_than = f->items[i].older_than_usec;
		bool fresh = older_than ? unit_started_realtime(&details[i]) > older_than
					: reloaded_usec && unit_started_monotonic(&details[i]) >
								   reloaded_usec;

		if (!fresh)
			f->items[kept++] = f->items[i];
	}
	f->n = kept;
	return 0;
}

int plan_restarts_now(struct plan *p, struct unit_view *view, unsigned long long reloaded_usec,
	struct effects *ret, struct err *e)
{
	struct plan now = {.arena = p->arena,
		.want = p->want,
		.defer = p->defer,
		.effects = {.arena = p->arena}};
	struct deriving d = {
		.plan = &now,
		.view = view,
		.live = unit_view_host(view)->live,
		.e = e,
	};
	const struct unit_status *units;
	size_t n;
	int r;

	unit_view_refresh(view);
	r = unit_view_list(view, &units, &n, e);
	for (size_t i = 0; i < n && r >= 0; i++)
		collect(p, &units[i], &now.effects);
	if (r >= 0)
		r = collect_lost(p, view, &now.effects, e);
	if (r >= 0)
		r = drop_fresh(view, p->arena, reloaded_usec, &now.effects, e);
	if (r >= 0)
		r = carried_effects(&d);
	if (r >= 0)
		effects_drop_double(&now.effects);
	if (r >= 0)
		take_over(p, &now.effects);
	if (r >= 0)
		effects_settle(&d);
	if (r >= 0)
		r = effects_order(&d);
	*ret = now.effects;
	return r;
}
