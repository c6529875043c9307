/*
 * Packages first: they are what the rest of an apply may need (a directory, a unit, a user, a file
 * that is replaced), and what cannot be undone. So they are a transaction of their own, and the
 * rest is planned anew on what they have made of the host.
 * Called by apply, before run_apply().
 */
#include "l4sync/packages.h"

#include <errno.h>
#include <string.h>

#include "l4sync/module.h"
#include "l4sync/run.h"

static size_t count(const struct plan *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n_changes; i++)
		n += packages_change(&p->changes[i]);
	return n;
}

/* The names of the changes: what may stay. */
static struct apt_wish names_of(struct run *r, const struct plan *p)
{
	struct apt_wish names = {
		.install = arena_array(r->arena, const char *, p->n_changes),
		.remove = arena_array(r->arena, const char *, p->n_changes),
		.architectures = arena_array(r->arena, const char *, p->n_changes),
	};

	for (size_t i = 0; i < p->n_changes; i++) {
		const struct change *c = &p->changes[i];
		const char *name = resource_name(c->id);

		if (!packages_change(c))
			continue;
		if (!strcmp(c->module->type, "architecture"))
			names.architectures[names.n_architectures++] = name;
		else if (c->op == OP_DELETE)
			names.remove[names.n_remove++] = name;
		else
			names.install[names.n_install++] = name;
	}
	return names;
}

static enum txn_result change_packages(struct run *r, const struct plan *p, struct err *e)
{
	_cleanup_txn_ struct txn *t = txn_new(r->host, r->arena, r->key, r->sink);
	const struct txn_hooks none = {0};

	for (size_t i = 0; i < p->n_changes; i++)
		if (packages_change(&p->changes[i]) &&
			p->changes[i].module->enqueue(t, &p->changes[i], e) < 0)
			return TXN_REFUSED;
	/* The rest may turn out to be more, or less. */
	txn_expect(t, r->n_steps ? r->n_steps - 1 : 0);
	return txn_run(t, &none, e);
}

static int compare_changes(const void *a, const void *b)
{
	return strcmp(((const struct change *)a)->id, ((const struct change *)b)->id);
}

static int remained(struct run *r, struct err *e)
{
	for (size_t i = 0; i < r->plan->n_changes; i++)
		if (packages_change(&r->plan->changes[i]))
			return err_set(e, -EREMOTEIO,
				"%s was applied, but the host does not have what was asked for",
				r->plan->changes[i].id);
	return 0;
}

/* What was done is part of what this run reports and records. */
static void take_over(struct run *r, const struct plan *shown)
{
	struct plan *p = r->plan;
	struct change *all = arena_array(r->arena, struct change, p->n_changes + shown->n_changes);
	size_t n = p->n_changes;

	if (n)
		memcpy(all, p->changes, n * sizeof *all);
	for (size_t i = 0; i < shown->n_changes; i++)
		if (packages_change(&shown->changes[i])) {
			all[n] = shown->changes[i];
			all[n++].done = true;
		}
	p->n_ok -= n - p->n_changes;
	p->changes = all;
	p->n_changes = n;
	qsort(all, n, sizeof *all, compare_changes);
	for (size_t i = shown->effects.n; i-- > 0;) {
		const struct effect *f = &shown->effects.items[i];

		if (f->action != ACTION_INSTALL && f->action != ACTION_REMOVE)
			continue;
		p->effects.items = grow(
			p->effects.items, &p->effects.cap, p->effects.n, sizeof *p->effects.items);
		memmove(p->effects.items + 1, p->effects.items,
			p->effects.n++ * sizeof *p->effects.items);
		p->effects.items[0] = *f;
	}
	/* It is the plan that was shown, carried further. */
	memcpy(p->id, shown->id, sizeof p->id);
}

enum txn_result run_packages(struct run *r, struct err *e)
{
	if (!r->host->live || !count(r->plan))
		return TXN_APPLIED;
	_cleanup_plan_ struct plan *shown = TAKE_PTR(r->plan);
	const struct apt_wish names = names_of(r, shown);
	enum txn_result result = change_packages(r, shown, e);

	r->plan = TAKE_PTR(shown);
	if (result == TXN_REFUSED)
		return result;
	r->stays = packages_stay(r->host, r->arena, &names);
	r->n_steps_done = 1;
	if (result != TXN_APPLIED)
		return result;
	shown = TAKE_PTR(r->plan);
	int c = run_plan(r, e);
	if (c >= 0)
		c = remained(r, e);
	if (c < 0) {
		plan_free(r->plan);
		r->plan = TAKE_PTR(shown);
		event_message(r->sink, "error", "%s", err_text(e));
		return TXN_ROLLED_BACK;
	}
	run_rehearse(r);
	take_over(r, shown);
	return TXN_APPLIED;
}
