/*
 * The verify document as text: what is not in force first of all.
 * Decides nothing. Called by the text sink.
 */
#include <string.h>

#include "l4sync/render.h"

#define INDENT 4 /* of what does not fit into a line */

/* Foreign text that stays one line where lines are not broken. */
static void words(struct paint *p, const char *text)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	for (; *text; text++)
		if (*text == '\n')
			buf_adds(&b, "\\x0a");
		else
			buf_addc(&b, *text);
	paint_words(p, INDENT, b.data);
}

static void count(struct paint *p, json_int_t n, const char *one, const char *many)
{
	_cleanup_arena_ struct arena *a = arena_new();

	words(p, arena_printf(a, " %lld %s", (long long)n, n == 1 ? one : many));
}

/* Behind others, if there are any. */
static void more(struct paint *p, json_int_t n, const char *one, const char *many, bool bad)
{
	if (!n)
		return;
	buf_addc(&p->buf, ',');
	if (bad)
		paint_style(p, STYLE_RED);
	count(p, n, one, many);
	if (bad)
		paint_style(p, STYLE_PLAIN);
}

/* Each begins with its blank, at which a line may be broken. */
static void counts(struct paint *p, const json_t *o)
{
	static const char own[] = "may be the process's own doing",
			  unknown[] = "could not be checked";

	count(p, field_number(o, "holds"), "setting holds", "settings hold");
	more(p, field_number(o, "lacks"), "is not in force", "are not in force", true);
	more(p, field_number(o, "own"), own, own, false);
	more(p, field_number(o, "unknown"), unknown, unknown, false);
}

/* One line, for whoever looks for it: "NAME: NoNewPrivileges is no in process 123 (name), declared
 * yes" */
static void setting(struct paint *p, const char *unit, const json_t *s)
{
	const char *verdict = field(s, "verdict"), *process = field(s, "process");
	bool unknown = !strcmp(verdict, "unknown"), lacks = !strcmp(verdict, "lacks");
	_cleanup_buf_ struct buf line = BUF_INIT;

	buf_addf(&line, "%s: %s ", unit, field(s, "directive"));
	buf_adds(&line, unknown ? "could not be checked" : "is ");
	if (!unknown)
		buf_adds(&line, *field(s, "real") ? field(s, "real") : "empty");
	if (field_number(s, "pid") > 0)
		buf_addf(&line, " in process %lld", (long long)field_number(s, "pid"));
	if (*process)
		buf_addf(&line, " (%s)", process);
	buf_addf(&line, ", declared %s", field(s, "declared"));
	if (unknown)
		buf_addf(&line, ": %s", field(s, "real"));
	else if (!lacks)
		buf_adds(&line, "; the process may have done that itself");
	if (lacks)
		paint_style(p, STYLE_RED);
	words(p, line.data);
	if (lacks)
		paint_style(p, STYLE_PLAIN);
	buf_addc(&p->buf, '\n');
}

static bool is_shown(const struct paint *p, const json_t *s)
{
	const char *verdict = field(s, "verdict");

	return !strcmp(verdict, "lacks") || (p->verbosity > 0 && strcmp(verdict, "holds") != 0);
}

/* What could not be looked at is not untrue. */
static bool is_untrue(const json_t *finding)
{
	return strcmp(field(finding, "code"), "not-looked-at") != 0;
}

/* What the state says of the unit beside its settings, which stand there themselves. */
static bool is_rule_of(const json_t *finding, const json_t *u)
{
	return !strcmp(field(finding, "where"), field(u, "unit")) &&
	       strcmp(field(finding, "code"), "setting-not-in-force") != 0;
}

static void rules(struct paint *p, const json_t *findings, const json_t *u)
{
	for (size_t i = 0; i < json_array_size(findings); i++) {
		const json_t *finding = json_array_get(findings, i);
		_cleanup_buf_ struct buf line = BUF_INIT;

		if (!is_rule_of(finding, u) || (p->verbosity < 0 && !is_untrue(finding)))
			continue;
		buf_addf(&line, "%s: %s", field(u, "unit"), field(finding, "text"));
		if (is_untrue(finding))
			paint_style(p, STYLE_RED);
		words(p, line.data);
		if (is_untrue(finding))
			paint_style(p, STYLE_PLAIN);
		buf_addc(&p->buf, '\n');
	}
}

