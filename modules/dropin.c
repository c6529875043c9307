/*
 * dropin:UNIT/NAME.conf: a drop-in in a unit directory, as a file or as a symbolic link. UNIT is
 * what the directory is called without its ".d": a unit, a prefix ("l4-.service") or a type
 * ("service").
 * Called through the registry.
 */
#include "l4sync/check.h"
#include "l4sync/registry.h"

#include "placed.h"

static int dropin_check(const struct resource *item, struct err *e)
{
	return check_unit_file(item, e);
}

static const char *const dropin_compared[] = {"owner", "group", "mode", "target", "path", NULL};

const struct module module_dropin = {
	.type = "dropin",
	.check = dropin_check,
	.compared = dropin_compared,
	.inspect = placed_inspect,
	.enqueue = placed_enqueue,
};
