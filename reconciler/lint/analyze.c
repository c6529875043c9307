/*
 * What systemd-analyze(1) complains about, as findings at the lines of the state; nothing that a
 * rule has said already of the same place (lint_internal.h).
 * Judges no unit itself. Called by lint.c.
 */
#include <string.h>

#include "l4sync/text.h"

#include "lint_internal.h"

/* All units whose files are all at hand: none of them is a secret. */
static int stage_units(struct lint *l, struct stage *s, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < l->n_units && r >= 0; i++) {
		const struct lint_unit *u = &l->units[i];
		struct unit_config c;

		if (!u->whole || u->alone)
			continue;
		r = unit_index_config(l->index, u->name, &c, e);
		if (r >= 0)
			r = stage_add(s, &c, false, e);
	}
	return r;
}

const char *lint_ask_analyze(struct lint *l, struct complaints *ret)
{
	_cleanup_err_ struct err e = ERR_INIT;
	_cleanup_stage_ struct stage *s = NULL;
	int r = stage_new(l->arena, &s, &e);

	if (r >= 0)
		r = stage_units(l, s, &e);
	if (r >= 0)
		r = stage_complaints(s, ret, &e);
	return r < 0 ? arena_strdup(l->arena, err_text(&e)) : NULL;
}

/* Rules that find what systemd refuses a unit for: it says so of the unit, not of a line. */
static bool is_refusal(const char *code)
{
	static const char *const codes[] = {"exec-start-none", "exec-start-twice", "exec-relative",
		"oneshot-restart", "dbus-without-name", "timer-empty"};

	for (size_t i = 0; i < ELEMENTS(codes); i++)
		if (!strcmp(code, codes[i]))
			return true;
	return false;
}

static const char *file_at(struct lint *l, const char *path)
{
	const struct resource *item = lint_shipped(l, path);

	return item ? item->where.file : NULL;
}

/* The state's file of the unit, its fragment first of all; NULL: it has none. */
static const char *file_of_unit(struct lint *l, const struct unit_config *c)
{
	const char *file = c->found ? file_at(l, c->fragment.path) : NULL;

	for (size_t i = 0; i < c->n_dropins && !file; i++)
		file = file_at(l, c->dropins[i].path);
	return file;
}

static bool is_file_of(struct lint *l, const struct unit_config *c, const char *file)
{
	const char *own = c->found ? file_at(l, c->fragment.path) : NULL;
	bool found = own && !strcmp(own, file);

	for (size_t i = 0; i < c->n_dropins && !found; i++) {
		own = file_at(l, c->dropins[i].path);
		found = own && !strcmp(own, file);
	}
	return found;
}

static bool is_said(struct lint *l, const struct unit_config *c, const char *file, unsigned line)
{
	for (size_t i = 0; i < l->n_said; i++) {
		const struct lint_place *said = &l->said[i];

		if (said->rule == l->rule)
			continue;
		if (line ? said->line == line && !strcmp(said->file, file)
			 : is_refusal(said->rule->code) && is_file_of(l, c, said->file))
			return true;
	}
	return false;
}

/* The assignment that a line of a file belongs to: of one that is continued systemd names the last
 * line. NULL: none. */
static const struct lint_line *assignment_at(const struct lint *l, const char *file, unsigned line)
{
	const struct lint_line *found = NULL;

	for (size_t i = 0; i < l->n_units; i++)
		for (size_t j = 0; j < l->units[i].n_lines; j++) {
			const struct lint_line *x = &l->units[i].lines[j];

			if (x->file && !strcmp(x->file, file) && x->line <= line &&
				(!found || x->line > found->line))
				found = x;
		}
	return found;
}

/* What this machine's systemd does not know may be known to the one that it is for. */
static bool is_newer(const struct lint_line *x)
{
	return x && (lint_known_since(x->key, NULL) || lint_known_since(x->key, x->value));
}

/* "service x.service not loaded, socket cannot be started.": it saw the state's units alone. */
static bool is_elsewhere(struct lint *l, const char *text)
{
	static const char before[] = "service ";
	struct unit_config c;

	if (!text_starts(text, before) || !strstr(text, " not loaded, socket cannot be started"))
		return false;
	text += strlen(before);
	const char *unit = arena_strndup(l->arena, text, strcspn(text, " "));
	return !l->job->host_known || !unit_name_valid(unit) ||
	       unit_index_config(l->index, unit, &c, NULL) < 0 || c.found;
}

/* Then what it says of the unit as a whole may come from that. */
static bool has_newer(struct lint *l, const char *unit)
{
	for (size_t i = 0; i < l->complaints.n; i++) {
		const struct complaint *x = &l->complaints.items[i];
		const char *file = x->path && !strcmp(x->unit, unit) ? file_at(l, x->path) : NULL;

		if (file && is_newer(assignment_at(l, file, x->line)))
			return true;
	}
	return false;
}

void lint_systemd_analyze(struct lint *l, const struct lint_subject *s)
{
	(void)s;
	for (size_t i = 0; i < l->complaints.n; i++) {
		const struct complaint *x = &l->complaints.items[i];
		struct unit_config c;

		if (unit_index_config(l->index, x->unit, &c, NULL) < 0 ||
			is_elsewhere(l, x->text) || (!x->path && has_newer(l, x->unit)))
			continue;
		const char *file = x->path ? file_at(l, x->path) : file_of_unit(l, &c);
		const struct lint_line *at =
			file && x->line ? assignment_at(l, file, x->line) : NULL;
		unsigned line = at ? at->line : x->line;
		if (file && !is_newer(at) && !is_said(l, &c, file, line))
			lint_in(l, file, line, "systemd-analyze verify says of %s \"%s\"", x->unit,
				x->text);
	}
}
