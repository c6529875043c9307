/*
 * From effects to steps: enablement links, reload, live settings, stopping and starting
 * (effect_steps.h). Touches nothing itself. Called by the pipeline once the changes have queued
 * theirs.
 */
#include "effect_steps.h"

#include <errno.h>
#include <string.h>

#include "l4sync/places.h"
#include "l4sync/text.h"
#include "l4sync/unitpath.h"

static const char *parent_of(struct txn *t, const char *path)
{
	return arena_strndup(txn_arena(t), path, (size_t)(strrchr(path, '/') - path));
}

/* UNIT.wants/ may not be there yet. */
static int queue_parent(struct txn *t, const char *unit, const char *link, struct err *e)
{
	const char *parent = parent_of(t, link);
	int fd;
	int r = host_dir(txn_host(t), parent, &fd, e);

	if (r == -ENOENT)
		txn_mkdir(t, unit, parent, 0, 0, 0755);
	return r == -ENOENT ? 0 : r;
}

struct links {
	struct enable_link *items;
	size_t n;
};

static const struct enable_link *find_link(const struct links *l, const char *path)
{
	for (size_t i = 0; i < l->n; i++)
		if (!strcmp(l->items[i].path, path))
			return &l->items[i];
	return NULL;
}

static void queue_unlink(struct txn *t, const char *unit, const char *path)
{
	txn_remove(t, PHASE_ENABLE, unit, path);
	/* As systemctl disable does: an empty UNIT.wants/ says nothing. */
	if (text_ends(parent_of(t, path), ".wants") || text_ends(parent_of(t, path), ".requires"))
		txn_rmdir(t, unit, parent_of(t, path), true);
}

/* The links that are missing; and of those that the unit as it was had asked for, in its old
 * place, the ones that lead elsewhere or are not asked for any more. Others are somebody's own. */
static int queue_enable(struct txn *t, struct unit_view *view, const char *unit, struct err *e)
{
	struct unit_index *before, *after;
	struct links want = {0}, live = {0}, old = {0};
	int r = unit_view_before(view, &before, e);

	if (r >= 0)
		r = unit_view_after(view, &after, e);
	if (r >= 0)
		r = unit_index_install_links(after, unit, &want.items, &want.n, e);
	if (r >= 0)
		r = unit_index_live_links(before, unit, &live.items, &live.n, e);
	if (r < 0)
		return r;
	if (unit_index_install_links(before, unit, &old.items, &old.n, NULL) < 0)
		old.n = 0;
	for (size_t i = 0; i < want.n; i++) {
		const struct enable_link *w = &want.items[i], *l = find_link(&live, w->path),
					 *o = find_link(&old, w->path);

		if (l && (!o || !strcmp(o->target, w->target)))
			continue;
		r = queue_parent(t, unit, w->path, e);
		if (r < 0)
			return r;
		txn_put_link(t, PHASE_ENABLE, unit, w->path, w->target);
	}
	for (size_t i = 0; i < live.n; i++)
		if (find_link(&old, live.items[i].path) && !find_link(&want, live.items[i].path))
			queue_unlink(t, unit, live.items[i].path);
	return 0;
}

static int queue_disable(struct txn *t, struct unit_view *view, const char *unit, struct err *e)
{
	struct unit_index *before;
	struct enable_link *live;
	size_t n;
	int r = unit_view_before(view, &before, e);

	if (r >= 0)
		r = unit_index_live_links(before, unit, &live, &n, e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++)
		queue_unlink(t, unit, live[i].path);
	return 0;
}

/* A job for what systemd cannot load would only fail when everything else is done. */
static int check_startable(struct txn *t, struct unit_view *view, const char *unit, struct err *e)
{
	const struct unit_status *u = NULL;
	struct unit_config config;
	struct unit_index *after;
	int r = unit_view_after(view, &after, e);

	if (r >= 0)
		r = unit_index_config(after, unit, &config, e);
	if (r >= 0 && txn_host(t)->live)
		r = unit_view_find(view, unit, &u, e);
	if (r < 0)
		return r;
	if (config.masked)
		return err_set(e, -ESHUTDOWN, "%s is masked, so it cannot be started; %s", unit,
			unit_index_unmask(after, config.fragment.path));
	if (!config.found && !(u && !strcmp(u->load_state, "loaded")) &&
		!unit_name_may_lack_fragment(unit))
		return err_set(e, -ENOENT, "there is no unit file of %s", unit);
	return 0;
}

static void queue_action(struct txn *t, const struct plan *p, const struct effect *f)
{
	const char *id = arena_printf(txn_arena(t), "action:%s", f->target);

	txn_action(t, resources_find(p->want, id),
		p->applied ? resources_find(p->applied, id) : NULL, f);
}

static int queue_effect(struct txn *t, const struct plan *p, const struct effect *f,
	struct unit_view *view, struct err *e)
{
	int r = 0;

	switch (f->action) {
	case ACTION_STOP:
		txn_unit(t, PHASE_STOP, f->target, 0);
		break;
	case ACTION_ENABLE:
		return queue_enable(t, view, f->target, e);
	case ACTION_DISABLE:
		return queue_disable(t, view, f->target, e);
	case ACTION_DAEMON_RELOAD:
		txn_reload(t);
		break;
	case ACTION_ACTIVATE:
		txn_activate(t, f->target, f->command, f->file);
		break;
	case ACTION_LIVE:
		txn_live(t, f->target);
		return meaning_check_limits(view, txn_arena(t), f->target, e);
	case ACTION_RUN:
		queue_action(t, p, f);
		break;
	case ACTION_START:
		r = check_startable(t, view, f->target, e);
		if (r >= 0)
			txn_unit(t, PHASE_START, f->target, f->settle_ns);
		break;
	case ACTION_RELOAD:
		return plan_check_reload(view, txn_arena(t), f->target, e);
	case ACTION_RESTART: /* looked up again when the steps are done */
		return meaning_check_limits(view, txn_arena(t), f->target, e);
	case ACTION_PROBE:  /* before all steps */
	case ACTION_SYSCTL: /* queued by its module, which knows the value */
	case ACTION_INSTALL:
	case ACTION_REMOVE:
		break;
	}
	return r;
}

void queue_validators(struct txn *t, const struct plan *p)
{
	for (size_t i = 0; i < p->n_changes; i++) {
		const struct change *c = &p->changes[i];
		const struct resource *said = c->want ? c->want : c->base;
		const char *path = said ? resource_path(said) : NULL;
		const struct place_rule *rule = path ? place_rule(path) : NULL;
		const char *command = said ? resource_get(said, "validate") : NULL;

		if (!command && rule)
			command = rule->validate;
		/* Of what goes nothing is left to be looked at, but for what includes it. */
		if (command && *command && (c->want || !strstr(command, "%f")))
			txn_validate(t, c->id, command, path);
	}
}

int queue_effects(struct txn *t, const struct plan *p, struct unit_view *view,
	struct findings *refusals, struct err *e)
{
	for (size_t i = 0; i < p->effects.n; i++) {
		const struct effect *f = &p->effects.items[i];
		int r = queue_effect(t, p, f, view, e);

		if (r < 0 && refuse_unless_coming(
				     p, refusals, f->n_because ? f->because[0] : NULL, r, e) < 0)
			return r;
	}
	return 0;
}
