/*
 * What systemd says of several units, all asked at once: one round trip whatever their number
 * (bus.h).
 * Called by the modules and by bus_watch.c.
 */
#include <errno.h>
#include <string.h>

#include "l4sync/text.h"

#include "bus_internal.h"

/*
 * What is read of a unit, property by property, 0.05 ms each. All of a unit's at once (GetAll) cost
 * systemd 257 2 ms a unit and interface: it looks through every drop-in directory
 * (NeedDaemonReload) and reads the cgroup's files; after a reload 5 ms more (UnitFileState).
 */
struct property {
	const char *interface, *name;
	char type;      /* D-Bus type; 'S': as, 'I': the 16 bytes of an id */
	bool for_watch; /* not part of unit_details */
	size_t offset;
};

#define UNIT_PROPERTY(name, type, for_watch, member)                                               \
	{                                                                                          \
		UNIT_INTERFACE, name, type, for_watch, offsetof(struct unit_state, member)         \
	}
#define SERVICE_PROPERTY(name, type, for_watch, member)                                            \
	{                                                                                          \
		SERVICE_INTERFACE, name, type, for_watch, offsetof(struct unit_state, member)      \
	}

static const struct property properties[] = {
	UNIT_PROPERTY("ActiveState", 's', false, d.active_state),
	UNIT_PROPERTY("SubState", 's', false, d.sub_state),
	UNIT_PROPERTY("LoadState", 's', false, d.load_state),
	UNIT_PROPERTY("InvocationID", 'I', false, d.invocation_id),
	UNIT_PROPERTY("ActiveEnterTimestamp", 't', false, d.active_enter_usec),
	UNIT_PROPERTY("InactiveExitTimestamp", 't', false, d.inactive_exit_usec),
	UNIT_PROPERTY("InactiveExitTimestampMonotonic", 't', false, d.begun_usec),
	UNIT_PROPERTY("After", 'S', false, d.after),
	UNIT_PROPERTY("CanReload", 'b', false, d.can_reload),
	UNIT_PROPERTY("FragmentPath", 's', false, d.fragment_path),
	UNIT_PROPERTY("Names", 'S', false, d.names),
	UNIT_PROPERTY("ConditionResult", 'b', true, condition_result),
	UNIT_PROPERTY("ConditionTimestamp", 't', true, condition_usec),
	SERVICE_PROPERTY("ExecMainStartTimestamp", 't', false, d.exec_start_usec),
	SERVICE_PROPERTY("ExecMainStartTimestampMonotonic", 't', false, d.executed_usec),
	SERVICE_PROPERTY("MainPID", 'u', false, d.main_pid),
	SERVICE_PROPERTY("NRestarts", 'u', false, d.n_restarts),
	SERVICE_PROPERTY("Result", 's', false, d.result),
	SERVICE_PROPERTY("ExecMainCode", 'i', true, exec_main_code),
	SERVICE_PROPERTY("ExecMainStatus", 'i', true, exec_main_status),
	SERVICE_PROPERTY("RemainAfterExit", 'b', true, remain_after_exit),
	SERVICE_PROPERTY("Type", 's', true, type),
};

static int read_strings(sd_bus_message *m, struct arena *a, const char ***ret)
{
	char **strings = NULL;
	size_t n = 0;
	int r = sd_bus_message_read_strv(m, &strings);

	if (r < 0)
		return r;
	while (strings && strings[n])
		n++;
	*ret = arena_array(a, const char *, n + 1);
	for (size_t i = 0; i < n; i++) {
		(*ret)[i] = arena_strdup(a, strings[i]);
		free(strings[i]);
	}
	free(strings);
	return 0;
}

static int read_id(sd_bus_message *m, char *ret)
{
	const void *bytes;
	size_t size;
	int r = sd_bus_message_read_array(m, 'y', &bytes, &size);

	if (r < 0 || size != 16)
		return r;
	for (size_t i = 0; i < size; i++) {
		static const char digits[] = "0123456789abcdef";
		unsigned char byte = ((const unsigned char *)bytes)[i];

		ret[2 * i] = digits[byte >> 4];
		ret[2 * i + 1] = digits[byte & 15];
	}
	ret[32] = '\0';
	return 0;
}

/* One value, m standing in its variant. */
static int read_value(sd_bus_message *m, const struct property *p, struct unit_state *s)
{
	void *at = (char *)s + p->offset;
	const char *text;
	int truth, r;

	switch (p->type) {
	case 's':
		r = sd_bus_message_read(m, "s", &text);
		if (r >= 0)
			*(const char **)at = arena_strdup(s->arena, text);
		return r;
	case 'b':
		r = sd_bus_message_read(m, "b", &truth);
		if (r >= 0)
			*(bool *)at = truth;
		return r;
	case 'S':
		return read_strings(m, s->arena, at);
	case 'I':
		return read_id(m, at);
	default:
		return sd_bus_message_read_basic(m, p->type, at);
	}
}

