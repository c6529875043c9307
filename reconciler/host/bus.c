/*
 * The connection to systemd's manager: opened, calls sent together, lists, reload, reset-failed
 * (bus.h).
 * Runs no job; that is bus_jobs.c. Called by the modules service, unit, sysctl.
 */
#include <errno.h>
#include <string.h>

#include "l4sync/io.h"

#include "bus_internal.h"

#define PRIVATE_SOCKET "unix:path=/run/systemd/private"
#define IDLE_USEC 200000u
#define RETRY_USEC 250000u

int bus_fail(struct err *e, const sd_bus_error *error, int r, const char *what)
{
	if (!error || !sd_bus_error_is_set(error))
		return err_errno(e, r, "%s", what);
	int code = -sd_bus_error_get_errno(error);
	if (sd_bus_error_has_name(error, ERROR_NO_SUCH_UNIT))
		code = -ENOENT;
	return err_set(e, code < 0 ? code : -EIO, "%s: %s", what,
		error->message ? error->message : error->name);
}

/* The manager's own socket needs no dbus-daemon and one hop less; only root may use it. */
static int connect_private(sd_bus **ret)
{
	sd_bus *bus = NULL;
	int r = sd_bus_new(&bus);

	if (r >= 0)
		r = sd_bus_set_address(bus, PRIVATE_SOCKET);
	if (r >= 0)
		r = sd_bus_start(bus);
	if (r < 0)
		sd_bus_unref(bus);
	else
		*ret = bus;
	return r;
}

int bus_open(struct bus **ret, struct err *e)
{
	sd_bus *bus = NULL;
	const char *sender = NULL;
	int r = geteuid() ? -EPERM : connect_private(&bus);

	if (r < 0) {
		r = sd_bus_open_system(&bus);
		sender = SYSTEMD_NAME;
	}
	if (r == -ENOENT || r == -ECONNREFUSED)
		return err_set(e, r,
			"systemd is not running here: nothing listens on its sockets in /run; "
			"to act on a file tree use --root DIR");
	if (r < 0)
		return err_errno(e, r, "cannot connect to systemd");
	sd_bus_process(bus, NULL); /* the greeting is sent now, not before the first call */
	struct bus *b = xmalloc(sizeof *b);
	*b = (struct bus){.bus = bus, .sender = sender};
	*ret = b;
	return 0;
}

void bus_close(struct bus *b)
{
	if (!b)
		return;
	sd_bus_close(b->bus);
	sd_bus_unref(b->bus);
	free(b);
}

unsigned bus_round_trips(const struct bus *b)
{
	return b->round_trips;
}

/* Closed at once: no answer may come in any more for whom has gone away. */
static int lost(struct bus *b, int r, struct err *e)
{
	sd_bus_close(b->bus);
	return err_errno(e, r, "the connection to systemd is lost");
}

int bus_flight_send(struct flight *f, sd_bus_message *m, sd_bus_message_handler_t answered,
	void *userdata, struct err *e)
{
	int r = sd_bus_call_async(f->b->bus, NULL, m, answered, userdata, CALL_USEC);

	sd_bus_message_unref(m);
	if (r < 0)
		return lost(f->b, r, e);
	f->pending++;
	return 0;
}

int bus_flight_get(struct flight *f, const char *path, const char *interface, const char *property,
	sd_bus_message_handler_t answered, void *userdata, struct err *e)
{
	sd_bus_message *m = NULL;
	int r = sd_bus_message_new_method_call(
		f->b->bus, &m, SYSTEMD_NAME, path, PROPERTIES_INTERFACE, "Get");

	if (r >= 0)
		r = sd_bus_message_append(m, "ss", interface, property);
	if (r >= 0)
		return bus_flight_send(f, m, answered, userdata, e);
	sd_bus_message_unref(m);
	return lost(f->b, r, e);
}

int bus_flight_get_unit(struct flight *f, const char *unit, const char *interface,
	const char *property, sd_bus_message_handler_t answered, void *userdata, struct err *e)
{
	_cleanup_free_ char *path = NULL;
	int r = sd_bus_path_encode(SYSTEMD_PATH "/unit", unit, &path);

	return r < 0 ? lost(f->b, r, e)
		     : bus_flight_get(f, path, interface, property, answered, userdata, e);
}

int bus_flight_wait(struct flight *f, struct err *e)
{
	if (f->pending)
		f->b->round_trips++;
	while (f->pending) {
		int r = sd_bus_process(f->b->bus, NULL);

		if (!r)
			r = sd_bus_wait(f->b->bus, UINT64_MAX);
		if (r < 0 && r != -EINTR)
			return lost(f->b, r, e);
	}
	return 0;
}

