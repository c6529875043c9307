/*
 * Chains from a unit's own file, or what a link among them leads to, to the unit: what its
 * directives take.
 * Changes nothing. Called by explain.c.
 */
#include <errno.h>
#include <string.h>

#include "l4sync/event.h"
#include "l4sync/module.h"
#include "l4sync/text.h"
#include "l4sync/unit_meaning.h"
#include "l4sync/unit_syntax.h"

#include "explain_internal.h"

struct reading {
	struct arena *arena;
	json_t *list;
	enum directive_class class;
};

static int read_directive(const struct assignment *a, void *userdata)
{
	struct reading *r = userdata;
	enum directive_class class = !strcmp(a->section, "Install")
					     ? CLASS_NONE
					     : directive_type(r->arena, a->section, a->key).class;

	json_array_append_new(
		r->list, json_pack("{s:o, s:o, s:I, s:s}", "section", event_string(a->section),
				 "key", event_string(a->key), "line", (json_int_t)a->line, "class",
				 directive_class_name(class)));
	r->class = class > r->class ? class : r->class;
	return 0;
}

/* The greatest that one of its directives takes, for a unit that runs. */
static void judge_class(
	struct explaining *x, const char *unit, struct chain *c, enum directive_class class)
{
	struct arena *a = x->d.plan->arena;
	const char *mode = restart_mode(x->d.plan, unit);

	c->acts = class >= CLASS_LIVE;
	c->action = class == CLASS_LIVE ? ACTION_LIVE : ACTION_RESTART;
	c->takes = c->acts ? action_name(c->action) : "daemon-reload";
	c->why = class == CLASS_RESTART ? "of its directives these take a restart"
		 : class == CLASS_LIVE  ? "of its directives these are put into the kernel"
		 : class == CLASS_NONE
			 ? "its directives mean nothing to a unit that runs"
			 : "of its directives these are in force once systemd has read them";
	if (class != CLASS_RESTART)
		return;
	if (strcmp(unit_name_type(c->unit), "service") != 0) {
		c->acts = false;
		c->takes = "none";
		c->why = "a restart would stop what depends on it: it keeps its old configuration "
			 "until it is started next";
	} else if (strcmp(mode, "rolling") != 0) {
		c->acts = false;
		c->takes = "none";
		c->why = arena_printf(a,
			"its restart mode is %s: it keeps its old configuration until somebody "
			"restarts it",
			mode);
	}
}

static void judge_file(struct explaining *x, const char *unit, const struct unit_file *f,
	bool masks, struct chain *c)
{
	struct reading r = {.arena = x->d.plan->arena, .list = json_array(), .class = CLASS_NONE};

	c->directives = r.list;
	if (!x->managed) {
		c->takes = "none";
		c->why = "the state does not have this file";
		return;
	}
	if (f->content && f->content->data)
		unit_file_parse(r.arena, f->content, read_directive, &r);
	else if (f->content || masks)
		r.class = CLASS_RESTART;
	judge_class(x, unit, c, r.class);
	if (masks)
		c->why = "it masks the unit";
	if (f->content && !f->content->data)
		c->why = "its content is secret: whatever changes in it is taken for a restart";
}

static bool hidden_chain(struct explaining *x, struct unit_index *in, const char *unit)
{
	struct arena *a = x->d.plan->arena;
	const char *hider = NULL, *template = unit_name_template(a, unit);
	struct chain c = {.unit = template ? template : unit, .takes = "none"};
	int r = unit_index_hidden(in, x->path, unit, &hider, NULL);

	if (r < 0 || !hider)
		return false; /* there is no such unit, or it is none of its files */
	c.hops = hops_back(x, &x->path, 0, 1, &c.n_hops);
	c.hops[c.n_hops++] = (struct hop){"unit", c.unit, NULL};
	c.why = arena_printf(a, "it has no effect: %s hides it", hider);
	chain_add(x, unit, &c);
	return true;
}

/* One file of the unit, if the chain begins there or at what it leads to. */
static bool file_chain(struct explaining *x, struct unit_index *in, const char *unit,
	const struct unit_file *f, bool masks)
{
	const char *template = unit_name_template(x->d.plan->arena, unit);
	struct chain c = {.unit = template ? template : unit};
	const char *const *paths = &f->path;
	size_t n = 1, at = 0;

	if (!f->path)
		return false;
	if (!explain_begins(x, f->path)) {
		paths = unit_index_hops(in, f->path, &n);
		while (at < n && !explain_begins(x, paths[at]))
			at++;
		if (at == n)
			return false;
	}
	c.hops = hops_back(x, paths, at, 1, &c.n_hops);
	c.hops[c.n_hops++] = (struct hop){"unit", c.unit, NULL};
	judge_file(x, unit, f, masks, &c);
	chain_add(x, unit, &c);
	json_decref(c.directives);
	return true;
}

int explain_files(struct explaining *x, const char *unit)
{
	struct unit_index *const sides[] = {x->d.after, x->d.before};
	struct unit_config config;
	bool found = false;
	int r = 0;

	/* What goes is only there before. */
	for (size_t side = 0; side < ELEMENTS(sides) && !found && r >= 0; side++) {
		if (x->path && !text_starts(x->id, "checkout:") &&
			!unit_index_concerns(sides[side], x->path, unit))
			continue;
		r = unit_index_config(sides[side], unit, &config, x->d.e);
		for (size_t i = 0; r >= 0 && i <= config.n_dropins; i++)
			found |= file_chain(x, sides[side], unit,
				i ? &config.dropins[i - 1] : &config.fragment, !i && config.masked);
		if (r >= 0 && !found && x->path)
			found = hidden_chain(x, sides[side], unit);
	}
	return r;
}
