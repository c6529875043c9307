/*
 * All properties of several units in one round trip (bus_properties.h).
 * Judges none of them. Called by the comparison with the kernel.
 */
#include "l4sync/bus_properties.h"

#include <errno.h>
#include <string.h>

#include "bus_internal.h"

#define DEPTH_MAX 8

/* Where an answer goes, while it is awaited. */
struct question {
	struct flight *flight;
	struct arena *arena;
	const char *what;
	struct properties *all;    /* of GetAll() */
	const char **active_state; /* of Get() */
	int error;
	struct err *e;
};

struct flat {
	struct arena *arena;
	struct scalar *items;
	size_t n, cap;
};

static void flat_add(struct flat *f, struct scalar s)
{
	f->items = grow(f->items, &f->cap, f->n, sizeof *f->items);
	f->items[f->n++] = s;
}

static int read_bytes(sd_bus_message *m, struct flat *f)
{
	const void *bytes;
	size_t size;
	int r = sd_bus_message_read_array(m, 'y', &bytes, &size);

	if (r >= 0)
		flat_add(f, (struct scalar){arena_memdup(f->arena, bytes, size), size});
	return r;
}

static int read_basic(sd_bus_message *m, char type, struct flat *f)
{
	union {
		const char *text;
		uint8_t y;
		uint16_t q;
		int16_t n;
		uint32_t u;
		int32_t i;
		uint64_t t;
	} v = {0};
	struct scalar s = {0};
	int r = sd_bus_message_read_basic(m, type, &v);

	switch (type) {
	case 's':
	case 'o':
	case 'g':
		s.text = r < 0 ? NULL : arena_strdup(f->arena, v.text);
		break;
	case 'y':
		s.number = v.y;
		break;
	case 'q':
		s.number = v.q;
		break;
	case 'n':
		s.number = (uint64_t)(int64_t)v.n;
		break;
	case 'i':
		s.number = (uint64_t)(int64_t)v.i;
		break;
	case 'b':
	case 'u':
	case 'h':
		s.number = v.u;
		break;
	default: /* t, x, d */
		s.number = v.t;
		break;
	}
	if (r >= 0)
		flat_add(f, s);
	return r;
}

static int read_value(sd_bus_message *m, struct flat *f, unsigned depth);

/* An array's length is known once it is read: it is put where it belongs then. */
static int read_container(
	sd_bus_message *m, char type, const char *contents, struct flat *f, unsigned depth)
{
	size_t at = f->n, length = 0;
	bool counted = type == 'a' && depth > 0;
	int r = sd_bus_message_enter_container(m, type, contents);

	if (r < 0)
		return r;
	if (counted)
		flat_add(f, (struct scalar){0});
	while ((r = sd_bus_message_at_end(m, false)) == 0) {
		r = read_value(m, f, depth + 1);
		if (r < 0)
			return r;
		length++;
	}
	if (counted)
		f->items[at].number = length;
	return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int read_value(sd_bus_message *m, struct flat *f, unsigned depth)
{
	const char *contents;
	char type;
	int r = sd_bus_message_peek_type(m, &type, &contents);

	if (r <= 0)
		return r < 0 ? r : -EBADMSG;
	if (depth > DEPTH_MAX)
		return -ELOOP;
	if (type == 'a' && !strcmp(contents, "y"))
		return read_bytes(m, f);
	if (type == SD_BUS_TYPE_STRUCT || type == SD_BUS_TYPE_DICT_ENTRY || type == 'a' ||
		type == 'v')
		return read_container(m, type, contents, f, depth);
	return read_basic(m, type, f);
}

/* One entry of a{sv}. */
static int read_entry(sd_bus_message *m, struct arena *a, struct property *p)
{
	struct flat f = {.arena = a};
	const char *name, *signature;
	char type;
	int r = sd_bus_message_read(m, "s", &name);

	if (r >= 0)
		r = sd_bus_message_peek_type(m, &type, &signature);
	if (r >= 0)
		r = sd_bus_message_enter_container(m, 'v', signature);
	if (r < 0)
		return r;
	p->name = arena_strdup(a, name);
	p->signature = arena_strdup(a, signature);
	r = read_value(m, &f, 0);
	p->n = f.n;
	p->items = arena_memdup(a, f.items, f.n * sizeof *f.items);
	free(f.items);
	return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct property *)a)->name, ((const struct property *)b)->name);
}

