/*
 * The three-way comparison of one resource: base, want, live to a verdict (plan.h).
 * Pure: no I/O, no knowledge of types beyond the modules' lists of compared attributes.
 * Called by the pipeline; tests cite the row numbers.
 */
#include <string.h>

#include "l4sync/module.h"
#include "l4sync/plan.h"

/*
 *  row  base  want  live             verdict
 *   1   any   W     = W              nothing to do
 *   2   -     W     -                create      intended
 *   3   = W   W     -                create      drift     (somebody removed it)
 *   4   # W   W     -                create      both
 *   5   -     W     # W              update      adopt     (was there before l4sync)
 *   6   B     W     = B, # W         update      intended  (the repository changed)
 *   7   = W   W     # W              update      drift     (the host changed)
 *   8   # W   W     # B, # W         update      both
 *   9   B     -     -                nothing to do         (left the state, and is gone;
 *                                                          so too with an original as B)
 *  10   B     -     any              delete      orphan    (l4sync had made it)
 *  11   B     -     any, original O  back to O   orphan    (l4sync had adopted it)
 *  12   B     -     = O              nothing to do         (it is already as it was)
 *  13   B     -     any, O withheld  nothing to do         (a secret is not kept: it stays)
 *  14   -     -     any, found       delete      drift     (was purged already)
 *  15   -     -     any, found       delete      adopt     (was there before that was purged)
 *  16   B     -     any              nothing to do         (row 10, of a type that stays)
 *
 * "=" compares what the left side names: an attribute that the want does not name is not managed.
 * An update in which only attributes differ is the op `attributes`; a unit that moves to another
 * unit directory is an update.
 *
 * Of what is found in a purged directory the base says that nothing of that name is there (14):
 * then the host has changed, which is drift. Or the base says nothing, for nobody had purged it
 * (15): then it was there before, and differs from what is wanted from now on, as in row 5. The
 * same for a file that is in effect for a unit of which the state says `foreign_dropins: remove`.
 *
 * A want with the attribute `absent` is one that nothing be there: "=" is then that nothing is, and
 * what it takes is a delete.
 */

static bool in_list(const char *const *list, const char *key)
{
	for (; list && *list; list++)
		if (!strcmp(*list, key))
			return true;
	return false;
}

static bool attributes_match(
	const struct module *m, const struct resource *want, const struct resource *live)
{
	/* "type" is set by inspect only where something else stands in the resource's place. */
	if (resource_get(live, "type"))
		return false;
	/* Of every type: a file's original may have been a link. */
	if (resource_get(want, "target") && !resource_same(want, live, "target"))
		return false;
	for (size_t i = 0; i < want->n_attrs; i++)
		if (in_list(m->compared, want->attrs[i].key) &&
			!resource_same(want, live, want->attrs[i].key))
			return false;
	return true;
}

static bool content_matches(const struct resource *want, const struct resource *live,
	const unsigned char key[HASH_SIZE])
{
	return !want->content || content_same(want->content, live->content, key);
}

static bool is_absence(const struct resource *item)
{
	return item && resource_get(item, "absent");
}

bool resource_matches(const struct module *m, const struct resource *want,
	const struct resource *live, const unsigned char key[HASH_SIZE])
{
	if (is_absence(want))
		return !live;
	if (!want || !live)
		return want == live;
	return attributes_match(m, want, live) && content_matches(want, live, key);
}

/* Whether base and want ask for the same: in both directions, since either may name more. */
static bool same_wish(const struct module *m, const struct resource *a, const struct resource *b,
	const unsigned char key[HASH_SIZE])
{
	if (!a || !b)
		return a == b;
	if (is_absence(a) || is_absence(b))
		return is_absence(a) && is_absence(b);
	return !a->content == !b->content && resource_matches(m, a, b, key) &&
	       resource_matches(m, b, a, key);
}

/* Whether live is what base said, also where the want is of another type (file or link) by now. */
static bool is_base(const struct module *m, const struct resource *b, const struct resource *l,
	const unsigned char key[HASH_SIZE])
{
	const char *type = resource_get(l, "type");

	if (!type)
		return resource_matches(m, b, l, key);
	return !strcmp(type, resource_get(b, "target") ? "link" : "file") &&
	       resource_same(b, l, "target") && content_matches(b, l, key);
}

static unsigned row_of(const struct triple *t, const unsigned char key[HASH_SIZE])
{
	const struct module *m = t->module;
	const struct resource *b = t->base, *w = t->want, *l = t->live.live;

	if (t->is_purged || t->is_foreign)
		return t->was_purged ? 14 : 15;
	if (!w) {
		if (t->original && resource_matches(m, t->original, l, key))
			return 12;
		/* Nothing of it was ever altered here: whoever removed it meant to. */
		if (t->original && !l && resource_matches(m, b, t->original, key))
			return 9;
		if (t->original)
			return t->original->content && t->original->content->keyed ? 13 : 11;
		return !l ? 9 : m->stays ? 16 : 10;
	}
	if (resource_matches(m, w, l, key))
		return 1;
	bool unchanged = same_wish(m, b, w, key);
	if (!l)
		return !b || is_absence(b) ? 2 : unchanged ? 3 : 4;
	if (!b)
		return 5;
	return unchanged ? 7 : is_base(m, b, l, key) ? 6 : 8;
}

unsigned compare(const struct triple *t, const unsigned char key[HASH_SIZE], struct change *ret,
	bool *ret_change)
{
	static const enum origin origins[] = {
		[2] = ORIGIN_INTENDED,
		[3] = ORIGIN_DRIFT,
		[4] = ORIGIN_BOTH,
		[5] = ORIGIN_ADOPT,
		[6] = ORIGIN_INTENDED,
		[7] = ORIGIN_DRIFT,
		[8] = ORIGIN_BOTH,
		[10] = ORIGIN_ORPHAN,
		[11] = ORIGIN_ORPHAN,
		[14] = ORIGIN_DRIFT,
		[15] = ORIGIN_ADOPT,
	};
	unsigned row = row_of(t, key);

	*ret_change = row != 1 && row != 9 && row != 12 && row != 13 && row != 16;
	if (!*ret_change)
		return row;
	*ret = (struct change){
		.id = t->id,
		.module = t->module,
		.origin = origins[row],
		.base = t->base,
		.want = t->want ? t->want : t->original,
		.live = t->live.live,
		.is_foreign = t->is_foreign,
	};
	/* What is gone has left no time: its directory's says when anything in there came or went.
	 */
	if (ret->live && (ret->origin == ORIGIN_DRIFT || ret->origin == ORIGIN_BOTH))
		ret->since = (long long)(t->live.changed_usec / 1000000);
	if (!ret->want || is_absence(ret->want))
		ret->op = OP_DELETE;
	else if (!ret->live)
		ret->op = OP_CREATE;
	else if (!resource_get(ret->live, "type") && resource_same(ret->want, ret->live, "path") &&
		 content_matches(ret->want, ret->live, key))
		ret->op = OP_ATTRIBUTES;
	else
		ret->op = OP_UPDATE;
	return row;
}
