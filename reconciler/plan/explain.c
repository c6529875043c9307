/*
 * From a resource to what a change of it makes of units (explain.h): which units there are, the
 * chains to them, and the effects in their order.
 * Changes nothing. Called by the verb explain.
 */
#include "l4sync/explain.h"

#include <errno.h>
#include <string.h>

#include "l4sync/checkout.h"
#include "l4sync/event.h"
#include "l4sync/module.h"
#include "l4sync/places.h"
#include "l4sync/text.h"

#include "explain_internal.h"

/* What the state has, or has had, at a path; or NULL. */
static const struct resource *managed_at(struct explaining *x, const char *path)
{
	const struct plan *p = x->d.plan;

	for (size_t i = 0; i < p->want->n; i++) {
		const char *at = resource_path(p->want->items[i]);

		if (at && !resource_is(p->want->items[i], "dir") &&
			(!strcmp(at, path) || checkout_below(p->want->items[i], path)))
			return p->want->items[i];
	}
	for (size_t i = 0; i < p->n_changes; i++) {
		const char *at = change_path(&p->changes[i]);

		if (at && !strcmp(at, path))
			return p->changes[i].base ? p->changes[i].base : p->changes[i].live;
	}
	return NULL;
}

bool explain_begins(struct explaining *x, const char *path)
{
	const struct resource item = {.id = x->id};

	if (!x->path)
		return managed_at(x, path) != NULL;
	return !strcmp(path, x->path) || checkout_below(&item, path);
}

static bool is_unit(struct explaining *x, const char *name)
{
	const char *template = unit_name_template(x->d.plan->arena, name);

	return !strcmp(x->unit, name) || (template && !strcmp(x->unit, template));
}

static int compare_names(const void *a, const void *b)
{
	return text_natural_cmp(*(const char *const *)a, *(const char *const *)b);
}

/* An alias is no unit of its own: the one that it leads to is there too. */
static bool is_alias(struct explaining *x, const char *name)
{
	const char *template = unit_name_template(x->d.plan->arena, name), *file;
	struct unit_config c;

	if (unit_index_config(x->d.after, name, &c, NULL) < 0 || !c.fragment.path)
		return false;
	file = strrchr(c.fragment.path, '/') + 1;
	return strcmp(file, name) != 0 && (!template || strcmp(file, template) != 0);
}

static void list_names(struct explaining *x)
{
	struct arena *a = x->d.plan->arena;
	const char *const *files[2];
	const char **names;
	size_t n_files[2], n = 0, kept = 0;

	unit_index_fragment_names(x->d.after, &files[0], &n_files[0]);
	unit_index_fragment_names(x->d.before, &files[1], &n_files[1]);
	names = arena_array(a, const char *, x->d.n_units + n_files[0] + n_files[1] + 1);
	/* Nobody has an instance that does not run, but its template's files say what it would be.
	 */
	if (x->unit && unit_name_is_instance(x->unit))
		names[n++] = x->unit;
	for (size_t i = 0; i < x->d.n_units; i++)
		names[n++] = x->d.units[i].name;
	for (size_t side = 0; side < ELEMENTS(files); side++)
		for (size_t i = 0; i < n_files[side]; i++)
			if (!is_alias(x, files[side][i]))
				names[n++] = files[side][i];
	if (n)
		qsort(names, n, sizeof *names, compare_names);
	for (size_t i = 0; i < n; i++)
		if (!kept || strcmp(names[i], names[kept - 1]) != 0)
			names[kept++] = names[i];
	x->names = names;
	x->n_names = kept;
}

struct hop *hops_back(
	struct explaining *x, const char *const *paths, size_t at, size_t more, size_t *ret_n)
{
	struct hop *hops = arena_array(x->d.plan->arena, struct hop, at + 1 + more);
	const struct resource *begin = managed_at(x, paths[at]);
	bool is_link = begin && resource_get(begin, "target");

	hops[0] = (struct hop){is_link ? "link" : "file", paths[at], NULL};
	for (size_t i = 1; i <= at; i++)
		hops[i] = (struct hop){"link", paths[at - i], NULL};
	*ret_n = at + 1;
	return hops;
}

static bool same_text(const char *a, const char *b)
{
	return !a || !b ? a == b : !strcmp(a, b);
}

