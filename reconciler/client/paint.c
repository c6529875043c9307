/*
 * Styles, symbols, wrapping, and making foreign text harmless (paint.h).
 * Writes to no stream. Called by the renderers, the text sink and help.
 */
#include "l4sync/paint.h"

#include <stdint.h>
#include <string.h>

#include "l4sync/text.h"

#define LINE_SHOWN 1000u /* bytes of a line that are shown of a longer one */
#define LINE_SLACK 100u  /* so many more are shown rather than counted */

static const char *const style_codes[] = {
	[STYLE_PLAIN] = "\033[0m",
	[STYLE_BOLD] = "\033[1m",
	[STYLE_DIM] = "\033[2m",
	[STYLE_RED] = "\033[31m",
	[STYLE_GREEN] = "\033[32m",
	[STYLE_YELLOW] = "\033[33m",
	[STYLE_CYAN] = "\033[36m",
};

static const struct {
	const char *utf8, *ascii;
} symbols[] = {
	[SYMBOL_EFFECT] = {"↻", "*"},
	[SYMBOL_FINDING] = {"•", "!"},
	[SYMBOL_ARROW] = {"→", "->"},
	[SYMBOL_ELLIPSIS] = {"…", "..."},
};

/* Not to be shown: controls, line separators, and what reorders the text around it (a diff must
 * read as it is; CVE-2021-42574). */
static const struct {
	uint32_t first, last;
} hidden[] = {
	{0x00, 0x08},
	{0x0a, 0x1f},
	{0x7f, 0x9f},
	{0x61c, 0x61c},
	{0x200e, 0x200f},
	{0x2028, 0x202e},
	{0x2066, 0x2069},
	{0xe0000, 0xe007f},
};

void paint_style(struct paint *p, enum style s)
{
	if (p->color)
		buf_adds(&p->buf, style_codes[s]);
}

void paint_symbol(struct paint *p, enum symbol s)
{
	buf_adds(&p->buf, p->utf8 ? symbols[s].utf8 : symbols[s].ascii);
}

/* The bytes of the character at s, and what it is; *ret is 0 for a byte that is none. */
static size_t character(const char *s, size_t size, uint32_t *ret)
{
	unsigned char c = (unsigned char)*s;
	size_t n = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;

	*ret = 0;
	if (n > size || !text_is_utf8(s, n))
		return 1;
	*ret = n == 1 ? c : c & (0x7fu >> n);
	for (size_t i = 1; i < n; i++)
		*ret = *ret << 6 | ((unsigned char)s[i] & 0x3fu);
	return n;
}

static bool is_hidden(uint32_t c)
{
	for (size_t i = 0; i < ELEMENTS(hidden); i++)
		if (c >= hidden[i].first && c <= hidden[i].last)
			return true;
	return false;
}

void paint_bytes(struct paint *p, const char *s, size_t size)
{
	while (size) {
		uint32_t c;
		size_t n = character(s, size, &c);

		if (!is_hidden(c) && (p->utf8 || c < 0x80))
			buf_add(&p->buf, s, n);
		else
			for (size_t i = 0; i < n; i++)
				buf_addf(&p->buf, "\\x%02x", (unsigned char)s[i]);
		s += n, size -= n;
	}
}

void paint_text(struct paint *p, const char *s)
{
	if (s)
		paint_bytes(p, s, strlen(s));
}

void paint_styled(struct paint *p, enum style style, const char *s)
{
	paint_style(p, style);
	paint_text(p, s);
	paint_style(p, STYLE_PLAIN);
}

size_t paint_column(const struct paint *p)
{
	size_t from = p->buf.size, columns = 0;

	while (from && p->buf.data[from - 1] != '\n')
		from--;
	for (size_t i = from; i < p->buf.size; i++) {
		/* Only styles of our own can stand here: paint_bytes lets no escape through. */
		if (p->buf.data[i] == '\033')
			i += strcspn(p->buf.data + i, "m");
		else
			columns += ((unsigned char)p->buf.data[i] & 0xc0) != 0x80;
	}
	return columns;
}

static void line_break(struct paint *p, size_t indent)
{
	buf_addc(&p->buf, '\n');
	for (size_t i = 0; i < indent; i++)
		buf_addc(&p->buf, ' ');
}

static size_t word_columns(const char *s, size_t size)
{
	size_t columns = 0;

	for (size_t i = 0; i < size; i++)
		columns += ((unsigned char)s[i] & 0xc0) != 0x80;
	return columns;
}

/* The bytes of the next word. A command in backticks is one, if a line has room for it: whoever
 * copies it has it whole. */
static size_t word_size(const char *s, size_t room)
{
	size_t size = strcspn(s, " \n"), quotes = 0;

	for (size_t i = 0; i < size; i++)
		quotes += s[i] == '`';
	size_t end = quotes % 2 ? size + strcspn(s + size, "`\n") : size;
	if (end == size || s[end] != '`')
		return size;
	end += strcspn(s + end, " \n");
	return word_columns(s, end) <= room ? end : size;
}

void paint_words(struct paint *p, size_t indent, const char *s)
{
	size_t at = paint_column(p);
	bool first = true; /* of its line: breaking before it would gain nothing */

	while (s && *s) {
		size_t size = word_size(s, p->width > indent ? p->width - indent : 0);
		size_t columns = word_columns(s, size);

		if (!first && at + 1 + columns > p->width) {
			line_break(p, indent);
			at = indent;
		} else if (!first) {
			buf_addc(&p->buf, ' ');
			at++;
		}
		paint_bytes(p, s, size);
		at += columns;
		first = false;
		s += size;
		if (*s == '\n' && s[1]) {
			line_break(p, indent);
			at = indent;
			first = true;
		}
		s += *s != '\0';
	}
}

/* How many of its bytes are shown. A character has at most three bytes behind its first. */
static size_t shown_size(const char *s, size_t size)
{
	size_t n = LINE_SHOWN;

	if (size <= LINE_SHOWN + LINE_SLACK)
		return size;
	while (n > LINE_SHOWN - 3 && ((unsigned char)s[n] & 0xc0) == 0x80)
		n--;
	return n;
}

static void say_left_out(struct paint *p, size_t bytes)
{
	if (!bytes)
		return;
	buf_addc(&p->buf, ' ');
	paint_symbol(p, SYMBOL_ELLIPSIS);
	buf_addf(&p->buf, " (%zu more bytes)", bytes);
}

void paint_line(struct paint *p, const char *s, size_t size)
{
	size_t n = shown_size(s, size);

	paint_bytes(p, s, n);
	say_left_out(p, size - n);
}

void paint_value(struct paint *p, size_t indent, const char *s)
{
	size_t size = s ? strlen(s) : 0;
	size_t n = size ? shown_size(s, size) : 0;
	_cleanup_buf_ struct buf shown = BUF_INIT;

	if (!size)
		return;
	buf_add(&shown, s, n);
	paint_words(p, indent, shown.data);
	say_left_out(p, size - n);
}
