/*
 * The want of a run from the history: what was applied last, or an earlier generation (run.h).
 * Called by the verbs.
 */
#include <errno.h>
#include <string.h>

#include "l4sync/places.h"
#include "l4sync/plan.h"
#include "l4sync/run.h"

#include "generation.h"
#include "want.h"

static bool is_config(struct arena *a, const struct resource *item)
{
	const char *path = resource_path(item);

	return resource_is(item, "unit") || resource_is(item, "dropin") ||
	       resource_is(item, "checkout") || (path && place_of(a, path).kind == PLACE_SYSCTL);
}

int want_load_config(struct run *r, struct resources *set, struct err *e)
{
	for (size_t i = 0; set && i < set->n; i++) {
		struct resource *item = set->items[i];

		if (!item->content || item->content->keyed || !is_config(r->arena, item))
			continue;
		int c = history_content(r->history, r->arena, item->content, &item->content, e);
		if (c < 0)
			return err_prefix(e, c, "%s", item->id);
	}
	return 0;
}

int want_load_checkouts(struct run *r, struct err *e)
{
	struct resources *base = r->base.want;

	for (size_t i = 0; base && i < base->n; i++) {
		struct resource *b = base->items[i];
		const struct resource *w =
			resource_is(b, "checkout") ? resources_find(r->want, b->id) : NULL;

		if (!resource_is(b, "checkout") || !b->content || b->content->data)
			continue;
		if (w && w->content && w->content->data &&
			hash_equal(&w->content->hash, &b->content->hash)) {
			b->content = w->content;
			continue;
		}
		int c = history_content(r->history, r->arena, b->content, &b->content, e);
		if (c < 0)
			return err_prefix(e, c, "%s", b->id);
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
	return want_load_config(r, r->want, e);
}

int run_read_heal(struct run *r, struct err *e)
{
	if (!r->base.want)
		return err_set(e, -ENOENT,
			"nothing has been applied on this host yet, so there is nothing to put "
			"back: l4sync apply takes the state");
	int c = run_read_base(r, e);

	r->back_to = generation_text(r->arena, &r->base);
	r->from_history = true;
	r->heals = r->base.heals ? r->base.heals : r->base.number;
	return c >= 0 && r->request->n_only ? want_select(r, e) : c;
}

void want_leave_secrets(struct run *r)
{
	r->n_left = 0;
	for (size_t i = 0; i < r->n_triples; i++) {
		struct triple *t = &r->triples[i];
		const struct content *kept = t->want ? t->want->content : NULL;
		const struct resource *live = t->live.live;

		if (!kept || !kept->keyed || t->live.skip ||
			(live && content_same(kept, live->content, r->key)))
			continue;
		t->live.skip = "its content is secret and not kept";
		finding_add(&r->plan->findings, "lint", "secret-not-put-back", t->id,
			"%s: it is secret, so what it held is not kept and it stays as it is; "
			"l4sync apply takes it from the state",
			live ? "differs from what was applied last" : "is gone");
		r->n_left++;
	}
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

bool want_same(const struct resources *a, const struct resources *b, const unsigned char *key)
{
	_cleanup_buf_ struct buf x = BUF_INIT, y = BUF_INIT;

	resources_write(a, false, false, key, &x);
	resources_write(b, false, false, key, &y);
	return x.size == y.size && !memcmp(x.data, y.data, x.size);
}

/* Whether that generation wants something else than the one that the host is at. One that only
 * mended what had drifted does not: to go back to it, or from it, would be to go nowhere. */
static int generation_differs(struct run *r, uint64_t number, bool *ret, struct err *e)
{
	_cleanup_generation_ struct generation g = {0};
	int c = history_get(r->history, number, r->arena, &g, e);

	if (c >= 0)
		*ret = !want_same(g.want, r->base.want, r->key);
	return c;
}

/* Which generation had applied first what this one has. */
static uint64_t applied_number(const struct generation *g)
{
	return g->rollback_from ? g->rollback_to : g->heals ? g->heals : g->number;
}

/*
 * The newest that was applied before the one that the host is at, and wants something else; behind
 * a rollback before the one that it had gone back to, so that one rollback after another goes
 * further back.
 */
static int generation_before(struct run *r, const char **ret, struct err *e)
{
	const struct generation *base = &r->base;
	uint64_t at = applied_number(base);
	struct generation *list;
	size_t n;
	int c = history_list(r->history, r->arena, 0, &list, &n, e);

	if (c < 0)
		return c;
	for (size_t i = 0; i < n; i++) {
		uint64_t number = applied_number(&list[i]);

		if (list[i].outcome != OUTCOME_APPLIED || number >= at || list[i].number >= at)
			continue;
		bool differs;
		c = generation_differs(r, list[i].number, &differs, e);
		if (c < 0)
			return c;
		if (!differs)
			continue;
		*ret = arena_printf(r->arena, "%llu", (unsigned long long)number);
		return 0;
	}
	return err_set(e, -ENOENT, "there is no generation before %llu that was applied",
		(unsigned long long)at);
}

/* Where all come from commits: a directory (" -") may hold something else by now. */
static bool same_sources(const struct run *r, const struct generation *g)
{
	size_t n = 0;

	for (size_t i = 0; i < r->want->n_metas; i++) {
		if (strcmp(r->want->metas[i].key, "source") != 0)
			continue;
		const char *source = r->want->metas[i].value, *commit = strrchr(source, ' ');
		if (n == g->n_sources || strcmp(source, g->sources[n]) != 0 || !commit ||
			!strcmp(commit, " -"))
			return false;
		n++;
	}
	return n && n == g->n_sources;
}

/* Newest first: a failed apply speaks against its commits, a rollback against those that it left,
 * an apply for them. What was decided last counts. */
int run_refuse_rejected(struct run *r, struct err *e)
{
	struct generation *list;
	uint64_t left = 0;
	size_t n;
	int c = history_list(r->history, r->arena, 0, &list, &n, e);

	for (size_t i = 0; i < n && c >= 0; i++) {
		const struct generation *g = &list[i];
		bool applied = g->outcome == OUTCOME_APPLIED;

		if (applied && g->rollback_from && !left)
			left = g->rollback_from;
		if (!same_sources(r, g) || (applied && g->rollback_from))
			continue;
		if (applied && g->number != left)
			return 0;
		return err_set(e, -EPERM,
			"generation %llu, of the same commit, %s: it is applied again when the "
			"branch moves on, or by hand, without --unattended. Nothing was touched",
			(unsigned long long)g->number, applied ? "was rolled back" : "failed");
	}
	return c;
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
	r->from_history = true;
	r->is_rollback = true;
	r->rollback_to = g.number;
	r->back_to =
		g.number ? generation_text(r->arena, &g) : "what was there before the first apply";
	r->want = TAKE_PTR(g.want);
	run_replace_want(r, without_secrets(r, r->want));
	c = want_load_config(r, r->want, e);
	if (c >= 0)
		c = want_load_config(r, r->base.originals, e);
	return c >= 0 && r->request->n_only ? want_select(r, e) : c;
}
