/*
 * Events as text: the plan, a line for each step, what failed, the summary (SPEC 7).
 * What can be looked for goes to standard output, warnings and errors to standard error.
 * Called by sink_open().
 */
#include <errno.h>
#include <string.h>

#include "l4sync/command.h"
#include "l4sync/render.h"
#include "l4sync/sink.h"

struct text_sink {
	struct shown shown;
	char *summary; /* the line that was printed last as one: not said twice */
	char *failure; /* why a unit failed, which the run fails with too; NULL: not said yet */
};

static struct terminal *terminal_of(struct text_sink *s)
{
	return &s->shown.terminal;
}

static bool quiet(const struct text_sink *s)
{
	return s->shown.request->verbosity < 0;
}

static void show(struct text_sink *s, struct paint *p)
{
	terminal_show(terminal_of(s), terminal_of(s)->out, p);
}

static struct paint paint_out(struct text_sink *s)
{
	return terminal_paint(terminal_of(s), terminal_of(s)->out);
}

static void remember(char **said, const char *text)
{
	free(*said);
	*said = xstrdup(text);
}

static void show_summary(struct text_sink *s, struct paint *p)
{
	if (!p->buf.size || (s->summary && !strcmp(s->summary, p->buf.data))) {
		buf_free(&p->buf);
		return;
	}
	remember(&s->summary, p->buf.data);
	buf_addc(&p->buf, '\n');
	show(s, p);
}

static void on_plan(struct text_sink *s, const json_t *event)
{
	const json_t *plan = json_object_get(event, "plan");
	const struct request *r = s->shown.request;
	const struct command *c = command_find(r->command);
	bool apply = c && c->writes,
	     guarded = json_is_true(json_object_get(json_object_get(plan, "removal"), "guarded"));
	struct paint p = paint_out(s);

	terminal_progress(terminal_of(s), NULL);
	if (r->format == FORMAT_MARKDOWN) {
		render_markdown(&p, plan);
		show(s, &p);
		return;
	}
	if (!quiet(s) && (!plan_is_empty(plan) || guarded || r->verbosity > 0)) {
		render_plan(&p, plan, r->allow_removal);
		show(s, &p);
	}
	/* An apply with nothing to do, or that does not ask, ends with a summary of its own. */
	if (apply && (plan_is_empty(plan) || (quiet(s) && (r->yes || r->unattended))))
		return;
	p = paint_out(s);
	render_plan_summary(&p, plan);
	show_summary(s, &p);
}

static int digits(json_int_t n)
{
	int count = 1;

	for (; n >= 10; n /= 10)
		count++;
	return count;
}

/* The event's sentence; else "ACTION TARGET". */
static const char *step_text(struct arena *a, const json_t *event)
{
	return *field(event, "text")
		       ? field(event, "text")
		       : arena_printf(a, "%s %s", field(event, "action"), field(event, "target"));
}

static void on_step(struct text_sink *s, const json_t *event)
{
	_cleanup_arena_ struct arena *a = arena_new();
	const char *state = field(event, "state"), *text = step_text(a, event);
	json_int_t of = field_number(event, "of");

	if (!strcmp(state, "start")) {
		terminal_progress(terminal_of(s), text);
		return;
	}
	bool failed = !strcmp(state, "failed"), deferred = !strcmp(state, "deferred");
	terminal_progress(terminal_of(s), NULL);
	if (quiet(s) && !failed)
		return;
	struct paint p = paint_out(s);
	buf_addf(&p.buf, "[%*lld/%lld] ", digits(of), (long long)field_number(event, "position"),
		(long long)of);
	if (failed)
		paint_styled(&p, STYLE_RED, "failed: ");
	if (deferred)
		paint_styled(&p, STYLE_YELLOW, "deferred: ");
	paint_words(&p, (size_t)(2 * digits(of) + 4), text);
	buf_addc(&p.buf, '\n');
	show(s, &p);
}

/* "UNIT: STATE: TEXT"; the text alone where it names the unit itself. */
static const char *unit_text(struct arena *a, const json_t *event)
{
	const char *unit = field(event, "unit"), *text = field(event, "text");

	if (*unit && strstr(text, unit))
		return text;
	return arena_printf(a, "%s: %s%s%s", unit, field(event, "state"), *text ? ": " : "", text);
}

