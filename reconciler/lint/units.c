/*
 * The units that the state has files of, as the rules see them: lines with where they stand in the
 * state, settings merged (lint_internal.h).
 * Reports nothing. Called by lint.c and the rules.
 */
#include <errno.h>
#include <string.h>

#include "l4sync/places.h"
#include "l4sync/text.h"
#include "l4sync/unit_syntax.h"

#include "lint_internal.h"

/* While the lines of one unit are read. */
struct reading {
	struct lint *lint;
	size_t n, cap;
	struct lint_line *items; /* malloc'd */
	const char *file;
	unsigned nth_file;
};

static int add_line(const struct assignment *x, void *userdata)
{
	struct reading *r = userdata;

	r->items = grow(r->items, &r->cap, r->n, sizeof *r->items);
	r->items[r->n++] =
		(struct lint_line){x->section, x->key, x->value, r->file, x->line, r->nth_file};
	return 0;
}

static const struct resource *item_at(const struct lint *l, const char *path)
{
	for (size_t i = 0; i < l->job->want->n; i++) {
		const struct resource *item = l->job->want->items[i];
		const char *own = resource_path(item);

		if (own && !strcmp(own, path) && !resource_is(item, "dir"))
			return item;
	}
	return NULL;
}

const struct resource *lint_shipped(const struct lint *l, const char *path)
{
	const struct resource *item = item_at(l, path);
	size_t n;

	/* Over links: what is read is what they lead to. */
	if (item && resource_get(item, "target")) {
		const char *const *hops = unit_index_hops(l->index, path, &n);

		item = n ? item_at(l, hops[n - 1]) : NULL;
	}
	return item;
}

/* False: it is a secret, or its bytes are not at hand. */
static bool read_file(struct reading *r, const struct unit_file *f)
{
	const struct resource *item = lint_shipped(r->lint, f->path);

	if ((item && item->secret) || (f->content && !f->content->data))
		return false;
	r->file = item ? item->where.file : NULL;
	(void)unit_file_parse(r->lint->arena, f->content, add_line, r);
	r->nth_file++;
	return true;
}

static int read_unit(struct lint *l, struct lint_unit *u, const struct unit_config *c)
{
	struct reading r = {.lint = l};
	bool known = !c->found || read_file(&r, &c->fragment);

	for (size_t i = 0; i < c->n_dropins; i++)
		known &= read_file(&r, &c->dropins[i]);
	u->n_lines = r.n;
	u->lines = arena_array(l->arena, struct lint_line, r.n);
	if (r.n)
		memcpy(u->lines, r.items, r.n * sizeof *r.items);
	free(r.items);
	/* Slices and the like need no fragment, but offline the host may have one. */
	bool may_lack = l->job->host_known && unit_name_may_lack_fragment(u->name);
	u->whole = known && !c->masked && (c->found || may_lack) &&
		   unit_settings(l->arena, c, &u->settings, &u->n_settings) >= 0;
	return 0;
}

/* A drop-in of no unit in particular ("service.d", "app-.service.d"), or of one whose fragment only
 * the host has: nothing but its lines is known. */
static void read_alone(struct lint *l, struct lint_unit *u, const struct resource *item)
{
	struct reading r = {.lint = l};

	read_file(&r, &(struct unit_file){resource_path(item), item->content});
	u->alone = true;
	u->n_lines = r.n;
	u->lines = arena_array(l->arena, struct lint_line, r.n);
	if (r.n)
		memcpy(u->lines, r.items, r.n * sizeof *r.items);
	free(r.items);
}

static const char *unit_of(struct lint *l, const struct resource *item)
{
	const char *name = resource_name(item->id);

	return resource_is(item, "dropin") ? arena_strndup(l->arena, name, strcspn(name, "/"))
					   : name;
}

static bool is_known(const struct lint *l, const char *name)
{
	for (size_t i = 0; i < l->n_units; i++)
		if (!l->units[i].alone && !strcmp(l->units[i].name, name))
			return true;
	return false;
}

