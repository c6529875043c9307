/*
 * Chains from a file over what a service names (effects_names.c) to that service.
 * Changes nothing. Called by explain.c.
 */
#include <errno.h>
#include <string.h>

#include "l4sync/module.h"
#include "l4sync/text.h"
#include "l4sync/unit_meaning.h"
#include "l4sync/unit_syntax.h"

#include "explain_internal.h"

/* Where an assignment stands that gives a directive a value, or a word of it: the last one. */
struct looking {
	struct arena *arena;
	const char *key, *value, *file;
	const char *where;
};

static int look(const struct assignment *a, void *userdata)
{
	struct looking *l = userdata;
	const char *p = a->value, *word = NULL;

	if (strcmp(a->section, "Service") != 0 || strcmp(a->key, l->key) != 0)
		return 0;
	if (strcmp(a->value, l->value) != 0)
		while ((word = unit_word_next(l->arena, &p)) && strcmp(word, l->value) != 0)
			;
	if (word || !strcmp(a->value, l->value))
		l->where = arena_printf(l->arena, "%s:%u", l->file, a->line);
	return 0;
}

static const char *directive_where(struct explaining *x, const struct named *named)
{
	struct looking l = {.arena = x->d.plan->arena, .key = named->key, .value = named->value};
	struct unit_config c;

	if (unit_index_config(x->d.after, named->unit, &c, NULL) < 0 || c.masked)
		return NULL;
	for (size_t i = 0; i <= c.n_dropins; i++) {
		const struct unit_file *f = i ? &c.dropins[i - 1] : &c.fragment;

		l.file = f->path;
		if (f->content && f->content->data)
			unit_file_parse(l.arena, f->content, look, &l);
	}
	return l.where;
}

/* What a change of what it names takes, and why; by the same rules as content_effects(). */
static int judge(struct explaining *x, const struct named *named, struct chain *c)
{
	struct arena *a = x->d.plan->arena;
	const char *mode = restart_mode(x->d.plan, named->unit);
	_cleanup_err_ struct err why = ERR_INIT;

	c->action = content_action(&x->d, named);
	c->takes = action_name(c->action);
	c->why = c->action == ACTION_RELOAD ? "the state says on_change: reload" : named->why;
	c->acts = x->managed;
	if (!x->managed) {
		c->takes = "none";
		c->why = "the state does not have this file, and what others change in it restarts "
			 "nothing";
	} else if (c->action == ACTION_RELOAD) {
		int r = plan_check_reload(x->d.view, a, named->unit, &why);

		if (r < 0 && r != -ENOEXEC)
			return err_set(x->d.e, r, "%s", err_text(&why));
		c->acts = r >= 0;
		if (!c->acts) {
			c->takes = "none";
			c->why = arena_printf(a, "an apply refuses it: %s", err_text(&why));
		}
	} else if (strcmp(mode, "rolling") != 0) {
		c->acts = false;
		c->takes = "none";
		c->why = arena_printf(a,
			"its restart mode is %s: it keeps what it was started with until somebody "
			"restarts it",
			mode);
	}
	return 0;
}

struct searching {
	struct explaining *x;
	int r;
};

static bool is_policy(const struct named *named)
{
	return !strcmp(named->key, NAMED_RESTART_ON);
}

static void add_named(
	struct searching *s, const struct named *named, const char *const *paths, size_t at)
{
	struct explaining *x = s->x;
	struct arena *a = x->d.plan->arena;
	const char *template = unit_name_template(a, named->unit);
	const struct resource *policy = unit_policy(a, x->d.plan->want, named->unit);
	struct chain c = {.unit = template && !named->is_specific ? template : named->unit};

	c.hops = hops_back(x, paths, at, 2, &c.n_hops);
	struct hop *hop = &c.hops[c.n_hops++];
	*hop = is_policy(named) ? (struct hop){"restart_on", named->value,
					  policy ? where_text(a, &policy->where) : NULL}
				: (struct hop){"directive",
					  arena_printf(a, "%s=%s", named->key, named->value),
					  directive_where(x, named)};
	c.hops[c.n_hops++] = (struct hop){"unit", c.unit, NULL};
	s->r = judge(x, named, &c);
	if (s->r >= 0)
		chain_add(x, named->unit, &c);
}

static bool search_hops(struct searching *s, const struct named *named, struct unit_index *in)
{
	size_t n;
	const char *const *paths = unit_index_hops(in, named->path, &n);

	for (size_t i = 0; i < n; i++)
		if (explain_begins(s->x, paths[i])) {
			add_named(s, named, paths, i);
			return true;
		}
	return false;
}

static void consider(const struct named *named, void *userdata)
{
	struct searching *s = userdata;

	/* Over the links as they will be; what goes is only there before. */
	if (s->r >= 0 && !search_hops(s, named, s->x->d.after))
		search_hops(s, named, s->x->d.before);
}

int explain_content(struct explaining *x, const char *unit)
{
	struct searching s = {.x = x};

	if (!text_ends(unit, ".service"))
		return 0;
	int r = content_names(&x->d, unit, consider, &s);
	return r < 0 ? r : s.r;
}
