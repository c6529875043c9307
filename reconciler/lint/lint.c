/*
 * The rules' turn over everything that the state has, and what the manifest silences (lint.h).
 * Knows no rule itself, changes nothing. Called by the pipeline and the verb lint.
 */
#include "l4sync/lint.h"

#include <stdarg.h>
#include <string.h>

#include "l4sync/check.h"
#include "l4sync/text.h"

#include "lint_internal.h"

size_t lint_rules(void)
{
	size_t n = 0;

	while (lint_table[n].code)
		n++;
	return n;
}

const char *const *lint_codes(struct arena *a)
{
	size_t n = lint_rules();
	const char **codes = arena_array(a, const char *, n + 1);

	for (size_t i = 0; i < n; i++)
		codes[i] = lint_table[i].code;
	return codes;
}

const char *lint_ignore_format(struct arena *a, const struct lint_ignore *i)
{
	return arena_printf(a, "%s\t%s\t%s\t%s", i->from, i->code, i->where, i->reason);
}

bool lint_ignore_parse(struct arena *a, const char *value, struct lint_ignore *ret)
{
	const char *fields[4];
	const char *const *codes = lint_codes(a);

	for (size_t i = 0; i < ELEMENTS(fields); i++) {
		size_t n = strcspn(value, "\t");

		fields[i] = arena_strndup(a, value, n);
		if (!n || !check_is_line(fields[i]) || !value[n] != (i + 1 == ELEMENTS(fields)))
			return false;
		value += n + 1;
	}
	while (*codes && strcmp(*codes, fields[1]) != 0)
		codes++;
	*ret = (struct lint_ignore){fields[0], fields[1], fields[2], fields[3]};
	return *codes;
}

static bool silence(struct lint *l, const char *file)
{
	bool found = false;

	/* Two that are the same are both used: which of them is too much nobody could tell. */
	for (size_t i = 0; i < l->n_ignoring; i++) {
		struct lint_ignoring *x = &l->ignoring[i];

		if (strcmp(x->said.code, l->rule->code) != 0 || !text_glob(x->said.where, file))
			continue;
		x->used = found = true;
	}
	l->n_silenced += found;
	return found;
}

/* A file that is in effect for several units is found in each of them. */
static bool is_again(const struct lint *l, const char *where, const char *text)
{
	for (size_t i = 0; i < l->findings->n; i++) {
		const struct finding *f = &l->findings->items[i];

		if (!strcmp(f->code, l->rule->code) && f->where && !strcmp(f->where, where) &&
			!strcmp(f->text, text))
			return true;
	}
	return false;
}

static void report(struct lint *l, const char *file, unsigned line, const char *format, va_list ap)
{
	const struct lint_rule *rule = l->rule;
	const char *what = arena_vprintf(l->arena, format, ap);
	const char *where =
		line ? arena_printf(l->arena, "%s:%u", file, line) : arena_strdup(l->arena, file);
	const char *text = arena_printf(l->arena, "%s: %s%s%s (%s)", what, rule->why,
		rule->instead ? "; " : "", rule->instead ? rule->instead : "", rule->source);

	l->said = grow(l->said, &l->cap_said, l->n_said, sizeof *l->said);
	l->said[l->n_said++] = (struct lint_place){rule, arena_strdup(l->arena, file), line};
	if (is_again(l, where, text) || silence(l, file))
		return;
	finding_add(l->findings, "lint", rule->code, where, "%s", text);
}

void lint_at(struct lint *l, const struct lint_line *at, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	if (at && at->file)
		report(l, at->file, at->line, format, ap);
	va_end(ap);
}

void lint_in(struct lint *l, const char *file, unsigned line, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	if (file)
		report(l, file, line, format, ap);
	va_end(ap);
}

