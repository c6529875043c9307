/*
 * What is known of actions, on disk (action.h). It is written before an action begins and when it
 * has ended, and never put back.
 * Decides nothing. Called by the pipeline, the steps of actions and status.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "l4sync/action.h"
#include "l4sync/check.h"
#include "l4sync/event.h"
#include "l4sync/text.h"
#include "l4sync/txn.h"

#define FILE_NAME "actions"
#define TYPE "ran"
#define WHAT "the list of actions that were run; if it is removed all are run again"
#define DONE_MAX 64u /* definitions that are remembered of one */

static size_t count_values(const struct resource *item, const char *key)
{
	size_t n = 0;

	for (size_t i = 0; i < item->n_attrs; i++)
		n += !strcmp(item->attrs[i].key, key);
	return n;
}

static const char *number_of(const struct resource *item, const char *key, bool *bad)
{
	const char *text = resource_get(item, key);

	*bad |= text && !check_is_number(text);
	return text ? text : "0";
}

/* "ID IDENTITY": an identity has no blank. */
static bool take_input(struct arena *a, const char *value, struct action_input *ret)
{
	const char *blank = strrchr(value, ' ');

	if (!blank || blank == value)
		return false;
	*ret = (struct action_input){
		arena_strndup(a, value, (size_t)(blank - value)), arena_strdup(a, blank + 1)};
	return true;
}

static bool take_record(struct arena *a, const struct resource *item, struct action_record *ret)
{
	bool bad = !resource_is(item, TYPE);
	const char *succeeded = number_of(item, "succeeded", &bad),
		   *since = number_of(item, "pending", &bad);

	if (bad)
		return false;
	*ret = (struct action_record){.name = arena_strdup(a, resource_name(item->id)),
		.done = arena_array(a, const char *, count_values(item, "done")),
		.inputs = arena_array(a, struct action_input, count_values(item, "input")),
		.succeeded_usec = strtoull(succeeded, NULL, 10),
		.pending = resource_get(item, "pending"),
		.since = strtoll(since, NULL, 10),
		.error = arena_strdup(a, resource_get(item, "error"))};
	for (size_t i = 0; i < item->n_attrs; i++) {
		const struct attr *attr = &item->attrs[i];

		if (!strcmp(attr->key, "done"))
			ret->done[ret->n_done++] = arena_strdup(a, attr->value);
		else if (!strcmp(attr->key, "input") &&
			 !take_input(a, attr->value, &ret->inputs[ret->n_inputs++]))
			return false;
	}
	return true;
}

int action_records_load(struct host *h, struct arena *a, struct action_records *ret, struct err *e)
{
	_cleanup_resources_ struct resources *set = NULL;

	*ret = (struct action_records){.arena = a};
	if (!h->live)
		return 0;
	int r = state_read_set(h, FILE_NAME, WHAT, &set, e);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	for (size_t i = 0; i < set->n; i++) {
		struct action_record x;

		if (!take_record(a, set->items[i], &x))
			return state_bad_set(h, FILE_NAME, WHAT,
				err_set(e, -EBADMSG, "%s is no action that was run",
					set->items[i]->id),
				e);
		*action_record_get(ret, x.name) = x;
	}
	return 0;
}

static void add_record(struct resources *set, const struct action_record *x)
{
	struct arena *a = set->arena;
	struct resource *item = resources_add(set, arena_printf(a, TYPE ":%s", x->name));

	for (size_t i = 0; i < x->n_done; i++)
		resource_add(a, item, "done", x->done[i]);
	for (size_t i = 0; i < x->n_inputs; i++)
		resource_add(a, item, "input",
			arena_printf(a, "%s %s", x->inputs[i].id, x->inputs[i].identity));
	if (x->succeeded_usec)
		resource_add(a, item, "succeeded", arena_printf(a, "%llu", x->succeeded_usec));
	if (x->pending)
		resource_add(a, item, "pending", arena_printf(a, "%lld", x->since));
	if (x->pending && x->error)
		resource_add(a, item, "error", x->error);
}

int action_records_save(struct host *h, const struct action_records *records, struct err *e)
{
	_cleanup_resources_ struct resources *set = resources_new();
	_cleanup_buf_ struct buf bytes = BUF_INIT;

	for (size_t i = 0; i < records->n; i++)
		add_record(set, &records->items[i]);
	resources_sort(set, NULL);
	resources_write(set, false, false, NULL, &bytes);
	return state_write(h, FILE_NAME, bytes.data, bytes.size, e);
}

struct action_record *action_record_find(const struct action_records *records, const char *name)
{
	for (size_t i = 0; i < records->n; i++)
		if (!strcmp(records->items[i].name, name))
			return &records->items[i];
	return NULL;
}

struct action_record *action_record_get(struct action_records *records, const char *name)
{
	struct action_record *x = action_record_find(records, name);

	if (x)
		return x;
	if (records->n == records->cap) {
		size_t cap = 2 * records->cap + 8;
		struct action_record *longer =
			arena_array(records->arena, struct action_record, cap);

		if (records->n)
			memcpy(longer, records->items, records->n * sizeof *longer);
		records->items = longer;
		records->cap = cap;
	}
	x = &records->items[records->n++];
	*x = (struct action_record){.name = arena_strdup(records->arena, name)};
	return x;
}

/* The newest last, each once. */
static void add_done(struct arena *a, struct action_record *x, const char *definition)
{
	const char **longer = arena_array(a, const char *, x->n_done + 1);
	size_t n = 0;

	for (size_t i = x->n_done >= DONE_MAX; i < x->n_done; i++)
		if (strcmp(x->done[i], definition) != 0)
			longer[n++] = x->done[i];
	longer[n++] = arena_strdup(a, definition);
	x->done = longer;
	x->n_done = n;
}

void action_record_done(struct action_records *records, struct action_record *x,
	const char *definition, const struct action_input *inputs, size_t n_inputs)
{
	add_done(records->arena, x, definition);
	x->inputs = arena_array(records->arena, struct action_input, n_inputs);
	x->n_inputs = n_inputs;
	for (size_t i = 0; i < n_inputs; i++)
		x->inputs[i] = (struct action_input){arena_strdup(records->arena, inputs[i].id),
			arena_strdup(records->arena, inputs[i].identity)};
	x->pending = false;
	x->since = 0;
	x->error = NULL;
}

const char *action_pending_text(struct arena *a, const struct action_record *x)
{
	json_t *since = event_time(x->since);
	const char *when = text_time(a, arena_strdup(a, json_string_value(since)));

	json_decref(since);
	return x->error ? arena_printf(a,
				  "has not succeeded since %s: %s; the next apply runs it again",
				  when, x->error)
			: arena_printf(a,
				  "had begun at %s and did not end; the next apply runs it again",
				  when);
}
