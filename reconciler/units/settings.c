/*
 * What all files of a unit say together (unit_meaning.h): their assignments in systemd's order,
 * what is taken back or replaced left out.
 * Reads nothing but the contents it is given. Called by differences.c, the derivation of effects
 * and the report.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "l4sync/unit_meaning.h"
#include "l4sync/unit_syntax.h"

#include "directives.h"

struct merging {
	struct arena *arena;
	size_t n, cap;
	struct setting *items; /* malloc'd */
	unsigned place;
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

static void add_line(struct merging *m, struct setting *s, const char *line)
{
	const char **lines = arena_array(m->arena, const char *, s->n_lines + 1);
	unsigned *places = arena_array(m->arena, unsigned, s->n_lines + 1);

	if (s->n_lines) {
		memcpy(lines, s->lines, s->n_lines * sizeof *lines);
		memcpy(places, s->places, s->n_lines * sizeof *places);
	}
	lines[s->n_lines] = line;
	places[s->n_lines++] = m->place++;
	s->lines = lines;
	s->places = places;
}

/* What an empty assignment takes back: its own, or those of its whole group. */
static void take_back(struct merging *m, struct setting *s)
{
	s->n_lines = 0;
	for (size_t i = 0; s->type.group && i < m->n; i++)
		if (m->items[i].type.group == s->type.group)
			m->items[i].n_lines = 0;
}

/* Of a list: whether it replaces what was before. A boolean does where there may be words too. */
static bool replaces(const struct directive_type *type, const char *line)
{
	bool yes;

	if (type->kind == KIND_NAMESPACES || type->kind == KIND_DELEGATE)
		return !*line || boolean_of(line, &yes);
	return type->kind == KIND_BITS;
}

/* What a class or policy leaves of the priority that was before it: none nothing; one without
 * priorities neither; one of real time makes a 0 a 1, as it does without an assignment. */
static void limit_priority(struct merging *m, const struct setting *s, const char *class)
{
	bool realtime = !strcmp(class, "1") || !strcmp(class, "2");

	for (size_t i = 0; i < m->n; i++) {
		struct setting *p = &m->items[i];

		if (p == s || p->type.group != s->type.group || !p->n_lines)
			continue;
		const char *last = scalar_meaning(m->arena, &p->type, p->lines[p->n_lines - 1]);
		if (s->type.group == IO_CLASS ? !strcmp(class, "0")
					      : !realtime || (last && !strcmp(last, "0")))
			p->n_lines = 0;
	}
}

static void assign(struct merging *m, const char *section, const char *key, const char *line)
{
	struct directive_type type = directive_type(m->arena, section, key);
	struct setting *s = setting_of(m, directive_section(section, key), &type);

	if (!*line && !(type.flags & EMPTY)) {
		if (type.flags & RESETS)
			take_back(m, s);
		return;
	}
	const char *value = kind_is_list(type.kind) ? NULL : scalar_meaning(m->arena, &type, line);
	/* One that systemd might refuse replaces nothing, it only adds a doubt. */
	if (value || (kind_is_list(type.kind) && replaces(&type, line)))
		s->n_lines = 0;
	if (value && type.kind == KIND_WORD && (type.group == IO_CLASS || type.group == CPU_POLICY))
		limit_priority(m, s, value);
	add_line(m, s, line);
}

static int merge_assignment(const struct assignment *x, void *userdata)
{
	bool yes, service = !strcmp(x->section, "Service");

	if (!strcmp(x->section, "Install"))
		return 0;
	if (service && !strcmp(x->key, "TimeoutSec")) {
		assign(userdata, x->section, "TimeoutStartSec", x->value);
		assign(userdata, x->section, "TimeoutStopSec", x->value);
	} else if (!strcmp(x->key, "OnFailureIsolate")) {
		if (boolean_of(x->value, &yes))
			assign(userdata, x->section, x->key, yes ? "isolate" : "replace");
	} else {
		assign(userdata, x->section, x->key, x->value);
	}
	return 0;
}

/* As written; of lists of words each word, with the sign that its assignment gives it. */
static void find_values(struct arena *a, struct setting *s)
{
	struct items values = {.arena = a};

	for (size_t i = 0; i < s->n_lines; i++) {
		enum directive_kind kind = s->type.kind;
		struct items words = {.arena = a};
		bool sign = kind >= KIND_SIGNED && kind <= KIND_NAMESPACES && *s->lines[i] == '~';

		if (!kind_has_words(kind) || !*s->lines[i] ||
			!directive_words(&words, &s->type, s->lines[i] + sign)) {
			items_add(&values, s->lines[i]);
			continue;
		}
		for (size_t j = 0; j < words.n; j++)
			items_add(&values,
				sign ? arena_printf(a, "~%s", words.items[j]) : words.items[j]);
	}
	s->values = values.items;
	s->n = values.n;
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
	int r = 0;

	for (size_t i = 0; i < c->n_dropins && known; i++)
		known = !c->dropins[i].content || c->dropins[i].content->data;
	if (!known)
		return -ENODATA;
	if (!c->masked) {
		r = unit_file_parse(a, c->fragment.content, merge_assignment, &m);
		/* Of a drop-in that it cannot read to the end, systemd takes what it could read. */
		for (size_t i = 0; i < c->n_dropins && !r; i++)
			(void)unit_file_parse(a, c->dropins[i].content, merge_assignment, &m);
	}
	*ret = arena_array(a, struct setting, m.n);
	*ret_n = m.n;
	if (m.n) {
		memcpy(*ret, m.items, m.n * sizeof **ret);
		qsort(*ret, m.n, sizeof **ret, compare_settings);
	}
	for (size_t i = 0; i < m.n; i++)
		find_values(a, &(*ret)[i]);
	free(m.items);
	return r;
}

bool setting_meaning(struct arena *a, const struct directive_type *type, const struct setting *s,
	const char ***ret, size_t *ret_n)
{
	size_t n = s ? s->n_lines : 0;
	struct items items = {.arena = a};
	const char *value = NULL;
	bool sure = true;

	if (kind_is_list(type->kind)) {
		sure = !n || list_meaning(&items, type, s->lines, n);
	} else if (n > 1) {
		sure = false;
	} else {
		value = n ? scalar_meaning(a, type, s->lines[0]) : directive_default(a, type);
		sure = value || !n;
	}
	if (value)
		items_add(&items, value);
	*ret = sure ? items.items : s->lines;
	*ret_n = sure ? items.n : n;
	return sure;
}
