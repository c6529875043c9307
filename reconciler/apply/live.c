/*
 * Cgroup settings of a running unit: never so that it kills, and believed only when the kernel has
 * them (live.h, SPEC 5).
 * Called by the step of the transaction and by the rollback.
 */
#include "live.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "l4sync/bus.h"
#include "l4sync/cgroup.h"
#include "l4sync/text.h"
#include "l4sync/unit_view.h"
#include "l4sync/unitpath.h"

#include "txn_internal.h"

#define CPUS_MAX 8192u

/* Where a number of systemd's stands in the kernel. */
static const struct row {
	const char *property, *file;
	bool bytes; /* the kernel rounds down to pages */
} rows[] = {
	{"MemoryMax", "memory.max", true},
	{"MemoryHigh", "memory.high", true},
	{"MemoryLow", "memory.low", true},
	{"MemoryMin", "memory.min", true},
	{"MemorySwapMax", "memory.swap.max", true},
	{"TasksMax", "pids.max", false},
	{"CPUWeight", "cpu.weight", false},
};

static const struct {
	const char *property, *file;
} sets[] = {
	{"AllowedCPUs", "cpuset.cpus"},
	{"AllowedMemoryNodes", "cpuset.mems"},
};

static int check_hits(struct txn *t, struct bus *bus, const char *unit, const char *cgroup,
	const struct cgroup_limit *of, struct err *e)
{
	uint64_t limit, used = 0;
	bool hits = false;
	int r = bus_unit_number(bus, t->arena, unit, of->directive, &limit, e);

	if (r >= 0)
		r = cgroup_hits(t->host, t->arena, cgroup, of, limit, &hits, &used, e);
	if (r < 0 || !hits)
		return r;
	return err_set(e, -EBUSY, "%s: %s= would become %llu, and %llu are in use: %s", unit,
		of->directive, (unsigned long long)limit, (unsigned long long)used, of->harm);
}

static int mismatch(const char *unit, const char *property, const char *file, const char *declared,
	const char *real, struct err *e)
{
	return err_set(e, -EREMOTEIO,
		"%s: %s= should be in force, but the kernel's %s is %s, not %s", unit, property,
		file, real, declared);
}

static int check_number(struct txn *t, struct bus *bus, const char *unit, const char *cgroup,
	const struct row *row, size_t *unchecked, struct err *e)
{
	const char *text;
	uint64_t declared;
	int r = cgroup_read(t->host, t->arena, cgroup, row->file, &text, e);

	if (r >= 0 && !text)
		(*unchecked)++;
	if (r < 0 || !text)
		return r;
	r = bus_unit_number(bus, t->arena, unit, row->property, &declared, e);
	/* A weight that is not set is whatever the kernel begins with, "idle" is another file, and
	 * protection that is not set may be the default of the slice above. */
	if (r < 0 || !declared || (declared == UINT64_MAX && !strcmp(row->file, "cpu.weight")))
		return r;
	if (row->bytes && declared != UINT64_MAX)
		declared -= declared % (uint64_t)sysconf(_SC_PAGESIZE);
	if (cgroup_number(text) == declared)
		return 0;
	return mismatch(unit, row->property, row->file,
		declared == UINT64_MAX
			? "max"
			: arena_printf(t->arena, "%llu", (unsigned long long)declared),
		text, e);
}

/* "0-2,4" as bits. False: it is no such list. */
static bool parse_set(const char *s, unsigned char bits[CPUS_MAX / 8])
{
	memset(bits, 0, CPUS_MAX / 8);
	while (*s) {
		char *end;
		unsigned long first = strtoul(s, &end, 10), last = first;

		if (end == s)
			return false;
		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		if (last < first || last >= CPUS_MAX)
			return false;
		for (; first <= last; first++)
			bits[first / 8] |= (unsigned char)(1u << first % 8);
		s = end + (*end == ',');
	}
	return true;
}

static int check_set(struct txn *t, struct bus *bus, const char *unit, const char *cgroup,
	const char *property, const char *file, size_t *unchecked, struct err *e)
{
	unsigned char real[CPUS_MAX / 8], declared[CPUS_MAX / 8] = {0};
	const unsigned char *bits;
	const char *text;
	size_t size;
	int r = cgroup_read(t->host, t->arena, cgroup, file, &text, e);

	if (r >= 0 && !text)
		(*unchecked)++;
	if (r < 0 || !text)
		return r;
	r = bus_unit_bitmap(bus, t->arena, unit, property, &bits, &size, e);
	if (r < 0)
		return r;
	memcpy(declared, bits, size < sizeof declared ? size : sizeof declared);
	if (parse_set(text, real) && !memcmp(real, declared, sizeof real))
		return 0;
	return mismatch(unit, property, file, "what the unit says", *text ? text : "empty", e);
}

