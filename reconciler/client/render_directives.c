/*
 * The directives of a changed unit file: by section, with what each change takes.
 * Decides nothing about them. Called by render_change.c.
 */
#include <string.h>

#include "l4sync/render.h"
#include "l4sync/text.h"

#define INDENT "    "
#define CONTINUED 8 /* columns that the further lines of a long value are indented */

static void value_line(struct paint *p, char sign, const char *key, const json_t *value)
{
	const char text[] = {sign, '\0'};

	buf_adds(&p->buf, INDENT);
	paint_style(p, sign_style(sign));
	buf_adds(&p->buf, text);
	paint_text(p, key);
	buf_addc(&p->buf, '=');
	paint_value(p, CONTINUED, json_string_value(value));
	paint_style(p, STYLE_PLAIN);
}

static void class_note(struct paint *p, const char *class)
{
	paint_style(p, STYLE_DIM);
	if (paint_column(p) + strlen(class) + strlen("  ()") > p->width)
		buf_addf(&p->buf, "\n%*s(", CONTINUED, "");
	else
		buf_adds(&p->buf, "  (");
	paint_text(p, class);
	buf_addc(&p->buf, ')');
	paint_style(p, STYLE_PLAIN);
}

/* The values of a list that both sides begin or end with do not differ. class NULL: not said. */
static void render_directive(struct paint *p, const json_t *d, const char *class)
{
	const json_t *old = json_object_get(d, "old"), *new = json_object_get(d, "new");
	size_t n = json_array_size(old), m = json_array_size(new), from = 0;

	while (from < n && from < m &&
		json_equal(json_array_get(old, from), json_array_get(new, from)))
		from++;
	while (n > from && m > from &&
		json_equal(json_array_get(old, n - 1), json_array_get(new, m - 1)))
		n--, m--;
	for (size_t i = from; i < n + m - from; i++) {
		bool gone = i < n;

		value_line(p, gone ? '-' : '+', field(d, "key"),
			gone ? json_array_get(old, i) : json_array_get(new, i - n + from));
		if (i + 1 == n + m - from && class && *class && strcmp(class, "none"))
			class_note(p, class);
		buf_addc(&p->buf, '\n');
	}
}

/* Whether some effect restarts a unit because of this change. */
static bool restarts(const json_t *plan, const char *id)
{
	const json_t *effect, *because;
	size_t i, j;

	json_array_foreach(json_object_get(plan, "effects"), i, effect) {
		if (strcmp(field(effect, "action"), "restart"))
			continue;
		json_array_foreach(json_object_get(effect, "because"), j, because)
			if (json_is_string(because) && !strcmp(json_string_value(because), id))
				return true;
	}
	return false;
}

/* Whether this file's unit, named by the id up to a slash, comes or goes with the plan. */
static bool comes_or_goes(const json_t *plan, const char *own)
{
	size_t size = strcspn(own, "/"), type = strlen("unit:"), i;
	const json_t *change;

	json_array_foreach(json_object_get(plan, "changes"), i, change) {
		const char *id = field(change, "id"), *op = field(change, "op");

		if (text_starts(id, "unit:") && !strncmp(id + type, own, size) &&
			!id[type + size] && (!strcmp(op, "create") || !strcmp(op, "delete")))
			return true;
	}
	return false;
}

static int section_rank(const char *section)
{
	return !strcmp(section, "Unit") ? 0 : strcmp(section, "Install") ? 1 : 2;
}

static bool same_section(const json_t *a, const json_t *b)
{
	return !strcmp(field(a, "unit"), field(b, "unit")) &&
	       !strcmp(field(a, "section"), field(b, "section"));
}

/* "[Service]", with the unit where the change's own name does not say it. */
static void section_line(struct paint *p, const char *own, const json_t *d)
{
	const char *unit = field(d, "unit");
	size_t size = strlen(unit);

	buf_adds(&p->buf, INDENT);
	if (strncmp(own, unit, size) || (own[size] && own[size] != '/')) {
		paint_text(p, unit);
		buf_addc(&p->buf, ' ');
	}
	buf_addc(&p->buf, '[');
	paint_text(p, field(d, "section"));
	buf_adds(&p->buf, "]\n");
}

/* All of one unit's section, if the directive at `first` is the first of it. */
static void render_section(
	struct paint *p, const char *own, const json_t *list, size_t first, bool classes)
{
	const json_t *head = json_array_get(list, first), *d;
	size_t i;

	for (i = 0; i < first; i++)
		if (same_section(json_array_get(list, i), head))
			return;
	section_line(p, own, head);
	for (i = first; i < json_array_size(list); i++)
		if (same_section(d = json_array_get(list, i), head))
			render_directive(p, d, classes ? field(d, "class") : NULL);
}

void render_directives(struct paint *p, const json_t *plan, const json_t *change)
{
	const json_t *list = json_object_get(change, "directives"), *d;
	const char *id = field(change, "id");
	const char *own = strchr(id, ':') ? strchr(id, ':') + 1 : id;
	size_t i;

	if (!json_array_size(list))
		return;
	bool classes = !comes_or_goes(plan, own) || restarts(plan, id);
	for (int rank = 0; rank <= 2; rank++)
		json_array_foreach(list, i, d)
			if (section_rank(field(d, "section")) == rank)
				render_section(p, own, list, i, classes);
}
