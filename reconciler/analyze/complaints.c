/*
 * Asks `systemd-analyze verify`, and reads what it complains about (analyze.h).
 * Judges nothing. Called by the plan and lint.
 */
#include <string.h>

#include "l4sync/text.h"
#include "l4sync/unitpath.h"

#include "stage.h"

/* "t@test_instance.service" is what "t@.service" is loaded as; *s moves behind the name. */
static const char *take_unit(const struct stage *s, const char **at)
{
	const char *name = arena_strndup(s->arena, *at, strcspn(*at, ": "));
	const char *template = unit_name_valid(name) ? unit_name_template(s->arena, name) : NULL;

	for (size_t i = 0; i < s->n; i++)
		if (!strcmp(s->units[i].name, name) ||
			(template && !strcmp(s->units[i].name, template))) {
			*at += strlen(name);
			return s->units[i].name;
		}
	return NULL;
}

/* "PATH:LINE: TEXT" of a staged file. */
static bool take_in_file(const struct stage *s, const char *text, struct complaint *ret)
{
	for (size_t i = 0; i < s->n_files; i++) {
		const struct staged_file *f = &s->files[i];
		size_t n = strlen(f->path);
		char *end;

		if (strncmp(text, f->path, n) != 0 || text[n] != ':')
			continue;
		*ret = (struct complaint){.unit = f->unit, .path = f->source};
		text += n + 1;
		ret->line = (unsigned)strtoul(text, &end, 10);
		if (end != text && *end == ':')
			text = end + 1;
		ret->text = text + strspn(text, " ");
		return true;
	}
	return false;
}

/* "UNIT: TEXT" */
static bool take_of_unit(const struct stage *s, const char *text, struct complaint *ret)
{
	const char *unit = take_unit(s, &text);

	if (!unit || strncmp(text, ": ", 2) != 0)
		return false;
	*ret = (struct complaint){.unit = unit, .text = text + 2};
	return true;
}

/* "Unit UNIT has a bad unit file setting.": what it has said of that unit just before is why. */
static bool take_refusal(const struct stage *s, const char *text, struct complaints *c)
{
	static const char before[] = "Unit ", behind[] = " has a bad unit file setting";
	const char *at = text + strlen(before);
	const char *unit = text_starts(text, before) ? take_unit(s, &at) : NULL;

	if (!unit || !text_starts(at, behind))
		return false;
	if (c->n && !strcmp(c->items[c->n - 1].unit, unit))
		c->items[c->n - 1].refused = true;
	else
		c->items[c->n++] = (struct complaint){.unit = unit, .text = text, .refused = true};
	return true;
}

static bool is_of_this_machine(const struct complaint *c)
{
	return text_starts(c->text, "Command ") && strstr(c->text, " is not executable: ");
}

static bool is_again(const struct complaints *c, const struct complaint *x)
{
	for (size_t i = 0; i < c->n; i++)
		if (!strcmp(c->items[i].unit, x->unit) && c->items[i].path == x->path &&
			c->items[i].line == x->line && !strcmp(c->items[i].text, x->text))
			return true;
	return false;
}

void complaints_parse(const struct stage *s, const char *output, struct complaints *ret)
{
	struct complaint x;
	size_t n_lines = 1;

	for (const char *p = output; *p; p++)
		n_lines += *p == '\n';
	*ret = (struct complaints){.items = arena_array(s->arena, struct complaint, n_lines)};
	while (*output) {
		size_t n = strcspn(output, "\n");
		const char *text = arena_strndup(s->arena, output, n);

		output += n + (output[n] == '\n');
		if (take_refusal(s, text, ret) ||
			(!take_in_file(s, text, &x) && !take_of_unit(s, text, &x)) ||
			is_of_this_machine(&x) || is_again(ret, &x))
			continue;
		ret->items[ret->n++] = x;
	}
}

int stage_complaints(struct stage *s, struct complaints *ret, struct err *e)
{
	/* Without --recursive-errors=no it would look for what the units depend on, too. */
	static const char *const verify[] = {
		"systemd-analyze", "verify", "--recursive-errors=no", "--man=no", NULL};
	const char **paths = arena_array(s->arena, const char *, s->n), *out;
	struct asked asked = {
		.arguments = verify, .names = paths, .alone = true, .complains = true};

	for (size_t i = 0; i < s->n; i++)
		if (!s->units[i].former)
			paths[asked.n_names++] = s->units[i].path;
	*ret = (struct complaints){0};
	int r = asked.n_names ? analyze_run(s->arena, &asked, &out, e) : 0;
	if (r >= 0 && asked.n_names)
		complaints_parse(s, out, ret);
	return r;
}
