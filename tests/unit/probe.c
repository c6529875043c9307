/* Verdicts on ports and system calls of a trial: by what came of them, and by filters. */
#include <check.h>
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "../../reconciler/probe/probe_internal.h"
#include "../../reconciler/probe/talk.h"

START_TEST(ports)
{
	static const char *const bad[] = {"", "udp", "udp:", "5555", "udp:0", "udp:65536",
		"tcp:99999", "tcp:100000", "tcp:080", "tcp:80 ", "tcp:-1", "sctp:5", "UDP:5"};
	bool is_udp;
	unsigned port;

	ck_assert(probe_port_parse("udp:5555", &is_udp, &port) && is_udp && port == 5555);
	ck_assert(probe_port_parse("tcp:1", &is_udp, &port) && !is_udp && port == 1);
	ck_assert(probe_port_parse("tcp:65535", &is_udp, &port) && port == 65535);
	for (size_t i = 0; i < ELEMENTS(bad); i++)
		ck_assert_msg(!probe_port_parse(bad[i], &is_udp, &port), "%s", bad[i]);
}
END_TEST

START_TEST(numbers)
{
	const struct seccomp_abi *x86_64 = seccomp_abi_find("x86-64"),
				 *x32 = seccomp_abi_find("x32"), *x86 = seccomp_abi_find("x86");

	ck_assert_int_eq(trial_call_number(x86_64, "ptrace"), 101);
	ck_assert_int_eq(trial_call_number(x32, "ptrace"), 0x40000000 + 521);
	ck_assert_int_eq(trial_call_number(x32, "close"), 0x40000000 + 3);
	ck_assert_int_eq(trial_call_number(x86, "ptrace"), 26);
	ck_assert_int_eq(trial_call_number(x86_64, "socketcall"), TRIAL_CALL_NONE);
	ck_assert_int_eq(trial_call_number(x86_64, "no_such_call"), TRIAL_CALL_NONE);
}
END_TEST

/* One filter: everything is allowed, or has this action. */
static const struct verdict {
	const char *word;
	int number;
	enum { UNREAD, ALLOWS, DENIES } filters;
	enum { HOLDS, UNTRUE, UNTRIED } expected;
	const char *text; /* part of what is said */
} verdicts[] = {
	/* Without the filters what came of it decides, and only what a filter can do is one. */
	{TALK_SIGNAL, SIGSYS, UNREAD, HOLDS, NULL},
	{TALK_ERRNO, EPERM, UNREAD, HOLDS, NULL},
	{TALK_ERRNO, EACCES, UNREAD, HOLDS, NULL},
	{TALK_ERRNO, ENOSYS, UNREAD, HOLDS, NULL},
	{TALK_ERRNO, ESRCH, UNREAD, UNTRUE, "ptrace is not denied (x86-64): tried there: ESRCH"},
	{TALK_ERRNO, 4000, UNREAD, UNTRUE, "tried there: error 4000"},
	{TALK_SIGNAL, SIGSEGV, UNREAD, UNTRUE, "killed by SIGSEGV"},
	{TALK_DONE, 0, UNREAD, UNTRUE, "it was made"},
	{TALK_EXIT, 0, UNREAD, UNTRUE, "it was made"},
	{TALK_LATE, 0, UNREAD, UNTRUE, "it was made"},
	{TALK_FORK, EPERM, UNREAD, UNTRIED, "whether ptrace is denied (x86-64)"},
	{NULL, 0, UNREAD, UNTRIED, "whether ptrace is denied (x86-64)"},
	/* With them a lack of privileges is no denial, and what is not there cannot be called. */
	{TALK_ERRNO, EPERM, ALLOWS, UNTRUE, "filters: allowed; tried there: EPERM"},
	{TALK_ERRNO, ENOSYS, ALLOWS, HOLDS, NULL},
	{TALK_ERRNO, EPERM, DENIES, HOLDS, NULL},
	{TALK_ERRNO, EINVAL, DENIES, HOLDS, NULL},
	{TALK_SIGNAL, SIGSYS, DENIES, HOLDS, NULL},
	{NULL, 0, DENIES, HOLDS, NULL},
	{NULL, 0, ALLOWS, UNTRUE, "ptrace is not denied (x86-64): filters: allowed"},
	/* What was made was not denied, whatever is read. */
	{TALK_DONE, 0, DENIES, UNTRUE, "tried there: it was made"},
};

