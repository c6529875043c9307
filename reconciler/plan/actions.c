/*
 * Which actions are to be run, and why (plan.h): each gets its facts (action_facts.c) and a verdict
 * (action_verdict.c); what it restarts follows (action_restarts.c).
 * Runs nothing but unless, through its source. Called by the pipeline before the other effects are
 * derived.
 */
#include <errno.h>
#include <string.h>

#include "l4sync/event.h"
#include "l4sync/text.h"

#include "actions_internal.h"

static struct candidate *find_candidate(struct planning *x, const char *name)
{
	for (size_t i = 0; i < x->n; i++)
		if (!strcmp(x->items[i].name, name))
			return &x->items[i];
	return NULL;
}

/* Whether what was applied last asks for the same already. */
static bool is_as_applied(struct planning *x, const struct candidate *c)
{
	struct arena *a = x->plan->arena;
	const struct resources *base = x->plan->applied;
	const struct resource *was = base ? resources_find(base, c->item->id) : NULL;

	if (!was || strcmp(action_definition(a, was), c->definition) != 0)
		return false;
	for (size_t i = 0; i < c->inputs.n; i++) {
		const char *id = c->inputs.now[i].id;

		if (!text_starts(id, "action:") &&
			strcmp(resource_identity(a, resources_find(base, id), NULL, x->key),
				c->inputs.now[i].identity) != 0)
			return false;
	}
	return true;
}

static const char *why_of(struct planning *x, const struct candidate *c, unsigned row)
{
	struct arena *a = x->plan->arena;

	if (c->unknown)
		return arena_printf(a,
			"whether there is something to do could not be asked (%s), and is asked "
			"again when its turn comes",
			c->unknown);
	switch (row) {
	case 3:
		return c->record->error ? arena_printf(a, "it has failed: %s", c->record->error)
					: "it was interrupted";
	case 4:
		return "it has not been run on this host yet";
	case 5:
		return "it is another one than the one that was run";
	case 7:
		return "its unless says that there is something to do";
	case 9:
		return "its unless is asked again when its turn comes";
	default:
		return NULL;
	}
}

static void report_pending(struct planning *x, const struct candidate *c, const struct effect *f)
{
	struct arena *a = x->plan->arena;
	const char *text =
		c->record && c->record->pending
			? action_pending_text(a, c->record)
			: arena_printf(a, "is to be run: %s; the next apply runs it",
				  f->why ? f->why : "what it runs for has changed since it was");

	finding_add(&x->plan->findings, "pending", "action-pending", c->item->id, "%s", text);
}

/* What a rollback does with what it has done. */
static void report_undo(struct planning *x, const struct candidate *c)
{
	_cleanup_buf_ struct buf ids = BUF_INIT;

	if (resource_has(c->item, "rollback", "rerun"))
		return;
	for (size_t i = 0; i < c->inputs.n; i++)
		if (action_change(x->plan, c->inputs.now[i].id))
			buf_addf(&ids, "%s%s", ids.size ? ", " : "", c->inputs.now[i].id);
	finding_add(&x->plan->findings, "lint", "not-undoable", c->item->id,
		"cannot be undone, not by a rollback either%s%s; with rollback: rerun it would be "
		"run again behind one",
		ids.size ? ": once it has succeeded, what it runs for stays too: " : "",
		ids.size ? ids.data : "");
}

static void report_user(struct planning *x, const struct candidate *c)
{
	const char *user = resource_get(c->item, "user");
	uid_t uid;

	if (!user || resources_find(x->plan->want, arena_printf(x->plan->arena, "user:%s", user)) ||
		host_uid(unit_view_host(x->d.view), user, &uid, NULL) != -ENOENT)
		return;
	finding_add(&x->plan->findings, "lint", "user-missing", c->item->id,
		"its user %s is neither in the state nor on the host: it fails with 217/USER, "
		"unless the apply makes one",
		user);
}

static void add_effect(struct planning *x, struct candidate *c, unsigned row)
{
	struct effects *f = &x->plan->effects;

	c->runs = true;
	for (size_t i = 0; i < c->n_because; i++)
		effect_add(f, ACTION_RUN, c->name, c->because[i]);
	if (!c->n_because)
		effect_add(f, ACTION_RUN, c->name, c->item->id);
	struct effect *added = effects_find(f, ACTION_RUN, c->name);
	added->why = why_of(x, c, row);
	added->rank = (size_t)(c - x->items);
	added->inputs = &c->inputs;
	added->deferred = !c->facts.now && (c->facts.known == KNOWN_PENDING || is_as_applied(x, c));
	if (added->deferred)
		report_pending(x, c, added);
	if (!added->deferred || x->plan->looked_at_source)
		report_undo(x, c);
	report_user(x, c);
}

