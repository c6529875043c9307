/*
 * Escaping, natural order, globs, nearest name (text.h).
 * Pure functions. Called by everything.
 */
#include "l4sync/text.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

bool text_starts(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}

bool text_ends(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);

	return n >= m && !memcmp(s + n - m, suffix, m);
}

bool text_has_word(const char *words, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = words; n && (p = strstr(p, word)); p += n)
		if ((p == words || p[-1] == ' ') && (!p[n] || p[n] == ' '))
			return true;
	return false;
}

/* The length of the UTF-8 sequence at s (shortest form, no surrogates, at most U+10FFFF), or 0. */
static size_t utf8_length(const unsigned char *s, size_t size)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t n = s[0] < 0x80         ? 1
		   : (s[0] >> 5) == 6  ? 2
		   : (s[0] >> 4) == 14 ? 3
		   : (s[0] >> 3) == 30 ? 4
				       : 0;

	if (n <= 1 || n > size)
		return n > size ? 0 : n;
	uint32_t c = s[0] & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3fu);
	}
	return c < least[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000) ? 0 : n;
}

bool text_is_utf8(const char *s, size_t size)
{
	for (size_t i = 0; i < size;) {
		size_t n = utf8_length((const unsigned char *)s + i, size - i);

		if (!n || !s[i])
			return false;
		i += n;
	}
	return true;
}

/* U+0080 to U+009F: valid UTF-8, and to a terminal the same as ESC and a letter. */
static bool is_c1(const char *s, size_t n)
{
	return n == 2 && (unsigned char)s[0] == 0xc2 && (unsigned char)s[1] < 0xa0;
}

/* How many of the first bytes stand for themselves, whatever comes after them: nearly always all.
 */
static size_t plain_length(const char *s, size_t size)
{
	size_t n = 0;

	while (n < size && s[n] >= 0x20 && s[n] < 0x7f && s[n] != '\\')
		n++;
	return n;
}

