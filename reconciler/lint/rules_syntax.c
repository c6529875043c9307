/*
 * Rules about what systemd reads at all: sections, names of directives, values
 * (lint_internal.h, rules.c).
 * Called by lint.c.
 */
#include <string.h>
#include <strings.h>

#include "l4sync/text.h"

#include "lint_internal.h"

#define SYSTEMD_KNOWN 257 /* which l4sync's own tables are of */

static const char install[] = "Alias WantedBy RequiredBy UpheldBy Also DefaultInstance";

/* The section that is named after the type, or NULL: targets and devices have none. */
static const char *own_section(const struct lint_unit *u)
{
	static const char *const sections[] = {"Service", "Socket", "Mount", "Swap", "Slice",
		"Scope", "Timer", "Path", "Automount"};

	for (size_t i = 0; i < ELEMENTS(sections); i++)
		if (!strcasecmp(sections[i], u->type))
			return sections[i];
	return NULL;
}

static bool section_valid(const struct lint_unit *u, const char *section)
{
	const char *own = own_section(u);

	return !strcmp(section, "Unit") || !strcmp(section, "Install") ||
	       (own && !strcmp(section, own));
}

static bool is_private(const struct lint_line *line)
{
	return text_starts(line->section, "X-") || text_starts(line->key, "X-");
}

static bool key_known(struct lint *l, const char *section, const char *key)
{
	return !strcmp(section, "Install") ? text_has_word(install, key)
					   : directive_type(l->arena, section, key).known;
}

/* Once for each section of a file, at its first line. */
void lint_section_unknown(struct lint *l, const struct lint_subject *s)
{
	const struct lint_line *line = s->line;
	const char *own = own_section(s->unit);
	const char *valid[] = {"Unit", "Install", own, NULL};

	if (section_valid(s->unit, line->section) || text_starts(line->section, "X-"))
		return;
	if (line > s->unit->lines && line[-1].nth_file == line->nth_file &&
		!strcmp(line[-1].section, line->section))
		return;
	const char *near = text_nearest(line->section, valid);
	lint_at(l, line, "[%s]%s%s%s", line->section, near ? " (did you mean [" : "",
		near ? near : "", near ? "]?)" : "");
}

struct nearest {
	struct arena *arena;
	const char *section;
	size_t n, cap;
	const char **keys; /* malloc'd */
};

static void collect(const char *section, const struct directive_type *type, void *userdata)
{
	struct nearest *x = userdata;

	if (strcmp(section, x->section) != 0)
		return;
	x->keys = grow(x->keys, &x->cap, x->n, sizeof *x->keys);
	x->keys[x->n++] = arena_strdup(x->arena, type->key);
}

static const char *nearest_key(struct lint *l, const char *section, const char *key)
{
	static const char *const of_install[] = {
		"Alias", "WantedBy", "RequiredBy", "UpheldBy", "Also", "DefaultInstance", NULL};
	struct nearest x = {.arena = l->arena, .section = section};

	if (!strcmp(section, "Install"))
		return text_nearest(key, of_install);
	directive_each(collect, &x);
	x.keys = grow(x.keys, &x.cap, x.n, sizeof *x.keys);
	x.keys[x.n] = NULL;
	const char *near = text_nearest(key, x.keys);
	free(x.keys);
	return near;
}

static void find_section(const char *section, const struct directive_type *type, void *userdata)
{
	struct nearest *x = userdata;

	/* Of several the first: [Unit] stands before the rest. */
	if (x->n || strcmp(type->key, x->keys[0]) != 0)
		return;
	x->section = arena_strdup(x->arena, section);
	x->n = 1;
}

/* The section that it would be known in, or NULL; one that this unit may have goes before. */
static const char *other_section(struct lint *l, const struct lint_unit *u, const char *key)
{
	const char *const own[] = {"Unit", "Install", own_section(u)};
	struct nearest x = {.arena = l->arena, .keys = &key};

	for (size_t i = 0; i < ELEMENTS(own); i++)
		if (own[i] && key_known(l, own[i], key))
			return own[i];
	directive_each(find_section, &x);
	return x.n ? x.section : NULL;
}

static bool is_strange(struct lint *l, const struct lint_subject *s)
{
	return !is_private(s->line) && section_valid(s->unit, s->line->section) &&
	       !key_known(l, s->line->section, s->line->key);
}