/* One that is not selected is as it was applied last, which may be not at all. */
static bool is_met(struct planning *x, const char *name)
{
	const struct candidate *other = find_candidate(x, name);
	const struct action_record *record = action_record_find(x->source->records, name);

	if (!other)
		return record && record->n_done && !record->pending;
	return other->runs || x->source->selects(x->source->userdata, other->item->id) ||
	       action_known(other) == KNOWN_DONE;
}

/* What is not selected is left alone; what needs it cannot be run then, unless it is done. */
static int check_needs(struct planning *x, const struct candidate *c, struct err *e)
{
	for (size_t i = 0; i < c->item->n_attrs; i++) {
		const struct attr *attr = &c->item->attrs[i];

		if (!strcmp(attr->key, "needs") && !is_met(x, attr->value))
			return err_set(e, -EPERM,
				"%s needs action:%s, which has not succeeded and is not selected",
				c->item->id, attr->value);
	}
	return 0;
}

static const char *why_idle(struct planning *x, const struct candidate *c, unsigned row)
{
	struct arena *a = x->plan->arena;
	const char *when = "";

	if (row == 8)
		return "its unless says that there is nothing to do";
	if (c->record->succeeded_usec) {
		json_t *time = event_time((long long)(c->record->succeeded_usec / 1000000));

		when = text_time(a, arena_strdup(a, json_string_value(time)));
		json_decref(time);
	}
	return row == 1 ? arena_printf(a, "it has succeeded%s%s, and is to be run once",
				  *when ? " at " : "", when)
			: arena_printf(a,
				  "nothing that it runs for has changed since it succeeded%s%s",
				  *when ? ", at " : "", when);
}

static int consider(struct planning *x, struct candidate *c, struct err *e)
{
	const struct action_source *s = x->source;
	struct plan *p = x->plan;
	int r = 0;

	action_take_facts(x, c);
	if (!s->selects(s->userdata, c->item->id))
		return 0;
	c->facts.answer = resource_get(c->item, "unless") || resource_get(c->item, "unless.shell")
				  ? ANSWER_UNKNOWN
				  : ANSWER_NONE;
	if (c->facts.answer != ANSWER_NONE && action_is_due(&c->facts))
		r = s->ask(s->userdata, c->item, &c->facts.answer, &c->unknown, e);
	if (r < 0)
		return r;
	unsigned row = action_verdict(&c->facts, &c->runs);
	if (!c->runs) {
		p->n_ok++;
		p->idle[p->n_idle++] = (struct idle_action){
			c->name, why_idle(x, c, row), row == 8 ? &c->inputs : NULL};
		return 0;
	}
	r = check_needs(x, c, e);
	if (r < 0 && refuse(&p->findings, c->item->id, e) < 0)
		return r;
	add_effect(x, c, row);
	return 0;
}

static void skip_all(struct planning *x)
{
	struct plan *p = x->plan;
	struct skipped *longer = arena_array(p->arena, struct skipped, p->n_skipped + x->n);

	if (p->n_skipped)
		memcpy(longer, p->skipped, p->n_skipped * sizeof *longer);
	p->skipped = longer;
	for (size_t i = 0; i < x->n; i++)
		if (x->source->selects(x->source->userdata, x->items[i].item->id))
			p->skipped[p->n_skipped++] =
				(struct skipped){x->items[i].item->id, "not done with --root"};
}

int plan_actions(struct plan *p, struct unit_view *view, const struct action_source *source,
	const unsigned char *key, struct err *e)
{
	struct planning x = {
		.d = {.plan = p, .view = view, .live = unit_view_host(view)->live, .e = e},
		.plan = p,
		.source = source,
		.key = key,
	};
	int r = actions_in_order(&x, e);

	if (r < 0 || !x.n)
		return r;
	if (source->skip) {
		skip_all(&x);
		return 0;
	}
	p->idle = arena_array(p->arena, struct idle_action, x.n);
	for (size_t i = 0; i < x.n && r >= 0; i++)
		r = consider(&x, &x.items[i], e);
	for (size_t i = 0; i < x.n && r >= 0; i++)
		r = action_restarts(&x, &x.items[i], e);
	return r;
}

size_t plan_pending_actions(const struct plan *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->effects.n; i++)
		n += p->effects.items[i].action == ACTION_RUN && p->effects.items[i].deferred;
	return n;
}

void plan_drop_reason(struct plan *p, const char *id)
{
	struct effects *f = &p->effects;
	size_t kept = 0;

	for (size_t i = 0; i < f->n; i++) {
		struct effect *x = &f->items[i];
		size_t n = 0;

		for (size_t k = 0; x->action != ACTION_RUN && k < x->n_because; k++)
			if (strcmp(x->because[k], id) != 0)
				x->because[n++] = x->because[k];
		if (x->action != ACTION_RUN && x->n_because && !n)
			continue;
		if (x->action != ACTION_RUN)
			x->n_because = n;
		f->items[kept++] = *x;
	}
	f->n = kept;
}
