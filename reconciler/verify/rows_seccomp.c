/*
 * System call filters (rows.h). The kernel tells whether there are any and how many, and of a
 * process that is stopped what is in them (filters.h); a process cannot drop one, and may add its
 * own. Called by truth.c.
 */
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>

#include "l4sync/text.h"

#include "rows.h"

/*
 * How many systemd 257 loads on x86-64, in its order (each seen there): one for each architecture
 * (x86-64, x86, x32), or for fewer where the call is not everywhere; behind
 * SystemCallArchitectures= only for those that are allowed.
 */
static const struct filter {
	const char *property;
	unsigned n;
	bool later;
} filters[] = {
	{"RestrictAddressFamilies", 2, false},
	{"RestrictRealtime", 3, false},
	{"RestrictSUIDSGID", 3, false},
	{"RestrictNamespaces", 3, false},
	{"ProtectHostname", 3, false},
	{"ProtectKernelTunables", 2, false},
	{"ProtectKernelModules", 3, false},
	{"ProtectKernelLogs", 3, false},
	{"ProtectClock", 3, false},
	{"PrivateDevices", 3, false},
	{"SystemCallArchitectures", 1, false},
	{"LockPersonality", 3, true},
	{"SystemCallLog", 3, true},
	{"SystemCallFilter", 3, true},
};

static bool is_declared(const struct look *l, const char *name)
{
	const struct property *p = property_find(l->p, name);

	if (!p || !p->n)
		return false;
	if (!strcmp(p->signature, "(bas)"))
		return p->items[0].number || p->n > 2;
	if (!strcmp(name, "RestrictNamespaces"))
		return ~p->items[0].number & 0x7e020080; /* CLONE_NEW*: those that are allowed */
	return p->items[0].text || p->items[0].number;
}

/* "native" and the two others by name. */
static unsigned architectures(const struct look *l)
{
	const struct property *p = property_find(l->p, "SystemCallArchitectures");
	unsigned n = 0;

	for (size_t i = 0; p && i < p->n; i++)
		n += text_has_word("native x86 x32", p->items[i].text);
	return n ? n : 3;
}

/* At least one for each setting, wherever systemd runs; exactly so many where it is known. */
static void expected(const struct look *l, unsigned *least, unsigned *exact)
{
	bool known = false;

#ifdef __x86_64__
	known = text_starts(property_text(l->manager, "Version"), "257");
#endif
	*least = *exact = 0;
	for (size_t i = 0; i < ELEMENTS(filters); i++) {
		unsigned n = filters[i].later ? architectures(l) : filters[i].n;

		if (!is_declared(l, filters[i].property))
			continue;
		++*least;
		*exact += n;
	}
	if (!known)
		*exact = 0;
}

static const char *words(struct look *l, const struct row *row)
{
	const struct property *p = property_find(l->p, row_property(row));

	if (!strcmp(p->signature, "b"))
		return "yes";
	if (!strcmp(row->directive, "RestrictNamespaces"))
		return p->items[0].number ? "some" : "yes";
	if (!strcmp(p->signature, "(bas)"))
		return arena_printf(l->arena, "%s %llu names", p->items[0].number ? "only" : "not",
			(unsigned long long)p->items[1].number);
	return words_of(l->arena, p);
}

/* Of several filters the kernel does not tell which is missing: each of the settings may lack. */
static void filtered(struct look *l, const struct row *row, struct process *p, struct truth *t)
{
	int inherited = l->first->status.seccomp_filters, real = p->status.seccomp_filters;
	unsigned least, exact;

	if (!is_declared(l, row_property(row)))
		return;
	const char *declared = words(l, row);
	if (p->status.seccomp_mode == 0) {
		verdict(t, TRUTH_LACKS, declared, "off (the process has no filter at all)");
		return;
	}
	if (inherited < 0 || real < 0) {
		verdict_unknown(t, declared, "this kernel does not tell the number of filters");
		return;
	}
	expected(l, &least, &exact);
	unsigned own = real > inherited ? (unsigned)(real - inherited) : 0,
		 wanted = exact ? exact : least;
	if (own < wanted)
		verdict(t, TRUTH_LACKS, declared,
			arena_printf(l->arena,
				"incomplete (%u filters beyond those of PID 1; all that is "
				"declared takes %u)",
				own, wanted));
	else if (!p->is_main || own == exact)
		verdict(t, TRUTH_HOLDS, declared, declared);
	else
		verdict_unknown(t, declared,
			arena_printf(l->arena,
				"%u filters beyond those of PID 1: what is in them "
				"the kernel tells only of a stopped process (--ptrace)",
				own));
}

