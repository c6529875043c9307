/*
 * Settings that are one word and stand for certain mounts (rows.h): what systemd puts where, seen
 * on 257 and in its manual. Called by truth.c.
 */
#include <linux/capability.h>
#include <string.h>

#include "l4sync/text.h"

#include "mounts.h"

/* Where nothing of the kind exists, or another setting of the unit decides, there is nothing to
 * see. NULL-terminated. */
static void check_paths(struct look *l, struct process *p, const char *const *list,
	enum path_is what, struct paths *s)
{
	for (; *list; list++)
		if (!path_is_declared(l, *list, ""))
			paths_check(l, p, *list, what, s);
}

static const char *const system_paths[] = {"/usr", "/boot", "/efi", "/etc", "/", "/var", NULL};

/* /run stays writable even when it is strict (257): it is not among them. */
static void protect_system(
	struct look *l, const struct row *row, struct process *p, struct truth *t)
{
	const char *declared = property_text(l->p, row_property(row));
	struct paths s = {.declared = declared};
	size_t n = !strcmp(declared, "strict") ? 6 : !strcmp(declared, "full") ? 4 : 3;
	const char *list[7] = {0};

	if (!*declared || !strcmp(declared, "no") || root_was_changed(l, p, declared, t))
		return;
	memcpy(list, system_paths, n * sizeof *list);
	check_paths(l, p, list, IS_READ_ONLY, &s);
	paths_verdict(l, &s, t);
}

static void protect_home(struct look *l, const struct row *row, struct process *p, struct truth *t)
{
	static const char *const homes[] = {"/home", "/root", "/run/user", NULL};
	const char *declared = property_text(l->p, row_property(row));
	struct paths s = {.declared = declared};
	enum path_is what = !strcmp(declared, "tmpfs")       ? IS_TMPFS
			    : !strcmp(declared, "read-only") ? IS_READ_ONLY
							     : IS_INACCESSIBLE;

	if (!*declared || !strcmp(declared, "no") || root_was_changed(l, p, declared, t))
		return;
	check_paths(l, p, homes, what, &s);
	paths_verdict(l, &s, t);
}

/* "/proc" itself: its options are those of a mount of its own. */
static void proc_option(struct look *l, const struct row *row, struct process *p, struct truth *t)
{
	const char *declared = property_text(l->p, row_property(row)), *seen;
	const char *wanted = arena_printf(l->arena, "%s=%s", row->text, declared);
	const struct mount *m;

	if (!*declared || !strcmp(declared, "default") || !strcmp(declared, "all") ||
		root_was_changed(l, p, declared, t))
		return;
	int r = process_mount_of(l->arena, p, "/proc", &m, &seen);
	if (r < 0)
		verdict_unknown(t, declared, strerror(-r));
	else if (mount_has_option(m->super_options, wanted))
		verdict(t, TRUTH_HOLDS, declared, declared);
	else
		verdict(t, TRUTH_LACKS, declared,
			arena_printf(l->arena, "/proc has no %s", wanted));
}

/* A capability that the setting takes out of the bounding set. */
static void bounded(struct look *l, const struct process *p, int capability, struct paths *s)
{
	if (!(p->status.cap_bounding & CAPABILITY(capability)))
		s->n_held++;
	else if (!s->bad)
		s->bad = arena_printf(l->arena, "%s is in its bounding set",
			words_capabilities(l->arena, CAPABILITY(capability)));
}

static void protect_paths(struct look *l, const struct row *row, struct process *p, struct truth *t)
{
	static const char *const tunables[] = {"/proc/sys", "/proc/sysrq-trigger", "/proc/acpi",
		"/proc/bus", "/proc/fs", "/proc/irq", "/sys", NULL};
	static const char *const modules[] = {"/usr/lib/modules", NULL};
	static const char *const logs[] = {"/dev/kmsg", "/proc/kmsg", NULL};
	static const char *const *const lists[] = {tunables, modules, logs};
	static const int capabilities[] = {-1, CAP_SYS_MODULE, CAP_SYSLOG};
	int capability = capabilities[row->argument];
	struct paths s = {.declared = "yes"};

	if (!row_number(l, row) || root_was_changed(l, p, "yes", t))
		return;
	if (capability >= 0)
		bounded(l, p, capability, &s);
	check_paths(l, p, lists[row->argument], row->argument ? IS_INACCESSIBLE : IS_READ_ONLY, &s);
	paths_verdict(l, &s, t);
}

