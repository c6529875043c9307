/*
 * service:UNIT: whether a unit is enabled and running, and how it may be restarted (`units:`).
 * enabled (true, false) and state (running, stopped) are compared; restart.mode, restart.after,
 * restart.settle (nanoseconds) and the command lines restart.before, restart.check and restart.busy
 * are policy for the engine, as are foreign_dropins (remove, keep; without it they are reported),
 * restart_on and on_change (content_policy.h).
 * Called through the registry.
 */
#include <errno.h>
#include <string.h>

#include "l4sync/check.h"
#include "l4sync/command_line.h"
#include "l4sync/plan.h"
#include "l4sync/registry.h"
#include "l4sync/unitpath.h"
#include "l4sync/unit_view.h"

#include "content_policy.h"

static bool one_of(const char *s, const char *const *list)
{
	while (*list && strcmp(*list, s) != 0)
		list++;
	return *list;
}

/* A text that must be one of a list; right is the list in words. */
static int want_word(struct reader *r, const struct node *n, const char *what,
	const char *const *list, const char *right, const char **ret)
{
	int code = node_want_text(n, what, ret, r->diags);

	if (!code && !one_of(*ret, list))
		code = diag_add(
			r->diags, n->where, "%s: must be %s, not \"%s\"", what, right, *ret);
	return code;
}

static int want_unit_name(
	struct reader *r, const struct node *n, const char *what, const char **ret)
{
	int code = node_want_text(n, what, ret, r->diags);

	if (!code && !unit_name_valid(*ret))
		code = diag_add(r->diags, n->where,
			"%s: \"%s\" is no unit name; one ends in .service, .timer, .slice and the "
			"like",
			what, *ret);
	return code;
}

static const char *const modes[] = {"rolling", "manual", "never", NULL};

static void parse_after(struct reader *r, const struct node *list, struct resource *item)
{
	const char *name;

	if (node_want_seq(list, "after", r->diags) < 0)
		return;
	for (size_t i = 0; i < list->n; i++)
		if (!want_unit_name(r, list->items[i], "after", &name))
			resource_add(r->want->arena, item, "restart.after", name);
}

static int check_command(const char *line, struct err *e)
{
	_cleanup_arena_ struct arena *a = arena_new();
	const char *const *words;

	if (!check_is_value(line))
		return err_set(e, -EINVAL, "must be one line of UTF-8 without control characters");
	return command_line_split(a, line, NULL, &words, e);
}

static void parse_command(
	struct reader *r, const struct node *n, const char *key, struct resource *item)
{
	_cleanup_err_ struct err e = ERR_INIT;
	struct arena *a = r->want->arena;
	const char *line;

	if (node_want_text(n, key, &line, r->diags) < 0)
		return;
	if (check_command(line, &e) < 0)
		diag_add(r->diags, n->where, "%s: %s", key, err_text(&e));
	else
		resource_set(a, item, arena_printf(a, "restart.%s", key), line);
}

static void parse_restart(struct reader *r, const struct node *map, struct resource *item)
{
	static const char *const known[] = {
		"mode", "after", "settle", "before", "check", "busy", NULL};
	static const char *const commands[] = {"before", "check", "busy", NULL};
	struct arena *a = r->want->arena;
	unsigned long long settle_ns;
	const char *mode;

	if (node_want_map(map, "restart", r->diags) < 0)
		return;
	node_keys(map, known, r->diags);
	for (size_t i = 0; i < map->n; i++) {
		const char *key = map->keys[i]->text;
		const struct node *n = map->items[i];

		if (!strcmp(key, "mode") &&
			!want_word(r, n, key, modes, "rolling, manual or never", &mode))
			resource_set(a, item, "restart.mode", mode);
		else if (!strcmp(key, "after"))
			parse_after(r, n, item);
		else if (!strcmp(key, "settle") && !node_want_time(n, key, &settle_ns, r->diags))
			resource_set(a, item, "restart.settle", arena_printf(a, "%llu", settle_ns));
		else if (one_of(key, commands))
			parse_command(r, n, key, item);
	}
}

static void parse_state(
	struct reader *r, const struct node *n, const char *unit, struct resource *item)
{
	static const char *const states[] = {"running", "stopped", "keep", NULL};
	const char *state;

