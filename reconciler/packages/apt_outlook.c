/*
 * What a simulation of apt-get says (apt.h): its lines "Inst", "Remv" and "Purg", names that it
 * does not know, and what it refuses; and whether that is what was asked for.
 * Pure. Called by apt.c and what plans and changes packages.
 */
#include <string.h>

#include "l4sync/apt.h"
#include "l4sync/text.h"

#define UNKNOWN "E: Unable to locate package "
#define UNMET "The following packages have unmet dependencies:"
#define ESSENTIAL "This should NOT be done unless you know exactly what you are doing!"
#define NAMES_SHOWN 10 /* in one message */

/* The next word of a line, or one in brackets; NULL at its end. Cuts the line. */
static char *next_word(char **line)
{
	char *word = *line + strspn(*line, " "), close = *word == '[' ? ']' : ' ';

	if (!*word)
		return NULL;
	char *end = strchr(word, close);
	*line = end ? end + 1 : word + strlen(word);
	if (end)
		*end = '\0';
	return word;
}

static const char *short_name(struct arena *a, const char *name, const char *native)
{
	const char *colon = strchr(name, ':');

	return colon && !strcmp(colon + 1, native) ? arena_strndup(a, name, (size_t)(colon - name))
						   : name;
}

/* "Inst NAME [OLD] (NEW ORIGIN [ARCH])", "Remv NAME [OLD]", "Purg NAME", "Conf NAME (…)". */
static bool take_item(struct arena *a, char *line, const char *native, struct apt_item *ret)
{
	bool comes = text_starts(line, "Inst "), configures = text_starts(line, "Conf ");

	if (!comes && !configures && !text_starts(line, "Remv ") && !text_starts(line, "Purg "))
		return false;
	line += strlen("Inst ");
	char *name = next_word(&line), *word = name ? next_word(&line) : NULL;
	if (!name || !text_is_utf8(name, strlen(name)))
		return false;
	*ret = (struct apt_item){.move = comes        ? APT_INSTALL
					 : configures ? APT_CONFIGURE
						      : APT_REMOVE,
		.name = short_name(a, name, native)};
	if (word && *word == '[') {
		ret->old = word + 1;
		ret->move = comes ? APT_UPGRADE : ret->move;
		word = next_word(&line);
	}
	if (comes && word && *word == '(')
		ret->new = word + 1;
	return true;
}

static void add_line(struct arena *a, const char **text, char *line)
{
	size_t n = strlen(line);

	if (n && line[n - 1] == '.')
		line[n - 1] = '\0';
	while (*line == ' ')
		line++;
	*text = *text ? arena_printf(a, "%s; %s", *text, line) : line;
}

/* Its errors, and behind UNMET and ESSENTIAL the lines that name what it is about. What its other
 * solver adds below is the same again. */
static void take_refusal(struct arena *a, char *line, bool *unmet, struct apt_outlook *ret)
{
	if (*unmet && *line == ' ')
		add_line(a, &ret->refusal, line);
	*unmet = !strcmp(line, UNMET) || !strcmp(line, ESSENTIAL) || (*unmet && *line == ' ');
	if (text_starts(line, "E: ") && !text_starts(line, UNKNOWN) &&
		!text_starts(line, "E: Couldn't find any package by ") &&
		!text_starts(line, "E: The following information from --solver"))
		add_line(a, &ret->refusal, line + strlen("E: "));
}

static const struct apt_item *find_item(const struct apt_outlook *outlook, const char *name)
{
	for (size_t i = 0; i < outlook->n; i++)
		if (!strcmp(outlook->items[i].name, name))
			return &outlook->items[i];
	return NULL;
}

void apt_outlook_parse(struct arena *a, const char *output, size_t size, const char *native,
	bool succeeded, struct apt_outlook *ret)
{
	char *text = arena_memdup(a, output, size), *rest = NULL;
	size_t n = 1;
	bool unmet = false;

	for (size_t i = 0; i < size; i++) {
		n += text[i] == '\n';
		if (!text[i])
			text[i] = '?'; /* or it would hide what comes behind it */
	}
	*ret = (struct apt_outlook){
		.items = arena_array(a, struct apt_item, n),
		.unknown = arena_array(a, const char *, n),
	};
	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		if (text_starts(line, UNKNOWN))
			ret->unknown[ret->n_unknown++] =
				short_name(a, line + strlen(UNKNOWN), native);
		else if (!succeeded)
			take_refusal(a, line, &unmet, ret);
		else if (take_item(a, line, native, &ret->items[ret->n]) &&
			 (ret->items[ret->n].move != APT_CONFIGURE ||
				 !find_item(ret, ret->items[ret->n].name)))
			ret->n++; /* what is installed is configured, too */
	}
	if (!succeeded && !ret->refusal && !ret->n_unknown)
		ret->refusal = "apt-get gave no reason";
}

static bool has_name(const char *const *names, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

/* Names of the moves that nobody has asked for, "a, b and 3 more"; NULL: none. */
static const char *unasked(struct arena *a, const struct apt_wish *wish,
	const struct apt_outlook *outlook, enum apt_move move, size_t *ret_n)
{
	const char *text = NULL;
	size_t n = 0;

	for (size_t i = 0; i < outlook->n; i++) {
		const struct apt_item *item = &outlook->items[i];

		if (item->move != move ||
			has_name(move == APT_REMOVE ? wish->remove : wish->install,
				move == APT_REMOVE ? wish->n_remove : wish->n_install, item->name))
			continue;
		if (n++ < NAMES_SHOWN)
			text = text ? arena_printf(a, "%s, %s", text, item->name) : item->name;
	}
	if (n > NAMES_SHOWN)
		text = arena_printf(a, "%s and %zu more", text, n - NAMES_SHOWN);
	*ret_n = n;
	return text;
}

const char *apt_judge(
	struct arena *a, const struct apt_wish *wish, const struct apt_outlook *outlook)
{
	size_t n;
	const char *names = unasked(a, wish, outlook, APT_REMOVE, &n);

	if (outlook->refusal)
		return arena_printf(a, "apt refuses: %s", outlook->refusal);
	if (names)
		return arena_printf(a,
			"apt would remove %s for it, which nobody has asked for; if %s meant, list "
			"%s under packages: absent too",
			names, n == 1 ? "that is" : "they are", n == 1 ? "it" : "them");
	for (size_t i = 0; i < wish->n_install; i++) {
		const char *name = wish->install[i];

		if (find_item(outlook, name) ||
			has_name(outlook->unknown, outlook->n_unknown, name))
			continue;
		names = unasked(a, wish, outlook, APT_INSTALL, &n);
		return arena_printf(a,
			"apt installs no package of the name %s%s%s: a name that others provide is "
			"no package; name the one that you mean",
			name, names ? ", but " : "", names ? names : "");
	}
	return NULL;
}