/* yes: read-only; private: a namespace of its own; strict: both. */
static void protect_cgroups(
	struct look *l, const struct row *row, struct process *p, struct truth *t)
{
	const char *word = property_text(l->p, "ProtectControlGroupsEx");
	struct paths s = {0};

	if (!*word)
		word = words_yes(property_number(l->p, row->directive));
	s.declared = word;
	if (!strcmp(word, "no") || root_was_changed(l, p, word, t))
		return;
	if (strcmp(word, "yes") != 0 && p->ns[NS_CGROUP] == l->first->ns[NS_CGROUP])
		s.bad = "it is in the namespace of PID 1";
	else if (strcmp(word, "yes") != 0)
		s.n_held = 1;
	if (strcmp(word, "private") != 0)
		paths_check(l, p, "/sys/fs/cgroup", IS_READ_ONLY, &s);
	paths_verdict(l, &s, t);
}

/* A directory of the unit's own; with JoinsNamespaceOf= another unit's. A tmpfs, when it is
 * disconnected. */
static void private_tmp(struct look *l, const struct row *row, struct process *p, struct truth *t)
{
	const char *word = property_text(l->p, "PrivateTmpEx"), *seen, *first_seen;
	const struct mount *m, *first;

	if (!*word)
		word = words_yes(property_number(l->p, row->directive));
	if (!strcmp(word, "no") || root_was_changed(l, p, word, t))
		return;
	int r = process_mount_of(l->arena, p, "/tmp", &m, &seen);
	if (r >= 0)
		r = process_mount_of(l->arena, l->first, "/tmp", &first, &first_seen);
	if (path_is_declared(l, "/tmp", ""))
		verdict_unknown(t, word, "another setting of the unit decides what is at /tmp");
	else if (r < 0)
		verdict_unknown(t, word, arena_printf(l->arena, "/tmp: %s", strerror(-r)));
	else if (strstr(m->root, "/systemd-private-") ||
		 (!strcmp(m->type, "tmpfs") && strcmp(m->device, first->device) != 0) ||
		 mount_is_inaccessible(m))
		verdict(t, TRUTH_HOLDS, word, word);
	else
		verdict(t, TRUTH_LACKS, word, "off (/tmp is not its own)");
}

static void private_devices(
	struct look *l, const struct row *row, struct process *p, struct truth *t)
{
	const struct mount *m, *first;
	const char *seen;

	if (!row_number(l, row) || root_was_changed(l, p, "yes", t))
		return;
	int r = process_mount_of(l->arena, p, "/dev", &m, &seen);
	if (r >= 0)
		r = process_mount_of(l->arena, l->first, "/dev", &first, &seen);
	if (r < 0)
		verdict_unknown(t, "yes", arena_printf(l->arena, "/dev: %s", strerror(-r)));
	else if (!strcmp(m->type, "tmpfs") && strcmp(m->device, first->device) != 0)
		verdict(t, TRUTH_HOLDS, "yes", "yes");
	else
		verdict(t, TRUTH_LACKS, "yes", "off (/dev is the host's)");
}

const struct row rows_mounts[] = {
	{"ProtectSystem", NULL, OF_MOUNTS, protect_system, 0, NULL},
	{"ProtectHome", NULL, OF_MOUNTS, protect_home, 0, NULL},
	{"ProtectProc", NULL, OF_MOUNTS, proc_option, 0, "hidepid"},
	{"ProcSubset", NULL, OF_MOUNTS, proc_option, 0, "subset"},
	{"ProtectKernelTunables", NULL, OF_MOUNTS, protect_paths, 0, NULL},
	{"ProtectKernelModules", NULL, OF_MOUNTS, protect_paths, 1, NULL},
	{"ProtectKernelLogs", NULL, OF_MOUNTS, protect_paths, 2, NULL},
	{"ProtectControlGroups", NULL, OF_MOUNTS, protect_cgroups, 0, NULL},
	{"PrivateTmp", NULL, OF_MOUNTS, private_tmp, 0, NULL},
	{"PrivateDevices", NULL, OF_MOUNTS, private_devices, 0, NULL},
	{0},
};
