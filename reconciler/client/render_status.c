/*
 * Status, generations and the end of a run as text.
 * Decides nothing. Called by the text sink.
 */
#include <ctype.h>
#include <string.h>

#include "l4sync/render.h"
#include "l4sync/text.h"

static const char *time_of(struct arena *a, const json_t *o, const char *key)
{
	return text_time(a, field(o, key));
}

/* " by root from 203.0.113.7" */
static void add_who(struct buf *b, const json_t *g)
{
	if (*field(g, "user"))
		buf_addf(b, " by %s", field(g, "user"));
	if (*field(g, "client"))
		buf_addf(b, " from %s", field(g, "client"));
}

static void add_count(struct buf *b, const json_t *g, const char *key)
{
	if (field_number(g, key) > 0)
		buf_addf(b, ", %lld %s", (long long)field_number(g, key), key);
}

/* Where it went back to and why, and why it was not applied: lines of their own. */
static void render_reasons(struct paint *p, size_t indent, const json_t *g)
{
	_cleanup_arena_ struct arena *a = arena_new();
	const json_t *rollback = json_object_get(g, "rollback");
	const char *reason = field(g, "reason"), *margin = arena_printf(a, "%*s", (int)indent, "");

	if (json_is_object(rollback)) {
		buf_adds(&p->buf, margin);
		paint_words(p, indent,
			arena_printf(a, "rollback to %lld from %lld%s%s",
				(long long)field_number(rollback, "to"),
				(long long)field_number(rollback, "from"), *reason ? ": " : "",
				reason));
		buf_addc(&p->buf, '\n');
	}
	if (field_number(g, "heals") > 0) {
		buf_adds(&p->buf, margin);
		buf_addf(&p->buf, "heal: back to what %lld had applied\n",
			(long long)field_number(g, "heals"));
	}
	if (*field(g, "error")) {
		buf_adds(&p->buf, margin);
		paint_words(p, indent, field(g, "error"));
		buf_addc(&p->buf, '\n');
	}
}

void render_generation(struct paint *p, const json_t *g)
{
	_cleanup_arena_ struct arena *a = arena_new();
	_cleanup_buf_ struct buf b = BUF_INIT;
	const char *outcome = field(g, "outcome");

	buf_addf(&p->buf, "%4lld  ", (long long)field_number(g, "number"));
	paint_text(p, time_of(a, g, "time"));
	buf_adds(&p->buf, "  ");
	if (strcmp(outcome, "applied") != 0)
		paint_styled(p, STYLE_RED, outcome);
	else
		paint_text(p, outcome);
	add_who(&b, g);
	add_count(&b, g, "fixed");
	add_count(&b, g, "failed");
	add_count(&b, g, "restarted");
	paint_words(p, 6, b.data);
	buf_addc(&p->buf, '\n');
	if (json_array_size(json_object_get(g, "sources"))) {
		buf_adds(&p->buf, "      ");
		paint_style(p, STYLE_DIM);
		render_sources(p, 6, json_object_get(g, "sources"));
		paint_style(p, STYLE_PLAIN);
		buf_addc(&p->buf, '\n');
	}
	if (p->verbosity > 0 && *field(g, "command")) {
		buf_adds(&p->buf, "      ");
		paint_words(p, 6, field(g, "command"));
		buf_addc(&p->buf, '\n');
	}
	render_reasons(p, 6, g);
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

static void render_applied(struct paint *p, const json_t *g)
{
	_cleanup_arena_ struct arena *a = arena_new();
	_cleanup_buf_ struct buf b = BUF_INIT;

	buf_addf(&b, "generation %lld, applied %s", (long long)field_number(g, "number"),
		time_of(a, g, "time"));
	add_who(&b, g);
	paint_words(p, 2, b.data);
	if (json_array_size(json_object_get(g, "sources")))
		buf_adds(&p->buf, "\n  ");
	render_sources(p, 2, json_object_get(g, "sources"));
	buf_addc(&p->buf, '\n');
	render_reasons(p, 2, g);
}

static void render_last(struct paint *p, const json_t *g)
{
	_cleanup_arena_ struct arena *a = arena_new();
	_cleanup_buf_ struct buf b = BUF_INIT;

	line(p, "last:");
	paint_style(p, STYLE_RED);
	buf_addf(&p->buf, "generation %lld ", (long long)field_number(g, "number"));
	paint_text(p, field(g, "outcome"));
	paint_style(p, STYLE_PLAIN);
	buf_addf(&b, " %s", time_of(a, g, "time"));
	add_who(&b, g);
	paint_words(p, 2, b.data);
	buf_addc(&p->buf, '\n');
	render_reasons(p, 2, g);
}

static void render_newest(struct paint *p, const json_t *status)
{
	const json_t *g = json_object_get(status, "generation"),
		     *last = json_object_get(status, "last");

	if (json_is_object(g))
		render_applied(p, g);
	else
		buf_adds(&p->buf, "nothing was applied yet\n");
	if (json_is_object(last) && field_number(last, "number") != field_number(g, "number"))
		render_last(p, last);
}

static void render_lock(struct paint *p, const json_t *lock)
{
	_cleanup_arena_ struct arena *a = arena_new();
	_cleanup_buf_ struct buf b = BUF_INIT;

	if (!json_is_object(lock))
		return;
	line(p, "running:");
	buf_addf(&b, "%s, process %lld", field(lock, "command"),
		(long long)field_number(lock, "pid"));
	add_who(&b, lock);
	buf_addf(&b, ", since %s", time_of(a, lock, "since"));
	paint_words(p, 2, b.data);
	buf_addc(&p->buf, '\n');
	if (!*field(lock, "step"))
		return;
	buf_adds(&p->buf, "  ");
	paint_words(p, 2, field(lock, "step"));
	buf_addc(&p->buf, '\n');
}

static void render_journal(struct paint *p, const json_t *journal)
{
	_cleanup_arena_ struct arena *a = arena_new();

	if (!json_is_true(json_object_get(journal, "interrupted")))
		return;
	line(p, "interrupted:");
	paint_words(p, 2,
		arena_printf(a,
			"an apply that began %s did not end; the next apply, or a reboot, puts "
			"back what it had begun",
			time_of(a, journal, "since")));
	buf_addc(&p->buf, '\n');
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