	if (want_word(r, n, "state", states, "running, stopped or keep", &state) < 0 ||
		!strcmp(state, "keep"))
		return;
	if (unit_name_is_template(unit))
		diag_add(r->diags, n->where,
			"state: the template %s cannot be %s itself; name an instance", unit,
			state);
	else
		resource_set(r->want->arena, item, "state", state);
}

static const char *const foreign_words[] = {"report", "remove", "keep", NULL};

static void parse_foreign(struct reader *r, const struct node *n, struct resource *item)
{
	static const char what[] = "foreign_dropins";
	const char *word;

	if (!want_word(r, n, what, foreign_words, "report, remove or keep", &word) &&
		strcmp(word, "report") != 0)
		resource_set(r->want->arena, item, what, word);
}

static void parse_unit(struct reader *r, const struct node *name, const struct node *map)
{
	static const char *const known[] = {
		"enabled", "state", "restart", "restart_on", "on_change", "foreign_dropins", NULL};
	struct arena *a = r->want->arena;
	const char *unit;
	bool enabled;

	if (want_unit_name(r, name, "units", &unit) < 0 || node_want_map(map, unit, r->diags) < 0)
		return;
	struct resource *item = resources_add(r->want, arena_printf(a, "service:%s", unit));
	item->where = name->where;
	node_keys(map, known, r->diags);
	for (size_t i = 0; i < map->n; i++) {
		const char *key = map->keys[i]->text;
		const struct node *n = map->items[i];

		if (!strcmp(key, "enabled") && !node_want_bool(n, key, &enabled, r->diags))
			resource_set(a, item, "enabled", enabled ? "true" : "false");
		else if (!strcmp(key, "state"))
			parse_state(r, n, unit, item);
		else if (!strcmp(key, "restart"))
			parse_restart(r, n, item);
		else if (!strcmp(key, "restart_on"))
			parse_restart_on(r, n, unit, item);
		else if (!strcmp(key, "on_change"))
			parse_on_change(r, n, unit, item);
		else if (!strcmp(key, "foreign_dropins"))
			parse_foreign(r, n, item);
	}
}

static int service_parse(struct reader *r, const char *section, const struct node *node)
{
	return reader_section(r, section, node, parse_unit);
}

/* The search for circles in restart.after: depth first, the way down on a stack of its own. */
struct search {
	struct reader *r;
	const struct resource **items; /* service:, sorted by id */
	size_t n;
	char *seen;   /* by item: 0 not yet, 1 on the way, 2 done */
	size_t *way;  /* numbers of items */
	size_t *next; /* by place on the way: the attribute to follow next */
	size_t way_size;
};

/* The item whose policy an instance without an entry of its own has is its template's. */
static size_t find_service(const struct search *s, const char *unit)
{
	const char *template_name = unit_name_template(s->r->arena, unit);

	for (; unit; unit = template_name, template_name = NULL)
		for (size_t i = 0; i < s->n; i++)
			if (!strcmp(resource_name(s->items[i]->id), unit))
				return i;
	return SIZE_MAX;
}

static void report_circle(const struct search *s, size_t first)
{
	_cleanup_buf_ struct buf names = BUF_INIT;
	size_t i = s->way_size;

	while (s->way[i - 1] != first)
		i--;
	for (; i <= s->way_size; i++)
		buf_addf(&names, "%s → ", resource_name(s->items[s->way[i - 1]]->id));
	diag_add(s->r->diags, s->items[first]->where,
		"restart.after goes in a circle: %s%s; take one of them out", names.data,
		resource_name(s->items[first]->id));
}

static void enter(struct search *s, size_t item)
{
	s->seen[item] = 1;
	s->way[s->way_size] = item;
	s->next[s->way_size++] = 0;
}

static void search_from(struct search *s, size_t start)
{
	enter(s, start);
	while (s->way_size) {
		size_t top = s->way_size - 1, at = s->next[top]++;
		const struct resource *item = s->items[s->way[top]];

		if (at == item->n_attrs) {
			s->seen[s->way[top]] = 2;
			s->way_size--;
			continue;
		}
		if (strcmp(item->attrs[at].key, "restart.after") != 0)
			continue;
		size_t to = find_service(s, item->attrs[at].value);
		if (to == SIZE_MAX || s->seen[to] == 2)
			continue;
		if (s->seen[to])
			report_circle(s, to);
		else
			enter(s, to);
	}
}

