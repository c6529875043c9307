/*
 * The pipeline of a run, top to bottom: pull and read, inspect, plan, apply, verify, report.
 * Each part is a function of its own elsewhere; this is their order.
 * Called by the verbs.
 */
#include "l4sync/run.h"

#include <errno.h>
#include <string.h>

#include "actions.h"
#include "apply/effect_steps.h"
#include "apply/probes.h"
#include "apply/restart.h"
#include "l4sync/checkout_live.h"
#include "l4sync/deferred.h"
#include "l4sync/lint.h"
#include "l4sync/module.h"
#include "l4sync/packages.h"
#include "l4sync/verify.h"
#include "plan/inspect.h"
#include "verbs/generation.h"
#include "verbs/report.h"
#include "verbs/want.h"

/* A look at the host as it is now: nothing that an earlier look has kept is used. */
static struct inspection inspection_new(struct run *r, struct plan *p)
{
	return (struct inspection){
		.host = r->host,
		.arena = r->arena,
		.want = r->want,
		.base = r->base.want,
		.originals = r->base.originals,
		.key = r->key,
		.findings = &p->findings,
		.units = unit_view_new(r->host, r->arena, r->want, r->base.want, r->base.originals),
		.writes = r->writes,
	};
}

/* What is owed, and which of it --only leaves alone. */
static int load_debts(struct run *r, struct err *e)
{
	struct debts *debts = &r->plan->debts;
	int c = debts_load(r->host, r->arena, debts, e);

	for (size_t i = 0; i < debts->n && c >= 0; i++) {
		struct debt *d = &debts->items[i];

		d->unselected = !run_selects(r, arena_printf(r->arena, "service:%s", d->unit));
		for (size_t k = 0; k < d->n_causes; k++)
			d->unselected &= !run_selects(r, d->causes[k].id);
	}
	return c;
}

/* Of the state as it is now: what was applied last has been looked at then, and of a part of it no
 * rule could tell what is not there. */
static int lint(struct run *r, const struct complaints *complaints, struct err *e)
{
	const struct lint_job job = {.arena = r->arena,
		.want = r->want,
		.view = r->units,
		.host_known = true,
		.complaints = complaints,
		.complaints_alone = r->request->n_only};

	if (!r->plan->looked_at_source)
		return 0;
	return lint_want(&job, &r->plan->findings, NULL, e);
}

/* A check compares with what was applied last, and has been looked at then. */
static int assess(struct run *r, struct complaints *ret, struct err *e)
{
	*ret = (struct complaints){0};
	if (!r->plan->looked_at_source && !r->from_history)
		return 0;
	return plan_assess(r->plan, r->units, r->base.want, ret, e);
}

int run_plan(struct run *r, struct err *e)
{
	host_bus_greet(r->host);
	plan_free(r->plan);
	r->plan = plan_new(r->arena);
	r->plan->host = r->host->name;
	r->plan->want = r->want;
	r->plan->applied = r->base.want;
	r->plan->defer = r->request->defer;
	r->plan->looked_at_source = !r->from_history && r->want != r->base.want;
	for (const struct finding *f = r->notes.items; f < r->notes.items + r->notes.n; f++)
		finding_add(&r->plan->findings, f->kind, f->code, f->where, "%s", f->text);
	struct inspection in = inspection_new(r, r->plan);
	r->units = in.units;
	int c = want_load_checkouts(r, e);

	if (c >= 0)
		c = inspect_all(r, &in, &r->triples, &r->n_triples, e);
	if (c < 0)
		return c;
	if (r->from_history)
		want_leave_secrets(r);
	plan_compare(r->plan, r->triples, r->n_triples, r->key);
	const struct recorded recorded = {r->triples, r->n_triples, r->key, run_bytes_of, r};
	c = load_debts(r, e);
	if (c >= 0)
		c = plan_packages(r->plan, r->units, e);
	if (c >= 0)
		c = run_plan_actions(r, e);
	if (c >= 0)
		c = plan_effects(r->plan, r->units, &recorded, e);
	if (c >= 0)
		c = plan_content_policy(r->plan, r->units, e);
	if (c >= 0)
		c = plan_deferred(r->plan, r->units, r->key, e);
	if (c >= 0)
		c = plan_foreign(r->plan, r->units, r->key, e);
	if (c >= 0)
		c = plan_sysctl(r->plan, r->triples, r->n_triples, r->units, e);
	struct complaints complaints;
	if (c >= 0)
		c = assess(r, &complaints, e);
	if (c >= 0)
		c = lint(r, &complaints, e);
	if (c >= 0)
		c = plan_guard(r->plan, r->units, r->base.want, e);
	if (c >= 0)
		plan_identify(r->plan, r->key);
	return c;
}

