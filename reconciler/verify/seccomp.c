/*
 * Calls by name on each ABI, and what the programs together say of them (seccomp.h).
 * Reads no process. Called by the probe and by verify --ptrace.
 */
#include "seccomp.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <string.h>

#include "seccomp_bpf.h"

#define X32_BIT 0x40000000u
#define CALLS_MAX 1024   /* numbers to look through; the tables end before 600 */
#define DIRECT_FIRST 300 /* those of the calls that had another way first are younger */

/* Numbers above X32_BIT are no calls but those of x32. */
#define PLAIN(name, token)                                                                         \
	{                                                                                          \
		name, token, token, 0, X32_BIT - 1                                                 \
	}
static const struct seccomp_abi abis[] = {
	PLAIN("x86-64", SCMP_ARCH_X86_64),
	PLAIN("x86", SCMP_ARCH_X86),
	{"x32", SCMP_ARCH_X32, SCMP_ARCH_X86_64, X32_BIT, 2 * X32_BIT - 1},
	PLAIN("arm64", SCMP_ARCH_AARCH64),
	PLAIN("arm", SCMP_ARCH_ARM),
	PLAIN("riscv64", SCMP_ARCH_RISCV64),
	PLAIN("ppc64-le", SCMP_ARCH_PPC64LE),
	PLAIN("ppc64", SCMP_ARCH_PPC64),
	PLAIN("ppc", SCMP_ARCH_PPC),
	PLAIN("s390x", SCMP_ARCH_S390X),
	PLAIN("s390", SCMP_ARCH_S390),
#ifdef SCMP_ARCH_LOONGARCH64
	PLAIN("loongarch64", SCMP_ARCH_LOONGARCH64),
#endif
};

/* Which kernels know a second and a third one; as systemd's list of what it filters. */
static const struct {
	const char *native, *others[2];
} families[] = {
	{"x86-64", {"x86", "x32"}},
	{"arm64", {"arm", NULL}},
	{"s390x", {"s390", NULL}},
	{"ppc64", {"ppc", NULL}},
};

static const struct seccomp_abi *abi_native(void)
{
	uint32_t token = seccomp_arch_native();

	for (size_t i = 0; i < ELEMENTS(abis); i++)
		if (abis[i].token == token)
			return &abis[i];
	return NULL;
}

const struct seccomp_abi *seccomp_abi_find(const char *name)
{
	if (!strcmp(name, "native"))
		return abi_native();
	for (size_t i = 0; i < ELEMENTS(abis); i++)
		if (!strcmp(abis[i].name, name))
			return &abis[i];
	return NULL;
}

const struct seccomp_abi *seccomp_abi_local(size_t i)
{
	const struct seccomp_abi *native = abi_native();

	if (!i || !native)
		return i ? NULL : native;
	for (size_t k = 0; k < ELEMENTS(families); k++)
		if (!strcmp(families[k].native, native->name))
			return i <= ELEMENTS(families[k].others) && families[k].others[i - 1]
				       ? seccomp_abi_find(families[k].others[i - 1])
				       : NULL;
	return NULL;
}

bool seccomp_call_known(const char *name)
{
	for (size_t i = 0; i < ELEMENTS(abis); i++) {
		int nr = seccomp_syscall_resolve_name_arch(abis[i].token, name);

		/* Any that exists elsewhere has a negative number of its own. */
		if (nr != __NR_SCMP_ERROR)
			return true;
	}
	return false;
}

size_t seccomp_calls(struct arena *a, const struct seccomp_abi *abi, const char ***ret)
{
	size_t n = 0;

	*ret = arena_array(a, const char *, CALLS_MAX + 1);
	for (uint32_t i = 0; i < CALLS_MAX; i++) {
		_cleanup_free_ char *found =
			seccomp_syscall_resolve_num_arch(abi->token, (int)(abi->first + i));

		if (found)
			(*ret)[n++] = arena_strdup(a, found);
	}
	return n;
}

/* One way to a call: its number, and for a call through another the number in its first argument.
 */
struct entry {
	int nr;
	bool multiplexed;
	uint32_t first, first_mask;
};

/* What libseccomp calls -101 is socketcall's 1, -201 is ipc's 1; the kernel takes the upper half of
 * ipc's number for a version. */
static bool multiplexer(const struct seccomp_abi *abi, int pseudo, struct entry *ret)
{
	bool is_socket = pseudo <= -101 && pseudo >= -120,
	     is_ipc = pseudo <= -201 && pseudo >= -224;

	if (!is_socket && !is_ipc)
		return false;
	*ret = (struct entry){.nr = seccomp_syscall_resolve_name_arch(
				      abi->token, is_socket ? "socketcall" : "ipc"),
		.multiplexed = true,
		.first = (uint32_t)-pseudo - (is_socket ? 100 : 200),
		.first_mask = is_socket ? UINT32_MAX : UINT16_MAX};
	return ret->nr >= 0;
}

/* The number that libseccomp does not give by name where there are two ways. */
static bool direct(const struct seccomp_abi *abi, const char *name, struct entry *ret)
{
	for (int nr = DIRECT_FIRST; nr < CALLS_MAX; nr++) {
		_cleanup_free_ char *found = seccomp_syscall_resolve_num_arch(abi->token, nr);

		if (found && !strcmp(found, name)) {
			*ret = (struct entry){.nr = nr};
			return true;
		}
	}
	return false;
}

static size_t entries(const struct seccomp_abi *abi, const char *name, struct entry ret[2])
{
	int nr = seccomp_syscall_resolve_name_arch(abi->token, name);
	size_t n = 0;

	if (nr >= 0) {
		ret[0] = (struct entry){.nr = nr};
		return 1;
	}
	if (multiplexer(abi, nr, &ret[n])) {
		n++;
		n += direct(abi, name, &ret[n]);
	}
	return n;
}

