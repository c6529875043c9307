/*
 * Markers=needs-restart of a unit (bus.h).
 * Decides nothing. Called by the engine where a restart is deferred.
 */
#include <string.h>

#include "bus_internal.h"

#define NEEDS_RESTART "needs-restart"

int bus_marked(struct bus *b, const char *unit, bool *ret, struct err *e)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	_cleanup_free_ char *path = NULL;
	char **markers = NULL;
	int r = sd_bus_path_encode(SYSTEMD_PATH "/unit", unit, &path);

	*ret = false;
	b->round_trips++;
	if (r >= 0)
		r = sd_bus_get_property_strv(
			b->bus, SYSTEMD_NAME, path, UNIT_INTERFACE, "Markers", &error, &markers);
	if (r < 0)
		r = err_prefix(e, bus_fail(e, &error, r, "cannot read its markers"), "%s", unit);
	for (char **m = markers; m && *m; m++) {
		*ret |= !strcmp(*m, NEEDS_RESTART);
		free(*m);
	}
	free(markers);
	sd_bus_error_free(&error);
	return r < 0 ? r : 0;
}

int bus_mark(struct bus *b, const char *unit, bool needs_restart, struct err *e)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;

	b->round_trips++;
	int r = sd_bus_call_method(b->bus, SYSTEMD_NAME, SYSTEMD_PATH, MANAGER_INTERFACE,
		"SetUnitProperties", &error, NULL, "sba(sv)", unit, 1, 1, "Markers", "as", 1,
		needs_restart ? "+" NEEDS_RESTART : "-" NEEDS_RESTART);
	if (r < 0)
		r = err_prefix(e, bus_fail(e, &error, r, "cannot set its markers"), "%s", unit);
	sd_bus_error_free(&error);
	return r < 0 ? r : 0;
}
