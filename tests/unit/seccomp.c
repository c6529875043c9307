/*
 * System call filters: what is accepted as a program, and what programs do with calls that are
 * known or not, by name, on each ABI.
 */
#include <check.h>
#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "../seccomp_programs.h"

#define LOAD(offset) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset)
#define RET(action) BPF_STMT(BPF_RET | BPF_K, action)
#define JUMP(what, k, jt, jf) BPF_JUMP(BPF_JMP | (what) | BPF_K, k, jt, jf)
#define NR offsetof(struct seccomp_data, nr)
#define LOW(i) (offsetof(struct seccomp_data, args) + 8 * (i))
#define HIGH(i) (LOW(i) + 4)
#define DENY (SECCOMP_RET_ERRNO | EPERM)
#define ALLOW SECCOMP_RET_ALLOW
#define N(code) (sizeof(code) / sizeof *(code))

static struct arena *a;

static void setup(void)
{
	a = arena_new();
}

static void teardown(void)
{
	arena_free(a);
}

static enum seccomp_verdict judge_known(
	const struct sock_filter *code, size_t n, const struct seccomp_arguments *known)
{
	struct seccomp_program p = {n, code};
	struct seccomp_filters f = {.n = 1, .programs = &p};
	struct seccomp_answer answer;

	ck_assert(seccomp_valid(code, n));
	return seccomp_judge(&f, seccomp_abi_find("x86-64"), "mkdir", known, &answer);
}

static enum seccomp_verdict judge(const struct sock_filter *code, size_t n)
{
	return judge_known(code, n, NULL);
}

START_TEST(valid_as_the_kernel)
{
	static const struct {
		struct sock_filter code[4];
		size_t n;
		bool valid;
	} cases[] = {
		{{RET(ALLOW)}, 1, true},
		{{RET(ALLOW)}, 0, false},
		{{LOAD(0)}, 1, false},
		{{LOAD(2), RET(0)}, 2, false},
		{{LOAD(60), RET(0)}, 2, true},
		{{LOAD(64), RET(0)}, 2, false},
		{{BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 0), RET(0)}, 2, false},
		{{BPF_STMT(BPF_LD | BPF_W | BPF_IND, 0), RET(0)}, 2, false},
		{{BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0), RET(0)}, 2, true},
		{{BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0), RET(0)}, 2, false},
		{{JUMP(BPF_JEQ, 0, 0, 0), RET(0)}, 2, true},
		{{JUMP(BPF_JEQ, 0, 1, 0), RET(0)}, 2, false},
		{{BPF_STMT(BPF_JMP | BPF_JA, UINT32_MAX), RET(0)}, 2, false},
		{{BPF_STMT(BPF_ALU | BPF_DIV | BPF_K, 0), RET(0)}, 2, false},
		{{BPF_STMT(BPF_ALU | BPF_DIV | BPF_X, 0), RET(0)}, 2, true},
		{{BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, 2), RET(0)}, 2, false},
		{{BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, 32), RET(0)}, 2, false},
		{{BPF_STMT(BPF_ALU | BPF_NEG, 0), RET(0)}, 2, true},
		{{BPF_STMT(BPF_ALU | BPF_NEG | BPF_X, 0), RET(0)}, 2, false},
		{{BPF_STMT(BPF_LD | BPF_MEM, 1), RET(0)}, 2, false},
		{{BPF_STMT(BPF_ST, 1), BPF_STMT(BPF_LD | BPF_MEM, 1), RET(0)}, 3, true},
		{{BPF_STMT(BPF_ST, 16), RET(0)}, 2, false},
		/* One way leads round what writes it. */
		{{JUMP(BPF_JEQ, 0, 0, 1), BPF_STMT(BPF_ST, 1), BPF_STMT(BPF_LD | BPF_MEM, 1),
			 RET(0)},
			4, false},
		{{BPF_STMT(BPF_RET | BPF_A, 0)}, 1, true},
		{{BPF_STMT(BPF_RET | BPF_X, 0)}, 1, false},
		{{BPF_STMT(0x8000 | BPF_ALU | BPF_ADD, 0), RET(0)}, 2, false},
	};

	for (size_t i = 0; i < N(cases); i++) {
		struct sock_fprog p = {(unsigned short)cases[i].n, (void *)cases[i].code};
		pid_t pid = fork();
		int status;

		ck_assert_msg(
			seccomp_valid(cases[i].code, cases[i].n) == cases[i].valid, "case %zu", i);
		/* The kernel's word on it; what it took may kill. */
		if (!pid) {
			prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
			if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &p) < 0 && errno == EINVAL)
				_exit(7);
			_exit(0);
		}
		waitpid(pid, &status, 0);
		ck_assert_msg((WIFEXITED(status) && WEXITSTATUS(status) == 7) != cases[i].valid,
			"the kernel on case %zu", i);
	}
}
END_TEST