static void data_init(struct call_data *d, const struct seccomp_abi *abi)
{
	for (size_t i = 0; i < DATA_WORDS; i++)
		d->words[i] = (struct data_word){.max = UINT32_MAX};
	word_known(&d->words[offsetof(struct seccomp_data, arch) / 4], UINT32_MAX, abi->audit);
}

static void set_argument(struct call_data *d, size_t i, uint64_t mask, uint64_t value)
{
	size_t low = (offsetof(struct seccomp_data, args) + 8 * i) / 4, high = low + 1;

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	high = low++;
#endif
	word_known(&d->words[low], (uint32_t)mask, (uint32_t)value);
	word_known(&d->words[high], (uint32_t)(mask >> 32), (uint32_t)(value >> 32));
}

static void answer_of(const struct outcome *o, struct seccomp_answer *ret)
{
	ret->action = o->action;
	ret->logged = !o->unlogged && !o->intricate;
	if (o->intricate)
		ret->verdict = SECCOMP_INTRICATE;
	else if (o->denied + o->allowed + o->supervised > 1)
		ret->verdict = SECCOMP_DEPENDS;
	else if (o->denied)
		ret->verdict = SECCOMP_DENIED;
	else
		ret->verdict = o->allowed ? SECCOMP_ALLOWED : SECCOMP_SUPERVISED;
}

static void judge_entry(const struct seccomp_filters *f, const struct seccomp_abi *abi,
	const struct entry *entry, const struct seccomp_arguments *known,
	struct seccomp_answer *ret)
{
	struct call_data data;
	struct outcome o;

	data_init(&data, abi);
	word_known(&data.words[0], UINT32_MAX, (uint32_t)entry->nr);
	/* The others stand in memory then, which no filter sees. */
	if (entry->multiplexed)
		set_argument(&data, 0, entry->first_mask, entry->first);
	else
		for (size_t i = 0; known && i < ELEMENTS(known->mask); i++)
			set_argument(&data, i, known->mask[i], known->value[i]);
	bpf_evaluate(f, &data, &o);
	answer_of(&o, ret);
}

/* The higher, the more a process may. */
static int liberty(enum seccomp_verdict v)
{
	static const int order[] = {
		[SECCOMP_NO_CALL] = 0,
		[SECCOMP_DENIED] = 1,
		[SECCOMP_SUPERVISED] = 2,
		[SECCOMP_INTRICATE] = 3,
		[SECCOMP_DEPENDS] = 4,
		[SECCOMP_ALLOWED] = 5,
	};

	return order[v];
}

enum seccomp_verdict seccomp_judge(const struct seccomp_filters *f, const struct seccomp_abi *abi,
	const char *name, const struct seccomp_arguments *known, struct seccomp_answer *ret)
{
	struct entry ways[2];
	size_t n = entries(abi, name, ways);

	*ret = (struct seccomp_answer){.verdict = SECCOMP_NO_CALL};
	for (size_t i = 0; i < n; i++) {
		struct seccomp_answer one;

		judge_entry(f, abi, &ways[i], known, &one);
		if (liberty(one.verdict) > liberty(ret->verdict))
			*ret = one;
	}
	return ret->verdict;
}

enum seccomp_verdict seccomp_judge_abi(
	const struct seccomp_filters *f, const struct seccomp_abi *abi, struct seccomp_answer *ret)
{
	struct call_data data;
	struct outcome o;

	/* One program that lets nothing through is enough, and all together have too many ways. */
	for (size_t i = 0; i < f->n; i++) {
		struct seccomp_filters one = {.n = 1, .programs = &f->programs[i]};

		data_init(&data, abi);
		word_between(&data.words[0], abi->first, abi->last);
		bpf_evaluate(&one, &data, &o);
		answer_of(&o, ret);
		if (ret->verdict == SECCOMP_DENIED)
			return ret->verdict;
	}
	data_init(&data, abi);
	word_between(&data.words[0], abi->first, abi->last);
	bpf_evaluate(f, &data, &o);
	answer_of(&o, ret);
	return ret->verdict;
}

static const char *action_words(struct arena *a, uint32_t action)
{
	uint32_t number = action & SECCOMP_RET_DATA;

	switch (action & SECCOMP_RET_ACTION_FULL) {
	case SECCOMP_RET_ALLOW:
		return "allowed";
	case SECCOMP_RET_LOG:
		return "allowed and logged";
	case SECCOMP_RET_ERRNO:
		return strerrorname_np((int)number) ? strerrorname_np((int)number)
						    : arena_printf(a, "errno %u", (unsigned)number);
	case SECCOMP_RET_TRAP:
		return "SIGSYS";
	case SECCOMP_RET_KILL_THREAD:
		return "kills the thread";
	case SECCOMP_RET_TRACE:
		return "a tracer decides, without one ENOSYS";
	case SECCOMP_RET_USER_NOTIF:
		return "another process decides";
	default:
		return "kills the process";
	}
}

const char *seccomp_words(struct arena *a, const struct seccomp_answer *answer)
{
	const char *action = action_words(a, answer->action);

	switch (answer->verdict) {
	case SECCOMP_ALLOWED:
		return action;
	case SECCOMP_DENIED:
		return arena_printf(a, "denied (%s)", action);
	case SECCOMP_DEPENDS:
		return arena_printf(a, "depends on its arguments (%s at most)", action);
	case SECCOMP_SUPERVISED:
		return action;
	case SECCOMP_INTRICATE:
		return "not told: the programs have too many ways";
	default:
		return "there is no such call";
	}
}
