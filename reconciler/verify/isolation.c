/*
 * `isolated_from` of the state (isolation.h): who is looked for, from where, and what to say of it.
 * Enters no namespace; that is outlook.c. Called by rules.c.
 */
#include "isolation.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "l4sync/text.h"

#include "members.h"
#include "outlook.h"

#define KEY "isolated_from"
#define DEPTH_MAX 32

/* A service with a cgroup, and once it is asked for its processes. */
struct service {
	const char *name, *cgroup;
	bool read;
	size_t n;
	struct sought *processes;
};

struct services {
	struct arena *arena;
	size_t n, cap;
	struct service *items;
};

static void add_service(struct services *s, const char *name, const char *cgroup)
{
	if (s->n == s->cap) {
		size_t cap = s->cap ? 2 * s->cap : 64;
		struct service *items = arena_array(s->arena, struct service, cap);

		if (s->n)
			memcpy(items, s->items, s->n * sizeof *items);
		s->items = items;
		s->cap = cap;
	}
	s->items[s->n++] = (struct service){.name = name, .cgroup = cgroup};
}

/* Of slices below slices; what a service has below it is its own. */
static void find_services(struct services *s, const char *cgroup, unsigned depth)
{
	DIR *d = opendir(arena_printf(s->arena, "/sys/fs/cgroup%s", cgroup));

	for (struct dirent *entry; d && (entry = readdir(d));) {
		bool is_service = text_ends(entry->d_name, ".service");

		if (!is_service && (!text_ends(entry->d_name, ".slice") || depth == DEPTH_MAX))
			continue;
		const char *below = arena_printf(s->arena, "%s/%s", cgroup, entry->d_name);
		if (is_service)
			add_service(s, arena_strdup(s->arena, entry->d_name), below);
		else
			find_services(s, below, depth + 1);
	}
	if (d)
		closedir(d);
}

static void read_processes(struct arena *a, struct service *s)
{
	struct members m = {.cgroup = s->cgroup};

	if (s->read)
		return;
	s->read = true;
	members_read(a, &m);
	s->processes = arena_array(a, struct sought, m.n);
	for (size_t i = 0; i < m.n; i++) {
		struct process p;

		if (process_open(a, m.pids[i], &p) < 0)
			continue;
		if (members_has(a, &m, &p))
			s->processes[s->n++] = (struct sought){p.pid, p.status.name, p.start_ticks,
				p.ns[NS_PID], p.status.n_numbers, p.status.numbers};
		process_close(&p);
	}
}

static bool is_named(const struct resource *rules, const char *service)
{
	for (size_t i = 0; i < rules->n_attrs; i++)
		if (!strcmp(rules->attrs[i].key, KEY) && text_glob(rules->attrs[i].value, service))
			return true;
	return false;
}

/* All that are looked for, and whose each is. */
struct search {
	struct arena *arena;
	const char *unit;
	struct findings *findings;
	size_t *n_found;
	size_t n;
	struct sought *sought;
	const char **service_of;
	bool *told; /* of each: its service was found to be seen, which is said once */
};

static void gather(struct search *s, struct services *all, const struct resource *rules)
{
	size_t n = 0;

	for (size_t i = 0; i < all->n; i++)
		if (is_named(rules, all->items[i].name) &&
			strcmp(all->items[i].name, s->unit) != 0) {
			read_processes(s->arena, &all->items[i]);
			n += all->items[i].n;
		}
	s->sought = arena_array(s->arena, struct sought, n);
	s->service_of = arena_array(s->arena, const char *, n);
	s->told = arena_array(s->arena, bool, n);
	for (size_t i = 0; i < all->n; i++)
		for (size_t k = 0; s->n < n && k < all->items[i].n; k++) {
			if (!is_named(rules, all->items[i].name) ||
				!strcmp(all->items[i].name, s->unit))
				break;
			s->sought[s->n] = all->items[i].processes[k];
			s->service_of[s->n++] = all->items[i].name;
		}
}

