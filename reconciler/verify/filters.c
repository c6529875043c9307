/*
 * Settings of systemd.exec(5) that are filters of system calls, by the calls that they deny
 * (filters.h): on each ABI that the process may use, with the arguments that matter.
 * Stops nothing but in filters_read(). Called by truth.c.
 */
#include "filters.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/stat.h>

#include "l4sync/text.h"

#include "families.h"

#define NAMED_MAX 3 /* calls that are named, of those that should be denied */

/* A call that must be denied, or that only with bits of one or two of its arguments. */
struct denied {
	const char *name;
	int argument[2]; /* from 1; 0: none */
	uint64_t mask[2], value[2];
};

#define WHOLE(name)                                                                                \
	{                                                                                          \
		name, {0}, {0},                                                                    \
		{                                                                                  \
			0                                                                          \
		}                                                                                  \
	}
#define INT(name, i, n)                                                                            \
	{                                                                                          \
		name, {i}, {UINT32_MAX},                                                           \
		{                                                                                  \
			n                                                                          \
		}                                                                                  \
	}
#define BIT(name, i, bit)                                                                          \
	{                                                                                          \
		name, {i}, {bit},                                                                  \
		{                                                                                  \
			bit                                                                        \
		}                                                                                  \
	}
#define CREATES(name, i, bit)                                                                      \
	{                                                                                          \
		name, {i, (i) + 1}, {O_CREAT, bit},                                                \
		{                                                                                  \
			O_CREAT, bit                                                               \
		}                                                                                  \
	}
#define OF_MODE(bit)                                                                               \
	BIT("chmod", 2, bit), BIT("fchmod", 2, bit), BIT("fchmodat", 3, bit),                      \
		BIT("mkdir", 2, bit), BIT("mkdirat", 3, bit), BIT("mknod", 2, bit),                \
		BIT("mknodat", 3, bit), BIT("fchmodat2", 3, bit), BIT("creat", 2, bit),            \
		CREATES("open", 2, bit), CREATES("openat", 3, bit)

static const struct denied of_realtime[] = {
	INT("sched_setscheduler", 2, SCHED_FIFO),
	INT("sched_setscheduler", 2, SCHED_RR),
	INT("sched_setscheduler", 2, 6 /* SCHED_DEADLINE */),
	{0},
};
static const struct denied of_sxid[] = {OF_MODE(S_ISUID), OF_MODE(S_ISGID), WHOLE("openat2"), {0}};
static const struct denied of_personality[] = {
	INT("personality", 1, ADDR_NO_RANDOMIZE), INT("personality", 1, READ_IMPLIES_EXEC), {0}};
static const struct denied of_clock[] = {WHOLE("adjtimex"), WHOLE("clock_adjtime"),
	WHOLE("clock_adjtime64"), WHOLE("clock_settime"), WHOLE("clock_settime64"),
	WHOLE("settimeofday"), {0}};
static const struct denied of_modules[] = {
	WHOLE("init_module"), WHOLE("finit_module"), WHOLE("delete_module"), {0}};
static const struct denied of_logs[] = {WHOLE("syslog"), {0}};
static const struct denied of_hostname[] = {WHOLE("sethostname"), WHOLE("setdomainname"), {0}};
static const struct denied of_devices[] = {
	WHOLE("ioperm"), WHOLE("iopl"), WHOLE("pciconfig_read"), WHOLE("pciconfig_write"), {0}};

/* What was found of one setting on all ABIs. */
struct found {
	struct arena *arena;
	const struct seccomp_filters *filters;
	const struct seccomp_abi *abi; /* that is looked at */
	size_t n;                      /* calls that are let through, on the first such ABI */
	const struct seccomp_abi *first;
	struct buf names;
	bool intricate;
};

