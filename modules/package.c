/*
 * package:NAME and package:NAME:ARCH: a package that is installed, in any version, or purged
 * (`packages:`). Attributes: state (installed), or absent (true); recommends (false) where apt is
 * not to bring what a package recommends. A name without an architecture is the host's own for
 * what is to be there, and every one's for what is not.
 * What leaves the state stays on the host. reconciler/plan/packages.c says what apt would do.
 * Called through the registry.
 */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "l4sync/check.h"
#include "l4sync/dpkg.h"
#include "l4sync/packages.h"
#include "l4sync/registry.h"
#include "l4sync/text.h"
#include "l4sync/txn.h"

#define LOWER "abcdefghijklmnopqrstuvwxyz0123456789"

bool architecture_name_valid(const char *name)
{
	return isalnum((unsigned char)*name) && strspn(name, LOWER "-") == strlen(name) &&
	       strlen(name) <= CHECK_NAME_MAX && strcmp(name, "all") != 0 &&
	       strcmp(name, "any") != 0 && strcmp(name, "native") != 0;
}

bool package_name_valid(const char *name)
{
	size_t n = strcspn(name, ":");

	return n >= 2 && n <= CHECK_NAME_MAX && isalnum((unsigned char)*name) &&
	       strspn(name, LOWER "+-.") == n &&
	       (!name[n] || architecture_name_valid(name + n + 1));
}

static int wrong_name(struct reader *r, const struct node *n)
{
	const char *colon = strchr(n->text, ':');

	if (strpbrk(n->text, "=/"))
		return diag_add(r->diags, n->where,
			"\"%s\": packages are named without a version or release, and any version "
			"will do; which one apt takes is for a file of the tree in "
			"etc/apt/preferences.d to say",
			n->text);
	if (colon && !architecture_name_valid(colon + 1))
		return diag_add(r->diags, n->where,
			"\"%s\": \"%s\" is no architecture; one looks like i386. Without one it is "
			"the host's own",
			n->text, colon + 1);
	return diag_add(r->diags, n->where,
		"\"%s\" is no package's name; one looks like nftables or libc6:i386", n->text);
}

static bool same_package(const char *present, const char *absent)
{
	size_t n = strlen(absent);

	return !strncmp(present, absent, n) &&
	       (!present[n] || (present[n] == ':' && !strchr(absent, ':')));
}

/* Of what stands in the want by now, which is not sorted yet. */
static const struct resource *find_other(struct reader *r, const char *name, bool absent)
{
	for (size_t i = 0; i < r->want->n; i++) {
		const struct resource *other = r->want->items[i];
		const char *theirs = resource_name(other->id);

		if (!resource_is(other, "package"))
			continue;
		if (!strcmp(theirs, name) ||
			(absent && !resource_get(other, "absent") && same_package(theirs, name)))
			return other;
	}
	return NULL;
}

static void add_package(struct reader *r, const struct node *n, bool absent)
{
	struct arena *a = r->want->arena;
	const char *name;

	if (node_want_text(n, absent ? "absent" : "present", &name, r->diags) < 0)
		return;
	if (!package_name_valid(name)) {
		wrong_name(r, n);
		return;
	}
	const struct resource *other = find_other(r, name, absent);
	const char *at = other ? where_text(r->arena, &other->where) : NULL;
	if (other && absent && !resource_get(other, "absent"))
		diag_add(r->diags, n->where, "%s cannot be absent: %s is to be present (%s)", name,
			resource_name(other->id), at);
	else if (other)
		diag_add(r->diags, n->where, "%s is given twice; it stands at %s too", name, at);
	if (other)
		return;
	struct resource *item = resources_add(r->want, arena_printf(a, "package:%s", name));
	item->where = n->where;
	if (absent)
		resource_set(a, item, "absent", "true");
	else
		resource_set(a, item, "state", dpkg_state_text(DPKG_INSTALLED));
}

static void add_architecture(struct reader *r, const struct node *n)
{
	const char *name;

	if (node_want_text(n, "architectures", &name, r->diags) < 0)
		return;
	const char *id = arena_printf(r->want->arena, "architecture:%s", name);
	if (!architecture_name_valid(name)) {
		diag_add(
			r->diags, n->where, "\"%s\" is no architecture; one looks like i386", name);
		return;
	}
	for (size_t i = 0; i < r->want->n; i++)
		if (!strcmp(r->want->items[i]->id, id)) {
			diag_add(r->diags, n->where, "architectures: %s is given twice", name);
			return;
		}
	resources_add(r->want, id)->where = n->where;
}

