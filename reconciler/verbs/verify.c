/*
 * `l4sync verify`: what the kernel enforces on what runs, against what is declared (SPEC 8).
 * Changes nothing. Called by the dispatch.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "l4sync/bus.h"
#include "l4sync/text.h"
#include "l4sync/truth.h"
#include "l4sync/unitpath.h"
#include "l4sync/verify.h"

#include "report.h"
#include "verbs.h"

/* Types that have a cgroup; the others run nothing. */
static const char *const types = "service socket mount swap slice scope";

struct names {
	struct arena *arena;
	const char **items;
	size_t n;
};

/* A pattern may leave ".service" out, as systemctl's; a template means its instances. */
static bool matches(struct arena *a, const char *pattern, const char *name)
{
	const char *template = unit_name_template(a, name);

	return text_glob(pattern, name) ||
	       text_glob(arena_printf(a, "%s.service", pattern), name) ||
	       (template && !strcmp(pattern, template));
}

static bool is_running(const struct unit_status *u)
{
	return text_has_word(types, unit_name_type(u->name)) &&
	       text_has_word("active reloading refreshing", u->active_state);
}

/* Of "unit:NAME", "service:NAME", "verify:NAME" and "dropin:NAME/FILE". */
static bool is_of_state(struct run *r, const char *name)
{
	const struct resources *want = r->base.want;

	for (size_t i = 0; i < want->n; i++) {
		const struct resource *x = want->items[i];
		const char *id = resource_name(x->id);
		size_t n = resource_is(x, "dropin") ? strcspn(id, "/") : strlen(id);

		if ((resource_is(x, "unit") || resource_is(x, "service") ||
			    resource_is(x, "dropin") || resource_is(x, "verify")) &&
			strlen(name) == n && !strncmp(id, name, n))
			return true;
	}
	return false;
}

static bool is_wanted(struct run *r, const char *name)
{
	const struct request *q = r->request;
	const char *template = unit_name_template(r->arena, name);

	for (size_t i = 0; i < q->n_arguments; i++)
		if (matches(r->arena, q->arguments[i], name))
			return true;
	return !q->n_arguments && (is_of_state(r, name) || (template && is_of_state(r, template)));
}

static const char *time_text(struct arena *a, uint64_t usec)
{
	json_t *time = event_time((long long)(usec / 1000000));
	const char *text = text_time(a, arena_strdup(a, json_string_value(time)));

	json_decref(time);
	return text;
}

/* systemd forgets when a unit has stopped that nothing else refers to. */
static const char *since_text(struct run *r, struct bus *b, const char *unit)
{
	struct unit_run run = {0};

	if (bus_unit_run(b, unit, &run, NULL) < 0 || !run.state_usec)
		return "";
	return arena_printf(r->arena, ", since %s", time_text(r->arena, run.state_usec));
}

/* One that is named whole, and has no process. */
static int refuse_stopped(struct run *r, struct bus *b, const char *unit, struct err *e)
{
	struct unit_details d;
	int c = bus_unit_details(b, r->arena, &unit, 1, true, &d, e);

	if (c < 0)
		return c;
	if (!d.found || !strcmp(d.load_state, "not-found"))
		return err_set(
			e, -ENOENT, "there is no unit %s, so there is nothing to verify", unit);
	const char *sub = strcmp(d.active_state, d.sub_state) != 0
				  ? arena_printf(r->arena, " (%s)", d.sub_state)
				  : "";
	const char *state =
		arena_printf(r->arena, "%s%s%s", d.active_state, sub, since_text(r, b, unit));
	if (!strcmp(d.active_state, "failed"))
		return err_set(e, -ENOENT,
			"%s does not run: it is %s; `systemctl status %s` says why. There is "
			"nothing to verify",
			unit, state, unit);
	if (!strcmp(d.active_state, "inactive"))
		return err_set(e, -ENOENT, "%s does not run: it is %s. There is nothing to verify",
			unit, state);
	return err_set(
		e, -ENOENT, "%s is %s, and has no process that could be verified", unit, state);
}

