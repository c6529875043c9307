/*
 * What puts a changed file into force by where it stands, or as the state says in `files:`
 * (place_rules.c): a unit is reloaded, a command is run.
 * Touches nothing. Called by effects.c.
 */
#include <string.h>

#include "l4sync/module.h"
#include "l4sync/places.h"
#include "l4sync/text.h"

#include "effects_internal.h"

/* As it is shown: with the file in its place. */
static const char *shown(struct arena *a, const char *command, const char *file)
{
	const char *at = strstr(command, "%f");

	return at ? arena_printf(a, "%.*s%s%s", (int)(at - command), command, file, at + 2)
		  : command;
}

static void add_command(struct deriving *d, const struct change *c, const char *command)
{
	struct effects *f = &d->plan->effects;
	bool of_file = strstr(command, "%f");

	/* There is no file to run it for. */
	if (of_file && c->op == OP_DELETE)
		return;
	const char *text = shown(d->plan->arena, command, change_path(c));
	effect_add(f, ACTION_ACTIVATE, text, c->id);
	struct effect *x = effects_find(f, ACTION_ACTIVATE, text);
	x->command = command;
	x->file = of_file ? change_path(c) : NULL;
}

static bool is_link_or_file(const struct change *c)
{
	return !strcmp(c->module->type, "file") || !strcmp(c->module->type, "link");
}

/* What runs reads it again; what does not run reads it when it is started. */
static int add_unit(
	struct deriving *d, const struct change *c, enum activation activation, const char *unit)
{
	const struct unit_status *u;
	int r = unit_view_find(d->view, unit, &u, d->e);

	if (r < 0 || !u || !unit_status_running(u))
		return r;
	if (activation == RELOADS)
		effect_add(&d->plan->effects, ACTION_RELOAD, unit, c->id);
	else if (activation == RESTARTS)
		meaning_restart(d, unit, c->id);
	else
		finding_add(&d->plan->findings, "stale", "unit-not-restarted", c->id,
			"%s reads it when it is started next, and is not restarted by l4sync, for "
			"that may harm who depends on it",
			unit);
	return 0;
}

int place_effects(struct deriving *d, const struct change *c)
{
	const struct place_rule *rule = place_rule(change_path(c));
	const struct resource *said = c->want ? c->want : c->base;
	const char *unit = said ? resource_get(said, "reload") : NULL;

	if (!d->live)
		return 0;
	if (unit)
		return *unit ? add_unit(d, c, RELOADS, unit) : 0;
	if (!rule || !is_link_or_file(c))
		return 0;
	switch (rule->activation) {
	case READ_ALWAYS:
		return 0;
	case RELOADS_SYSTEMD:
		effect_add(&d->plan->effects, ACTION_DAEMON_RELOAD, NULL, c->id);
		return 0;
	case RUNS:
		add_command(d, c, rule->what);
		return 0;
	default:
		return add_unit(d, c, rule->activation, rule->what);
	}
}