static void on_unit(struct text_sink *s, const json_t *event)
{
	_cleanup_arena_ struct arena *a = arena_new();
	const char *state = field(event, "state"), *line = unit_text(a, event);
	bool failed = !strcmp(state, "failed"), healthy = !strcmp(state, "healthy");

	if (!failed && !healthy) {
		terminal_progress(terminal_of(s), line);
		return;
	}
	terminal_progress(terminal_of(s), NULL);
	if (!failed && s->shown.request->verbosity < 1)
		return;
	struct paint p = paint_out(s);
	buf_adds(&p.buf, "    ");
	if (failed)
		remember(&s->failure, field(event, "text"));
	if (failed)
		paint_style(&p, STYLE_RED);
	paint_words(&p, 6, line);
	if (failed)
		paint_style(&p, STYLE_PLAIN);
	if (healthy && *field(event, "invocation")) {
		buf_adds(&p.buf, " (invocation ");
		paint_text(&p, field(event, "invocation"));
		buf_addc(&p.buf, ')');
	}
	buf_addc(&p.buf, '\n');
	show(s, &p);
}

static void on_hook(struct text_sink *s, const json_t *event)
{
	_cleanup_arena_ struct arena *a = arena_new();

	if (!strcmp(field(event, "state"), "start"))
		terminal_progress(
			terminal_of(s), arena_printf(a, "%s: %s: %s", field(event, "unit"),
						field(event, "hook"), field(event, "text")));
}

static void on_log(struct text_sink *s, const json_t *event)
{
	/* Below a warning, unless it is what the run fails with. */
	if (quiet(s) && *field(event, "hook") && strcmp(field(event, "hook"), "check") != 0)
		return;
	struct paint p = paint_out(s);

	buf_adds(&p.buf, "      | ");
	paint_text(&p, field(event, "line"));
	buf_addc(&p.buf, '\n');
	show(s, &p);
}

static void on_rollback(struct text_sink *s, const json_t *event)
{
	const char *state = field(event, "state"), *text = field(event, "text");
	bool start = !strcmp(state, "start"), failed = !strcmp(state, "failed");
	struct paint p = paint_out(s);

	terminal_progress(terminal_of(s), NULL);
	paint_styled(&p, failed ? STYLE_RED : STYLE_YELLOW,
		start    ? "Rolling back"
		: failed ? "Not wholly rolled back"
			 : "Rolled back");
	buf_adds(&p.buf, *text ? ": " : "");
	paint_words(&p, 2, text);
	buf_addc(&p.buf, '\n');
	if (failed && *field(event, "next")) {
		buf_adds(&p.buf, "  next: ");
		paint_words(&p, 4, field(event, "next"));
		buf_addc(&p.buf, '\n');
	}
	if (quiet(s) && !failed) {
		buf_free(&p.buf);
		return;
	}
	if (!failed && !start) {
		_cleanup_arena_ struct arena *a = arena_new();

		remember(&s->summary, arena_printf(a, "Rolled back%s%s", *text ? ": " : "", text));
	}
	show(s, &p);
}

static void on_confirm(struct text_sink *s, const json_t *event)
{
	_cleanup_arena_ struct arena *a = arena_new();
	struct paint p = paint_out(s);

	terminal_progress(terminal_of(s), NULL);
	paint_words(&p, 2,
		arena_printf(a,
			"Applied. In %lld s it is rolled back, unless it is confirmed before over "
			"a new connection: `l4sync confirm %s`",
			(long long)field_number(event, "seconds"), field(event, "nonce")));
	buf_addc(&p.buf, '\n');
	show(s, &p);
}

static void on_done(struct text_sink *s, const json_t *event)
{
	const struct command *c = command_find(s->shown.request->command);
	struct paint p = paint_out(s);

	terminal_progress(terminal_of(s), NULL);
	if (s->shown.request->format == FORMAT_MARKDOWN)
		return;
	paint_words(&p, 0, field(event, "summary"));
	show_summary(s, &p);
	p = paint_out(s);
	/* What only reads fixes nothing, and need not say so. */
	if (c && c->writes)
		render_done(&p, event);
	else if (s->shown.request->verbosity > 0)
		render_cost(&p, event);
	show_summary(s, &p);
}