/* Somebody who names a unit wants to know of that one. */
static int refuse_missing(struct run *r, const struct truth_unit *units, size_t n, struct err *e)
{
	const struct request *q = r->request;
	struct bus *b;

	for (size_t i = 0; i < q->n_arguments; i++) {
		const char *name = q->arguments[i];
		const char *whole =
			unit_name_valid(name) ? name : arena_printf(r->arena, "%s.service", name);
		bool any = false;

		for (size_t k = 0; k < n && !any; k++)
			any = matches(r->arena, name, units[k].unit);
		if (any)
			continue;
		if (unit_name_is_template(whole))
			return err_set(e, -ENOENT,
				"no instance of %s runs, so there is nothing to verify", whole);
		if (!unit_name_valid(whole) || strpbrk(whole, "*?["))
			return err_set(e, -ENOENT,
				"no unit that runs is called %s, so there is nothing to verify",
				name);
		int c = host_bus(r->host, &b, e);
		return c < 0 ? c : refuse_stopped(r, b, whole, e);
	}
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	return text_natural_cmp(*(const char *const *)a, *(const char *const *)b);
}

static int find_units(struct run *r, struct names *ret, struct err *e)
{
	struct unit_status *units;
	struct bus *b;
	size_t n;
	int c = host_bus(r->host, &b, e);

	if (c >= 0)
		c = bus_list_units(b, r->arena, &units, &n, e);
	if (c < 0)
		return c;
	ret->items = arena_array(r->arena, const char *, n);
	for (size_t i = 0; i < n; i++)
		if (is_running(&units[i]) && is_wanted(r, units[i].name))
			ret->items[ret->n++] = units[i].name;
	if (ret->n)
		qsort(ret->items, ret->n, sizeof *ret->items, compare_names);
	return 0;
}

static const char *const verdicts[] = {[TRUTH_HOLDS] = "holds",
	[TRUTH_LACKS] = "lacks",
	[TRUTH_OWN] = "own",
	[TRUTH_UNKNOWN] = "unknown"};

static json_t *setting_to_json(const struct truth *t)
{
	return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o}", "directive", t->directive, "verdict",
		verdicts[t->verdict], "pid", t->pid ? json_integer(t->pid) : json_null(), "process",
		event_string(t->process), "declared", event_string(t->declared), "real",
		event_string(t->real));
}

/* The document's counts; the sum of all units has the same. */
struct counts {
	json_int_t of[ELEMENTS(verdicts)];
};

static json_t *counts_to_json(const struct counts *c)
{
	json_t *o = json_object();

	for (size_t i = 0; i < ELEMENTS(verdicts); i++)
		json_object_set_new(o, verdicts[i], json_integer(c->of[i]));
	return o;
}

/* What reading filters has done to each process. */
static json_t *stops_to_json(const struct truth_unit *u)
{
	json_t *list = json_array();

	for (size_t i = 0; i < u->n_read; i++)
		json_array_append_new(list, json_pack("{s:i, s:o, s:I, s:o}", "pid", u->read[i].pid,
						    "process", event_string(u->read[i].process),
						    "usec", (json_int_t)u->read[i].stopped_usec,
						    "error", event_string(u->read[i].unread)));
	return list;
}

static json_t *unit_to_json(
	struct run *r, const struct truth_unit *u, const struct exposure *x, struct counts *sum)
{
	json_t *settings = json_array();
	struct counts c = {0};

