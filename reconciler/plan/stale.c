/*
 * What runs with less than it should although the files are as they should be: somebody else has
 * put them there, and has not restarted, or not even reloaded (SPEC 5). Known from what was applied
 * last, and from when each unit was started.
 * Touches nothing. Called by effects.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "l4sync/bus.h"
#include "l4sync/module.h"
#include "l4sync/text.h"
#include "l4sync/unit_meaning.h"

#include "effects_internal.h"
#include "stale.h"

#define NAMES_SHOWN 6

bool stale_is_wanted(const struct stale *s, const struct triple *t)
{
	return is_unit_file(t->module) && t->want && t->live.live && t->live.changed_usec &&
	       resource_matches(t->module, t->want, t->live.live, s->recorded->key);
}

/* Content that is what is wanted, and not what was applied last. */
static bool has_come(const struct recorded *x, const struct triple *t)
{
	const char *type = t->module->type;

	return t->base && t->want && t->live.live && !t->live.skip && t->live.changed_usec &&
	       (is_unit_file(t->module) || !strcmp(type, "file") || !strcmp(type, "link")) &&
	       resource_matches(t->module, t->want, t->live.live, x->key) &&
	       (!resource_same(t->base, t->live.live, "target") ||
		       (t->base->content &&
			       !content_same(t->base->content, t->live.live->content, x->key)));
}

/* What was applied last is not there any more, and is not to be. */
static bool has_gone(const struct triple *t)
{
	return t->base && !t->want && !t->original && !t->live.live && !t->live.skip &&
	       is_unit_file(t->module);
}

/* When anything in the directory came or went last, or in the one above if it went along. */
static unsigned long long gone_usec(struct stale *s, const char *path)
{
	char *dir = arena_strdup(s->d.plan->arena, path), *slash;

	while ((slash = strrchr(dir, '/')) && slash > dir) {
		_cleanup_close_ int fd = -1;
		struct stat st;

		*slash = '\0';
		if (host_open_following(
			    unit_view_host(s->view), dir, O_PATH | O_DIRECTORY, &fd, NULL) >= 0)
			return fstat(fd, &st) < 0 ? 0 : stat_modified_usec(&st);
	}
	return 0;
}

/* Resources as changes from what was applied last to what is there. */
static void collect(struct stale *s)
{
	const struct recorded *x = s->recorded;
	struct arena *a = s->d.plan->arena;
	struct change *changes = arena_array(a, struct change, x->n);
	unsigned long long *changed = arena_array(a, unsigned long long, x->n);

	for (size_t i = 0; i < x->n; i++) {
		const struct triple *t = &x->triples[i];
		bool gone = has_gone(t);

		if (!gone && !has_come(x, t))
			continue;
		struct resource *old = arena_memdup(a, t->base, sizeof *old);
		if (old->content)
			old->content = x->bytes_of(x->userdata, old->content);
		changed[s->d.n_changes] =
			gone ? gone_usec(s, resource_path(t->base)) : t->live.changed_usec;
		changes[s->d.n_changes++] = (struct change){.id = t->id,
			.module = t->module,
			.op = gone ? OP_DELETE : OP_UPDATE,
			.base = old,
			.want = t->want,
			.live = t->live.live};
	}
	s->d.changes = changes;
	s->changed_usec = changed;
}

/* The search path as it was applied last. */
static int recorded_index(struct stale *s, struct unit_index **ret, struct err *e)
{
	struct arena *a = s->d.plan->arena;
	struct unit_overlay *overlays = arena_array(a, struct unit_overlay, s->d.n_changes);

	for (size_t i = 0; i < s->d.n_changes; i++) {
		const struct resource *base = s->d.changes[i].base;

		overlays[i] = (struct unit_overlay){
			resource_path(base), base->content, resource_get(base, "target")};
	}
	return unit_index_new(unit_view_host(s->view), a, overlays, s->d.n_changes, ret, e);
}

bool stale_is_younger(
	const struct stale *s, unsigned long long changed_usec, unsigned long long started_usec)
{
	return started_usec && started_usec < changed_usec && changed_usec <= s->now_usec;
}

static uint64_t started_usec(const struct stale *s, const char *unit)
{
	for (size_t i = 0; i < s->d.n_units; i++)
		if (!strcmp(s->d.units[i].name, unit))
			return s->started_usec[i];
	return 0;
}

/* Whether the unit was started before the change, which is one of the list. */
static bool is_older(const struct stale *s, const char *unit, const struct change *c)
{
	return stale_is_younger(s, s->changed_usec[c - s->d.changes], started_usec(s, unit));
}

void stale_note_time(struct stale *s, const char *unit, unsigned long long changed_usec)
{
	struct effect *f = effects_find(s->effects, ACTION_RESTART, unit);

	if (f && (f->n_because == 1 || f->older_than_usec) && f->older_than_usec < changed_usec)
		f->older_than_usec = changed_usec;
}