static void on_message(struct text_sink *s, const json_t *event)
{
	bool warning = !strcmp(field(event, "event"), "warning");

	if (warning && quiet(s))
		return;
	/* Where both streams are read as one, the unit's own line has said it. */
	if (!warning && terminal_of(s)->together && !*field(event, "where") && s->failure &&
		!strcmp(s->failure, field(event, "text")))
		return;
	sink_message(terminal_of(s), event);
}

static void on_progress(struct text_sink *s, const json_t *event)
{
	terminal_progress(terminal_of(s), field(event, "text"));
}

static void on_status(struct text_sink *s, const json_t *event)
{
	struct paint p = paint_out(s);

	render_status(&p, json_object_get(event, "status"));
	show(s, &p);
}

static void on_explanation(struct text_sink *s, const json_t *event)
{
	struct paint p = paint_out(s);

	terminal_progress(terminal_of(s), NULL);
	render_explanation(&p, json_object_get(event, "explanation"));
	show(s, &p);
}

static void on_verify(struct text_sink *s, const json_t *event)
{
	const json_t *document = json_object_get(event, "verify");
	struct paint p = paint_out(s);

	terminal_progress(terminal_of(s), NULL);
	p.width = terminal_of(s)->width_line;
	render_verify(&p, document);
	show(s, &p);
	p = paint_out(s);
	p.width = terminal_of(s)->width_line;
	render_verify_summary(&p, document);
	show_summary(s, &p);
}

static void on_lint(struct text_sink *s, const json_t *event)
{
	const json_t *lint = json_object_get(event, "lint");
	struct paint p = paint_out(s);

	terminal_progress(terminal_of(s), NULL);
	if (s->shown.request->format == FORMAT_MARKDOWN) {
		render_lint_markdown(&p, lint);
		show(s, &p);
		return;
	}
	if (!quiet(s) && json_array_size(json_object_get(lint, "findings"))) {
		render_lint(&p, lint);
		show(s, &p);
	}
	p = paint_out(s);
	render_lint_summary(&p, lint);
	show_summary(s, &p);
}

/* As it is: it is meant for a file. */
static void on_credential(struct text_sink *s, const json_t *event)
{
	struct paint p = paint_out(s);
	const char *text = field(event, "text");

	for (size_t n; *text; text += n + (text[n] == '\n')) {
		n = strcspn(text, "\n");
		paint_bytes(&p, text, n);
		buf_addc(&p.buf, '\n');
	}
	show(s, &p);
}

static void on_generation(struct text_sink *s, const json_t *event)
{
	struct paint p = paint_out(s);

	p.width = terminal_of(s)->width_line;
	render_generation(&p, json_object_get(event, "generation"));
	p.width = terminal_of(s)->width;
	render_generation_plan(&p, json_object_get(event, "generation"));
	show(s, &p);
}

static const struct {
	const char *event;
	void (*show)(struct text_sink *s, const json_t *event);
} handlers[] = {
	{"progress", on_progress},
	{"plan", on_plan},
	{"step", on_step},
	{"unit", on_unit},
	{"hook", on_hook},
	{"log", on_log},
	{"warning", on_message},
	{"error", on_message},
	{"rollback", on_rollback},
	{"confirm", on_confirm},
	{"status", on_status},
	{"generation", on_generation},
	{"explanation", on_explanation},
	{"verify", on_verify},
	{"lint", on_lint},
	{"credential", on_credential},
	{"done", on_done},
};

static void text_event(struct sink *sink, json_t *event)
{
	struct text_sink *s = (struct text_sink *)sink;
	const char *name = field(event, "event");
	size_t i = 0;

	while (i < ELEMENTS(handlers) && strcmp(handlers[i].event, name))
		i++;
	if (i < ELEMENTS(handlers))
		handlers[i].show(s, event);
	else if (s->shown.request->verbosity > 0)
		event_message(
			sink, "warning", "an event that this version does not know: \"%s\"", name);
	json_decref(event);
}

static int text_ask(struct sink *sink, const char *question)
{
	return terminal_ask(terminal_of((struct text_sink *)sink), question);
}

static void text_free(struct shown *shown)
{
	struct text_sink *s = (struct text_sink *)shown;

	free(s->summary);
	free(s->failure);
	free(s);
}

struct shown *sink_text_new(void)
{
	struct text_sink *s = xmalloc(sizeof(*s));

	*s = (struct text_sink){.shown = {.sink = {text_event, text_ask}, .free = text_free}};
	return &s->shown;
}