	for (size_t i = 0; i < u->n; i++) {
		c.of[u->items[i].verdict]++;
		sum->of[u->items[i].verdict]++;
		json_array_append_new(settings, setting_to_json(&u->items[i]));
	}
	json_t *o = counts_to_json(&c);
	json_object_set_new(o, "unit", event_string(u->unit));
	json_object_set_new(o, "processes", json_integer((json_int_t)u->n_processes));
	json_object_set_new(o, "started",
		u->started_usec ? event_time((long long)(u->started_usec / 1000000)) : json_null());
	json_object_set_new(o, "settings", settings);
	if (u->ptrace)
		json_object_set_new(o, "stopped", stops_to_json(u));
	json_object_set_new(o, "exposure", exposure_to_json(x));
	json_object_set_new(
		o, "bound", exposure_bound_to_json(verify_bound(r->arena, r->base.want, u->unit)));
	json_object_set_new(o, "lower", exposure_advice_to_json(r->arena, x));
	return o;
}

static json_t *findings_to_json(const struct findings *f)
{
	json_t *list = json_array();

	for (size_t i = 0; i < f->n; i++)
		json_array_append_new(
			list, json_pack("{s:s, s:s, s:o, s:o}", "kind", f->items[i].kind, "code",
				      f->items[i].code, "where", event_string(f->items[i].where),
				      "text", event_string(f->items[i].text)));
	return list;
}

/* Those of which something could be asked: a mount runs nothing mostly, a service may have exited.
 */
static size_t drop_stopped(struct truth_unit *units, size_t n)
{
	size_t left = 0;

	for (size_t i = 0; i < n; i++)
		if (units[i].running)
			units[left++] = units[i];
	return left;
}

static void emit(struct run *r, const struct truth_unit *units, const struct exposure *exposures,
	size_t n, const struct findings *findings)
{
	json_t *list = json_array();
	struct counts sum = {0};

	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, unit_to_json(r, &units[i], &exposures[i], &sum));
	json_t *summary = counts_to_json(&sum);
	json_object_set_new(summary, "units", json_integer((json_int_t)n));
	event_emit(r->sink, "{s:s, s:{s:i, s:o, s:o, s:o, s:o}}", "event", "verify", "verify",
		"l4sync", 1, "host", event_string(r->host->name), "units", list, "findings",
		findings_to_json(findings), "summary", summary);
}

/* Before anything is stopped. */
static int prepare_ptrace(struct run *r, struct err *e)
{
	int c = truth_may_ptrace(e);

	if (c < 0)
		return err_prefix(e, c, "--ptrace cannot read filters here");
	event_message(r->sink, "warning",
		"--ptrace stops each process of these units for some milliseconds; a call in which "
		"one waits (epoll_wait, nanosleep, …) may return early, with EINTR");
	return 0;
}

int verb_verify(const struct request *q, struct sink *s)
{
	_cleanup_run_ struct run r;
	_cleanup_err_ struct err e = ERR_INIT;
	struct names found = {0};
	int c = run_open(&r, q, s, RUN_READS, &e);

	if (c >= 0 && !q->n_arguments && !r.base.want)
		c = err_set(&e, -ENOENT,
			"nothing has been applied on this host yet: l4sync verify UNIT looks at a "
			"unit that l4sync has not applied");
	if (c >= 0)
		c = find_units(&r, &found, &e);
	if (c >= 0 && q->ptrace)
		c = prepare_ptrace(&r, &e);
	struct truth_unit *units = arena_array(r.arena, struct truth_unit, found.n);
	if (c >= 0)
		c = truth_units(r.host, r.arena, found.items, found.n, q->ptrace, units, &e);
	size_t n = c >= 0 ? drop_stopped(units, found.n) : 0;
	if (c >= 0)
		c = refuse_missing(&r, units, n, &e);
	struct findings findings = {.arena = r.arena};
	struct exposure *exposures = arena_array(r.arena, struct exposure, n);
	size_t failed = 0;
	if (c >= 0)
		c = verify_judge(r.host, r.arena, r.base.want, units, n, true, &findings, &failed,
			exposures, &e);
	if (c >= 0)
		emit(&r, units, exposures, n, &findings);
	int status = c < 0 ? verb_failed(&r, &e) : failed ? EXIT_VERIFY : EXIT_CONVERGED;
	free(findings.items);
	if (c >= 0)
		run_done(&r, status);
	return status;
}
