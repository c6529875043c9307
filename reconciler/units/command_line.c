/*
 * A command line as words (command_line.h).
 * Pure; runs nothing. Called by the module service and by the engine's hooks.
 */
#include "l4sync/command_line.h"

#include <errno.h>
#include <string.h>

#include "l4sync/text.h"

#include "index.h"

#define BLANK " \t"

struct splitting {
	struct arena *arena;
	const char *unit; /* NULL: specifiers are not expanded */
	bool is_of_file;  /* %f is its only one: file; NULL: not expanded */
	const char *file;
	const char *at;
	struct buf word;
	struct err *e;
};

static int hex_digit(char c)
{
	static const char digits[] = "0123456789abcdefABCDEF";
	const char *at = c ? strchr(digits, c) : NULL;

	return !at ? -1 : at - digits < 16 ? (int)(at - digits) : (int)(at - digits) - 6;
}

/* n digits of the base behind s->at; -1 if there are fewer, or it is none that can be passed on. */
static long code_of(struct splitting *s, size_t n, int base)
{
	long code = 0;

	for (size_t i = 0; i < n; i++) {
		int digit = hex_digit(s->at[i]);

		if (digit < 0 || digit >= base)
			return -1;
		code = code * base + digit;
	}
	s->at += n;
	return code && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff) ? code : -1;
}

static void add_code(struct buf *b, long code, bool is_byte)
{
	if (is_byte || code < 0x80) {
		buf_addc(b, (char)code);
	} else if (code < 0x800) {
		buf_addc(b, (char)(0xc0 | code >> 6));
		buf_addc(b, (char)(0x80 | (code & 0x3f)));
	} else if (code < 0x10000) {
		buf_addc(b, (char)(0xe0 | code >> 12));
		buf_addc(b, (char)(0x80 | (code >> 6 & 0x3f)));
		buf_addc(b, (char)(0x80 | (code & 0x3f)));
	} else {
		buf_addc(b, (char)(0xf0 | code >> 18));
		buf_addc(b, (char)(0x80 | (code >> 12 & 0x3f)));
		buf_addc(b, (char)(0x80 | (code >> 6 & 0x3f)));
		buf_addc(b, (char)(0x80 | (code & 0x3f)));
	}
}

/* Behind a backslash. */
static int take_escape(struct splitting *s)
{
	static const char letters[] = "abfnrtv\\\"'s", meant[] = "\a\b\f\n\r\t\v\\\"' ";
	const char *letter = *s->at ? strchr(letters, *s->at) : NULL, *start = s->at;
	long code;

	if (letter) {
		buf_addc(&s->word, meant[letter - letters]);
		s->at++;
		return 0;
	}
	switch (*s->at) {
	case 'x':
		s->at++;
		code = code_of(s, 2, 16);
		break;
	case 'u':
		s->at++;
		code = code_of(s, 4, 16);
		break;
	case 'U':
		s->at++;
		code = code_of(s, 8, 16);
		break;
	default:
		code = code_of(s, 3, 8);
		if (code > 0xff)
			code = -1;
	}
	if (code < 0)
		return err_set(s->e, -EINVAL,
			"\"\\%.1s\" begins no escape that systemd.syntax(7) knows; a backslash "
			"itself is \\\\",
			start);
	add_code(&s->word, code, *start == 'x' || *start < 'A');
	return 0;
}

/* The reverse of systemd-escape(1): a dash stands for a slash, \xNN for a byte. */
static void add_unescaped(struct buf *b, const char *name)
{
	for (; *name; name++) {
		int high = !strncmp(name, "\\x", 2) ? hex_digit(name[2]) : -1;
		int low = high >= 0 ? hex_digit(name[3]) : -1;

		if (!high && !low) /* no argument can hold it */
			low = -1;
		if (low < 0) {
			buf_addc(b, *name == '-' ? '/' : *name);
			continue;
		}
		buf_addc(b, (char)(high << 4 | low));
		name += 3;
	}
}

static void expand(struct splitting *s, char specifier)
{
	const char *instance = unit_name_instance(s->arena, s->unit);
	const char *prefix = unit_name_prefix(s->arena, s->unit);

	instance = instance ? instance : "";
	switch (specifier) {
	case 'i':
		buf_adds(&s->word, instance);
		break;
	case 'I':
		add_unescaped(&s->word, instance);
		break;
	case 'n':
		buf_adds(&s->word, s->unit);
		break;
	case 'N':
		buf_add(&s->word, s->unit, (size_t)(strrchr(s->unit, '.') - s->unit));
		break;
	case 'p':
		buf_adds(&s->word, prefix);
		break;
	default:
		add_unescaped(&s->word, prefix);
	}
}

