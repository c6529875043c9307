/*
 * What restart_on and on_change can do on this host: whether a service can be reloaded, by its
 * files as they will be, and what the state does not ship (plan.h).
 * Touches nothing. Called by the pipeline, and when a reload is queued.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "l4sync/command_line.h"
#include "l4sync/plan.h"
#include "l4sync/unit_meaning.h"
#include "l4sync/unit_view.h"

#include "effects_internal.h"

static bool says_how(const struct setting *settings, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct setting *s = &settings[i];

		if (strcmp(s->section, "Service") != 0 || !s->n)
			continue;
		if (!strcmp(s->type.key, "ExecReload") ||
			(!strcmp(s->type.key, "Type") &&
				!strcmp(s->values[s->n - 1], "notify-reload")))
			return true;
	}
	return false;
}

/* A unit whose text is not known, or that has none: what is loaded is the best that is known. */
static int loaded_can(
	struct unit_view *view, struct arena *a, const char *unit, bool *ret, struct err *e)
{
	struct host *h = unit_view_host(view);
	struct unit_details details = {0};
	struct bus *bus;

	*ret = true;
	if (!h->live || unit_name_is_template(unit))
		return 0;
	int r = host_bus(h, &bus, e);
	if (r >= 0)
		r = bus_unit_details(bus, a, &unit, 1, false, &details, e);
	if (r >= 0 && details.found)
		*ret = details.can_reload;
	return r;
}

int plan_check_reload(struct unit_view *view, struct arena *a, const char *unit, struct err *e)
{
	struct unit_config config;
	struct setting *settings;
	struct unit_index *x;
	bool can;
	size_t n;
	int r = unit_view_after(view, &x, e);

	if (r >= 0)
		r = unit_index_config(x, unit, &config, e);
	if (r < 0)
		return r;
	if (config.masked)
		return 0;
	if (config.found && unit_settings(a, &config, &settings, &n) >= 0)
		can = says_how(settings, n);
	else
		r = loaded_can(view, a, unit, &can, e);
	if (r < 0 || can)
		return r;
	return err_set(e, -ENOEXEC,
		"%s cannot be reloaded, for it has no ExecReload= and is not Type=notify-reload; "
		"give it one, or take out what asks for that (on_change: reload of the unit, "
		"reload: of a file)",
		unit);
}

static bool ships(const struct plan *p, const char *path)
{
	for (size_t i = 0; i < p->want->n; i++) {
		const char *at = resource_path(p->want->items[i]);

		if (at && !resource_is(p->want->items[i], "dir") && !strcmp(path, at))
			return true;
	}
	return false;
}

/* A path by itself, or what it leads to, is in the state or at least on the host. Globs match
 * something of it, or the reader has refused them; what a specifier stands for only instances know.
 */
static int lint_path(struct plan *p, struct unit_view *view, const struct resource *policy,
	const char *path, struct err *e)
{
	bool shipped = ships(p, path);
	_cleanup_close_ int fd = -1;
	struct unit_index *x;
	size_t n;

	if (shipped || strpbrk(path, "*?[%"))
		return 0;
	int r = unit_view_after(view, &x, e);
	if (r < 0)
		return r;
	const char *const *hops = unit_index_hops(x, path, &n);
	for (size_t i = 0; i < n && !shipped; i++)
		shipped = ships(p, hops[i]);
	if (!shipped && host_open_following(unit_view_host(view), path, O_PATH, &fd, NULL) < 0)
		finding_add(&p->findings, "lint", "restart-on-missing", policy->id,
			"restart_on: there is no %s, neither in the state nor on the host", path);
	return 0;
}

/* A hook is found missing only when it is needed. */
static void lint_hook(
	struct plan *p, struct unit_view *view, const struct resource *policy, const char *key)
{
	const char *line = resource_get(policy, arena_printf(p->arena, "restart.%s", key));
	_cleanup_close_ int fd = -1;
	const char *const *words;

	if (!line || command_line_split(p->arena, line, NULL, &words, NULL) < 0 ||
		strchr(words[0], '%') || ships(p, words[0]) ||
		host_open_following(unit_view_host(view), words[0], O_PATH, &fd, NULL) >= 0)
		return;
	finding_add(&p->findings, "lint", "hook-missing", policy->id,
		"%s: there is no %s, neither in the state nor on the host", key, words[0]);
}

static int lint_policy(
	struct plan *p, struct unit_view *view, const struct resource *policy, struct err *e)
{
	_cleanup_err_ struct err why = ERR_INIT;
	int r = 0;

	for (size_t i = 0; i < policy->n_attrs && r >= 0; i++)
		if (!strcmp(policy->attrs[i].key, NAMED_RESTART_ON))
			r = lint_path(p, view, policy, policy->attrs[i].value, e);
	lint_hook(p, view, policy, "before");
	lint_hook(p, view, policy, "check");
	lint_hook(p, view, policy, "busy");
	if (r < 0 || !resource_get(policy, "on_change"))
		return r;
	r = plan_check_reload(view, p->arena, resource_name(policy->id), &why);
	if (r < 0 && r != -ENOEXEC)
		return err_set(e, r, "%s", err_text(&why));
	if (r == -ENOEXEC)
		finding_add(
			&p->findings, "lint", "cannot-reload", policy->id, "%s", err_text(&why));
	return 0;
}

int plan_content_policy(struct plan *p, struct unit_view *view, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < p->want->n && r >= 0; i++)
		if (resource_is(p->want->items[i], "service"))
			r = lint_policy(p, view, p->want->items[i], e);
	return r;
}
