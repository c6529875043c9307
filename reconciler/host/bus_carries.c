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

/* Takes the names over. */
static void add_names(struct arena *a, char **names, const char ***ret, size_t *ret_n)
{
	size_t n = 0;

	while (names && names[n])
		n++;
	const char **longer = arena_array(a, const char *, *ret_n + n);
	for (size_t i = 0; i < *ret_n; i++)
		longer[i] = (*ret)[i];
	for (size_t i = 0; i < n; i++) {
		longer[(*ret_n)++] = arena_strdup(a, names[i]);
		free(names[i]);
	}
	free(names);
	*ret = longer;
}

int bus_unit_carries(struct bus *b, struct arena *a, const char *unit, const char ***ret,
	size_t *ret_n, struct err *e)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	_cleanup_free_ char *path = NULL;
	int r = sd_bus_path_encode(SYSTEMD_PATH "/unit", unit, &path);

	*ret = NULL;
	*ret_n = 0;
	for (size_t i = 0; i < ELEMENTS(relations) && r >= 0; i++) {
		char **names = NULL;

		b->round_trips++;
		r = sd_bus_get_property_strv(
			b->bus, SYSTEMD_NAME, path, UNIT_INTERFACE, relations[i], &error, &names);
		if (r >= 0)
			add_names(a, names, ret, ret_n);
	}
	if (r < 0)
		r = err_prefix(e,
			bus_fail(e, &error, r, "cannot ask what is restarted along with it"), "%s",
			unit);
	sd_bus_error_free(&error);
	return r < 0 ? r : 0;
}
