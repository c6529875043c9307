/*
 * `l4sync explain RESOURCE`: from a resource to what it makes of units (SPEC 7).
 * Changes nothing, and derives nothing itself. Called by the dispatch.
 */
#include "l4sync/explain.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <string.h>

#include "l4sync/text.h"
#include "l4sync/unitpath.h"

#include "report.h"
#include "verbs.h"

static const char *path_of(const struct triple *t)
{
	const struct resource *r = t->want ? t->want : t->base ? t->base : t->live.live;

	return r ? resource_path(r) : NULL;
}

/* As --only does, and by the path that a unit's file has. */
static bool is_meant(const char *name, const struct triple *t)
{
	const char *path = path_of(t);

	if (!fnmatch(name, t->id, 0))
		return true;
	return !strchr(name, ':') &&
	       (!fnmatch(name, resource_name(t->id), 0) || (path && !strcmp(name, path)));
}

static int explain_one(
	struct run *r, json_t *list, const char *id, const struct triple *t, struct err *e)
{
	json_t *one;
	int c = explain_resource(r->plan, r->units, id, t, &one, e);

	return c < 0 ? c : json_array_append_new(list, one);
}

/* On the host, or because the state has something in it. */
static bool is_directory(struct run *r, const char *path)
{
	size_t size = strlen(path);
	_cleanup_close_ int fd = -1;

	for (size_t i = 0; i < r->want->n; i++) {
		const char *own = resource_path(r->want->items[i]);

		if (own && !strncmp(own, path, size) && own[size] == '/')
			return true;
	}
	return host_open_following(r->host, path, O_PATH | O_DIRECTORY, &fd, NULL) >= 0;
}

/* What the state does not have: any file may be named by a unit, and any unit may name files of the
 * state. */
static int explain_other(struct run *r, json_t *list, const char *name, struct err *e)
{
	const char *unit = text_starts(name, "service:") || text_starts(name, "unit:")
				   ? resource_name(name)
				   : name;
	const char *path = text_starts(name, "file:") || text_starts(name, "link:")
				   ? resource_name(name)
				   : name;
	bool known;

	if (*path == '/' && !strpbrk(path, "*?["))
		return explain_one(r, list,
			arena_printf(
				r->arena, "%s:%s", is_directory(r, path) ? "dir" : "file", path),
			NULL, e);
	if (!unit_name_valid(unit))
		return 0;
	int c = explain_knows_unit(r->units, unit, &known, e);
	if (c >= 0 && known)
		c = explain_one(r, list, arena_printf(r->arena, "service:%s", unit), NULL, e);
	return c;
}

/* A name that is nearly that of a resource; NULL: none is. */
static const char *nearest(struct run *r, const char *name)
{
	const char **names = arena_array(r->arena, const char *, r->n_triples + r->want->n + 1);
	bool typed = strchr(name, ':');
	size_t n = 0;

	for (size_t i = 0; i < r->n_triples; i++)
		names[n++] = typed ? r->triples[i].id : resource_name(r->triples[i].id);
	for (size_t i = 0; i < r->want->n; i++)
		if (resource_is(r->want->items[i], "action"))
			names[n++] = typed ? r->want->items[i]->id
					   : resource_name(r->want->items[i]->id);
	return text_nearest(name, names);
}

/* As a shell completes the name of a directory. */
static const char *without_slash(struct arena *a, const char *name)
{
	size_t n = strlen(name);

	while (n > 1 && name[n - 1] == '/')
		n--;
	return arena_strndup(a, name, n);
}

static void explain_actions(struct run *r, json_t *list, const char *name)
{
	for (size_t i = 0; i < r->want->n; i++) {
		const struct resource *item = r->want->items[i];
		const struct triple as = {.id = item->id, .want = item};

		if (resource_is(item, "action") && is_meant(name, &as))
			json_array_append_new(list, explain_action(r->plan, item));
	}
}

static int explain_all(struct run *r, json_t *list, struct err *e)
{
	const char *name = without_slash(r->arena, r->request->argument);
	bool service = false;
	int c = 0;

	for (size_t i = 0; i < r->n_triples && c >= 0; i++) {
		const struct triple *t = &r->triples[i];

		if (!is_meant(name, t))
			continue;
		service |= text_starts(t->id, "service:");
		c = explain_one(r, list, t->id, t, e);
	}
	if (c >= 0)
		explain_actions(r, list, name);
	/* Of a unit also what leads to it, where `units:` says nothing of it. */
	if (c >= 0 && (!json_array_size(list) || (!service && unit_name_valid(name))))
		c = explain_other(r, list, name, e);
	if (c < 0 || json_array_size(list))
		return c;
	const char *near = nearest(r, name);
	return err_set(e, -ENOENT,
		"the state has no resource %s, and there is no unit of that name%s%s%s", name,
		near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
}

static json_t *sources_of(const struct run *r)
{
	json_t *list = json_array();

	for (size_t i = 0; i < r->want->n_metas; i++)
		if (!strcmp(r->want->metas[i].key, "source"))
			json_array_append_new(list, source_to_json(r->want->metas[i].value));
	return list;
}

int verb_explain(const struct request *q, struct sink *s)
{
	_cleanup_run_ struct run r;
	_cleanup_err_ struct err e = ERR_INIT;
	json_t *list = json_array();
	int c = run_open(&r, q, s, RUN_READS, &e);

	if (c >= 0)
		c = run_read(&r, &e);
	if (c >= 0)
		c = run_plan(&r, &e);
	if (c >= 0)
		c = explain_all(&r, list, &e);
	if (c < 0) {
		json_decref(list);
		return verb_failed(&r, &e);
	}
	event_emit(s, "{s:s, s:{s:i, s:o, s:o, s:o}}", "event", "explanation", "explanation",
		"l4sync", 1, "host", event_string(r.plan->host), "sources", sources_of(&r),
		"resources", list);
	run_done(&r, EXIT_CONVERGED);
	return EXIT_CONVERGED;
}
