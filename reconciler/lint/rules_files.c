/*
 * Rules about shipped files: secrets that everybody may read, what was not decrypted or filled in,
 * modes and names with which a file is not read (lint_internal.h, rules.c).
 * Called by lint.c.
 */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "l4sync/places.h"
#include "l4sync/text.h"
#include "l4sync/unit_syntax.h"

#include "lint_internal.h"

#define TEMPLATE ".tmpl"

bool lint_is_secret_name(const char *name, size_t n)
{
	static const char *const words[] = {"PASSWORD", "PASSWD", "PASSPHRASE", "SECRET",
		"SECRET_KEY", "TOKEN", "API_KEY", "APIKEY", "PRIVATE_KEY", "ACCESS_KEY"};

	/* The last words of the name say what it is: SECRET_FILE is a path. */
	for (size_t i = 0; i < ELEMENTS(words); i++) {
		size_t size = strlen(words[i]);

		if (n >= size && !strncasecmp(name + n - size, words[i], size) &&
			(n == size || name[n - size - 1] == '_'))
			return true;
	}
	return false;
}

/* A path, or nothing, or what something else fills in, is no secret; nor are a switch and a small
 * number (MAX_TOKEN). */
static bool is_secret_value(const char *value)
{
	static const char *const switches[] = {"true", "false", "yes", "no", "on", "off"};
	size_t n = strcspn(value, "\"'");

	for (size_t i = 0; i < ELEMENTS(switches); i++)
		if (strlen(switches[i]) == n && !strncasecmp(value, switches[i], n))
			return false;
	return n && !strchr("/%$", *value) && (n > 5 || strspn(value, "0123456789") < n);
}

void lint_environment_secret(struct lint *l, const struct lint_subject *s)
{
	const char *p = s->line->value, *word;

	if (strcmp(s->line->key, "Environment") != 0)
		return;
	while ((word = unit_word_next(l->arena, &p))) {
		size_t n = strcspn(word, "=");

		if (word[n] && lint_is_secret_name(word, n) && is_secret_value(word + n + 1))
			lint_at(l, s->line, "Environment=%.*s=…", (int)n, word);
	}
}

struct env_file {
	struct lint *lint;
	const char *file, *unit, *mode;
};

static void look_at_variable(const char *const *words, size_t n, unsigned line, void *userdata)
{
	struct env_file *x = userdata;
	size_t size = strcspn(words[0], "=");
	const char *value = words[0] + size;

	(void)n;
	if (!*value || !lint_is_secret_name(words[0], size))
		return;
	value += 1 + strspn(value + 1, "\"'");
	if (is_secret_value(value))
		lint_in(x->lint, x->file, line, "%.*s in a file of mode %s that %s reads",
			(int)size, words[0], x->mode, x->unit);
}

void lint_environment_file_readable(struct lint *l, const struct lint_subject *s)
{
	const struct setting *files = lint_setting(s->unit, "Service", "EnvironmentFile");

	for (size_t i = 0; files && i < files->n_lines; i++) {
		const char *path = files->lines[i] + (*files->lines[i] == '-');
		const struct resource *item = lint_shipped(l, path);
		const char *mode = item ? resource_get(item, "mode") : NULL;
		struct env_file x = {l, item ? item->where.file : NULL, s->unit->name, mode};

		if (!mode || !(strtoul(mode, NULL, 8) & 0004))
			continue;
		if (item->secret)
			lint_in(l, item->where.file, 0, "a secret of mode %s that %s reads", mode,
				s->unit->name);
		else
			lint_config_lines(l, item->content, 1, look_at_variable, &x);
	}
}

static unsigned line_at(const char *data, const char *at)
{
	unsigned line = 1;

	for (; data < at; data++)
		line += *data == '\n';
	return line;
}

static const char *find(const struct content *c, const char *word)
{
	return memmem(c->data, c->size, word, strlen(word));
}

/* What leads what a tool has encrypted, and nothing else. */
void lint_looks_encrypted(struct lint *l, const struct lint_subject *s)
{
	static const struct {
		const char *mark, *tool;
	} marks[] = {{"$ANSIBLE_VAULT;", "ansible-vault"}, {"ENC[AES256_GCM,data:", "sops"},
		{"-----BEGIN AGE ENCRYPTED FILE-----", "age"}, {"age-encryption.org/v1\n", "age"},
		{"-----BEGIN PGP MESSAGE-----", "gpg"}, {"encrypt$gAAAAA", "bundlewrap"},
		{"\0GITCRYPT\0", "git-crypt"}};
	const struct content *c = s->file->content;

	/* Of a link the file itself is looked at. */
	if (!c || resource_get(s->file, "target"))
		return;
	for (size_t i = 0; i < ELEMENTS(marks); i++) {
		const char *at = *marks[i].mark ? find(c, marks[i].mark)
				 : c->size >= 10 && !memcmp(c->data, marks[i].mark, 10) ? c->data
											: NULL;
		if (at) {
			lint_in(l, s->file->where.file, line_at(c->data, at + (*at == '\n')),
				"%s holds something that %s has encrypted", resource_path(s->file),
				marks[i].tool);
			return;
		}
	}
}