size_t run_deferrals(const struct run *r)
{
	return plan_deferrals(r->plan, true) + plan_deferrals(r->plan, false) +
	       plan_pending_actions(r->plan);
}

bool run_differs(const struct run *r)
{
	if (r->plan->n_changes || r->plan->effects.n > run_deferrals(r) + r->plan->probes.n)
		return true;
	for (size_t i = 0; i < r->plan->findings.n; i++)
		if (!strcmp(r->plan->findings.items[i].kind, "stale") ||
			!strcmp(r->plan->findings.items[i].kind, "foreign") ||
			!strcmp(r->plan->findings.items[i].code, "apply-refuses") ||
			(r->host->live && !strcmp(r->plan->findings.items[i].code, "exposure")))
			return true;
	return false;
}

void run_emit_plan(struct run *r)
{
	event_emit(r->sink, "{s:s, s:o}", "event", "plan", "plan", run_plan_document(r));
}

/* The bytes of what is put back are only in the history; those of a secret, of which not the
 * content differs, only on the host. */
static int load_content(struct run *r, struct change *c, struct err *e)
{
	if (!c->want || !c->want->content || c->want->content->data)
		return 0;
	struct resource *whole = arena_memdup(r->arena, c->want, sizeof *whole);
	const struct content *live = c->live ? c->live->content : NULL;
	int k = 0;

	if (whole->content->keyed && content_same(whole->content, live, r->key))
		whole->content = live;
	else
		k = history_content(r->history, r->arena, whole->content, &whole->content, e);
	if (k < 0)
		return err_prefix(e, k, "%s cannot be put back as it was", c->id);
	c->want = whole;
	return 0;
}

/* With refusals each thing that cannot be queued becomes one. */
static int queue(struct run *r, struct txn *t, struct findings *refusals, struct err *e)
{
	for (size_t i = 0; i < r->plan->n_changes; i++)
		if (r->plan->changes[i].op == OP_CREATE)
			txn_makes(t, r->plan->changes[i].id);
	for (size_t i = 0; i < r->plan->n_changes; i++) {
		struct change *x = &r->plan->changes[i];
		int c = load_content(r, x, e);

		if (c >= 0 && x->module->enqueue && !x->done)
			c = x->module->enqueue(t, x, e);
		if (c < 0 && refuse_unless_coming(r->plan, refusals, x->id, c, e) < 0)
			return c;
	}
	queue_validators(t, r->plan);
	for (size_t i = 0; i < r->plan->n_templates; i++)
		txn_affects(t, r->plan->templates[i].name);
	for (size_t i = 0; i < r->plan->effects.n; i++)
		if (r->plan->effects.items[i].action == ACTION_RESTART ||
			r->plan->effects.items[i].action == ACTION_RELOAD)
			txn_affects(t, r->plan->effects.items[i].target);
	return queue_effects(t, r->plan, r->units, refusals, e);
}

/* Reloads, which come behind the restarts. */
static size_t count_reloads(const struct plan *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->effects.n; i++)
		n += p->effects.items[i].action == ACTION_RELOAD;
	return n;
}

void run_rehearse(struct run *r)
{
	static const unsigned char no_key[HASH_SIZE]; /* without a history nothing is recorded */
	_cleanup_txn_ struct txn *t = txn_new(r->host, r->arena, r->key ? r->key : no_key, r->sink);
	_cleanup_err_ struct err e = ERR_INIT;

	queue(r, t, &r->plan->findings, &e);
	txn_prepare(t, &r->plan->findings, &e);
	r->n_steps = txn_steps(t) + plan_restarts(r->plan) + count_reloads(r->plan);
}

