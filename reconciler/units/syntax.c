/*
 * The lines of a unit file, systemd.syntax(7): sections, comments, continuation, and where systemd
 * stops reading (unit_syntax.h).
 * Knows no directive and no words. Called by the files of this folder.
 */
#include <errno.h>
#include <string.h>

#include "l4sync/text.h"

#include "index.h"

#define BLANK " \t\n\r"
#define LINE_MAX_SIZE                                                                              \
	(1024 * 1024) /* systemd's own limit, also for a line with all it goes on in */

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

static bool section_valid(const char *name)
{
	for (; *name; name++)
		if (strchr("\"\\'", *name) || (*name > 0 && *name < ' ') || *name == 0x7f)
			return false;
	return true;
}

static int parse_line(struct parse *p, char *line, unsigned number)
{
	line = strip(line);
	size_t n = strlen(line);
	if (!n)
		return 0;
	if (!text_is_utf8(line, n))
		return -EBADMSG;
	if (*line == '[') {
		if (n < 2 || line[n - 1] != ']')
			return -EBADMSG;
		p->section = arena_strndup(p->arena, line + 1, n - 2);
		return section_valid(p->section) ? 0 : -EBADMSG;
	}
	char *equals = strchr(line, '=');
	if (!equals || equals == line || !p->section)
		return 0;
	*equals = '\0';
	struct assignment a = {p->section, arena_strdup(p->arena, strip(line)),
		arena_strdup(p->arena, strip(equals + 1)), number};
	return p->each(&a, p->userdata);
}

/* Behind what ends a line: \n, \r, \0, or the first two in any order and then the third. */
static const char *skip_line_end(const char *at, const char *end)
{
	static const char ends[] = {'\n', '\r', '\0'};
	unsigned seen = 0;

	for (; at < end && !(seen & 4); at++) {
		const char *which = memchr(ends, *at, sizeof ends);
		unsigned bit = which ? 1U << (which - ends) : 0;

		if (!bit || (seen & bit))
			break;
		seen |= bit;
	}
	return at;
}

/* The bytes up to what ends a line. */
static size_t line_size(const char *at, const char *end)
{
	const char *p = at;

	while (p < end && *p != '\n' && *p != '\r' && *p)
		p++;
	return (size_t)(p - at);
}

int unit_file_parse(struct arena *a, const struct content *content,
	int (*each)(const struct assignment *assignment, void *userdata), void *userdata)
{
	static const char mark[] = "\xef\xbb\xbf"; /* of byte order */
	struct parse p = {a, NULL, each, userdata};
	_cleanup_buf_ struct buf line = BUF_INIT;
	const char *at = content ? content->data : NULL;
	const char *end = at ? at + content->size : NULL;
	unsigned number = 0, first = 0;
	bool marked = false, open = false;
	int r = 0;

	for (; at < end && !r; number++) {
		const char *text = at;
		size_t skip = 0, n = line_size(at, end);

		at = skip_line_end(at + n, end);
		if (n >= LINE_MAX_SIZE)
			return -EBADMSG;
		while (skip < n && strchr(BLANK, text[skip]))
			skip++;
		/* A comment inside a continued line is left out of it and does not end it. */
		if (skip < n && strchr("#;", text[skip]))
			continue;
		if (!marked && n >= 3 && !memcmp(text, mark, 3)) {
			marked = true;
			text += 3;
			n -= 3;
		}
		if (!open)
			first = number + 1;
		bool more = goes_on(text, n);
		if (open && line.size + n > LINE_MAX_SIZE)
			return -EBADMSG;
		buf_add(&line, text, n - more);
		if ((open = more)) {
			buf_addc(&line, ' ');
			continue;
		}
		buf_addc(&line, '\0');
		r = parse_line(&p, line.data, first);
		line.size = 0;
	}
	/* The file has ended, also in comments behind a line that goes on. */
	return !r && open ? parse_line(&p, line.data, first) : r;
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
	if (unit_file_parse(scratch, a, write_assignment, &x) !=
		unit_file_parse(scratch, b, write_assignment, &y))
		return false;
	return x.size == y.size && (!x.size || !memcmp(x.data, y.data, x.size));
}