void lint_directive_unknown(struct lint *l, const struct lint_subject *s)
{
	const struct lint_line *line = s->line;

	if (!is_strange(l, s) || other_section(l, s->unit, line->key))
		return;
	const char *near = nearest_key(l, line->section, line->key);
	/* It may be one that the host's newer systemd knows, and these tables do not. */
	if (!near && l->systemd_version > SYSTEMD_KNOWN)
		return;
	lint_at(l, line, "%s=%s%s%s", line->key, near ? " (did you mean " : "", near ? near : "",
		near ? "=?)" : "");
}

void lint_directive_wrong_section(struct lint *l, const struct lint_subject *s)
{
	const char *other = is_strange(l, s) ? other_section(l, s->unit, s->line->key) : NULL;

	if (other)
		lint_at(l, s->line, "%s= in [%s], but it belongs in [%s]", s->line->key,
			s->line->section, other);
}

void lint_directive_newer(struct lint *l, const struct lint_subject *s)
{
	unsigned since = lint_known_since(s->line->key, NULL);

	if (l->systemd_version && since > l->systemd_version && !is_private(s->line))
		lint_at(l, s->line, "%s= is known to systemd %u and later, the host has %u",
			s->line->key, since, l->systemd_version);
}

void lint_value_newer(struct lint *l, const struct lint_subject *s)
{
	unsigned since = lint_known_since(s->line->key, s->line->value);

	if (l->systemd_version && since > l->systemd_version && !is_private(s->line))
		lint_at(l, s->line, "%s=%s is known to systemd %u and later, the host has %u",
			s->line->key, s->line->value, since, l->systemd_version);
}

/* systemd.resource-control(5), DEPRECATED OPTIONS */
void lint_directive_outdated(struct lint *l, const struct lint_subject *s)
{
	static const struct {
		const char *old, *new;
	} rows[] = {
		{"MemoryLimit", "MemoryMax"},
		{"CPUShares", "CPUWeight"},
		{"StartupCPUShares", "StartupCPUWeight"},
		{"BlockIOAccounting", "IOAccounting"},
		{"BlockIOWeight", "IOWeight"},
		{"StartupBlockIOWeight", "StartupIOWeight"},
		{"BlockIODeviceWeight", "IODeviceWeight"},
		{"BlockIOReadBandwidth", "IOReadBandwidthMax"},
		{"BlockIOWriteBandwidth", "IOWriteBandwidthMax"},
	};

	for (size_t i = 0; i < ELEMENTS(rows); i++)
		if (!strcmp(rows[i].old, s->line->key) && section_valid(s->unit, s->line->section))
			lint_at(l, s->line, "%s=, which is %s= now", s->line->key, rows[i].new);
}

/* Only where the table has all that systemd takes; the rest it might take all the same. */
static bool is_told(const struct directive_type *type)
{
	switch (type->kind) {
	case KIND_NO:
	case KIND_YES:
	case KIND_BOOLEAN:
	case KIND_SPAN:
	case KIND_TIMEOUT:
	case KIND_MODE:
	case KIND_SIGNAL:
	case KIND_MEMORY:
		return true;
	case KIND_WORD:
		return strcmp(type->key, "SystemCallErrorNumber") != 0;
	default:
		return false;
	}
}

/* The words of a row of kinds.c as they are written. */
static const char *nearest_word(
	struct lint *l, const struct directive_type *type, const char *value)
{
	const char *words[64] = {0};
	size_t n = 0;

	for (const char *p = type->words; p && *p && n + 1 < ELEMENTS(words); p += strspn(p, " ")) {
		if (*p != '#')
			words[n++] = arena_strndup(l->arena, p, strcspn(p, " !>"));
		p += strcspn(p, " ");
	}
	return text_nearest(value, words);
}

void lint_value_invalid(struct lint *l, const struct lint_subject *s)
{
	const struct lint_line *line = s->line;
	const struct directive_type type = directive_type(l->arena, line->section, line->key);
	const char *const lines[] = {line->value};
	unsigned place = 0;
	const struct setting one = {.section = line->section,
		.type = type,
		.n_lines = 1,
		.lines = (const char **)lines,
		.places = &place};
	const char **values;
	size_t n;

	if (!type.known || !*line->value || strchr(line->value, '%') || !is_told(&type) ||
		!section_valid(s->unit, line->section) || l->systemd_version > SYSTEMD_KNOWN ||
		lint_known_since(line->key, line->value) ||
		setting_meaning(l->arena, &type, &one, &values, &n))
		return;
	const char *near = type.kind == KIND_WORD ? nearest_word(l, &type, line->value) : NULL;
	lint_at(l, line, "%s=%s%s%s%s", line->key, line->value, near ? " (did you mean " : "",
		near ? near : "", near ? "?)" : "");
}
