/*
 * Whether an action is to be run, and why (explain.h): what the plan has found.
 * Derives nothing itself. Called by the verb explain.
 */
#include "l4sync/explain.h"

#include <string.h>

#include "l4sync/event.h"

static bool is_because(const struct effect *f, const char *id)
{
	for (size_t i = 0; i < f->n_because; i++)
		if (!strcmp(f->because[i], id))
			return true;
	return false;
}

/* Its run, what follows it, what it restarts. */
static json_t *effects_of(const struct plan *p, const struct resource *action)
{
	const char *name = resource_name(action->id);
	json_t *list = json_array();

	for (size_t i = 0; i < p->effects.n; i++) {
		const struct effect *f = &p->effects.items[i];

		if ((f->action == ACTION_RUN && !strcmp(f->target, name)) ||
			is_because(f, action->id))
			json_array_append_new(list, effect_to_json(f, i + 1));
	}
	return list;
}

static const char *why_run(struct arena *a, const struct effect *f)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	if (f->why)
		return f->why;
	for (size_t i = 0; i < f->n_because; i++)
		buf_addf(&b, "%s%s", i ? ", " : "", f->because[i]);
	return arena_printf(a, "other than when it succeeded: %s", b.data);
}

static const char *why_idle(const struct plan *p, const char *name)
{
	for (size_t i = 0; i < p->n_idle; i++)
		if (!strcmp(p->idle[i].name, name))
			return p->idle[i].why;
	return NULL;
}

json_t *explain_action(const struct plan *p, const struct resource *action)
{
	const char *name = resource_name(action->id);
	const struct effect *f = effects_find(&p->effects, ACTION_RUN, name);
	const char *idle = why_idle(p, name);
	const char *why = f      ? arena_printf(p->arena, "to be run: %s", why_run(p->arena, f))
			  : idle ? arena_printf(p->arena, "not to be run: %s", idle)
				 : NULL;
	json_t *effects = effects_of(p, action);
	const char *nothing = json_array_size(effects) > (f != NULL) ? NULL
			      : resource_get(action, "restart")
				      ? "none of those under its restart needs one"
				      : "it has no restart";

	return json_pack("{s:o, s:n, s:b, s:o, s:n, s:n, s:n, s:o, s:[], s:b, s:o, s:o, s:o}", "id",
		event_string(action->id), "path", "managed", 1, "from",
		event_string(where_text(p->arena, &action->where)), "op", "origin", "since",
		"skipped", event_string(why ? NULL : "actions are not run in a file tree"),
		"chains", "planned", f != NULL, "effects", effects, "nothing",
		event_string(nothing), "why", event_string(why));
}