static void note_time(struct stale *s, const char *unit, const struct change *c)
{
	stale_note_time(s, unit, s->changed_usec[c - s->d.changes]);
}

/* Names only: the values may be nobody's business. */
static const char *names_of(struct arena *a, const struct difference *list, size_t n)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	size_t shown = 0, more = 0;

	for (size_t i = 0; i < n; i++) {
		if (list[i].class != CLASS_RESTART)
			continue;
		if (shown == NAMES_SHOWN)
			more++;
		else
			buf_addf(&b, "%s%s=", shown++ ? ", " : "", list[i].key);
	}
	if (more)
		buf_addf(&b, " and %zu more", more);
	return b.size ? arena_strdup(a, b.data) : "what it was started with";
}

static const char *what_happened(const struct change *c)
{
	return c->want ? "changed" : "was removed";
}

/* Its last file is gone: what runs cannot be started again, so that nobody restarts it. */
static void report_left_over(struct stale *s, const char *unit, const struct change *c)
{
	finding_add(&s->d.plan->findings, "stale", "unit-without-file", c->id,
		"%s still runs, and its file is gone, which was applied last: stop it with "
		"systemctl stop %s",
		unit, unit);
}

/*
 * Whether systemd has not read a change yet: then nobody runs with it, whenever he was started. Of
 * a file that is gone only what systemd has read tells: the directory may have changed since for
 * another one.
 */
static int is_unread_by(struct stale *s, const char *unit, const struct change *c, bool *ret)
{
	struct bus *bus;

	*ret = s->changed_usec[c - s->d.changes] > s->read_usec && started_usec(s, unit);
	if (!*ret || c->want)
		return 0;
	int r = host_bus(unit_view_host(s->view), &bus, s->d.e);
	return r < 0 ? r : bus_unit_has_read(bus, unit, change_path(c), ret, s->d.e);
}

static void warn_of_gone(struct stale *s, const char *unit, const struct change *c)
{
	finding_add(&s->d.plan->findings, "stale", "older-than-its-files", c->id,
		"%s was started before a file came or went last where %s was, which was removed by "
		"other hands: it may run with what that said, until it is restarted",
		unit, c->id);
}

static int consider_unit(struct stale *s, const char *unit, const struct change *c)
{
	struct unit_config before, after;
	enum directive_class class;
	struct difference *list;
	bool affected, unread;
	size_t n;
	int r = is_unread_by(s, unit, c, &unread);

	if (r < 0 || (!unread && !is_older(s, unit, c)))
		return r;
	r = unit_affected(&s->d, unit, c, &before, &after, &affected);
	if (r < 0 || !affected)
		return r;
	if (!after.found && !unit_name_may_lack_fragment(unit)) {
		report_left_over(s, unit, c);
		return 0;
	}
	unit_differences(s->d.plan->arena, &before, &after, &list, &n, &class);
	if (!c->want && !unread) {
		if (class == CLASS_RESTART)
			warn_of_gone(s, unit, c);
		return 0;
	}
	if (class == CLASS_RESTART)
		finding_add(&s->d.plan->findings, "stale", "configuration-older", c->id,
			"%s was started before %s %s, and has not been since: it runs with "
			"another %s",
			unit, c->id, what_happened(c), names_of(s->d.plan->arena, list, n));
	meaning_effects(&s->d, unit, &before, &after, c->id);
	if (!unread)
		note_time(s, unit, c);
	return 0;
}

static void content_changed(struct deriving *d, const struct named *named, const struct change *c)
{
	struct stale *s = (struct stale *)d; /* its first member */
	const char *unit = named->unit;

	if (!is_older(s, unit, c))
		return;
	finding_add(&d->plan->findings, "stale", "content-older", c->id,
		"%s was started before %s changed, and has not been since", unit, c->id);
	/* Whether somebody has reloaded it, systemd does not tell; once more does no harm. */
	if (content_action(d, named) == ACTION_RELOAD)
		effect_add(&d->plan->effects, ACTION_RELOAD, unit, c->id);
	else if (meaning_restart(d, unit, c->id))
		note_time(s, unit, c);
}

/* Units that run with what was applied last, while the files say more by now. */
static int find_older(struct stale *s)
{
	int r = recorded_index(s, &s->d.before, s->d.e);

	for (size_t i = 0; i < s->d.n_changes && r >= 0; i++)
		for (size_t j = 0; j < s->d.n_units && r >= 0; j++)
			if (is_unit_file(s->d.changes[i].module) &&
				unit_status_running(&s->d.units[j]))
				r = consider_unit(s, s->d.units[j].name, &s->d.changes[i]);
	return r < 0 ? r : content_effects(&s->d);
}

/* Whether systemd does not know the file as it is: with other content than it had when it was
 * applied, or by what systemd itself says, since the mode alone may have changed. */
