/*
 * The plan document as markdown, for a comment in code review: diffs are folded away.
 * Decides nothing. Called by the text sink.
 */
#include <stdint.h>
#include <string.h>

#include "l4sync/render.h"

/* Foreign text outside a fence: the signs of HTML and markdown stand for themselves. */
static void plain(struct paint *p, const char *s)
{
	for (; *s; s++) {
		size_t n = strcspn(s, "&<>`*_[]|\\#~@");

		paint_bytes(p, s, n);
		s += n;
		if (!*s)
			return;
		buf_addf(&p->buf, "&#%d;", *s);
	}
}

/* Longer than any run of backticks inside, so that nothing ends it early. */
static void fence(struct paint *p, const char *content, const char *language)
{
	size_t longest = 2, run = 0;

	for (const char *s = content; *s; s++) {
		run = *s == '`' ? run + 1 : 0;
		longest = run > longest ? run : longest;
	}
	for (size_t i = 0; i <= longest; i++)
		buf_addc(&p->buf, '`');
	buf_addf(&p->buf, "%s\n", language);
}

static void render_body(struct paint *p, const json_t *plan, const json_t *change)
{
	/* Not wrapped: a continued line would not be coloured as what it belongs to. */
	struct paint text = {.utf8 = p->utf8, .width = SIZE_MAX, .verbosity = 1};

	/* The text form without its first line; the names and lines are sanitized there. */
	render_change(&text, plan, change);
	const char *body = text.buf.data + strcspn(text.buf.data, "\n") + 1;
	if (*body)
		fence(p, body, "diff");
	for (const char *s = body; *s;) {
		size_t n = strcspn(s, "\n");
		/* Unindented: what colours a diff looks at the first column. */
		size_t skip = n < 4 ? n : 4;

		buf_add(&p->buf, s + skip, n - skip);
		buf_addc(&p->buf, '\n');
		s += n + (s[n] == '\n');
	}
	if (*body)
		fence(p, body, "");
	buf_free(&text.buf);
}

static void render_folded(struct paint *p, const json_t *plan, const json_t *change)
{
	_cleanup_arena_ struct arena *a = arena_new();
	const char *origin = change_origin(a, change);

	buf_adds(&p->buf, "<details><summary><code>");
	buf_addf(&p->buf, "%s ", change_sign(change));
	plain(p, field(change, "id"));
	buf_adds(&p->buf, "</code>");
	if (*origin) {
		buf_addc(&p->buf, ' ');
		plain(p, origin);
	}
	buf_adds(&p->buf, "</summary>\n\n");
	render_body(p, plan, change);
	buf_adds(&p->buf, "\n</details>\n");
}

static void render_effects(struct paint *p, const json_t *list, bool refused)
{
	size_t n, j;
	_cleanup_free_ json_t **sorted = effects_in_order(list, &n);
	const json_t *id;

	if (n)
		buf_adds(&p->buf,
			refused ? "\nEffects, in order, if an apply did not refuse (see below):\n\n"
				: "\nEffects, in order:\n\n");
	for (size_t i = 0; i < n; i++) {
		buf_addf(&p->buf, "%zu. ", i + 1);
		plain(p, field(sorted[i], "action"));
		buf_adds(&p->buf, *field(sorted[i], "unit") ? " " : "");
		plain(p, field(sorted[i], "unit"));
		if (json_is_true(json_object_get(sorted[i], "deferred")))
			buf_adds(&p->buf, !strcmp(field(sorted[i], "action"), "action")
						  ? ", pending,"
						  : ", deferred,");
		json_array_foreach(json_object_get(sorted[i], "because"), j, id) {
			buf_adds(&p->buf, j ? ", " : " because ");
			plain(p, json_is_string(id) ? json_string_value(id) : "");
		}
		if (*field(sorted[i], "why")) {
			buf_adds(&p->buf, ": ");
			plain(p, field(sorted[i], "why"));
		}
		buf_addc(&p->buf, '\n');
	}
}

static void render_exposures(struct paint *p, const json_t *list)
{
	const json_t *x;
	bool any = false;
	size_t i;

	json_array_foreach(list, i, x) {
		_cleanup_buf_ struct buf b = BUF_INIT;

		if (!exposure_text(&b, x, "→", false))
			continue;
		buf_adds(&p->buf, any ? "- " : "\nExposure, by systemd-analyze security:\n\n- ");
		any = true;
		plain(p, b.data);
		buf_addc(&p->buf, '\n');
	}
}

/* Those that refuse the plan, or the others. */
static void render_some(struct paint *p, const json_t *list, bool refusing, const char *heading)
{
	const json_t *f;
	bool any = false;
	size_t i;

	json_array_foreach(list, i, f) {
		if (finding_refuses(f) != refusing)
			continue;
		buf_adds(&p->buf, any ? "" : heading);
		any = true;
		buf_adds(&p->buf, "- ");
		if (!refusing) {
			plain(p, field(f, "kind"));
			buf_adds(&p->buf, ": ");
		}
		plain(p, field(f, "where"));
		buf_adds(&p->buf, *field(f, "where") ? ": " : "");
		plain(p, field(f, "text"));
		buf_addc(&p->buf, '\n');
	}
}

void render_markdown_findings(struct paint *p, const json_t *list)
{
	render_some(p, list, false, "\nFindings:\n\n");
}

static void render_guard(struct paint *p, const json_t *removal)
{
	const json_t *reason;
	size_t i;

	if (!json_is_true(json_object_get(removal, "guarded")))
		return;
	buf_adds(&p->buf, "\n**Apply refuses this plan without --allow-removal:**\n\n");
	json_array_foreach(json_object_get(removal, "reasons"), i, reason) {
		buf_adds(&p->buf, "- ");
		plain(p, json_is_string(reason) ? json_string_value(reason) : "");
		buf_addc(&p->buf, '\n');
	}
}

void render_markdown(struct paint *p, const json_t *plan)
{
	const json_t *change;
	size_t i;

	buf_adds(&p->buf, "**");
	plain(p, field(plan, "host"));
	buf_adds(&p->buf, "**: ");
	render_plan_summary(p, plan);
	buf_adds(&p->buf, "\n\n");
	json_array_foreach(json_object_get(plan, "changes"), i, change)
		render_folded(p, plan, change);
	render_effects(p, json_object_get(plan, "effects"), plan_refusals(plan));
	render_exposures(p, json_object_get(plan, "exposures"));
	render_markdown_findings(p, json_object_get(plan, "findings"));
	render_guard(p, json_object_get(plan, "removal"));
	render_some(p, json_object_get(plan, "findings"), true,
		"\n**An apply would refuse this plan, and change nothing, because:**\n\n");
}
