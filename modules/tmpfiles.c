/*
 * The state's own files of tmpfiles.d(5) as resources:
 *
 *	d D v q Q        dir:PATH with owner, group and mode, each where the line says it
 *	L L+             link:PATH with target; if-absent (true) for L, which leaves what stands
 *there
 *
 * The other lines are checked, and left to systemd-tmpfiles: the file that they stand in gets
 * uncompared, their numbers.
 * Looks at no host. Called through the registry (dir).
 */
#include "tmpfiles.h"

#include <errno.h>
#include <string.h>

#include "l4sync/check.h"
#include "l4sync/text.h"
#include "l4sync/unit_syntax.h"

#include "conf.h"

#define DIGITS "0123456789"
#define FACTORY "/usr/share/factory"

enum field { TYPE, PATH, MODE, USER, GROUP, AGE, FIELDS };

struct line {
	char type;
	const char *modifiers;
	const char *path, *argument; /* argument NULL: none */
	const struct conf_word *words;
	struct where where;
};

/* Of one file. */
struct deriving {
	const struct conf_file *file;
	const char *uncompared; /* "3, 7" */
};

static bool is_dir_type(char c)
{
	return strchr("dDvqQ", c);
}

static int expand_path(
	struct reader *r, const struct conf_word *word, const char *text, const char **ret)
{
	static const struct conf_specifier more[] = {{'C', "/var/cache"}, {'L', "/var/log"},
		{'S', "/var/lib"}, {'t', "/run"}, {'h', "/root"}, {'u', "root"}, {'U', "0"},
		{'g', "root"}, {'G', "0"}, {0, NULL}};
	char letter;

	switch (conf_expand(r, text, more, ret, &letter)) {
	case CONF_EXPANDED:
		return 0;
	case CONF_OF_HOST:
		*ret = NULL;
		return 0;
	case CONF_UNKNOWN:
		break;
	}
	return diag_add(r->diags, word->where,
		"\"%s\": there is no specifier %%%c (tmpfiles.d(5)); a percent sign is written "
		"%%%%",
		text, letter);
}

static int take_type(struct reader *r, struct line *l)
{
	static const char types[] = "fFwdDevqQpLcbCxXrRzZtThHaA";
	const char *text = l->words[TYPE].text;

	if (!text || !strchr(types, *text))
		return diag_add(r->diags, l->where, "\"%s\" is no type of line (tmpfiles.d(5))",
			text ? text : "-");
	l->type = *text;
	l->modifiers = text + 1;
	size_t n = strspn(l->modifiers, "!+-=~^$?");
	if (l->modifiers[n])
		return diag_add(r->diags, l->where,
			"\"%s\": %c is no modifier of a type (tmpfiles.d(5))", text,
			l->modifiers[n]);
	return 0;
}

static int take_path(struct reader *r, struct line *l)
{
	const struct conf_word *word = &l->words[PATH];

	if (!word->text)
		return diag_add(r->diags, word->given ? word->where : l->where,
			"the path is missing (tmpfiles.d(5): type, path, mode, user, group, age, "
			"argument)");
	int code = expand_path(r, word, word->text, &l->path);
	if (code < 0 || !l->path)
		return code;
	if (*l->path != '/')
		return diag_add(
			r->diags, word->where, "\"%s\" is not an absolute path", word->text);
	l->path = conf_path(r->arena, l->path);
	/* The old name of /run. */
	if (text_starts(l->path, "/var/run/"))
		l->path += strlen("/var");
	return 0;
}

static bool is_mode(const char *s)
{
	s += strspn(s, "~:");
	size_t n = strlen(s);
	return n && n <= 5 && strspn(s, "01234567") == n && strtoul(s, NULL, 8) <= 07777;
}

static bool is_owner(const char *s)
{
	return check_is_owner(*s == ':' ? s + 1 : s);
}

/* "10d", "~1h 30min", "bmA:1w" */
static bool is_age(const char *s)
{
	const char *colon = strchr(s, ':');

	if (colon && (colon == s || strspn(s, "abcmABCM") != (size_t)(colon - s)))
		return false;
	s = colon ? colon + 1 : s;
	s += *s == '~';
	return strchr(DIGITS, *s) && *s &&
	       strspn(s, DIGITS ". abcdefghijklmnopqrstuvwxyzM") == strlen(s);
}

static int check_word(struct reader *r, const struct conf_word *word, bool (*valid)(const char *s),
	const char *wrong)
{
	if (!word->text || valid(word->text))
		return 0;
	return diag_add(r->diags, word->where, "\"%s\" %s", word->text, wrong);
}

static int take_argument(struct reader *r, struct line *l, const char *rest)
{
	if (*rest && strcmp(rest, "-") != 0)
		l->argument = rest;
	if (!l->argument && strchr("wcbtTaAhH", l->type))
		return diag_add(r->diags, l->where,
			"a line of type \"%c\" takes an argument, as its seventh field "
			"(tmpfiles.d(5))",
			l->type);
	if (l->argument && is_dir_type(l->type))
		return diag_add(r->diags, l->where,
			"a line of type \"%c\" takes no argument, and this one has \"%s\" as its "
			"seventh field",
			l->type, l->argument);
	return 0;
}

static int parse_line(
	struct reader *r, const char *text, struct where where, struct conf_word *w, struct line *l)
{
	const char *rest;
	int bad = conf_words(r, text, where, WORD_QUOTES | WORD_ESCAPES, FIELDS, w, &rest);