static int is_unread(struct stale *s, const struct triple *t, const char *unit, bool *ret)
{
	struct bus *bus;
	int r = host_bus(unit_view_host(s->view), &bus, s->d.e);

	*ret = has_come(s->recorded, t);
	if (r < 0 || *ret)
		return r;
	return t->want ? bus_unit_unread(bus, unit, ret, s->d.e)
		       : bus_unit_has_read(bus, unit, resource_path(t->base), ret, s->d.e);
}

/* One file that is as it should be, or is not there any more, and that systemd may not have read.
 */
static int consider_unread(struct stale *s, const struct triple *t)
{
	const char *path = resource_path(t->want ? t->want : t->base);

	for (size_t i = 0; i < s->d.n_units; i++) {
		const struct unit_status *u = &s->d.units[i];
		bool unread;

		if (strcmp(u->load_state, "loaded") != 0 ||
			!unit_index_concerns(s->d.after, path, u->name))
			continue;
		int r = is_unread(s, t, u->name, &unread);
		if (r < 0)
			return r;
		if (!unread)
			continue;
		effect_add(s->effects, ACTION_DAEMON_RELOAD, NULL, t->id);
		finding_add(&s->d.plan->findings, "stale", "configuration-unread", t->id,
			"systemd has not read %s since it %s: nobody has reloaded it", t->id,
			t->want ? "changed" : "was removed");
		return 0;
	}
	return 0;
}

static int find_unread(struct stale *s)
{
	const struct recorded *x = s->recorded;
	int r = 0;

	for (size_t i = 0; i < x->n && r >= 0; i++) {
		const struct triple *t = &x->triples[i];
		unsigned long long changed = stale_is_wanted(s, t) ? t->live.changed_usec
					     : has_gone(t) ? gone_usec(s, resource_path(t->base))
							   : 0;

		if (changed > s->read_usec)
			r = consider_unread(s, t);
	}
	return r;
}

/* Which of the services that run are the state's: one of their files is. */
static int find_managed(struct stale *s)
{
	const struct recorded *x = s->recorded;
	struct unit_config config;
	int r = 0;

	s->is_managed = arena_array(s->d.plan->arena, bool, s->d.n_units);
	for (size_t i = 0; i < s->d.n_units && r >= 0; i++) {
		const struct unit_status *u = &s->d.units[i];

		s->is_managed[i] = false;
		if (!unit_status_running(u) || !text_ends(u->name, ".service"))
			continue;
		r = unit_index_config(s->d.after, u->name, &config, s->d.e);
		for (size_t k = 0; k < x->n && r >= 0 && !s->is_managed[i]; k++)
			s->is_managed[i] =
				is_unit_file(x->triples[k].module) && x->triples[k].want &&
				unit_config_has(&config, resource_path(x->triples[k].want)) &&
				stale_is_wanted(s, &x->triples[k]);
	}
	return r;
}

static int ask_started(struct stale *s)
{
	struct arena *a = s->d.plan->arena;
	const char **names = arena_array(a, const char *, s->d.n_units);
	uint64_t *started = arena_array(a, uint64_t, s->d.n_units);
	size_t *at = arena_array(a, size_t, s->d.n_units), n = 0;
	struct bus *bus;
	int r = host_bus(unit_view_host(s->view), &bus, s->d.e);

	s->started_usec = arena_array(a, uint64_t, s->d.n_units);
	for (size_t i = 0; i < s->d.n_units; i++) {
		s->started_usec[i] = 0;
		if (s->is_managed[i] || (s->d.n_changes && unit_status_running(&s->d.units[i]))) {
			at[n] = i;
			names[n++] = s->d.units[i].name;
		}
	}
	if (r >= 0)
		r = bus_units_started(bus, a, names, n, started, &s->read_usec, s->d.e);
	for (size_t i = 0; i < n && r >= 0; i++)
		s->started_usec[at[i]] = started[i];
	return r;
}

int stale_effects(struct deriving *d, const struct recorded *recorded)
{
	struct stale s = {
		.d = {.plan = d->plan,
			.view = d->view,
			.live = true,
			.content_changed = content_changed,
			.e = d->e},
		.recorded = recorded,
		.view = d->view,
		.effects = &d->plan->effects,
		.now_usec = realtime_usec(),
	};
	int r = unit_view_list(d->view, &s.d.units, &s.d.n_units, d->e);

	if (r >= 0)
		r = unit_view_before(d->view, &s.d.after, d->e);
	if (r < 0)
		return r;
	collect(&s);
	r = find_managed(&s);
	if (r >= 0)
		r = ask_started(&s);
	if (r >= 0)
		r = find_unread(&s);
	if (r >= 0 && s.d.n_changes)
		r = find_older(&s);
	return r < 0 ? r : stale_prove(&s);
}
