/*
 * `l4sync status`, `log` and `show`: what was applied when and by whom, what runs now (SPEC 7).
 * Change nothing and take no lock: they answer while an apply runs.
 * Called by the dispatch.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "l4sync/action.h"
#include "l4sync/deferred.h"

#include "confirm.h"
#include "report.h"
#include "verbs.h"

#define LOG_DEFAULT 20

static json_t *generation_to_json(const struct generation *g)
{
	static const char *const outcomes[] = {
		[OUTCOME_APPLIED] = "applied",
		[OUTCOME_ROLLED_BACK] = "rolled-back",
		[OUTCOME_FAILED] = "failed",
	};

	json_t *sources = json_array();

	for (size_t i = 0; i < g->n_sources; i++)
		json_array_append_new(sources, source_to_json(g->sources[i]));
	json_t *rollback = g->rollback_from
				   ? json_pack("{s:I, s:I}", "to", (json_int_t)g->rollback_to,
					     "from", (json_int_t)g->rollback_from)
				   : json_null();
	json_t *heals = g->heals ? json_integer((json_int_t)g->heals) : json_null();
	return json_pack("{s:I, s:o, s:o, s:o, s:o, s:s, s:o, s:I, s:I, s:I, s:o, s:o, s:o, s:o}",
		"number", (json_int_t)g->number, "time", event_time(g->time), "user",
		event_string(g->user), "client", event_string(g->client), "command",
		event_string(g->command), "outcome", outcomes[g->outcome], "error",
		event_string(g->error), "fixed", (json_int_t)g->fixed, "failed",
		(json_int_t)g->failed, "restarted", (json_int_t)g->restarted, "rollback", rollback,
		"heals", heals, "reason", event_string(g->reason), "sources", sources);
}

/* Host and history without the lock; r->base stays empty. */
static int open_reading(struct run *r, const struct request *q, struct sink *s, struct err *e)
{
	int c = run_open_host(r, q, s, e);

	if (c < 0)
		return c;
	c = history_open(arena_printf(r->arena, "%s%s", r->host->root_path, STATE_DIR), false,
		&r->history, e);
	return c == -ENOENT ? 0 : c;
}

static json_t *debt_to_json(struct run *r, const struct debt *d)
{
	json_t *because = json_array();

	for (size_t i = 0; i < d->n_causes; i++)
		json_array_append_new(because, event_string(d->causes[i].id));
	return json_pack("{s:o, s:s, s:s, s:s, s:o, s:o}", "text",
		event_string(debt_text(r->arena, d)), "unit", d->unit, "invocation", d->invocation,
		"reason", d->reason, "since", event_time(d->since), "because", because);
}

/* What cannot be told is no reason not to tell the rest. */
static void add_debts(struct run *r, json_t *pending)
{
	_cleanup_err_ struct err e = ERR_INIT;
	struct debts debts;

	if (debts_load(r->host, r->arena, &debts, &e) < 0)
		json_array_append_new(pending, event_string(err_text(&e)));
	for (size_t i = 0; !e.text && i < debts.n; i++)
		json_array_append_new(pending, debt_to_json(r, &debts.items[i]));
}

/* An action that an apply runs just now has begun, and will end. */
static void add_actions(struct run *r, bool running, json_t *pending)
{
	_cleanup_err_ struct err e = ERR_INIT;
	struct action_records records;

	if (action_records_load(r->host, r->arena, &records, &e) < 0)
		json_array_append_new(pending, event_string(err_text(&e)));
	for (size_t i = 0; !e.text && i < records.n; i++) {
		const struct action_record *x = &records.items[i];

		if (!x->pending || (running && !x->error))
			continue;
		json_array_append_new(pending,
			json_pack("{s:o, s:s, s:s, s:o, s:o}", "text",
				event_string(arena_printf(r->arena, "action:%s %s", x->name,
					action_pending_text(r->arena, x))),
				"action", x->name, "reason", x->error ? "failed" : "interrupted",
				"since", event_time(x->since), "error", event_string(x->error)));
	}
}

