/*
 * The want of a run from the history: what was applied last, or an earlier generation (run.h).
 * Called by the verbs.
 */
#include <errno.h>
#include <string.h>

#include "l4sync/plan.h"
#include "l4sync/run.h"

#include "want.h"

int want_load_units(struct run *r, struct resources *set, struct err *e)
{
	for (size_t i = 0; set && i < set->n; i++) {
		struct resource *item = set->items[i];

		if ((!resource_is(item, "unit") && !resource_is(item, "dropin")) ||
			!item->content || item->content->keyed)
			continue;
		int c = history_content(r->history, r->arena, item->content, &item->content, e);
		if (c < 0)
			return err_prefix(e, c, "%s", item->id);
	}
	return 0;
}

int run_read_base(struct run *r, struct err *e)
{
	if (!r->base.want)
		return err_set(e, -ENOENT,
			"nothing has been applied on this host yet, so there is nothing to check "
			"it against: l4sync plan shows what an apply would do");
	r->want = r->base.want;
	return want_load_units(r, r->want, e);
}

static int parse_number(const char *text, uint64_t *ret, struct err *e)
{
	char *end;

	errno = 0;
	*ret = strtoull(text, &end, 10);
	if (errno || *end || *text < '0' || *text > '9')
		return err_exit(e, EXIT_USAGE, -EINVAL,
			"\"%s\" is no generation's number; l4sync log lists them", text);
	return 0;
}

int run_generation(struct run *r, const char *number, struct generation *ret, struct err *e)
{
	uint64_t n;
	int c = parse_number(number, &n, e);

	if (c >= 0 && !r->history)
		c = err_set(e, -ENOENT, "nothing has been applied on this host yet");
	if (c >= 0)
		c = history_get(r->history, n, r->arena, ret, e);
	if (c == -ENOENT && !e->text)
		err_set(e, c, "there is no generation %s; l4sync log lists them", number);
	return c;
}

/* The newest that was applied before the one that the host is at; behind a rollback before the one
 * that it had gone back to, so that one rollback after another goes further back. */
static int generation_before(struct run *r, const char **ret, struct err *e)
{
	const struct generation *base = &r->base;
	uint64_t at = base->rollback_from ? base->rollback_to : base->number;
	struct generation *list;
	size_t n;
	int c = history_list(r->history, r->arena, 0, &list, &n, e);

	if (c < 0)
		return c;
	for (size_t i = 0; i < n; i++) {
		uint64_t number = list[i].rollback_from ? list[i].rollback_to : list[i].number;

		if (list[i].outcome != OUTCOME_APPLIED || number >= at || list[i].number >= at)
			continue;
		*ret = arena_printf(r->arena, "%llu", (unsigned long long)number);
		return 0;
	}
	return err_set(e, -ENOENT, "there is no generation before %llu that was applied",
		(unsigned long long)at);
}

/*
 * The bytes of secrets are in no generation. One that is managed now stays as it was applied last;
 * one that is not any more does not come back. Both are said in the plan.
 */
static struct resources *without_secrets(struct run *r, const struct resources *want)
{
	struct resources *set = resources_new();

	for (size_t i = 0; i < want->n_metas; i++)
		resources_meta(set, want->metas[i].key, want->metas[i].value);
	for (size_t i = 0; i < want->n; i++) {
		struct resource *item = want->items[i];
		const struct resource *now = resources_find(r->base.want, item->id);

		if (!item->content || !item->content->keyed ||
			(now && now->content &&
				content_same(item->content, now->content, r->key))) {
			resources_add_ref(set, item);
			continue;
		}
		bool stays = now && now->content && now->secret;
		finding_add(&r->notes, "lint", "secret-not-put-back", item->id,
			stays ? "is secret, so its former content is not kept: it stays as it was "
				"applied last"
			      : "is secret, so its content is not kept: it does not come back");
		if (!stays)
			continue;
		struct resource *copy = arena_memdup(set->arena, item, sizeof *copy);
		copy->content = now->content;
		resources_add_ref(set, copy);
	}
	resources_sort(set, NULL);
	return set;
}

/* Generation 0 is what was there before the first: nothing is managed. */
static int generation_or_nothing(
	struct run *r, const char *number, struct generation *ret, struct err *e)
{
	if (strcmp(number, "0") != 0)
		return run_generation(r, number, ret, e);
	*ret = (struct generation){.outcome = OUTCOME_APPLIED, .want = resources_new()};
	resources_meta(ret->want, "host", r->host->name);
	return 0;
}

int run_read_generation(struct run *r, struct err *e)
{
	_cleanup_generation_ struct generation g = {0};
	const char *number = r->request->argument;

	if (!r->base.want)
		return err_set(e, -ENOENT,
			"nothing has been applied on this host yet, so there is nothing to go "
			"back to");
	int c = number ? 0 : generation_before(r, &number, e);
	if (c >= 0)
		c = generation_or_nothing(r, number, &g, e);
	if (c < 0)
		return c;
	if (g.outcome != OUTCOME_APPLIED)
		return err_set(e, -EINVAL,
			"generation %s was never in force: its apply failed; l4sync log lists "
			"those "
			"that were applied",
			number);
	r->is_rollback = true;
	r->rollback_to = g.number;
	r->want = TAKE_PTR(g.want);
	run_replace_want(r, without_secrets(r, r->want));
	c = want_load_units(r, r->want, e);
	if (c >= 0)
		c = want_load_units(r, r->base.originals, e);
	return c >= 0 && r->request->n_only ? want_select(r, e) : c;
}
