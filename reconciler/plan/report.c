/*
 * The plan as a document: SPEC's appendix (plan.h; the schema is in l4sync-json(5)).
 * Renders nothing and decides nothing. Called by the pipeline.
 */
#include <string.h>

#include "l4sync/event.h"
#include "l4sync/module.h"
#include "l4sync/plan.h"
#include "l4sync/text.h"
#include "l4sync/unitpath.h"

#include "directives.h"

static json_t *part(const char *s, size_t n)
{
	_cleanup_free_ char *text = xmalloc(n + 1);

	memcpy(text, s, n);
	text[n] = '\0';
	return strcmp(text, "-") != 0 ? event_string(text) : json_null();
}

/* From the right: only the first part, which may be a path, can hold a blank. */
json_t *source_to_json(const char *source)
{
	const char *end = source + strlen(source);
	const char *commit = memrchr(source, ' ', (size_t)(end - source));
	const char *ref = commit ? memrchr(source, ' ', (size_t)(commit - source)) : NULL;

	if (!ref)
		return json_pack("{s:o, s:n, s:n, s:n}", "url", event_string(source), "ref",
			"commit", "signer");
	return json_pack("{s:o, s:o, s:o, s:n}", "url", part(source, (size_t)(ref - source)), "ref",
		part(ref + 1, (size_t)(commit - ref - 1)), "commit",
		part(commit + 1, (size_t)(end - commit - 1)), "signer");
}

static json_t *values_of(const struct resource *item, const char *key)
{
	json_t *list = NULL;

	for (size_t i = 0; item && i < item->n_attrs; i++) {
		if (strcmp(item->attrs[i].key, key) != 0)
			continue;
		if (!list)
			list = event_string(item->attrs[i].value);
		else
			return json_null(); /* compared attributes have one value */
	}
	return list ? list : json_null();
}

static json_t *attributes_to_json(const struct change *c)
{
	json_t *list = json_array();

	for (const char *const *key = c->module->compared; key && *key; key++) {
		if (!c->want || !resource_get(c->want, *key) ||
			(c->live && resource_same(c->want, c->live, *key)) ||
			(!c->live && (!strcmp(*key, "path") ||
					     /* as a new group's members */
					     !*resource_get(c->want, *key))))
			continue;
		json_array_append_new(
			list, json_pack("{s:s, s:o, s:o}", "key", *key, "old",
				      values_of(c->live, *key), "new", values_of(c->want, *key)));
	}
	if (c->live && resource_get(c->live, "type"))
		json_array_append_new(
			list, json_pack("{s:s, s:o, s:s}", "key", "type", "old",
				      values_of(c->live, "type"), "new",
				      c->want && resource_get(c->want, "target") ? "link"
				      : resource_is(c->live, "checkout")         ? "directory"
										 : "file"));
	return list;
}

static const char *path_of(const struct change *c)
{
	return resource_path(c->want ? c->want : c->live ? c->live : c->base);
}

static json_t *change_to_json(const struct change *c,
	const char *(*diff_of)(void *userdata, const struct change *c), void *userdata)
{
	const struct resource *said = c->want ? c->want : c->base;
	bool secret = (c->want && c->want->secret) || (c->base && c->base->secret) ||
		      (c->live && c->live->secret);

	return json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:s, s:b, s:o, s:o, s:o}", "id", c->id,
		"op", op_name(c->op), "origin", origin_name(c->origin), "since",
		c->since ? event_time(c->since) : json_null(), "path", event_string(path_of(c)),
		"diff", event_string(diff_of(userdata, c)), "encoding", "utf-8", "secret", secret,
		"attributes", attributes_to_json(c), "directives", directives_to_json(c), "from",
		event_string(said ? said->where.file : NULL));
}

static json_t *output_to_json(const struct effect *f)
{
	json_t *lines = json_array();

	for (size_t i = 0; i < f->n_output; i++)
		json_array_append_new(lines, event_string(f->output[i]));
	return lines;
}