static bool same_chain(const struct chain *a, const struct chain *b)
{
	if (a->n_hops != b->n_hops || !same_text(a->takes, b->takes) || !same_text(a->why, b->why))
		return false;
	for (size_t i = 0; i < a->n_hops; i++)
		if (strcmp(a->hops[i].name, b->hops[i].name) != 0 ||
			!same_text(a->hops[i].where, b->hops[i].where))
			return false;
	return true;
}

void chain_add(struct explaining *x, const char *unit, const struct chain *like)
{
	const struct unit_status *u = NULL;
	size_t i = 0;

	while (i < x->n_chains && !same_chain(&x->chains[i], like))
		i++;
	if (i == x->n_chains) {
		x->chains = grow(x->chains, &x->cap_chains, x->n_chains, sizeof *x->chains);
		x->chains[i] = *like;
		x->chains[i].directives = json_incref(like->directives);
		x->chains[i].running = arena_array(x->d.plan->arena, const char *, x->n_names + 1);
		x->n_chains++;
	}
	struct chain *c = &x->chains[i];
	/* The list was read before: it cannot fail. */
	if (unit_view_find(x->d.view, unit, &u, NULL) < 0 || !u || !unit_status_running(u))
		return;
	if (!c->n_running || strcmp(c->running[c->n_running - 1], unit) != 0)
		c->running[c->n_running++] = unit;
}

static int find_chains(struct explaining *x)
{
	int r = 0;

	if (!x->path && !x->unit)
		return 0;
	for (size_t i = 0; i < x->n_names && r >= 0; i++) {
		if (x->unit && !is_unit(x, x->names[i]))
			continue;
		r = explain_files(x, x->names[i]);
		if (r >= 0)
			r = explain_content(x, x->names[i]);
	}
	return r;
}

/* The actions that name it; and so on from one to those that follow it. */
static void would_run(struct explaining *x)
{
	struct effects *f = &x->d.plan->effects;
	const struct resources *want = x->d.plan->want;
	bool more = x->d.live;

	for (size_t i = 0; more && i < want->n; i++)
		if (resource_is(want->items[i], "action") &&
			resource_has(want->items[i], "on_change", x->id))
			effect_add(f, ACTION_RUN, resource_name(want->items[i]->id), x->id);
	while (more) {
		size_t before = f->n;

		for (size_t i = 0; i < want->n; i++) {
			const struct resource *item = want->items[i];

			for (size_t k = 0; resource_is(item, "action") && k < item->n_attrs; k++)
				if (!strcmp(item->attrs[k].key, "then") &&
					effects_find(f, ACTION_RUN, resource_name(item->id)))
					effect_add(f, ACTION_RUN, item->attrs[k].value, item->id);
		}
		more = f->n > before;
	}
}

/* What a change would do, by all chains together. */
static int derive_effects(struct explaining *x)
{
	struct effects *f = &x->d.plan->effects;

	if (text_starts(x->id, "sysctl:"))
		effect_add(f, ACTION_SYSCTL, resource_name(x->id), x->id);
	would_run(x);
	for (size_t i = 0; i < x->n_chains; i++) {
		const struct chain *c = &x->chains[i];
		const struct resource *from = managed_at(x, c->hops[0].name);
		const char *because = from ? from->id : x->id;

		if (x->managed && x->d.live && c->directives)
			effect_add(f, ACTION_DAEMON_RELOAD, NULL, because);
		for (size_t j = 0; c->acts && j < c->n_running; j++)
			effect_add(f, c->action, c->running[j], because);
	}
	int r = 0;
	if (x->path && x->triple && (x->triple->want || x->triple->base))
		r = place_effects(&x->d, &(struct change){.id = x->id,
						 .module = x->triple->module,
						 .op = OP_UPDATE,
						 .base = x->triple->base,
						 .want = x->triple->want});
	if (r >= 0)
		r = carried_effects(&x->d);
	effects_drop_double(f);
	return r < 0 ? r : effects_order(&x->d);
}

static bool is_planned(struct explaining *x, const struct effect *f)
{
	for (size_t i = 0; i < f->n_because; i++)
		if (!strcmp(f->because[i], x->id))
			return true;
	return x->unit && f->target && is_unit(x, f->target);
}

