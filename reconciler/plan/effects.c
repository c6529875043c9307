/*
 * From changes to effects: which units load something else afterwards, what has to be reloaded,
 * started, restarted, and in which order (plan.h, SPEC 5).
 * Touches nothing. Called by the pipeline, and by the apply for the instances that run then.
 */
#include <errno.h>
#include <string.h>

#include "l4sync/module.h"
#include "l4sync/places.h"
#include "l4sync/plan.h"
#include "l4sync/text.h"
#include "l4sync/unit_view.h"

#include "effects_internal.h"

const char *action_name(enum action action)
{
	static const char *const names[] = {
		[ACTION_PROBE] = "probe",
		[ACTION_INSTALL] = "install",
		[ACTION_REMOVE] = "remove",
		[ACTION_STOP] = "stop",
		[ACTION_ENABLE] = "enable",
		[ACTION_DISABLE] = "disable",
		[ACTION_DAEMON_RELOAD] = "daemon-reload",
		[ACTION_SYSCTL] = "sysctl",
		[ACTION_ACTIVATE] = "activate",
		[ACTION_LIVE] = "live",
		[ACTION_RUN] = "action",
		[ACTION_START] = "start",
		[ACTION_RESTART] = "restart",
		[ACTION_RELOAD] = "reload",
	};

	return names[action];
}

struct effect *effects_find(const struct effects *f, enum action action, const char *target)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->items[i].action == action &&
			(!target || !strcmp(f->items[i].target, target)))
			return &f->items[i];
	return NULL;
}

void effect_add(struct effects *f, enum action action, const char *target, const char *because)
{
	struct effect *x = effects_find(f, action, target);

	if (!x) {
		f->items = grow(f->items, &f->cap, f->n, sizeof(*f->items));
		x = &f->items[f->n++];
		*x = (struct effect){.action = action, .target = arena_strdup(f->arena, target)};
	}
	for (size_t i = 0; i < x->n_because; i++)
		if (!strcmp(x->because[i], because))
			return;
	const char **longer = arena_array(f->arena, const char *, x->n_because + 1);
	if (x->n_because)
		memcpy(longer, x->because, x->n_because * sizeof *longer);
	longer[x->n_because++] = because;
	x->because = longer;
}

bool is_unit_file(const struct module *m)
{
	return !strcmp(m->type, "unit") || !strcmp(m->type, "dropin");
}

const char *change_path(const struct change *c)
{
	return resource_path(c->want ? c->want : c->base ? c->base : c->live);
}

const char *change_unit(struct arena *a, const struct change *c)
{
	const char *path = change_path(c);

	return path ? place_found(a, path).unit : NULL;
}

int unit_affected(struct deriving *d, const char *unit, const struct change *c,
	struct unit_config *before, struct unit_config *after, bool *ret)
{
	const char *path = change_path(c);

	*ret = false;
	if (!unit_index_concerns(d->after, path, unit) &&
		!unit_index_concerns(d->before, path, unit))
		return 0;
	int r = unit_index_config(d->before, unit, before, d->e);
	if (r < 0)
		return r;
	r = unit_index_config(d->after, unit, after, d->e);
	/* What runs was started without the mask, and with what is under it. */
	if (r >= 0 && before->masked && !after->masked)
		r = unit_index_config_without(
			d->before, unit, &before->fragment.path, 1, before, d->e);
	if (r < 0)
		return r;
	*ret = !unit_config_same(before, after);
	return 0;
}

/* Whether the path is in effect for the unit on the side where it exists; who hides it if not. */
static int change_hidden(
	struct deriving *d, const struct change *c, const char *unit, const char **ret_hider)
{
	return unit_index_hidden(
		c->op == OP_DELETE ? d->before : d->after, change_path(c), unit, ret_hider, d->e);
}

static int consider_unit(struct deriving *d, const char *unit, const struct change *c)
{
	struct unit_config before, after;
	bool affected;
	const char *hider = NULL;
	int r = unit_affected(d, unit, c, &before, &after, &affected);

	if (r < 0 || !affected)
		return r;
	r = change_hidden(d, c, unit, &hider);
	if (r < 0 || hider)
		return r; /* another change of the same plan made the difference */
	const struct unit_status *u;
	r = unit_view_find(d->view, unit, &u, d->e);
	if (r < 0)
		return r;
	if (u && unit_status_running(u))
		meaning_effects(d, unit, &before, &after, c->id);
	return 0;
}

