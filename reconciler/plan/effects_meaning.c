/*
 * What a changed configuration means for a unit that runs (SPEC 5): nothing, cgroup settings put
 * into the kernel, a restart, or a finding where a restart would stop what depends on the unit.
 * Touches nothing. Called by effects.c and, for what an apply would refuse, by the apply.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "l4sync/bus.h"
#include "l4sync/cgroup.h"
#include "l4sync/module.h"
#include "l4sync/unit_meaning.h"

#include "effects_internal.h"

#define PERMYRIAD "‱" /* parts of ten thousand, as directive_value() has them */

static bool is_service(const char *unit)
{
	const char *type = unit_name_type(unit);

	return !type || !strcmp(type, "service");
}

const char *restart_mode(const struct plan *p, const char *unit)
{
	const struct resource *policy = unit_policy(p->arena, p->want, unit);
	const char *mode = policy ? resource_get(policy, "restart.mode") : NULL;

	return mode ? mode : "rolling";
}

/* The new value of a limit in bytes or tasks: false where it is none, or a share of something that
 * only systemd knows. Of several the last counts that systemd does not refuse. */
static bool limit_of(struct arena *a, const struct difference *x, uint64_t *ret)
{
	struct directive_type type = directive_type(a, x->section, x->key);
	const char *text = "infinity";
	char *end = NULL;

	for (size_t i = x->n_new; i-- && !end;) {
		text = directive_value(a, &type, x->new[i]);
		if (!strcmp(text, "infinity"))
			return false;
		*ret = strtoull(text, &end, 10);
		if (end == text || (*end && strcmp(end, PERMYRIAD) != 0))
			end = NULL;
	}
	if (!end)
		return false;
	if (!*end)
		return true;
	*ret *= (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE) / 10000;
	return !strcmp(x->key, "MemoryMax");
}

static bool has_live(const struct difference *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (list[i].class == CLASS_LIVE)
			return true;
	return false;
}

bool meaning_restart(struct deriving *d, const char *unit, const char *because)
{
	const char *mode = restart_mode(d->plan, unit);

	if (!is_service(unit)) {
		/* Restarting a slice, target, timer or socket would stop what depends on it. */
		finding_add(&d->plan->findings, "stale", "unit-not-restarted", because,
			"%s is not restarted, for that would stop what depends on it: it keeps its "
			"old configuration until it is started next",
			unit);
		return false;
	}
	if (strcmp(mode, "rolling") != 0) {
		finding_add(&d->plan->findings, "pending", "restart-by-hand", because,
			"%s has restart mode %s: it keeps its old configuration until it is "
			"restarted",
			unit, mode);
		if (strcmp(mode, "manual") != 0)
			return false;
	}
	effect_add(&d->plan->effects, ACTION_RESTART, unit, because);
	return true;
}

void meaning_effects(struct deriving *d, const char *unit, const struct unit_config *before,
	const struct unit_config *after, const char *because)
{
	enum directive_class class;
	struct difference *list;
	size_t n;

	unit_differences(d->plan->arena, before, after, &list, &n, &class);
	bool restarts = class == CLASS_RESTART && meaning_restart(d, unit, because);
	if (has_live(list, n) && !restarts)
		effect_add(&d->plan->effects, ACTION_LIVE, unit, because);
}

void meaning_template(struct deriving *d, const struct unit_config *before,
	const struct unit_config *after, struct affected_template *ret)
{
	enum directive_class class;
	struct difference *list;
	size_t n;

	unit_differences(d->plan->arena, before, after, &list, &n, &class);
	ret->restarts = class == CLASS_RESTART;
	ret->live = has_live(list, n);
}

/* The first limit among the differences that hits what is there already; *ret NULL: none does. */
static int find_hit(struct unit_view *v, struct arena *a, const char *unit,
	const struct difference *list, size_t n, const char **ret, struct err *e)
{
	struct host *h = unit_view_host(v);
	const char *cgroup = NULL;
	uint64_t limit, used;
	struct bus *bus;
	bool hits;

	*ret = NULL;
	for (size_t i = 0; i < n && !*ret; i++)
		for (const struct cgroup_limit *of = cgroup_limits; of->directive; of++) {
			if (strcmp(list[i].key, of->directive) != 0 ||
				!limit_of(a, &list[i], &limit))
				continue;
			int r = host_bus(h, &bus, e);
			if (r >= 0 && !cgroup)
				r = bus_unit_cgroup(bus, a, unit, &cgroup, e);
			if (r < 0 || !cgroup)
				return r;
			r = cgroup_hits(h, a, cgroup, of, limit, &hits, &used, e);
			if (r < 0)
				return r;
			if (hits)
				*ret = arena_printf(a, "%s= becomes %s, and %llu are in use: %s",
					of->directive, list[i].new[list[i].n_new - 1],
					(unsigned long long)used, of->harm);
		}
	return 0;
}

int meaning_check_limits(struct unit_view *view, struct arena *a, const char *unit, struct err *e)
{
	struct unit_config before, after;
	enum directive_class class;
	struct difference *list;
	const char *hit;
	size_t n;
	int r = unit_view_configs(view, unit, &before, &after, e);

	if (r < 0)
		return r;
	unit_differences(a, &before, &after, &list, &n, &class);
	r = find_hit(view, a, unit, list, n, &hit, e);
	if (r < 0 || !hit)
		return r;
	return err_set(e, -EBUSY,
		"%s: %s, and before its restart: behind a daemon-reload systemd puts limits into "
		"force with the next start or stop in the slice. Raise the limit, or stop %s first",
		unit, hit, unit);
}
