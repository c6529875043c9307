/*
 * verify:UNIT: what must be true of the running processes of a unit, or of a template's instances
 * (`verify:`). kernel (true): every declared setting that the kernel can be asked about; exposure:
 * what systemd-analyze may give it at most; hidden: paths that do not exist for them; empty:
 * directories in which they find nothing; syscalls_denied: system calls that are not let through;
 * denied_bind: ports that they cannot bind; isolated_from: units of which they see no process.
 * Nothing of it is compared or changed: reconciler/verify/rules.c and, of a new sandbox,
 * reconciler/probe judge it. Called through the registry.
 */
#include <errno.h>
#include <string.h>

#include "l4sync/check.h"
#include "l4sync/plan.h"
#include "l4sync/probe.h"
#include "l4sync/registry.h"
#include "l4sync/text.h"
#include "l4sync/unitpath.h"

#include "../reconciler/verify/seccomp.h"

/* As calls are named in all tables; which there are, the reader asks libseccomp. */
static bool is_call(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_");

	return n && n < 64 && !s[n];
}

static int check_call(const char *text, struct err *e)
{
	if (*text == '@')
		return err_set(e, -EINVAL,
			"\"%s\" is a group of system calls: name those that must be denied, one by "
			"one (systemd-analyze syscall-filter %s lists them)",
			text, text);
	if (!is_call(text) || !seccomp_call_known(text)) {
		_cleanup_arena_ struct arena *a = arena_new();
		const char **names, *nearest = NULL;

		if (seccomp_calls(a, seccomp_abi_find("native"), &names))
			nearest = text_nearest(text, names);
		return err_set(e, -EINVAL, "\"%s\" is no system call that libseccomp knows%s%s%s",
			text, nearest ? "; did you mean " : "", nearest ? nearest : "",
			nearest ? "?" : "");
	}
	return 0;
}

static bool is_port(const char *s)
{
	bool is_udp;
	unsigned port;

	return probe_port_parse(s, &is_udp, &port);
}

static int check_port(const char *text, struct err *e)
{
	return is_port(text) ? 0
			     : err_set(e, -EINVAL,
				       "must be udp: or tcp: and a port from 1 to 65535, as "
				       "udp:5555, not \"%s\"",
				       text);
}

/* Names of services that can run, or globs over them. */
static bool is_units(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
			     ":-_.\\@*?[]!^");

	return n && n < 256 && !s[n] && text_ends(s, ".service") && !text_ends(s, "@.service");
}

static int check_units(const char *text, struct err *e)
{
	if (text_ends(text, "@.service"))
		return err_set(e, -EINVAL,
			"\"%s\" is a template, which does not run itself; its instances are "
			"\"%.*s*.service\"",
			text, (int)(strlen(text) - strlen(".service")), text);
	return is_units(text) ? 0
			      : err_set(e, -EINVAL,
					"\"%s\" is no name of a service and no glob of such names; "
					"one ends in .service",
					text);
}

/* The keys whose value is a list; each of its texts, as it may stand in the state. */
static const struct list {
	const char *key;
	int (*check)(const char *text, struct err *e);
} lists[] = {
	{"hidden", check_path_form},
	{"empty", check_path_form},
	{"syscalls_denied", check_call},
	{"denied_bind", check_port},
	{"isolated_from", check_units},
};

static const struct list *list_find(const char *key)
{
	for (size_t i = 0; i < ELEMENTS(lists); i++)
		if (!strcmp(lists[i].key, key))
			return &lists[i];
	return NULL;
}

static void parse_list(
	struct reader *r, const struct node *list, const struct list *of, struct resource *item)
{
	const char *text;

	if (node_want_seq(list, of->key, r->diags) < 0)
		return;
	for (size_t i = 0; i < list->n; i++) {
		_cleanup_err_ struct err e = ERR_INIT;

		if (node_want_text(list->items[i], of->key, &text, r->diags) < 0)
			continue;
		if (of->check(text, &e) < 0)
			diag_add(r->diags, list->items[i]->where, "%s: %s", of->key, err_text(&e));
		else
			resource_add(r->want->arena, item, of->key, text);
	}
}

/* Units and tenths, as systemd-analyze prints them. */
static bool is_exposure(const char *s)
{
	size_t whole = strspn(s, "0123456789");

	if (!strcmp(s, "10") || !strcmp(s, "10.0"))
		return true;
	return whole == 1 && (!s[1] || (s[1] == '.' && s[2] >= '0' && s[2] <= '9' && !s[3]));
}

static void parse_exposure(struct reader *r, const struct node *n, struct resource *item)
{
	const char *text;

	if (node_want_text(n, "exposure", &text, r->diags) < 0)
		return;
	if (is_exposure(text))
		resource_set(r->want->arena, item, "exposure", text);
	else
		diag_add(r->diags, n->where,
			"exposure: must be what systemd-analyze security may print at most, from 0 "
			"to 10.0, as 1.3, not \"%s\"",
			text);
}

static void parse_unit(struct reader *r, const struct node *name, const struct node *map)
{
	static const char *const known[] = {"kernel", "hidden", "empty", "exposure",
		"syscalls_denied", "isolated_from", "denied_bind", NULL};
	const char *unit;
	bool kernel;

	if (node_want_text(name, "verify", &unit, r->diags) < 0)
		return;
	if (!unit_name_is_service(unit)) {
		diag_add(r->diags, name->where,
			"verify: \"%s\" is no name of a service; one ends in .service", unit);
		return;
	}
	if (node_want_map(map, unit, r->diags) < 0)
		return;
	struct resource *item =
		resources_add(r->want, arena_printf(r->want->arena, "verify:%s", unit));
	item->where = name->where;
	node_keys(map, known, r->diags);
	for (size_t i = 0; i < map->n; i++) {
		const char *key = map->keys[i]->text;
		const struct node *n = map->items[i];
		const struct list *list = list_find(key);

		if (list)
			parse_list(r, n, list, item);
		else if (!strcmp(key, "exposure"))
			parse_exposure(r, n, item);
		else if (!strcmp(key, "kernel") && !node_want_bool(n, key, &kernel, r->diags) &&
			 kernel)
			resource_set(r->want->arena, item, key, "true");
	}
}

static int verify_parse(struct reader *r, const char *section, const struct node *node)
{
	return reader_section(r, section, node, parse_unit);
}

static bool is_true(const char *s)
{
	return !strcmp(s, "true");
}

static bool is_path(const char *s)
{
	return check_path_form(s, NULL) >= 0;
}

static int verify_check(const struct resource *item, struct err *e)
{
	static const struct attr_rule rules[] = {
		{"kernel", is_true, ATTR_OPTIONAL},
		{"exposure", is_exposure, ATTR_OPTIONAL},
		{"hidden", is_path, ATTR_REPEATED},
		{"empty", is_path, ATTR_REPEATED},
		{"syscalls_denied", is_call, ATTR_REPEATED},
		{"denied_bind", is_port, ATTR_REPEATED},
		{"isolated_from", is_units, ATTR_REPEATED},
		{0},
	};

	if (!unit_name_is_service(resource_name(item->id)))
		return err_set(e, -EINVAL, "%s: no name of a service", item->id);
	int r = check_content(item, false, e);
	return r ? r : check_attrs(item, rules, e);
}

static const char *const verify_sections[] = {"verify", NULL};

const struct module module_verify = {
	.type = "verify",
	.sections = verify_sections,
	.parse = verify_parse,
	.check = verify_check,
};
