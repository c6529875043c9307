/*
 * Deferred restarts on disk, and as systemd's markers (deferred.h).
 * Decides nothing but whether a debt is still owed. Called by the pipeline, the recovery and
 * status.
 */
#include "l4sync/deferred.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "l4sync/bus.h"
#include "l4sync/check.h"
#include "l4sync/text.h"
#include "l4sync/txn.h"
#include "l4sync/unit_view.h"

#define DEFERRED "deferred"
#define PREPARED "deferred.prepared"
#define WHAT "the list of deferred restarts; if it is removed they are forgotten"
#define DEBT_TYPE "debt"
#define UNMARK_TYPE "unmark" /* a marker that goes: what the unit runs with is right again */

static size_t count_values(const struct resource *item, const char *key)
{
	size_t n = 0;

	for (size_t i = 0; i < item->n_attrs; i++)
		n += !strcmp(item->attrs[i].key, key);
	return n;
}

static const char *nth_value(const struct resource *item, const char *key, size_t n)
{
	size_t i = 0;

	while (strcmp(item->attrs[i].key, key) != 0 || n--)
		i++;
	return item->attrs[i].value;
}

static bool take_debt(struct arena *a, const struct resource *item, struct debt *ret)
{
	const char *invocation = resource_get(item, "invocation"),
		   *since = resource_get(item, "since"), *reason = resource_get(item, "reason"),
		   *marker = resource_get(item, "marker"), *why = resource_get(item, "why");
	size_t n = count_values(item, "because");

	if (!resource_is(item, DEBT_TYPE) || !unit_name_valid(resource_name(item->id)) ||
		!invocation || !since || !check_is_number(since) || !reason || !n ||
		n != count_values(item, "was"))
		return false;
	*ret = (struct debt){.unit = arena_strdup(a, resource_name(item->id)),
		.invocation = arena_strdup(a, invocation),
		.since = strtoll(since, NULL, 10),
		.reason = arena_strdup(a, reason),
		.why = why ? arena_strdup(a, why) : NULL,
		.n_causes = n,
		.causes = arena_array(a, struct debt_cause, n),
		.marker = !marker                  ? MARKER_NONE
			  : !strcmp(marker, "new") ? MARKER_NEW
						   : MARKER_SET};
	for (size_t i = 0; i < n; i++)
		ret->causes[i] = (struct debt_cause){arena_strdup(a, nth_value(item, "because", i)),
			arena_strdup(a, nth_value(item, "was", i))};
	return true;
}

/* Debts whose invocation has ended are paid, by whomever. */
static int drop_paid(struct host *h, struct arena *a, struct debts *debts, struct err *e)
{
	struct unit_details *details = arena_array(a, struct unit_details, debts->n);
	const char **names = arena_array(a, const char *, debts->n);
	struct bus *bus;
	size_t kept = 0;

	for (size_t i = 0; i < debts->n; i++)
		names[i] = debts->items[i].unit;
	int r = host_bus(h, &bus, e);
	if (r >= 0)
		r = bus_unit_details(bus, a, names, debts->n, false, details, e);
	for (size_t i = 0; i < debts->n && r >= 0; i++) {
		const struct unit_status now = {.active_state = details[i].active_state};

		if (details[i].found && unit_status_running(&now) &&
			!strcmp(details[i].invocation_id, debts->items[i].invocation))
			debts->items[kept++] = debts->items[i];
	}
	debts->n = kept;
	return r;
}

static int compare_debts(const void *a, const void *b)
{
	return text_natural_cmp(((const struct debt *)a)->unit, ((const struct debt *)b)->unit);
}

int debts_load(struct host *h, struct arena *a, struct debts *ret, struct err *e)
{
	_cleanup_resources_ struct resources *set = NULL;

	*ret = (struct debts){0};
	if (!h->live)
		return 0;
	int r = state_read_set(h, DEFERRED, WHAT, &set, e);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	ret->items = arena_array(a, struct debt, set->n);
	for (size_t i = 0; i < set->n; i++) {
		struct debt *d = &ret->items[ret->n];

		if (resource_is(set->items[i], UNMARK_TYPE))
			continue;
		if (!take_debt(a, set->items[i], d))
			return state_bad_set(h, DEFERRED, WHAT,
				err_set(e, -EBADMSG, "%s is no deferred restart",
					set->items[i]->id),
				e);
		d->marker = d->marker ? MARKER_SET : MARKER_NONE;
		ret->n++;
	}
	if (ret->n)
		qsort(ret->items, ret->n, sizeof *ret->items, compare_debts);
	return ret->n ? drop_paid(h, a, ret, e) : 0;
}

