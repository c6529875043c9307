/*
 * dir:/path: a directory that what is shipped stands in. Without attributes it only has to exist.
 * Called through the registry.
 */
#include "l4sync/check.h"
#include "l4sync/registry.h"

static int dir_check(const struct resource *item, struct err *e)
{
	static const struct attr_rule rules[] = {
		{"owner", check_is_owner, ATTR_OPTIONAL},
		{"group", check_is_owner, ATTR_OPTIONAL},
		{"mode", check_is_mode, ATTR_OPTIONAL},
		{0},
	};
	int r = check_path(resource_name(item->id), e);

	if (r < 0)
		return err_prefix(e, r, "%s", item->id);
	r = check_content(item, false, e);
	return r ? r : check_attrs(item, rules, e);
}

static const char *const dir_compared[] = {"owner", "group", "mode", NULL};

const struct module module_dir = {
	.type = "dir",
	.check = dir_check,
	.compared = dir_compared,
};