static json_t *status_document(struct run *r, const struct generation *list, size_t n)
{
	const struct generation *applied = NULL;
	long long since;
	bool interrupted = txn_journal_exists(r->host, &since);
	json_t *holder = run_lock_holder(r->host);

	for (size_t i = n; i-- > 0;)
		if (list[i].outcome == OUTCOME_APPLIED)
			applied = &list[i];
	/* With the lock held, a journal is only that run's own. */
	json_t *journal = interrupted && !holder ? json_pack("{s:b, s:o}", "interrupted", 1,
							   "since", event_time(since))
						 : json_null();
	const char *waits = confirm_pending(r->host);
	json_t *pending = json_array();
	if (waits)
		json_array_append_new(pending, event_string(waits));
	add_debts(r, pending);
	add_actions(r, holder, pending);
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:n}", "host",
		event_string(*r->host->name ? r->host->name : NULL), "generation",
		applied ? generation_to_json(applied) : json_null(), "last",
		n ? generation_to_json(&list[0]) : json_null(), "lock",
		holder ? holder : json_null(), "journal", journal, "pending", pending, "suspended");
}

/* Down to the newest that was applied; mostly that is the first, so the rest is not read. */
static int list_to_applied(struct run *r, struct generation **ret, size_t *ret_n, struct err *e)
{
	size_t last;

	for (size_t max = 2;; max *= 8) {
		int c = history_list(r->history, r->arena, max, ret, ret_n, e);

		if (c < 0 || *ret_n < max)
			return c;
		for (last = *ret_n; last-- > 0;)
			if ((*ret)[last].outcome == OUTCOME_APPLIED)
				return 0;
	}
}

static int list_newest(struct run *r, struct generation **ret, size_t *ret_n, struct err *e)
{
	size_t max = r->request->lines ? r->request->lines : LOG_DEFAULT;

	return history_list(r->history, r->arena, max, ret, ret_n, e);
}

/* Opens, lists the generations and shows them, both by the verb's own functions; the latter returns
 * a sentence where there was nothing to show, else NULL. */
static int show_generations(const struct request *q, struct sink *s,
	int (*read)(struct run *r, struct generation **ret, size_t *ret_n, struct err *e),
	const char *(*show)(struct run *r, const struct generation *list, size_t n))
{
	_cleanup_run_ struct run r;
	_cleanup_err_ struct err e = ERR_INIT;
	struct generation *list = NULL;
	size_t n = 0;
	int c = open_reading(&r, q, s, &e);

	if (c >= 0 && r.history)
		c = read(&r, &list, &n, &e);
	if (c < 0)
		return verb_failed(&r, &e);
	const char *none = show(&r, list, n);
	run_done_saying(&r, EXIT_CONVERGED, none);
	return EXIT_CONVERGED;
}

static const char *show_status(struct run *r, const struct generation *list, size_t n)
{
	event_emit(r->sink, "{s:s, s:o}", "event", "status", "status", status_document(r, list, n));
	return NULL;
}

static const char *show_log(struct run *r, const struct generation *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		event_emit(r->sink, "{s:s, s:o}", "event", "generation", "generation",
			generation_to_json(&list[i]));
	return n ? NULL : "There is no generation: nothing has been applied on this host yet";
}

int verb_status(const struct request *q, struct sink *s)
{
	return show_generations(q, s, list_to_applied, show_status);
}

int verb_log(const struct request *q, struct sink *s)
{
	return show_generations(q, s, list_newest, show_log);
}

int verb_show(const struct request *q, struct sink *s)
{
	_cleanup_generation_ struct generation g = {0};
	_cleanup_run_ struct run r;
	_cleanup_err_ struct err e = ERR_INIT;
	int c = open_reading(&r, q, s, &e);

	if (c >= 0)
		c = run_generation(&r, q->argument, &g, &e);
	if (c < 0)
		return verb_failed(&r, &e);
	json_t *o = generation_to_json(&g);
	json_t *plan = g.plan ? json_loads(g.plan, 0, NULL) : NULL;
	json_object_set_new(o, "plan", plan ? plan : json_null());
	event_emit(s, "{s:s, s:o}", "event", "generation", "generation", o);
	run_done(&r, EXIT_CONVERGED);
	return EXIT_CONVERGED;
}