/* Of what is part of the plan what is planned, else what would be. */
static json_t *effects_of(struct explaining *x, const struct plan *p, bool *ret_planned)
{
	const struct effects *f = &p->effects;
	json_t *list = json_array();

	for (size_t i = 0; i < f->n; i++)
		if (is_planned(x, &f->items[i]))
			json_array_append_new(list, effect_to_json(&f->items[i], i + 1));
	*ret_planned = *ret_planned || json_array_size(list);
	for (size_t i = 0; !*ret_planned && i < x->d.plan->effects.n; i++)
		json_array_append_new(list, effect_to_json(&x->d.plan->effects.items[i], i + 1));
	return list;
}

static bool acts_on_units(const json_t *effects)
{
	static const char *const actions[] = {
		"start", "stop", "restart", "reload", "live", "activate"};
	const json_t *effect;
	size_t i;

	json_array_foreach(effects, i, effect) {
		const char *action = json_string_value(json_object_get(effect, "action"));

		for (size_t k = 0; k < ELEMENTS(actions); k++)
			if (!strcmp(action, actions[k]))
				return true;
	}
	return false;
}

/* Who reads a file without being told. */
static const char *reader_text(struct explaining *x)
{
	const struct place_rule *rule = x->path ? place_rule(x->path) : NULL;

	return rule && rule->activation == READ_ALWAYS ? rule->what : NULL;
}

/* It is what stands in it that leads somewhere. */
static const char *directory_text(struct explaining *x)
{
	const struct resources *want = x->d.plan->want;
	size_t n = 0, size = strlen(x->path);
	_cleanup_buf_ struct buf all = BUF_INIT;

	for (size_t i = 0; i < want->n; i++) {
		const char *path = resource_path(want->items[i]);

		n += path && !resource_is(want->items[i], "dir") && !strncmp(path, x->path, size) &&
		     path[size] == '/';
	}
	if (!n)
		return "it is a directory, and the state has nothing in it: what others change in "
		       "it restarts nothing, but where restart_on names it";
	text_shell_word(&all, arena_printf(x->d.plan->arena, "%s/*", x->path));
	return arena_printf(x->d.plan->arena,
		"it is a directory. What of the state stands in it (%zu): `l4sync explain %s`", n,
		all.data);
}

/* Why no unit is touched, in one sentence. */
static const char *nothing_text(struct explaining *x, bool planned)
{
	bool acts = false;

	for (size_t i = 0; i < x->n_chains; i++)
		acts |= x->chains[i].acts;
	if (text_starts(x->id, "dir:"))
		return directory_text(x);
	if (!x->managed && !x->unit)
		return "the state does not have it: what others change in it restarts nothing, but "
		       "where "
		       "restart_on names it";
	if (text_starts(x->id, "sysctl:"))
		return "a kernel setting is put into the kernel, and restarts no unit";
	if (text_starts(x->id, "checkout:") && !x->n_chains)
		return "none of its files is a unit's, and no unit names one";
	if (!x->n_chains && x->unit)
		return "the state has no file of this unit, and none that it names";
	if (!x->n_chains && reader_text(x))
		return reader_text(x);
	if (!x->n_chains)
		return "it is no file of a unit, and no unit names it";
	if (!x->d.live)
		return "in a file tree nothing runs";
	if (x->is_nobody && x->n_chains)
		return "no instance of that name runs or is enabled; when it is started, it gets "
		       "what these files say then";
	if (planned)
		return "what differs now means nothing to a unit that runs";
	if (acts)
		return "nothing of it runs: it is as it is then when it is started";
	return "for the reasons above";
}

static json_t *chain_to_json(const struct chain *c)
{
	json_t *hops = json_array(), *running = json_array();

	for (size_t i = 0; i < c->n_hops; i++)
		json_array_append_new(hops, json_pack("{s:s, s:o, s:o}", "kind", c->hops[i].kind,
						    "name", event_string(c->hops[i].name), "where",
						    event_string(c->hops[i].where)));
	for (size_t i = 0; i < c->n_running; i++)
		json_array_append_new(running, event_string(c->running[i]));
	return json_pack("{s:o, s:o, s:o, s:s, s:o, s:o}", "unit", event_string(c->unit), "hops",
		hops, "running", running, "takes", c->takes, "why", event_string(c->why),
		"directives", c->directives ? json_incref(c->directives) : json_array());
}