static void add_allowed(struct found *f, const char *what, const struct seccomp_answer *answer)
{
	const char *words = seccomp_words(f->arena, answer);

	if (answer->verdict == SECCOMP_INTRICATE) {
		f->intricate = true;
		return;
	}
	if (!f->first)
		f->first = f->abi;
	if (f->first != f->abi || f->n++ >= NAMED_MAX)
		return;
	buf_addf(&f->names, "%s%s", f->names.size ? ", " : "", what);
	if (answer->verdict != SECCOMP_ALLOWED)
		buf_addf(&f->names, " (%s)", words);
}

static bool is_denied(enum seccomp_verdict v)
{
	return v == SECCOMP_DENIED || v == SECCOMP_NO_CALL;
}

static void must_deny(
	struct found *f, const char *name, const struct seccomp_arguments *known, const char *what)
{
	struct seccomp_answer answer;

	if (!is_denied(seccomp_judge(f->filters, f->abi, name, known, &answer)))
		add_allowed(f, what, &answer);
}

/* The kernel takes the lower half of a register for an int, whatever is in the upper one; a filter
 * that compares all of it lets a program through that sets something there. */
static void must_deny_int(
	struct found *f, const char *name, unsigned argument, uint32_t number, const char *what)
{
	struct seccomp_arguments plain = {0}, lower = {0};
	struct seccomp_answer answer;

	plain.mask[argument] = UINT64_MAX;
	lower.mask[argument] = UINT32_MAX;
	plain.value[argument] = lower.value[argument] = number;
	if (!is_denied(seccomp_judge(f->filters, f->abi, name, &plain, &answer)))
		add_allowed(f, what, &answer);
	else if (!is_denied(seccomp_judge(f->filters, f->abi, name, &lower, &answer)))
		add_allowed(f,
			arena_printf(
				f->arena, "%s and bits in the upper half of that argument", what),
			&(struct seccomp_answer){.verdict = SECCOMP_ALLOWED});
}

static void calls(struct look *l, const struct property *p, struct found *f, const void *data)
{
	(void)l;
	(void)p;
	for (const struct denied *d = data; d->name; d++) {
		struct seccomp_arguments known = {0};

		for (size_t i = 0; i < ELEMENTS(d->argument) && d->argument[i]; i++) {
			known.mask[d->argument[i] - 1] = d->mask[i];
			known.value[d->argument[i] - 1] = d->value[i];
		}
		must_deny(f, d->name, &known,
			d->argument[0] ? arena_printf(f->arena, "%s with 0%llo", d->name,
						 (unsigned long long)d->value[d->argument[1] != 0])
				       : d->name);
	}
}

/* Of that one the filters cannot see the arguments, and systemd lets it through; only who has the
 * power to be scheduled so gains anything by it. */
static void realtime(struct look *l, const struct property *p, struct found *f, const void *data)
{
	calls(l, p, f, data);
	if (may(l, CAP_SYS_NICE) || property_number(l->p, "LimitRTPRIO"))
		must_deny(f, "sched_setattr", NULL, "sched_setattr");
}

/* A namespace of its own, in which it may have the name that it likes, has no filter. */
static void hostname(struct look *l, const struct property *p, struct found *f, const void *data)
{
	if (!p->items[0].text || strcmp(p->items[0].text, "private") != 0)
		calls(l, p, f, data);
}