static int add_unit(struct lint *l, const struct resource *item)
{
	const char *name = unit_of(l, item), *dot = strrchr(name, '.');
	struct lint_unit u = {.name = name, .type = dot ? dot + 1 : name};
	struct unit_config c = {0};
	bool one = unit_name_valid(name) && !strstr(name, "-.");
	int r = 0;

	if (one && is_known(l, name))
		return 0;
	u.policy = unit_policy(l->arena, l->job->want, name);
	if (one)
		r = unit_index_config(l->index, name, &c, l->e);
	if (r < 0)
		return r;
	if (one && (c.found || c.n_dropins))
		read_unit(l, &u, &c);
	else
		read_alone(l, &u, item);
	l->units[l->n_units++] = u;
	return 0;
}

int lint_units(struct lint *l)
{
	const struct resources *want = l->job->want;

	l->units = arena_array(l->arena, struct lint_unit, want->n);
	for (size_t i = 0; i < want->n; i++) {
		int r = 0;

		if (resource_is(want->items[i], "unit") || resource_is(want->items[i], "dropin"))
			r = add_unit(l, want->items[i]);
		if (r < 0)
			return r;
	}
	return 0;
}

const struct setting *lint_setting(const struct lint_unit *u, const char *section, const char *key)
{
	for (size_t i = 0; i < u->n_settings; i++)
		if (!strcmp(u->settings[i].type.key, key) &&
			!strcmp(u->settings[i].section, section))
			return u->settings[i].n_lines ? &u->settings[i] : NULL;
	return NULL;
}

const char *lint_value(
	struct lint *l, const struct lint_unit *u, const char *section, const char *key)
{
	const struct setting *s = lint_setting(u, section, key);
	const struct directive_type type = directive_type(l->arena, section, key);
	const char **values;
	size_t n;

	return setting_meaning(l->arena, &type, s, &values, &n) && n == 1 ? values[0] : NULL;
}

bool lint_is(struct lint *l, const struct lint_unit *u, const char *key, const char *value)
{
	const char *is = lint_value(l, u, "Service", key);

	return is && !strcmp(is, value);
}

static bool same_key(const struct lint_line *line, const char *section, const char *key)
{
	static const struct {
		const char *old, *key;
	} outdated[] = {{"ReadWriteDirectories", "ReadWritePaths"}};

	if (strcmp(line->section, section) != 0)
		return false;
	for (size_t i = 0; i < ELEMENTS(outdated); i++)
		if (!strcmp(line->key, outdated[i].old) && !strcmp(key, outdated[i].key))
			return true;
	return !strcmp(line->key, key);
}

const struct lint_line *lint_line_of(const struct lint_unit *u, const struct setting *s, size_t i)
{
	for (size_t j = u->n_lines; j-- > 0;)
		if (same_key(&u->lines[j], s->section, s->type.key) &&
			!strcmp(u->lines[j].value, s->lines[i]))
			return &u->lines[j];
	return NULL;
}

const struct lint_line *lint_last(const struct lint_unit *u, const char *section, const char *key)
{
	for (size_t j = u->n_lines; j-- > 0;)
		if (same_key(&u->lines[j], section, key))
			return &u->lines[j];
	return NULL;
}

bool lint_has_user(struct lint *l, const struct lint_unit *u)
{
	const struct setting *s = lint_setting(u, "Service", "User");
	const char *user = s ? s->lines[s->n_lines - 1] : "";

	return lint_is(l, u, "DynamicUser", "yes") ||
	       (*user && strcmp(user, "root") != 0 && strcmp(user, "0") != 0);
}

bool lint_command_of(struct lint *l, const char *value, struct lint_command *ret)
{
	const char *p = value;
	const char *word = unit_word_next(l->arena, &p);
	size_t n = word ? strspn(word, "-@:+!|") : 0;

	if (!word || !word[n] || n >= sizeof ret->prefixes)
		return false;
	*ret = (struct lint_command){.program = word + n};
	memcpy(ret->prefixes, word, n);
	ret->argument = unit_word_next(l->arena, &p);
	return true;
}

bool lint_has_prefix(const struct lint_command *c, char prefix)
{
	return strchr(c->prefixes, prefix);
}
