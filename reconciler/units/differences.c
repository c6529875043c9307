/*
 * How two configurations of a unit differ in what systemd makes of them (unit_meaning.h).
 * Reads nothing but the contents it is given. Called by the derivation of effects and the report.
 */
#include <string.h>

#include "directives.h"

static bool same_texts(const char *const *x, size_t n, const char *const *y, size_t m)
{
	for (size_t i = 0; n == m && i < n; i++)
		if (strcmp(x[i], y[i]) != 0)
			return false;
	return n == m;
}

static bool same_setting(struct arena *a, const struct setting *x, const struct setting *y)
{
	const struct directive_type *type = &(x ? x : y)->type;
	const char **p, **q;
	size_t n, m;
	bool sure = setting_meaning(a, type, x, &p, &n);

	return sure == setting_meaning(a, type, y, &q, &m) && same_texts(p, n, q, m);
}

/* The two settings of one directive; NULL: that configuration does not have it. */
struct pair {
	const struct setting *old, *new;
};

static const struct directive_type *type_of(const struct pair *p)
{
	return &(p->old ? p->old : p->new)->type;
}

/* Which directive of a group has its first, second, … assignment. */
static const char *mixture(
	struct arena *a, const struct pair *pairs, size_t n, unsigned group, bool new)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	size_t done = 0, total = 0;

	for (unsigned place = 0; !place || done < total; place++) {
		for (size_t i = 0; i < n; i++) {
			const struct setting *s = new ? pairs[i].new : pairs[i].old;

			if (!s || s->type.group != group)
				continue;
			total += place ? 0 : s->n_lines;
			for (size_t j = 0; j < s->n_lines; j++)
				if (s->places[j] == place) {
					buf_addf(&b, "%zu ", i);
					done++;
				}
		}
	}
	return b.size ? arena_strndup(a, b.data, b.size) : "";
}

/* Of credentials the order counts only where two directives give one of the same name. */
static bool order_counts(const struct pair *pairs, size_t n, unsigned group)
{
	bool share = false;

	if (group != LOADED_CREDENTIALS && group != SET_CREDENTIALS)
		return true;
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < i && type_of(&pairs[i])->group == group; j++)
			share |= type_of(&pairs[j])->group == group &&
				 (credentials_share(pairs[i].old, pairs[j].old) ||
					 credentials_share(pairs[i].new, pairs[j].new));
	return share;
}

/* What is the same directive by directive, but mixed in another order: all of the group differ. */
static void compare_mixtures(struct arena *a, const struct pair *pairs, size_t n, bool *differs)
{
	for (unsigned group = ORDERED; group < GROUPS; group++) {
		bool known = false;

		for (size_t i = 0; i < n; i++)
			known |= type_of(&pairs[i])->group == group && differs[i];
		if (known || !order_counts(pairs, n, group) ||
			!strcmp(mixture(a, pairs, n, group, false),
				mixture(a, pairs, n, group, true)))
			continue;
		for (size_t i = 0; i < n; i++)
			differs[i] |= type_of(&pairs[i])->group == group;
	}
}

static int compare_names(const struct setting *x, const struct setting *y)
{
	int c = strcmp(x->section, y->section);

	return c ? c : strcmp(x->type.key, y->type.key);
}

static struct difference difference_of(const struct pair *p)
{
	const struct setting *s = p->old ? p->old : p->new;

	return (struct difference){.section = s->section,
		.key = s->type.key,
		.kind = s->type.kind,
		.class = s->type.class,
		.n_old = p->old ? p->old->n : 0,
		.n_new = p->new ? p->new->n : 0,
		.old = p->old ? p->old->values : NULL,
		.new = p->new ? p->new->values : NULL};
}

static void compare(struct arena *a, const struct pair *pairs, size_t n, struct difference **ret,
	size_t *ret_n, enum directive_class *worst)
{
	bool *differs = arena_array(a, bool, n);

	for (size_t i = 0; i < n; i++)
		differs[i] = !same_setting(a, pairs[i].old, pairs[i].new);
	compare_mixtures(a, pairs, n, differs);
	*ret = arena_array(a, struct difference, n);
	for (size_t i = 0; i < n; i++) {
		if (!differs[i])
			continue;
		(*ret)[(*ret_n)++] = difference_of(&pairs[i]);
		if (type_of(&pairs[i])->class > *worst)
			*worst = type_of(&pairs[i])->class;
	}
}

void unit_differences(struct arena *a, const struct unit_config *before,
	const struct unit_config *after, struct difference **ret, size_t *ret_n,
	enum directive_class *ret_class)
{
	struct setting *old, *new;
	size_t n_old, n_new, i = 0, j = 0, n = 0;

	*ret = NULL;
	*ret_n = 0;
	*ret_class = CLASS_NONE;
	if (unit_config_same(before, after))
		return;
	*ret_class = CLASS_RESTART;
	if (before->found != after->found || before->masked != after->masked ||
		unit_settings(a, before, &old, &n_old) < 0 ||
		unit_settings(a, after, &new, &n_new) < 0)
		return;
	*ret_class = CLASS_NONE;
	struct pair *pairs = arena_array(a, struct pair, n_old + n_new);
	while (i < n_old || j < n_new) {
		int c = i == n_old ? 1 : j == n_new ? -1 : compare_names(&old[i], &new[j]);

		pairs[n++] = (struct pair){c <= 0 ? &old[i++] : NULL, c >= 0 ? &new[j++] : NULL};
	}
	compare(a, pairs, n, ret, ret_n, ret_class);
}