static const struct node *list_of(struct reader *r, const struct node *map, const char *key)
{
	static const struct node none;
	const struct node *list = node_get(map, key);

	return list && node_want_seq(list, key, r->diags) >= 0 ? list : &none;
}

static int package_parse(struct reader *r, const char *section, const struct node *map)
{
	static const char *const known[] = {
		"architectures", "present", "absent", "recommends", NULL};
	size_t before = r->diags->total, first = r->want->n;
	bool recommends = true;

	if (node_want_map(map, section, r->diags) < 0)
		return -EINVAL;
	node_keys(map, known, r->diags);
	const struct node *present = list_of(r, map, "present"),
			  *absent = list_of(r, map, "absent"),
			  *architectures = list_of(r, map, "architectures"),
			  *wanted = node_get(map, "recommends");
	for (size_t i = 0; i < architectures->n; i++)
		add_architecture(r, architectures->items[i]);
	for (size_t i = 0; i < present->n; i++)
		add_package(r, present->items[i], false);
	for (size_t i = 0; i < absent->n; i++)
		add_package(r, absent->items[i], true);
	if (wanted && !node_want_bool(wanted, "recommends", &recommends, r->diags) && !recommends)
		for (size_t i = first; i < r->want->n; i++)
			if (resource_get(r->want->items[i], "state"))
				resource_set(
					r->want->arena, r->want->items[i], "recommends", "false");
	return r->diags->total == before ? 0 : -EINVAL;
}

static bool is_installed(const char *value)
{
	return !strcmp(value, dpkg_state_text(DPKG_INSTALLED));
}

static bool is_true(const char *value)
{
	return !strcmp(value, "true");
}

static bool is_false(const char *value)
{
	return !strcmp(value, "false");
}

static int package_check(const struct resource *item, struct err *e)
{
	static const struct attr_rule present[] = {
		{"state", is_installed, ATTR_REQUIRED},
		{"recommends", is_false, ATTR_OPTIONAL},
		{0},
	};
	static const struct attr_rule absent[] = {
		{"absent", is_true, ATTR_REQUIRED},
		{0},
	};

	if (!package_name_valid(resource_name(item->id)))
		return err_set(e, -EINVAL, "%s: no package's name", item->id);
	int r = check_content(item, false, e);
	return r ? r : check_attrs(item, resource_get(item, "absent") ? absent : present, e);
}

static const char *const package_sections[] = {"packages", NULL};
static const char *const package_compared[] = {"state", NULL};

/* What of it there is: of one that is to be there the host's own, or that architecture's. A
 * package of which only its configuration is left is not there, unless it is to be purged. */
static const struct dpkg_package *look_up(
	const struct dpkg_status *status, const char *name, bool absent)
{
	const struct dpkg_package *p = dpkg_find(status, name);

	if (!absent)
		return p && p->state > DPKG_CONFIG_FILES ? p : NULL;
	for (size_t at = 0; (p = dpkg_next(status, name, &at));)
		if (p->state != DPKG_NOT_INSTALLED)
			return p;
	return NULL;
}

static int package_inspect(struct inspection *in, const char *id, const struct resource *want,
	struct resource **ret, struct err *e)
{
	int r = inspection_dpkg(in, e);

	*ret = NULL;
	if (!r)
		finding_add(in->findings, "unsupported", "packages-no-dpkg", id,
			"this host has no /var/lib/dpkg/status: packages are those of Debian");
	if (r <= 0)
		return r < 0 ? r : 1;
	const struct dpkg_package *p =
		look_up(in->dpkg, resource_name(id), resource_get(want, "absent"));
	if (!p)
		return 0;
	*ret = arena_new_of(in->arena, struct resource);
	(*ret)->id = id;
	resource_set(in->arena, *ret, "state",
		p->reinstall ? "reinst-required" : dpkg_state_text(p->state));
	return 0;
}

static int package_enqueue(struct txn *t, const struct change *c, struct err *e)
{
	(void)e;
	txn_package(t, resource_name(c->id), c->op == OP_DELETE,
		c->want && resource_has(c->want, "recommends", "false"));
	return 0;
}

const struct module module_package = {
	.type = "package",
	.sections = package_sections,
	.parse = package_parse,
	.check = package_check,
	.compared = package_compared,
	.live_only = true,
	.keeps_no_original = true,
	.stays = "somebody else may need it; to remove it, list it under packages: absent",
	.inspect = package_inspect,
	.enqueue = package_enqueue,
};
