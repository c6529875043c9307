/*
 * What the kernel tells of services that are older than their files (SPEC 5): settings that are not
 * in force take a restart, whoever has left it out and whatever was recorded. Content that the
 * state does not ship, and times alone, only warn.
 * Touches nothing. Called by stale.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "l4sync/deferred.h"
#include "l4sync/checkout.h"
#include "l4sync/module.h"
#include "l4sync/text.h"
#include "l4sync/truth.h"
#include "l4sync/unit_meaning.h"
#include "l4sync/unit_syntax.h"

#include "stale.h"

#define LACKS_SHOWN 4
#define DELETED " (deleted)"

/* A service of the state that runs and is older than something. */
struct suspect {
	struct stale *stale;
	const char *unit;
	uint64_t started_usec;
	bool asked; /* whether run is filled in */
	struct unit_run run;
	size_t n_files;
	const struct triple **files; /* those of its files that are younger than it */
	const char *environment;     /* younger environment files that the state has not: "A, B" */
	const char *new_environment; /* one that it has, and had not when it was applied last */
};

enum shipped {
	SHIPPED_NOT,  /* the state has nothing that the path leads over */
	SHIPPED_NEW,  /* only since what was applied last: other hands have put it there */
	SHIPPED_KNOWN /* applied before: what has come since is known by the record */
};

static enum shipped who_ships(const struct stale *s, const char *path)
{
	enum shipped found = SHIPPED_NOT;
	const char *const *hops;
	size_t n;

	hops = unit_index_hops(s->d.after, path, &n);
	for (size_t i = 0; i < s->recorded->n; i++) {
		const struct triple *t = &s->recorded->triples[i];
		const char *own = t->want ? resource_path(t->want) : NULL;

		for (size_t k = 0; own && k < n; k++)
			if (!strcmp(own, hops[k]) || checkout_below(t->want, hops[k])) {
				if (t->base)
					return SHIPPED_KNOWN;
				found = SHIPPED_NEW;
			}
	}
	return found;
}

/* What runs of it; all 0 where that cannot be told. */
static const struct unit_run *run_of(struct suspect *x)
{
	struct bus *bus;

	if (!x->asked && host_bus(unit_view_host(x->stale->view), &bus, NULL) >= 0)
		bus_unit_run(bus, x->unit, &x->run, NULL);
	x->asked = true;
	return &x->run;
}

/* When a regular file changed that lies there, or a link on the way to it; 0: there is none. Of
 * content: the inode alone also changes with its mode, or with another name for it. */
