/*
 * The trials of a plan (probe.h), one after another, as steps before everything else; what does not
 * hold refuses the apply.
 * Touches nothing that stays. Called by the pipeline before the journal is written.
 */
#include "probes.h"

#include <errno.h>
#include <string.h>

#include "l4sync/event.h"
#include "l4sync/probe.h"
#include "l4sync/unitpath.h"

#include "txn_internal.h"

#define UNTRUE_SHOWN 20

/* Whether another one before it was the same trial: instances whose settings do not say which they
 * are. */
static const struct probe *same_before(const struct probes *all, size_t i)
{
	const struct probe *x = &all->items[i];

	for (size_t k = 0; k < i; k++) {
		const struct probe *y = &all->items[k];

		if (!y->reason && x->rules == y->rules && !strcmp(x->settings, y->settings) &&
			!strcmp(x->program, y->program) && !strpbrk(x->settings, "%"))
			return y;
	}
	return NULL;
}

static void warn(struct txn *t, const struct findings *untried)
{
	for (size_t i = 0; i < untried->n; i++)
		event_message(t->sink, "warning", "%s: not tried beforehand: %s",
			untried->items[i].where, untried->items[i].text);
}

/* -EREMOTEIO: something does not hold, which is said. */
static int try_one(struct txn *t, const struct probe *x, const char *text, struct findings *untrue,
	struct err *e)
{
	struct findings untried = {.arena = t->arena};
	size_t n = untrue->n;
	int r = probe_try(t->host, t->arena, x, txn_idle, NULL, untrue, &untried, e);

	if (r < 0 && r != -EINTR) {
		finding_add(&untried, "verify", "sandbox-not-tried", x->unit, "%s", err_text(e));
		err_clear(e);
		r = 0;
	}
	txn_event(t, r < 0 || untrue->n > n ? "failed" : "done", "probe", x->unit, text);
	warn(t, &untried);
	free(untried.items);
	return r;
}

static int refuse_untrue(struct txn *t, const struct findings *f, struct err *e)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	for (size_t i = 0; i < f->n && i < UNTRUE_SHOWN; i++)
		buf_addf(&b, "%s%s: the new sandbox: %s", i ? "; " : "", f->items[i].where,
			f->items[i].text);
	if (f->n > UNTRUE_SHOWN)
		buf_addf(&b, "; and %zu more", f->n - UNTRUE_SHOWN);
	(void)t;
	return err_set(e, -EREMOTEIO, "%s. Nothing was touched", b.data);
}

int probes_run(struct txn *t, const struct plan *p, struct err *e)
{
	struct findings untrue = {.arena = t->arena};
	int r = 0;

	for (size_t i = 0; i < p->probes.n && r >= 0; i++) {
		const struct probe *x = &p->probes.items[i], *same;
		const char *text = arena_printf(t->arena, "probe the new sandbox of %s", x->unit);

		txn_event(t, "start", "probe", x->unit, text);
		same = x->reason ? NULL : same_before(&p->probes, i);
		if (x->reason)
			txn_event(t, "done", "probe", x->unit,
				arena_printf(t->arena, "not probed: the new sandbox of %s: %s",
					x->unit, x->reason));
		else if (same)
			txn_event(t, "done", "probe", x->unit,
				arena_printf(t->arena, "%s: the same as of %s", text, same->unit));
		else
			r = try_one(t, x, text, &untrue, e);
	}
	if (r >= 0 && untrue.n)
		r = refuse_untrue(t, &untrue, e);
	free(untrue.items);
	return r;
}
