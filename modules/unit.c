/*
 * unit:NAME: a unit's fragment in a unit directory, as a file or as a symbolic link.
 * Called through the registry.
 */
#include "l4sync/check.h"
#include "l4sync/registry.h"

#include "placed.h"

static int unit_check(const struct resource *item, struct err *e)
{
	return check_unit_file(item, e);
}

static const char *const unit_compared[] = {"owner", "group", "mode", "target", "path", NULL};

const struct module module_unit = {
	.type = "unit",
	.check = unit_check,
	.compared = unit_compared,
	.inspect = placed_inspect,
	.enqueue = placed_enqueue,
};
