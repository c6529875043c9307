/*
 * The lines of a unit file, systemd.syntax(7): sections, comments, continuation; words and quotes.
 * Knows no directive. Called by install.c.
 */
#include <string.h>

#include "index.h"

#define BLANK " \t\n\r"

static char *strip(char *s)
{
	s += strspn(s, BLANK);
	size_t n = strlen(s);
	while (n && strchr(BLANK, s[n - 1]))
		n--;
	s[n] = '\0';
	return s;
}

/* Whether a line goes on: it ends in a backslash that is not itself behind one. */
static bool goes_on(const char *line, size_t n)
{
	size_t slashes = 0;

	while (slashes < n && line[n - 1 - slashes] == '\\')
		slashes++;
	return slashes % 2;
}

struct parse {
	struct arena *arena;
	const char *section;
	int (*each)(const struct assignment *assignment, void *userdata);
	void *userdata;
};

static int parse_line(struct parse *p, char *line, unsigned number)
{
	line = strip(line);
	size_t n = strlen(line);
	if (!n)
		return 0;
	if (*line == '[') {
		p->section = line[n - 1] == ']' ? arena_strndup(p->arena, line + 1, n - 2) : NULL;
		return 0;
	}
	char *equals = strchr(line, '=');
	if (!equals || !p->section)
		return 0;
	*equals = '\0';
	struct assignment a = {p->section, arena_strdup(p->arena, strip(line)),
		arena_strdup(p->arena, strip(equals + 1)), number};
	return p->each(&a, p->userdata);
}

int unit_file_parse(struct arena *a, const struct content *content,
	int (*each)(const struct assignment *assignment, void *userdata), void *userdata)
{
	struct parse p = {a, NULL, each, userdata};
	_cleanup_buf_ struct buf line = BUF_INIT;
	const char *at = content ? content->data : NULL;
	const char *end = at ? at + content->size : NULL;
	unsigned number = 0, first = 0;
	int r = 0;

	if (end - at >= 3 && !memcmp(at, "\xef\xbb\xbf", 3))
		at += 3;
	for (; at < end && !r; number++) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		const char *stop = newline ? newline : end;
		size_t skip = 0, n = (size_t)(stop - at);

		while (skip < n && memchr(BLANK, at[skip], sizeof BLANK - 1))
			skip++;
		/* A comment inside a continued line is left out of it and does not end it. */
		if (skip < n && (at[skip] == '#' || at[skip] == ';')) {
			at = stop + 1;
			continue;
		}
		if (!line.size)
			first = number + 1;
		bool more = goes_on(at, n);
		buf_add(&line, at, n - more);
		at = stop + 1;
		if (more) {
			buf_addc(&line, ' ');
			if (at < end)
				continue;
		}
		r = parse_line(&p, line.data, first);
		line.size = 0;
	}
	/* Comments to the end of the file behind a line that goes on: it ends there. */
	return !r && line.size ? parse_line(&p, line.data, first) : r;
}

const char *unit_word(struct arena *a, const char **p, bool unquote)
{
	const char *s = *p + strspn(*p, BLANK);
	_cleanup_buf_ struct buf word = BUF_INIT;
	char quote = '\0';

	if (!*s)
		return NULL;
	for (; *s && (quote || !strchr(BLANK, *s)); s++) {
		if (unquote && *s == quote)
			quote = '\0';
		else if (unquote && !quote && (*s == '"' || *s == '\''))
			quote = *s;
		else
			buf_addc(&word, *s);
	}
	*p = s;
	return word.size ? arena_strndup(a, word.data, word.size) : "";
}

/* The assignments of a file that systemd loads, one a line: what its comments and blanks leave.
 * [Install] is for who enables it. */
static int write_assignment(const struct assignment *a, void *userdata)
{
	if (strcmp(a->section, "Install") != 0)
		buf_addf(userdata, "[%s] %s=%s\n", a->section, a->key, a->value);
	return 0;
}

bool unit_file_same(const struct content *a, const struct content *b)
{
	_cleanup_arena_ struct arena *scratch = arena_new();
	_cleanup_buf_ struct buf x = BUF_INIT, y = BUF_INIT;

	if (content_same(a, b, NULL))
		return true;
	if (!a || !b || !a->data || !b->data)
		return false;
	unit_file_parse(scratch, a, write_assignment, &x);
	unit_file_parse(scratch, b, write_assignment, &y);
	return x.size == y.size && (!x.size || !memcmp(x.data, y.data, x.size));
}
