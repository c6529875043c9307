/*
 * The plan document as text: where it comes from, changes, effects, findings, what is skipped, the
 * removal guard, the summary (SPEC 7).
 * Decides nothing. Called by the text sink.
 */
#include <string.h>

#include "l4sync/render.h"

#define NAMES_SHOWN 3 /* of a list of reasons, without -v */
#define SKIPPED_SHOWN 5
#define PACKAGES_SHOWN 10

const char *field(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

json_int_t field_number(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

void render_sources(struct paint *p, size_t indent, const json_t *sources)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	const json_t *s;
	size_t i;

	json_array_foreach(sources, i, s) {
		buf_addf(&b, "%s%s", i ? ", " : "", field(s, "url"));
		if (*field(s, "ref"))
			buf_addf(&b, " %s", field(s, "ref"));
		if (*field(s, "commit"))
			buf_addf(&b, " %.12s", field(s, "commit"));
	}
	paint_words(p, indent, b.data);
}

bool plan_is_empty(const json_t *plan)
{
	return !json_array_size(json_object_get(plan, "changes")) &&
	       !json_array_size(json_object_get(plan, "effects")) &&
	       !json_array_size(json_object_get(plan, "findings"));
}

bool finding_refuses(const json_t *finding)
{
	return !strcmp(field(finding, "code"), "apply-refuses");
}

size_t plan_refusals(const json_t *plan)
{
	const json_t *finding;
	size_t i, n = 0;

	json_array_foreach(json_object_get(plan, "findings"), i, finding)
		n += finding_refuses(finding);
	return n;
}

static void heading(struct paint *p, const char *text)
{
	buf_addc(&p->buf, '\n');
	paint_styled(p, STYLE_BOLD, text);
	buf_addc(&p->buf, '\n');
}

/* "a, b and 3 more (-v)": what paint_words() may break. */
static void names(struct buf *b, const struct paint *p, const json_t *list, size_t most)
{
	size_t total = json_array_size(list);
	size_t n = p->verbosity > 0 || total <= most + 1 ? total : most;

	for (size_t i = 0; i < n; i++) {
		const char *name = json_string_value(json_array_get(list, i));

		buf_addf(b, "%s%s", i ? ", " : "", name ? name : "");
	}
	if (n < total)
		buf_addf(b, " and %zu more (-v)", total - n);
}

void render_effect_line(struct paint *p, const json_t *effect)
{
	paint_style(p, STYLE_CYAN);
	paint_symbol(p, SYMBOL_EFFECT);
	paint_style(p, STYLE_PLAIN);
	buf_addc(&p->buf, ' ');
	paint_text(p, field(effect, "action"));
	if (*field(effect, "unit")) {
		buf_addc(&p->buf, ' ');
		paint_text(p, field(effect, "unit"));
	}
	if (*field(effect, "along_with")) {
		buf_adds(&p->buf, ", along with ");
		paint_text(p, field(effect, "along_with"));
	}
	if (json_is_true(json_object_get(effect, "deferred"))) {
		buf_adds(&p->buf, "  ");
		paint_styled(p, STYLE_YELLOW,
			!strcmp(field(effect, "action"), "action") ? "pending" : "deferred");
	}
	buf_addc(&p->buf, '\n');
}

/* What it wrote last, where it has failed. */
static void render_output(struct paint *p, const json_t *effect)
{
	const json_t *line;
	size_t i;

	json_array_foreach(json_object_get(effect, "output"), i, line) {
		buf_adds(&p->buf, "      | ");
		paint_text(p, json_is_string(line) ? json_string_value(line) : "");
		buf_addc(&p->buf, '\n');
	}
}

static bool is_own_reason(const json_t *effect)
{
	const json_t *because = json_object_get(effect, "because");
	const char *id = json_string_value(json_array_get(because, 0)), *at;

	at = id && json_array_size(because) == 1 ? strchr(id, ':') : NULL;
	return at && !strncmp(id, "action:", 7) && !strcmp(at + 1, field(effect, "unit"));
}

/* "because a, b: why"; because of itself an action is run for the reason alone. */
static void render_effect(struct paint *p, const json_t *effect)
{
	const json_t *because = json_object_get(effect, "because");
	_cleanup_buf_ struct buf reasons = BUF_INIT;

	render_effect_line(p, effect);
	if (!json_array_size(because)) {
		render_output(p, effect);
		return;
	}
	buf_adds(&reasons, "because ");
	if (!*field(effect, "why") || !is_own_reason(effect))
		names(&reasons, p, because, NAMES_SHOWN);
	if (*field(effect, "why"))
		buf_addf(&reasons, "%s%s", is_own_reason(effect) ? "" : ": ", field(effect, "why"));
	buf_adds(&p->buf, "    ");
	paint_style(p, STYLE_DIM);
	paint_words(p, 4, reasons.data);
	paint_style(p, STYLE_PLAIN);
	buf_addc(&p->buf, '\n');
	render_output(p, effect);
}

static bool is_of_packages(const json_t *effect)
{
	return !strcmp(field(effect, "action"), "install") ||
	       !strcmp(field(effect, "action"), "remove");
}

/* Whatever is in both lists once. */
static void join(json_t *all, const json_t *more)
{
	const json_t *known;
	json_t *one;
	size_t i, j;

	json_array_foreach(more, i, one) {
		bool found = false;

		json_array_foreach(all, j, known)
			found |= json_equal(known, one);
		if (!found)
			json_array_append(all, one);
	}
}

/* What one package brings along can be a hundred: all that come are one effect to a reader, and so
 * are all that go. Returns how many they are. */
static size_t render_packages(struct paint *p, json_t *const *effects, size_t n)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	json_t *targets = json_array(), *because = json_array();
	size_t taken = 0;

	for (; taken < n && !strcmp(field(effects[taken], "action"), field(effects[0], "action"));
		taken++) {
		json_array_append(targets, json_object_get(effects[taken], "unit"));
		join(because, json_object_get(effects[taken], "because"));
	}
	names(&b, p, targets, PACKAGES_SHOWN);
	json_t *all = json_pack("{s:O, s:s, s:o}", "action", json_object_get(effects[0], "action"),
		"unit", b.data ? b.data : "", "because", because);
	render_effect(p, all);
	json_decref(all);
	json_decref(targets);
	return taken;
}

