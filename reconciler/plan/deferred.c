/*
 * Restarts that are owed from earlier applies, in a plan; those that this one puts off
 * (deferred.h).
 * Touches nothing. Called by the pipeline and the rolling restarts.
 */
#include "l4sync/deferred.h"

#include <string.h>
#include <time.h>

#include "l4sync/unit_meaning.h"
#include "l4sync/unit_view.h"

#include "effects_internal.h"

#define UNKNOWN "-"
#define KEYED "hmac-sha256"

/* What counts for a unit that reads it. Of a secret only a keyed hash. */
static const char *identity(
	struct arena *a, const struct resource *item, bool keyed, const unsigned char *key)
{
	const struct content *c = item ? item->content : NULL;
	char text[HASH_TEXT_MAX];

	if (!item)
		return "absent";
	if (!c) {
		const char *target = resource_get(item, "target");

		return target ? arena_printf(a, "link %s", target) : UNKNOWN;
	}
	if (!keyed && !c->keyed && !item->secret) {
		hash_text(&c->hash, "sha256", text);
	} else {
		if (!c->keyed && (!c->data || !key))
			return UNKNOWN;
		struct hash h = c->keyed ? c->hash : hash_hmac(key, c->data, c->size);
		hash_text(&h, KEYED, text);
	}
	return arena_strdup(a, text);
}

static const struct change *find_change(const struct plan *p, const char *id)
{
	for (size_t i = 0; i < p->n_changes; i++)
		if (!strcmp(p->changes[i].id, id))
			return &p->changes[i];
	return NULL;
}

/* Whether the state asks for what the unit runs with. */
static bool is_back(const struct plan *p, const struct debt_cause *cause, const unsigned char *key)
{
	const struct change *c = find_change(p, cause->id);
	const struct resource *want = c ? c->want : resources_find(p->want, cause->id);
	bool keyed = !strncmp(cause->was, KEYED ":", sizeof KEYED);
	const char *now = identity(p->arena, want, keyed, key);

	return strcmp(now, UNKNOWN) != 0 && !strcmp(now, cause->was);
}

static const struct debt_cause *find_cause(const struct debt *d, const char *id)
{
	for (size_t i = 0; d && i < d->n_causes; i++)
		if (!strcmp(d->causes[i].id, id))
			return &d->causes[i];
	return NULL;
}

static const struct debt *find_debt(const struct debts *debts, const char *unit)
{
	for (size_t i = 0; i < debts->n; i++)
		if (!strcmp(debts->items[i].unit, unit))
			return &debts->items[i];
	return NULL;
}

bool plan_owes(const struct plan *p, const char *unit)
{
	const struct debt *d = find_debt(&p->debts, unit);

	return d && !d->settled;
}

bool restart_is_held(const struct plan *p, const char *unit)
{
	return p->defer || !strcmp(restart_mode(p, unit), "manual");
}

/* Nothing but the debt's own causes asks for the restart. */
static bool only_causes(const struct effect *f, const struct debt *d)
{
	for (size_t i = 0; f && i < f->n_because; i++)
		if (!find_cause(d, f->because[i]))
			return false;
	return true;
}

static void drop_effect(struct effects *f, struct effect *x)
{
	size_t at = (size_t)(x - f->items);

	/* They may have reasons of their own. */
	for (size_t i = 0; i < f->n && x->action == ACTION_RESTART; i++)
		if (f->items[i].carried_by && !strcmp(f->items[i].carried_by, x->target))
			f->items[i].carried_by = NULL;
	memmove(x, x + 1, (f->n - at - 1) * sizeof *x);
	f->n--;
}

/* The restart takes these settings along; put into the kernel alone they would come with those that
 * the unit still owes, which may kill it. */
static void take_live(struct effects *f, const char *unit)
{
	struct effect *live = effects_find(f, ACTION_LIVE, unit);
	size_t n = live ? live->n_because : 0;
	const char **because = live ? live->because : NULL;

	if (live)
		drop_effect(f, live);
	for (size_t i = 0; i < n; i++)
		effect_add(f, ACTION_RESTART, unit, because[i]);
}

/* A marker must not put into force what could kill the unit: see bus_mark(). */
static int look_at_cgroup(struct deriving *d, struct effect *f)
{
	struct unit_config before, after;
	enum directive_class greatest;
	struct difference *list;
	size_t n;

	int r = unit_index_config(d->before, f->target, &before, d->e);
	if (r >= 0)
		r = unit_index_config(d->after, f->target, &after, d->e);
	if (r < 0)
		return r;
	unit_differences(d->plan->arena, &before, &after, &list, &n, &greatest);
	f->cgroup = !n && greatest == CLASS_RESTART; /* what differs is not known */
	for (size_t i = 0; i < n; i++)
		f->cgroup |= list[i].class == CLASS_LIVE;
	return 0;
}

/* What it runs with is wanted again; but of its cgroup systemd may have put the other settings into
 * force meanwhile. */
static int drop_restart(struct deriving *d, struct effect *f)
{
	struct effects *all = &d->plan->effects;
	int r = look_at_cgroup(d, f);
	const struct effect old = *f;

	drop_effect(all, f);
	for (size_t i = 0; i < old.n_because && r >= 0 && old.cgroup; i++)
		effect_add(all, ACTION_LIVE, old.target, old.because[i]);
	return r;
}

