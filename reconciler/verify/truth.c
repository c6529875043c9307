/*
 * Goes through the table for each unit and each of its processes (truth.h).
 * Knows no directive and changes nothing.
 * Called by verify and by the search for stale processes.
 */
#include "l4sync/truth.h"

#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <unistd.h>

#include "l4sync/text.h"

#include "filters.h"
#include "members.h"
#include "rows.h"

#define START_TRIES 40 /* until a program that is being started has been executed: 1 s */
#define START_WAIT_USEC 25000

const struct row *const row_tables[] = {rows_credentials, rows_limits, rows_scheduling,
	rows_namespaces, rows_mounts, rows_paths, rows_cgroup, rows_bpf, rows_seccomp,
	rows_environment, NULL};

void truth_each(void (*each)(const char *directive, void *userdata), void *userdata)
{
	for (const struct row *const *table = row_tables; *table; table++)
		for (const struct row *row = *table; row->directive; row++)
			each(row->directive, userdata);
}

static size_t count_rows(void)
{
	size_t n = 0;

	for (const struct row *const *table = row_tables; *table; table++)
		for (const struct row *row = *table; row->directive; row++)
			n++;
	return n;
}

/* What is found of one unit, by row: the worst of its processes. */
struct found {
	struct truth *items; /* as many as there are rows */
	bool mounts_seen;
};

static int severity(enum truth_verdict v)
{
	static const int order[] = {
		[TRUTH_HOLDS] = 0, [TRUTH_OWN] = 1, [TRUTH_UNKNOWN] = 2, [TRUTH_LACKS] = 3};

	return order[v];
}

static bool concerns(const struct look *l, const struct row *row, const struct process *p)
{
	bool of_sandbox = row->subject == OF_SANDBOX || row->subject == OF_MOUNTS;

	if (!p || row->subject == OF_CGROUP)
		return !p && row->subject == OF_CGROUP;
	if (of_sandbox && l->full_privileges)
		return false;
	return row->subject != OF_MAIN || p->is_main;
}

/* A process in a mount namespace that somebody has looked at already has nothing new to tell; one
 * that its unit has made itself is its own. */
static bool has_other_mounts(
	struct look *l, const struct row *row, struct process *p, struct truth *t)
{
	if (!l->main || p->is_main || p->ns[NS_MNT] == l->main->ns[NS_MNT])
		return !p->is_main && l->main;
	if (p->ns[NS_MNT] != l->first->ns[NS_MNT])
		return true;
	struct truth declared = {0};
	row->check(l, row, l->main, &declared);
	if (declared.declared && declared.verdict != TRUTH_UNKNOWN)
		verdict(t, may(l, CAP_SYS_ADMIN) ? TRUTH_OWN : TRUTH_LACKS, declared.declared,
			"off (it is in the mount namespace of PID 1)");
	return true;
}

static void check_rows(struct look *l, struct process *p, struct truth *found)
{
	size_t i = 0;

	for (const struct row *const *table = row_tables; *table; table++)
		for (const struct row *row = *table; row->directive; row++, i++) {
			struct truth *t = &found[i];

			*t = (struct truth){.directive = row->directive,
				.pid = p ? p->pid : 0,
				.process = p ? p->status.name : NULL};
			if (!concerns(l, row, p))
				continue;
			if (row->subject != OF_MOUNTS || !has_other_mounts(l, row, p, t))
				row->check(l, row, p, t);
			if (p && l->ptrace)
				filters_refine(l, row, p, t);
		}
}

static void merge(struct truth *all, const struct truth *found, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (found[i].declared &&
			(!all[i].declared || severity(found[i].verdict) > severity(all[i].verdict)))
			all[i] = found[i];
}

/* One that ended while it was looked at has told nothing. */
static void check_process(
	struct look *l, struct process *p, struct truth *all, struct truth_unit *ret, size_t n)
{
	struct truth *found = arena_array(l->arena, struct truth, n);

	if (l->ptrace)
		filters_read(l, p, ret);
	check_rows(l, p, found);
	if (process_lives(l->arena, p))
		merge(all, found, n);
}

static void check_others(struct look *l, const struct members *m, struct truth *all,
	struct truth_unit *ret, size_t n)
{
	for (size_t i = 0; i < m->n; i++) {
		struct process p;

		if (l->main && m->pids[i] == l->main->pid)
			continue;
		if (process_open(l->arena, m->pids[i], &p) < 0)
			continue;
		if (members_has(l->arena, m, &p) && !members_is_control(l->arena, m, &p)) {
			check_process(l, &p, all, ret, n);
			ret->n_processes++;
		}
		process_close(&p);
	}
}

/* The flags of the program that the main process was started from: "privileged", "no-setuid". With
 * several commands (oneshot) those of any. */
static void read_prefixes(struct look *l)
{
	const struct property *p = property_find(l->p, "ExecStartEx");

	for (size_t i = 0; p && i < p->n; i++) {
		const char *text = p->items[i].text;

		if (text && !strcmp(text, "privileged"))
			l->full_privileges = true;
		if (text && !strcmp(text, "no-setuid"))
			l->keeps_user = true;
	}
}

static void read_user(struct look *l)
{
	const char *name = property_text(l->p, "User");
	bool dynamic = property_number(l->p, "DynamicUser");

	l->has_user = dynamic || *name;
	l->user_known = *name && host_uid(l->host, name, &l->uid, NULL) >= 0;
	l->user_name = l->user_known ? host_user(l->host, l->uid) : name;
	if (l->user_known)
		l->gid = members_primary_group(l->uid);
	if (*property_text(l->p, "Group"))
		host_gid(l->host, property_text(l->p, "Group"), &l->gid, NULL);
}

