/*
 * Making a plan out of verdicts: collecting changes, findings, the guard against removing too
 * much, the plan's id (plan.h).
 * Touches nothing. Called by the pipeline.
 */
#include "l4sync/plan.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "l4sync/module.h"
#include "l4sync/packages.h"
#include "l4sync/text.h"
#include "l4sync/unit_view.h"

/* SPEC 4: more than this many removals, or more than a tenth of what is managed. */
#define REMOVAL_MAX 10
#define REMOVAL_PART 10

const char *op_name(enum op op)
{
	static const char *const names[] = {
		[OP_CREATE] = "create",
		[OP_UPDATE] = "update",
		[OP_ATTRIBUTES] = "attributes",
		[OP_DELETE] = "delete",
	};

	return names[op];
}

const char *origin_name(enum origin origin)
{
	static const char *const names[] = {
		[ORIGIN_INTENDED] = "intended",
		[ORIGIN_DRIFT] = "drift",
		[ORIGIN_BOTH] = "both",
		[ORIGIN_ADOPT] = "adopt",
		[ORIGIN_ORPHAN] = "orphan",
	};

	return names[origin];
}

struct plan *plan_new(struct arena *a)
{
	struct plan *p = arena_new_of(a, struct plan);

	p->arena = p->effects.arena = p->findings.arena = a;
	return p;
}

void plan_free(struct plan *p)
{
	if (!p)
		return;
	free(p->effects.items);
	free(p->findings.items);
}

void plan_freep(struct plan **p)
{
	plan_free(*p);
	*p = NULL;
}

static int compare_text(const char *a, const char *b)
{
	return text_natural_cmp(a ? a : "", b ? b : "");
}

/* Of one kind and code, by place and then text: instance 2 before instance 10. */
static bool comes_before(const struct finding *a, const struct finding *b)
{
	if (strcmp(a->kind, b->kind) != 0 || strcmp(a->code, b->code) != 0)
		return false;
	int c = compare_text(a->where, b->where);
	return c ? c < 0 : compare_text(a->text, b->text) < 0;
}

void finding_add(struct findings *f, const char *kind, const char *code, const char *where,
	const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	f->items = grow(f->items, &f->cap, f->n, sizeof(*f->items));
	struct finding added = {
		.kind = kind,
		.code = code,
		.where = arena_strdup(f->arena, where),
		.text = arena_vprintf(f->arena, format, ap),
	};
	va_end(ap);
	size_t at = f->n++;
	for (; at && comes_before(&added, &f->items[at - 1]); at--)
		f->items[at] = f->items[at - 1];
	f->items[at] = added;
}

/* What an inspection has said about a resource already. */
static struct finding *find_finding(struct findings *f, const char *where, const char *text)
{
	for (struct finding *x = f->items; where && x < f->items + f->n; x++)
		if (x->where && !strcmp(x->where, where) && !strcmp(x->text, text))
			return x;
	return NULL;
}

int refuse(struct findings *f, const char *id, struct err *e)
{
	if (!f)
		return -1;
	struct finding *said = find_finding(f, id, err_text(e));
	if (!said) {
		finding_add(f, "lint", "apply-refuses", id, "%s", err_text(e));
	} else {
		said->kind = "lint";
		said->code = "apply-refuses";
	}
	err_clear(e);
	return 0;
}

static bool waits_already(const struct findings *f, const char *id)
{
	for (size_t i = 0; id && i < f->n; i++)
		if (!strcmp(f->items[i].code, "waits-for-packages") && f->items[i].where &&
			!strcmp(f->items[i].where, id))
			return true;
	return false;
}

int refuse_unless_coming(
	const struct plan *p, struct findings *f, const char *id, int code, struct err *e)
{
	if (!f || code != -ENOENT || !packages_coming(p))
		return refuse(f, id, e);
	if (!waits_already(f, id))
		finding_add(f, "pending", "waits-for-packages", id,
			"%s: it is looked at again once the packages are installed, and refused if "
			"they "
			"have not brought it",
			err_text(e));
	err_clear(e);
	return 0;
}

static void report_not_put_back(struct plan *p, const struct resource *base)
{
	if (resource_is(base, "checkout"))
		finding_add(&p->findings, "lint", "checkout-not-put-back", base->id,
			"%s leaves the state. The directory was there before l4sync, and what it "
			"held then is not kept as a whole, so it stays as it is now",
			base->id);
	else
		finding_add(&p->findings, "lint", "secret-not-put-back", base->id,
			"%s leaves the state. What it was before l4sync was secret, or too large, "
			"and is not kept, so it stays as it is now",
			base->id);
}

void plan_compare(
	struct plan *p, const struct triple *triples, size_t n, const unsigned char key[HASH_SIZE])
{
	p->changes = arena_array(p->arena, struct change, n);
	p->skipped = arena_array(p->arena, struct skipped, n); /* one each */
	for (size_t i = 0; i < n; i++) {
		const struct triple *t = &triples[i];
		bool change;

		if (t->live.skip) {
			p->skipped[p->n_skipped++] = (struct skipped){t->id, t->live.skip};
			continue;
		}
		if (t->live.skip_part)
			p->skipped[p->n_skipped++] = (struct skipped){t->id, t->live.skip_part};
		unsigned row = compare(t, key, &p->changes[p->n_changes], &change);
		if (row == 16 && !resource_get(t->base, "absent"))
			finding_add(&p->findings, "lint", "stays", t->id,
				"leaves the state and stays on the host: %s", t->module->stays);
		if (row == 13)
			report_not_put_back(p, t->base);
		if (change)
			p->n_changes++;
		else if (t->want)
			p->n_ok++;
	}
}