static json_t *to_json(struct explaining *x, const struct plan *p, const struct triple *t)
{
	struct arena *a = x->d.plan->arena;
	const struct change *c = NULL;
	const struct resource *said = t ? t->want ? t->want : t->base : NULL;
	const char *skip = t ? t->live.skip : NULL;
	json_t *chains = json_array();

	for (size_t i = 0; i < p->n_changes; i++)
		if (!strcmp(p->changes[i].id, x->id))
			c = &p->changes[i];
	bool planned = c;
	json_t *effects = effects_of(x, p, &planned);
	for (size_t i = 0; i < x->n_chains; i++)
		json_array_append_new(chains, chain_to_json(&x->chains[i]));
	return json_pack("{s:o, s:o, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:o, s:o}", "id",
		event_string(x->id), "path", event_string(x->path), "managed", x->managed, "from",
		event_string(said ? where_text(a, &said->where) : NULL), "op",
		event_string(c ? op_name(c->op) : NULL), "origin",
		event_string(c ? origin_name(c->origin) : NULL), "since",
		c && c->since ? event_time(c->since) : json_null(), "skipped", event_string(skip),
		"chains", chains, "planned", planned, "effects", effects, "nothing",
		event_string(acts_on_units(effects) ? NULL : nothing_text(x, planned)));
}

/* A plan of its own, so that nothing is added to the one that was made. */
static int explaining_init(struct explaining *x, struct plan *would, struct plan *p,
	struct unit_view *view, struct err *e)
{
	*would = *p;
	would->effects = (struct effects){.arena = p->arena};
	would->findings = (struct findings){.arena = p->arena};
	x->d = (struct deriving){
		.plan = would,
		.view = view,
		.changes = p->changes,
		.n_changes = p->n_changes,
		.live = unit_view_host(view)->live,
		.e = e,
	};
	int r = unit_view_before(view, &x->d.before, e);

	if (r >= 0)
		r = unit_view_after(view, &x->d.after, e);
	if (r >= 0)
		r = unit_view_list(view, &x->d.units, &x->d.n_units, e);
	if (r >= 0)
		list_names(x);
	return r;
}

static const char *path_of(const char *id, const struct triple *t)
{
	const struct resource *r = t ? t->want ? t->want : t->base ? t->base : t->live.live : NULL;

	return r ? resource_path(r) : *resource_name(id) == '/' ? resource_name(id) : NULL;
}

static int find_nobody(struct explaining *x)
{
	struct arena *a = x->d.plan->arena;
	const char *template = x->unit ? unit_name_template(a, x->unit) : NULL;
	const struct unit_status *u = NULL;
	const char *const *names;
	size_t n = 0;

	if (!template || unit_name_is_template(x->unit))
		return 0;
	int r = unit_view_find(x->d.view, x->unit, &u, x->d.e);
	if (r >= 0)
		r = unit_index_known_instances(x->d.after, template, &names, &n, x->d.e);
	x->is_nobody = r >= 0 && !(u && unit_status_running(u));
	for (size_t i = 0; i < n && x->is_nobody; i++)
		x->is_nobody = strcmp(names[i], x->unit) != 0;
	return r;
}

int explain_resource(struct plan *p, struct unit_view *view, const char *id,
	const struct triple *triple, json_t **ret, struct err *e)
{
	bool service = text_starts(id, "service:");
	struct explaining x = {.id = id,
		.path = service ? NULL : path_of(id, triple),
		.unit = service ? resource_name(id) : NULL,
		.managed = service || triple,
		.triple = triple};
	struct plan would;
	int r = explaining_init(&x, &would, p, view, e);

	if (r >= 0)
		r = find_nobody(&x);
	if (r >= 0)
		r = find_chains(&x);
	if (r >= 0)
		r = derive_effects(&x);
	if (r >= 0) {
		x.managed = triple;
		*ret = to_json(&x, p, triple);
	}
	for (size_t i = 0; i < x.n_chains; i++)
		json_decref(x.chains[i].directives);
	free(x.chains);
	free(would.effects.items);
	free(would.findings.items);
	return r < 0 ? r : 0;
}

int explain_knows_unit(struct unit_view *view, const char *unit, bool *ret, struct err *e)
{
	const struct unit_status *u = NULL;
	struct unit_config before = {0}, after = {0};
	int r = unit_view_configs(view, unit, &before, &after, e);

	if (r >= 0)
		r = unit_view_find(view, unit, &u, e);
	*ret = r >= 0 && (before.found || after.found || u);
	return r < 0 ? r : 0;
}
