/*
 * What systemd says of several units, all asked at once: one round trip whatever their number
 * (bus.h).
 * Called by the modules and by bus_watch.c.
 */
#include <errno.h>
#include <string.h>

#include "bus_internal.h"

/* What is read of a unit's properties, and where it goes. */
struct property {
	const char *name;
	char type; /* D-Bus type; 'S': as, 'I': the 16 bytes of an id */
	size_t offset;
};

#define PROPERTY(name, type, member) {name, type, offsetof(struct unit_state, member)}

static const struct property unit_properties[] = {
	PROPERTY("ActiveEnterTimestamp", 't', d.active_enter_usec),
	PROPERTY("ActiveState", 's', d.active_state),
	PROPERTY("After", 'S', d.after),
	PROPERTY("CanReload", 'b', d.can_reload),
	PROPERTY("ConditionResult", 'b', condition_result),
	PROPERTY("FragmentPath", 's', d.fragment_path),
	PROPERTY("InvocationID", 'I', d.invocation_id),
	PROPERTY("LoadState", 's', d.load_state),
	PROPERTY("Names", 'S', d.names),
	PROPERTY("NeedDaemonReload", 'b', d.need_daemon_reload),
	PROPERTY("SubState", 's', d.sub_state),
	PROPERTY("UnitFileState", 's', d.unit_file_state),
};

/* Asked one by one: all of a service's properties are three hundred, with its cgroup's files read. */
static const struct property service_properties[] = {
	PROPERTY("ExecMainCode", 'i', exec_main_code),
	PROPERTY("ExecMainStatus", 'i', exec_main_status),
	PROPERTY("MainPID", 'u', d.main_pid),
	PROPERTY("NRestarts", 'u', d.n_restarts),
	PROPERTY("RemainAfterExit", 'b', remain_after_exit),
	PROPERTY("Result", 's', d.result),
	PROPERTY("Type", 's', type),
};

/* Units of these types have a Result= too. */
static const struct {
	const char *suffix, *interface;
} result_interfaces[] = {
	{".automount", "org.freedesktop.systemd1.Automount"},
	{".mount", "org.freedesktop.systemd1.Mount"},
	{".path", "org.freedesktop.systemd1.Path"},
	{".scope", "org.freedesktop.systemd1.Scope"},
	{".socket", "org.freedesktop.systemd1.Socket"},
	{".swap", "org.freedesktop.systemd1.Swap"},
	{".timer", "org.freedesktop.systemd1.Timer"},
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

static int read_all(sd_bus_message *m, struct unit_state *s)
{
	const char *name;
	int r = sd_bus_message_enter_container(m, 'a', "{sv}");

	while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
		const struct property *found = NULL;

		if ((r = sd_bus_message_read(m, "s", &name)) < 0)
			break;
		for (size_t i = 0; i < ELEMENTS(unit_properties); i++)
			if (!strcmp(unit_properties[i].name, name))
				found = &unit_properties[i];
		r = found ? read_variant(m, found, s) : sd_bus_message_skip(m, "v");
		if (r >= 0)
			r = sd_bus_message_exit_container(m);
	}
	return r;
}

static int on_all(sd_bus_message *m, void *userdata, sd_bus_error *ignored)
{
	struct unit_state *s = userdata;
	const sd_bus_error *error = sd_bus_message_get_error(m);
	int r = 0;

	(void)ignored;
	s->flight->pending--;
	if (error && sd_bus_error_has_name(error, ERROR_NO_SUCH_UNIT))
		return 0;
	if (error)
		r = -sd_bus_error_get_errno(error);
	else if ((r = read_all(m, s)) >= 0)
		s->d.found = true;
	if (r < 0 && !s->error)
		s->error = bus_fail(s->e, error, r, "cannot read its properties");
	return 0;
}

/* Answers to Get: the reply's cookie says which property was asked for. */
struct one {
	struct unit_state *state;
	const struct property *property;
};

static int on_one(sd_bus_message *m, void *userdata, sd_bus_error *ignored)
{
	struct one *one = userdata;

	(void)ignored;
	one->state->flight->pending--;
	/* The unit is gone again, or of a type that lacks this: the field stays empty. */
	if (!sd_bus_message_is_method_error(m, NULL))
		read_variant(m, one->property, one->state);
	return 0;
}

static int send_get(struct flight *f, struct unit_state *s, const char *interface,
	const struct property *p, struct err *e)
{
	struct one *one = arena_new_of(s->arena, struct one);
	sd_bus_message *m;
	int r = sd_bus_message_new_method_call(f->b->bus, &m, SYSTEMD_NAME, s->path,
		PROPERTIES_INTERFACE, "Get");

	*one = (struct one){s, p};
	if (r >= 0)
		r = sd_bus_message_append(m, "ss", interface, p->name);
	if (r < 0)
		return err_errno(e, r, "cannot ask systemd");
	return bus_flight_send(f, m, on_one, one, e);
}

static const struct property *result_property(void)
{
	for (size_t i = 0; i < ELEMENTS(service_properties); i++)
		if (!strcmp(service_properties[i].name, "Result"))
			return &service_properties[i];
	return NULL;
}

static bool has_suffix(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);

	return n > m && !strcmp(s + n - m, suffix);
}

/* The path's object is made by loading the unit: no LoadUnit() before it. */
int bus_state_send(struct flight *f, struct arena *a, const char *unit, struct unit_state *s,
	struct err *e)
{
	_cleanup_free_ char *path = NULL;
	sd_bus_message *m;
	int r = sd_bus_path_encode(SYSTEMD_PATH "/unit", unit, &path);

	*s = (struct unit_state){.d.name = unit, .arena = a, .flight = f, .e = e};
	if (r >= 0)
		r = sd_bus_message_new_method_call(f->b->bus, &m, SYSTEMD_NAME, path,
			PROPERTIES_INTERFACE, "GetAll");
	if (r >= 0)
		r = sd_bus_message_append(m, "s", UNIT_INTERFACE);
	if (r < 0)
		return err_errno(e, r, "cannot ask systemd about %s", unit);
	s->path = arena_strdup(a, path);
	r = bus_flight_send(f, m, on_all, s, e);
	for (size_t i = 0; r >= 0 && has_suffix(unit, ".service") && i < ELEMENTS(service_properties); i++)
		r = send_get(f, s, SERVICE_INTERFACE, &service_properties[i], e);
	for (size_t i = 0; r >= 0 && i < ELEMENTS(result_interfaces); i++)
		if (has_suffix(unit, result_interfaces[i].suffix))
			r = send_get(f, s, result_interfaces[i].interface, result_property(), e);
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
static int find_loaded(struct bus *b, struct unit_state *states, const char *const *names, size_t n,
	struct err *e)
{
	struct flight f = {.b = b};

	for (size_t i = 0; i < n; i++) {
		sd_bus_message *m;
		int r = sd_bus_message_new_method_call(b->bus, &m, SYSTEMD_NAME, SYSTEMD_PATH,
			MANAGER_INTERFACE, "GetUnit");

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
			r = bus_state_send(&f, a, names[i], &states[i], e);
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