size_t plan_restarts(const struct plan *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->effects.n; i++)
		n += p->effects.items[i].action == ACTION_RESTART && !p->effects.items[i].deferred;
	return n;
}

size_t plan_deferrals(const struct plan *p, bool held)
{
	size_t n = 0;

	for (size_t i = 0; i < p->effects.n; i++)
		n += p->effects.items[i].action == ACTION_RESTART && p->effects.items[i].deferred &&
		     p->effects.items[i].held == held;
	return n;
}

/* A directory that only has to exist comes and goes with its files: the guard does not count it. */
static bool counts(const struct resource *item)
{
	return !resource_is(item, "dir") || item->n_attrs;
}

static void guard(struct plan *p, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void guard(struct plan *p, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	p->guards[p->n_guards++] = arena_vprintf(p->arena, format, ap);
	va_end(ap);
}

struct removals {
	size_t managed, purged, foreign, packages;
};

static void count_removal(struct plan *p, const struct change *c, struct removals *n)
{
	if (c->op != OP_DELETE || (c->base && !counts(c->base)))
		return;
	p->n_removed++;
	if (c->want) { /* that nothing be there */
		n->packages++;
		return;
	}
	*(c->base ? &n->managed : c->is_foreign ? &n->foreign : &n->purged) += 1;
}

static void guard_removal(struct plan *p, size_t n_managed, const struct removals *n)
{
	const char *text = "", *comma = "";

	if (n->managed)
		text = arena_printf(p->arena, "%zu of %zu resources", n->managed, n_managed);
	if (n->purged) {
		comma = *text ? ", and " : "";
		text = arena_printf(
			p->arena, "%s%s%zu from purged directories", text, comma, n->purged);
	}
	if (n->foreign) {
		comma = *text ? ", and " : "";
		text = arena_printf(p->arena, "%s%s%zu unit file%s that others have added", text,
			comma, n->foreign, n->foreign == 1 ? "" : "s");
	}
	if (n->packages) {
		comma = *text ? ", and " : "";
		text = arena_printf(p->arena, "%s%s%zu package%s", text, comma, n->packages,
			n->packages == 1 ? "" : "s");
	}
	guard(p, "it removes %s", text);
}

int plan_guard(struct plan *p, struct unit_view *view, const struct resources *base, struct err *e)
{
	size_t units = 0, n_managed = 0;
	struct removals n = {0};

	p->guards = arena_array(p->arena, const char *, p->effects.n + 1);
	for (size_t i = 0; i < p->n_changes; i++)
		count_removal(p, &p->changes[i], &n);
	for (size_t i = 0; base && i < base->n; i++)
		n_managed += counts(base->items[i]);
	if (p->n_removed > REMOVAL_MAX || p->n_removed * REMOVAL_PART > n_managed)
		guard_removal(p, n_managed, &n);
	for (size_t i = 0; i < p->effects.n; i++) {
		const struct effect *f = &p->effects.items[i];
		const struct unit_status *u = NULL;

		if (f->action != ACTION_STOP)
			continue;
		int r = unit_view_find(view, f->target, &u, e);
		if (r < 0)
			return r;
		if (u && unit_status_running(u) && units++ < 1)
			guard(p, "it stops %s, which is running", f->target);
	}
	if (units > 1)
		p->guards[p->n_guards - 1] = arena_printf(
			p->arena, "%s, and %zu more", p->guards[p->n_guards - 1], units - 1);
	return 0;
}

/* One resource as the canonical form writes it, without its place in the state: moving a file of
 * the state repository is no change. */
static void add_resource(
	struct buf *b, const struct resource *item, const unsigned char key[HASH_SIZE])
{
	static const struct content fresh = {.keyed = true};
	struct resource copy, *items[] = {&copy};
	struct resources set = {.n = 1, .items = items};

	if (!item) {
		buf_adds(b, "absent\n");
		return;
	}
	copy = *item;
	copy.where = (struct where){0};
	if (copy.content && copy.content->fresh)
		copy.content = &fresh;
	resources_write(&set, false, false, key, b);
}

/* What would be run is part of what is agreed to. */
static const char *definition_of(const struct plan *p, const char *name)
{
	const struct resource *action =
		resources_find(p->want, arena_printf(p->arena, "action:%s", name));

	return action ? arena_printf(p->arena, " %s", action_definition(p->arena, action)) : "";
}

void plan_identify(struct plan *p, const unsigned char key[HASH_SIZE])
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	const char *last = "";

	for (size_t i = 0; i < p->want->n_metas; i++)
		buf_addf(&b, "%s %s\n", p->want->metas[i].key, p->want->metas[i].value);
	for (size_t i = 0; i < p->n_changes; i++) {
		const struct change *c = &p->changes[i];

		buf_addf(&b, "%s %s\n", op_name(c->op), c->id);
		add_resource(&b, c->base, key);
		add_resource(&b, c->want, key);
		add_resource(&b, c->live, key);
	}
	/* Instances stand next to each other, and one that comes or goes between plan and apply is
	 * not another plan: each run of them is its template once. */
	for (size_t i = 0; i < p->effects.n; i++) {
		const struct effect *f = &p->effects.items[i];
		const char *template = f->target ? unit_name_template(p->arena, f->target) : NULL;
		const char *line = arena_printf(p->arena, "%s %s%s\n", action_name(f->action),
			template    ? template
			: f->target ? f->target
				    : "-",
			f->target && f->action == ACTION_RUN ? definition_of(p, f->target) : "");

		if (strcmp(line, last) != 0)
			buf_adds(&b, line);
		last = line;
	}
	struct hash h = hash_sha256(b.data, b.size);
	hash_text(&h, "sha256", p->id);
}
