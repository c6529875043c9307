/*
 * What a run says: the plan document with its diffs, the last event (report.h).
 * Renders nothing. Called by the pipeline, the verbs and the generation.
 */
#include "report.h"

#include <string.h>
#include <time.h>

#include "l4sync/diff.h"
#include "l4sync/module.h"

static const struct content *content_with_bytes(struct run *r, const struct content *c)
{
	const struct content *whole;

	if (!c || c->data || !r->history)
		return c;
	return history_content(r->history, r->arena, c, &whole, NULL) < 0 ? c : whole;
}

static const char *diff_of(void *userdata, const struct change *c)
{
	struct run *r = userdata;
	const struct content *old = c->live ? c->live->content : NULL;
	const struct content *new = c->want ? content_with_bytes(r, c->want->content) : NULL;
	bool secret = (c->want && c->want->secret) || (c->base && c->base->secret) ||
		(c->live && c->live->secret);

	if (!old && !new)
		return NULL;
	if (old && new && content_same(old, new, r->key))
		return NULL;
	return diff_contents(r->arena, resource_name(c->id), old, new, secret);
}

json_t *run_plan_document(struct run *r)
{
	return plan_to_json(r->plan, diff_of, r);
}

static int compare_triple(const void *key, const void *item)
{
	return strcmp(key, ((const struct triple *)item)->id);
}

const struct triple *run_triple(const struct run *r, const char *id)
{
	return r->n_triples ? bsearch(id, r->triples, r->n_triples, sizeof *r->triples,
				      compare_triple)
			    : NULL;
}

void run_done(struct run *r, int exit_status, unsigned fixed, unsigned failed, unsigned deferred,
	uint64_t generation)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	double seconds = (double)(now.tv_sec - r->started.tv_sec) +
		(double)(now.tv_nsec - r->started.tv_nsec) / 1e9;
	event_emit(r->sink, "{s:s, s:i, s:I, s:i, s:i, s:i, s:o, s:f}", "event", "done", "exit",
		exit_status, "ok", (json_int_t)(r->plan ? r->plan->n_ok : 0), "fixed", (int)fixed,
		"failed", (int)failed, "deferred", (int)deferred, "generation",
		generation ? json_integer((json_int_t)generation) : json_null(), "seconds", seconds);
}
