/*
 * Environments as lists of variables, and the syntax of an EnvironmentFile= (environment.h).
 * Reads no file. Called by rows_environment.c.
 */
#include "environment.h"

#include <ctype.h>
#include <string.h>

#define BLANK " \t\r\n"

static struct variable *find(const struct environment *e, const char *name, size_t size)
{
	for (size_t i = 0; i < e->n; i++)
		if (!strncmp(e->items[i].name, name, size) && !e->items[i].name[size])
			return &e->items[i];
	return NULL;
}

void environment_set(struct environment *e, const char *name, size_t name_size, const char *value,
	size_t value_size, int from, struct arena *a)
{
	struct variable *v = find(e, name, name_size);

	if (!v) {
		if (e->n == e->cap) {
			size_t cap = e->cap ? 2 * e->cap : 32;
			struct variable *items = arena_array(a, struct variable, cap);

			if (e->n)
				memcpy(items, e->items, e->n * sizeof *items);
			e->items = items;
			e->cap = cap;
		}
		v = &e->items[e->n++];
		v->name = arena_strndup(a, name, name_size);
	}
	v->value = arena_strndup(a, value, value_size);
	v->from = from;
}

void environment_assign(struct environment *e, const char *assignment, int from, struct arena *a)
{
	const char *equals = strchr(assignment, '=');

	if (equals && equals != assignment)
		environment_set(e, assignment, (size_t)(equals - assignment), equals + 1,
			strlen(equals + 1), from, a);
}

const struct variable *environment_find(const struct environment *e, const char *name)
{
	return find(e, name, strlen(name));
}

void environment_unset(struct environment *e, const char *what)
{
	size_t n = strcspn(what, "=");
	struct variable *v = find(e, what, n);

	if (v && (!what[n] || !strcmp(v->value, what + n + 1)))
		*v = e->items[--e->n];
}

void environment_block(
	struct environment *e, const char *block, size_t size, int from, struct arena *a)
{
	for (size_t i = 0; i < size; i += strnlen(block + i, size - i) + 1)
		environment_assign(
			e, arena_strndup(a, block + i, strnlen(block + i, size - i)), from, a);
}

static bool valid_name(const char *name, size_t size)
{
	if (!size || isdigit((unsigned char)*name))
		return false;
	for (size_t i = 0; i < size; i++)
		if (!isalnum((unsigned char)name[i]) && name[i] != '_')
			return false;
	return true;
}

/* Blanks outside of quotes are cut off at the end, and not those that a backslash keeps. */
struct reading {
	const char *s, *end;
	struct buf value;
	size_t keep;
};

static void take(struct reading *r, char c, bool kept)
{
	buf_addc(&r->value, c);
	if (kept || !strchr(BLANK, c))
		r->keep = r->value.size;
}

static bool at_line_end(const struct reading *r)
{
	return r->s == r->end || *r->s == '\n' || *r->s == '\r';
}

/* Up to the quote's end. In double quotes a backslash escapes what would mean something there, and
 * joins lines; in single ones it is itself. */
static void read_quoted(struct reading *r, char quote)
{
	for (; r->s < r->end && *r->s != quote; r->s++) {
		if (*r->s != '\\' || quote == '\'' || r->s + 1 == r->end) {
			take(r, *r->s, true);
			continue;
		}
		r->s++;
		if (*r->s == '\n')
			continue;
		if (!strchr("\"\\`$", *r->s))
			take(r, '\\', true);
		take(r, *r->s, true);
	}
	if (r->s < r->end)
		r->s++;
}

/* Up to the line's end: quotes mean something at the beginning and right behind another quoted
 * part; in the middle of a word they are letters. */
static void read_value(struct reading *r)
{
	bool at_begin = true;

	while (r->s < r->end && strchr(" \t", *r->s))
		r->s++;
	while (!at_line_end(r)) {
		char c = *r->s++;

		if (at_begin && (c == '"' || c == '\'')) {
			read_quoted(r, c);
			while (r->s < r->end && strchr(" \t", *r->s))
				r->s++;
			continue;
		}
		at_begin = false;
		if (c == '\\') {
			if (r->s < r->end && *r->s != '\n')
				take(r, *r->s, true);
			r->s += r->s < r->end;
		} else {
			take(r, c, false);
		}
	}
}

void environment_file(
	struct environment *e, const char *text, size_t size, int from, struct arena *a)
{
	struct reading r = {.s = text, .end = text + size};

	while (r.s < r.end) {
		if (strchr(BLANK, *r.s)) {
			r.s++;
			continue;
		}
		if (*r.s == '#' || *r.s == ';') {
			while (!at_line_end(&r))
				r.s++;
			continue;
		}
		const char *name = r.s;
		while (!at_line_end(&r) && *r.s != '=')
			r.s++;
		if (at_line_end(&r))
			continue;
		size_t n = (size_t)(r.s++ - name);
		while (n && strchr(BLANK, name[n - 1]))
			n--;
		r.value.size = r.keep = 0;
		read_value(&r);
		if (valid_name(name, n))
			environment_set(
				e, name, n, r.value.data ? r.value.data : "", r.keep, from, a);
	}
	buf_free(&r.value);
}