START_TEST(arguments_decide)
{
	const struct sock_filter by_mode[] = {
		LOAD(LOW(1)), JUMP(BPF_JSET, 04000, 0, 1), RET(DENY), RET(ALLOW)};
	const struct sock_filter twice[] = {LOAD(LOW(1)), JUMP(BPF_JEQ, 5, 0, 2), LOAD(LOW(1)),
		JUMP(BPF_JEQ, 5, 0, 1), RET(DENY), RET(DENY)};
	const struct sock_filter never[] = {LOAD(LOW(1)), JUMP(BPF_JGT, 9, 0, 3), LOAD(LOW(1)),
		JUMP(BPF_JGE, 5, 0, 2), RET(DENY), RET(DENY), RET(ALLOW)};
	const struct sock_filter masked[] = {LOAD(LOW(1)),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 06000), JUMP(BPF_JEQ, 04000, 0, 1), RET(DENY),
		RET(ALLOW)};
	struct seccomp_arguments known = {0};

	ck_assert_int_eq(judge(by_mode, N(by_mode)), SECCOMP_DEPENDS);
	known.mask[1] = known.value[1] = 04000;
	ck_assert_int_eq(judge_known(by_mode, N(by_mode), &known), SECCOMP_DENIED);
	ck_assert_int_eq(judge_known(masked, N(masked), &known), SECCOMP_DEPENDS);
	known.mask[1] = 06000;
	ck_assert_int_eq(judge_known(masked, N(masked), &known), SECCOMP_DENIED);
	known.value[1] = 0;
	ck_assert_int_eq(judge_known(by_mode, N(by_mode), &known), SECCOMP_ALLOWED);
	ck_assert_int_eq(judge_known(masked, N(masked), &known), SECCOMP_ALLOWED);
	ck_assert_int_eq(judge(twice, N(twice)), SECCOMP_DENIED);
	/* What is above 9 is not below 5. */
	ck_assert_int_eq(judge(never, N(never)), SECCOMP_DENIED);
}
END_TEST

START_TEST(arithmetic)
{
	const struct sock_filter all[] = {BPF_STMT(BPF_LD | BPF_IMM, 7),
		BPF_STMT(BPF_LDX | BPF_IMM, 2), BPF_STMT(BPF_ALU | BPF_MUL | BPF_X, 0),
		BPF_STMT(BPF_ALU | BPF_SUB | BPF_K, 4), BPF_STMT(BPF_ALU | BPF_DIV | BPF_X, 0),
		BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, 4), BPF_STMT(BPF_ALU | BPF_OR | BPF_K, 3),
		BPF_STMT(BPF_ALU | BPF_XOR | BPF_X, 0), BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 1),
		BPF_STMT(BPF_ALU | BPF_NEG, 0), BPF_STMT(BPF_STX, 3),
		BPF_STMT(BPF_MISC | BPF_TAX, 0), BPF_STMT(BPF_LD | BPF_MEM, 3),
		BPF_STMT(BPF_ALU | BPF_ADD | BPF_X, 0), JUMP(BPF_JEQ, (uint32_t)-38, 0, 1),
		RET(DENY), RET(ALLOW)};
	const struct sock_filter by_zero[] = {LOAD(LOW(0)), BPF_STMT(BPF_MISC | BPF_TAX, 0),
		BPF_STMT(BPF_ALU | BPF_DIV | BPF_X, 0), RET(ALLOW)};
	const struct sock_filter surely[] = {BPF_STMT(BPF_ALU | BPF_DIV | BPF_X, 0), RET(ALLOW)};
	const struct sock_filter computed[] = {LOAD(LOW(0)), BPF_STMT(BPF_RET | BPF_A, 0)};

	ck_assert_int_eq(judge(all, N(all)), SECCOMP_DENIED);
	ck_assert_int_eq(judge(by_zero, N(by_zero)), SECCOMP_DEPENDS);
	ck_assert_int_eq(judge(surely, N(surely)), SECCOMP_DENIED);
	ck_assert_int_eq(judge(computed, N(computed)), SECCOMP_INTRICATE);
}
END_TEST