static int service_complete(struct reader *r)
{
	struct arena *a = r->arena;
	struct search s = {
		.r = r,
		.items = arena_array(a, const struct resource *, r->want->n),
		.seen = arena_array(a, char, r->want->n),
		.way = arena_array(a, size_t, r->want->n),
		.next = arena_array(a, size_t, r->want->n),
	};
	size_t before = r->diags->total;

	for (size_t i = 0; i < r->want->n; i++)
		if (resource_is(r->want->items[i], "service"))
			s.items[s.n++] = r->want->items[i];
	for (size_t i = 0; i < s.n; i++)
		if (!s.seen[i])
			search_from(&s, i);
	return r->diags->total == before ? 0 : -EINVAL;
}

static bool is_mode(const char *s)
{
	return one_of(s, modes);
}

static bool is_foreign_word(const char *s)
{
	return one_of(s, foreign_words);
}

static bool is_state(const char *s)
{
	return !strcmp(s, "running") || !strcmp(s, "stopped");
}

static bool is_command(const char *s)
{
	return check_command(s, NULL) == 0;
}

static int service_check(const struct resource *item, struct err *e)
{
	static const struct attr_rule rules[] = {
		{"enabled", check_is_bool, ATTR_OPTIONAL},
		{"state", is_state, ATTR_OPTIONAL},
		{"foreign_dropins", is_foreign_word, ATTR_OPTIONAL},
		{"restart_on", is_restart_on, ATTR_REPEATED},
		{"on_change", is_on_change, ATTR_OPTIONAL},
		{"restart.mode", is_mode, ATTR_OPTIONAL},
		{"restart.after", unit_name_valid, ATTR_REPEATED},
		{"restart.settle", check_is_number, ATTR_OPTIONAL},
		{"restart.before", is_command, ATTR_OPTIONAL},
		{"restart.check", is_command, ATTR_OPTIONAL},
		{"restart.busy", is_command, ATTR_OPTIONAL},
		{0},
	};
	const char *unit = resource_name(item->id);

	if (!unit_name_valid(unit))
		return err_set(e, -EINVAL, "%s: no unit name", item->id);
	if (unit_name_is_template(unit) && resource_get(item, "state"))
		return err_set(e, -EINVAL, "%s: a template has no state", item->id);
	int r = check_content(item, false, e);
	return r ? r : check_attrs(item, rules, e);
}

/* The links that enablement makes, by the unit as it is: what a new [Install] asks for is the doing
 * of the change that brings it. *ret_masked, or none, where there is nothing that could be enabled:
 * that is a difference like others, and no reason to look no further. */
static int install_links(struct inspection *in, const char *unit, struct enable_link **ret,
	size_t *ret_n, bool *ret_masked, struct err *e)
{
	struct unit_index *x;
	int r = unit_view_before(in->units, &x, e);

	*ret_n = 0;
	if (r < 0)
		return r;
	r = unit_index_install_links(x, unit, ret, ret_n, NULL);
	if (r == -ENOENT) {
		r = unit_view_after(in->units, &x, e);
		if (r < 0)
			return r;
		r = unit_index_install_links(x, unit, ret, ret_n, NULL);
	}
	*ret_masked = r == -ESHUTDOWN;
	if (r < 0)
		*ret_n = 0;
	return 0;
}

/* true, false, masked, or partly: some of the links are there and some are not. */
static int live_enabled(
	struct inspection *in, const char *unit, bool wanted, const char **ret, struct err *e)
{
	struct enable_link *want, *live;
	size_t n_want = 0, n_live, there = 0;
	struct unit_index *before;
	bool masked = false;
	int r = unit_view_before(in->units, &before, e);