int bus_wait(struct wait *w, uint64_t until_usec, struct err *e)
{
	uint64_t now = monotonic_usec();
	uint64_t end = until_usec && until_usec < w->deadline_usec ? until_usec : w->deadline_usec;
	int r = sd_bus_process(w->b->bus, NULL);

	if (!r && now < end) {
		uint64_t most = end - now;

		if (w->idle && most > IDLE_USEC)
			most = IDLE_USEC;
		r = sd_bus_wait(w->b->bus, most);
	} else if (!r && now >= w->deadline_usec) {
		return -ETIMEDOUT;
	}
	if (r < 0 && r != -EINTR)
		return lost(w->b, r, e);
	now = monotonic_usec();
	if (!w->idle || now - w->idle_usec < IDLE_USEC)
		return 0;
	w->idle_usec = now;
	return w->idle(w->userdata);
}

/* A call with its answer: one round trip. Connection and error are the caller's to end. */
static int call(struct bus *b, const char *method, const char *argument, uint64_t timeout_usec,
	sd_bus_error *error, sd_bus_message **ret)
{
	sd_bus_message *m = NULL;
	int r = sd_bus_message_new_method_call(
		b->bus, &m, SYSTEMD_NAME, SYSTEMD_PATH, MANAGER_INTERFACE, method);

	if (r >= 0 && argument)
		r = sd_bus_message_append(m, "s", argument);
	if (r >= 0) {
		b->round_trips++;
		r = sd_bus_call(b->bus, m, timeout_usec, error, ret);
	}
	sd_bus_message_unref(m);
	return r;
}

int bus_subscribe(struct bus *b, struct err *e)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;

	if (b->subscribed)
		return 0;
	int r = call(b, "Subscribe", NULL, CALL_USEC, &error, NULL);
	if (r < 0)
		r = bus_fail(e, &error, r, "cannot subscribe to systemd's signals");
	else
		b->subscribed = true;
	sd_bus_error_free(&error);
	return r < 0 ? r : 0;
}

static int unit_cmp(const void *a, const void *b)
{
	return strcmp(((const struct unit_status *)a)->name, ((const struct unit_status *)b)->name);
}

static int parse_units(sd_bus_message *m, struct arena *a, struct unit_status **ret, size_t *ret_n)
{
	const char *name, *load, *active, *sub, *path;
	struct unit_status *items = NULL;
	size_t n = 0, cap = 0;
	uint32_t job;
	int r = sd_bus_message_enter_container(m, 'a', "(ssssssouso)");

	while (r >= 0 && (r = sd_bus_message_read(m, "(ssssssouso)", &name, NULL, &load, &active,
				  &sub, NULL, &path, &job, NULL, NULL)) > 0) {
		items = grow(items, &cap, n, sizeof *items);
		items[n++] = (struct unit_status){arena_strdup(a, name), arena_strdup(a, load),
			arena_strdup(a, active), arena_strdup(a, sub), arena_strdup(a, path), job};
	}
	if (r >= 0) {
		if (n)
			qsort(items, n, sizeof *items, unit_cmp);
		*ret = arena_memdup(a, items, n * sizeof *items);
		*ret_n = n;
	}
	free(items);
	return r;
}

int bus_list_units(
	struct bus *b, struct arena *a, struct unit_status **ret, size_t *ret_n, struct err *e)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *m = NULL;
	int r = call(b, "ListUnits", NULL, CALL_USEC, &error, &m);

	if (r >= 0)
		r = parse_units(m, a, ret, ret_n);
	if (r < 0)
		r = bus_fail(e, &error, r, "cannot list systemd's units");
	sd_bus_message_unref(m);
	sd_bus_error_free(&error);
	return r < 0 ? r : 0;
}

int bus_reload(struct bus *b, uint64_t timeout_ms, struct err *e)
{
	uint64_t end = monotonic_usec() + timeout_ms * 1000, now;
	sd_bus_error error = SD_BUS_ERROR_NULL;
	int r = -ETIMEDOUT;

	while ((now = monotonic_usec()) < end) {
		sd_bus_error_free(&error);
		r = call(b, "Reload", NULL, end - now, &error, NULL);
		/* ReloadLimitBurst= of somebody's system.conf: the next interval lets us through.
		 */
		if (r >= 0 || !sd_bus_error_has_name(&error, SD_BUS_ERROR_LIMITS_EXCEEDED))
			break;
		usleep(RETRY_USEC);
	}
	if (r < 0)
		r = bus_fail(e, &error, r, "systemd did not reload its configuration");
	sd_bus_error_free(&error);
	return r < 0 ? r : 0;
}

int bus_reset_failed(struct bus *b, const char *unit, struct err *e)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	int r = call(b, "ResetFailedUnit", unit, CALL_USEC, &error, NULL);

	if (r < 0 && sd_bus_error_has_name(&error, ERROR_NO_SUCH_UNIT))
		r = 0;
	if (r < 0)
		r = err_prefix(
			e, bus_fail(e, &error, r, "cannot reset its failed state"), "%s", unit);
	sd_bus_error_free(&error);
	return r < 0 ? r : 0;
}
