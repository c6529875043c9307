/*
 * Whose sandbox is tried before an apply touches anything (SPEC 6): services that will be started
 * with another one than they had, and those of which the state says what it keeps from them.
 * Tries none. Called by effects.c.
 */
#include <string.h>

#include "l4sync/deferred.h"
#include "l4sync/probe.h"
#include "l4sync/text.h"
#include "l4sync/unit_meaning.h"

#include "effects_internal.h"

static bool is_service(const char *unit)
{
	const char *type = unit_name_type(unit);

	return type && !strcmp(type, "service");
}

/* Whether what the trial has of it is new. */
static bool sandbox_differs(
	struct arena *a, const struct unit_config *before, const struct unit_config *after)
{
	enum directive_class class;
	struct difference *list;
	size_t n;

	if (!before->found || before->masked)
		return true;
	unit_differences(a, before, after, &list, &n, &class);
	for (size_t i = 0; i < n; i++)
		if (!strcmp(list[i].section, "Service") && probe_carries(list[i].key))
			return true;
	return !n && class == CLASS_RESTART; /* what is in a file is not known */
}

/* The changes of unit files that concern it; without one what its effect is there for. */
static void add_reasons(struct deriving *d, const char *unit, const struct effect *f)
{
	bool any = false;

	for (size_t i = 0; i < d->n_changes; i++) {
		const struct change *c = &d->changes[i];

		if (!is_unit_file(c->module) ||
			(!unit_index_concerns(d->after, change_path(c), unit) &&
				!unit_index_concerns(d->before, change_path(c), unit)))
			continue;
		any = true;
		effect_add(&d->plan->effects, ACTION_PROBE, unit, c->id);
	}
	for (size_t i = 0; f && !any && i < f->n_because; i++)
		effect_add(&d->plan->effects, ACTION_PROBE, unit, f->because[i]);
}

/* What runs with less than its files say: all of them are new to it. Not what a file that it names
 * is restarted for; and that of a restart which was put off has been tried. */
static bool is_stale(const struct plan *p, const struct effect *f)
{
	if (!f || f->action != ACTION_RESTART || !f->older_than_usec || plan_owes(p, f->target))
		return false;
	for (size_t i = 0; i < f->n_because; i++)
		if (text_starts(f->because[i], "unit:") || text_starts(f->because[i], "dropin:"))
			return true;
	return false;
}

/* f: what is done to it; NULL: nothing. */
static int consider(struct deriving *d, const char *unit, const struct effect *f)
{
	struct unit_config before, after;

	if (!is_service(unit) || unit_name_is_template(unit) ||
		effects_find(&d->plan->effects, ACTION_PROBE, unit))
		return 0;
	int r = unit_view_configs(d->view, unit, &before, &after, d->e);
	if (r < 0 || !after.found || after.masked)
		return r;
	if (f && f->action == ACTION_ENABLE && before.found)
		return 0;
	if (is_stale(d->plan, f) || sandbox_differs(d->plan->arena, &before, &after))
		add_reasons(d, unit, f);
	return 0;
}

static bool has_rules(const struct resource *rules)
{
	return rules && (resource_get(rules, "hidden") || resource_get(rules, "empty") ||
				resource_get(rules, "denied_bind") ||
				resource_get(rules, "syscalls_denied"));
}

/* Settings of the cgroup come into force without a start, and may be what denies a port. */
static bool is_about_start(struct deriving *d, const struct effect *f)
{
	return f->action == ACTION_START || f->action == ACTION_RESTART ||
	       f->action == ACTION_ENABLE ||
	       (f->action == ACTION_LIVE && has_rules(unit_resource(d->plan->arena, d->plan->want,
						    "verify", f->target)));
}

static bool is_tried(const struct plan *p, const char *template)
{
	for (size_t i = 0; i < p->effects.n; i++) {
		const struct effect *f = &p->effects.items[i];
		const char *own =
			f->action == ACTION_PROBE ? unit_name_template(p->arena, f->target) : NULL;

		if (own && !strcmp(own, template))
			return true;
	}
	return false;
}

/* A template is no unit: without an instance there is nothing to be tried. */
static int consider_rules(struct deriving *d, const char *unit)
{
	struct plan *p = d->plan;
	struct unit_config before, after;

	if (!unit_name_is_template(unit))
		return consider(d, unit, NULL);
	int r = unit_view_configs(d->view, unit, &before, &after, d->e);
	if (r >= 0 && after.found && !after.masked && !is_tried(p, unit) &&
		sandbox_differs(p->arena, &before, &after))
		finding_add(&p->findings, "verify", "sandbox-not-tried", unit,
			"its new sandbox is not tried: no instance of it runs or will be started");
	return r;
}

/* The files of units are known where one of them changes; else only for what has an effect. */
static int know_files(struct deriving *d)
{
	bool needed = false;
	int r = 0;

	for (size_t i = 0; i < d->plan->effects.n && !d->after; i++)
		needed |= is_about_start(d, &d->plan->effects.items[i]);
	if (needed)
		r = unit_view_before(d->view, &d->before, d->e);
	return needed && r >= 0 ? unit_view_after(d->view, &d->after, d->e) : r;
}

int probe_effects(struct deriving *d)
{
	struct plan *p = d->plan;
	size_t n = p->effects.n;
	int r = know_files(d);

	if (!d->after)
		return r;
	for (size_t i = 0; i < n && r >= 0; i++) {
		/* A copy: the list grows. */
		const struct effect f = p->effects.items[i];

		if (is_about_start(d, &f))
			r = consider(d, f.target, &f);
	}
	for (size_t i = 0; i < p->want->n && r >= 0; i++)
		if (resource_is(p->want->items[i], "verify") && has_rules(p->want->items[i]))
			r = consider_rules(d, resource_name(p->want->items[i]->id));
	return r;
}

/* Instances that are alike in it are one finding. */
static void tell_left_out(struct plan *p, const char *unit, const char *text)
{
	const char *template = unit_name_template(p->arena, unit);

	for (size_t i = 0; template && i < p->findings.n; i++) {
		const struct finding *f = &p->findings.items[i];
		const char *other = f->where && unit_name_valid(f->where)
					    ? unit_name_template(p->arena, f->where)
					    : NULL;

		if (other && !strcmp(other, template) && !strcmp(f->text, text))
			return;
	}
	finding_add(&p->findings, "verify", "sandbox-not-tried", unit, "%s", text);
}

int probe_specify(struct deriving *d)
{
	struct plan *p = d->plan;
	int r = 0;

	p->probes = (struct probes){.items = arena_array(p->arena, struct probe, p->effects.n)};
	for (size_t i = 0; i < p->effects.n && r >= 0; i++) {
		struct probe *x = &p->probes.items[p->probes.n];
		_cleanup_buf_ struct buf b = BUF_INIT;

		if (p->effects.items[i].action != ACTION_PROBE)
			continue;
		p->probes.n++;
		r = probe_new(p, d->view, p->effects.items[i].target, x, d->e);
		if (r >= 0 && x->reason)
			tell_left_out(p, x->unit,
				arena_printf(
					p->arena, "its new sandbox is not tried: %s", x->reason));
		for (size_t k = 0; r >= 0 && !x->reason && k < x->n_left_out; k++)
			buf_addf(&b, "%s%s", k ? ", " : "its new sandbox is tried without ",
				x->left_out[k]);
		if (b.size)
			tell_left_out(p, x->unit, arena_strdup(p->arena, b.data));
	}
	return r;
}
