/* Between the files bus*.c: the connection, calls in flight, waiting. Nobody else's business. */
#ifndef L4SYNC_BUS_INTERNAL_H
#define L4SYNC_BUS_INTERNAL_H

#include <systemd/sd-bus.h>

#include "l4sync/bus.h"

#define SYSTEMD_NAME "org.freedesktop.systemd1"
#define SYSTEMD_PATH "/org/freedesktop/systemd1"
#define MANAGER_INTERFACE "org.freedesktop.systemd1.Manager"
#define UNIT_INTERFACE "org.freedesktop.systemd1.Unit"
#define SERVICE_INTERFACE "org.freedesktop.systemd1.Service"
#define PROPERTIES_INTERFACE "org.freedesktop.DBus.Properties"

#define CALL_USEC 30000000u

#define ERROR_NO_SUCH_UNIT "org.freedesktop.systemd1.NoSuchUnit"

struct bus {
	sd_bus *bus;
	const char *sender; /* whose signals count; NULL on the manager's own socket */
	bool subscribed;
	unsigned round_trips;
};

/* Sets the text to what the other side said, or to errno's. Returns a negative errno value. */
int bus_fail(struct err *e, const sd_bus_error *error, int r, const char *what);

/* Calls sent together; bus_flight_wait() returns when all are answered: one round trip. */
struct flight {
	struct bus *b;
	unsigned pending;
};
/* Sends m (its reference is taken over). The callback counts the answer by flight->pending--. */
int bus_flight_send(struct flight *f, sd_bus_message *m, sd_bus_message_handler_t answered,
	void *userdata, struct err *e);
/* The same with the question for one property of an object. */
int bus_flight_get(struct flight *f, const char *path, const char *interface, const char *property,
	sd_bus_message_handler_t answered, void *userdata, struct err *e);
/* The same of a loaded unit; one that is not is loaded. */
int bus_flight_get_unit(struct flight *f, const char *unit, const char *interface,
	const char *property, sd_bus_message_handler_t answered, void *userdata, struct err *e);
int bus_flight_wait(struct flight *f, struct err *e);

/* Signals are sent to who asked for them; once a connection. */
int bus_subscribe(struct bus *b, struct err *e);

/* Waiting for signals: deadline_usec, and idle called at least every 200 ms. */
struct wait {
	struct bus *b;
	uint64_t deadline_usec;
	int (*idle)(void *userdata);
	void *userdata;
	uint64_t idle_usec; /* when it was last called */
};
/* Handles what has come in, or waits for it, at most until until_usec (0: the deadline). 0 to look
 * again; -ETIMEDOUT without a text after the deadline; what idle returned if that is not 0. */
int bus_wait(struct wait *w, uint64_t until_usec, struct err *e);

/* What is asked of one unit beyond unit_details. */
struct unit_state {
	struct unit_details d;
	const char *type; /* of a service: simple, oneshot, …; else NULL */
	bool remain_after_exit;
	bool condition_result;
	uint64_t condition_usec; /* when that was found; 0: not since it was loaded */
	int32_t exec_main_code, exec_main_status;
	/* While it is being fetched: */
	struct arena *arena;
	struct flight *flight;
	const char *path;
	int error;
	struct err *e;
};
/* Adds the calls for one unit to a flight; loads the unit. d alone is filled in unless for_watch.
 */
int bus_state_send(struct flight *f, struct arena *a, const char *unit, bool for_watch,
	struct unit_state *s, struct err *e);

/* "org.freedesktop.systemd1.Service": what a unit of that type has its cgroup settings in. In the
 * arena. */
const char *bus_type_interface(struct arena *a, const char *unit);

/* "226/NAMESPACE", "1/FAILURE", "42"; in the arena. */
const char *exit_status_text(struct arena *a, int status);
/* Whether it is what systemd itself ends with where it could not execute the program. */
bool exit_status_is_systemd(int status);
/* "status 226/NAMESPACE", "killed by signal 9/KILL"; NULL if it has not ended. code: CLD_EXITED. */
const char *exit_code_text(struct arena *a, int code, int status);

/* whom: "main", or "all" of its processes. */
int bus_kill_whom(struct bus *b, const char *unit, const char *whom, int signal, struct err *e);

#endif
