/*
 * The units that run and from which a daemon-reload takes something away (bus.h).
 * Changes nothing. Called by live.c, behind each reload.
 */
#include <errno.h>
#include <string.h>

#include "l4sync/text.h"
#include "l4sync/unitpath.h"

#include "bus_internal.h"

/* Programs that systemd attaches to a cgroup. systemd 257 detaches the first two at any reload, the
 * third at the second one; those of IPAddress*=, Device*= and RestrictFileSystems= stay. */
static const char *const filters[] = {
	"SocketBindAllow", "SocketBindDeny", "RestrictNetworkInterfaces"};

struct holder {
	struct flight *flight;
	const char *unit;
	bool filtered;
	int error;
};

/* Whether the array in the variant has an element; RestrictNetworkInterfaces= has a boolean before
 * it: which way round the list is meant. */
static int read_filtered(sd_bus_message *m, bool *ret)
{
	const char *contents;
	char type;
	int r = sd_bus_message_peek_type(m, &type, &contents);

	if (r >= 0)
		r = sd_bus_message_enter_container(m, type, contents);
	if (r >= 0)
		r = sd_bus_message_peek_type(m, &type, &contents);
	if (r >= 0 && type == 'r') {
		r = sd_bus_message_enter_container(m, type, contents);
		if (r >= 0)
			r = sd_bus_message_skip(m, "b");
		if (r >= 0)
			r = sd_bus_message_peek_type(m, &type, &contents);
	}
	if (r >= 0)
		r = sd_bus_message_enter_container(m, type, contents);
	if (r >= 0)
		r = sd_bus_message_at_end(m, 0);
	if (r >= 0)
		*ret |= !r;
	return r;
}

/* A unit that is gone by now has lost nothing. */
static int on_filter(sd_bus_message *m, void *userdata, sd_bus_error *ignored)
{
	struct holder *h = userdata;

	(void)ignored;
	h->flight->pending--;
	if (!sd_bus_message_is_method_error(m, NULL)) {
		int r = read_filtered(m, &h->filtered);

		if (r < 0)
			h->error = r;
	}
	return 0;
}

static int ask_filters(struct flight *f, struct arena *a, struct holder *h, struct err *e)
{
	_cleanup_free_ char *path = NULL;
	int r = sd_bus_path_encode(SYSTEMD_PATH "/unit", h->unit, &path);

	if (r < 0)
		return err_errno(e, r, "%s", h->unit);
	for (size_t i = 0; i < ELEMENTS(filters) && r >= 0; i++)
		r = bus_flight_get(
			f, path, bus_type_interface(a, h->unit), filters[i], on_filter, h, e);
	return r;
}

/* What has processes of its own in a cgroup. */
static bool may_be_filtered(const struct unit_status *u)
{
	const char *type = unit_name_type(u->name);

	return strcmp(u->active_state, "inactive") != 0 && type &&
	       text_has_word("service socket mount swap scope slice", type);
}

int bus_filtered_units(
	struct bus *b, struct arena *a, const char ***ret, size_t *ret_n, struct err *e)
{
	struct flight f = {.b = b};
	struct unit_status *units;
	size_t n, n_holders = 0;
	int r = bus_list_units(b, a, &units, &n, e);

	if (r < 0)
		return r;
	struct holder *holders = arena_array(a, struct holder, n);
	for (size_t i = 0; i < n && r >= 0; i++)
		if (may_be_filtered(&units[i])) {
			struct holder *h = &holders[n_holders++];

			*h = (struct holder){.flight = &f, .unit = units[i].name};
			r = ask_filters(&f, a, h, e);
		}
	if (r >= 0)
		r = bus_flight_wait(&f, e);
	*ret = arena_array(a, const char *, n_holders);
	*ret_n = 0;
	for (size_t i = 0; i < n_holders && r >= 0; i++) {
		if (holders[i].error < 0)
			r = err_errno(e, holders[i].error,
				"%s: cannot read what systemd says of its network filters",
				holders[i].unit);
		else if (holders[i].filtered)
			(*ret)[(*ret_n)++] = holders[i].unit;
	}
	return r < 0 ? r : 0;
}
