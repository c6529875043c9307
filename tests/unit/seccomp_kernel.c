/*
 * System call filters against the kernel: programs that libseccomp has made are loaded, calls are
 * made under them, and they are read back.
 */
#include <check.h>
#include <errno.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "../seccomp_programs.h"

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

/* Behind an allow list; a sanitizer makes calls of its own before it lets anybody _exit(). */
static void leave(int status)
{
	for (;;)
		syscall(SYS_exit_group, status);
}

/* What a call did: 0 or an errno, or -1: the process was killed. */
static int made(
	const struct seccomp_program *p, size_t n, long nr, const long arg[4], bool by_int80)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
		for (size_t i = 0; i < n; i++) {
			struct sock_fprog fprog = {(unsigned short)p[i].n, (void *)p[i].code};

			if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &fprog) < 0)
				_exit(99);
		}
		long r = 0;
		if (by_int80) {
#ifdef __x86_64__
			__asm__ volatile(
				"int $0x80"
				: "=a"(r)
				: "a"(nr), "b"(arg[0]), "c"(arg[1]), "d"(arg[2]), "S"(arg[3])
				: "memory", "r8", "r9", "r10", "r11");
#endif
		} else
			r = syscall(nr, arg[0], arg[1], arg[2], arg[3]) < 0 ? -errno : 0;
		leave(r < 0 && r > -98 ? (int)-r : r < 0 ? 98 : 0);
	}
	ck_assert_int_gt(pid, 0);
	waitpid(pid, &status, 0);
	return WIFSIGNALED(status) ? -1 : WEXITSTATUS(status);
}

/* EXDEV is what no call here fails with by itself. */
#define MARK EXDEV

/* Rules as systemd makes them, of one ABI. */
static struct seccomp_program rules(uint32_t token)
{
	scmp_filter_ctx c = seccomp_init(SCMP_ACT_ALLOW);
	uint32_t mark = SCMP_ACT_ERRNO(MARK);

	seccomp_arch_remove(c, SCMP_ARCH_NATIVE);
	seccomp_arch_add(c, token);
	seccomp_attr_set(c, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ALLOW);
	seccomp_rule_add(c, mark, SCMP_SYS(chmod), 1, SCMP_A1(SCMP_CMP_MASKED_EQ, 04000, 04000));
	seccomp_rule_add(c, mark, SCMP_SYS(fchmod), 1, SCMP_A1(SCMP_CMP_MASKED_EQ, 02000, 02000));
	seccomp_rule_add(c, mark, SCMP_SYS(unshare), 1,
		SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_NEWNS, CLONE_NEWNS));
	seccomp_rule_add(c, mark, SCMP_SYS(socket), 1, SCMP_A0(SCMP_CMP_LT, AF_INET));
	seccomp_rule_add(c, mark, SCMP_SYS(socket), 1, SCMP_A0(SCMP_CMP_GT, AF_INET6));
	seccomp_rule_add(c, mark, SCMP_SYS(lseek), 1, SCMP_A1(SCMP_CMP_GE, 0x300000000));
	seccomp_rule_add(c, mark, SCMP_SYS(getpgid), 1, SCMP_A0(SCMP_CMP_NE, 3));
	seccomp_rule_add(c, mark, SCMP_SYS(ptrace), 0);
	seccomp_rule_add(c, mark, SCMP_SYS(sched_setscheduler), 1, SCMP_A1(SCMP_CMP_EQ, 2));
	seccomp_rule_add(c, mark, SCMP_SYS(sched_setscheduler), 1, SCMP_A1(SCMP_CMP_GT, 5));
	seccomp_rule_add(c, SCMP_ACT_KILL_PROCESS, SCMP_SYS(sethostname), 0);
	struct seccomp_program p = export(a, c);
	seccomp_release(c);
	return p;
}

/* An allow list of all that a child here needs, and some of what it tries. */
static struct seccomp_program allow_list(uint32_t token)
{
	static const char *const names[] = {"prctl", "seccomp", "exit", "exit_group", "read",
		"getpid", "chmod", "fchmod", "unshare", "getpgid", "socket"};
	scmp_filter_ctx c = seccomp_init(SCMP_ACT_ERRNO(EBADMSG));