/* What the transaction calls back for, and what it leaves behind. */
struct applying {
	struct run *run;
	struct txn *txn;
	struct rolling rolling;
	struct applied applied;
	size_t n_acted;
	const char **acted; /* units that it has started or restarted */
};

/* So that what is recorded says what became of them. */
static void note_deferred(struct plan *p, const struct debts *owed)
{
	for (size_t i = 0; i < owed->n; i++)
		for (size_t k = 0; k < p->effects.n; k++)
			p->effects.items[k].deferred |=
				p->effects.items[k].action == ACTION_RESTART &&
				!strcmp(p->effects.items[k].target, owed->items[i].unit);
}

static bool has_restarts(const struct plan *p)
{
	bool found = p->n_templates || count_reloads(p);

	for (size_t i = 0; i < p->effects.n; i++)
		found |= p->effects.items[i].action == ACTION_RESTART;
	for (size_t i = 0; i < p->debts.n; i++)
		found |= p->debts.items[i].back;
	return found;
}

/* What this run has started or restarted. */
static void note_acted(struct applying *x, const struct effects *f, enum action action)
{
	struct arena *a = x->run->arena;
	const char **longer = arena_array(a, const char *, x->n_acted + f->n);

	if (x->n_acted)
		memcpy(longer, x->acted, x->n_acted * sizeof *longer);
	x->acted = longer;
	for (size_t i = 0; i < f->n; i++) {
		bool other = f->items[i].action != action;

		for (size_t k = 0; !other && k < x->rolling.owed.n; k++)
			other = !strcmp(x->rolling.owed.items[k].unit, f->items[i].target);
		if (!other)
			x->acted[x->n_acted++] = f->items[i].target;
	}
}

static int do_probe(void *userdata, struct txn *t, struct err *e)
{
	return probes_run(t, ((struct applying *)userdata)->run->plan, e);
}

static int do_restarts(void *userdata, struct txn *t, struct err *e)
{
	struct applying *x = userdata;
	struct effects now = {0};
	int c;

	run_look_at_actions(x->run, t);
	run_count_actions(x->run, t);
	if (!x->run->host->live || !has_restarts(x->run->plan))
		return 0;
	c = plan_restarts_now(x->run->plan, x->run->units, txn_reloaded_usec(t), &now, e);
	if (c >= 0) {
		restarts_announce(x->run->sink, &x->run->plan->effects, &now);
		txn_expect(t, now.n + x->run->plan->probes.n);
		c = restart_rolling(t, &now, &x->rolling, e);
	}
	note_acted(x, &now, ACTION_RESTART);
	free(now.items);
	note_deferred(x->run->plan, &x->rolling.owed);
	x->applied.restarted = x->rolling.restarted;
	x->applied.deferred = x->rolling.owed.n;
	return c;
}

/* Looks again at everything that was changed: what is recorded is what is there. */
static int verify(struct run *r, struct err *e)
{
	struct plan *scratch = plan_new(r->arena);
	struct inspection in = inspection_new(r, scratch);
	int c = 0;

	for (size_t i = 0; i < r->plan->n_changes && c >= 0; i++) {
		const struct change *x = &r->plan->changes[i];
		struct resource *live = NULL;

		if (!x->want)
			continue;
		c = x->module->inspect(&in, x->id, x->want, &live, e);
		if (c >= 0 && !resource_matches(x->module, x->want, live, r->key))
			c = err_set(e, -EREMOTEIO,
				"%s was applied, but the host does not have what was asked for",
				x->id);
	}
	plan_free(scratch);
	return c < 0 ? c : 0;
}

/* Also with `settle: 0s`, and if it was well for as long as it was looked at. */
static int verify_running(struct applying *x, struct err *e)
{
	struct run *r = x->run;
	const struct unit_status *u;
	int c = 0;

	unit_view_refresh(r->units);
	for (size_t i = 0; i < x->n_acted && c >= 0; i++) {
		c = unit_view_find(r->units, x->acted[i], &u, e);
		if (c >= 0 && u &&
			(!strcmp(u->active_state, "failed") ||
				!strcmp(u->sub_state, "auto-restart")))
			c = err_set(e, -EREMOTEIO,
				"%s was started by this apply, and does not run any more: it has "
				"failed",
				x->acted[i]);
	}
	return c;
}

