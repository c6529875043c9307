/*
 * What a run says: the plan document with its diffs, the last event (report.h).
 * Renders nothing. Called by the pipeline, the verbs and the generation.
 */
#include "report.h"

#include <string.h>
#include <time.h>

#include "l4sync/bus.h"
#include "l4sync/checkout.h"
#include "l4sync/diff.h"
#include "l4sync/module.h"

#include "lock.h"

#define CHECKOUT_LINES_MAX 500 /* of the paths that differ */

const struct content *run_bytes_of(void *run, const struct content *c)
{
	const struct content *whole;
	struct run *r = run;

	if (!c || c->data || !r->history)
		return c;
	return history_content(r->history, r->arena, c, &whole, NULL) < 0 ? c : whole;
}

static const char *diff_of(void *userdata, const struct change *c)
{
	struct run *r = userdata;
	const struct content *old = c->live ? c->live->content : NULL;
	const struct content *new = c->want ? run_bytes_of(r, c->want->content) : NULL;
	bool secret = (c->want && c->want->secret) || (c->base && c->base->secret) ||
		      (c->live && c->live->secret);

	const char *text = NULL;

	if (resource_is(c->want ? c->want : c->live, "checkout"))
		return checkout_diff(r->arena, old, new, CHECKOUT_LINES_MAX);
	/* What cannot be shown is no reason not to show the rest. */
	content_diff(r->arena, resource_name(c->id), old, new, secret, r->key, &text, NULL);
	return text;
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
	return r->n_triples
		       ? bsearch(id, r->triples, r->n_triples, sizeof *r->triples, compare_triple)
		       : NULL;
}

static double seconds_since(const struct timespec *start)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - start->tv_sec) + (double)(now.tv_nsec - start->tv_nsec) / 1e9;
}

void run_done(struct run *r, int exit_status)
{
	run_done_saying(r, exit_status, NULL);
}

void run_done_saying(struct run *r, int exit_status, const char *summary)
{
	const struct bus *bus = r->host ? r->host->bus : NULL;

	/* Before anybody is told: the client may end, and be run again, before this process has. */
	lock_release(r->lock_fd);
	event_emit(r->sink, "{s:s, s:i, s:s*, s:f, s:i}", "event", "done", "exit", exit_status,
		"summary", summary, "seconds", seconds_since(&r->started), "round_trips",
		bus ? (int)bus_round_trips(bus) : 0);
}

void run_done_applied(
	struct run *r, int exit_status, size_t fixed, size_t failed, uint64_t generation)
{
	const char *summary =
		exit_status == EXIT_ROLLED_BACK && r->stays
			? "Rolled back: everything but the packages is as it was before"
		: exit_status == EXIT_ROLLED_BACK
			? arena_printf(r->arena, "Rolled back: %s", txn_rolled_back_text(r->n_stay))
		: exit_status == EXIT_NOT_ROLLED_BACK
			? "Not wholly rolled back: what is left, and what to do about it, is "
			  "named above. l4sync check then tells whether all is as before"
			: NULL;

	lock_release(r->lock_fd);
	event_emit(r->sink, "{s:s, s:i, s:s*, s:I, s:I, s:I, s:I, s:o, s:f}", "event", "done",
		"exit", exit_status, "summary", summary, "ok", (json_int_t)r->plan->n_ok, "fixed",
		(json_int_t)fixed, "failed", (json_int_t)failed, "deferred",
		(json_int_t)r->n_deferred, "generation",
		generation ? json_integer((json_int_t)generation) : json_null(), "seconds",
		seconds_since(&r->started));
}
