/*
 * restart_on: and on_change: of `units:`: which files beside those that the unit's own text names
 * restart a service, and whether changed content reloads it instead (content_policy.h).
 * Derives no effect; that is reconciler/plan/effects_content.c. Called by the module service.
 */
#include "content_policy.h"

#include <errno.h>
#include <string.h>

#include "l4sync/check.h"
#include "l4sync/text.h"
#include "l4sync/unitpath.h"

/* Of what is no service nothing is ever restarted: it would stop what depends on it. */
static bool want_service(struct reader *r, const struct node *n, const char *key, const char *unit)
{
	if (!strcmp(unit_name_type(unit), "service"))
		return true;
	diag_add(r->diags, n->where,
		"%s: only services are restarted or reloaded for changed files, and %s is none; "
		"say it of the service behind it",
		key, unit);
	return false;
}

static bool ships(const struct resources *want, const char *path)
{
	for (size_t i = 0; i < want->n; i++) {
		const char *at = resource_path(want->items[i]);

		if (at && !resource_is(want->items[i], "dir") && text_glob(path, at))
			return true;
	}
	return false;
}

/* An instance of a template stands for all of them: which specifiers there are is the same. */
static bool has_specifiers(struct arena *a, const char *unit, const char *path, bool *ret_known)
{
	const char *at = strchr(unit, '@');
	const char *one = unit_name_is_template(unit)
				  ? arena_printf(a, "%.*sx%s", (int)(at + 1 - unit), unit, at + 1)
				  : unit;

	*ret_known = unit_specifiers(a, one, path);
	return strchr(path, '%');
}

static void parse_path(
	struct reader *r, const struct node *n, const char *unit, struct resource *item)
{
	static const char key[] = "restart_on";
	_cleanup_err_ struct err e = ERR_INIT;
	const char *path;
	bool known;

	if (node_want_text(n, key, &path, r->diags) < 0)
		return;
	if (*path != '/')
		diag_add(r->diags, n->where, "%s: \"%s\" must be a path or glob that begins with /",
			key, path);
	else if (check_path_form(path, &e) < 0)
		diag_add(r->diags, n->where, "%s: %s", key, err_text(&e));
	else if (has_specifiers(r->arena, unit, path, &known) && !known)
		diag_add(r->diags, n->where,
			"%s: \"%s\" has a specifier that is not filled in here; %%i, %%j, %%n, "
			"%%N and %%p are, and %%%% is a %%",
			key, path);
	else if (strpbrk(path, "*?[") && !strchr(path, '%') && !r->tree_missing &&
		 !ships(r->want, path))
		diag_add(r->diags, n->where,
			"%s: \"%s\" matches no file of the state (a glob over target paths; * "
			"stops at /, ** does not)",
			key, path);
	else
		resource_add(r->want->arena, item, key, path);
}

void parse_restart_on(
	struct reader *r, const struct node *list, const char *unit, struct resource *item)
{
	if (node_want_seq(list, "restart_on", r->diags) < 0 ||
		!want_service(r, list, "restart_on", unit))
		return;
	for (size_t i = 0; i < list->n; i++)
		parse_path(r, list->items[i], unit, item);
}

void parse_on_change(
	struct reader *r, const struct node *n, const char *unit, struct resource *item)
{
	static const char key[] = "on_change";
	const char *word;

	if (node_want_text(n, key, &word, r->diags) < 0 || !want_service(r, n, key, unit))
		return;
	if (!strcmp(word, "reload"))
		resource_set(r->want->arena, item, key, word);
	else if (strcmp(word, "restart") != 0)
		diag_add(
			r->diags, n->where, "%s: must be restart or reload, not \"%s\"", key, word);
}

bool is_restart_on(const char *s)
{
	return check_path_form(s, NULL) >= 0;
}

bool is_on_change(const char *s)
{
	return !strcmp(s, "reload");
}