START_TEST(the_most_restrictive_counts)
{
	const struct sock_filter allow[] = {RET(ALLOW)}, log[] = {RET(SECCOMP_RET_LOG)},
				 deny[] = {RET(DENY)}, trap[] = {RET(SECCOMP_RET_TRAP)},
				 kill_thread[] = {RET(SECCOMP_RET_KILL_THREAD)},
				 kill_all[] = {RET(SECCOMP_RET_KILL_PROCESS)},
				 notify[] = {RET(SECCOMP_RET_USER_NOTIF)},
				 unknown[] = {RET(0x12340000)},
				 other[] = {RET(SECCOMP_RET_ERRNO | ENOSYS)};
	const struct sock_filter bit[] = {LOAD(LOW(0)), JUMP(BPF_JSET, 1, 0, 1), RET(DENY),
		RET(ALLOW)},
				 no_bit[] = {LOAD(LOW(0)), JUMP(BPF_JSET, 1, 1, 0), RET(DENY),
					 RET(ALLOW)};
	const struct {
		struct seccomp_program programs[2];
		enum seccomp_verdict verdict;
		const char *words;
	} cases[] = {
		{{{1, allow}, {1, log}}, SECCOMP_ALLOWED, "allowed and logged"},
		{{{1, deny}, {1, allow}}, SECCOMP_DENIED, "denied (EPERM)"},
		{{{1, deny}, {1, other}}, SECCOMP_DENIED, "denied (ENOSYS)"},
		{{{1, other}, {1, deny}}, SECCOMP_DENIED, "denied (EPERM)"},
		{{{1, trap}, {1, deny}}, SECCOMP_DENIED, "denied (SIGSYS)"},
		{{{1, trap}, {1, kill_thread}}, SECCOMP_DENIED, "denied (kills the thread)"},
		{{{1, kill_all}, {1, kill_thread}}, SECCOMP_DENIED, "denied (kills the process)"},
		{{{1, notify}, {1, allow}}, SECCOMP_SUPERVISED, "another process decides"},
		{{{1, notify}, {1, deny}}, SECCOMP_DENIED, "denied (EPERM)"},
		{{{1, unknown}, {1, allow}}, SECCOMP_DENIED, "denied (kills the process)"},
		{{{4, bit}, {1, allow}}, SECCOMP_DEPENDS,
			"depends on its arguments (EPERM at most)"},
		{{{4, bit}, {1, deny}}, SECCOMP_DENIED, "denied (EPERM)"},
		/* One denies what the other allows. */
		{{{4, bit}, {4, no_bit}}, SECCOMP_DENIED, "denied (EPERM)"},
	};

	for (size_t i = 0; i < N(cases); i++) {
		struct seccomp_filters f = {.n = 2, .programs = (void *)cases[i].programs};
		struct seccomp_answer answer;

		ck_assert_int_eq(
			seccomp_judge(&f, seccomp_abi_find("arm64"), "read", NULL, &answer),
			cases[i].verdict);
		ck_assert_str_eq(seccomp_words(a, &answer), cases[i].words);
	}
}
END_TEST

/* What is allowed is logged only if it is so on every way. */
START_TEST(logged)
{
	const struct sock_filter some[] = {LOAD(LOW(0)), JUMP(BPF_JSET, 1, 0, 1),
		RET(SECCOMP_RET_LOG), RET(ALLOW)},
				 all[] = {LOAD(LOW(0)), JUMP(BPF_JSET, 1, 0, 1),
					 RET(SECCOMP_RET_LOG), RET(DENY)};
	struct seccomp_program p[] = {{N(some), some}, {N(all), all}};
	struct seccomp_answer answer;

	for (size_t i = 0; i < N(p); i++) {
		struct seccomp_filters f = {.n = 1, .programs = &p[i]};

		seccomp_judge(&f, seccomp_abi_find("native"), "read", NULL, &answer);
		ck_assert(answer.logged == (i == 1));
	}
}
END_TEST

START_TEST(too_many_ways)
{
	struct sock_filter code[402];
	size_t n = 0;

	for (unsigned i = 0; i < 100; i++) {
		code[n++] = (struct sock_filter)LOAD(LOW(i % 6));
		code[n++] = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_ADD | BPF_K, i);
		code[n++] = (struct sock_filter)JUMP(BPF_JGT, i, 0, 1);
		code[n++] = (struct sock_filter)BPF_STMT(BPF_ST, 0);
	}
	code[n++] = (struct sock_filter)RET(DENY);
	ck_assert_int_eq(judge(code, n), SECCOMP_INTRICATE);
}
END_TEST

static enum seccomp_verdict verdict_of(struct seccomp_program *p, const char *abi, const char *name)
{
	struct seccomp_filters f = {.n = 1, .programs = p};
	struct seccomp_answer answer;

