/*
 * Which units systemd restarts along with one (bus.h).
 * Called by the derivation of effects.
 */
#include <errno.h>
#include <stdlib.h>

#include "bus_internal.h"

/* Those that a stop is passed on to, and so a restart, as a try-restart: systemd's
 * UNIT_ATOM_PROPAGATE_STOP. */
static const char *const relations[] = {
	"RequiredBy", "RequisiteOf", "BoundBy", "ConsistsOf", "PropagatesStopTo"};

struct carried {
	struct flight *flight;
	struct arena *arena;
	const char **names;
	size_t n;
	int error;
	struct err *e;
};

/* Takes the names over. */
static void add_names(struct carried *c, char **names)
{
	size_t n = 0;

	while (names && names[n])
		n++;
	const char **longer = arena_array(c->arena, const char *, c->n + n);
	for (size_t i = 0; i < c->n; i++)
		longer[i] = c->names[i];
	for (size_t i = 0; i < n; i++) {
		longer[c->n++] = arena_strdup(c->arena, names[i]);
		free(names[i]);
	}
	free(names);
	c->names = longer;
}

static int on_relation(sd_bus_message *m, void *userdata, sd_bus_error *ignored)
{
	struct carried *c = userdata;
	const sd_bus_error *error = sd_bus_message_get_error(m);
	char **names = NULL;

	(void)ignored;
	c->flight->pending--;
	int r = error ? -sd_bus_error_get_errno(error)
		      : sd_bus_message_enter_container(m, 'v', "as");
	if (r >= 0)
		r = sd_bus_message_read_strv(m, &names);
	if (r >= 0)
		add_names(c, names);
	else if (!c->error)
		c->error = bus_fail(c->e, error, r, "cannot ask what is restarted along with it");
	return 0;
}

int bus_unit_carries(struct bus *b, struct arena *a, const char *unit, const char ***ret,
	size_t *ret_n, struct err *e)
{
	struct flight f = {.b = b};
	struct carried c = {.flight = &f, .arena = a, .e = e};
	_cleanup_free_ char *path = NULL;
	int r = sd_bus_path_encode(SYSTEMD_PATH "/unit", unit, &path);

	if (r < 0)
		return err_errno(e, r, "%s", unit);
	for (size_t i = 0; i < ELEMENTS(relations) && r >= 0; i++)
		r = bus_flight_get(&f, path, UNIT_INTERFACE, relations[i], on_relation, &c, e);
	if (r >= 0)
		r = bus_flight_wait(&f, e);
	if (r >= 0 && c.error < 0)
		r = err_prefix(e, c.error, "%s", unit);
	*ret = c.names;
	*ret_n = c.n;
	return r;
}
