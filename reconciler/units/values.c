/*
 * The spellings of one value: those that systemd reads as the same become the same text. What it
 * might refuse is not sure, for then an earlier assignment counts.
 * Pure. Called by settings.c and lists.c.
 */
#include <ctype.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "l4sync/text.h"

#include "directives.h"
#include "index.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"

static bool is_one_of(const char *value, const char *const *words)
{
	for (; *words; words++)
		if (!strcasecmp(value, *words))
			return true;
	return false;
}

bool boolean_of(const char *value, bool *ret)
{
	static const char *const yes[] = {"1", "yes", "y", "true", "t", "on", NULL};
	static const char *const no[] = {"0", "no", "n", "false", "f", "off", NULL};

	*ret = is_one_of(value, yes);
	return *ret || is_one_of(value, no);
}

static const char *boolean_meaning(const char *value)
{
	bool yes;

	return !boolean_of(value, &yes) ? NULL : yes ? "yes" : "no";
}

const char *signal_meaning(struct arena *a, const char *value)
{
	static const char *const names[] = {"HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS",
		"FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM", "TERM", "STKFLT", "CHLD",
		"CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF",
		"WINCH", "IO", "PWR", "SYS"};
	const char *name = text_starts(value, "SIG") ? value + 3 : value;
	long long number;

	if (number_of_text(value, &number))
		return number > 0 && number < NSIG ? arena_printf(a, "%lld", number) : NULL;
	for (size_t i = 0; i < ELEMENTS(names); i++)
		if (!strcmp(names[i], name))
			return arena_printf(a, "%zu", i + 1);
	bool least = text_starts(name, "RTMIN");
	if (!least && !text_starts(name, "RTMAX"))
		return NULL;
	name += strlen("RTMIN");
	number = 0;
	if (*name && (*name != (least ? '+' : '-') || !number_of_text(name, &number)))
		return NULL;
	number += least ? SIGRTMIN : SIGRTMAX;
	return number < SIGRTMIN || number > SIGRTMAX ? NULL : arena_printf(a, "%lld", number);
}

bool specifiers_sure(const char *value)
{
	static const char always[] = "%CEHLNSTVijlnptv";

	for (const char *p = value; (p = strchr(p, '%')) && p[1]; p += 2)
		if (isalnum((unsigned char)p[1]) && !strchr(always, p[1]))
			return false;
	return true;
}

const char *path_meaning(struct arena *a, const char *path)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	if (*path != '/')
		return NULL;
	for (const char *p = path; *p;) {
		p += strspn(p, "/");
		size_t n = strcspn(p, "/");

		if (n > NAME_MAX || (n == 2 && !memcmp(p, "..", 2)))
			return NULL;
		if (n && !(n == 1 && *p == '.'))
			buf_addf(&b, "/%.*s", (int)n, p);
		p += n;
	}
	if (b.size >= PATH_MAX)
		return NULL;
	return b.size ? arena_strndup(a, b.data, b.size) : "/";
}

/* Of WorkingDirectory=: with "-" before it, or "~" for the home. */
static const char *marked_path(struct arena *a, const char *home, const char *value)
{
	bool optional = *value == '-';
	const char *path = value + optional;

	if (!strcmp(path, home))
		return value;
	return (path = path_meaning(a, path)) ? arena_printf(a, "%s%s", optional ? "-" : "", path)
					      : NULL;
}

/* Of PIDFile=: a path that may be relative to a directory, /run; /var/run is that too. */
static const char *run_path(struct arena *a, const char *dir, const char *value)
{
	const char *path = *value == '/' ? value : arena_printf(a, "%s/%s", dir, value);

	if (*value == '%' || !(path = path_meaning(a, path)))
		return NULL;
	if (text_starts(path, "/var/run/"))
		return path + strlen("/var");
	/* Not in what is no file system to write to. */
	return text_starts(path, "/run/") || text_starts(path, "/var/") ? path : NULL;
}

/* a.b: parts that do not begin with a digit. */
static bool dotted_name_valid(const char *value)
{
	size_t parts = 0;

	for (const char *p = value; *p; p++) {
		size_t n = strspn(p, LETTERS);

		if (!n || isdigit((unsigned char)*p) || (p[n] && (p[n] != '.' || !p[n + 1])))
			return false;
		parts++;
		p += p[n] ? n : n - 1;
	}
	return parts > 1 && strlen(value) <= 255;
}

