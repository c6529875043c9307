/*
 * Cgroup settings of units that run (bus.h): makes systemd put them into the kernel, and says what
 * it takes them to be.
 * Restarts nothing and leaves no file behind. Called by the steps of the transaction.
 */
#include <errno.h>
#include <string.h>

#include "l4sync/text.h"
#include "l4sync/unitpath.h"

#include "bus_internal.h"

#define MARKER "needs-restart"

static int unit_object(const char *unit, char **ret, struct err *e)
{
	int r = sd_bus_path_encode(SYSTEMD_PATH "/unit", unit, ret);

	return r < 0 ? err_errno(e, r, "%s", unit) : 0;
}

const char *bus_type_interface(struct arena *a, const char *unit)
{
	char *name = arena_printf(a, SYSTEMD_NAME ".%s", unit_name_type(unit));

	name[strlen(SYSTEMD_NAME) + 1] -= 'a' - 'A';
	return name;
}

static int has_marker(struct bus *b, const char *path, bool *ret, sd_bus_error *error)
{
	char **markers = NULL;

	b->round_trips++;
	int r = sd_bus_get_property_strv(
		b->bus, SYSTEMD_NAME, path, UNIT_INTERFACE, "Markers", error, &markers);
	*ret = false;
	for (size_t i = 0; r >= 0 && markers && markers[i]; i++) {
		*ret |= !strcmp(markers[i], MARKER);
		free(markers[i]);
	}
	free(markers);
	return r;
}

/*
 * After a daemon-reload systemd takes all cgroup settings to be out of date, but writes them only
 * when the unit is touched. Setting any property does; this one is in memory alone, where others
 * leave a drop-in in /run that would shadow later changes. The marker stays as it was.
 */
int bus_realize(struct bus *b, const char *unit, struct err *e)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	_cleanup_free_ char *path = NULL;
	bool marked;
	int r = unit_object(unit, &path, e);

	if (r < 0)
		return r;
	r = has_marker(b, path, &marked, &error);
	if (r >= 0) {
		b->round_trips++;
		r = sd_bus_call_method(b->bus, SYSTEMD_NAME, path, UNIT_INTERFACE, "SetProperties",
			&error, NULL, "ba(sv)", 1, 1, "Markers", "as", 1,
			marked ? "+" MARKER : "-" MARKER);
	}
	if (r < 0)
		r = err_prefix(e,
			bus_fail(e, &error, r, "systemd did not put its settings into the kernel"),
			"%s", unit);
	sd_bus_error_free(&error);
	return r < 0 ? r : 0;
}

int bus_unit_cgroup(
	struct bus *b, struct arena *a, const char *unit, const char **ret, struct err *e)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	_cleanup_free_ char *path = NULL, *cgroup = NULL;
	int r = unit_object(unit, &path, e);

	if (r < 0)
		return r;
	b->round_trips++;
	r = sd_bus_get_property_string(b->bus, SYSTEMD_NAME, path, bus_type_interface(a, unit),
		"ControlGroup", &error, &cgroup);
	if (r < 0)
		r = err_prefix(e, bus_fail(e, &error, r, "cannot ask for its cgroup"), "%s", unit);
	else
		*ret = *cgroup ? arena_strdup(a, cgroup) : NULL;
	sd_bus_error_free(&error);
	return r < 0 ? r : 0;
}

int bus_unit_number(struct bus *b, struct arena *a, const char *unit, const char *property,
	uint64_t *ret, struct err *e)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	_cleanup_free_ char *path = NULL;
	int r = unit_object(unit, &path, e);

	if (r < 0)
		return r;
	b->round_trips++;
	r = sd_bus_get_property_trivial(b->bus, SYSTEMD_NAME, path, bus_type_interface(a, unit),
		property, &error, 't', ret);
	if (r < 0)
		r = err_prefix(e, bus_fail(e, &error, r, "cannot ask for a setting"), "%s: %s",
			unit, property);
	sd_bus_error_free(&error);
	return r < 0 ? r : 0;
}

int bus_unit_bitmap(struct bus *b, struct arena *a, const char *unit, const char *property,
	const unsigned char **ret, size_t *ret_size, struct err *e)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	_cleanup_free_ char *path = NULL;
	sd_bus_message *m = NULL;
	const void *bytes;
	int r = unit_object(unit, &path, e);

	if (r < 0)
		return r;
	b->round_trips++;
	r = sd_bus_get_property(b->bus, SYSTEMD_NAME, path, bus_type_interface(a, unit), property,
		&error, &m, "ay");
	if (r >= 0)
		r = sd_bus_message_read_array(m, 'y', &bytes, ret_size);
	if (r < 0)
		r = err_prefix(e, bus_fail(e, &error, r, "cannot ask for a setting"), "%s: %s",
			unit, property);
	else
		*ret = arena_memdup(a, bytes, *ret_size);
	sd_bus_message_unref(m);
	sd_bus_error_free(&error);
	return r < 0 ? r : 0;
}