	if (r >= 0)
		r = unit_index_live_links(before, unit, &live, &n_live, e);
	if (r >= 0 && wanted)
		r = install_links(in, unit, &want, &n_want, &masked, e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < n_want; i++)
		for (size_t j = 0; j < n_live; j++)
			there += !strcmp(want[i].path, live[j].path);
	*ret = masked                                   ? "masked"
	       : !n_live                                ? "false"
	       : there == n_want && (n_want || !wanted) ? "true"
							: "partly";
	return 0;
}

static int live_state(struct inspection *in, const char *unit, const char **ret, struct err *e)
{
	const struct unit_status *u = NULL;
	int r = unit_view_find(in->units, unit, &u, e);

	*ret = u && unit_status_running(u) ? "running" : "stopped";
	return r;
}

/* A unit that has a file, or is loaded, or is of a type that needs none. */
static int is_known(
	struct inspection *in, struct unit_index *x, const char *unit, bool *ret, struct err *e)
{
	const struct unit_status *u = NULL;
	struct unit_config config;
	int r = unit_index_config(x, unit, &config, e);

	if (r >= 0 && !config.found && in->host->live)
		r = unit_view_find(in->units, unit, &u, e);
	*ret = r >= 0 && (config.found || unit_name_may_lack_fragment(unit) ||
				 (u && strcmp(u->load_state, "not-found") != 0));
	return r;
}

/* A name in `units:` that neither the host nor the state has is a typo, most of the time. */
static int report_unknown(struct inspection *in, const struct resource *want, const char *unit,
	const char *what, struct err *e)
{
	struct unit_index *x;
	bool known = false;
	int r = unit_view_before(in->units, &x, e);

	if (r >= 0)
		r = is_known(in, x, unit, &known, e);
	if (r >= 0 && !known)
		r = unit_view_after(in->units, &x, e);
	if (r >= 0 && !known)
		r = is_known(in, x, unit, &known, e);
	if (r >= 0 && !known)
		finding_add(in->findings, "lint", "unknown-unit", want->id,
			"%s%s: neither this host nor the state has a unit of this name", what,
			unit);
	return r;
}

static int lint_names(struct inspection *in, const struct resource *want, struct err *e)
{
	int r = report_unknown(in, want, resource_name(want->id), "", e);

	for (size_t i = 0; i < want->n_attrs && r >= 0; i++)
		if (!strcmp(want->attrs[i].key, "restart.after"))
			r = report_unknown(in, want, want->attrs[i].value, "after: ", e);
	return r;
}

/* A unit that nobody knows yet is neither enabled nor running; where it is to be, its service is
 * absent, so that it is made, not adopted. */
static int service_inspect(struct inspection *in, const char *id, const struct resource *want,
	struct resource **ret, struct err *e)
{
	const char *unit = resource_name(id), *enabled = NULL, *state = NULL;
	bool managed = want && resources_find(in->want, id);
	struct unit_index *before;
	int r = managed ? lint_names(in, want, e) : 0;

	if (r >= 0)
		r = live_enabled(
			in, unit, managed && resource_has(want, "enabled", "true"), &enabled, e);

	/* In a file tree nothing runs, so the state asked for is not compared. */
	if (r >= 0 && in->host->live)
		r = live_state(in, unit, &state, e);
	else if (r >= 0)
		state = want ? resource_get(want, "state") : NULL;
	bool known =
		!managed || (enabled && strcmp(enabled, "false") != 0) ||
		(!resource_has(want, "enabled", "true") && !resource_has(want, "state", "running"));
	if (r >= 0 && !known)
		r = unit_view_before(in->units, &before, e);
	if (r >= 0 && !known)
		r = is_known(in, before, unit, &known, e);
	if (r < 0 || !known) {
		*ret = NULL;
		return r;
	}
	*ret = arena_new_of(in->arena, struct resource);
	(*ret)->id = id;
	resource_set(in->arena, *ret, "enabled", enabled);
	resource_set(in->arena, *ret, "state", state);
	return 0;
}

static const char *const service_sections[] = {"units", NULL};
static const char *const service_compared[] = {"enabled", "state", NULL};

const struct module module_service = {
	.type = "service",
	.sections = service_sections,
	.parse = service_parse,
	.complete = service_complete,
	.check = service_check,
	.compared = service_compared,
	.live_only_attr = "state",
	.inspect = service_inspect,
};
