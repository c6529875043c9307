/*
 * Status, generations and the end of a run as text.
 * Decides nothing. Called by the text sink.
 */
#include <ctype.h>
#include <string.h>

#include "l4sync/render.h"
#include "l4sync/text.h"

static void render_time(struct paint *p, const char *time)
{
	_cleanup_arena_ struct arena *a = arena_new();

	paint_text(p, text_time(a, time));
}

static void render_who(struct paint *p, const json_t *g)
{
	if (*field(g, "user")) {
		buf_adds(&p->buf, " by ");
		paint_text(p, field(g, "user"));
	}
	if (*field(g, "client")) {
		buf_adds(&p->buf, " from ");
		paint_text(p, field(g, "client"));
	}
}

static void count(struct paint *p, const json_t *g, const char *key)
{
	if (field_number(g, key) > 0)
		buf_addf(&p->buf, ", %lld %s", (long long)field_number(g, key), key);
}

void render_generation(struct paint *p, const json_t *g)
{
	const char *outcome = field(g, "outcome");

	buf_addf(&p->buf, "%4lld  ", (long long)field_number(g, "number"));
	render_time(p, field(g, "time"));
	buf_adds(&p->buf, "  ");
	if (strcmp(outcome, "applied"))
		paint_styled(p, STYLE_RED, outcome);
	else
		paint_text(p, outcome);
	render_who(p, g);
	count(p, g, "fixed");
	count(p, g, "failed");
	count(p, g, "restarted");
	buf_addc(&p->buf, '\n');
	if (json_array_size(json_object_get(g, "sources"))) {
		buf_adds(&p->buf, "      ");
		paint_style(p, STYLE_DIM);
		render_sources(p, json_object_get(g, "sources"));
		paint_style(p, STYLE_PLAIN);
		buf_addc(&p->buf, '\n');
	}
	const json_t *rollback = json_object_get(g, "rollback");
	if (json_is_object(rollback))
		buf_addf(&p->buf, "      rollback to %lld from %lld\n",
			(long long)field_number(rollback, "to"),
			(long long)field_number(rollback, "from"));
	if (field_number(g, "heals") > 0)
		buf_addf(&p->buf, "      heal: back to what %lld had applied\n",
			(long long)field_number(g, "heals"));
	if (p->verbosity > 0 && *field(g, "command")) {
		buf_adds(&p->buf, "      ");
		paint_text(p, field(g, "command"));
		buf_addc(&p->buf, '\n');
	}
	if (*field(g, "error")) {
		buf_adds(&p->buf, "      ");
		paint_words(p, 6, field(g, "error"));
		buf_addc(&p->buf, '\n');
	}
}

/* A rolled-back apply's plan says what it was to change. */
void render_generation_plan(struct paint *p, const json_t *g)
{
	const json_t *plan = json_object_get(g, "plan");

	if (!json_is_object(plan))
		return;
	buf_addc(&p->buf, '\n');
	if (plan_is_empty(plan))
		buf_adds(&p->buf, "Nothing differed.\n");
	else
		render_plan_body(p, plan);
}

static void line(struct paint *p, const char *label)
{
	paint_styled(p, STYLE_BOLD, label);
	buf_addc(&p->buf, ' ');
}

static void render_newest(struct paint *p, const json_t *status)
{
	const json_t *g = json_object_get(status, "generation"),
		     *last = json_object_get(status, "last");

	if (json_is_object(g)) {
		buf_addf(
			&p->buf, "generation %lld, applied ", (long long)field_number(g, "number"));
		render_time(p, field(g, "time"));
		render_who(p, g);
		if (json_array_size(json_object_get(g, "sources")))
			buf_adds(&p->buf, "\n  ");
		render_sources(p, json_object_get(g, "sources"));
	} else {
		buf_adds(&p->buf, "nothing was applied yet");
	}
	buf_addc(&p->buf, '\n');
	if (!json_is_object(last) || field_number(last, "number") == field_number(g, "number"))
		return;
	line(p, "last:");
	paint_style(p, STYLE_RED);
	buf_addf(&p->buf, "generation %lld ", (long long)field_number(last, "number"));
	paint_text(p, field(last, "outcome"));
	paint_style(p, STYLE_PLAIN);
	buf_addc(&p->buf, ' ');
	render_time(p, field(last, "time"));
	render_who(p, last);
	if (*field(last, "error")) {
		buf_adds(&p->buf, "\n  ");
		paint_words(p, 2, field(last, "error"));
	}
	buf_addc(&p->buf, '\n');
}

static void render_lock(struct paint *p, const json_t *lock)
{
	if (!json_is_object(lock))
		return;
	line(p, "running:");
	paint_text(p, field(lock, "command"));
	buf_addf(&p->buf, ", process %lld", (long long)field_number(lock, "pid"));
	render_who(p, lock);
	buf_adds(&p->buf, ", since ");
	render_time(p, field(lock, "since"));
	buf_addc(&p->buf, '\n');
	if (!*field(lock, "step"))
		return;
	buf_adds(&p->buf, "  ");
	paint_words(p, 2, field(lock, "step"));
	buf_addc(&p->buf, '\n');
}

static void render_journal(struct paint *p, const json_t *journal)
{
	if (!json_is_true(json_object_get(journal, "interrupted")))
		return;
	line(p, "interrupted:");
	buf_adds(&p->buf, "an apply that began ");
	render_time(p, field(journal, "since"));
	buf_adds(&p->buf, " did not end;\n  the next apply puts it back first\n");
}

/* An entry is a text, or an object that has one. */
static void render_pending(struct paint *p, const json_t *pending)
{
	const json_t *item;
	size_t i;

	json_array_foreach(pending, i, item) {
		const char *text =
			json_is_string(item) ? json_string_value(item) : field(item, "text");

		line(p, "pending:");
		paint_words(p, 2, text);
		buf_addc(&p->buf, '\n');
	}
}

void render_status(struct paint *p, const json_t *status)
{
	const json_t *suspended = json_object_get(status, "suspended");

	paint_styled(p, STYLE_BOLD, field(status, "host"));
	buf_adds(&p->buf, *field(status, "host") ? ": " : "");
	render_newest(p, status);
	render_lock(p, json_object_get(status, "lock"));
	render_journal(p, json_object_get(status, "journal"));
	render_pending(p, json_object_get(status, "pending"));
	if (!json_is_object(suspended) && !json_is_string(suspended))
		return;
	line(p, "suspended:");
	paint_words(p, 2,
		json_is_string(suspended) ? json_string_value(suspended)
					  : field(suspended, "reason"));
	buf_addc(&p->buf, '\n');
}

void render_done(struct paint *p, const json_t *done)
{
	if (!json_is_integer(json_object_get(done, "fixed")))
		return;
	buf_addf(&p->buf, "%lld ok, %lld fixed, %lld failed, %lld deferred in %.1f s",
		(long long)field_number(done, "ok"), (long long)field_number(done, "fixed"),
		(long long)field_number(done, "failed"), (long long)field_number(done, "deferred"),
		json_number_value(json_object_get(done, "seconds")));
}

void render_cost(struct paint *p, const json_t *done)
{
	if (!json_is_integer(json_object_get(done, "round_trips")))
		return;
	long long n = (long long)field_number(done, "round_trips");

	buf_addf(&p->buf, "%lld round trip%s to systemd, %.0f ms", n, n == 1 ? "" : "s",
		json_number_value(json_object_get(done, "seconds")) * 1000);
}