static int read_all(sd_bus_message *m, struct arena *a, struct properties *ret)
{
	struct property *items = NULL;
	size_t n = 0, cap = 0;
	int r = sd_bus_message_enter_container(m, 'a', "{sv}");

	while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
		items = grow(items, &cap, n, sizeof *items);
		r = read_entry(m, a, &items[n++]);
		if (r >= 0)
			r = sd_bus_message_exit_container(m);
	}
	if (r >= 0 && n) {
		qsort(items, n, sizeof *items, by_name);
		ret->items = arena_memdup(a, items, n * sizeof *items);
		ret->n = n;
	}
	free(items);
	return r;
}

static int on_answer(sd_bus_message *m, void *userdata, sd_bus_error *ignored)
{
	struct question *q = userdata;
	const sd_bus_error *error = sd_bus_message_get_error(m);
	const char *text;
	int r;

	(void)ignored;
	q->flight->pending--;
	if (error) {
		r = -sd_bus_error_get_errno(error);
	} else if (q->all) {
		r = read_all(m, q->arena, q->all);
	} else {
		r = sd_bus_message_read(m, "v", "s", &text);
		if (r >= 0)
			*q->active_state = arena_strdup(q->arena, text);
	}
	/* A unit that went away meanwhile is one that does not run. */
	if (r < 0 && !(error && sd_bus_error_has_name(error, ERROR_NO_SUCH_UNIT)))
		q->error = bus_fail(q->e, error, r, q->what);
	return 0;
}

static int ask(struct question *q, const char *path, const char *interface, const char *property)
{
	sd_bus_message *m;
	int r = sd_bus_message_new_method_call(q->flight->b->bus, &m, SYSTEMD_NAME, path,
		PROPERTIES_INTERFACE, property ? "Get" : "GetAll");

	if (r >= 0)
		r = sd_bus_message_append(m, "s", interface);
	if (r >= 0 && property)
		r = sd_bus_message_append(m, "s", property);
	if (r < 0)
		return err_errno(q->e, r, "cannot ask systemd about %s", q->what);
	return bus_flight_send(q->flight, m, on_answer, q, q->e);
}

static int ask_unit(struct question q[2], const char *unit, struct unit_properties *ret)
{
	_cleanup_free_ char *path = NULL;
	int r = sd_bus_path_encode(SYSTEMD_PATH "/unit", unit, &path);

	if (r < 0)
		return err_errno(q->e, r, "cannot ask systemd about %s", unit);
	*ret = (struct unit_properties){.active_state = "inactive"};
	q[0].what = q[1].what = unit;
	q[0].all = &ret->p;
	q[1].active_state = &ret->active_state;
	r = ask(&q[0], path, bus_type_interface(q->arena, unit), NULL);
	return r < 0 ? r : ask(&q[1], path, UNIT_INTERFACE, "ActiveState");
}

int bus_properties(struct bus *b, struct arena *a, const char *const *units, size_t n,
	struct unit_properties *ret, struct properties *manager, struct err *e)
{
	struct question *q = arena_array(a, struct question, 2 * n + 1);
	struct err later = ERR_INIT;
	struct flight f = {.b = b};
	int r = 0;

	for (size_t i = 0; i <= 2 * n; i++)
		q[i] = (struct question){.flight = &f, .arena = a, .e = &later};
	for (size_t i = 0; i < n && r >= 0; i++)
		r = ask_unit(&q[2 * i], units[i], &ret[i]);
	if (r >= 0) {
		*manager = (struct properties){0};
		q[2 * n].what = "systemd";
		q[2 * n].all = manager;
		r = ask(&q[2 * n], SYSTEMD_PATH, MANAGER_INTERFACE, NULL);
	}
	if (r >= 0)
		r = bus_flight_wait(&f, &later);
	for (size_t i = 0; i <= 2 * n && r >= 0; i++)
		r = q[i].error;
	if (r < 0)
		err_set(e, r, "%s", err_text(&later));
	err_clear(&later);
	return r < 0 ? r : 0;
}

const struct property *property_find(const struct properties *p, const char *name)
{
	const struct property key = {.name = name};

	return p->n ? bsearch(&key, p->items, p->n, sizeof key, by_name) : NULL;
}

uint64_t property_number(const struct properties *p, const char *name)
{
	const struct property *found = property_find(p, name);

	return found && found->n ? found->items[0].number : 0;
}

const char *property_text(const struct properties *p, const char *name)
{
	const struct property *found = property_find(p, name);

	return found && found->n && found->items[0].text ? found->items[0].text : "";
}