static void namespaces(struct look *l, const struct property *p, struct found *f, const void *data)
{
	static const struct {
		uint64_t flag;
		const char *name;
	} flags[] = {{CLONE_NEWCGROUP, "CLONE_NEWCGROUP"}, {CLONE_NEWIPC, "CLONE_NEWIPC"},
		{CLONE_NEWNET, "CLONE_NEWNET"}, {CLONE_NEWNS, "CLONE_NEWNS"},
		{CLONE_NEWPID, "CLONE_NEWPID"}, {CLONE_NEWUSER, "CLONE_NEWUSER"},
		{CLONE_NEWUTS, "CLONE_NEWUTS"}};
	uint64_t kept = p->items[0].number, all = 0;
	/* The first two arguments of clone are the other way round there. */
	bool swapped = text_starts(f->abi->name, "s390");

	(void)l;
	(void)data;
	for (size_t i = 0; i < ELEMENTS(flags); i++) {
		struct seccomp_arguments first = {{flags[i].flag}, {flags[i].flag}},
					 second = {{0, flags[i].flag}, {0, flags[i].flag}};

		all |= flags[i].flag;
		if (kept & flags[i].flag)
			continue;
		must_deny(f, "unshare", &first,
			arena_printf(f->arena, "unshare of %s", flags[i].name));
		must_deny(f, "clone", swapped ? &second : &first,
			arena_printf(f->arena, "clone with %s", flags[i].name));
		must_deny(f, "setns", &second,
			arena_printf(f->arena, "setns with %s", flags[i].name));
	}
	if (kept & all)
		must_deny_int(f, "setns", 1, 0, "setns with 0");
	else
		must_deny(f, "setns", NULL, "setns");
	must_deny(f, "clone3", NULL, "clone3");
}

static bool is_listed(const struct property *p, const char *name)
{
	for (size_t i = 2; i < p->n; i++) {
		const char *text = p->items[i].text;

		/* An error of its own may stand behind it: "ptrace:EPERM". */
		if (text && text_starts(text, name) && strchr(":", text[strlen(name)]))
			return true;
	}
	return false;
}

static void families(struct look *l, const struct property *p, struct found *f, const void *data)
{
	bool allowed = p->items[0].number;

	(void)l;
	(void)data;
	for (size_t i = 0; family_names[i].name; i++)
		if (is_listed(p, family_names[i].name) != allowed)
			must_deny_int(f, "socket", 0, (uint32_t)family_names[i].number,
				arena_printf(f->arena, "socket with %s", family_names[i].name));
}

/* What they are two ways to stands under its own name too. */
static bool is_multiplexer(const char *name)
{
	return !strcmp(name, "socketcall") || !strcmp(name, "ipc");
}

static void filter(struct look *l, const struct property *p, struct found *f, const void *data)
{
	const char **names;
	size_t n;

	(void)l;
	(void)data;
	if (!p->items[0].number) {
		for (size_t i = 2; i < p->n; i++) {
			const char *name = arena_strndup(
				f->arena, p->items[i].text, strcspn(p->items[i].text, ":"));

			must_deny(f, name, NULL, name);
		}
		return;
	}
	n = seccomp_calls(f->arena, f->abi, &names);
	for (size_t i = 0; i < n; i++)
		if (!is_listed(p, names[i]) && !is_multiplexer(names[i]))
			must_deny(f, names[i], NULL, names[i]);
}

/* Of an allowed call the kernel must write a line. */
static void logged(struct look *l, const struct property *p, struct found *f, const void *data)
{
	const char **names;
	size_t n = seccomp_calls(f->arena, f->abi, &names);

	(void)l;
	(void)data;
	for (size_t i = 0; i < n; i++) {
		struct seccomp_answer answer;

		if (is_multiplexer(names[i]) || is_listed(p, names[i]) != !!p->items[0].number)
			continue;
		if (!is_denied(seccomp_judge(f->filters, f->abi, names[i], NULL, &answer)) &&
			!answer.logged)
			add_allowed(f, names[i], &answer);
	}
}

/* The native one is never denied. */
static void architectures(
	struct look *l, const struct property *p, struct found *f, const void *data)
{
	struct seccomp_answer answer;

	(void)l;
	(void)data;
	if (f->abi == seccomp_abi_find("native"))
		return;
	for (size_t i = 0; i < p->n; i++)
		if (p->items[i].text && !strcmp(p->items[i].text, f->abi->name))
			return;
	if (seccomp_judge_abi(f->filters, f->abi, &answer) != SECCOMP_DENIED)
		add_allowed(f, "calls", &(struct seccomp_answer){.verdict = SECCOMP_ALLOWED});
}