/* A drop-in that another one hides changes nothing; the operator should know. */
static int report_hidden(struct deriving *d, const struct change *c, bool *ret_hidden)
{
	const char *unit = change_unit(d->plan->arena, c), *hider = NULL;

	*ret_hidden = false;
	if (c->op == OP_DELETE)
		return 0;
	if (!unit_name_valid(unit))
		return 0; /* service.d, foo-.service.d: in effect for whatever unit there may be */
	int r = unit_index_hidden(d->after, change_path(c), unit, &hider, d->e);
	if (r < 0)
		return r;
	*ret_hidden = hider;
	if (hider)
		finding_add(&d->plan->findings, "lint", "file-hidden", c->id,
			"%s has no effect: %s hides it", change_path(c), hider);
	return 0;
}

struct affected_template *template_affected(const struct plan *p, const char *name)
{
	for (size_t i = 0; name && i < p->n_templates; i++)
		if (!strcmp(p->templates[i].name, name))
			return &p->templates[i];
	return NULL;
}

/* The template itself, whether or not an instance runs now. */
static int consider_template(struct deriving *d, const struct change *c)
{
	struct plan *p = d->plan;
	const char *name = change_unit(p->arena, c);
	struct unit_config before, after;
	bool affected;

	if (!unit_name_is_template(name))
		return 0;
	int r = unit_affected(d, name, c, &before, &after, &affected);
	if (r < 0 || !affected)
		return r;
	if (template_affected(p, name))
		return 0;
	struct affected_template *t = &p->templates[p->n_templates++];
	*t = (struct affected_template){.name = name, .because = c->id};
	meaning_template(d, &before, &after, t);
	return 0;
}

static int unit_file_effects(struct deriving *d, const struct change *c)
{
	bool hidden;
	int r = report_hidden(d, c, &hidden);

	if (r < 0)
		return r;
	/* Without a loaded unit too: a name that systemd could not find so far stays unknown to it
	 * until a reload, and enablement is read then. */
	if (!hidden)
		effect_add(&d->plan->effects, ACTION_DAEMON_RELOAD, NULL, c->id);
	r = consider_template(d, c);
	for (size_t i = 0; i < d->n_units && r >= 0; i++)
		r = consider_unit(d, d->units[i].name, c);
	return r;
}

/* What enables a unit, its instances too, goes with it: nothing else would ever remove it. */
static int orphan_links(struct deriving *d, const struct change *c)
{
	const char *name = change_unit(d->plan->arena, c);
	const char *const *instances = NULL;
	struct enable_link *links;
	size_t n = 0, n_links;
	int r = unit_index_live_links(d->before, name, &links, &n_links, d->e);

	if (r >= 0 && n_links)
		effect_add(&d->plan->effects, ACTION_DISABLE, name, c->id);
	if (r >= 0 && unit_name_is_template(name))
		r = unit_index_enabled_instances(d->before, name, &instances, &n, d->e);
	for (size_t i = 0; i < n && r >= 0; i++)
		effect_add(&d->plan->effects, ACTION_DISABLE, instances[i], c->id);
	return r;
}

/* A unit whose last fragment goes is stopped and disabled first, its instances too (SPEC 4). */
static int orphan_effects(struct deriving *d, const struct change *c)
{
	const char *name = change_unit(d->plan->arena, c);
	struct unit_config after;
	int r = unit_index_config(d->after, name, &after, d->e);

	if (r < 0 || after.found)
		return r;
	for (size_t i = 0; i < d->n_units; i++) {
		const struct unit_status *u = &d->units[i];
		const char *template = unit_name_template(d->plan->arena, u->name);

		if ((!strcmp(u->name, name) || (template && !strcmp(template, name))) &&
			unit_status_running(u))
			effect_add(&d->plan->effects, ACTION_STOP, u->name, c->id);
	}
	return orphan_links(d, c);
}

static void service_effects(struct deriving *d, const struct change *c)
{
	const char *unit = resource_name(c->id);
	const char *state = c->want ? resource_get(c->want, "state") : NULL;
	const char *enabled = c->want ? resource_get(c->want, "enabled") : NULL;

	/* What was made here goes: it was l4sync that enabled and started it. */
	if (!c->want && resource_has(c->live, "enabled", "true"))
		enabled = "false";
	if (!c->want && resource_has(c->base, "state", "running") &&
		resource_has(c->live, "state", "running"))
		state = "stopped";
	if (enabled && !resource_same(c->want, c->live, "enabled")) {
		effect_add(&d->plan->effects,
			!strcmp(enabled, "true") ? ACTION_ENABLE : ACTION_DISABLE, unit, c->id);
		effect_add(&d->plan->effects, ACTION_DAEMON_RELOAD, NULL, c->id);
	}
	if (state && d->live && !resource_same(c->want, c->live, "state"))
		effect_add(&d->plan->effects,
			!strcmp(state, "running") ? ACTION_START : ACTION_STOP, unit, c->id);
}