	if (bad)
		return bad;
	*l = (struct line){.words = w, .where = where};
	bad = take_type(r, l);
	if (bad)
		return bad;
	bad = take_path(r, l);
	bad |= check_word(r, &w[MODE], is_mode, "is no mode; one looks like 0750");
	bad |= check_word(r, &w[USER], is_owner, "is no name that a user can have, nor an id");
	bad |= check_word(r, &w[GROUP], is_owner, "is no name that a group can have, nor an id");
	bad |= check_word(r, &w[AGE], is_age, "is no age; one looks like 10d");
	bad |= take_argument(r, l, rest);
	return bad;
}

static struct resource *find_item(struct reader *r, const char *id)
{
	for (size_t i = 0; i < r->want->n; i++)
		if (!strcmp(r->want->items[i]->id, id))
			return r->want->items[i];
	return NULL;
}

/* A new resource, or the one that `purge:` has already; NULL: there is another line, reported. */
static struct resource *add_item(
	struct reader *r, const struct line *l, const char *type, struct resource **ret)
{
	const char *id = arena_printf(r->arena, "%s:%s", type, l->path);
	struct resource *other = find_item(r, id);

	if (other && resource_get(other, "purge") && !resource_get(other, "mode") &&
		!resource_get(other, "owner") && !resource_get(other, "group"))
		return *ret = other;
	if (other) {
		diag_add(r->diags, l->words[PATH].where,
			"%s is given twice, here and by %s; systemd-tmpfiles would take one of "
			"them",
			l->path, where_text(r->arena, &other->where));
		return *ret = NULL;
	}
	*ret = resources_add(r->want, id);
	(*ret)->where = l->where;
	return *ret;
}

static int add_dir(struct reader *r, const struct line *l)
{
	struct arena *a = r->want->arena;
	struct resource *item;

	if (!add_item(r, l, "dir", &item))
		return -EINVAL;
	if (l->words[MODE].text)
		resource_set(a, item, "mode",
			arena_printf(r->arena, "%04lo", strtoul(l->words[MODE].text, NULL, 8)));
	if (l->words[USER].text)
		resource_set(a, item, "owner", l->words[USER].text);
	if (l->words[GROUP].text)
		resource_set(a, item, "group", l->words[GROUP].text);
	return 0;
}

static int add_link(struct reader *r, const struct line *l, const char *target)
{
	struct resource *item;

	if (!check_is_target(target))
		return diag_add(r->diags, l->where, "\"%s\" is no target of a link", target);
	if (!add_item(r, l, "link", &item))
		return -EINVAL;
	resource_set(r->want->arena, item, "target", target);
	if (!strchr(l->modifiers, '+'))
		resource_set(r->want->arena, item, "if-absent", "true");
	return 0;
}

/* Where nothing of the state can stand, or what the kernel makes. */
static bool is_elsewhere(struct arena *a, const struct line *l)
{
	if (!l->path || check_path_made(l->path, NULL) < 0)
		return true;
	enum place_kind kind = place_of(a, l->path).kind;
	return l->type == 'L' &&
	       (kind == PLACE_UNIT || kind == PLACE_DROPIN || kind == PLACE_WANTS);
}

/* What a line says of its attributes beyond what is compared: only when made, masked. */
static bool is_plain(const struct line *l)
{
	for (enum field i = MODE; i <= GROUP; i++)
		if (l->words[i].text && strchr("~:", *l->words[i].text))
			return false;
	return true;
}

/* Whether it is compared, and is a resource then; *ret_target: what a link leads to. */
static bool is_resource(struct reader *r, const struct line *l, const char **ret_target)
{
	const char *argument = l->argument;

	if (is_elsewhere(r->arena, l))
		return false;
	if (is_dir_type(l->type))
		return is_plain(l) && strspn(l->modifiers, "$") == strlen(l->modifiers);
	if (l->type != 'L' || strspn(l->modifiers, "+$") != strlen(l->modifiers))
		return false;
	if (!argument)
		argument = arena_printf(r->arena, FACTORY "%s", l->path);
	/* Escapes of an argument are systemd-tmpfiles' own. */
	return !strchr(argument, '\\') &&
	       expand_path(r, &l->words[PATH], argument, ret_target) == 0 && *ret_target;
}

static int take_line(struct reader *r, char *text, struct where where, void *userdata)
{
	struct deriving *d = userdata;
	struct conf_word words[FIELDS];
	const char *target = NULL;
	struct line l;
	int bad = parse_line(r, text, where, words, &l);

	if (bad)
		return bad;
	if (is_resource(r, &l, &target))
		return is_dir_type(l.type) ? add_dir(r, &l) : add_link(r, &l, target);
	d->uncompared = d->uncompared ? arena_printf(r->arena, "%s, %u", d->uncompared, where.line)
				      : arena_printf(r->arena, "%u", where.line);
	return 0;
}

static void mark(struct reader *r, const struct deriving *d)
{
	/* The one that has the bytes, and the link that leads to it. */
	resource_set(r->want->arena, d->file->item, "uncompared", d->uncompared);
	resource_set(
		r->want->arena, find_item(r, d->file->source->id), "uncompared", d->uncompared);
}

int tmpfiles_derive(struct reader *r)
{
	struct conf_file *files;
	size_t n = conf_files(r, PLACE_TMPFILES, &files);
	int bad = 0;

	for (size_t i = 0; i < n; i++) {
		struct deriving d = {.file = &files[i]};

		if (!files[i].source)
			continue;
		bad |= conf_lines(r, &files[i], "#", "directories and their owners", take_line, &d);
		if (d.uncompared)
			mark(r, &d);
	}
	return bad ? -EINVAL : 0;
}
