/*
 * What systemd-analyze(1) says of the units that a plan changes, as they would be and as they are:
 * how exposed services become, and whether systemd would load them at all (plan.h, SPEC 6 and 8).
 * Puts nothing onto the host. Called by the pipeline.
 */
#include <errno.h>
#include <string.h>

#include "l4sync/analyze.h"
#include "l4sync/module.h"
#include "l4sync/text.h"
#include "l4sync/unit_meaning.h"
#include "l4sync/unit_view.h"

#include "effects_internal.h"

/* A unit whose files change, or whose bound does. */
struct assessed {
	const char *unit;
	struct unit_config before, after;
	const char *bound;     /* of the want; NULL: none */
	size_t old_at, new_at; /* in the stage; SIZE_MAX: it is not there */
	const char *unknown;   /* why it cannot be looked at, or NULL */
};

struct assessing {
	struct plan *plan;
	struct unit_view *view;
	const struct resources *base;
	size_t n, cap;
	struct assessed *items; /* malloc'd */
	struct stage *stage;
	size_t n_staged;
	struct err *e;
};

static bool is_service(const char *unit)
{
	return text_ends(unit, ".service");
}

static const char *bound_of(struct assessing *x, const struct resources *set, const char *unit)
{
	const struct resource *rules =
		set ? unit_resource(x->plan->arena, set, "verify", unit) : NULL;

	return rules ? resource_get(rules, "exposure") : NULL;
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

/* Only what is in [Service], and what it implies by default, can be part of a sandbox. */
static bool changes_service(struct assessing *x, const struct assessed *u)
{
	enum directive_class class;
	struct difference *list;
	size_t n;

	unit_differences(x->plan->arena, &u->before, &u->after, &list, &n, &class);
	for (size_t i = 0; i < n; i++)
		if (!strcmp(list[i].section, "Service") ||
			!strcmp(list[i].key, "DefaultDependencies"))
			return true;
	return !n && class == CLASS_RESTART; /* it comes, goes, or cannot be compared */
}

/* Each once. An instance is its template unless it has files of its own. */
static int consider(struct assessing *x, const char *unit)
{
	struct assessed u = {.unit = unit, .old_at = SIZE_MAX, .new_at = SIZE_MAX};

	if (!unit_name_valid(unit))
		return 0;
	for (size_t i = 0; i < x->n; i++)
		if (!strcmp(x->items[i].unit, unit))
			return 0;
	int r = unit_view_configs(x->view, unit, &u.before, &u.after, x->e);
	if (r < 0)
		return r;
	const char *template = unit_name_template(x->plan->arena, unit);
	u.bound = bound_of(x, x->plan->want, unit);
	if (template && same_text(u.bound, bound_of(x, x->plan->want, template))) {
		struct unit_config before, after;

		r = unit_view_configs(x->view, template, &before, &after, x->e);
		if (r < 0)
			return r;
		if (unit_config_same(&u.after, &after))
			return consider(x, template);
	}
	if (unit_config_same(&u.before, &u.after) &&
		(!u.bound || same_text(u.bound, bound_of(x, x->base, unit))))
		return 0;
	x->items = grow(x->items, &x->cap, x->n, sizeof *x->items);
	x->items[x->n++] = u;
	return 0;
}

/* Which of the loaded units, and those of the state, a change concerns: drop-ins of a type or a
 * prefix, instances with files of their own. */
static int consider_concerned(struct assessing *x, const char *path)
{
	const struct unit_status *units = NULL;
	struct unit_index *before = NULL, *after = NULL;
	size_t n = 0;
	int r = unit_view_before(x->view, &before, x->e);

	if (r >= 0)
		r = unit_view_after(x->view, &after, x->e);
	if (r >= 0)
		r = unit_view_list(x->view, &units, &n, x->e);
	for (size_t i = 0; r >= 0 && i < n; i++)
		if (unit_index_concerns(after, path, units[i].name) ||
			unit_index_concerns(before, path, units[i].name))
			r = consider(x, units[i].name);
	for (size_t i = 0; r >= 0 && i < x->plan->want->n; i++) {
		const struct resource *item = x->plan->want->items[i];

		if (resource_is(item, "unit") &&
			unit_index_concerns(after, path, resource_name(item->id)))
			r = consider(x, resource_name(item->id));
	}
	return r;
}

static int find_changed(struct assessing *x)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < x->plan->n_changes; i++) {
		const struct change *c = &x->plan->changes[i];
		const char *unit = is_unit_file(c->module) ? change_unit(x->plan->arena, c) : NULL;

		if (!unit)
			continue;
		r = consider(x, unit);
		if (r >= 0)
			r = consider_concerned(x, change_path(c));
	}
	for (size_t i = 0; r >= 0 && i < x->plan->want->n; i++) {
		const struct resource *item = x->plan->want->items[i];
		const char *unit = resource_name(item->id);

		if (resource_is(item, "verify") &&
			!same_text(bound_of(x, x->plan->want, unit), bound_of(x, x->base, unit)))
			r = consider(x, unit);
	}
	return r;
}

/* What a secret holds is written nowhere but to its place; what the history does not keep is not at
 * hand. */
static const char *hidden_file(struct assessing *x, const struct unit_file *f)
{
	const struct resources *sets[] = {x->plan->want, x->base};

	if (f->content && f->content->size && !f->content->data)
		return f->path;
	for (size_t i = 0; i < ELEMENTS(sets); i++)
		for (size_t k = 0; sets[i] && k < sets[i]->n; k++) {
			const char *path = resource_path(sets[i]->items[k]);

			if (path && sets[i]->items[k]->secret && !strcmp(path, f->path))
				return f->path;
		}
	return NULL;
}