static int take_debt(struct deriving *x, struct debt *d, const unsigned char *key)
{
	struct plan *p = x->plan;
	struct effect *f = effects_find(&p->effects, ACTION_RESTART, d->unit);
	const char *invocation = f ? NULL : d->invocation;
	size_t n_left = 0;

	/* What is stopped or started anyway pays it. */
	d->settled = !strcmp(restart_mode(p, d->unit), "never") ||
		     effects_find(&p->effects, ACTION_STOP, d->unit) ||
		     effects_find(&p->effects, ACTION_START, d->unit);
	for (size_t i = 0; i < d->n_causes; i++)
		n_left += !is_back(p, &d->causes[i], key);
	if (!d->settled && !n_left && only_causes(f, d)) {
		d->settled = d->back = true;
		return f ? drop_restart(x, f) : 0;
	}
	if (d->settled)
		return 0;
	for (size_t i = 0; i < d->n_causes; i++)
		if (!is_back(p, &d->causes[i], key))
			effect_add(&p->effects, ACTION_RESTART, d->unit, d->causes[i].id);
	take_live(&p->effects, d->unit);
	f = effects_find(&p->effects, ACTION_RESTART, d->unit);
	f->deferred = true;
	f->invocation = invocation;
	return 0;
}

const char *hold_reason(const struct plan *p, const struct effect *f)
{
	return f->held_by ? "along" : p->defer ? "defer" : "manual";
}

/* Said with the reason that it has now. */
static void say_debt(struct plan *p, struct debt *d, const unsigned char *key)
{
	const struct effect *f = effects_find(&p->effects, ACTION_RESTART, d->unit);
	size_t i = 0;

	if (!f || !f->deferred || d->unselected || d->settled)
		return;
	if (f->held)
		d->reason = hold_reason(p, f);
	while (i + 1 < d->n_causes && is_back(p, &d->causes[i], key))
		i++;
	finding_add(&p->findings, "pending", "restart-deferred", d->causes[i].id, "%s",
		debt_text(p->arena, d));
}

static int look_at_restarts(struct deriving *d)
{
	struct plan *p = d->plan;
	int r = 0;

	for (size_t i = 0; i < p->effects.n && r >= 0; i++) {
		struct effect *f = &p->effects.items[i];

		if (f->action != ACTION_RESTART)
			continue;
		if (f->held_by && !f->deferred)
			finding_add(&p->findings, "pending", "restart-by-hand", f->because[0],
				"%s keeps its old configuration until somebody restarts it: "
				"systemd would restart %s along, which is not to be restarted",
				f->target, f->held_by);
		f->held = f->held_by || restart_is_held(p, f->target);
		f->deferred |= f->held;
		r = look_at_cgroup(d, f);
	}
	return r;
}

int plan_deferred(struct plan *p, struct unit_view *view, const unsigned char *key, struct err *e)
{
	struct deriving d = {.plan = p, .view = view, .e = e, .live = unit_view_host(view)->live};

	if (!p->debts.n && !plan_restarts(p))
		return 0;
	int r = unit_view_before(view, &d.before, e);
	if (r >= 0)
		r = unit_view_after(view, &d.after, e);
	for (size_t i = 0; i < p->debts.n && r >= 0; i++) {
		struct debt *x = &p->debts.items[i];

		x->unselected &= !effects_find(&p->effects, ACTION_RESTART, x->unit);
		if (!x->unselected)
			r = take_debt(&d, x, key);
	}
	if (r >= 0 && p->debts.n)
		r = carried_effects(&d);
	if (r >= 0)
		r = look_at_restarts(&d);
	if (r < 0 || !p->debts.n)
		return r;
	for (size_t i = 0; i < p->debts.n; i++)
		say_debt(p, &p->debts.items[i], key);
	effects_settle(&d);
	return effects_order(&d);
}

static const char *was_of(
	const struct plan *p, const struct debt *old, const char *id, const unsigned char *key)
{
	const struct debt_cause *cause = find_cause(old, id);
	const struct change *c = find_change(p, id);

	/* What it owed already it was not started with since. */
	if (cause)
		return cause->was;
	return c ? identity(p->arena, c->live, c->want && c->want->secret, key) : UNKNOWN;
}

const struct debt *plan_owe(const struct plan *p, struct debts *owed, const struct effect *f,
	const char *invocation, const char *reason, const char *why, const unsigned char *key)
{
	const struct debt *old = find_debt(&p->debts, f->target);
	struct debt *items = arena_array(p->arena, struct debt, owed->n + 1);
	struct debt *d = &items[owed->n];

	/* That of another invocation is paid. */
	if (old && strcmp(old->invocation, invocation) != 0)
		old = NULL;
	if (owed->n)
		memcpy(items, owed->items, owed->n * sizeof *items);
	*d = (struct debt){.unit = f->target,
		.invocation = arena_strdup(p->arena, invocation),
		.since = old ? old->since : (long long)time(NULL),
		.reason = reason,
		.why = why,
		.n_causes = f->n_because,
		.causes = arena_array(p->arena, struct debt_cause, f->n_because),
		.marker = old         ? old->marker
			  : f->cgroup ? MARKER_NONE
				      : MARKER_NEW};
	for (size_t i = 0; i < f->n_because; i++)
		d->causes[i] =
			(struct debt_cause){f->because[i], was_of(p, old, f->because[i], key)};
	owed->items = items;
	owed->n++;
	return d;
}

struct debts plan_debts(const struct plan *p, const struct debts *owed)
{
	size_t n_owed = owed ? owed->n : 0;
	struct debts all = {.items = arena_array(p->arena, struct debt, p->debts.n + n_owed)};

	for (size_t i = 0; i < p->debts.n; i++)
		if (!owed || p->debts.items[i].unselected || p->debts.items[i].settled)
			all.items[all.n++] = p->debts.items[i];
	if (n_owed)
		memcpy(all.items + all.n, owed->items, n_owed * sizeof *all.items);
	all.n += n_owed;
	return all;
}