/* Letters, digits and the like: what systemd takes for a name whatever it is of. */
static const char *name_meaning(const char *ending, const char *value)
{
	size_t n = strspn(value, LETTERS);

	if (ending && !strcmp(ending, "."))
		return dotted_name_valid(value) ? value : NULL;
	if (ending)
		return unit_name_valid(value) && text_ends(value, ending) ? value : NULL;
	long long id;

	if (!n || n > 31 || value[n] || *value == '-')
		return NULL;
	if (!isdigit((unsigned char)*value))
		return value;
	/* -1 is no id, in 16 bits neither. */
	return (*value != '0' || !value[1]) && number_of_text(value, &id) && id < 65535 ? value
											: NULL;
}

/* The n letters of a word in a row's list as they are to be compared. */
static const char *word_found(struct arena *a, const char *at, size_t n)
{
	const char *word = arena_strndup(a, at, n - (at[n - 1] == '!'));
	const char *other = strchr(word, '>');

	return other ? other + 1 : word;
}

static const char *word_meaning(struct arena *a, const char *words, const char *value)
{
	bool switches = text_has_word(words, "yes") || strstr(words, "yes>");
	bool yes, is_boolean = switches && boolean_of(value, &yes);
	const char *wanted = !is_boolean ? value : yes ? "yes" : "no";
	long long number, min, max;

	for (const char *p = words; *p;) {
		size_t n = strcspn(p, " "), name = strcspn(p, " !>");

		if (*p == '#' && number_of_text(value, &number)) {
			char *end;

			min = strtoll(p + 1, &end, 10);
			max = strtoll(end + 2, NULL, 10);
			if (number >= min && number <= max)
				return arena_printf(a, "%lld", number);
		} else if (name && p[name - 1] == ':' && !strncmp(p, value, name)) {
			/* fd:NAME, file:/PATH */
			const char *rest = text_starts(p, "fd:") ? name_meaning(NULL, value + name)
								 : path_meaning(a, value + name);

			return rest ? arena_printf(a, "%.*s%s", (int)name, p, rest) : NULL;
		} else if (name == strlen(wanted) && !memcmp(p, wanted, name)) {
			return word_found(a, p, n);
		}
		p += n + strspn(p + n, " ");
	}
	return NULL;
}

bool kind_has_words(enum directive_kind kind)
{
	return kind >= KIND_WORDS;
}

const char *directive_value(struct arena *a, const struct directive_type *type, const char *value)
{
	const char *meaning = scalar_meaning(a, type, value);

	return meaning ? meaning : value;
}

const char *directive_default(struct arena *a, const struct directive_type *type)
{
	switch (type->kind) {
	case KIND_NO:
		return "no";
	case KIND_YES:
		return "yes";
	case KIND_MODE:
	case KIND_SIGNAL:
		return type->words;
	case KIND_WORD:
	case KIND_STREAM:
	case KIND_MEMORY:
		for (const char *p = type->words; *p;) {
			size_t n = strcspn(p, " ");

			if (p[n - 1] == '!')
				return word_found(a, p, n);
			p += n + strspn(p + n, " ");
		}
		return NULL;
	default:
		return NULL;
	}
}

static const char *path_kind_meaning(struct arena *a, const char *words, const char *value)
{
	return !words          ? path_meaning(a, value)
	       : *words == '/' ? run_path(a, words, value)
			       : marked_path(a, words, value);
}

const char *scalar_meaning(struct arena *a, const struct directive_type *type, const char *value)
{
	if (!specifiers_sure(value))
		return NULL;
	switch (type->kind) {
	case KIND_TEXT:
		return value;
	case KIND_NAME:
		return name_meaning(type->words, value);
	case KIND_PATH:
		return path_kind_meaning(a, type->words, value);
	case KIND_WORD:
	case KIND_STREAM:
		return word_meaning(a, type->words, value);
	case KIND_NO:
	case KIND_YES:
	case KIND_BOOLEAN:
		return boolean_meaning(value);
	case KIND_SPAN:
		return span_meaning(a, value, 1000000);
	case KIND_TIMEOUT:
		return timeout_meaning(a, value);
	case KIND_SIZE:
		return size_meaning(a, value);
	case KIND_MEMORY:
		return memory_meaning(a, type->words, value);
	case KIND_NUMBER:
		return number_meaning(a, type->words, value);
	case KIND_AMOUNT:
		return amount_meaning(a, type->words, value);
	case KIND_MODE:
		return mode_meaning(a, value);
	case KIND_SIGNAL:
		return signal_meaning(a, value);
	case KIND_LIMIT:
		return limit_meaning(a, type->words, value);
	default:
		return NULL;
	}
}