void text_escape(struct buf *b, const char *s, size_t size)
{
	for (size_t i = 0, plain; i < size;) {
		plain = plain_length(s + i, size - i);
		buf_add(b, s + i, plain);
		i += plain;
		if (i == size)
			break;
		unsigned char c = (unsigned char)s[i];
		size_t n = utf8_length((const unsigned char *)s + i, size - i);

		if (is_c1(s + i, n))
			n = 0;
		if (c == '\\')
			buf_adds(b, "\\\\");
		else if (c == '\n')
			buf_adds(b, "\\n");
		else if (c == '\t')
			buf_adds(b, "\\t");
		else if (!n || c < 0x80)
			buf_addf(b, "\\x%02x", c);
		else
			buf_add(b, s + i, n);
		i += n ? n : 1;
	}
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool text_unescape(struct arena *a, const char *s, size_t size, char **ret)
{
	char *out = arena_alloc(a, size + 1);
	size_t n = 0;

	if (plain_length(s, size) == size) {
		*ret = memcpy(out, s, size);
		return true;
	}
	for (size_t i = 0; i < size; i++) {
		if (s[i] != '\\') {
			out[n++] = s[i];
			continue;
		}
		if (++i == size)
			return false;
		if (s[i] == '\\' || s[i] == 'n' || s[i] == 't') {
			out[n++] = s[i] == 'n' ? '\n' : s[i] == 't' ? '\t' : '\\';
			continue;
		}
		if (s[i] != 'x' || size - i < 3 || hex_digit(s[i + 1]) < 0 ||
			hex_digit(s[i + 2]) < 0)
			return false;
		out[n++] = (char)(hex_digit(s[i + 1]) << 4 | hex_digit(s[i + 2]));
		i += 2;
	}
	if (memchr(out, 0, n))
		return false;
	/* One form each: whatever escapes to something else was not written by text_escape. */
	_cleanup_buf_ struct buf again = BUF_INIT;
	text_escape(&again, out, n);
	if (again.size != size || (size && memcmp(again.data, s, size)))
		return false;
	*ret = out;
	return true;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

int text_natural_cmp(const char *a, const char *b)
{
	const char *p = a, *q = b;

	while (*p && *q) {
		if (!is_digit(*p) || !is_digit(*q)) {
			if (*p != *q)
				return (unsigned char)*p < (unsigned char)*q ? -1 : 1;
			p++, q++;
			continue;
		}
		while (*p == '0' && is_digit(p[1]))
			p++;
		while (*q == '0' && is_digit(q[1]))
			q++;
		size_t n = strspn(p, "0123456789"), m = strspn(q, "0123456789");
		int c = n != m ? (n < m ? -1 : 1) : memcmp(p, q, n);
		if (c)
			return c < 0 ? -1 : 1;
		p += n, q += m;
	}
	if (*p || *q)
		return *p ? 1 : -1;
	return strcmp(a, b); /* @01 and @1: different names, in some fixed order */
}

/* One [..] at *pattern against c; moves *pattern behind it. An unclosed one matches nothing. */
static bool glob_class(const char **pattern, char c)
{
	const char *p = *pattern + 1;
	bool negated = *p == '!' || *p == '^', hit = false;

	if (negated)
		p++;
	const char *first = p;
	for (; *p && (*p != ']' || p == first); p++) {
		if (p[1] == '-' && p[2] && p[2] != ']') {
			hit |= (unsigned char)c >= (unsigned char)p[0] &&
			       (unsigned char)c <= (unsigned char)p[2];
			p += 2;
		} else {
			hit |= c == *p;
		}
	}
	if (!*p) {
		*pattern = p;
		return false;
	}
	*pattern = p + 1;
	return hit != negated && c != '/';
}

/* What stands at p against c, which is no star; *ret is the place behind it. */
static bool glob_one(const char *p, char c, const char **ret)
{
	*ret = p;
	if (*p == '[')
		return glob_class(ret, c);
	*ret = p + 1;
	return *p == '?' ? c != '/' : *p == c;
}

/* Marks p and, as a star may stand for nothing, what is behind the stars at p. */
static void glob_reach(const char *pattern, const char *p, char *reached)
{
	for (; *p == '*'; p++)
		reached[p - pattern] = 1;
	reached[p - pattern] = 1;
}

/*
 * All places of the pattern that can be reached are kept while s is walked once, so that the cost
 * is length(pattern) * length(s) whatever the pattern. (Going back to a remembered star is shorter,
 * but with two kinds of stars it is cubic: a ** before a * before a long literal.)
 */
bool text_glob(const char *pattern, const char *s)
{
	size_t n = strlen(pattern) + 1;
	_cleanup_free_ char *both = xmalloc(2 * n);
	char *now = both, *then = both + n;
	bool any = true;

	memset(now, 0, n);
	glob_reach(pattern, pattern, now);
	for (; *s && any; s++) {
		any = false;
		memset(then, 0, n);
		for (size_t i = 0; i < n - 1; i++) {
			const char *p = pattern + i, *next = p;
			bool deep = *p == '*' && (p[1] == '*' || (i && p[-1] == '*'));

			if (!now[i] || !(*p == '*' ? deep || *s != '/' : glob_one(p, *s, &next)))
				continue;
			glob_reach(pattern, next, then);
			any = true;
		}
		char *swap = now;
		now = then;
		then = swap;
	}
	return any && now[n - 1];
}

const char *text_time(struct arena *a, const char *s)
{
	if (strlen(s) != strlen("2026-01-02T03:04:05Z") || s[10] != 'T' || s[19] != 'Z')
		return s;
	return arena_printf(a, "%.10s %.8s UTC", s, s + 11);
}

static size_t edit_distance(const char *s, const char *t)
{
	size_t row[65];
	size_t n = strlen(t);

	if (n >= ELEMENTS(row) || strlen(s) >= ELEMENTS(row))
		return SIZE_MAX;
	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (size_t i = 0; s[i]; i++) {
		size_t diagonal = row[0];

		row[0] = i + 1;
		for (size_t j = 0; j < n; j++) {
			size_t best = diagonal + (s[i] != t[j]);

			diagonal = row[j + 1];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (diagonal + 1 < best)
				best = diagonal + 1;
			row[j + 1] = best;
		}
	}
	return row[n];
}

const char *text_nearest(const char *s, const char *const *list)
{
	const char *nearest = NULL;
	size_t best = 1 + (strlen(s) + 1) / 3;

	for (; *list; list++) {
		size_t d = edit_distance(s, *list);

		if (d < best) {
			best = d;
			nearest = *list;
		}
	}
	return nearest;
}

void text_printable(char *s)
{
	size_t n = strlen(s);

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];
		size_t length = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;

		if (i + length > n || !text_is_utf8(s + i, length) || (c < 0x20 && c != '\n') ||
			c == 0x7f || (c == 0xc2 && (unsigned char)s[i + 1] < 0xa0))
			s[i] = '?';
		else
			i += length - 1;
	}
}

void text_shell_word(struct buf *b, const char *word)
{
	static const char harmless[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-";

	if (*word && !word[strspn(word, harmless)]) {
		buf_adds(b, word);
		return;
	}
	buf_addc(b, '\'');
	for (; *word; word++)
		if (*word == '\'')
			buf_adds(b, "'\\''");
		else
			buf_addc(b, *word);
	buf_addc(b, '\'');
}

bool text_is_name(const char *s, size_t size)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_",
			  all[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"
				  "0123456789";

	return size && *s && strchr(letters, *s) && strspn(s, all) >= size;
}