static int by_position(const void *a, const void *b)
{
	json_int_t x = field_number(*(json_t *const *)a, "position");
	json_int_t y = field_number(*(json_t *const *)b, "position");

	return (x > y) - (x < y);
}

json_t **effects_in_order(const json_t *list, size_t *ret_n)
{
	size_t n = json_array_size(list);
	json_t **sorted = xmalloc(n * sizeof(*sorted));

	for (size_t i = 0; i < n; i++)
		sorted[i] = json_array_get(list, i);
	qsort(sorted, n, sizeof(*sorted), by_position);
	*ret_n = n;
	return sorted;
}

static void render_effects(struct paint *p, const json_t *list, bool refused)
{
	size_t n;
	_cleanup_free_ json_t **sorted = effects_in_order(list, &n);

	heading(p, refused ? "Effects, in order, if an apply did not refuse (see below):"
			   : "Effects, in order:");
	for (size_t i = 0; i < n;)
		if (is_of_packages(sorted[i]))
			i += render_packages(p, sorted + i, n - i);
		else
			render_effect(p, sorted[i++]);
}

bool exposure_text(struct buf *b, const json_t *x, const char *arrow, bool all)
{
	const json_t *old = json_object_get(x, "old"), *new = json_object_get(x, "new");
	const json_t *bound = json_object_get(x, "bound");
	double to = json_number_value(new), most = json_number_value(bound);
	bool above = json_is_number(bound) && to > most;

	if (!json_is_number(new) || (json_equal(old, new) && !above && !all))
		return false;
	buf_addf(b, "%s: exposure ", field(x, "unit"));
	if (json_is_number(old) && !json_equal(old, new))
		buf_addf(b, "%.1f %s ", json_number_value(old), arrow);
	buf_addf(b, "%.1f", to);
	if (json_is_number(bound))
		buf_addf(b, "%s%.1f", above ? ", above the bound " : ", at most ", most);
	return true;
}

/* Nothing is said of what stays as exposed as it was and may be. */
static void render_exposures(struct paint *p, const json_t *list)
{
	const json_t *x;
	bool any = false;
	size_t i;

	json_array_foreach(list, i, x) {
		_cleanup_buf_ struct buf b = BUF_INIT;

		if (!exposure_text(&b, x, p->utf8 ? "→" : "->", p->verbosity > 0))
			continue;
		if (!any)
			heading(p, "Exposure, by systemd-analyze security:");
		any = true;
		buf_adds(&p->buf, "  ");
		paint_words(p, 4, b.data);
		buf_addc(&p->buf, '\n');
	}
}

void render_findings(struct paint *p, const json_t *list)
{
	const json_t *f;
	size_t i;

	heading(p, "Findings:");
	json_array_foreach(list, i, f) {
		_cleanup_buf_ struct buf b = BUF_INIT;

		if (finding_refuses(f))
			continue;
		paint_style(p, STYLE_YELLOW);
		paint_symbol(p, SYMBOL_FINDING);
		paint_style(p, STYLE_PLAIN);
		buf_addf(&b, "%s: ", field(f, "kind"));
		if (*field(f, "where"))
			buf_addf(&b, "%s: ", field(f, "where"));
		buf_adds(&b, field(f, "text"));
		if (*field(f, "code"))
			buf_addf(&b, " [%s]", field(f, "code"));
		buf_addc(&p->buf, ' ');
		paint_words(p, 2, b.data);
		buf_addc(&p->buf, '\n');
	}
}

