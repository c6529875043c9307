/*
 * One change of a plan: its line, and below it the attributes or lines that differ; directives
 * stand in render_directives.c.
 * Decides nothing about it. Called by render_plan.c.
 */
#include <string.h>

#include "l4sync/render.h"
#include "l4sync/text.h"

#define DIFF_LINES 20 /* shown of one change without -v */
#define DIFF_SLACK 3  /* so many more are shown rather than counted */
#define INDENT "    "

const char *change_sign(const json_t *change)
{
	const char *op = field(change, "op");

	return !strcmp(op, "create") ? "+" : !strcmp(op, "delete") ? "-" : "~";
}

const char *change_origin(struct arena *a, const json_t *change)
{
	const char *origin = field(change, "origin"), *since = field(change, "since");

	if (!strcmp(origin, "intended"))
		return "";
	return *since ? arena_printf(a, "%s since %s", origin, text_time(a, since)) : origin;
}

const char *change_hidden(const json_t *change)
{
	const char *op = field(change, "op");
	bool update = !strcmp(op, "update");

	if (json_is_true(json_object_get(change, "secret")))
		return update                      ? "content differs (secret, not shown)"
		       : !strcmp(op, "attributes") ? NULL
						   : "content not shown (secret)";
	if (!strcmp(field(change, "encoding"), "base64") && strcmp(op, "attributes") &&
		strcmp(op, "delete"))
		return update ? "content differs (binary)" : "content not shown (binary)";
	return NULL;
}

enum style sign_style(char sign)
{
	return sign == '+' ? STYLE_GREEN : sign == '-' ? STYLE_RED : STYLE_YELLOW;
}

/* Of something new its attributes are a description, not a difference: one line. */
static void render_attributes(struct paint *p, const json_t *change)
{
	const json_t *list = json_object_get(change, "attributes"), *item;
	const char *op = field(change, "op");
	bool create = !strcmp(op, "create");
	size_t i;

	if (!strcmp(op, "delete"))
		return;
	json_array_foreach(list, i, item) {
		buf_adds(&p->buf, create && i ? ", " : INDENT);
		paint_text(p, field(item, "key"));
		buf_addc(&p->buf, ' ');
		if (!create) {
			paint_text(p, *field(item, "old") ? field(item, "old") : "(none)");
			buf_addc(&p->buf, ' ');
			paint_symbol(p, SYMBOL_ARROW);
			buf_addc(&p->buf, ' ');
		}
		paint_text(p, *field(item, "new") ? field(item, "new") : "(none)");
		if (!create || i + 1 == json_array_size(list))
			buf_addc(&p->buf, '\n');
	}
}

static void diff_line(struct paint *p, const char *line, size_t size)
{
	enum style style = !size                          ? STYLE_PLAIN
			   : *line == '@'                 ? STYLE_CYAN
			   : *line == '+' || *line == '-' ? sign_style(*line)
							  : STYLE_PLAIN;

	buf_adds(&p->buf, INDENT);
	if (style != STYLE_PLAIN)
		paint_style(p, style);
	paint_line(p, line, size);
	if (style != STYLE_PLAIN)
		paint_style(p, STYLE_PLAIN);
	buf_addc(&p->buf, '\n');
}

static size_t count_lines(const char *s)
{
	size_t n = 0;

	for (; *s; s += *s == '\n') {
		s += strcspn(s, "\n");
		n++;
	}
	return n;
}

static void render_diff(struct paint *p, const char *diff)
{
	/* The two file names say nothing that the change's line does not. An empty file that comes
	 * or goes has nothing else. */
	if (text_starts(diff, "--- ")) {
		const char *hunk = strstr(diff, "\n@@");

		diff = hunk ? hunk + 1 : "(empty)";
	}
	size_t total = count_lines(diff), show = total;
	if (p->verbosity < 1 && total > DIFF_LINES + DIFF_SLACK)
		show = DIFF_LINES;
	for (size_t i = 0; i < show; i++) {
		size_t size = strcspn(diff, "\n");

		diff_line(p, diff, size);
		diff += size + (diff[size] == '\n');
	}
	if (show == total)
		return;
	buf_adds(&p->buf, INDENT);
	paint_style(p, STYLE_DIM);
	paint_symbol(p, SYMBOL_ELLIPSIS);
	buf_addf(&p->buf, " %zu more lines (-v)", total - show);
	paint_style(p, STYLE_PLAIN);
	buf_addc(&p->buf, '\n');
}

/* Whether that place in the state is in another repository than the state's own, which is the first
 * source: "git.example/app.git:deploy/files/etc/x". */
static bool is_elsewhere(const json_t *plan, const char *from)
{
	const json_t *source;
	size_t i;

	json_array_foreach(json_object_get(plan, "sources"), i, source) {
		const char *url = field(source, "url"), *rest = strstr(url, "://");
		const char *label = rest ? rest + 3 : url;
		const char *at = memchr(label, '@', strcspn(label, "/"));

		label = at ? at + 1 : label;
		if (i && *label && text_starts(from, label) && from[strlen(label)] == ':')
			return true;
	}
	return false;
}

static void render_tree(struct paint *p, const json_t *plan, const json_t *change)
{
	const char *from = field(change, "from");

	if (!is_elsewhere(plan, from))
		return;
	buf_adds(&p->buf, INDENT);
	paint_style(p, STYLE_DIM);
	buf_adds(&p->buf, "from ");
	paint_text(p, from);
	paint_style(p, STYLE_PLAIN);
	buf_addc(&p->buf, '\n');
}

void render_change(struct paint *p, const json_t *plan, const json_t *change)
{
	_cleanup_arena_ struct arena *a = arena_new();
	const char *origin = change_origin(a, change), *hidden = change_hidden(change);
	const char *sign = change_sign(change);

	paint_style(p, sign_style(*sign));
	buf_addf(&p->buf, "%s ", sign);
	paint_style(p, STYLE_PLAIN);
	paint_text(p, field(change, "id"));
	if (*origin) {
		buf_adds(&p->buf, "  ");
		paint_styled(p, STYLE_YELLOW, origin);
	}
	buf_addc(&p->buf, '\n');
	render_tree(p, plan, change);
	render_attributes(p, change);
	if (hidden) {
		buf_addf(&p->buf, INDENT "%s\n", hidden);
		return;
	}
	render_directives(p, plan, change);
	/* Where meaning is known, the lines are a repetition. */
	if (!json_array_size(json_object_get(change, "directives")) || p->verbosity > 0)
		render_diff(p, field(change, "diff"));
}