	return seccomp_judge(&f, seccomp_abi_find(abi), name, NULL, &answer);
}

START_TEST(architectures)
{
	/* As SystemCallArchitectures=native: nothing of the others is let through. */
	scmp_filter_ctx c = seccomp_init(SCMP_ACT_ALLOW);
	struct seccomp_answer answer;

	seccomp_attr_set(c, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL);
	ck_assert_int_eq(seccomp_rule_add(c, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(ptrace), 0), 0);
	struct seccomp_program p = export(a, c);
	struct seccomp_filters f = {.n = 1, .programs = &p};
	seccomp_release(c);
#ifdef __x86_64__
	ck_assert_str_eq(seccomp_abi_local(0)->name, "x86-64");
	ck_assert_str_eq(seccomp_abi_local(1)->name, "x86");
	ck_assert_str_eq(seccomp_abi_local(2)->name, "x32");
	ck_assert_ptr_null(seccomp_abi_local(3));
	ck_assert_int_eq(verdict_of(&p, "x86-64", "ptrace"), SECCOMP_DENIED);
	ck_assert_int_eq(verdict_of(&p, "x86-64", "read"), SECCOMP_ALLOWED);
	ck_assert_int_eq(verdict_of(&p, "x32", "read"), SECCOMP_DENIED);
	ck_assert_int_eq(verdict_of(&p, "x86-64", "socketcall"), SECCOMP_NO_CALL);
	ck_assert_int_eq(seccomp_judge_abi(&f, seccomp_abi_find("x86"), &answer), SECCOMP_DENIED);
	ck_assert_int_eq(seccomp_judge_abi(&f, seccomp_abi_find("x32"), &answer), SECCOMP_DENIED);
#endif
	ck_assert_int_ne(
		seccomp_judge_abi(&f, seccomp_abi_find("native"), &answer), SECCOMP_DENIED);
	ck_assert_ptr_null(seccomp_abi_find("vax"));
	ck_assert(seccomp_call_known("ptrace"));
	ck_assert(seccomp_call_known("socketcall"));
	ck_assert(!seccomp_call_known("ptrase"));
}
END_TEST

START_TEST(two_ways_to_one_call)
{
	/* Only the direct one is denied here, so a program can do it by the other. */
	const struct sock_filter only_direct[] = {LOAD(NR), JUMP(BPF_JEQ, 359, 0, 1), RET(DENY),
		RET(ALLOW)},
				 only_other[] = {LOAD(NR), JUMP(BPF_JEQ, 102, 0, 3), LOAD(LOW(0)),
					 JUMP(BPF_JEQ, 1, 0, 1), RET(DENY), RET(ALLOW)},
				 both[] = {LOAD(NR), JUMP(BPF_JEQ, 359, 3, 0),
					 JUMP(BPF_JEQ, 102, 0, 3), LOAD(LOW(0)),
					 JUMP(BPF_JEQ, 1, 0, 1), RET(DENY), RET(ALLOW)},
				 ipc[] = {LOAD(NR), JUMP(BPF_JEQ, 117, 0, 3), LOAD(LOW(0)),
					 JUMP(BPF_JEQ, 1, 0, 1), RET(DENY), RET(ALLOW)};
	struct seccomp_program p[] = {{N(only_direct), only_direct}, {N(only_other), only_other},
		{N(both), both}, {N(ipc), ipc}};

	ck_assert_int_eq(verdict_of(&p[0], "x86", "socket"), SECCOMP_ALLOWED);
	ck_assert_int_eq(verdict_of(&p[1], "x86", "socket"), SECCOMP_ALLOWED);
	ck_assert_int_eq(verdict_of(&p[2], "x86", "socket"), SECCOMP_DENIED);
	ck_assert_int_eq(verdict_of(&p[2], "x86", "connect"), SECCOMP_ALLOWED);
	/* The kernel looks at the lower half of the number only, this filter at all of it. */
	ck_assert_int_eq(verdict_of(&p[3], "x86", "semop"), SECCOMP_DEPENDS);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("seccomp");
	TCase *tc = tcase_create("seccomp");
	SRunner *runner = srunner_create(suite);

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, valid_as_the_kernel);
	tcase_add_test(tc, arguments_decide);
	tcase_add_test(tc, arithmetic);
	tcase_add_test(tc, the_most_restrictive_counts);
	tcase_add_test(tc, logged);
	tcase_add_test(tc, too_many_ways);
	tcase_add_test(tc, architectures);
	tcase_add_test(tc, two_ways_to_one_call);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
