/*
 * Unit names as systemd.unit(5) has them (unitpath.h).
 * Pure. Called by the modules and by whoever looks at units.
 */
#include <string.h>

#include "l4sync/text.h"
#include "l4sync/unitpath.h"

#define UNIT_NAME_MAX 255
#define UNIT_CHARS "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ:-_.\\@"

const char *unit_name_type(const char *name)
{
	static const char *const types[] = {"service", "socket", "target", "device", "mount",
		"automount", "swap", "timer", "path", "slice", "scope"};
	const char *dot = strrchr(name, '.');

	for (size_t i = 0; dot && i < ELEMENTS(types); i++)
		if (!strcmp(dot + 1, types[i]))
			return dot + 1;
	return NULL;
}

bool unit_name_valid(const char *name)
{
	size_t n = strlen(name);
	const char *type = unit_name_type(name);

	return type && n <= UNIT_NAME_MAX && strspn(name, UNIT_CHARS) == n && *name != '@' &&
		type - 1 != name;
}

bool unit_name_is_template(const char *name)
{
	const char *at = strchr(name, '@');

	return at && at + 1 == strrchr(name, '.') && unit_name_valid(name);
}

bool unit_name_is_instance(const char *name)
{
	return strchr(name, '@') && unit_name_valid(name) && !unit_name_is_template(name);
}

const char *unit_name_template(struct arena *a, const char *name)
{
	if (!unit_name_is_instance(name))
		return NULL;
	return arena_printf(a, "%.*s@%s", (int)(strchr(name, '@') - name), name,
		strrchr(name, '.'));
}
