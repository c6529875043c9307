/*
 * Restarts and reloads that follow from changed content (SPEC 5): files that a unit itself names,
 * so that nobody writes triggers by hand, and files that the state names for it.
 * Touches nothing. Called by effects.c.
 */
#include <errno.h>
#include <string.h>

#include "l4sync/module.h"
#include "l4sync/text.h"

#include "effects_internal.h"

bool changes_content(const struct change *c)
{
	static const char *const types[] = {"file", "link", "unit", "dropin"};

	for (size_t i = 0; c->op != OP_ATTRIBUTES && i < ELEMENTS(types); i++)
		if (!strcmp(c->module->type, types[i]))
			return true;
	return false;
}

bool content_needs_units(const struct deriving *d)
{
	for (size_t i = 0; i < d->n_changes; i++)
		if (changes_content(&d->changes[i]))
			return true;
	return false;
}

/* An instance that is started between plan and apply reads the same file. */
static void affect_template(
	struct deriving *d, const char *unit, const char *because, enum action action)
{
	struct plan *p = d->plan;
	const char *template = unit_name_template(p->arena, unit);
	struct affected_template *t = template_affected(p, template);

	if (!template)
		return;
	if (!t) {
		t = &p->templates[p->n_templates++];
		*t = (struct affected_template){.name = template, .because = because};
	}
	*(action == ACTION_RELOAD ? &t->reloads : &t->restarts) = true;
}

enum action content_action(struct deriving *d, const struct named *named)
{
	const struct resource *policy = unit_policy(d->plan->arena, d->plan->want, named->unit);

	return named->reloads && policy && resource_has(policy, "on_change", "reload")
		       ? ACTION_RELOAD
		       : ACTION_RESTART;
}

struct hops {
	const char *const *paths;
	size_t n;
};

static bool leads_over(const struct hops *hops, const char *path)
{
	for (size_t i = 0; i < hops->n; i++)
		if (!strcmp(hops->paths[i], path))
			return true;
	return false;
}

static void consider_named(const struct named *named, void *userdata)
{
	struct deriving *d = userdata;
	enum action action = content_action(d, named);
	struct hops before, after;

	before.paths = unit_index_hops(d->before, named->path, &before.n);
	after.paths = unit_index_hops(d->after, named->path, &after.n);
	for (size_t i = 0; i < d->n_changes; i++) {
		const struct change *c = &d->changes[i];

		if (!changes_content(c) || (!leads_over(&before, change_path(c)) &&
						   !leads_over(&after, change_path(c))))
			continue;
		if (d->content_changed) {
			d->content_changed(d, named, c);
			continue;
		}
		if (action == ACTION_RELOAD)
			effect_add(&d->plan->effects, action, named->unit, c->id);
		else if (!meaning_restart(d, named->unit, c->id))
			continue;
		if (!named->is_specific)
			affect_template(d, named->unit, c->id, action);
	}
}

int content_effects(struct deriving *d)
{
	int r = 0;

	if (!content_needs_units(d))
		return 0;
	for (size_t i = 0; i < d->n_units && r >= 0; i++)
		if (text_ends(d->units[i].name, ".service") && unit_status_running(&d->units[i]))
			r = content_names(d, d->units[i].name, consider_named, d);
	return r;
}