static const char *signature(const struct property *p)
{
	static const char one[] = "s\0b\0u\0t\0i";

	if (p->type == 'S')
		return "as";
	if (p->type == 'I')
		return "ay";
	return memchr(one, p->type, sizeof one);
}

static int read_variant(sd_bus_message *m, const struct property *p, struct unit_state *s)
{
	int r = sd_bus_message_enter_container(m, 'v', signature(p));

	if (r >= 0)
		r = read_value(m, p, s);
	return r < 0 ? r : sd_bus_message_exit_container(m);
}

/* A call in flight: what was asked, and where the answer goes. */
struct question {
	struct unit_state *state;
	const struct property *property;
};

static int on_property(sd_bus_message *m, void *userdata, sd_bus_error *ignored)
{
	struct question *q = userdata;
	struct unit_state *s = q->state;
	const sd_bus_error *error = sd_bus_message_get_error(m);

	(void)ignored;
	s->flight->pending--;
	int r = error ? -sd_bus_error_get_errno(error) : read_variant(m, q->property, s);
	if (r >= 0)
		s->d.found = true;
	else if ((!error || !sd_bus_error_has_name(error, ERROR_NO_SUCH_UNIT)) && !s->error)
		s->error = bus_fail(s->e, error, r, q->property->name);
	return 0;
}

static int ask(struct flight *f, struct unit_state *s, const struct property *p, struct err *e)
{
	struct question *q = arena_new_of(s->arena, struct question);

	*q = (struct question){s, p};
	return bus_flight_get(f, s->path, p->interface, p->name, on_property, q, e);
}

/* The path's object is made by loading the unit: no LoadUnit() before it. */
int bus_state_send(struct flight *f, struct arena *a, const char *unit, bool for_watch,
	struct unit_state *s, struct err *e)
{
	_cleanup_free_ char *path = NULL;
	bool is_service = text_ends(unit, ".service");
	int r = sd_bus_path_encode(SYSTEMD_PATH "/unit", unit, &path);

	*s = (struct unit_state){.d.name = unit, .arena = a, .flight = f, .e = e};
	if (r < 0)
		return err_errno(e, r, "cannot ask systemd about %s", unit);
	s->path = arena_strdup(a, path);
	for (size_t i = 0; r >= 0 && i < ELEMENTS(properties); i++) {
		const struct property *p = &properties[i];

		if ((!p->for_watch || for_watch) &&
			(is_service || !strcmp(p->interface, UNIT_INTERFACE)))
			r = ask(f, s, p, e);
	}
	return r;
}

static int on_loaded(sd_bus_message *m, void *userdata, sd_bus_error *ignored)
{
	struct unit_state *s = userdata;

	(void)ignored;
	s->flight->pending--;
	s->d.found = !sd_bus_message_is_method_error(m, NULL);
	return 0;
}

/* Which of them are loaded: GetUnit() is the question that does not load. */
static int find_loaded(
	struct bus *b, struct unit_state *states, const char *const *names, size_t n, struct err *e)
{
	struct flight f = {.b = b};

	for (size_t i = 0; i < n; i++) {
		sd_bus_message *m;
		int r = sd_bus_message_new_method_call(
			b->bus, &m, SYSTEMD_NAME, SYSTEMD_PATH, MANAGER_INTERFACE, "GetUnit");

		states[i].flight = &f;
		if (r >= 0)
			r = sd_bus_message_append(m, "s", names[i]);
		if (r < 0)
			return err_errno(e, r, "cannot ask systemd about %s", names[i]);
		if ((r = bus_flight_send(&f, m, on_loaded, &states[i], e)) < 0)
			return r;
	}
	return bus_flight_wait(&f, e);
}

int bus_unit_details(struct bus *b, struct arena *a, const char *const *names, size_t n, bool load,
	struct unit_details *details, struct err *e)
{
	struct unit_state *states = arena_array(a, struct unit_state, n);
	struct flight f = {.b = b};
	int r = load ? 0 : find_loaded(b, states, names, n, e);

	for (size_t i = 0; r >= 0 && i < n; i++)
		if (load || states[i].d.found)
			r = bus_state_send(&f, a, names[i], false, &states[i], e);
		else
			states[i].d.name = names[i];
	if (r >= 0)
		r = bus_flight_wait(&f, e);
	for (size_t i = 0; i < n && r >= 0; i++)
		if (states[i].error < 0)
			r = err_prefix(e, states[i].error, "%s", names[i]);
	for (size_t i = 0; i < n && r >= 0; i++)
		details[i] = states[i].d;
	return r < 0 ? r : 0;
}

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

uint64_t unit_started_realtime(const struct unit_details *d)
{
	return later(d->inactive_exit_usec, d->exec_start_usec);
}

uint64_t unit_started_monotonic(const struct unit_details *d)
{
	return later(d->begun_usec, d->executed_usec);
}
