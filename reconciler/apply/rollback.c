/*
 * Putting everything back: the steps in reverse, one reload, then the units that had been acted
 * on. The same code after a failure in this run and for a run that died (txn_internal.h).
 * Stops at nothing: what cannot be put back is said, counted, and the rest goes on.
 * Called by the transaction and the recovery.
 */
#include <errno.h>
#include <string.h>

#include "l4sync/bus.h"

#include "action_steps.h"
#include "live.h"
#include "txn_internal.h"

void rollback_event(struct txn *t, const char *state, const char *text)
{
	event_emit(t->sink, "{s:s, s:s, s:o}", "event", "rollback", "state", state, "text",
		event_string(text));
}

size_t txn_kept(const struct txn *t)
{
	return t->n_stay;
}

const char *txn_rolled_back_text(size_t n_stay)
{
	return n_stay ? "everything is as it was before, but for what stays"
		      : "everything is as it was before";
}

/* Of what stays only that goes which undo would have needed. */
static void hold(struct txn *t, struct step *s, size_t *left_count)
{
	_cleanup_err_ struct err e = ERR_INIT;

	if (!s->ops->finish || s->ops->finish(t, s, &e) >= 0)
		return;
	rollback_left(t, err_text(&e), NULL, left_count);
}

static void undo_steps(struct txn *t, size_t *left_count)
{
	for (size_t i = t->n; i-- > 0;) {
		struct step *s = &t->steps[i];
		_cleanup_err_ struct err e = ERR_INIT;
		bool left = false;

		if (!s->ops->undo || !s->touched || step_is_ownerless(s))
			continue;
		if (s->held)
			hold(t, s, left_count);
		else if (s->ops->undo(t, s, &left, &e) < 0)
			rollback_left(t, err_text(&e), s->ops->next ? s->ops->next(t, s) : NULL,
				left_count);
	}
}

static void reload(struct txn *t, size_t *left_count)
{
	_cleanup_err_ struct err e = ERR_INIT;
	struct bus *bus;

	if (host_bus(t->host, &bus, &e) < 0 || bus_reload(bus, RELOAD_TIMEOUT_MS, &e) < 0 ||
		live_restore_filters(t, &e) < 0)
		rollback_left(t, arena_printf(t->arena, "daemon-reload: %s", err_text(&e)),
			"`systemctl daemon-reload`, so that systemd reads the files that were put "
			"back",
			left_count);
}

void rollback(struct txn *t, const char *const *log, size_t n_log, size_t *ret_left)
{
	_cleanup_err_ struct err e = ERR_INIT;
	size_t left = 0;

	rollback_event(t, "start", "putting everything back");
	if (t->host->live) {
		actions_end(t, log, n_log, &left);
		units_stop_started(t, log, n_log, &left);
		actions_hold(t, log, n_log, &left);
	}
	undo_steps(t, &left);
	if (txn_sync_dirs(t, &e) < 0)
		rollback_left(t, err_text(&e),
			"`sync`, and look at the disk (`dmesg`): what was put back may not survive "
			"a power cut",
			&left);
	if (t->reloads && t->host->live)
		reload(t, &left);
	if (t->host->live) {
		activate_back(t, &left);
		units_live_back(t, log, n_log, &left);
		actions_again(t, log, n_log, &left);
		units_bring_back(t, log, n_log, &left);
	}
	if (!left && t->stays)
		rollback_event(t, "done",
			arena_printf(t->arena,
				"everything else is as it was before; packages cannot be undone: "
				"%s",
				t->stays));
	else if (!left)
		rollback_event(t, "done", txn_rolled_back_text(t->n_stay));
	*ret_left = left;
}
