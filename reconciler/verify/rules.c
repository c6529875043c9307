/*
 * The rules of the state's `verify:` section (verify.h): settings by truth.c, paths through the
 * processes' own roots.
 * Enters no namespace and changes nothing. Called by the verb verify and the apply.
 */
#include "l4sync/verify.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "l4sync/analyze.h"
#include "l4sync/bus.h"
#include "l4sync/text.h"
#include "l4sync/unit_view.h"
#include "l4sync/unitpath.h"

#include "denied.h"
#include "isolation.h"
#include "members.h"

#define UNTRUE_SHOWN 20
#define OPEN_TRIES 100

static const struct resource *rules_of(
	struct arena *a, const struct resources *want, const char *unit)
{
	return unit_resource(a, want, "verify", unit);
}

static void judge_settings(const struct truth_unit *u, struct findings *f, size_t *ret_n)
{
	for (size_t i = 0; i < u->n; i++) {
		const struct truth *t = &u->items[i];
		const char *in = t->pid ? arena_printf(f->arena, " in process %d (%s)", t->pid,
						  t->process ? t->process : "")
					: "";

		if (t->verdict != TRUTH_LACKS)
			continue;
		finding_add(f, "verify", "setting-not-in-force", u->unit, "%s is %s%s, declared %s",
			t->directive, *t->real ? t->real : "empty", in, t->declared);
		(*ret_n)++;
	}
}

struct looking {
	struct arena *arena;
	const char *unit;
	struct findings *findings;
	size_t *n;
	int root; /* of the process that is looked at */
	const struct process *process;
};

static int open_inside(const struct looking *l, const char *path, unsigned long long flags)
{
	const struct open_how how = {.flags = flags | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT};
	int fd = -1;

	/* EAGAIN: something was renamed or mounted on the host meanwhile. */
	for (int i = 0; i < OPEN_TRIES && fd < 0 && (!i || errno == EAGAIN); i++)
		fd = (int)syscall(SYS_openat2, l->root, path, &how, sizeof how);
	return fd;
}

static void add(struct looking *l, const char *code, const char *path, const char *what)
{
	finding_add(l->findings, "verify", code, l->unit, "%s %s process %d (%s)", path, what,
		l->process->pid, l->process->status.name);
	(*l->n)++;
}

/* Whether it is not there, or cannot be reached by anybody who is in that root. */
static void look_for_hidden(struct looking *l, const char *path)
{
	_cleanup_close_ int fd = open_inside(l, path, O_PATH | O_NOFOLLOW);

	if (fd >= 0)
		add(l, "path-visible", path, "should not exist, but does for");
	else if (errno != ENOENT && errno != ENOTDIR)
		add(l, "path-visible", path,
			arena_printf(l->arena, "cannot be looked for (%s) with the root of",
				strerror(errno)));
}