static bool keeps_rules(const json_t *findings, const json_t *u)
{
	for (size_t i = 0; i < json_array_size(findings); i++)
		if (is_rule_of(json_array_get(findings, i), u) &&
			is_untrue(json_array_get(findings, i)))
			return false;
	return true;
}

/* "NAME: process 123 (name) was stopped for 1.2 ms to read its filters" */
static void stops(struct paint *p, const json_t *u)
{
	const json_t *list = json_object_get(u, "stopped");

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *stop = json_array_get(list, i);
		json_int_t usec = field_number(stop, "usec");
		_cleanup_buf_ struct buf line = BUF_INIT;

		if (usec <= 0)
			continue;
		buf_addf(&line, "%s: process %lld (%s) was stopped for %lld.%02lld ms",
			field(u, "unit"), (long long)field_number(stop, "pid"),
			field(stop, "process"), (long long)(usec / 1000),
			(long long)(usec % 1000 / 10));
		words(p, line.data);
		buf_addc(&p->buf, '\n');
	}
}

/* "NAME: exposure 4.1, at most 4.1; PrivateUsers=yes would take 0.2 off, …": of one that keeps its
 * bound, too. */
static void exposure(struct paint *p, const json_t *u)
{
	const json_t *x = json_object_get(u, "exposure"), *bound = json_object_get(u, "bound");
	const json_t *lower = json_object_get(u, "lower"), *advice;
	_cleanup_buf_ struct buf line = BUF_INIT;
	size_t i;

	if (p->verbosity < 1 || !json_is_number(x))
		return;
	buf_addf(&line, "%s: exposure %.1f", field(u, "unit"), json_number_value(x));
	if (json_is_number(bound))
		buf_addf(&line, ", at most %.1f", json_number_value(bound));
	json_array_foreach(lower, i, advice) {
		buf_addf(&line, "%s%s%s %.1f%s", i ? ", " : "; ", field(advice, "setting"),
			i ? "" : " would take", json_number_value(json_object_get(advice, "by")),
			i ? "" : " off");
	}
	paint_text(p, line.data);
	buf_addc(&p->buf, '\n');
}

static void unit(struct paint *p, const json_t *u, const json_t *findings)
{
	const json_t *settings = json_object_get(u, "settings");
	bool ok = !field_number(u, "lacks") && keeps_rules(findings, u);

	if (p->verbosity >= 0) {
		paint_text(p, field(u, "unit"));
		buf_adds(&p->buf, ok ? "  ok:" : "  FAILED:");
		counts(p, u);
		buf_addc(&p->buf, '\n');
		stops(p, u);
	}
	for (size_t i = 0; i < json_array_size(settings); i++)
		if (is_shown(p, json_array_get(settings, i)))
			setting(p, field(u, "unit"), json_array_get(settings, i));
	exposure(p, u);
	rules(p, findings, u);
}

void render_verify(struct paint *p, const json_t *document)
{
	const json_t *units = json_object_get(document, "units");

	for (size_t i = 0; i < json_array_size(units); i++)
		unit(p, json_array_get(units, i), json_object_get(document, "findings"));
	if (p->verbosity < 0 || !field_number(json_object_get(document, "summary"), "lacks"))
		return;
	words(p, "A restart of the unit puts in force what is not; `l4sync plan` says whether an "
		 "apply would do that.");
	if (json_object_get(json_array_get(units, 0), "stopped"))
		words(p, " What systemd itself lets through it does not change: see l4sync(1).");
	buf_addc(&p->buf, '\n');
}

void render_verify_summary(struct paint *p, const json_t *document)
{
	const json_t *summary = json_object_get(document, "summary"),
		     *findings = json_object_get(document, "findings");
	json_int_t units = field_number(summary, "units"), untrue = 0, unseen = 0;

	for (size_t i = 0; i < json_array_size(findings); i++) {
		const json_t *finding = json_array_get(findings, i);

		unseen += !is_untrue(finding);
		untrue += is_untrue(finding) &&
			  strcmp(field(finding, "code"), "setting-not-in-force") != 0;
	}
	buf_addf(&p->buf, "%lld unit%s:", (long long)units, units == 1 ? "" : "s");
	counts(p, summary);
	more(p, unseen, "that the state says was not looked at",
		"that the state says were not looked at", false);
	more(p, untrue, "that the state says is not true", "that the state says are not true",
		true);
}