const char *debt_text(struct arena *a, const struct debt *d)
{
	json_t *since = event_time(d->since);
	const char *when = text_time(a, arena_strdup(a, json_string_value(since)));
	const char *text;

	json_decref(since);
	if (!strcmp(d->reason, "busy-unknown"))
		return arena_printf(a,
			"%s keeps its old configuration, since %s, because whether it is busy "
			"could not be told: %s; the next apply asks again, and --restart-busy does "
			"not ask",
			d->unit, when, d->why ? d->why : "its command failed");
	if (!strcmp(d->reason, "manual"))
		text = arena_printf(a,
			"%s has restart mode manual: it keeps its old configuration, since %s, "
			"until somebody restarts it",
			d->unit, when);
	else if (!strcmp(d->reason, "along"))
		text = arena_printf(a,
			"%s keeps its old configuration, since %s, until somebody restarts it, "
			"because systemd would restart a unit along that is not to be restarted",
			d->unit, when);
	else
		text = arena_printf(a,
			"%s keeps its old configuration, since %s, because %s; the next apply "
			"tries again",
			d->unit, when,
			!strcmp(d->reason, "busy") ? "it was busy"
						   : "its restart was put off with --defer");
	return text;
}

static void add_debt(struct resources *set, const struct debt *d)
{
	struct arena *a = set->arena;
	const char *type = d->settled ? UNMARK_TYPE : DEBT_TYPE;

	if (d->settled && d->marker == MARKER_NONE)
		return;
	struct resource *item = resources_add(set, arena_printf(a, "%s:%s", type, d->unit));
	resource_add(a, item, "invocation", d->invocation);
	if (d->settled)
		return;
	resource_add(a, item, "since", arena_printf(a, "%lld", d->since));
	resource_add(a, item, "reason", d->reason);
	if (d->why)
		resource_add(a, item, "why", d->why);
	if (d->marker != MARKER_NONE)
		resource_add(a, item, "marker", d->marker == MARKER_NEW ? "new" : "set");
	for (size_t i = 0; i < d->n_causes; i++) {
		resource_add(a, item, "because", d->causes[i].id);
		resource_add(a, item, "was", d->causes[i].was);
	}
}

/* Whether there is nothing of the kind now, nor would be. */
static bool is_nothing(struct host *h, const struct resources *set)
{
	int dir;

	return !set->n && (state_dir(h, false, &dir, NULL) < 0 ||
				  faccessat(dir, DEFERRED, F_OK, AT_SYMLINK_NOFOLLOW) < 0);
}

/* A marker that somebody else has set is left to him. */
static bool may_mark(struct host *h, const char *unit)
{
	struct bus *bus;
	bool marked;

	return host_bus(h, &bus, NULL) >= 0 && bus_marked(bus, unit, &marked, NULL) >= 0 && !marked;
}

int debts_prepare(struct host *h, const struct debts *debts, struct err *e)
{
	_cleanup_resources_ struct resources *set = resources_new();
	_cleanup_buf_ struct buf bytes = BUF_INIT;

	for (size_t i = 0; i < debts->n; i++) {
		struct debt d = debts->items[i];

		if (d.marker == MARKER_NEW && !may_mark(h, d.unit))
			d.marker = MARKER_NONE;
		add_debt(set, &d);
	}
	/* What a run that was killed has left is not published by this one. */
	if (is_nothing(h, set))
		return debts_discard(h, e);
	resources_sort(set, NULL);
	resources_write(set, false, false, NULL, &bytes);
	return state_write(h, PREPARED, bytes.data, bytes.size, e);
}

/* A unit that runs in another invocation by now has no marker of ours. What cannot be marked is as
 * deferred as before: the marker only shows it to others. */
static void publish_marker(struct host *h, const struct resource *item)
{
	_cleanup_arena_ struct arena *a = arena_new();
	const char *unit = resource_name(item->id);
	bool set = resource_has(item, "marker", "new"), marked;
	struct unit_details now;
	struct bus *bus;

	if ((!set && !resource_is(item, UNMARK_TYPE)) || host_bus(h, &bus, NULL) < 0 ||
		bus_unit_details(bus, a, &unit, 1, false, &now, NULL) < 0 || !now.found ||
		!resource_has(item, "invocation", now.invocation_id) ||
		bus_marked(bus, unit, &marked, NULL) < 0 || marked == set)
		return;
	bus_mark(bus, unit, set, NULL);
}

int debts_publish(struct host *h, struct err *e)
{
	_cleanup_resources_ struct resources *set = NULL;
	int dir;
	int r = state_read_set(h, PREPARED, WHAT, &set, e);

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	for (size_t i = 0; h->live && i < set->n; i++)
		publish_marker(h, set->items[i]);
	r = state_dir(h, false, &dir, e);
	if (r < 0)
		return r;
	if (renameat(dir, PREPARED, dir, DEFERRED) < 0 || fsync(dir) < 0)
		return err_errno(e, -errno, "cannot take note of the deferred restarts");
	return 0;
}

int debts_discard(struct host *h, struct err *e)
{
	int dir;
	int r = state_dir(h, false, &dir, e);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	/* Not synced: what comes back with a power cut is overwritten, or discarded with its run.
	 */
	if (unlinkat(dir, PREPARED, 0) < 0 && errno != ENOENT)
		return err_errno(e, -errno, "cannot remove " STATE_DIR "/" PREPARED);
	return 0;
}