static void look_into_empty(struct looking *l, const char *path)
{
	int fd = open_inside(l, path, O_RDONLY | O_DIRECTORY);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!dir) {
		if (fd >= 0)
			close(fd);
		if (errno != ENOENT)
			add(l, "not-empty", path,
				arena_printf(l->arena,
					"cannot be looked into (%s) with the root of",
					strerror(errno)));
		return;
	}
	while ((entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			break;
	if (entry)
		add(l, "not-empty", path,
			arena_printf(l->arena, "should be empty, but has %s for", entry->d_name));
	closedir(dir);
}

/* What the state says twice of two processes is said twice: they may have different roots. */
static void look_with(struct looking *l, const struct process *p, const struct resource *rules)
{
	_cleanup_close_ int root = openat(p->fd, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (root < 0)
		return;
	l->root = root;
	l->process = p;
	for (size_t i = 0; i < rules->n_attrs; i++) {
		if (!strcmp(rules->attrs[i].key, "hidden"))
			look_for_hidden(l, rules->attrs[i].value);
		else if (!strcmp(rules->attrs[i].key, "empty"))
			look_into_empty(l, rules->attrs[i].value);
	}
}

/* Processes that are gone meanwhile say nothing. */
int verify_paths(struct host *h, const char *unit, const struct resource *rules, struct findings *f,
	size_t *ret_n, struct err *e)
{
	struct looking l = {.arena = f->arena, .unit = unit, .findings = f, .n = ret_n};
	struct members m = {0};
	struct bus *bus;

	if (!resource_get(rules, "hidden") && !resource_get(rules, "empty"))
		return 0;
	int r = host_bus(h, &bus, e);
	if (r >= 0)
		r = bus_unit_cgroup(bus, f->arena, unit, &m.cgroup, e);
	if (r < 0 || !m.cgroup)
		return r;
	members_read(f->arena, &m);
	for (size_t i = 0; i < m.n; i++) {
		struct process p;

		if (process_open(f->arena, m.pids[i], &p) < 0)
			continue;
		if (members_has(f->arena, &m, &p))
			look_with(&l, &p, rules);
		process_close(&p);
	}
	return 0;
}

static void judge_exposure(struct findings *f, const char *unit, const struct exposure *x,
	const char *most, bool all, size_t *ret_n)
{
	if (!x->known && !all)
		return;
	if (x->known && x->tenths <= exposure_tenths(most))
		return;
	if (x->known)
		finding_add(f, "verify", "exposure", unit,
			"its exposure is %u.%u by systemd-analyze security, and must not be above "
			"%s%s",
			x->tenths / 10, x->tenths % 10, most, exposure_advice_text(f->arena, x));
	else
		finding_add(f, "verify", "exposure", unit,
			"systemd-analyze security does not tell its exposure, which must not be "
			"above %s",
			most);
	(*ret_n)++;
}

const char *verify_bound(struct arena *a, const struct resources *want, const char *unit)
{
	const struct resource *rules = want ? rules_of(a, want, unit) : NULL;

	return rules ? resource_get(rules, "exposure") : NULL;
}

/* Whether systemd-analyze gives them no more than the state allows. */
static int judge_exposures(struct arena *a, const struct resources *want,
	const struct truth_unit *units, size_t n, bool all, struct findings *f, size_t *ret_n,
	struct exposure *exposures, struct err *e)
{
	struct exposure *asked = arena_array(a, struct exposure, n);
	const char **names = arena_array(a, const char *, n);
	size_t *at = arena_array(a, size_t, n), n_names = 0;

	for (size_t i = 0; i < n; i++)
		if (verify_bound(a, want, units[i].unit)) {
			names[n_names] = units[i].unit;
			at[n_names++] = i;
		}
	int r = n_names ? exposures_loaded(a, names, n_names, asked, e) : 0;
	for (size_t i = 0; i < n_names && r >= 0; i++) {
		judge_exposure(f, names[i], &asked[i], verify_bound(a, want, names[i]), all, ret_n);
		if (exposures)
			exposures[at[i]] = asked[i];
	}
	return r;
}

int verify_judge(struct host *h, struct arena *a, const struct resources *want,
	const struct truth_unit *units, size_t n, bool all, struct findings *f, size_t *ret_n,
	struct exposure *exposures, struct err *e)
{
	struct services *services = NULL;
	int r = 0;

	for (size_t i = 0; i < n && r >= 0; i++) {
		const struct resource *rules = want ? rules_of(a, want, units[i].unit) : NULL;

		if (all || (rules && resource_has(rules, "kernel", "true")))
			judge_settings(&units[i], f, ret_n);
		if (rules) {
			denied_judge(&units[i], rules, all, f, ret_n);
			if (rules && all && resource_get(rules, "denied_bind"))
				finding_add(f, "unsupported", "not-looked-at", units[i].unit,
					"denied_bind was not looked at: only a process in the "
					"sandbox can "
					"tell; an apply tries it there before a new one comes into "
					"force");
			isolation_judge(a, &services, units[i].unit, rules, all, f, ret_n);
		}
		if (rules)
			r = verify_paths(h, units[i].unit, rules, f, ret_n, e);
	}
	return r < 0 || !want ? r : judge_exposures(a, want, units, n, all, f, ret_n, exposures, e);
}

/* All of them, for after the rollback nothing shows them any more. */
static const char *untrue_text(const struct findings *f)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	for (size_t i = 0; i < f->n && i < UNTRUE_SHOWN; i++)
		buf_addf(&b, "%s%s: %s", i ? "; " : "", f->items[i].where, f->items[i].text);
	if (f->n > UNTRUE_SHOWN)
		buf_addf(&b, "; and %zu more", f->n - UNTRUE_SHOWN);
	return arena_strdup(f->arena, b.data);
}

int verify_started(struct host *h, struct arena *a, const struct resources *want,
	const char *const *names, size_t n, struct err *e)
{
	const char **ruled = arena_array(a, const char *, n);
	struct truth_unit *units = arena_array(a, struct truth_unit, n);
	struct findings f = {.arena = a};
	size_t n_ruled = 0, n_running = 0, failed = 0;
	int r = 0;

	for (size_t i = 0; i < n; i++)
		if (rules_of(a, want, names[i]))
			ruled[n_ruled++] = names[i];
	if (n_ruled)
		r = truth_units(h, a, ruled, n_ruled, false, units, e);
	for (size_t i = 0; i < n_ruled && r >= 0; i++)
		if (units[i].running)
			units[n_running++] = units[i];
	if (r >= 0)
		r = verify_judge(h, a, want, units, n_running, false, &f, &failed, NULL, e);
	if (r >= 0 && failed)
		r = err_set(e, -EREMOTEIO, "%s", untrue_text(&f));
	free(f.items);
	return r;
}
