/*
 * The commands of ExecStart= and the like as systemd takes them apart (systemd.service(5), COMMAND
 * LINES; its config_parse_exec()): prefixes, program, arguments, ";" between two of them.
 * Specifiers and variables are left as they are. Pure. Called by lists.c.
 */
#include <string.h>

#include "l4sync/text.h"

#include "directives.h"
#include "index.h"

#define BLANK " \t\n\r"

enum {
	IGNORE_FAILURE = 1,
	OWN_NAME = 2, /* the first argument is not the program */
	NO_VARIABLES = 4,
	PRIVILEGED = 8,
	NO_SETUID = 16,
	AMBIENT = 32,
};

/* Prefixes, each once, in any order. Where they end. */
static const char *prefixes(const char *s, unsigned *ret)
{
	static const struct {
		char letter;
		unsigned is, unless;
	} known[] = {{'-', IGNORE_FAILURE, IGNORE_FAILURE}, {'@', OWN_NAME, OWN_NAME},
		{':', NO_VARIABLES, NO_VARIABLES},
		{'+', PRIVILEGED, PRIVILEGED | NO_SETUID | AMBIENT},
		{'!', NO_SETUID, PRIVILEGED | NO_SETUID | AMBIENT},
		{'!', AMBIENT, PRIVILEGED | AMBIENT}};
	size_t i = 0;

	for (*ret = 0; i < ELEMENTS(known);) {
		if (*s != known[i].letter || (*ret & known[i].unless)) {
			i++;
			continue;
		}
		*ret |= known[i].is;
		if (known[i].is == AMBIENT)
			*ret &= ~(unsigned)NO_SETUID;
		s++;
		i = 0;
	}
	return s;
}

/* A word so that it does not end at its blanks. */
static void add_word(struct buf *b, const char *word)
{
	if (b->size)
		buf_addc(b, ' ');
	for (; *word; word++) {
		if (*word == '\\' || strchr(BLANK, *word))
			buf_addc(b, '\\');
		buf_addc(b, *word);
	}
}

/* What is no escape stays; what is not closed is refused. */
static int next_word(struct arena *a, const char **p, const char **ret)
{
	int r = unit_word(a, p, WORD_QUOTES | WORD_ESCAPES, ret);

	if (r < 0)
		r = unit_word(a, p, WORD_QUOTES | WORD_ESCAPES | WORD_RELAXED, ret);
	*p += strspn(*p, BLANK);
	return r;
}

static bool stands_alone(const char *p)
{
	return *p == ';' && (!p[1] || strchr(BLANK, p[1]));
}

/* The arguments up to a ";". 1: there was one; 0: the end; negative: refused. */
static int arguments(struct arena *a, const char **p, struct buf *b)
{
	const char *word;
	int r;

	while (**p) {
		if (stands_alone(*p)) {
			*p += 1;
			return 1;
		}
		if (**p == '\\' && stands_alone(*p + 1)) {
			*p += 2 + strspn(*p + 2, BLANK);
			add_word(b, ";");
			continue;
		}
		if ((r = next_word(a, p, &word)) < 0)
			return r;
		add_word(b, word);
	}
	return 0;
}

static bool program_valid(const char *path)
{
	const char *name = strrchr(path, '/');

	name = name ? name + 1 : path;
	/* Relative with a slash in it, a directory, or only known when the specifiers are. */
	return *name && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
	       (*path == '/' || name == path) && *path != '%';
}

bool commands_meaning(struct items *ret, const char *line)
{
	const char *p = line, *first;
	int r = 1;

	while (r > 0) {
		_cleanup_buf_ struct buf b = BUF_INIT;
		unsigned flags;

		if ((r = next_word(ret->arena, &p, &first)) <= 0)
			return !r;
		if (!strcmp(first, ";"))
			continue;
		const char *program = prefixes(first, &flags);
		/* The first that systemd refuses takes all behind it along. */
		if (!program_valid(program) || (strchr(line, ';') && !specifiers_sure(line)))
			return false;
		const char *path = path_meaning(ret->arena, program);
		buf_addf(&b, "%u", flags & ~(unsigned)OWN_NAME);
		add_word(&b, path ? path : program);
		size_t n = b.size;
		if (!(flags & OWN_NAME))
			add_word(&b, program);
		if ((r = arguments(ret->arena, &p, &b)) < 0 || b.size == n)
			return false;
		items_add(ret, arena_strndup(ret->arena, b.data, b.size));
	}
	return true;
}
