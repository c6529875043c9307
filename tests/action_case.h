/*
 * What a golden case says of actions that were run, and of what their unless says (plan_cases.c has
 * the form). Called by tests/unit/plan_cases.c.
 */
#ifndef L4SYNC_TESTS_ACTION_CASE_H
#define L4SYNC_TESTS_ACTION_CASE_H

#include "l4sync/action.h"
#include "unit_tree.h"

struct action_case {
	const struct resources *base, *want, *ran;
	const unsigned char *key;
};

/* The resource as base or want have it; false: which is a version of its own. */
static bool action_case_find(
	const struct action_case *c, const char *which, const char *id, const struct resource **ret)
{
	bool base = !strcmp(which, "base");

	if (!base && strcmp(which, "want") != 0)
		return false;
	*ret = resources_find(base ? c->base : c->want, id);
	return true;
}

static const char *action_case_done(
	const struct action_case *c, const char *which, const char *name)
{
	const struct resource *item;

	return action_case_find(c, which, arena_printf(arena, "action:%s", name), &item)
		       ? action_definition(arena, item)
		       : which;
}

/* "ID:WHICH" */
static struct action_input action_case_input(const struct action_case *c, const char *value)
{
	const char *which = strrchr(value, ':') + 1;
	const char *id = arena_strndup(arena, value, (size_t)(which - 1 - value));
	const struct resource *item;

	return (struct action_input){id, action_case_find(c, which, id, &item)
						 ? resource_identity(arena, item, NULL, c->key)
						 : which};
}

static long long action_case_number(const struct resource *item, const char *key)
{
	const char *text = resource_get(item, key);

	return text ? strtoll(text, NULL, 10) : 0;
}

static struct action_records action_case_records(const struct action_case *c)
{
	struct action_records records = {.arena = arena};

	for (size_t i = 0; i < c->ran->n; i++) {
		const struct resource *item = c->ran->items[i];

		if (!resource_is(item, "ran"))
			continue;
		struct action_record *x = action_record_get(&records, resource_name(item->id));
		x->done = arena_array(arena, const char *, item->n_attrs);
		x->inputs = arena_array(arena, struct action_input, item->n_attrs);
		for (size_t k = 0; k < item->n_attrs; k++) {
			const struct attr *attr = &item->attrs[k];

			if (!strcmp(attr->key, "done"))
				x->done[x->n_done++] = action_case_done(c, attr->value, x->name);
			else if (!strcmp(attr->key, "input"))
				x->inputs[x->n_inputs++] = action_case_input(c, attr->value);
		}
		x->succeeded_usec = (unsigned long long)action_case_number(item, "succeeded");
		x->pending = resource_get(item, "pending");
		x->since = action_case_number(item, "pending");
		x->error = resource_get(item, "error");
	}
	return records;
}

static bool action_case_selects(void *userdata, const char *id)
{
	return userdata && id;
}

static int action_case_answer(void *userdata, const struct resource *action,
	enum action_answer *ret, const char **ret_why, struct err *e)
{
	const struct action_case *c = userdata;
	const struct resource *item =
		resources_find(c->ran, arena_printf(arena, "answer:%s", resource_name(action->id)));

	(void)e;
	ck_assert_msg(item, "%s: nobody expects it to be asked", action->id);
	*ret = resource_has(item, "is", "nothing") ? ANSWER_NOTHING
	       : resource_has(item, "is", "todo")  ? ANSWER_TODO
						   : ANSWER_UNKNOWN;
	*ret_why = *ret == ANSWER_UNKNOWN ? "status 217/USER" : NULL;
	return 0;
}

#endif
