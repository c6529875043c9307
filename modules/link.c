/*
 * link:/path: a symbolic link outside the unit directories.
 * Called through the registry.
 */
#include "l4sync/check.h"
#include "l4sync/registry.h"

#include "placed.h"

static int link_check(const struct resource *item, struct err *e)
{
	static const struct attr_rule rules[] = {
		{"target", check_is_target, ATTR_REQUIRED},
		{0},
	};
	int r = check_place(item, resource_name(item->id), true, e);

	if (!r)
		r = check_content(item, false, e);
	return r ? r : check_attrs(item, rules, e);
}

static const char *const link_compared[] = {"target", NULL};

const struct module module_link = {
	.type = "link",
	.check = link_check,
	.compared = link_compared,
	.inspect = placed_inspect,
	.enqueue = placed_enqueue,
};
