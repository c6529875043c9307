/*
 * From effects to steps: enablement links, reload, stopping and starting (effect_steps.h).
 * Touches nothing itself. Called by the pipeline once the changes have queued theirs.
 */
#include "effect_steps.h"

#include <errno.h>
#include <string.h>

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

static bool has_link(const struct enable_link *links, size_t n, const char *path)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(links[i].path, path))
			return true;
	return false;
}

static int queue_enable(struct txn *t, struct unit_view *view, const char *unit, struct err *e)
{
	struct unit_index *before, *after;
	struct enable_link *want, *live;
	size_t n_want, n_live;
	int r = unit_view_before(view, &before, e);

	if (r >= 0)
		r = unit_view_after(view, &after, e);
	if (r >= 0)
		r = unit_index_install_links(after, unit, &want, &n_want, e);
	if (r >= 0)
		r = unit_index_live_links(before, unit, &live, &n_live, e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < n_want; i++) {
		if (has_link(live, n_live, want[i].path))
			continue;
		r = queue_parent(t, unit, want[i].path, e);
		if (r < 0)
			return r;
		txn_put_link(t, PHASE_ENABLE, unit, want[i].path, want[i].target);
	}
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
	for (size_t i = 0; i < n; i++) {
		txn_remove(t, PHASE_ENABLE, unit, live[i].path);
		/* As systemctl disable does: an empty UNIT.wants/ says nothing. */
		if (text_ends(parent_of(t, live[i].path), ".wants") ||
			text_ends(parent_of(t, live[i].path), ".requires"))
			txn_rmdir(t, unit, parent_of(t, live[i].path), true);
	}
	return 0;
}

int queue_effects(struct txn *t, const struct plan *p, struct unit_view *view, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < p->effects.n && r >= 0; i++) {
		const struct effect *f = &p->effects.items[i];

		switch (f->action) {
		case ACTION_STOP:
			txn_unit(t, PHASE_STOP, f->target, 0);
			break;
		case ACTION_ENABLE:
			r = queue_enable(t, view, f->target, e);
			break;
		case ACTION_DISABLE:
			r = queue_disable(t, view, f->target, e);
			break;
		case ACTION_DAEMON_RELOAD:
			txn_reload(t);
			break;
		case ACTION_START:
			txn_unit(t, PHASE_START, f->target, f->settle_ns);
			break;
		case ACTION_SYSCTL:  /* queued by its module, which knows the value */
		case ACTION_RESTART: /* looked up again when the steps are done */
			break;
		}
	}
	return r;
}