static void look_at_units(struct lint *l)
{
	bool lines = l->rule->scope == LINT_LINE;

	for (size_t i = 0; i < l->n_units; i++) {
		const struct lint_unit *u = &l->units[i];

		if (!lines && u->whole)
			l->rule->look(l, &(struct lint_subject){.unit = u});
		for (size_t j = 0; lines && j < u->n_lines; j++)
			if (u->lines[j].file)
				l->rule->look(
					l, &(struct lint_subject){.unit = u, .line = &u->lines[j]});
	}
}

/* What a secret holds is never quoted, and so not looked into. */
static void look_at_files(struct lint *l)
{
	for (size_t i = 0; i < l->job->want->n; i++) {
		const struct resource *item = l->job->want->items[i];
		bool has_bytes = item->content && item->content->data;

		if (!item->where.file || !resource_path(item) || resource_is(item, "dir") ||
			resource_is(item, "checkout"))
			continue;
		if (resource_get(item, "target") || (has_bytes && !item->secret))
			l->rule->look(l, &(struct lint_subject){.file = item});
	}
}

static void look(struct lint *l)
{
	switch (l->rule->scope) {
	case LINT_LINE:
	case LINT_UNIT:
		look_at_units(l);
		break;
	case LINT_FILE:
		look_at_files(l);
		break;
	case LINT_STATE:
		l->rule->look(l, &(struct lint_subject){0});
		break;
	}
}

static void take_ignores(struct lint *l)
{
	const struct resources *want = l->job->want;

	l->ignoring = arena_array(l->arena, struct lint_ignoring, want->n_metas);
	for (size_t i = 0; i < want->n_metas; i++)
		if (!strcmp(want->metas[i].key, LINT_IGNORE_META) &&
			lint_ignore_parse(
				l->arena, want->metas[i].value, &l->ignoring[l->n_ignoring].said))
			l->n_ignoring++;
}

/* Of a rule that could not tell all that it tells nothing can be said. */
static bool was_asked(const struct lint *l, const struct lint_rule *rule)
{
	if (rule->look == lint_systemd_analyze)
		return l->analyzed;
	return !rule->needs_host || l->job->host_known;
}

/* What is silenced for good stays silent when it comes back elsewhere. */
static void report_unused(struct lint *l)
{
	for (size_t i = 0; i < l->n_ignoring; i++) {
		const struct lint_ignoring *x = &l->ignoring[i];
		const struct lint_rule *rule = lint_table;

		while (strcmp(rule->code, x->said.code) != 0)
			rule++;
		if (x->used || !was_asked(l, rule))
			continue;
		finding_add(l->findings, "lint", "lint-ignore-unused", x->said.from,
			"lint: ignore: there is no finding %s in %s (any more); take the entry "
			"out, or write the file that it is about",
			x->said.code, x->said.where);
	}
}

static void run_rules(struct lint *l)
{
	for (l->rule = lint_table; l->rule->code; l->rule++)
		if (l->rule->look == lint_systemd_analyze ||
			(!l->job->complaints_alone && (!l->rule->needs_host || l->job->host_known)))
			look(l);
	if (!l->job->complaints_alone)
		report_unused(l);
}

int lint_want(const struct lint_job *job, struct findings *ret, struct lint_notes *ret_notes,
	struct err *e)
{
	struct lint l = {.job = job, .arena = job->arena, .findings = ret, .e = e};
	struct lint_notes notes = {0};

	if (job->complaints_alone && !job->complaints->n)
		return 0;
	int r = unit_view_after(job->view, &l.index, e);
	if (r < 0)
		return r;
	l.systemd_version = job->host_known ? lint_host_version(&l) : 0;
	take_ignores(&l);
	r = lint_units(&l);
	if (r < 0)
		return r;
	if (job->complaints)
		l.complaints = *job->complaints;
	else
		notes.unanalyzed = lint_ask_analyze(&l, &l.complaints);
	l.analyzed = !job->complaints && !notes.unanalyzed;
	run_rules(&l);
	free(l.said);
	notes.n_silenced = l.n_silenced;
	if (ret_notes)
		*ret_notes = notes;
	return 0;
}
