/*
 * Since when services run, what runs of them, and when systemd has read its files (bus.h). The
 * first and the last are asked at every plan, so no more than that. Called by the search for what
 * runs with less than it should.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "l4sync/text.h"

#include "bus_internal.h"

/* A call in flight: where its number goes. */
struct number {
	struct flight *flight;
	char type; /* D-Bus type of *at */
	void *at;
	int error;
	struct err *e;
};

/* What is gone by now. */
static bool is_gone(const sd_bus_error *error)
{
	return sd_bus_error_has_name(error, ERROR_NO_SUCH_UNIT) ||
	       sd_bus_error_has_name(error, SD_BUS_ERROR_UNKNOWN_OBJECT);
}

static int on_number(sd_bus_message *m, void *userdata, sd_bus_error *ignored)
{
	struct number *x = userdata;
	const sd_bus_error *error = sd_bus_message_get_error(m);
	const char type[] = {x->type, '\0'};

	(void)ignored;
	x->flight->pending--;
	if (error && is_gone(error))
		return 0;
	int r = error ? -sd_bus_error_get_errno(error) : sd_bus_message_read(m, "v", type, x->at);
	if (r < 0)
		x->error = bus_fail(x->e, error, r, "cannot read what systemd says of its units");
	return 0;
}

static int first_error(const struct number *numbers, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (numbers[i].error < 0)
			return numbers[i].error;
	return 0;
}

int bus_units_started(struct bus *b, struct arena *a, const char *const *names, size_t n,
	uint64_t *started_usec, uint64_t *ret_read_usec, struct err *e)
{
	struct number *numbers = arena_array(a, struct number, 2 * n + 1);
	uint64_t *executed_usec = arena_array(a, uint64_t, n);
	struct flight f = {.b = b};
	size_t n_asked = 1;

	*ret_read_usec = 0;
	numbers[0] = (struct number){&f, 't', ret_read_usec, 0, e};
	int r = bus_flight_get(&f, SYSTEMD_PATH, MANAGER_INTERFACE, "UnitsLoadTimestamp", on_number,
		&numbers[0], e);
	for (size_t i = 0; i < n && r >= 0; i++) {
		started_usec[i] = executed_usec[i] = 0;
		numbers[n_asked] = (struct number){&f, 't', &started_usec[i], 0, e};
		r = bus_flight_get_unit(&f, names[i], UNIT_INTERFACE, "InactiveExitTimestamp",
			on_number, &numbers[n_asked++], e);
		if (r < 0 || !text_ends(names[i], ".service"))
			continue;
		/* An automatic restart does not touch the former. */
		numbers[n_asked] = (struct number){&f, 't', &executed_usec[i], 0, e};
		r = bus_flight_get_unit(&f, names[i], SERVICE_INTERFACE, "ExecMainStartTimestamp",
			on_number, &numbers[n_asked++], e);
	}
	if (r >= 0)
		r = bus_flight_wait(&f, e);
	if (r >= 0)
		r = first_error(numbers, n_asked);
	for (size_t i = 0; i < n && r >= 0; i++)
		if (started_usec[i] && executed_usec[i] > started_usec[i])
			started_usec[i] = executed_usec[i];
	return r;
}

int bus_unit_run(struct bus *b, const char *unit, struct unit_run *ret, struct err *e)
{
	struct flight f = {.b = b};
	struct number numbers[] = {
		{&f, 't', &ret->state_usec, 0, e}, {&f, 'u', &ret->main_pid, 0, e}};

	*ret = (struct unit_run){0};
	int r = bus_flight_get_unit(
		&f, unit, UNIT_INTERFACE, "StateChangeTimestamp", on_number, &numbers[0], e);
	if (r >= 0)
		r = bus_flight_get_unit(
			&f, unit, SERVICE_INTERFACE, "MainPID", on_number, &numbers[1], e);
	if (r >= 0)
		r = bus_flight_wait(&f, e);
	return r < 0 ? r : first_error(numbers, ELEMENTS(numbers));
}

/* What sd_bus_get_property*() did with a property of a unit, in words. */
static int asked(struct bus *b, const char *unit, sd_bus_error *error, int r, struct err *e)
{
	b->round_trips++;
	if (r < 0)
		r = err_prefix(
			e, bus_fail(e, error, r, "cannot ask whether it was read"), "%s", unit);
	sd_bus_error_free(error);
	return r < 0 ? r : 0;
}

int bus_unit_unread(struct bus *b, const char *unit, bool *ret, struct err *e)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	_cleanup_free_ char *path = NULL;
	int unread = 0;
	int r = sd_bus_path_encode(SYSTEMD_PATH "/unit", unit, &path);

	if (r >= 0)
		r = sd_bus_get_property_trivial(b->bus, SYSTEMD_NAME, path, UNIT_INTERFACE,
			"NeedDaemonReload", &error, 'b', &unread);
	*ret = unread;
	return asked(b, unit, &error, r, e);
}

int bus_unit_has_read(struct bus *b, const char *unit, const char *file, bool *ret, struct err *e)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	_cleanup_free_ char *path = NULL, *fragment = NULL;
	char **dropins = NULL;
	int r = sd_bus_path_encode(SYSTEMD_PATH "/unit", unit, &path);

	if (r >= 0)
		r = sd_bus_get_property_string(b->bus, SYSTEMD_NAME, path, UNIT_INTERFACE,
			"FragmentPath", &error, &fragment);
	if (r >= 0)
		r = sd_bus_get_property_strv(b->bus, SYSTEMD_NAME, path, UNIT_INTERFACE,
			"DropInPaths", &error, &dropins);
	*ret = fragment && !strcmp(fragment, file);
	for (size_t i = 0; dropins && dropins[i]; i++) {
		*ret |= !strcmp(dropins[i], file);
		free(dropins[i]);
	}
	free(dropins);
	return asked(b, unit, &error, r, e);
}
