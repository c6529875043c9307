/*
 * Priorities and what else the scheduler and the out-of-memory killer go by (rows.h).
 * Called by truth.c.
 */
#include <errno.h>
#include <linux/capability.h>
#include <linux/ioprio.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "rows.h"

#define CPU_BYTES 1024u /* 8192 processors, the most that a kernel is built for */
#define PERSONALITY_MASK 0xffu

static const char *signed_words(struct look *l, long long n)
{
	return arena_printf(l->arena, "%lld", n);
}

static enum truth_verdict differs(const struct process *p, bool same, bool cannot)
{
	return cannot ? TRUTH_LACKS : same || !p->is_main ? TRUTH_HOLDS : TRUTH_OWN;
}

static uint64_t soft_limit(struct look *l, struct process *p, int which)
{
	return process_limits(l->arena, p) < 0 ? UINT64_MAX : p->limits[which].soft;
}

/* Up is free, down takes a capability or RLIMIT_NICE (20 minus it is the lowest). */
static void nice_(struct look *l, const struct row *row, struct process *p, struct truth *t)
{
	long long declared = (long long)row_number(l, row), real = p->nice;
	bool cannot = real < declared && !may(l, CAP_SYS_NICE) &&
		      soft_limit(l, p, RLIMIT_NICE) < (uint64_t)(20 - real);

	if (declared || cannot)
		verdict(t, differs(p, declared == real, cannot), signed_words(l, declared),
			signed_words(l, real));
}

static const char *policy_name(unsigned policy)
{
	static const char *const names[] = {
		"other", "fifo", "rr", "batch", "iso", "idle", "deadline", "ext"};

	return policy < ELEMENTS(names) ? names[policy] : "of another kind";
}

static bool is_realtime(unsigned policy)
{
	return policy == SCHED_FIFO || policy == SCHED_RR || policy == SCHED_DEADLINE;
}

static bool may_be_realtime(struct look *l, struct process *p)
{
	return may(l, CAP_SYS_NICE) || soft_limit(l, p, RLIMIT_RTPRIO) > 0;
}

static void policy(struct look *l, const struct row *row, struct process *p, struct truth *t)
{
	unsigned declared = (unsigned)row_number(l, row), real = p->policy;
	bool cannot = is_realtime(real) && !is_realtime(declared) && !may_be_realtime(l, p);

	if (declared != SCHED_OTHER || cannot)
		verdict(t, differs(p, declared == real, cannot), policy_name(declared),
			policy_name(real));
}

static void realtime_priority(
	struct look *l, const struct row *row, struct process *p, struct truth *t)
{
	long long declared = (long long)row_number(l, row);
	struct sched_param param;

	if (!declared)
		return;
	if (sched_getparam(p->pid, &param) < 0) {
		verdict_unknown(t, signed_words(l, declared), strerror(errno));
		return;
	}
	bool cannot = param.sched_priority > declared && !may(l, CAP_SYS_NICE) &&
		      soft_limit(l, p, RLIMIT_RTPRIO) < (uint64_t)param.sched_priority;
	verdict(t, differs(p, declared == param.sched_priority, cannot), signed_words(l, declared),
		signed_words(l, param.sched_priority));
}

/* Children do not have it, for it is what resets them. */
static void reset_on_fork(struct look *l, const struct row *row, struct process *p, struct truth *t)
{
	int real = sched_getscheduler(p->pid);
	bool set = real >= 0 && real & SCHED_RESET_ON_FORK;

	if (row_number(l, row))
		verdict(t,
			set                    ? TRUTH_HOLDS
			: may(l, CAP_SYS_NICE) ? TRUTH_OWN
					       : TRUTH_LACKS,
			"yes", words_yes(set));
}

static int io_priority(const struct process *p)
{
	return (int)syscall(SYS_ioprio_get, IOPRIO_WHO_PROCESS, p->pid);
}

/* Of a process that never set one the kernel says none, or the class of its processor time: that
 * is best-effort as long as it is an ordinary one. */
static void io_class(struct look *l, const struct row *row, struct process *p, struct truth *t)
{
	static const char *const names[] = {"none", "realtime", "best-effort", "idle"};
	unsigned declared = (unsigned)row_number(l, row);
	int ioprio = io_priority(p);
	unsigned real = ioprio < 0 ? 0 : (unsigned)ioprio >> IOPRIO_CLASS_SHIFT;
	bool cannot = real == IOPRIO_CLASS_RT && declared != IOPRIO_CLASS_RT &&
		      p->policy != SCHED_FIFO && p->policy != SCHED_RR && !may(l, CAP_SYS_NICE) &&
		      !may(l, CAP_SYS_ADMIN);

	if (ioprio < 0 || declared >= ELEMENTS(names) || real >= ELEMENTS(names))
		return;
	real = real == IOPRIO_CLASS_NONE ? IOPRIO_CLASS_BE : real;
	declared = declared == IOPRIO_CLASS_NONE ? IOPRIO_CLASS_BE : declared;
	if (declared != IOPRIO_CLASS_BE || cannot)
		verdict(t, differs(p, declared == real, cannot), names[declared], names[real]);
}

