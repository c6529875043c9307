/*
 * What a run records of itself: the want, what was there before, the originals of what it has
 * adopted (generation.h).
 * Called by run.c and the pipeline.
 */
#include "generation.h"

#include <string.h>
#include <time.h>

#include "l4sync/deferred.h"
#include "l4sync/text.h"

#include "config.h"
#include "report.h"

/* What is larger than any file that is managed was not read: as of a secret, nothing of it is
 * kept. */
static const struct content *content_kept(struct arena *a, const struct content *c, bool kept)
{
	if (!c || (kept && c->size <= CONTENT_SIZE_MAX))
		return c;
	struct content *none = arena_new_of(a, struct content);

	none->keyed = true;
	return none;
}

/*
 * A copy of a live resource, with what is needed to put it back. Of what has no content only that
 * is kept which the want names: a directory that only had to exist, or a unit that was never to be
 * enabled, is not put back to something that nobody had asked for.
 */
static void keep(struct resources *set, const char *id, const struct resource *live,
	const struct resource *want, bool content)
{
	struct resource *copy = arena_new_of(set->arena, struct resource);
	bool placed = live->content || resource_get(live, "target");

	*copy = (struct resource){.id = id,
		.content = content_kept(set->arena, live->content, content),
		.secret = live->secret || (want && want->secret)};
	for (size_t i = 0; i < live->n_attrs; i++) {
		const struct attr *attr = &live->attrs[i];

		if (strcmp(attr->key, "type") != 0 &&
			(placed || (want && resource_get(want, attr->key))))
			resource_add(set->arena, copy, attr->key, attr->value);
	}
	resources_add_ref(set, copy);
}

/* The original of a file that has become a link is the link's. */
static void add_renamed(struct resources *set, const struct resource *original, const char *id)
{
	struct resource *copy = arena_memdup(set->arena, original, sizeof *copy);

	copy->id = id;
	resources_add_ref(set, copy);
}

/*
 * A resource is adopted when it is managed for the first time and was there already, equal or not.
 * Its original is carried from generation to generation for as long as it is managed.
 */
static struct resources *originals_of(struct run *r)
{
	const struct resources *base = r->base.want, *old = r->base.originals;
	struct resources *set = resources_new();

	for (size_t i = 0; i < r->want->n; i++) {
		struct resource *w = r->want->items[i];
		const struct triple *t = run_triple(r, w->id);
		/* What was not selected was not looked at, and stays as it was. */
		const struct resource *was = t      ? t->base
					     : base ? resources_find(base, w->id)
						    : NULL;
		const struct resource *original = t     ? t->original
						  : old ? resources_find(old, w->id)
							: NULL;

		if (was) {
			if (original)
				add_renamed(set, original, w->id);
		} else if (t && t->live.live) {
			/* Of a directory that has become a checkout only the list is known, and
			 * no repository has its files: it cannot be put back. */
			keep(set, w->id, t->live.live, w, !resource_is(w, "checkout"));
		}
	}
	resources_sort(set, NULL);
	return set;
}

static bool find_first(const struct resources *set, size_t n, const char *id)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(set->items[i]->id, id))
			return true;
	return false;
}

static struct resources *before_of(struct run *r)
{
	struct resources *set = resources_new();

	for (size_t i = 0; i < r->plan->n_changes; i++) {
		const struct change *c = &r->plan->changes[i];

		if (c->live)
			keep(set, c->id, c->live, c->want ? c->want : c->base, true);
	}
	resources_sort(set, NULL);
	/* Others' files in what has been replaced. An id that is there already is that of a change,
	 * which says what was there. */
	for (size_t i = 0, n = set->n; r->kept && i < r->kept->n; i++)
		if (!find_first(set, n, r->kept->items[i]->id))
			add_renamed(set, r->kept->items[i], r->kept->items[i]->id);
	resources_sort(set, NULL);
	return set;
}

/* "commit 1f3a9c2e4b5d"; of a plain directory its path; of several the state's own, the first. */
static const char *source_text(struct arena *a, const struct generation *g)
{
	json_t *source = g->n_sources ? source_to_json(g->sources[0]) : NULL;
	const char *commit = json_string_value(json_object_get(source, "commit"));
	const char *url = json_string_value(json_object_get(source, "url"));
	const char *text = commit ? arena_printf(a, " (commit %.12s)", commit)
			   : url  ? arena_printf(a, " (from %s)", url)
				  : "";

	json_decref(source);
	return text;
}

const char *generation_text(struct arena *a, const struct generation *g)
{
	json_t *time = event_time(g->time);
	const char *text = arena_printf(a, "generation %llu of %s%s", (unsigned long long)g->number,
		text_time(a, arena_strdup(a, json_string_value(time))), source_text(a, g));

	json_decref(time);
	return text;
}

int generation_record(struct run *r, enum outcome outcome, const char *error, unsigned restarted,
	bool prepare, uint64_t *ret_number, struct err *e)
{
	struct resources *before = before_of(r), *originals = originals_of(r);
	const char **sources = arena_array(r->arena, const char *, r->want->n_metas);
	size_t n_sources = 0;

	for (size_t i = 0; i < r->want->n_metas; i++)
		if (!strcmp(r->want->metas[i].key, "source"))
			sources[n_sources++] = r->want->metas[i].value;
	json_t *document = run_plan_document(r);
	char *plan = json_dumps(document, JSON_COMPACT);
	struct generation g = {
		.time = time(NULL),
		.user = run_user(r->arena),
		.client = run_client(r->arena),
		.command = request_command(r->arena, r->request),
		.outcome = outcome,
		.error = error,
		.plan = plan,
		.fixed = outcome == OUTCOME_APPLIED
				 ? (unsigned)(r->plan->n_changes + r->plan->n_run)
				 : 0,
		.restarted = restarted,
		.failed = outcome != OUTCOME_APPLIED,
		.rollback_to = r->heals ? r->base.rollback_to : r->rollback_to,
		.rollback_from = r->heals         ? r->base.rollback_from
				 : r->is_rollback ? r->base.number
						  : 0,
		.heals = r->heals,
		.reason = r->request->reason,
		.n_sources = n_sources,
		.sources = sources,
		.want = r->want,
		.before = before,
		.originals = originals,
	};
	int c = prepare ? history_prepare(r->history, &g, e) : history_record(r->history, &g, e);

	json_decref(document);
	free(plan);
	resources_free(before);
	resources_free(originals);
	*ret_number = g.number;
	return c;
}

void generation_prune(struct run *r)
{
	_cleanup_err_ struct err e = ERR_INIT;
	struct history_limits limits;
	long long since;

	/* What is left to be cleaned up is the next run's, and it then prunes too. */
	if (txn_journal_exists(r->host, &since))
		return;
	int c = config_history(r->host, &limits, &e);
	if (c >= 0)
		c = history_prune(r->history, &limits, time(NULL), &e);
	if (c < 0)
		event_message(r->sink, "warning", "the history was not pruned: %s", err_text(&e));
}

int generation_publish(void *userdata, struct err *e)
{
	struct run *r = userdata;

	int c = history_publish(r->history, e);
	return c < 0 ? c : debts_publish(r->host, e);
}

int generation_discard(void *userdata, struct err *e)
{
	struct run *r = userdata;

	int c = history_discard(r->history, e);
	return c < 0 ? c : debts_discard(r->host, e);
}