static bool same_links(
	const struct enable_link *a, size_t n_a, const struct enable_link *b, size_t n_b)
{
	for (size_t i = 0; n_a == n_b && i < n_a; i++)
		if (strcmp(a[i].path, b[i].path) != 0 || strcmp(a[i].target, b[i].target) != 0)
			return false;
	return n_a == n_b;
}

/* A unit that is to be enabled and was, whose [Install] or place changes: its links follow. */
static void enablement_follows(struct deriving *d, const struct change *c)
{
	const char *unit = change_unit(d->plan->arena, c);
	const struct resource *service =
		resources_find(d->plan->want, arena_printf(d->plan->arena, "service:%s", unit));
	struct enable_link *old, *new;
	size_t n_old, n_new;

	if (!service || !resource_has(service, "enabled", "true") || !unit_name_valid(unit) ||
		unit_index_install_links(d->before, unit, &old, &n_old, NULL) < 0)
		return;
	/* Where the new one asks for nothing that makes sense, whoever makes the links says so. */
	if (unit_index_install_links(d->after, unit, &new, &n_new, NULL) >= 0 &&
		same_links(old, n_old, new, n_new))
		return;
	effect_add(&d->plan->effects, ACTION_ENABLE, unit, c->id);
}

static int change_effects(struct deriving *d, const struct change *c)
{
	int r = 0;

	if (is_unit_file(c->module)) {
		r = unit_file_effects(d, c);
		if (r >= 0)
			enablement_follows(d, c);
		if (r >= 0 && c->op == OP_DELETE && !strcmp(c->module->type, "unit"))
			r = orphan_effects(d, c);
	} else if (!strcmp(c->module->type, "service")) {
		service_effects(d, c);
	} else if (!strcmp(c->module->type, "sysctl") && c->want) {
		effect_add(&d->plan->effects, ACTION_SYSCTL, resource_name(c->id), c->id);
	}
	return r < 0 || !change_path(c) ? r : place_effects(d, c);
}

/* A restart takes all settings and all content along. */
void effects_drop_double(struct effects *f)
{
	size_t kept = 0;

	for (size_t i = 0; i < f->n; i++) {
		enum action action = f->items[i].action;
		const char *target = f->items[i].target;
		bool less = action == ACTION_LIVE || action == ACTION_RELOAD;
		bool other = ((less || action == ACTION_RESTART) &&
				     (effects_find(f, ACTION_STOP, target) ||
					     effects_find(f, ACTION_START, target))) ||
			     (less && effects_find(f, ACTION_RESTART, target));
		if (!other)
			f->items[kept++] = f->items[i];
	}
	f->n = kept;
}

/* In a file tree nothing runs: only the links of enablement are made there. Actions were left out
 * already. */
static void drop_live_only(struct effects *f)
{
	size_t kept = 0;

	for (size_t i = 0; i < f->n; i++)
		if (f->items[i].action == ACTION_ENABLE || f->items[i].action == ACTION_DISABLE ||
			f->items[i].action == ACTION_RUN)
			f->items[kept++] = f->items[i];
	f->n = kept;
}

int plan_effects(
	struct plan *p, struct unit_view *view, const struct recorded *recorded, struct err *e)
{
	struct deriving d = {
		.plan = p,
		.view = view,
		.changes = p->changes,
		.n_changes = p->n_changes,
		.live = unit_view_host(view)->live,
		.e = e,
	};
	bool needs_units = false;
	int r;

	for (size_t i = 0; i < p->n_changes; i++)
		needs_units |= is_unit_file(p->changes[i].module);
	needs_units |= d.live && content_needs_units(&d);
	if (needs_units) {
		r = unit_view_before(view, &d.before, e);
		if (r < 0)
			return r;
		r = unit_view_after(view, &d.after, e);
		if (r < 0)
			return r;
		r = unit_view_list(view, &d.units, &d.n_units, e);
		if (r < 0)
			return r;
	}
	p->templates = arena_array(p->arena, struct affected_template, p->n_changes + d.n_units);
	for (size_t i = 0; i < p->n_changes; i++) {
		r = change_effects(&d, &p->changes[i]);
		if (r < 0)
			return r;
	}
	r = content_effects(&d);
	if (r >= 0 && recorded && d.live)
		r = stale_effects(&d, recorded);
	if (r >= 0)
		r = carried_effects(&d);
	if (r < 0)
		return r;
	effects_drop_double(&p->effects);
	if (!d.live)
		drop_live_only(&p->effects);
	effects_settle(&d);
	if (d.live)
		r = probe_effects(&d);
	if (r >= 0)
		r = effects_order(&d);
	return r < 0 ? r : probe_specify(&d);
}