START_TEST(calls)
{
	_cleanup_arena_ struct arena *a = arena_new();
	const struct verdict *v = &verdicts[_i];
	const struct sock_filter allow = {.code = BPF_RET | BPF_K, .k = 0x7fff0000},
				 deny = {.code = BPF_RET | BPF_K, .k = 0x00050001};
	struct seccomp_program program = {1, v->filters == ALLOWS ? &allow : &deny};
	const struct seccomp_filters filters = {.n = 1, .programs = &program};
	const struct probe probe = {.unit = "a.service"};
	struct findings untrue = {.arena = a}, untried = {.arena = a};
	struct trial t = {.arena = a, .probe = &probe, .untrue = &untrue, .untried = &untried};
	const struct call_answer x = {.name = "ptrace",
		.abi = seccomp_abi_find("x86-64"),
		.word = v->word,
		.number = v->number};

	trial_judge_call(&t, &x, v->filters == UNREAD ? NULL : &filters);
	ck_assert_uint_eq(untrue.n, v->expected == UNTRUE);
	ck_assert_uint_eq(untried.n, v->expected == UNTRIED);
	const struct finding *f = untrue.n ? untrue.items : untried.items;
	if (v->text) {
		ck_assert_str_eq(f->where, "a.service");
		ck_assert_msg(strstr(f->text, v->text) != NULL, "%s", f->text);
	}
	free(untrue.items);
	free(untried.items);
}
END_TEST

START_TEST(no_such_call)
{
	_cleanup_arena_ struct arena *a = arena_new();
	struct findings untrue = {.arena = a}, untried = {.arena = a};
	const struct probe probe = {.unit = "a.service"};
	struct trial t = {.arena = a, .probe = &probe, .untrue = &untrue, .untried = &untried};
	const struct call_answer x = {.name = "socketcall", .abi = seccomp_abi_find("x86-64")};

	trial_judge_call(&t, &x, NULL);
	ck_assert_uint_eq(untrue.n + untried.n, 0);
}
END_TEST

/* What a trial is about, and what it must not share with a live unit. */
START_TEST(what_is_carried)
{
	static const char *const own[] = {"User", "BindPaths", "SystemCallFilter", "SocketBindDeny",
		"RuntimeDirectory", "RootDirectory", "WorkingDirectory"};
	static const char *const others[] = {"ExecStart", "ExecStopPost", "RemoveIPC", "Slice",
		"MemoryMax", "LimitNPROC", "PIDFile", "BusName", "Restart", "WatchdogSec",
		"Sockets", "Environment", "EnvironmentFile", "LoadCredential", "Type", "Delegate",
		"StandardOutput", "LogNamespace", "PAMName", "UtmpIdentifier", "OpenFile", ""};

	for (size_t i = 0; i < ELEMENTS(own); i++)
		ck_assert_msg(probe_carries(own[i]), "%s", own[i]);
	for (size_t i = 0; i < ELEMENTS(others); i++)
		ck_assert_msg(!probe_carries(others[i]), "%s", others[i]);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("probe");
	TCase *c = tcase_create("verdicts");

	tcase_add_test(c, ports);
	tcase_add_test(c, numbers);
	tcase_add_loop_test(c, calls, 0, ELEMENTS(verdicts));
	tcase_add_test(c, no_such_call);
	tcase_add_test(c, what_is_carried);
	suite_add_tcase(s, c);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
