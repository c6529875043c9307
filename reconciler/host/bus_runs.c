/*
 * Since when services run, and when systemd has read its files (bus.h). Asked at every plan, so no
 * more than that.
 * Called by the search for what runs with less than it should.
 */
#include <errno.h>
#include <string.h>

#include "bus_internal.h"

/* A call in flight: where its number goes. */
struct number {
	struct flight *flight;
	uint64_t *usec;
	uint32_t *pid;
	int error;
};

/* Of what is not there any more nothing is told. */
static int on_number(sd_bus_message *m, void *userdata, sd_bus_error *ignored)
{
	struct number *x = userdata;

	(void)ignored;
	x->flight->pending--;
	if (!sd_bus_message_is_method_error(m, NULL))
		x->error = x->usec ? sd_bus_message_read(m, "v", "t", x->usec)
				   : sd_bus_message_read(m, "v", "u", x->pid);
	return 0;
}

int bus_unit_runs(struct bus *b, struct arena *a, const char *const *names, size_t n,
	struct unit_run *runs, uint64_t *ret_read_usec, struct err *e)
{
	uint64_t *executed = arena_array(a, uint64_t, n);
	struct number *numbers = arena_array(a, struct number, 4 * n + 1), *x = numbers;
	struct flight f = {.b = b};

	*ret_read_usec = 0;
	*x = (struct number){.flight = &f, .usec = ret_read_usec};
	int r = bus_flight_get(
		&f, SYSTEMD_PATH, MANAGER_INTERFACE, "UnitsLoadTimestamp", on_number, x++, e);
	for (size_t i = 0; i < n && r >= 0; i++) {
		_cleanup_free_ char *path = NULL;

		runs[i] = (struct unit_run){0};
		r = sd_bus_path_encode(SYSTEMD_PATH "/unit", names[i], &path);
		if (r < 0)
			return err_errno(e, r, "%s", names[i]);
		*x = (struct number){.flight = &f, .usec = &runs[i].started_usec};
		r = bus_flight_get(
			&f, path, UNIT_INTERFACE, "InactiveExitTimestamp", on_number, x++, e);
		*x = (struct number){.flight = &f, .usec = &runs[i].state_usec};
		if (r >= 0)
			r = bus_flight_get(&f, path, UNIT_INTERFACE, "StateChangeTimestamp",
				on_number, x++, e);
		executed[i] = 0;
		*x = (struct number){.flight = &f, .usec = &executed[i]};
		if (r >= 0)
			r = bus_flight_get(&f, path, SERVICE_INTERFACE, "ExecMainStartTimestamp",
				on_number, x++, e);
		*x = (struct number){.flight = &f, .pid = &runs[i].main_pid};
		if (r >= 0)
			r = bus_flight_get(
				&f, path, SERVICE_INTERFACE, "MainPID", on_number, x++, e);
	}
	if (r >= 0)
		r = bus_flight_wait(&f, e);
	for (const struct number *y = numbers; y < x && r >= 0; y++)
		if (y->error < 0)
			r = err_errno(e, y->error, "cannot read what systemd says of its units");
	/* An automatic restart does not touch the former. */
	for (size_t i = 0; i < n && r >= 0; i++)
		if (runs[i].started_usec && executed[i] > runs[i].started_usec)
			runs[i].started_usec = executed[i];
	return r < 0 ? r : 0;
}

int bus_unit_unread(struct bus *b, const char *unit, bool *ret, struct err *e)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	_cleanup_free_ char *path = NULL;
	int unread = 0;
	int r = sd_bus_path_encode(SYSTEMD_PATH "/unit", unit, &path);

	b->round_trips++;
	if (r >= 0)
		r = sd_bus_get_property_trivial(b->bus, SYSTEMD_NAME, path, UNIT_INTERFACE,
			"NeedDaemonReload", &error, 'b', &unread);
	if (r < 0)
		r = err_prefix(
			e, bus_fail(e, &error, r, "cannot ask whether it was read"), "%s", unit);
	sd_bus_error_free(&error);
	*ret = unread;
	return r < 0 ? r : 0;
}