/* Behind a percent sign. */
static int take_specifier(struct splitting *s)
{
	char c = *s->at;

	if (s->is_of_file && (!c || !strchr("%f", c)))
		return err_set(s->e, -EINVAL,
			"\"%%%.1s\" is no specifier here; there is %%f, the file, and a percent "
			"sign itself is %%%%",
			s->at);
	if (c == 'f' && s->is_of_file) {
		buf_adds(&s->word, s->file ? s->file : "-");
		s->at++;
		return 0;
	}
	if (!c || !strchr("%iInNpP", c))
		return err_set(s->e, -EINVAL,
			"\"%%%.1s\" is no specifier here; there are %%i %%I %%n %%N %%p %%P, and "
			"a percent sign itself is %%%%",
			s->at);
	if (c == '%')
		buf_addc(&s->word, c);
	else if (s->unit)
		expand(s, c);
	else
		buf_addc(&s->word, '-'); /* whatever it will be: the word is not empty */
	s->at++;
	return 0;
}

/* Who writes this expects a shell. */
static int refuse_operator(const struct splitting *s, const char *start)
{
	static const char *const operators[] = {"|", "||", "&", "&&", ";", "<", ">", ">>"};
	size_t n = (size_t)(s->at - start);

	for (size_t i = 0; i < ELEMENTS(operators); i++)
		if (n == strlen(operators[i]) && !strncmp(start, operators[i], n))
			return err_set(s->e, -EINVAL,
				"there is no shell that \"%s\" would mean something to; put the "
				"commands into a script, or quote it if the program is to get it",
				operators[i]);
	return 0;
}

/* One word, of which s->at is the first character. */
static int take_word(struct splitting *s)
{
	char quote = *s->at == '"' || *s->at == '\'' ? *s->at++ : '\0';
	const char *start = s->at;
	int r = 0;

	s->word.size = 0;
	buf_add(&s->word, "", 0);
	while (r >= 0 && *s->at && (quote ? *s->at != quote : !strchr(BLANK, *s->at))) {
		char c = *s->at++;

		if (c == '\\')
			r = take_escape(s);
		else if (c == '%')
			r = take_specifier(s);
		else if (!quote && (c == '"' || c == '\''))
			r = err_set(s->e, -EINVAL,
				"a quote may only stand where a word begins; within one it is "
				"written \\%c",
				c);
		else
			buf_addc(&s->word, c);
	}
	if (r < 0)
		return r;
	if (!quote)
		return refuse_operator(s, start);
	if (!*s->at)
		return err_set(s->e, -EINVAL, "the quote %c is not closed", quote);
	if (*++s->at && !strchr(BLANK, *s->at))
		return err_set(s->e, -EINVAL, "behind the closing %c there must be a blank", quote);
	return 0;
}

static int take_words(struct splitting *s, const char **words)
{
	size_t n = 0;

	for (s->at += strspn(s->at, BLANK); *s->at; s->at += strspn(s->at, BLANK)) {
		int r = take_word(s);

		if (r < 0)
			return r;
		if (!text_is_utf8(s->word.data, s->word.size))
			return err_set(s->e, -EINVAL, "a word of it is not UTF-8");
		if (n == COMMAND_WORDS_MAX)
			return err_set(s->e, -EINVAL, "has more than %d words", COMMAND_WORDS_MAX);
		words[n++] = arena_strndup(s->arena, s->word.data, s->word.size);
	}
	if (!n && s->is_of_file)
		return err_set(s->e, -EINVAL, "there is no command in it");
	if (!s->is_of_file && (!n || *words[0] != '/'))
		return err_set(s->e, -EINVAL,
			"must begin with the absolute path of a program, as "
			"\"/usr/local/bin/program %%i\"");
	return 0;
}

static int split_line(struct splitting *s, const char *const **ret)
{
	const char **words = arena_array(s->arena, const char *, COMMAND_WORDS_MAX + 1);
	int r = take_words(s, words);

	buf_free(&s->word);
	if (r < 0)
		return r;
	*ret = words;
	return 0;
}

int command_line_split(
	struct arena *a, const char *line, const char *unit, const char *const **ret, struct err *e)
{
	return split_line(&(struct splitting){.arena = a, .unit = unit, .at = line, .e = e}, ret);
}

int command_words(
	struct arena *a, const char *line, const char *file, const char *const **ret, struct err *e)
{
	return split_line(
		&(struct splitting){
			.arena = a, .is_of_file = true, .file = file, .at = line, .e = e},
		ret);
}