	seccomp_arch_remove(c, SCMP_ARCH_NATIVE);
	seccomp_arch_add(c, token);
	seccomp_attr_set(c, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ALLOW);
	seccomp_attr_set(c, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	for (size_t i = 0; i < N(names); i++)
		seccomp_rule_add(c, SCMP_ACT_ALLOW,
			seccomp_syscall_resolve_name_arch(SCMP_ARCH_NATIVE, names[i]), 0);
	struct seccomp_program p = export(a, c);
	seccomp_release(c);
	return p;
}

static const struct trial {
	const char *name;
	long arg[4];
} trials[] = {
	{"chmod", {1, 04755, 0, 0}},
	{"chmod", {1, 0755, 0, 0}},
	{"fchmod", {-1, 02000, 0, 0}},
	{"fchmod", {-1, 06000, 0, 0}},
	{"fchmod", {-1, 04000, 0, 0}},
	{"unshare", {0, 0, 0, 0}},
	{"unshare", {CLONE_NEWNS | CLONE_FS, 0, 0, 0}},
	{"socket", {AF_UNIX, SOCK_STREAM, 0, 0}},
	{"socket", {AF_INET, SOCK_DGRAM, 0, 0}},
	{"socket", {AF_NETLINK, SOCK_RAW, 0, 0}},
	{"lseek", {-1, 0x2ffffffff, 0, 0}},
	{"lseek", {-1, 0x300000000, 0, 0}},
	{"lseek", {-1, 5, 0, 0}},
	{"getpgid", {3, 0, 0, 0}},
	{"getpgid", {0, 0, 0, 0}},
	{"getpgid", {0x100000003, 0, 0, 0}},
	{"ptrace", {-1, 0, 0, 0}},
	{"sched_setscheduler", {0, 2, 0, 0}},
	{"sched_setscheduler", {0, 3, 0, 0}},
	{"sched_setscheduler", {0, 6, 0, 0}},
	{"sethostname", {0, 0, 0, 0}},
	{"getpid", {0, 0, 0, 0}},
	{"uname", {1, 0, 0, 0}},
	{"mkdir", {1, 0, 0, 0}},
};

static void try_one(struct seccomp_program *programs, size_t n, const struct seccomp_abi *abi,
	bool by_int80, const struct trial *t)
{
	struct seccomp_filters f = {.n = n, .programs = programs};
	struct seccomp_arguments known;
	struct seccomp_answer answer;
	int nr = seccomp_syscall_resolve_name_arch(abi->token, t->name);

	for (size_t i = 0; i < 6; i++) {
		known.mask[i] = UINT64_MAX;
		known.value[i] = i < 4 ? (uint64_t)t->arg[i] : 0;
		/* Registers of 32 bits. */
		if (by_int80)
			known.value[i] &= UINT32_MAX;
	}
	if (nr < 0 || (by_int80 && !strcmp(t->name, "lseek")))
		return;
	enum seccomp_verdict v = seccomp_judge(&f, abi, t->name, &known, &answer);
	long arg[4];
	for (size_t i = 0; i < 4; i++)
		arg[i] = (long)known.value[i];
	int real = made(programs, n, nr, arg, by_int80);
	const char *words = seccomp_words(a, &answer);
	ck_assert_int_ne(real, 99);
	ck_assert_msg(v == SECCOMP_ALLOWED || v == SECCOMP_DENIED, "%s: %s", t->name, words);
	bool denied = real == MARK || real == EBADMSG || real == -1;
	ck_assert_msg(denied == (v == SECCOMP_DENIED), "%s on %s: %s, but %d", t->name, abi->name,
		words, real);
	if (real == MARK || real == EBADMSG)
		ck_assert_msg(strstr(words, strerrorname_np(real)) != NULL, "%s on %s: %s, not %d",
			t->name, abi->name, words, real);
	/* Less knowledge gives no other certainty. */
	v = seccomp_judge(&f, abi, t->name, NULL, &answer);
	ck_assert(v == SECCOMP_DEPENDS || denied == (v == SECCOMP_DENIED));
}

static bool kernel_has_int80(void)
{
#ifdef __x86_64__
	const long arg[4] = {0};

	return !made(NULL, 0, 20 /* getpid */, arg, true);
#else
	return false;
#endif
}

START_TEST(the_kernel_agrees)
{
	const struct seccomp_abi *native = seccomp_abi_find("native"),
				 *x86 = seccomp_abi_find("x86");
	struct seccomp_program one[] = {rules(native->token), allow_list(native->token)},
			       other[] = {rules(x86->token), rules(native->token)};

	for (size_t i = 0; i < N(trials); i++) {
		try_one(one, 1, native, false, &trials[i]);
		try_one(one, 2, native, false, &trials[i]);
		try_one(other, 2, native, false, &trials[i]);
		if (kernel_has_int80())
			try_one(other, 2, x86, true, &trials[i]);
	}
}
END_TEST

/* Stopped, read and let go: what is read is what was loaded, in its order. */
START_TEST(read_from_the_kernel)
{
	struct seccomp_program p[] = {
		rules(seccomp_arch_native()), allow_list(seccomp_arch_native())};
	struct seccomp_filters f;
	struct err e = ERR_INIT;
	int ready[2], done[2];
	char c;

	ck_assert(!pipe(ready) && !pipe(done));
	pid_t pid = fork();
	if (!pid) {
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		close(ready[0]);
		close(done[1]);
		bool failed = false;
		for (size_t i = 0; i < N(p); i++) {
			struct sock_fprog fprog = {(unsigned short)p[i].n, (void *)p[i].code};

			if (i == 1) /* the allow list has no write */
				failed |= write(ready[1], "x", 1) != 1;
			failed |= prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &fprog) < 0;
		}
		leave(failed || read(done[0], &c, 1) != 0);
	}
	close(ready[1]);
	ck_assert_int_eq(read(ready[0], &c, 1), 1);
	/* It closes nothing behind the second filter: wait until it is there. */
	int r = 0;
	for (int i = 0; i < 100; i++) {
		r = seccomp_read(a, pid, &f, &e);
		if (r < 0 || f.n == 2)
			break;
		usleep(10000);
	}
	bool may = seccomp_may_read(NULL) >= 0 && !geteuid();
	if (may) {
		ck_assert_msg(!r, "%s", err_text(&e));
		ck_assert_uint_eq(f.n, 2);
		ck_assert_int_eq(f.thread, pid);
		ck_assert_uint_lt(f.stopped_usec, 2000000);
		for (size_t i = 0; i < 2; i++) {
			ck_assert_uint_eq(f.programs[i].n, p[i].n);
			ck_assert_mem_eq(f.programs[i].code, p[i].code, p[i].n * sizeof *p[i].code);
		}
	} else
		ck_assert_int_lt(r, 0);
	close(done[1]);
	int status;
	waitpid(pid, &status, 0);
	ck_assert_msg(WIFEXITED(status) && !WEXITSTATUS(status), "it was not let go: %x", status);
	if (may)
		ck_assert_int_eq(seccomp_read(a, pid, &f, &e), -ESRCH);
	err_clear(&e);
}
END_TEST

