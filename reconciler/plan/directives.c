/*
 * The directives of a unit file that a change gives other values (directives.h).
 * Compares this one file, not what the unit's other files make of it. Called by the report.
 */
#include "directives.h"

#include <string.h>

#include "l4sync/event.h"
#include "l4sync/module.h"
#include "l4sync/unit_syntax.h"
#include "l4sync/unit_meaning.h"
#include "l4sync/unitpath.h"

/* A directive with its values on both sides, in the order of the files. */
struct directive {
	const char *section, *key;
	json_t *old, *new;
};

struct collecting {
	struct arena *arena;
	bool newer;
	size_t n, cap;
	struct directive *items; /* malloc'd */
};

static struct directive *directive_of(struct collecting *x, const struct assignment *a)
{
	for (size_t i = 0; i < x->n; i++)
		if (!strcmp(x->items[i].section, a->section) && !strcmp(x->items[i].key, a->key))
			return &x->items[i];
	x->items = grow(x->items, &x->cap, x->n, sizeof(*x->items));
	x->items[x->n] = (struct directive){a->section, a->key, json_array(), json_array()};
	return &x->items[x->n++];
}

static int collect(const struct assignment *a, void *userdata)
{
	struct collecting *x = userdata;
	struct directive *d = directive_of(x, a);

	json_array_append_new(x->newer ? d->new : d->old, event_string(a->value));
	return 0;
}

static bool is_comparable(const struct change *c)
{
	bool secret = (c->want && c->want->secret) || (c->base && c->base->secret) ||
		      (c->live && c->live->secret);

	if (secret ||
		(strcmp(c->module->type, "unit") != 0 && strcmp(c->module->type, "dropin") != 0))
		return false;
	return (!c->live || !c->live->content || c->live->content->data) &&
	       (!c->want || !c->want->content || c->want->content->data);
}

json_t *directives_to_json(const struct change *c)
{
	_cleanup_arena_ struct arena *a = arena_new();
	struct collecting x = {.arena = a};
	json_t *list = json_array();

	if (!is_comparable(c))
		return list;
	unit_file_parse(a, c->live ? c->live->content : NULL, collect, &x);
	x.newer = true;
	unit_file_parse(a, c->want ? c->want->content : NULL, collect, &x);
	const char *unit = change_unit(a, c);
	for (size_t i = 0; i < x.n; i++) {
		struct directive *d = &x.items[i];

		if (!json_equal(d->old, d->new))
			json_array_append_new(list,
				json_pack("{s:s, s:s, s:s, s:O, s:O, s:s}", "unit", unit, "section",
					d->section, "key", d->key, "old", d->old, "new", d->new,
					"class",
					directive_class_name(
						directive_type(a, d->section, d->key).class)));
		json_decref(d->old);
		json_decref(d->new);
	}
	free(x.items);
	return list;
}