/* Within a class any process chooses its own; none has a priority when it is idle. */
static void io_level(struct look *l, const struct row *row, struct process *p, struct truth *t)
{
	long long declared = (long long)row_number(l, row);
	int ioprio = io_priority(p);
	bool is_set = ioprio >= 0 && ioprio >> IOPRIO_CLASS_SHIFT != IOPRIO_CLASS_NONE;
	long long real = is_set ? ioprio & 7 : 4;

	if (declared == 4 || property_number(l->p, "IOSchedulingClass") == IOPRIO_CLASS_IDLE)
		return;
	verdict(t, differs(p, declared == real, false), signed_words(l, declared),
		signed_words(l, real));
}

/* sched_setaffinity(2) asks for no capability for one's own: a process may widen it, too. */
static void affinity(struct look *l, const struct row *row, struct process *p, struct truth *t)
{
	const struct property *declared = property_find(l->p, row_property(row));
	unsigned char *real = arena_alloc(l->arena, CPU_BYTES);

	if (!declared || !declared->n || !declared->items[0].number)
		return;
	const unsigned char *bits = (const unsigned char *)declared->items[0].text;
	size_t size = (size_t)declared->items[0].number;
	const char *words = words_bitmap(l->arena, bits, size);
	long n = syscall(SYS_sched_getaffinity, p->pid, CPU_BYTES, real);
	if (n < 0) {
		verdict_unknown(t, words, strerror(errno));
		return;
	}
	verdict(t, differs(p, bits_equal(bits, size, real, (size_t)n), false), words,
		words_bitmap(l->arena, real, (size_t)n));
}

/* A number in a file of /proc/PID. */
static bool file_number(
	struct look *l, const struct process *p, const char *file, int base, long long *ret)
{
	const char *text;
	size_t size;
	char *end;

	if (process_read(l->arena, p, file, &text, &size) < 0)
		return false;
	*ret = strtoll(text, &end, base);
	return end != text;
}

/* What was given by someone with the capability is the least that others can go back to. */
static void oom(struct look *l, const struct row *row, struct process *p, struct truth *t)
{
	long long declared = (long long)row_number(l, row), real;
	bool is_default =
		declared == (long long)property_number(l->manager, "DefaultOOMScoreAdjust");

	if (!file_number(l, p, "oom_score_adj", 10, &real)) {
		if (!is_default)
			verdict_unknown(
				t, signed_words(l, declared), "oom_score_adj cannot be read");
		return;
	}
	bool cannot = real < declared && !may(l, CAP_SYS_RESOURCE);
	if (!is_default || cannot)
		verdict(t, differs(p, declared == real, cannot), signed_words(l, declared),
			signed_words(l, real));
}

static const char *personality_name(long long value)
{
	return (value & PERSONALITY_MASK) == 8 ? "32 bit" : "native";
}

/* Any process may change it, unless LockPersonality= is in force. */
static void personality_(struct look *l, const struct row *row, struct process *p, struct truth *t)
{
	const char *declared = property_text(l->p, row_property(row));
	bool narrow = !strcmp(declared, "x86") || !strcmp(declared, "arm") ||
		      !strcmp(declared, "ppc") || !strcmp(declared, "s390");
	bool locked = property_number(l->p, "LockPersonality") && p->is_main;
	long long real;

	if (!*declared)
		return;
	if (!file_number(l, p, "personality", 16, &real)) {
		verdict_unknown(t, declared, "its personality cannot be read");
		return;
	}
	bool same = ((real & PERSONALITY_MASK) == 8) == narrow;
	verdict(t, differs(p, same, !same && locked), declared, personality_name(real));
}

/* A file that holds what the process may set at any time; the default is what PID 1 has. */
static void own_number(struct look *l, const struct row *row, struct process *p, struct truth *t)
{
	int base = (int)row->argument;
	long long declared = (long long)row_number(l, row), real, inherited;

	if (!property_find(l->p, row_property(row)))
		return;
	bool known = file_number(l, l->first, row->text, base, &inherited);
	if (known && inherited == declared)
		return;
	const char *words = arena_printf(l->arena, base == 16 ? "0x%llx" : "%lld", declared);
	if (!known || !file_number(l, p, row->text, base, &real)) {
		verdict_unknown(t, words, arena_printf(l->arena, "%s cannot be read", row->text));
		return;
	}
	verdict(t, differs(p, declared == real, false), words,
		arena_printf(l->arena, base == 16 ? "0x%llx" : "%lld", real));
}

const struct row rows_scheduling[] = {
	{"Nice", NULL, OF_PROCESS, nice_, 0, NULL},
	{"CPUSchedulingPolicy", NULL, OF_PROCESS, policy, 0, NULL},
	{"CPUSchedulingPriority", NULL, OF_PROCESS, realtime_priority, 0, NULL},
	{"CPUSchedulingResetOnFork", NULL, OF_MAIN, reset_on_fork, 0, NULL},
	{"CPUAffinity", NULL, OF_PROCESS, affinity, 0, NULL},
	{"IOSchedulingClass", NULL, OF_PROCESS, io_class, 0, NULL},
	{"IOSchedulingPriority", NULL, OF_PROCESS, io_level, 0, NULL},
	{"OOMScoreAdjust", NULL, OF_PROCESS, oom, 0, NULL},
	{"Personality", NULL, OF_PROCESS, personality_, 0, NULL},
	{"TimerSlackNSec", NULL, OF_PROCESS, own_number, 10, "timerslack_ns"},
	{"CoredumpFilter", NULL, OF_PROCESS, own_number, 16, "coredump_filter"},
	{0},
};