/* One without filters is not stopped at all; one that is traced already is refused. */
START_TEST(read_nothing)
{
	struct seccomp_filters f = {.n = 9};
	struct err e = ERR_INIT;

	if (seccomp_may_read(&e) < 0) {
		ck_assert_int_eq(seccomp_read(a, getpid(), &f, &e), -EACCES);
		err_clear(&e);
		return;
	}
	ck_assert_int_eq(seccomp_read(a, getpid(), &f, &e), 0);
	ck_assert_uint_eq(f.n, 0);
	ck_assert_uint_eq(f.stopped_usec, 0);
	/* With a filter of its own it may not look. */
	pid_t pid = fork();
	if (!pid) {
		struct sock_filter allow[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
		struct sock_fprog fprog = {1, allow};

		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &fprog) < 0)
			_exit(1);
		_exit(seccomp_read(a, getppid(), &f, &e) == -EACCES &&
					strstr(err_text(&e),
						"runs under a system call filter itself")
				? 0
				: 2);
	}
	int status;
	waitpid(pid, &status, 0);
	ck_assert(WIFEXITED(status) && !WEXITSTATUS(status));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("seccomp_kernel");
	TCase *tc = tcase_create("seccomp_kernel");
	SRunner *runner = srunner_create(suite);

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, the_kernel_agrees);
	tcase_add_test(tc, read_from_the_kernel);
	tcase_add_test(tc, read_nothing);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
