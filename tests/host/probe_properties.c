/*
 * Job: prints what systemd says of units over D-Bus, in full, as JSON; one connection for all of
 * them. Must not: leave a property out or read one; that is the tests'. Called by: systemd_probe.c.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-bus.h>

#include "l4sync/mem.h"

#include "probe.h"

static int print_value(sd_bus_message *m);

static void print_string(const char *s)
{
	putchar('"');
	for (; *s; s++) {
		if ((unsigned char)*s < ' ' || *s == '"' || *s == '\\' || *s == 0x7f)
			printf("\\u%04x", (unsigned)*s);
		else
			putchar(*s);
	}
	putchar('"');
}

static int print_basic(sd_bus_message *m, char type)
{
	union {
		uint8_t y;
		int b;
		int16_t n;
		uint16_t q;
		int32_t i;
		uint32_t u;
		int64_t x;
		uint64_t t;
		double d;
		const char *s;
	} v;
	int r = sd_bus_message_read_basic(m, type, &v);

	if (r < 0)
		return r;
	switch (type) {
	case 'y':
		return printf("%u", v.y);
	case 'b':
		return printf("%s", v.b ? "true" : "false");
	case 'n':
		return printf("%d", v.n);
	case 'q':
		return printf("%u", v.q);
	case 'i':
		return printf("%" PRId32, v.i);
	case 'u':
		return printf("%" PRIu32, v.u);
	case 'x':
		return printf("%" PRId64, v.x);
	case 't':
		return printf("%" PRIu64, v.t);
	case 'd':
		return printf("%g", v.d);
	default:
		print_string(v.s);
		return 0;
	}
}

/* An array, a structure, an entry of a dictionary: all are lists. */
static int print_container(sd_bus_message *m, char type, const char *contents)
{
	int r = sd_bus_message_enter_container(m, type, contents), n = 0;

	if (r < 0)
		return r;
	if (type != 'v')
		putchar('[');
	while ((r = sd_bus_message_at_end(m, false)) == 0) {
		if (n++)
			putchar(',');
		if ((r = print_value(m)) < 0)
			return r;
	}
	if (type != 'v')
		putchar(']');
	return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int print_value(sd_bus_message *m)
{
	const char *contents;
	char type;
	int r = sd_bus_message_peek_type(m, &type, &contents);

	if (r <= 0)
		return r ? r : -1;
	return contents ? print_container(m, type, contents) : print_basic(m, type);
}

/* NAME<TAB>{"Property": VALUE, …} */
static int print_all(sd_bus_message *m, const char *name)
{
	int r = sd_bus_message_enter_container(m, 'a', "{sv}"), n = 0;

	if (r < 0)
		return r;
	printf("%s\t{", name);
	while ((r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
		if (n++)
			putchar(',');
		if ((r = print_value(m)) < 0)
			return r;
		putchar(':');
		if ((r = print_value(m)) < 0 || (r = sd_bus_message_exit_container(m)) < 0)
			return r;
	}
	printf("}\n");
	return r;
}

int cmd_properties(void)
{
	_cleanup_free_ char *line = NULL;
	sd_bus *bus = NULL;
	size_t size = 0;
	int r = sd_bus_open_system(&bus);

	while (r >= 0 && getline(&line, &size, stdin) > 0) {
		sd_bus_error e = SD_BUS_ERROR_NULL;
		sd_bus_message *reply = NULL;
		char *path = NULL;

		line[strcspn(line, "\n")] = '\0';
		if ((r = sd_bus_path_encode("/org/freedesktop/systemd1/unit", line, &path)) < 0)
			break;
		r = sd_bus_call_method(bus, "org.freedesktop.systemd1", path,
			"org.freedesktop.DBus.Properties", "GetAll", &e, &reply, "s", "");
		if (r >= 0)
			r = print_all(reply, line);
		else
			fprintf(stderr, "%s: %s\n", line, e.message);
		sd_bus_message_unref(reply);
		sd_bus_error_free(&e);
		free(path);
	}
	sd_bus_flush_close_unref(bus);
	return r < 0;
}
