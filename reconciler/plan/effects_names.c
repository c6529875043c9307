/*
 * The files that a service names: in its own text (SPEC 5: environment files, credentials, its
 * program and the script that this runs, files bound into its namespace), and those that the state
 * names for it in restart_on.
 * Derives nothing from them. Called by effects_content.c and explain.c.
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

/*
 * reloads: what a reload can put in force. ExecReload= gets its environment anew. A process keeps
 * its program; and systemd 257 leaves the credentials of a reloaded service, and the inode that
 * was bound, as they were at its start (measured).
 */
static const struct {
	const char *key;
	enum naming naming;
	bool reloads;
	const char *why;
} namings[] = {
	{"EnvironmentFile", NAMES_PATH, true, "a process has the environment of its start"},
	{"LoadCredential", NAMES_BEHIND, false, "credentials are those of the start"},
	{"LoadCredentialEncrypted", NAMES_BEHIND, false, "credentials are those of the start"},
	{"BindPaths", NAMES_SOURCES, false, "what was bound at the start stays the old file"},
	{"BindReadOnlyPaths", NAMES_SOURCES, false,
		"what was bound at the start stays the old file"},
	{"ExecStart", NAMES_PROGRAM, false, "what runs stays the old program"},
};

/* What runs a script that is its first argument. */
static const char *const interpreters[] = {
	"sh", "bash", "dash", "python3", "python", "perl", "ruby", "node"};

struct naming_of {
	struct arena *arena;
	struct named named; /* of the value that is looked at */
	void (*each)(const struct named *named, void *userdata);
	void *userdata;
};

/* A path as the unit has it, with its specifiers. */
static void name_path(struct naming_of *x, const char *written)
{
	x->named.path = unit_specifiers(x->arena, x->named.unit, written);
	x->named.is_specific = x->named.is_specific || strchr(written, '%');
	if (x->named.path && *x->named.path == '/')
		x->each(&x->named, x->userdata);
}

static bool is_interpreter(const char *path)
{
	const char *name = strrchr(path, '/');

	for (size_t i = 0; name && i < ELEMENTS(interpreters); i++)
		if (!strcmp(name + 1, interpreters[i]))
			return true;
	return false;
}

static void name_program(struct naming_of *x, const char *value)
{
	const char *p = value + strspn(value, "@-:+!|"), *word = unit_word_next(x->arena, &p);
	bool script = word && is_interpreter(word);

	if (word)
		name_path(x, word);
	/* The first argument that is no option. */
	while (script && (word = unit_word_next(x->arena, &p)) && *word == '-')
		;
	if (script && word)
		name_path(x, word);
}

static void name_value(struct naming_of *x, enum naming naming, const char *value)
{
	const char *colon = strchr(value, ':');

	x->named.value = value;
	x->named.is_specific = false;
	switch (naming) {
	case NAMES_PATH:
		name_path(x, value + (*value == '-'));
		break;
	case NAMES_BEHIND:
		if (colon)
			name_path(x, colon + 1);
		break;
	case NAMES_SOURCES:
		value += *value == '-';
		name_path(x, arena_strndup(x->arena, value, strcspn(value, ":")));
		break;
	case NAMES_PROGRAM:
		name_program(x, value);
		break;
	}
}

static void names_of_text(struct naming_of *x, const struct unit_config *config)
{
	struct setting *settings;
	size_t n;

	if (unit_settings(x->arena, config, &settings, &n) < 0)
		return; /* a secret that only the host knows, and that has not changed */
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < ELEMENTS(namings); k++) {
			if (strcmp(settings[i].type.key, namings[k].key) != 0 ||
				strcmp(settings[i].section, "Service") != 0)
				continue;
			x->named.key = namings[k].key;
			x->named.reloads = namings[k].reloads;
			x->named.why = namings[k].why;
			for (size_t j = 0; j < settings[i].n; j++)
				name_value(x, namings[k].naming, settings[i].values[j]);
		}
}

/* Of a glob whatever the state has, or loses, that it matches: what others keep there is theirs. */
static void name_matches(struct naming_of *x, const struct deriving *d, const char *glob)
{
	const char *pattern = unit_specifiers(x->arena, x->named.unit, glob);

	for (size_t i = 0; pattern && i < d->plan->want->n; i++) {
		const char *path = resource_path(d->plan->want->items[i]);

		if (path && !resource_is(d->plan->want->items[i], "dir") &&
			text_glob(pattern, path)) {
			x->named.path = path;
			x->each(&x->named, x->userdata);
		}
	}
	for (size_t i = 0; pattern && i < d->n_changes; i++) {
		const char *path = change_path(&d->changes[i]);

		if (path && !d->changes[i].want && text_glob(pattern, path)) {
			x->named.path = path;
			x->each(&x->named, x->userdata);
		}
	}
}

static void names_of_policy(struct naming_of *x, const struct deriving *d)
{
	const struct resource *policy = unit_policy(x->arena, d->plan->want, x->named.unit);
	bool own = policy && unit_name_is_instance(x->named.unit) &&
		   !strcmp(resource_name(policy->id), x->named.unit);

	x->named.key = NAMED_RESTART_ON;
	x->named.why = "the state says so";
	x->named.reloads = true; /* it is for the state to say what a reload is good for */
	for (size_t i = 0; policy && i < policy->n_attrs; i++) {
		const char *value = policy->attrs[i].value;

		if (strcmp(policy->attrs[i].key, NAMED_RESTART_ON) != 0)
			continue;
		x->named.value = value;
		x->named.is_specific = own || strchr(value, '%');
		if (strpbrk(value, "*?["))
			name_matches(x, d, value);
		else
			name_path(x, value);
	}
}

int content_names(struct deriving *d, const char *unit,
	void (*each)(const struct named *named, void *userdata), void *userdata)
{
	struct naming_of x = {.arena = d->plan->arena,
		.named = {.unit = unit},
		.each = each,
		.userdata = userdata};
	struct unit_config config;
	int r = unit_index_config(d->after, unit, &config, d->e);

	if (r < 0)
		return r;
	names_of_text(&x, &config);
	names_of_policy(&x, d);
	return 0;
}