json_t *effect_to_json(const struct effect *f, size_t position)
{
	json_t *because = json_array();

	for (size_t i = 0; i < f->n_because; i++)
		json_array_append_new(because, json_string(f->because[i]));
	json_t *effect = json_pack("{s:o, s:s, s:I, s:o, s:o, s:b}", "unit",
		event_string(f->target), "action", action_name(f->action), "position",
		(json_int_t)position, "because", because, "along_with", event_string(f->carried_by),
		"deferred", f->deferred);
	if (f->action == ACTION_RUN)
		json_object_set_new(effect, "why", event_string(f->why));
	if (f->n_output)
		json_object_set_new(effect, "output", output_to_json(f));
	return effect;
}

json_t *finding_to_json(const struct finding *f)
{
	return json_pack("{s:s, s:s, s:o, s:o}", "kind", f->kind, "code", f->code, "where",
		event_string(f->where), "text", event_string(f->text));
}

static json_t *removal_to_json(const struct plan *p)
{
	json_t *reasons = json_array();

	for (size_t i = 0; i < p->n_guards; i++)
		json_array_append_new(reasons, json_string(p->guards[i]));
	return json_pack("{s:I, s:b, s:o}", "count", (json_int_t)p->n_removed, "guarded",
		p->n_guards > 0, "reasons", reasons);
}

static json_t *tenths_to_json(unsigned tenths)
{
	return json_real((double)tenths / 10);
}

json_t *exposure_to_json(const struct exposure *x)
{
	return x->known ? tenths_to_json(x->tenths) : json_null();
}

json_t *exposure_bound_to_json(const char *bound)
{
	return bound ? tenths_to_json(exposure_tenths(bound)) : json_null();
}

json_t *exposure_advice_to_json(struct arena *a, const struct exposure *x)
{
	struct exposure_advice list[EXPOSURE_ADVICE_MAX];
	size_t n = exposure_advise(a, x, list);
	json_t *o = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(
			o, json_pack("{s:o, s:o}", "setting", event_string(list[i].setting), "by",
				   tenths_to_json(list[i].tenths)));
	return o;
}

static json_t *plan_exposure_to_json(const struct plan *p, const struct plan_exposure *x)
{
	return json_pack("{s:s, s:o, s:o, s:o, s:o}", "unit", x->unit, "old",
		exposure_to_json(&x->old), "new", exposure_to_json(&x->new), "bound",
		exposure_bound_to_json(x->bound), "lower",
		exposure_advice_to_json(p->arena, &x->new));
}

json_t *plan_to_json(const struct plan *p,
	const char *(*diff_of)(void *userdata, const struct change *c), void *userdata)
{
	json_t *sources = json_array(), *changes = json_array(), *effects = json_array();
	json_t *findings = json_array(), *skipped = json_array();
	json_t *exposures = json_array();

	for (size_t i = 0; i < p->want->n_metas; i++)
		if (!strcmp(p->want->metas[i].key, "source"))
			json_array_append_new(sources, source_to_json(p->want->metas[i].value));
	for (size_t i = 0; i < p->n_changes; i++)
		json_array_append_new(changes, change_to_json(&p->changes[i], diff_of, userdata));
	for (size_t i = 0; i < p->effects.n; i++)
		json_array_append_new(effects, effect_to_json(&p->effects.items[i], i + 1));
	for (size_t i = 0; i < p->findings.n; i++)
		json_array_append_new(findings, finding_to_json(&p->findings.items[i]));
	for (size_t i = 0; i < p->n_exposures; i++)
		json_array_append_new(exposures, plan_exposure_to_json(p, &p->exposures[i]));
	for (size_t i = 0; i < p->n_skipped; i++)
		json_array_append_new(skipped, json_pack("{s:s, s:s}", "id", p->skipped[i].id,
						       "reason", p->skipped[i].reason));
	return json_pack(
		"{s:i, s:s, s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:{s:I, s:I, s:I, s:I}}",
		"l4sync", 1, "host", p->host, "sources", sources, "behind",
		p->looked_at_source ? json_integer(0) : json_null(), "plan_id", p->id, "changes",
		changes, "effects", effects, "exposures", exposures, "findings", findings,
		"removal", removal_to_json(p), "skipped", skipped, "summary", "ok",
		(json_int_t)p->n_ok, "change", (json_int_t)p->n_changes, "restart",
		(json_int_t)plan_restarts(p), "deferred",
		(json_int_t)(plan_deferrals(p, true) + plan_deferrals(p, false)));
}
