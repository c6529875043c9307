/*
 * The explanation document as text: each resource, the ways from it to units, what is done.
 * Decides nothing. Called by the text sink.
 */
#include <string.h>

#include "l4sync/render.h"
#include "l4sync/text.h"

#define INDENT "  "
#define INSTANCES_SHOWN 8 /* without -v */

static void arrow(struct paint *p)
{
	buf_adds(&p->buf, INDENT);
	paint_symbol(p, SYMBOL_ARROW);
	buf_addc(&p->buf, ' ');
}

static void words(struct paint *p, const char *text)
{
	paint_words(p, 4, text);
	buf_addc(&p->buf, '\n');
}

/* "from root/etc/x, update, drift since 2026-11-24 03:10:00 UTC" */
static void render_state(struct paint *p, const json_t *r)
{
	_cleanup_arena_ struct arena *a = arena_new();
	const char *op = field(r, "op"), *origin = change_origin(a, r);

	if (*field(r, "from")) {
		buf_adds(&p->buf, INDENT "from ");
		words(p, field(r, "from"));
	}
	buf_adds(&p->buf, INDENT);
	if (*field(r, "skipped"))
		words(p, arena_printf(a, "not looked at: %s", field(r, "skipped")));
	else if (!json_is_true(json_object_get(r, "managed")))
		words(p, "not in the state");
	else if (*field(r, "why"))
		words(p, field(r, "why"));
	else if (!*op)
		words(p, "as it should be");
	else
		words(p, arena_printf(a, "differs: %s%s%s", op, *origin ? ", " : "", origin));
}

static void render_hop(struct paint *p, const json_t *hop)
{
	_cleanup_arena_ struct arena *a = arena_new();
	const char *kind = field(hop, "kind"), *where = field(hop, "where");
	bool plain = !strcmp(kind, "directive") || !strcmp(kind, "unit") || !strcmp(kind, "file");

	words(p, arena_printf(a, "%s%s%s%s%s%s", plain ? "" : kind, plain ? "" : " ",
			 field(hop, "name"), *where ? " (" : "", where, *where ? ")" : ""));
}

/* "x.service, running"; of a template "running: t@1.service, t@2.service" */
static void render_unit(struct paint *p, const json_t *chain)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	const json_t *running = json_object_get(chain, "running");
	size_t n = json_array_size(running);
	size_t shown = p->verbosity > 0 || n <= INSTANCES_SHOWN + 1 ? n : INSTANCES_SHOWN;
	const char *first = json_string_value(json_array_get(running, 0));

	buf_adds(&b, field(chain, "unit"));
	buf_adds(&b, !n ? ", not running" : ", running");
	for (size_t i = 0; i < shown && (n > 1 || strcmp(first ? first : "", field(chain, "unit")));
		i++) {
		const char *name = json_string_value(json_array_get(running, i));

		buf_addf(&b, "%s%s", i ? ", " : ": ", name ? name : "");
	}
	if (shown < n)
		buf_addf(&b, " and %zu more (-v)", n - shown);
	words(p, b.data);
}

/* ": PrivateTmp= (line 3); live: MemoryMax= (line 4)": by what they take, the greatest first. */
static void add_directives(struct buf *b, const json_t *chain)
{
	static const struct {
		const char *class, *other; /* next is the daemon-reload, too */
		const char *label;
	} groups[] = {{"restart", "restart", "restart"}, {"live", "live", "live"},
		{"reload", "next", "daemon-reload"}};
	bool any = false;

	for (size_t k = 0; k < ELEMENTS(groups); k++) {
		const char *comma = "";
		const json_t *d;
		size_t i;

		json_array_foreach(json_object_get(chain, "directives"), i, d) {
			const char *class = field(d, "class");

			if (strcmp(class, groups[k].class) != 0 &&
				strcmp(class, groups[k].other) != 0)
				continue;
			if (!*comma && any)
				buf_addf(b, "; %s", groups[k].label);
			buf_addf(b, "%s%s= (line %lld)", *comma ? comma : ": ", field(d, "key"),
				(long long)field_number(d, "line"));
			comma = ", ";
			any = true;
		}
	}
}

static void render_chain(struct paint *p, const json_t *chain)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	const json_t *hop, *hops = json_object_get(chain, "hops");
	size_t i;

	buf_addc(&p->buf, '\n');
	json_array_foreach(hops, i, hop) {
		if (i)
			arrow(p);
		else
			buf_adds(&p->buf, INDENT);
		if (i + 1 == json_array_size(hops))
			render_unit(p, chain);
		else
			render_hop(p, hop);
	}
	buf_adds(&b, field(chain, "takes"));
	buf_addf(&b, "%s%s", *field(chain, "why") ? ": " : "", field(chain, "why"));
	add_directives(&b, chain);
	arrow(p);
	paint_style(p, STYLE_CYAN);
	paint_words(p, 4, b.data);
	paint_style(p, STYLE_PLAIN);
	buf_addc(&p->buf, '\n');
}

static void render_done_for(struct paint *p, const json_t *r)
{
	_cleanup_arena_ struct arena *a = arena_new();
	const json_t *list = json_object_get(r, "effects");
	bool planned = json_is_true(json_object_get(r, "planned"));
	size_t n;
	_cleanup_free_ json_t **sorted = effects_in_order(list, &n);

	buf_addc(&p->buf, '\n');
	if (n) {
		buf_adds(&p->buf, planned ? INDENT "The plan does, in this order:\n"
					  : INDENT "A change of it would do, in this order:\n");
		for (size_t i = 0; i < n; i++) {
			buf_adds(&p->buf, INDENT);
			render_effect_line(p, sorted[i]);
		}
	}
	if (!*field(r, "nothing"))
		return;
	buf_adds(&p->buf, INDENT);
	words(p, arena_printf(a, "No unit is touched: %s", field(r, "nothing")));
}

void render_explanation(struct paint *p, const json_t *explanation)
{
	const json_t *r, *chain;
	size_t i, k;

	paint_styled(p, STYLE_BOLD, field(explanation, "host"));
	if (json_array_size(json_object_get(explanation, "sources"))) {
		buf_adds(&p->buf, *field(explanation, "host") ? ": " : "");
		render_sources(p, 2, json_object_get(explanation, "sources"));
	}
	buf_addc(&p->buf, '\n');
	json_array_foreach(json_object_get(explanation, "resources"), i, r) {
		buf_addc(&p->buf, '\n');
		paint_styled(p, STYLE_BOLD, field(r, "id"));
		buf_addc(&p->buf, '\n');
		render_state(p, r);
		json_array_foreach(json_object_get(r, "chains"), k, chain)
			render_chain(p, chain);
		render_done_for(p, r);
	}
}
