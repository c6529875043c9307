/*
 * What all files of a unit say together, and how two such configurations differ (unit_meaning.h).
 * Reads nothing but the contents it is given. Called by the derivation of effects and the report.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "l4sync/unit_meaning.h"
#include "l4sync/unit_syntax.h"

#include "index.h"

struct merging {
	struct arena *arena;
	size_t n, cap;
	struct setting *items; /* malloc'd */
};

static struct setting *setting_of(
	struct merging *m, const char *section, const struct directive_type *type)
{
	for (size_t i = 0; i < m->n; i++)
		if (!strcmp(m->items[i].type.key, type->key) &&
			!strcmp(m->items[i].section, section))
			return &m->items[i];
	m->items = grow(m->items, &m->cap, m->n, sizeof(*m->items));
	m->items[m->n] = (struct setting){.section = section, .type = *type};
	return &m->items[m->n++];
}

static bool is_list(enum directive_kind kind)
{
	return kind >= KIND_LINES;
}

static void add_value(struct arena *a, struct setting *s, const char *value)
{
	const char **longer = arena_array(a, const char *, s->n + 1);

	if (s->n)
		memcpy(longer, s->values, s->n * sizeof *longer);
	longer[s->n++] = value;
	s->values = longer;
}

/* CAP_X makes no difference between the empty set and none that was set before; ~CAP_X does. */
static void add_word(struct arena *a, struct setting *s, const char *word)
{
	if (s->type.kind == KIND_CAPABILITIES && s->n == 1 && !*s->values[0] && *word != '~')
		s->n = 0;
	add_value(a, s, word);
}

/* What an empty assignment of a list takes back: its own values, or those of its whole group. */
static void take_back(struct merging *m, struct setting *s)
{
	s->n = 0;
	for (size_t i = 0; s->type.group && i < m->n; i++)
		if (m->items[i].type.group == s->type.group)
			m->items[i].n = 0;
	if (s->type.kind == KIND_CAPABILITIES)
		add_value(m->arena, s, "");
}

/* A ~ in front of all the words of one assignment is of each of them, and of no other's. */
static const char *inverted_word(struct arena *a, const char *value, const char *word)
{
	return *value == '~' && *word != '~' ? arena_printf(a, "~%s", word) : word;
}

static int merge_assignment(const struct assignment *x, void *userdata)
{
	struct merging *m = userdata;
	const char *word, *p = x->value;

	if (!strcmp(x->section, "Install"))
		return 0;
	struct directive_type type = directive_type(m->arena, x->section, x->key);
	struct setting *s = setting_of(m, x->section, &type);
	if (!is_list(type.kind))
		s->n = 0;
	if (!*x->value && is_list(type.kind) && type.kind != KIND_DEPENDS)
		take_back(m, s);
	else if (*x->value && (!is_list(type.kind) || type.kind == KIND_LINES))
		add_value(m->arena, s, x->value);
	else
		while ((word = unit_word(m->arena, &p, true)))
			add_word(m->arena, s, inverted_word(m->arena, x->value, word));
	return 0;
}

static int compare_settings(const void *a, const void *b)
{
	const struct setting *x = a, *y = b;
	int c = strcmp(x->section, y->section);

	return c ? c : strcmp(x->type.key, y->type.key);
}

int unit_settings(struct arena *a, const struct unit_config *c, struct setting **ret, size_t *ret_n)
{
	struct merging m = {.arena = a};
	bool known = !c->fragment.content || c->fragment.content->data;

	for (size_t i = 0; i < c->n_dropins && known; i++)
		known = !c->dropins[i].content || c->dropins[i].content->data;
	if (!known)
		return -ENODATA;
	if (!c->masked) {
		unit_file_parse(a, c->fragment.content, merge_assignment, &m);
		for (size_t i = 0; i < c->n_dropins; i++)
			unit_file_parse(a, c->dropins[i].content, merge_assignment, &m);
	}
	*ret = arena_array(a, struct setting, m.n);
	*ret_n = m.n;
	if (m.n) {
		memcpy(*ret, m.items, m.n * sizeof **ret);
		qsort(*ret, m.n, sizeof **ret, compare_settings);
	}
	free(m.items);
	return 0;
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Of values with the same name before "=" the last one alone stays. */
static size_t keep_last(const char **values, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		size_t name = strcspn(values[i], "=");
		bool again = false;

		for (size_t j = i + 1; j < n && !again; j++)
			again = strcspn(values[j], "=") == name &&
				!strncmp(values[j], values[i], name);
		if (!again)
			values[kept++] = values[i];
	}
	return kept;
}

static size_t sort_unique(const char **values, size_t n)
{
	size_t kept = 0;

	if (n)
		qsort(values, n, sizeof *values, compare_texts);
	for (size_t i = 0; i < n; i++)
		if (!kept || strcmp(values[kept - 1], values[i]) != 0)
			values[kept++] = values[i];
	return kept;
}

/* The values in the one form that equal ones share. s NULL: there is no such setting. */
static size_t canonical(
	struct arena *a, enum directive_kind kind, const struct setting *s, const char ***ret)
{
	size_t n = s ? s->n : 0;

	*ret = arena_array(a, const char *, n + 1);
	for (size_t i = 0; i < n; i++)
		(*ret)[i] = directive_value(a, kind, s->values[i]);
	if (!n && (kind == KIND_NO || kind == KIND_YES))
		(*ret)[n++] = kind == KIND_NO ? "no" : "yes";
	if (kind == KIND_KEYED)
		n = keep_last(*ret, n);
	if (kind == KIND_SET || kind == KIND_KEYED || kind == KIND_DEPENDS)
		n = sort_unique(*ret, n);
	return n;
}

static bool same_setting(struct arena *a, const struct setting *x, const struct setting *y)
{
	enum directive_kind kind = (x ? x : y)->type.kind;
	const char **p, **q;
	size_t n = canonical(a, kind, x, &p), m = canonical(a, kind, y, &q);

	for (size_t i = 0; n == m && i < n; i++)
		if (strcmp(p[i], q[i]) != 0)
			return false;
	return n == m;
}

static void add_difference(struct difference *list, size_t *n, const struct setting *x,
	const struct setting *y, enum directive_class *worst)
{
	const struct setting *s = x ? x : y;

	list[(*n)++] = (struct difference){.section = s->section,
		.key = s->type.key,
		.kind = s->type.kind,
		.class = s->type.class,
		.n_old = x ? x->n : 0,
		.n_new = y ? y->n : 0,
		.old = x ? x->values : NULL,
		.new = y ? y->values : NULL};
	if (s->type.class > *worst)
		*worst = s->type.class;
}

void unit_differences(struct arena *a, const struct unit_config *before,
	const struct unit_config *after, struct difference **ret, size_t *ret_n,
	enum directive_class *ret_class)
{
	struct setting *old, *new;
	size_t n_old, n_new, i = 0, j = 0;

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
	*ret = arena_array(a, struct difference, n_old + n_new);
	while (i < n_old || j < n_new) {
		int c = i == n_old ? 1 : j == n_new ? -1 : compare_settings(&old[i], &new[j]);
		const struct setting *x = c <= 0 ? &old[i++] : NULL;
		const struct setting *y = c >= 0 ? &new[j++] : NULL;

		if (!same_setting(a, x, y))
			add_difference(*ret, ret_n, x, y, ret_class);
	}
}