/* Of one that has ended meanwhile, as a session's scope may at any moment, nothing is left to do.
 */
static int unless_gone(struct txn *t, struct bus *bus, const char *unit, int r, struct err *e)
{
	struct unit_details now;

	if (bus_unit_details(bus, t->arena, &unit, 1, false, &now, NULL) < 0 ||
		unit_details_running(&now))
		return r;
	err_clear(e);
	return 0;
}

/* A unit that is not what this run is about: what others have changed of it and not put into force
 * comes along, and must not hit what runs there. */
static int realize_other(struct txn *t, struct bus *bus, const char *unit, struct err *e)
{
	const char *cgroup = NULL;
	int r = bus_unit_cgroup(bus, t->arena, unit, &cgroup, e);

	if (r < 0 || !cgroup)
		return r;
	for (const struct cgroup_limit *of = cgroup_limits; of->directive && r >= 0; of++)
		r = check_hits(t, bus, unit, cgroup, of, e);
	if (r >= 0)
		r = bus_realize(bus, unit, e);
	if (r != -EBUSY)
		return r < 0 ? unless_gone(t, bus, unit, r, e) : r;
	event_message(t->sink, "warning",
		"%s. Somebody has lowered that and systemd will put it into force before long; "
		"what "
		"a daemon-reload takes off a unit is not put back there",
		err_text(e));
	err_clear(e);
	return 0;
}

/* A slice's DefaultMemoryLow= and DefaultMemoryMin= are its members' own, and reach the kernel only
 * when those are touched. */
static int realize_members(struct txn *t, struct bus *bus, const char *cgroup, struct err *e)
{
	struct unit_status *units;
	size_t n;
	int r = bus_list_units(bus, t->arena, &units, &n, e);

	for (size_t i = 0; i < n && r >= 0; i++) {
		const char *type = unit_name_type(units[i].name), *own;

		if (!unit_status_running(&units[i]) || !type ||
			!text_has_word("service scope slice", type))
			continue;
		r = bus_unit_cgroup(bus, t->arena, units[i].name, &own, e);
		if (r >= 0 && own && text_starts(own, arena_printf(t->arena, "%s/", cgroup)))
			r = realize_other(t, bus, units[i].name, e);
	}
	return r;
}

int live_restore_filters(struct txn *t, struct err *e)
{
	const char **units;
	struct bus *bus;
	size_t n = 0;
	int r = host_bus(t->host, &bus, e);

	if (r >= 0)
		r = bus_filtered_units(bus, t->arena, &units, &n, e);
	for (size_t i = 0; i < n && r >= 0; i++)
		r = realize_other(t, bus, units[i], e);
	return r;
}

int live_put(struct txn *t, const char *unit, size_t *ret_unchecked, struct err *e)
{
	const char *cgroup = NULL;
	struct bus *bus;
	int r = host_bus(t->host, &bus, e);

	*ret_unchecked = 0;
	if (r >= 0)
		r = bus_unit_cgroup(bus, t->arena, unit, &cgroup, e);
	if (r < 0 || !cgroup)
		return r;
	for (const struct cgroup_limit *of = cgroup_limits; of->directive && r >= 0; of++)
		r = check_hits(t, bus, unit, cgroup, of, e);
	if (r >= 0)
		r = bus_realize(bus, unit, e);
	if (r >= 0 && text_ends(unit, ".slice"))
		r = realize_members(t, bus, cgroup, e);
	for (size_t i = 0; i < ELEMENTS(rows) && r >= 0; i++)
		r = check_number(t, bus, unit, cgroup, &rows[i], ret_unchecked, e);
	for (size_t i = 0; i < ELEMENTS(sets) && r >= 0; i++)
		r = check_set(
			t, bus, unit, cgroup, sets[i].property, sets[i].file, ret_unchecked, e);
	return r;
}

int live_commit(struct txn *t, const char *unit, struct err *e)
{
	size_t unchecked;
	int r = txn_log_unit(t, "live", unit, e);

	if (r >= 0)
		r = live_put(t, unit, &unchecked, e);
	if (r >= 0 && unchecked == ELEMENTS(rows) + ELEMENTS(sets))
		event_message(t->sink, "warning",
			"%s: this kernel has no cgroup controllers for its settings: nothing could "
			"be put into force",
			unit);
	return r;
}

const char *live_sentence(struct arena *a, const char *unit)
{
	return arena_printf(a, "put the cgroup settings of %s into the kernel", unit);
}