/* only: the setting is nothing but this. */
static const struct promise {
	const char *directive;
	bool only;
	void (*check)(struct look *l, const struct property *p, struct found *f, const void *data);
	const void *data;
} promises[] = {
	{"SystemCallFilter", true, filter, NULL},
	{"SystemCallArchitectures", true, architectures, NULL},
	{"SystemCallLog", true, logged, NULL},
	{"RestrictAddressFamilies", true, families, NULL},
	{"RestrictNamespaces", true, namespaces, NULL},
	{"RestrictRealtime", true, realtime, of_realtime},
	{"RestrictSUIDSGID", true, calls, of_sxid},
	{"LockPersonality", true, calls, of_personality},
	{"ProtectClock", true, calls, of_clock},
	{"ProtectKernelModules", false, calls, of_modules},
	{"ProtectKernelLogs", false, calls, of_logs},
	{"ProtectHostname", false, hostname, of_hostname},
	{"PrivateDevices", false, calls, of_devices},
};

static const struct promise *promise_of(const char *directive)
{
	for (size_t i = 0; i < ELEMENTS(promises); i++)
		if (!strcmp(promises[i].directive, directive))
			return &promises[i];
	return NULL;
}

/* What is let through on one ABI is enough. */
static void look_at_all(
	struct look *l, const struct promise *promise, const struct property *p, struct found *f)
{
	bool archs = promise->check == architectures;

	for (size_t i = 0; (f->abi = seccomp_abi_local(i)); i++) {
		struct seccomp_answer answer;

		/* On one that is denied as a whole nothing else is needed. */
		if (archs || seccomp_judge_abi(f->filters, f->abi, &answer) != SECCOMP_DENIED)
			promise->check(l, p, f, promise->data);
	}
}

static const char *allowed_words(struct look *l, struct found *f)
{
	if (f->n > NAMED_MAX)
		buf_addf(&f->names, " and %zu more", f->n - NAMED_MAX);
	return arena_printf(l->arena, "not in force on %s: %s %s let through", f->first->name,
		f->names.data, f->n > 1 ? "are" : "is");
}

void filters_refine(struct look *l, const struct row *row, struct process *p, struct truth *t)
{
	const struct promise *promise = promise_of(row->directive);
	const struct property *declared = property_find(l->p, row_property(row));
	struct found f = {.arena = l->arena, .filters = p->filters};

	if (!promise || !t->declared || !declared || !declared->n)
		return;
	if (!p->filters) {
		if (promise->only && t->verdict == TRUTH_UNKNOWN)
			t->real = p->unread;
		return;
	}
	if (t->verdict == TRUTH_LACKS && (!promise->only || !p->filters->n))
		return;
	look_at_all(l, promise, declared, &f);
	if (f.n)
		verdict(t, TRUTH_LACKS, t->declared, allowed_words(l, &f));
	else if (f.intricate)
		verdict_unknown(t, t->declared, "its filters have too many ways to follow");
	else if (promise->only)
		verdict(t, TRUTH_HOLDS, t->declared, t->declared);
	buf_free(&f.names);
}

void filters_read(struct look *l, struct process *p, struct truth_unit *u)
{
	struct seccomp_filters *filters = arena_new_of(l->arena, struct seccomp_filters);
	struct truth_read *read = arena_array(l->arena, struct truth_read, u->n_read + 1);
	_cleanup_err_ struct err e = ERR_INIT;

	if (seccomp_read(l->arena, p->pid, filters, &e) >= 0)
		p->filters = filters;
	else
		p->unread = arena_strdup(l->arena, err_text(&e));
	if (u->n_read)
		memcpy(read, u->read, u->n_read * sizeof *read);
	read[u->n_read++] = (struct truth_read){.pid = p->pid,
		.process = p->status.name,
		.stopped_usec = filters->stopped_usec,
		.filters = p->filters,
		.unread = p->unread};
	u->read = read;
}