/* The last step: what the state says of what runs. */
static int verify_units(struct applying *x, struct err *e)
{
	struct run *r = x->run;
	int c;

	if (!r->host->live)
		return 0;
	note_acted(x, &r->plan->effects, ACTION_START);
	c = verify_running(x, e);
	if (c < 0)
		return c;
	c = verify_started(r->host, r->arena, r->want, x->acted, x->n_acted, e);
	if (c >= 0 || c == -EREMOTEIO)
		return c;
	event_message(r->sink, "warning",
		"whether what the state says in verify is true could not be looked at: %s",
		err_text(e));
	err_clear(e);
	return 0;
}

/* The trees that checkouts have taken the place of are still there, and nobody finds them any more
 * by their path. */
static int keep_replaced(struct applying *x, struct err *e)
{
	struct run *r = x->run;
	int c = 0;

	for (size_t i = 0; i < r->plan->n_changes && c >= 0; i++) {
		const struct change *k = &r->plan->changes[i];

		if (strcmp(k->module->type, "checkout") != 0)
			continue;
		_cleanup_close_ int fd = txn_open_replaced(x->txn, resource_name(k->id));
		if (fd < 0)
			continue;
		if (!r->kept)
			r->kept = resources_new();
		c = checkout_keep(r->host, r->arena, fd, resource_name(k->id),
			k->want ? k->want->content : NULL, k->base ? k->base->content : NULL,
			r->kept, e);
	}
	return c;
}

static int do_record(void *userdata, struct err *e)
{
	struct applying *x = userdata;
	struct run *r = x->run;
	struct debts debts = plan_debts(r->plan, &x->rolling.owed);
	int c = verify(r, e);

	if (c >= 0)
		c = verify_units(x, e);
	if (c >= 0)
		c = keep_replaced(x, e);
	if (c >= 0)
		c = debts_prepare(r->host, &debts, e);
	if (c < 0)
		return c;
	/* A timed run that finds all busy again is no apply, of which the history keeps so many. */
	x->applied.generation = r->base.number;
	if (!r->plan->n_changes && !x->applied.restarted && !r->plan->n_run && !run_base_follows(r))
		return 0;
	return generation_record(
		r, OUTCOME_APPLIED, NULL, x->applied.restarted, true, &x->applied.generation, e);
}

static int do_publish(void *userdata, struct err *e)
{
	struct run *r = ((struct applying *)userdata)->run;
	int c = generation_publish(r, e);

	return c < 0 ? c : run_settle_actions(r, e);
}

static int do_discard(void *userdata, struct err *e)
{
	return generation_discard(((struct applying *)userdata)->run, e);
}

enum txn_result run_apply(struct run *r, struct applied *ret, struct err *e)
{
	_cleanup_txn_ struct txn *t = txn_new(r->host, r->arena, r->key, r->sink);
	struct applying x = {
		.run = r,
		.txn = t,
		.rolling = {.plan = r->plan,
			.key = r->key,
			.restart_busy = r->request->restart_busy},
	};
	const struct txn_hooks hooks = {
		.probe = do_probe,
		.restarts = do_restarts,
		.record = do_record,
		.publish = do_publish,
		.discard = do_discard,
		.userdata = &x,
	};

	if (queue(r, t, NULL, e) < 0)
		return TXN_REFUSED;
	if (r->n_steps_done)
		txn_follows(t, r->n_steps_done, r->stays);
	/* Counted from the first step on; instances that come meanwhile are added when they do. */
	txn_expect(t, plan_restarts(r->plan) + count_reloads(r->plan) +
			      plan_deferrals(r->plan, true) + plan_deferrals(r->plan, false) +
			      r->plan->probes.n);
	enum txn_result result = txn_run(t, &hooks, e);
	r->n_stay = txn_kept(t);
	run_count_actions(r, t);
	*ret = x.applied;
	return result;
}