static int add(struct assessing *x, struct assessed *u, const struct unit_config *c, size_t *ret_at)
{
	bool former = c == &u->before;
	const char *hidden = NULL;

	if (c->masked || (!c->found && !(c->n_dropins && unit_name_may_lack_fragment(u->unit))))
		return 0;
	if (c->found)
		hidden = hidden_file(x, &c->fragment);
	for (size_t i = 0; i < c->n_dropins && !hidden; i++)
		hidden = hidden_file(x, &c->dropins[i]);
	if (hidden) {
		u->unknown = arena_printf(
			x->plan->arena, "what is in %s is secret, or not at hand", hidden);
		return 0;
	}
	int r = stage_add(x->stage, c, former, x->e);
	if (r >= 0)
		*ret_at = x->n_staged++;
	return r;
}

static int stage_all(struct assessing *x)
{
	int r = stage_new(x->plan->arena, &x->stage, x->e);

	for (size_t i = 0; i < x->n && r >= 0; i++) {
		struct assessed *u = &x->items[i];

		if (is_service(u->unit) && changes_service(x, u))
			r = add(x, u, &u->before, &u->old_at);
		if (r >= 0)
			r = add(x, u, &u->after, &u->new_at);
	}
	return r;
}

static void refuse_exposed(struct plan *p, const struct plan_exposure *x)
{
	if (!x->bound || !x->new.known || x->new.tenths <= exposure_tenths(x->bound))
		return;
	finding_add(&p->findings, "verify", "exposure", x->unit,
		"its exposure would be %u.%u by systemd-analyze security, and must not be above "
		"%s%s",
		x->new.tenths / 10, x->new.tenths % 10, x->bound,
		exposure_advice_text(p->arena, &x->new));
}

static void note_unknown(struct plan *p, const char *unit, const char *why)
{
	finding_add(&p->findings, "unsupported", "exposure-unknown", unit,
		"its exposure cannot be told: %s", why);
}

static void take_exposures(struct assessing *x, const struct exposure *said)
{
	struct plan *p = x->plan;

	p->exposures = arena_array(p->arena, struct plan_exposure, x->n);
	for (size_t i = 0; i < x->n; i++) {
		const struct assessed *u = &x->items[i];
		struct plan_exposure *to = &p->exposures[p->n_exposures];

		*to = (struct plan_exposure){.unit = u->unit, .bound = u->bound};
		if (u->old_at != SIZE_MAX)
			to->old = said[u->old_at];
		if (u->new_at != SIZE_MAX)
			to->new = said[u->new_at];
		/* What nothing of it changes was not asked twice. */
		if (u->old_at == SIZE_MAX && !u->unknown && u->before.found && !u->before.masked &&
			!changes_service(x, u))
			to->old = to->new;
		if (!is_service(u->unit))
			continue;
		if (u->unknown)
			note_unknown(p, u->unit, u->unknown);
		else if (u->new_at != SIZE_MAX && !to->new.known && u->bound)
			note_unknown(p, u->unit, "systemd-analyze security says nothing of it");
		if (!to->old.known && !to->new.known)
			continue;
		refuse_exposed(p, to);
		p->n_exposures++;
	}
}

/* Of a file tree another version of systemd may think otherwise: lint says what this one does. */
static void refuse_unloadable(struct assessing *x, const struct complaints *c)
{
	if (!unit_view_host(x->view)->live)
		return;
	for (size_t i = 0; i < c->n; i++) {
		const struct complaint *u = &c->items[i];
		const struct complaint *why =
			i && !strcmp(c->items[i - 1].unit, u->unit) ? u - 1 : NULL;
		_cleanup_err_ struct err e = ERR_INIT;

		if (!u->refused)
			continue;
		size_t size = strlen(u->text) - text_ends(u->text, ".");
		err_set(&e, -ENOEXEC, "systemd would not load %s: %s%s%s%.*s", u->unit,
			why && why->path ? why->path : "", why && why->path ? ": " : "",
			why && why->path ? arena_printf(x->plan->arena, "%s; ", why->text) : "",
			(int)size, u->text);
		refuse(&x->plan->findings, u->unit, &e);
	}
}

static int ask(struct assessing *x, struct complaints *ret)
{
	struct exposure *exposures = arena_array(x->plan->arena, struct exposure, x->n_staged);
	int r = stage_exposures(x->stage, exposures, x->e);

	if (r >= 0)
		r = stage_complaints(x->stage, ret, x->e);
	if (r < 0)
		return r;
	take_exposures(x, exposures);
	refuse_unloadable(x, ret);
	return 0;
}

/* What could not be asked is no reason not to plan: of what it is missed. */
static void note_unasked(struct assessing *x, const char *why)
{
	for (size_t i = 0; i < x->n; i++)
		if (x->items[i].bound)
			note_unknown(x->plan, x->items[i].unit, why);
	finding_add(&x->plan->findings, "unsupported", "units-unchecked", NULL,
		"whether systemd can load the units that change was not looked at: %s", why);
}

int plan_assess(struct plan *p, struct unit_view *view, const struct resources *base,
	struct complaints *ret, struct err *e)
{
	_cleanup_err_ struct err unasked = ERR_INIT;
	struct assessing x = {.plan = p, .view = view, .base = base, .e = e};
	int r = find_changed(&x);

	*ret = (struct complaints){0};
	x.e = &unasked;
	if (r >= 0 && x.n && (stage_all(&x) < 0 || ask(&x, ret) < 0))
		note_unasked(&x, err_text(&unasked));
	stage_free(x.stage);
	free(x.items);
	return r;
}