/* One finding a service, with the first of its processes that is seen. */
static void tell(struct search *s, const struct process *from, const enum outlook *seen)
{
	for (size_t i = 0; i < s->n; i++) {
		size_t others = 0;

		if (seen[i] == OUTLOOK_NONE || s->told[i])
			continue;
		for (size_t k = 0; k < s->n; k++) {
			if (strcmp(s->service_of[k], s->service_of[i]) != 0)
				continue;
			others += k != i && seen[k] != OUTLOOK_NONE;
			s->told[k] = true;
		}
		const char *more =
			others ? arena_printf(s->arena, ", and %zu more of it", others) : "";
		finding_add(s->findings, "verify", "not-isolated", s->unit,
			"process %d (%s) of %s%s %s process %d (%s), with its uid %u and gid %u",
			s->sought[i].pid, s->sought[i].name, s->service_of[i], more,
			seen[i] == OUTLOOK_VISIBLE ? "is visible in /proc for"
						   : "can be sent signals by",
			from->pid, from->status.name, from->status.uid[1], from->status.gid[1]);
		(*s->n_found)++;
	}
}

/* What is the same of two processes lets them see the same. */
static bool sees_as(const struct process *a, const struct process *b)
{
	const struct status *s = &a->status, *t = &b->status;

	return a->ns[NS_MNT] == b->ns[NS_MNT] && a->ns[NS_PID] == b->ns[NS_PID] &&
	       a->ns[NS_USER] == b->ns[NS_USER] && !memcmp(s->uid, t->uid, sizeof s->uid) &&
	       !memcmp(s->gid, t->gid, sizeof s->gid) && s->n_groups == t->n_groups &&
	       (!s->n_groups || !memcmp(s->groups, t->groups, s->n_groups * sizeof *s->groups)) &&
	       s->cap_permitted == t->cap_permitted;
}

static void look_from(struct search *s, struct process *p)
{
	enum outlook *seen = arena_array(s->arena, enum outlook, s->n);
	_cleanup_err_ struct err e = ERR_INIT;
	int r = outlook_of(s->arena, p, s->sought, s->n, seen, &e);

	if (r >= 0)
		tell(s, p, seen);
	else if (r != -ESRCH) {
		finding_add(s->findings, "verify", "not-isolated", s->unit,
			"what process %d (%s) sees of " KEY " could not be looked at: %s", p->pid,
			p->status.name, err_text(&e));
		(*s->n_found)++;
	}
}

static void look_from_each(struct search *s, const char *cgroup)
{
	struct members m = {.cgroup = cgroup};

	members_read(s->arena, &m);
	struct process *seen = arena_array(s->arena, struct process, m.n);
	size_t n = 0;
	for (size_t i = 0; i < m.n; i++) {
		struct process p;
		bool known = false;

		if (process_open(s->arena, m.pids[i], &p) < 0)
			continue;
		for (size_t k = 0; k < n && !known; k++)
			known = sees_as(&seen[k], &p);
		if (!known && members_has(s->arena, &m, &p)) {
			look_from(s, &p);
			seen[n++] = p;
		}
		process_close(&p);
	}
}

void isolation_judge(struct arena *a, struct services **services, const char *unit,
	const struct resource *rules, bool all, struct findings *f, size_t *ret_n)
{
	struct search s = {.arena = a, .unit = unit, .findings = f, .n_found = ret_n};
	const char *cgroup = NULL;

	if (!resource_get(rules, KEY))
		return;
	if (!*services) {
		*services = arena_new_of(a, struct services);
		(*services)->arena = a;
		find_services(*services, "", 0);
	}
	for (size_t i = 0; i < (*services)->n; i++)
		if (!strcmp((*services)->items[i].name, unit))
			cgroup = (*services)->items[i].cgroup;
	if (!cgroup)
		return;
	gather(&s, *services, rules);
	if (s.n)
		look_from_each(&s, cgroup);
	else if (all)
		finding_add(f, "unsupported", "not-looked-at", unit,
			KEY " was not looked at: none of the services that it names runs");
}
