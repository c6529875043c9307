/*
 * Looking at the host: every resource of base and want in its three states (plan.h).
 * Changes nothing. Called by the pipeline.
 */
#include "inspect.h"

#include <errno.h>
#include <string.h>

#include "l4sync/dpkg.h"
#include "l4sync/text.h"
#include "l4sync/unit_view.h"
#include "foreign.h"
#include "purge.h"

/* A file that becomes a link, or a link that becomes a file, is the same thing under another id;
 * the resource of the set that has that other id, or NULL. */
static struct resource *twin(struct arena *a, const struct resources *set, const char *id)
{
	const char *other = text_starts(id, "file:")   ? "link"
			    : text_starts(id, "link:") ? "file"
						       : NULL;

	if (!set || !other)
		return NULL;
	return resources_find(set, arena_printf(a, "%s:%s", other, resource_name(id)));
}

/* Whether the triple stands for itself: what has become another type is that one's past. */
static bool take_twin(struct run *r, struct triple *t)
{
	const struct resources *originals = r->base.originals;

	if (!t->want)
		return !twin(r->arena, r->want, t->id);
	if (t->base)
		return true;
	t->base = twin(r->arena, r->base.want, t->id);
	if (t->base && originals)
		t->original = resources_find(originals, t->base->id);
	return true;
}

static int inspect_one(struct run *r, struct inspection *in, struct triple *t, struct err *e)
{
	const struct resource *like = t->want ? t->want : t->base;
	struct resource *live = NULL;

	if (t->module->live_only && !r->host->live) {
		t->live.skip = "not done with --root";
		return 0;
	}
	if (t->module->live_only_attr && !r->host->live && t->want &&
		resource_get(t->want, t->module->live_only_attr))
		t->live.skip_part = arena_printf(
			r->arena, "its %s: not done with --root", t->module->live_only_attr);
	if (r->host->live && t->want && resource_get(t->want, "uncompared"))
		t->live.skip_part = arena_printf(r->arena,
			"its lines %s: left to systemd-tmpfiles, and not compared",
			resource_get(t->want, "uncompared"));
	in->changed_usec = 0;
	int c = t->module->inspect(in, t->id, like, &live, e);
	if (c > 0)
		t->live.skip = "not supported by this host";
	t->live.live = live;
	t->live.changed_usec = live ? in->changed_usec : 0;
	return c < 0 ? c : 0;
}

/* The next of two sorted sets; advances the one or both that hold it. */
static void next_triple(const struct resources *base, const struct resources *want, size_t *i,
	size_t *j, struct triple *ret)
{
	const struct resource *b = base && *i < base->n ? base->items[*i] : NULL;
	const struct resource *w = *j < want->n ? want->items[*j] : NULL;
	int c = !b ? 1 : !w ? -1 : strcmp(b->id, w->id);

	*ret = (struct triple){.base = c <= 0 ? b : NULL, .want = c >= 0 ? w : NULL};
	ret->id = c <= 0 ? b->id : w->id;
	*i += c <= 0;
	*j += c >= 0;
}

/* What the resource had been before it was adopted, if that would be put back. */
static struct resource *original_of(struct run *r, struct inspection *in, const struct triple *t)
{
	const struct resources *originals = r->base.originals;

	if (!originals || t->module->keeps_no_original ||
		(!t->want && (purge_covers(in, resource_path(t->base)) ||
				     unit_view_removes(in->units, resource_path(t->base)))))
		return NULL;
	return resources_find(originals, t->id);
}

static int compare_triples(const void *a, const void *b)
{
	return strcmp(((const struct triple *)a)->id, ((const struct triple *)b)->id);
}

/* Of both sets, in the order of their ids. */
static int inspect_sets(
	struct run *r, struct inspection *in, struct triple *triples, size_t *ret_n, struct err *e)
{
	const struct resources *base = r->base.want;
	size_t n = 0;

	for (size_t i = 0, j = 0; j < r->want->n || (base && i < base->n);) {
		struct triple *t = &triples[n];

		next_triple(base, r->want, &i, &j, t);
		if (!run_selects(r, t->id))
			continue;
		t->module = module_of(modules, t->id);
		if (!t->module)
			return err_set(e, -EBADMSG, "%s: this version of l4sync knows no such type",
				t->id);
		if (!t->module->inspect)
			continue;
		t->original = original_of(r, in, t);
		if (!take_twin(r, t))
			continue;
		int c = inspect_one(r, in, t, e);
		if (c < 0)
			return c;
		n++;
	}
	*ret_n = n;
	return 0;
}

int inspection_dpkg(struct inspection *in, struct err *e)
{
	struct dpkg_status *status;

	if (in->dpkg)
		return 1;
	int r = dpkg_status_read(in->host, in->arena, &status, e);
	if (r > 0)
		in->dpkg = status;
	return r;
}

int inspect_all(
	struct run *r, struct inspection *in, struct triple **ret, size_t *ret_n, struct err *e)
{
	struct found found = {.run = r, .in = in, .e = e};
	size_t n = 0;
	/* First: a unit whose file goes is not there for what else is looked at. */
	int c = purge_search(&found);

	if (c >= 0)
		c = foreign_search(&found);
	*ret = arena_array(r->arena, struct triple,
		r->want->n + (r->base.want ? r->base.want->n : 0) + found.n);
	if (c >= 0)
		c = inspect_sets(r, in, *ret, &n, e);
	if (c >= 0 && found.n)
		memcpy(*ret + n, found.items, found.n * sizeof *found.items);
	free(found.items);
	if (c < 0)
		return c;
	*ret_n = n + found.n;
	if (*ret_n)
		qsort(*ret, *ret_n, sizeof **ret, compare_triples);
	return 0;
}