/* Set-user-id programs are left out: what they can do, the main process itself cannot. */
static void read_power(struct look *l)
{
	bool is_root = !l->has_user || l->keeps_user || (l->user_known && !l->uid);
	uint64_t bounding = property_number(l->p, "CapabilityBoundingSet");
	const char *users = property_text(l->p, "PrivateUsersEx");

	if (l->full_privileges)
		l->power = UINT64_MAX;
	/* In a user namespace of its own it has no power over what is outside. */
	else if (property_number(l->p, "PrivateUsers") || (*users && strcmp(users, "no") != 0))
		l->power = 0;
	else if (is_root)
		l->power = bounding;
	else
		l->power = property_number(l->p, "AmbientCapabilities") & bounding;
}

static void keep_declared(
	struct arena *a, const struct truth *all, size_t n, struct truth_unit *ret)
{
	ret->items = arena_array(a, struct truth, n);
	for (size_t i = 0; i < n; i++)
		if (all[i].declared)
			ret->items[ret->n++] = all[i];
}

static int by_directive(const void *a, const void *b)
{
	return strcmp(((const struct truth *)a)->directive, ((const struct truth *)b)->directive);
}

/* false: its main process is not there, or has not executed its program. */
static bool check_service(struct look *l, const struct members *m, struct truth *all,
	struct truth_unit *ret, size_t n)
{
	struct process main;
	pid_t pid = (pid_t)property_number(l->p, "MainPID");

	read_prefixes(l);
	read_user(l);
	read_power(l);
	if (pid) {
		if (process_open(l->arena, pid, &main) < 0)
			return false;
		if (!members_has(l->arena, m, &main)) { /* another has got its number */
			process_close(&main);
			return false;
		}
		main.is_main = true;
		l->main = &main;
		ret->n_processes++;
		check_process(l, &main, all, ret, n);
	}
	check_others(l, m, all, ret, n);
	if (l->main)
		process_close(&main);
	l->main = NULL;
	return true;
}

static bool is_active(const char *state)
{
	return text_has_word("active reloading refreshing", state);
}

/* -EAGAIN: its main process is just being started, or replaced. */
static int check_unit(struct look *l, const struct unit_properties *u, struct truth_unit *ret)
{
	const char *cgroup = property_text(&u->p, "ControlGroup");
	bool is_service = text_ends(l->unit, ".service");
	size_t n = count_rows();
	struct truth *all = arena_array(l->arena, struct truth, n),
		     *found = arena_array(l->arena, struct truth, n);
	struct members m = {0};

	*ret = (struct truth_unit){.unit = l->unit, .ptrace = l->ptrace};
	if (!is_active(u->active_state) || !*cgroup)
		return 0;
	l->p = &u->p;
	l->cgroup = cgroup;
	if (is_service) {
		m.cgroup = cgroup;
		m.control_pid = (pid_t)property_number(&u->p, "ControlPID");
		members_read(l->arena, &m);
		if (!m.n)
			return property_number(&u->p, "MainPID") ? -EAGAIN : 0;
	}
	check_rows(l, NULL, found);
	merge(all, found, n);
	if (is_service && !check_service(l, &m, all, ret, n))
		return -EAGAIN;
	ret->running = true;
	ret->started_usec = property_number(&u->p, "ExecMainStartTimestamp");
	keep_declared(l->arena, all, n, ret);
	if (ret->n)
		qsort(ret->items, ret->n, sizeof *ret->items, by_directive);
	return 0;
}

/* Those that have to be asked for again; units and where it goes. */
struct pending {
	size_t n;
	const char **units;
	struct truth_unit **ret;
};

static int check_pending(struct host *h, struct arena *a, struct bus *b, struct process *first,
	bool ptrace, struct pending *p, struct err *e)
{
	struct unit_properties *asked = arena_array(a, struct unit_properties, p->n);
	struct properties manager;
	size_t left = 0;
	int r = bus_properties(b, a, p->units, p->n, asked, &manager, e);

	for (size_t i = 0; i < p->n && r >= 0; i++) {
		struct look l = {.host = h,
			.arena = a,
			.manager = &manager,
			.first = first,
			.ptrace = ptrace,
			.unit = p->units[i]};

		if (check_unit(&l, &asked[i], p->ret[i]) != -EAGAIN)
			continue;
		*p->ret[i] = (struct truth_unit){.unit = p->units[i]};
		p->units[left] = p->units[i];
		p->ret[left++] = p->ret[i];
	}
	p->n = left;
	return r;
}

int truth_may_ptrace(struct err *e)
{
	return seccomp_may_read(e);
}

int truth_units(struct host *h, struct arena *a, const char *const *units, size_t n, bool ptrace,
	struct truth_unit *ret, struct err *e)
{
	struct pending p = {
		n, arena_array(a, const char *, n), arena_array(a, struct truth_unit *, n)};
	struct process first;
	struct bus *b;
	int r = geteuid() ? err_set(e, -EACCES, "other users' processes are shown to root alone")
			  : host_bus(h, &b, e);

	for (size_t i = 0; i < n; i++) {
		p.units[i] = units[i];
		p.ret[i] = &ret[i];
	}
	if (r < 0)
		return r;
	r = process_open(a, 1, &first);
	if (r < 0)
		return err_errno(e, r, "cannot look at PID 1 in /proc");
	r = check_pending(h, a, b, &first, ptrace, &p, e);
	for (int i = 0; r >= 0 && p.n && i < START_TRIES; i++) {
		usleep(START_WAIT_USEC);
		r = check_pending(h, a, b, &first, ptrace, &p, e);
	}
	process_close(&first);
	return r < 0 ? r : 0;
}
