/*
 * Restarts that follow from changed content which a unit itself names (SPEC 5): environment files,
 * credentials, its program and the script that this runs, files bound into its namespace. Nobody
 * writes triggers by hand.
 * Touches nothing. Called by effects.c.
 */
#include <errno.h>
#include <string.h>

#include "l4sync/module.h"
#include "l4sync/text.h"
#include "l4sync/unit_meaning.h"
#include "l4sync/unit_syntax.h"

#include "effects_internal.h"

/* Directives that name files, and where in a value the path stands. */
enum naming {
	NAMES_PATH,    /* -PATH */
	NAMES_BEHIND,  /* ID:PATH */
	NAMES_SOURCES, /* words: -PATH[:PATH[:OPTIONS]] */
	NAMES_PROGRAM, /* prefixes before the program, then its arguments */
};

static const struct {
	const char *key;
	enum naming naming;
} namings[] = {
	{"EnvironmentFile", NAMES_PATH},
	{"LoadCredential", NAMES_BEHIND},
	{"LoadCredentialEncrypted", NAMES_BEHIND},
	{"BindPaths", NAMES_SOURCES},
	{"BindReadOnlyPaths", NAMES_SOURCES},
	{"ExecStart", NAMES_PROGRAM},
};

/* What runs a script that is its first argument. */
static const char *const interpreters[] = {
	"sh", "bash", "dash", "python3", "python", "perl", "ruby", "node"};

struct searching {
	struct deriving *d;
	const char *unit;
};

/* Whether a change gives a file other content, or a link another target. */
static bool changes_content(const struct change *c)
{
	return c->op != OP_ATTRIBUTES &&
	       (!strcmp(c->module->type, "file") || !strcmp(c->module->type, "link"));
}

bool content_needs_units(const struct deriving *d)
{
	for (size_t i = 0; i < d->n_changes; i++)
		if (changes_content(&d->changes[i]))
			return true;
	return false;
}

/* An instance that is started between plan and apply reads the same file. */
static void affect_template(struct searching *s, const char *because)
{
	struct plan *p = s->d->plan;
	const char *template = unit_name_template(p->arena, s->unit);
	struct affected_template *t = template_affected(p, template);

	if (!template)
		return;
	if (!t) {
		t = &p->templates[p->n_templates++];
		*t = (struct affected_template){.name = template, .because = because};
	}
	t->restarts = true;
}

struct hops {
	const char *const *paths;
	size_t n;
};

static bool leads_over(const struct hops *hops, const char *path)
{
	for (size_t i = 0; i < hops->n; i++)
		if (!strcmp(hops->paths[i], path))
			return true;
	return false;
}

/* A path as the unit has it, with its specifiers. */
static void consider_path(struct searching *s, const char *written)
{
	struct deriving *d = s->d;
	const char *path = unit_specifiers(d->plan->arena, s->unit, written);
	struct hops before, after;

	if (!path || *path != '/')
		return;
	before.paths = unit_index_hops(d->before, path, &before.n);
	after.paths = unit_index_hops(d->after, path, &after.n);
	for (size_t i = 0; i < d->n_changes; i++) {
		const struct change *c = &d->changes[i];

		if (!changes_content(c) || (!leads_over(&before, change_path(c)) &&
						   !leads_over(&after, change_path(c))))
			continue;
		if (d->content_changed)
			d->content_changed(d, s->unit, c);
		else if (meaning_restart(d, s->unit, c->id) && !strcmp(path, written))
			affect_template(s, c->id);
	}
}

static bool is_interpreter(const char *path)
{
	const char *name = strrchr(path, '/');

	for (size_t i = 0; name && i < ELEMENTS(interpreters); i++)
		if (!strcmp(name + 1, interpreters[i]))
			return true;
	return false;
}

static void consider_program(struct searching *s, const char *value)
{
	struct arena *a = s->d->plan->arena;
	const char *p = value + strspn(value, "@-:+!|"), *word = unit_word_next(a, &p);
	bool script = word && is_interpreter(word);

	if (word)
		consider_path(s, word);
	/* The first argument that is no option. */
	while (script && (word = unit_word_next(a, &p)) && *word == '-')
		;
	if (script && word)
		consider_path(s, word);
}

static void consider_value(struct searching *s, enum naming naming, const char *value)
{
	struct arena *a = s->d->plan->arena;
	const char *colon = strchr(value, ':');

	switch (naming) {
	case NAMES_PATH:
		consider_path(s, value + (*value == '-'));
		break;
	case NAMES_BEHIND:
		if (colon)
			consider_path(s, colon + 1);
		break;
	case NAMES_SOURCES:
		value += *value == '-';
		consider_path(s, arena_strndup(a, value, strcspn(value, ":")));
		break;
	case NAMES_PROGRAM:
		consider_program(s, value);
		break;
	}
}

static int consider_running(struct deriving *d, const char *unit)
{
	struct searching s = {.d = d, .unit = unit};
	struct unit_config config;
	struct setting *settings;
	size_t n;
	int r = unit_index_config(d->after, unit, &config, d->e);

	if (r < 0)
		return r;
	if (unit_settings(d->plan->arena, &config, &settings, &n) < 0)
		return 0; /* a secret that only the host knows, and that has not changed */
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < ELEMENTS(namings); k++)
			if (!strcmp(settings[i].type.key, namings[k].key) &&
				!strcmp(settings[i].section, "Service"))
				for (size_t j = 0; j < settings[i].n; j++)
					consider_value(
						&s, namings[k].naming, settings[i].values[j]);
	return 0;
}

int content_effects(struct deriving *d)
{
	int r = 0;

	if (!content_needs_units(d))
		return 0;
	for (size_t i = 0; i < d->n_units && r >= 0; i++)
		if (text_ends(d->units[i].name, ".service") && unit_status_running(&d->units[i]))
			r = consider_running(d, d->units[i].name);
	return r;
}
