/*
 * link:/path: a symbolic link outside the unit directories, of the tree or of tmpfiles.d. With
 * if-absent (a line of type L) whatever stands there is right.
 * Called through the registry.
 */
#include "l4sync/check.h"
#include "l4sync/registry.h"

#include "placed.h"

static int link_check(const struct resource *item, struct err *e)
{
	static const struct attr_rule rules[] = {
		{"target", check_is_target, ATTR_REQUIRED},
		{"if-absent", check_is_bool, ATTR_OPTIONAL},
		{"uncompared", check_is_lines, ATTR_OPTIONAL},
		{0},
	};
	int r = check_place(item, resource_name(item->id), true, e);

	if (!r)
		r = check_content(item, false, e);
	return r ? r : check_attrs(item, rules, e);
}

static int link_inspect(struct inspection *in, const char *id, const struct resource *want,
	struct resource **ret, struct err *e)
{
	int r = placed_inspect(in, id, want, ret, e);

	if (r < 0 || !*ret || !want || !resource_get(want, "if-absent"))
		return r;
	/* What leaves the state and is not the link that was made is somebody's own. */
	if (!resources_find(in->want, id)) {
		if (!resource_same(*ret, want, "target"))
			*ret = NULL;
		return 0;
	}
	*ret = arena_new_of(in->arena, struct resource);
	(*ret)->id = id;
	resource_set(in->arena, *ret, "target", resource_get(want, "target"));
	return 0;
}

static const char *const link_compared[] = {"target", NULL};

const struct module module_link = {
	.type = "link",
	.check = link_check,
	.compared = link_compared,
	.inspect = link_inspect,
	.enqueue = placed_enqueue,
};