/* One line a reason, with all that it holds for. */
static void render_skipped(struct paint *p, const json_t *list)
{
	const json_t *first, *item;
	size_t i, j;

	heading(p, "Skipped:");
	json_array_foreach(list, i, first) {
		const char *reason = field(first, "reason");
		_cleanup_buf_ struct buf b = BUF_INIT;
		json_t *ids = json_array();
		bool seen = false;

		json_array_foreach(list, j, item) {
			if (strcmp(field(item, "reason"), reason))
				continue;
			seen |= j < i;
			json_array_append_new(ids, json_string(field(item, "id")));
		}
		names(&b, p, ids, SKIPPED_SHOWN);
		json_decref(ids);
		if (seen)
			continue;
		buf_addf(&b, ": %s", reason);
		buf_adds(&p->buf, "  ");
		paint_words(p, 4, b.data);
		buf_addc(&p->buf, '\n');
	}
}

static void render_guard(struct paint *p, const json_t *removal, bool allowed)
{
	const json_t *reason;
	size_t i;

	if (!json_is_true(json_object_get(removal, "guarded")))
		return;
	heading(p, allowed ? "--allow-removal accepts this plan:"
			   : "Apply refuses this plan without --allow-removal:");
	json_array_foreach(json_object_get(removal, "reasons"), i, reason) {
		buf_adds(&p->buf, "  ");
		paint_style(p, STYLE_RED);
		paint_words(p, 4, json_string_value(reason));
		paint_style(p, STYLE_PLAIN);
		buf_addc(&p->buf, '\n');
	}
}

/* At the end, where nobody overlooks it. */
static void render_refusals(struct paint *p, const json_t *plan)
{
	const json_t *f;
	size_t i;

	if (!plan_refusals(plan))
		return;
	heading(p, "An apply would refuse this plan, and change nothing, because:");
	json_array_foreach(json_object_get(plan, "findings"), i, f) {
		_cleanup_buf_ struct buf b = BUF_INIT;

		if (!finding_refuses(f))
			continue;
		if (*field(f, "where"))
			buf_addf(&b, "%s: ", field(f, "where"));
		buf_adds(&b, field(f, "text"));
		buf_adds(&p->buf, "  ");
		paint_style(p, STYLE_RED);
		paint_words(p, 4, b.data);
		paint_style(p, STYLE_PLAIN);
		buf_addc(&p->buf, '\n');
	}
}

void render_plan_body(struct paint *p, const json_t *plan)
{
	const json_t *change, *list;
	size_t refusals = plan_refusals(plan);
	size_t i;

	json_array_foreach(json_object_get(plan, "changes"), i, change)
		render_change(p, plan, change);
	if (json_array_size(list = json_object_get(plan, "effects")))
		render_effects(p, list, refusals);
	render_exposures(p, json_object_get(plan, "exposures"));
	if (json_array_size(list = json_object_get(plan, "findings")) > refusals)
		render_findings(p, list);
	if (json_array_size(list = json_object_get(plan, "skipped")))
		render_skipped(p, list);
}

void render_plan(struct paint *p, const json_t *plan, bool allowed)
{
	paint_styled(p, STYLE_BOLD, field(plan, "host"));
	if (json_array_size(json_object_get(plan, "sources"))) {
		buf_adds(&p->buf, *field(plan, "host") ? ": " : "");
		render_sources(p, 2, json_object_get(plan, "sources"));
	}
	buf_addc(&p->buf, '\n');
	render_plan_body(p, plan);
	render_guard(p, json_object_get(plan, "removal"), allowed);
	render_refusals(p, plan);
	buf_addc(&p->buf, '\n');
}

static void count(struct paint *p, json_int_t n, const char *one, const char *many)
{
	if (n > 0)
		buf_addf(&p->buf, ", %lld %s", (long long)n, n == 1 ? one : many);
}

void render_plan_summary(struct paint *p, const json_t *plan)
{
	const json_t *summary = json_object_get(plan, "summary"), *effect;
	json_int_t restarts = field_number(summary, "restart"), deferred = 0, reloads = 0;
	json_int_t actions = 0;
	size_t i, refusals = plan_refusals(plan);

	json_array_foreach(json_object_get(plan, "effects"), i, effect) {
		bool action = !strcmp(field(effect, "action"), "action");

		actions += action;
		deferred += !action && json_is_true(json_object_get(effect, "deferred"));
		reloads += !strcmp(field(effect, "action"), "reload");
	}
	buf_addf(&p->buf, "%lld ok, %lld to change, %lld restart%s",
		(long long)field_number(summary, "ok"), (long long)field_number(summary, "change"),
		(long long)restarts, restarts == 1 ? "" : "s");
	count(p, reloads, "reload", "reloads");
	count(p, actions, "action", "actions");
	count(p, deferred, "deferred", "deferred");
	count(p, (json_int_t)(json_array_size(json_object_get(plan, "findings")) - refusals),
		"finding", "findings");
	count(p, (json_int_t)json_array_size(json_object_get(plan, "skipped")), "skipped",
		"skipped");
	count(p, field_number(plan, "behind"), "commit behind", "commits behind");
	buf_adds(&p->buf, refusals ? "; an apply would refuse it" : "");
}