static void untold(struct look *l, const struct row *row, struct process *p, struct truth *t)
{
	const char *text = property_text(l->p, row_property(row));

	(void)p;
	/* private is what a service has that says nothing. */
	if (*text ? strcmp(text, "private") != 0 : row_number(l, row) != 0)
		verdict_unknown(t, *text ? text : "yes", row->text);
}

/* An anonymous mapping that nobody could have made under it: not the stack or the heap, which the
 * kernel makes itself, and no part of a program's file. */
static const char *writable_code(struct arena *a, const char *maps)
{
	for (const char *line = maps; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		const char *mode = line + strcspn(line, " \n");
		unsigned long inode;
		int end = 0;

		if (!text_starts(mode, " rwx"))
			continue;
		const char *whole = arena_strndup(a, line, strcspn(line, "\n"));
		if (sscanf(whole, "%*s %*s %*s %*s %lu%n", &inode, &end) == 1 && !inode &&
			!whole[end + (int)strspn(whole + end, " ")])
			return arena_strndup(a, line, (size_t)(mode - line));
	}
	return NULL;
}

/* prctl(PR_SET_MDWE) on kernels that have it, which the kernel shows to that process alone; else
 * filters. */
static void deny_write_execute(
	struct look *l, const struct row *row, struct process *p, struct truth *t)
{
	const char *maps, *found;
	size_t size;

	if (!row_number(l, row))
		return;
	if (process_read(l->arena, p, "maps", &maps, &size) >= 0 &&
		(found = writable_code(l->arena, maps)))
		verdict(t, TRUTH_LACKS, "yes",
			arena_printf(l->arena,
				"not in force (memory at %s can be written and executed)", found));
	else
		untold(l, row, p, t);
}

/* Pages may be merged of all mappings, or of none; that takes power to change. */
static void merging(struct look *l, const struct row *row, struct process *p, struct truth *t)
{
	const char *text;
	size_t size;
	int on = -1;

	if (!row_number(l, row))
		return;
	if (process_read(l->arena, p, "ksm_stat", &text, &size) >= 0 &&
		(text = strstr(text, "ksm_merge_any:")))
		on = text_starts(text, "ksm_merge_any: yes");
	else if (process_read(l->arena, p, "smaps", &text, &size) >= 0)
		on = strstr(text, " mg ") != NULL;
	if (on < 0)
		verdict_unknown(t, "yes", "this kernel does not tell");
	else
		verdict(t,
			on                         ? TRUTH_HOLDS
			: may(l, CAP_SYS_RESOURCE) ? TRUTH_OWN
						   : TRUTH_LACKS,
			"yes", words_yes(on));
}

/* A label is shown by whichever security module is the first. */
static void label(struct look *l, const struct row *row, struct process *p, struct truth *t)
{
	const struct property *declared = property_find(l->p, row_property(row));
	const char *wanted = declared && declared->n > 1 ? declared->items[1].text : NULL, *real;
	size_t size;

	if (!wanted || !*wanted)
		return;
	if (process_read(l->arena, p, row->text, &real, &size) < 0) {
		verdict_unknown(t, wanted, "this kernel shows no such label");
		return;
	}
	real = arena_strndup(l->arena, real, strcspn(real, " \n"));
	verdict(t, strcmp(real, wanted) ? TRUTH_LACKS : TRUTH_HOLDS, wanted, real);
}

const struct row rows_seccomp[] = {
	{"SystemCallFilter", NULL, OF_SANDBOX, filtered, 0, NULL},
	{"SystemCallArchitectures", NULL, OF_SANDBOX, filtered, 0, NULL},
	{"SystemCallLog", NULL, OF_SANDBOX, filtered, 0, NULL},
	{"RestrictAddressFamilies", NULL, OF_SANDBOX, filtered, 0, NULL},
	{"RestrictNamespaces", NULL, OF_SANDBOX, filtered, 0, NULL},
	{"RestrictRealtime", NULL, OF_SANDBOX, filtered, 0, NULL},
	{"RestrictSUIDSGID", NULL, OF_SANDBOX, filtered, 0, NULL},
	{"LockPersonality", NULL, OF_SANDBOX, filtered, 0, NULL},
	{"ProtectClock", NULL, OF_SANDBOX, filtered, 0, NULL},
	{"MemoryDenyWriteExecute", NULL, OF_MAIN, deny_write_execute, 0,
		"the kernel tells it to that process alone"},
	{"KeyringMode", NULL, OF_MAIN, untold, 0,
		"the kernel shows no process's keyrings to another"},
	{"MemoryKSM", NULL, OF_MAIN, merging, 0, NULL},
	{"AppArmorProfile", NULL, OF_MAIN, label, 0, "attr/apparmor/current"},
	{"SELinuxContext", NULL, OF_MAIN, label, 0, "attr/selinux/current"},
	{"SmackProcessLabel", NULL, OF_MAIN, label, 0, "attr/smack/current"},
	{0},
};
