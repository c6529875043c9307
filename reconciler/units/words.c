/*
 * The words of a directive's value as systemd takes them apart (systemd.syntax(7), its
 * extract_first_word()): quotes, backslashes, C escapes. The copy is exact: of two values that give
 * the same words here, systemd must make the same.
 * Knows no directive. Called by lists.c, commands.c, install.c and the derivation of effects.
 */
#include <errno.h>
#include <string.h>

#include "index.h"

#define BLANK " \t\n\r"

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : 16;
}

/* n digits of that base; false: fewer. */
static bool number_of(const char *s, size_t n, int base, unsigned long *ret)
{
	*ret = 0;
	for (size_t i = 0; i < n; i++) {
		int digit = digit_of(s[i]);

		if (digit >= base)
			return false;
		*ret = *ret * (unsigned long)base + (unsigned long)digit;
	}
	return true;
}

static void add_utf8(struct buf *b, unsigned long c)
{
	if (c < 0x80) {
		buf_addc(b, (char)c);
		return;
	}
	int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
	buf_addc(b, (char)((0xff00 >> (more + 1) & 0xff) | c >> 6 * more));
	while (more--)
		buf_addc(b, (char)(0x80 | (c >> 6 * more & 0x3f)));
}

/* \xHH, \OOO, \uHHHH, \UHHHHHHHH, without the backslash. Its size, 0: it is none. */
static size_t add_coded(struct buf *b, const char *s)
{
	unsigned long c;

	if (*s >= '0' && *s <= '7') {
		if (!number_of(s, 3, 8, &c) || !c || c > 255)
			return 0;
		buf_addc(b, (char)c);
		return 3;
	}
	size_t n = *s == 'x' ? 2 : *s == 'u' ? 4 : *s == 'U' ? 8 : 0;
	if (!n || !number_of(s + 1, n, 16, &c) || !c)
		return 0;
	/* Only of eight digits does systemd ask whether there is such a character. */
	if (n == 8 && (c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff)))
		return 0;
	if (n == 2)
		buf_addc(b, (char)c);
	else
		add_utf8(b, c);
	return n + 1;
}

/* A C escape, without the backslash. Its size, 0: it is none. */
static size_t add_escape(struct buf *b, const char *s)
{
	static const char names[] = "abfnrtv\\\"'s", meant[] = "\a\b\f\n\r\t\v\\\"' ";
	const char *name = *s ? strchr(names, *s) : NULL;

	if (!name)
		return add_coded(b, s);
	buf_addc(b, meant[name - names]);
	return 1;
}

/* What is behind a backslash. Its size; 0: the value ends there, or it is no escape. */
static size_t add_escaped(struct buf *b, const char *s, unsigned how)
{
	if (!*s) {
		if (how & WORD_RELAXED)
			buf_addc(b, '\\');
		return 0;
	}
	size_t n = how & WORD_ESCAPES ? add_escape(b, s) : 0;
	if (n)
		return n;
	if (how & WORD_ESCAPES) {
		if (!(how & WORD_RELAXED))
			return 0;
		buf_addc(b, '\\');
	}
	buf_addc(b, *s);
	return 1;
}

int unit_word(struct arena *a, const char **p, unsigned how, const char **ret)
{
	const char *s = *p + strspn(*p, BLANK);
	_cleanup_buf_ struct buf word = BUF_INIT;
	char quote = '\0';

	if (!*s) {
		*p = s;
		return 0;
	}
	for (; *s && (quote || !strchr(BLANK, *s)); s++) {
		if (*s == '\\' && !(how & WORD_BACKSLASHES)) {
			size_t n = add_escaped(&word, s + 1, how);

			/* At the end of the value it stands for itself, outside of quotes. */
			if (!n && (s[1] || quote || !(how & WORD_RELAXED)))
				return -EINVAL;
			s += n;
		} else if (quote && *s == quote) {
			quote = '\0';
		} else if ((how & WORD_QUOTES) && !quote && strchr("'\"", *s)) {
			quote = *s;
		} else {
			buf_addc(&word, *s);
		}
	}
	if (quote)
		return -EINVAL;
	*p = s;
	*ret = word.size ? arena_strndup(a, word.data, word.size) : "";
	return 1;
}

const char *unit_word_next(struct arena *a, const char **p)
{
	const char *word;

	return unit_word(a, p, WORD_QUOTES | WORD_ESCAPES | WORD_RELAXED, &word) > 0 ? word : NULL;
}