/* {{ name }}, as a template of l4sync has it: 0 if it is none. */
static size_t variable_size(const char *at, const char *end)
{
	const char *p = at + 2;

	while (p < end && *p == ' ')
		p++;
	const char *name = p;
	while (p < end && (isalnum((unsigned char)*p) || *p == '_'))
		p++;
	if (p == name || isdigit((unsigned char)*name))
		return 0;
	while (p < end && *p == ' ')
		p++;
	return end - p >= 2 && p[0] == '}' && p[1] == '}' ? (size_t)(p + 2 - at) : 0;
}

/* Only of what is configuration: elsewhere other programs have templates of their own. */
void lint_looks_templated(struct lint *l, const struct lint_subject *s)
{
	const char *path = resource_path(s->file);
	const struct content *c = s->file->content;

	if (!c || resource_get(s->file, "target") || text_ends(s->file->where.file, TEMPLATE) ||
		!(text_starts(path, "/etc/") || resource_is(s->file, "unit")) ||
		text_ends(path, ".j2") || strstr(path, "/templates/"))
		return;
	const char *data = c->data, *end = data + c->size;
	for (const char *at = data; (at = memmem(at, (size_t)(end - at), "{{", 2)); at += 2) {
		size_t n = variable_size(at, end);

		if (n) {
			lint_in(l, s->file->where.file, line_at(data, at), "%.*s in %s", (int)n, at,
				path);
			return;
		}
	}
}

static bool is_sudoers(const char *path)
{
	return !strcmp(path, "/etc/sudoers") || text_starts(path, "/etc/sudoers.d/");
}

void lint_sudoers_mode(struct lint *l, const struct lint_subject *s)
{
	const char *mode = resource_get(s->file, "mode");

	if (is_sudoers(resource_path(s->file)) && mode && strcmp(mode, "0440") != 0 &&
		strcmp(mode, "0400") != 0)
		lint_in(l, s->file->where.file, 0, "%s has mode %s", resource_path(s->file), mode);
}

void lint_sudoers_ignored(struct lint *l, const struct lint_subject *s)
{
	const char *path = resource_path(s->file), *name = strrchr(path, '/') + 1;

	if (text_starts(path, "/etc/sudoers.d/") && (strchr(name, '.') || text_ends(name, "~")))
		lint_in(l, s->file->where.file, 0, "sudo does not read %s", path);
}

void lint_unit_file_mode(struct lint *l, const struct lint_subject *s)
{
	const char *mode = resource_get(s->file, "mode");
	unsigned long bits = mode ? strtoul(mode, NULL, 8) : 0;

	if ((resource_is(s->file, "unit") || resource_is(s->file, "dropin")) && (bits & 0113))
		lint_in(l, s->file->where.file, 0, "%s has mode %s", resource_path(s->file), mode);
}

/* The unit directory that a path is in, with the "/" behind it, or NULL. */
static const char *below_unit_dir(const char *path)
{
	for (const char *const *dir = place_unit_dirs; *dir; dir++)
		if (lint_is_below(path, *dir) && path[strlen(*dir)] == '/')
			return path + strlen(*dir) + 1;
	return NULL;
}

/* In UNIT.d, but not NAME.conf. */
void lint_dropin_name(struct lint *l, const struct lint_subject *s)
{
	const char *path = resource_path(s->file), *rest = below_unit_dir(path);
	const char *slash = rest ? strchr(rest, '/') : NULL;

	if (slash && slash - rest > 2 && !memcmp(slash - 2, ".d", 2) && !strchr(slash + 1, '/') &&
		(!text_ends(path, ".conf") || slash[1] == '.'))
		lint_in(l, s->file->where.file, 0, "systemd does not read %s", path);
}

void lint_unit_name(struct lint *l, const struct lint_subject *s)
{
	const char *path = resource_path(s->file), *rest = below_unit_dir(path);

	if (rest && !strchr(rest, '/') && !unit_name_valid(rest))
		lint_in(l, s->file->where.file, 0, "systemd does not read %s", path);
}