static unsigned long long file_changed_usec(const struct stale *s, const char *path, bool content)
{
	_cleanup_close_ int fd = -1;
	struct stat st;

	if (host_open_following(unit_view_host(s->view), path, O_PATH, &fd, NULL) < 0 ||
		fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return 0;
	unsigned long long changed = stat_changed_usec(&st), modified = stat_modified_usec(&st),
			   switched = content ? unit_index_switched_usec(s->d.after, path) : 0;

	changed = content && modified < changed ? modified : changed;
	return switched > changed ? switched : changed;
}

/* Content of the state, of which the kernel proves that what runs has not got it. */
static void restart_for_content(
	struct suspect *x, const struct named *named, const char *path, const char *what)
{
	struct plan *p = x->stale->d.plan;
	const char *id = arena_printf(p->arena, "file:%s", path);

	if (!strcmp(restart_mode(p, x->unit), "never")) {
		finding_add(&p->findings, "pending", "restart-by-hand", id,
			"%s has restart mode never, and %s: %s (%s=)", x->unit, what, path,
			named->key);
	} else {
		finding_add(&p->findings, "stale", "configuration-not-in-force", id,
			"%s %s: %s (%s=)", x->unit, what, path, named->key);
		if (meaning_restart(&x->stale->d, x->unit, id))
			stale_note_time(
				x->stale, x->unit, file_changed_usec(x->stale, path, false));
	}
}

/* What the kernel says that its main process executes, in the arena; NULL: it cannot be told. */
static const char *program_of(struct arena *a, uint32_t pid)
{
	char *link = arena_printf(a, "/proc/%u/exe", pid), *text = arena_alloc(a, PATH_MAX);
	ssize_t n = readlink(link, text, PATH_MAX - 1);

	if (n < 0)
		return NULL;
	text[n] = '\0';
	return text;
}

/* A time alone, of a file that only other hands can have put there. */
static void warn_new(struct suspect *x, const struct named *named)
{
	finding_add(&x->stale->d.plan->findings, "stale", "older-than-its-files", named->path,
		"%s was started before %s changed (%s=), which was not applied by l4sync: it may "
		"run with what was there before, until it is restarted",
		x->unit, named->path, named->key);
}

static void warn_unmanaged(struct suspect *x, const struct named *named, const char *what)
{
	finding_add(&x->stale->d.plan->findings, "stale", "content-unmanaged", named->path,
		"%s was started before %s changed (%s=)%s%s; the state does not ship it, so that "
		"restarts nothing",
		x->unit, named->path, named->key, *what ? ": " : "", what);
}

/* A program that was replaced is gone for the kernel; one of which only the mode has changed is
 * not. What it runs in its turn, a script, only its time can tell. */
static void consider_program(struct suspect *x, const struct named *named, bool ships)
{
	struct arena *a = x->stale->d.plan->arena;
	const char *running = program_of(a, run_of(x)->main_pid), *const * hops;
	size_t n;

	hops = unit_index_hops(x->stale->d.after, named->path, &n);
	const char *last = n ? hops[n - 1] : named->path;
	if (running && !strcmp(running, last))
		return;
	bool replaced = running && text_ends(running, DELETED) &&
			!strncmp(running, last, strlen(running) - strlen(DELETED));
	if (replaced && ships)
		restart_for_content(x, named, last, "runs a program that was replaced");
	else if (ships)
		warn_new(x, named);
	else if (replaced)
		finding_add(&x->stale->d.plan->findings, "stale", "executable-replaced",
			named->path,
			"%s runs a program that was replaced: %s; the state does not ship it, so "
			"that restarts nothing",
			x->unit, last);
	else
		warn_unmanaged(x, named, "");
}

/* A file that is somebody else's, or new in the state, and that the state names in restart_on. */
static void follow(struct suspect *x, const struct named *named, unsigned long long changed)
{
	struct plan *p = x->stale->d.plan;
	const char *id = arena_printf(p->arena, "file:%s", named->path);
	bool reload = content_action(&x->stale->d, named) == ACTION_RELOAD;

	if ((reload && run_of(x)->state_usec > changed) ||
		(!reload && !strcmp(restart_mode(p, x->unit), "never")))
		return;
	finding_add(&p->findings, "stale", "content-older", id,
		"%s was started%s before %s changed, which the state names in restart_on", x->unit,
		reload ? " and reloaded" : "", named->path);
	if (reload)
		effect_add(&p->effects, ACTION_RELOAD, x->unit, id);
	else if (meaning_restart(&x->stale->d, x->unit, id))
		stale_note_time(x->stale, x->unit, changed);
}

/* One file that the service names. */
static void consider_named(const struct named *named, void *userdata)
{
	struct suspect *x = userdata;
	struct stale *s = x->stale;
	unsigned long long changed =
		file_changed_usec(s, named->path, strcmp(named->key, "ExecStart") != 0);

	if (!stale_is_younger(s, changed, x->started_usec))
		return;
	enum shipped shipped = who_ships(s, named->path);
	if (shipped == SHIPPED_KNOWN)
		return;
	if (!strcmp(named->key, NAMED_RESTART_ON)) {
		follow(x, named, changed);
	} else if (!strcmp(named->key, "EnvironmentFile") && shipped == SHIPPED_NEW) {
		x->new_environment = named->path;
	} else if (!strcmp(named->key, "EnvironmentFile")) {
		x->environment = x->environment ? arena_printf(s->d.plan->arena, "%s, %s",
							  x->environment, named->path)
						: named->path;
	} else if (!strcmp(named->key, "ExecStart")) {
		consider_program(x, named, shipped == SHIPPED_NEW);
	} else if (shipped == SHIPPED_NEW) {
		warn_new(x, named);
	} else {
		warn_unmanaged(x, named, "");
	}
}

static int look_at(struct suspect *x)
{
	struct stale *s = x->stale;
	const struct recorded *rec = s->recorded;
	struct unit_config config;
	int r = unit_index_config(s->d.after, x->unit, &config, s->d.e);

	if (r >= 0)
		x->files =
			arena_array(s->d.plan->arena, const struct triple *, config.n_dropins + 1);
	for (size_t i = 0; i < rec->n && r >= 0; i++) {
		const struct triple *t = &rec->triples[i];

		/* Of what was applied here, the apply has seen to it. */
		if (stale_is_wanted(s, t) &&
			stale_is_younger(s, t->live.changed_usec, x->started_usec) &&
			!(t->base &&
				resource_matches(t->module, t->base, t->live.live, rec->key)) &&
			unit_config_has(&config, resource_path(t->want)))
			x->files[x->n_files++] = t;
	}
	return r < 0 ? r : content_names(&s->d, x->unit, consider_named, x);
}

static bool takes_restart(struct arena *a, const struct truth *t)
{
	return t->verdict == TRUTH_LACKS &&
	       directive_type(a, "Service", t->directive).class == CLASS_RESTART;
}

static bool is_of_environment(const struct truth *t)
{
	return text_has_word(
		"Environment EnvironmentFile PassEnvironment UnsetEnvironment", t->directive);
}

struct saying {
	struct arena *arena;
	const struct truth *truth;
};

static int on_assignment(const struct assignment *a, void *userdata)
{
	const struct saying *x = userdata;
	const char *key = directive_type(x->arena, a->section, a->key).key;

	return !strcmp(key, x->truth->directive) ||
	       (is_of_environment(x->truth) && text_ends(key, "EnvironmentFile"));
}

/* The youngest of the files that says something of it. What another file says was in force when
 * the unit was started, or has gone since by other hands: that restarts nothing. */
static const struct triple *who_says(const struct suspect *x, const struct truth *t)
{
	struct saying saying = {x->stale->d.plan->arena, t};
	const struct triple *found = NULL;

	for (size_t i = 0; i < x->n_files; i++) {
		const struct triple *file = x->files[i];

		if (unit_file_parse(
			    saying.arena, file->live.live->content, on_assignment, &saying) > 0 &&
			(!found || found->live.changed_usec < file->live.changed_usec))
			found = file;
	}
	return found;
}

static bool has_secrets(const struct suspect *x)
{
	for (size_t i = 0; i < x->n_files; i++)
		if (x->files[i]->want->secret)
			return true;
	return false;
}

/* "NoNewPrivileges is no in process 12 (sleep), declared yes; …", and whose word that is; NULL:
 * nothing is lacking. */
static const struct triple *find_lacking(
	struct suspect *x, const struct truth_unit *u, const char **ret)
{
	struct arena *a = x->stale->d.plan->arena;
	const struct triple *by = NULL, *one;
	_cleanup_buf_ struct buf b = BUF_INIT;
	size_t shown = 0, more = 0;

	for (size_t i = 0; i < u->n; i++) {
		const struct truth *t = &u->items[i];

		if (!takes_restart(a, t) || (x->environment && is_of_environment(t)) ||
			!(one = who_says(x, t)))
			continue;
		by = by && by->live.changed_usec > one->live.changed_usec ? by : one;
		if (shown == LACKS_SHOWN) {
			more++;
			continue;
		}
		buf_addf(&b, "%s%s is %s", shown++ ? "; " : "", t->directive,
			has_secrets(x) ? "not what it says" : t->real);
		if (t->pid)
			buf_addf(&b, " in process %d (%s)", t->pid, t->process);
		if (!has_secrets(x))
			buf_addf(&b, ", declared %s", t->declared);
	}
	if (more)
		buf_addf(&b, "; and %zu more", more);
	if (by)
		*ret = arena_strdup(a, b.data);
	return by;
}

/* A time alone: only of what nobody here has seen coming. */
static void warn_of_time(struct suspect *x, const struct truth_unit *u)
{
	size_t holds = 0;

	for (size_t i = 0; i < u->n; i++)
		holds += u->items[i].verdict == TRUTH_HOLDS;
	for (size_t i = 0; i < x->n_files; i++)
		if (!x->files[i]->base)
			finding_add(&x->stale->d.plan->findings, "stale", "older-than-its-files",
				x->files[i]->id,
				"%s was started before %s changed, which was not applied by "
				"l4sync: the kernel has %zu of its settings as they should be, the "
				"others it may lack",
				x->unit, x->files[i]->id, holds);
}

static void judge_files(struct suspect *x, const struct truth_unit *u)
{
	struct stale *s = x->stale;
	const char *lacks = NULL;
	const struct triple *by = find_lacking(x, u, &lacks);

	if (by && !strcmp(restart_mode(s->d.plan, x->unit), "never")) {
		finding_add(&s->d.plan->findings, "pending", "restart-by-hand", by->id,
			"%s has restart mode never, and was started before %s changed: %s", x->unit,
			by->id, lacks);
	} else if (by) {
		finding_add(&s->d.plan->findings, "stale", "configuration-not-in-force", by->id,
			"%s was started before %s changed, and has not been since: %s", x->unit,
			by->id, lacks);
		if (meaning_restart(&s->d, x->unit, by->id))
			stale_note_time(s, x->unit, by->live.changed_usec);
	} else {
		warn_of_time(x, u);
	}
}

/* Of several younger files the kernel does not tell which it was. */
static void judge_environment(struct suspect *x, const struct truth_unit *u)
{
	struct named named = {.unit = x->unit, .key = "EnvironmentFile", .path = x->environment};

	for (size_t i = 0; i < u->n; i++) {
		const struct truth *t = &u->items[i];

		if (t->verdict != TRUTH_LACKS || !is_of_environment(t))
			continue;
		if (x->environment) {
			warn_unmanaged(x, &named, t->real);
		} else {
			named.path = x->new_environment;
			restart_for_content(x, &named, named.path,
				arena_printf(x->stale->d.plan->arena,
					"has an environment that is %s: it was started before",
					t->real));
			return;
		}
	}
}

/* Whether its restart is planned, or owed and shown as that. */
static bool is_settled(const struct stale *s, const char *unit)
{
	return effects_find(s->effects, ACTION_RESTART, unit) || plan_owes(s->d.plan, unit);
}

int stale_prove(struct stale *s)
{
	struct arena *a = s->d.plan->arena;
	struct suspect *suspects = arena_array(a, struct suspect, s->d.n_units);
	const char **names = arena_array(a, const char *, s->d.n_units);
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; i < s->d.n_units && r >= 0; i++) {
		struct suspect x = {
			.stale = s, .unit = s->d.units[i].name, .started_usec = s->started_usec[i]};

		if (!s->is_managed[i] || !x.started_usec || is_settled(s, x.unit))
			continue;
		r = look_at(&x);
		if (!x.n_files && !x.environment && !x.new_environment)
			continue;
		names[n] = x.unit;
		suspects[n++] = x;
	}
	struct truth_unit *units = arena_array(a, struct truth_unit, n);
	if (r >= 0 && n)
		r = truth_units(unit_view_host(s->view), a, names, n, false, units, s->d.e);
	for (size_t i = 0; i < n && r >= 0; i++) {
		if (units[i].running && suspects[i].n_files)
			judge_files(&suspects[i], &units[i]);
		if (units[i].running && (suspects[i].environment || suspects[i].new_environment))
			judge_environment(&suspects[i], &units[i]);
	}
	return r < 0 ? r : 0;
}
