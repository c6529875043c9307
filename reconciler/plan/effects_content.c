/*
 * Restarts and reloads that follow from changed content (SPEC 5): files that a unit itself names,
 * so that nobody writes triggers by hand, and files that the state names for it.
 * Touches nothing. Called by effects.c.
 */
#include <errno.h>
#include <string.h>

#include "l4sync/checkout.h"
#include "l4sync/module.h"
#include "l4sync/text.h"

#include "effects_internal.h"

/* Whether a change gives a file other content, or a link another target. */
static bool changes_content(const struct change *c)
{
	static const char *const types[] = {"file", "link", "unit", "dropin", "checkout"};

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

/* Of a checkout only that file counts which the way leads over. */
static bool leads_over(const struct hops *hops, const struct change *c)
{
	const struct resource *item = c->want ? c->want : c->base;

	for (size_t i = 0; i < hops->n; i++) {
		const char *below = checkout_below(item, hops->paths[i]);

		if (!strcmp(hops->paths[i], change_path(c)) ||
			(below && checkout_path_differs(c->live ? c->live->content : NULL,
					  c->want ? c->want->content : NULL, below)))
			return true;
	}
	return false;
}

static bool is_touched(struct deriving *d, const struct change *c, const char *path)
{
	struct hops before, after;

	before.paths = unit_index_hops(d->before, path, &before.n);
	after.paths = unit_index_hops(d->after, path, &after.n);
	return leads_over(&before, c) || leads_over(&after, c);
}

static void consider_named(const struct named *named, void *userdata)
{
	struct deriving *d = userdata;
	enum action action = content_action(d, named);

	for (size_t i = 0; i < d->n_changes; i++) {
		const struct change *c = &d->changes[i];

		if (!changes_content(c) || !is_touched(d, c, named->path))
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

static bool leads_into(struct deriving *d, const struct change *c, const char *path)
{
	const struct resource *item = c->want ? c->want : c->base;
	size_t n;
	const char *const *hops = unit_index_hops(d->before, path, &n);

	for (size_t i = 0; i < n; i++)
		if (checkout_below(item, hops[i]))
			return true;
	return false;
}

/*
 * A unit whose fragment or drop-in is a link into a checkout. What the file will say is in the
 * repository and not here, so that another one is taken for what takes most. systemd compares
 * times, and each file of a new checkout is new: it has to be told even if it is the same.
 */
static int linked_effects(struct deriving *d, const struct unit_status *u, const struct change *c)
{
	struct unit_config config;
	int r = unit_index_config(d->before, u->name, &config, d->e);
	bool replaced = false, changed = false;

	for (size_t i = 0; r >= 0 && i <= config.n_dropins; i++) {
		const char *path = i ? config.dropins[i - 1].path : config.fragment.path;

		if (!path || !leads_into(d, c, path))
			continue;
		replaced = true;
		changed |= is_touched(d, c, path);
	}
	if (replaced)
		effect_add(&d->plan->effects, ACTION_DAEMON_RELOAD, NULL, c->id);
	if (changed && unit_status_running(u))
		meaning_restart(d, u->name, c->id);
	return r < 0 ? r : 0;
}

static int checkout_effects(struct deriving *d, const struct change *c)
{
	int r = 0;

	if (strcmp(c->module->type, "checkout") != 0 || !changes_content(c))
		return 0;
	for (size_t i = 0; i < d->n_units && r >= 0; i++)
		r = linked_effects(d, &d->units[i], c);
	return r;
}

int content_effects(struct deriving *d)
{
	int r = 0;

	if (!content_needs_units(d) || !d->before)
		return 0;
	for (size_t i = 0; i < d->n_changes && r >= 0; i++)
		r = checkout_effects(d, &d->changes[i]);
	for (size_t i = 0; i < d->n_units && r >= 0; i++)
		if (text_ends(d->units[i].name, ".service") && unit_status_running(&d->units[i]))
			r = content_names(d, d->units[i].name, consider_named, d);
	return r;
}
