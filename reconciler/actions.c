/*
 * The actions' part of a run (actions.h): between the plan, which asks, the transaction, which runs
 * them, and what is kept of them.
 * Called by the pipeline and the verb apply.
 */
#include "actions.h"

#include <errno.h>
#include <string.h>

#include "l4sync/action.h"

static bool selects(void *userdata, const char *id)
{
	return run_selects(userdata, id);
}

static int ask(void *userdata, const struct resource *action, enum action_answer *ret,
	const char **ret_why, struct err *e)
{
	struct run *r = userdata;
	const char *service = arena_printf(r->arena, "l4sync-unless-%s-%x-%llx.service",
		resource_name(action->id), (unsigned)getpid(), monotonic_usec());

	event_progress(r->sink, "asking whether %s has something to do", action->id);
	return action_ask(r->host, r->arena, action, service, NULL, NULL, ret, ret_why, e);
}

int run_plan_actions(struct run *r, struct err *e)
{
	struct action_records records;
	const struct action_source source = {.records = &records,
		.skip = !r->host->live,
		.selects = selects,
		.ask = ask,
		.userdata = r};
	int c = action_records_load(r->host, r->arena, &records, e);

	return c < 0 ? c : plan_actions(r->plan, r->units, &source, r->key, e);
}

static bool same_inputs(const struct action_record *x, const struct action_inputs *inputs)
{
	for (size_t i = 0; i < inputs->n; i++)
		if (i >= x->n_inputs || strcmp(x->inputs[i].id, inputs->now[i].id) != 0 ||
			strcmp(x->inputs[i].identity, inputs->now[i].identity) != 0)
			return false;
	return x->n_inputs == inputs->n;
}

/* One that is asked each time, and was not begun, needs no note. */
static bool settle(struct run *r, struct action_records *records, const struct idle_action *s)
{
	const struct resource *action =
		resources_find(r->want, arena_printf(r->arena, "action:%s", s->name));
	const char *definition = action_definition(r->arena, action);
	struct action_record *x = action_record_find(records, s->name);

	if (!s->inputs || (!x && !s->inputs->n))
		return false;
	if (x && !x->pending && same_inputs(x, s->inputs) &&
		(!s->inputs->n || (x->n_done && !strcmp(x->done[x->n_done - 1], definition))))
		return false;
	action_record_done(records, action_record_get(records, s->name), definition, s->inputs->now,
		s->inputs->n);
	return true;
}

/* What was to be run once, and was, stays known: the state may take it up again. */
static bool forget(struct run *r, struct action_record *x)
{
	if (!x->pending || resources_find(r->want, arena_printf(r->arena, "action:%s", x->name)))
		return false;
	x->pending = false;
	x->error = NULL;
	x->n_inputs = 0;
	return true;
}

int run_settle_actions(struct run *r, struct err *e)
{
	struct action_records records;
	bool changed = false;

	if (!r->host->live)
		return 0;
	int c = action_records_load(r->host, r->arena, &records, e);
	for (size_t i = 0; i < r->plan->n_idle && c >= 0; i++)
		changed |= settle(r, &records, &r->plan->idle[i]);
	for (size_t i = 0; i < records.n && c >= 0; i++)
		changed |= forget(r, &records.items[i]);
	return c < 0 || !changed ? c : action_records_save(r->host, &records, e);
}

static const char *id_of(struct run *r, const struct effect *f)
{
	return arena_printf(r->arena, "action:%s", f->target);
}

void run_look_at_actions(struct run *r, struct txn *t)
{
	struct effects *f = &r->plan->effects;
	unsigned long long now = realtime_usec();

	for (size_t i = 0; i < r->want->n; i++)
		if (resource_is(r->want->items[i], "action") &&
			txn_action_skipped(t, r->want->items[i]->id))
			plan_drop_reason(r->plan, r->want->items[i]->id);
	for (size_t i = 0; i < f->n; i++)
		for (size_t k = 0;
			f->items[i].action == ACTION_RESTART && k < f->items[i].n_because; k++)
			if (txn_action_ran(t, f->items[i].because[k]))
				f->items[i].older_than_usec = now;
}

void run_count_actions(struct run *r, struct txn *t)
{
	struct effects *f = &r->plan->effects;
	const char *const *lines, *failed;
	size_t n_lines;

	failed = txn_output(t, &lines, &n_lines);
	r->plan->n_run = 0;
	for (size_t i = 0; i < f->n; i++) {
		if (f->items[i].action != ACTION_RUN)
			continue;
		r->plan->n_run += txn_action_ran(t, id_of(r, &f->items[i]));
		if (failed && !strcmp(failed, f->items[i].target)) {
			f->items[i].output = lines;
			f->items[i].n_output = n_lines;
		}
	}
}
