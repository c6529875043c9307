/*
 * Names and values of kernel settings, and reading and writing them, on a tree of plain files that
 * stands for /proc/sys.
 */
#include <errno.h>

#include "../unit_tree.h"
#include "l4sync/sysctl.h"

START_TEST(paths)
{
	static const char *const cases[][2] = {
		{"kernel.yama.ptrace_scope", "/proc/sys/kernel/yama/ptrace_scope"},
		{"net.ipv4.conf.eth0/100.forwarding",
			"/proc/sys/net/ipv4/conf/eth0.100/forwarding"},
		{"vm", "/proc/sys/vm"},
	};

	ck_assert_str_eq(sysctl_path(arena, cases[_i][0]), cases[_i][1]);
}
END_TEST

START_TEST(normalized)
{
	static const char *const cases[][2] = {
		{"", ""},
		{" \t\r\n", ""},
		{"1", "1"},
		{"1\n", "1"},
		{"4096\t131072\t6291456\n", "4096 131072 6291456"},
		{"  a  b ", "a b"},
		{"a\r\nb", "a b"},
	};
	const char *once = sysctl_normalize(arena, cases[_i][0]);

	ck_assert_str_eq(once, cases[_i][1]);
	ck_assert_str_eq(sysctl_normalize(arena, once), once);
}
END_TEST

static void check_read(const char *key, enum sysctl_state state, const char *value, bool writable)
{
	_cleanup_err_ struct err e = ERR_INIT;
	enum sysctl_state is;
	const char *live;
	bool can;

	ck_assert_msg(!sysctl_read(host, arena, key, &is, &live, &can, &e), "%s", err_text(&e));
	ck_assert_int_eq(is, state);
	ck_assert_int_eq(can, writable);
	if (value)
		ck_assert_str_eq(live, value);
	else
		ck_assert_ptr_null(live);
}

START_TEST(reading)
{
	_cleanup_err_ struct err e = ERR_INIT;
	enum sysctl_state state;
	const char *value;
	bool writable;

	put("/proc/sys/net/ipv4/tcp_rmem = 4096\t131072\n");
	put("/proc/sys/net/ipv4/conf/eth0.100/forwarding = 1\n");
	put("/proc/sys/vm/drop_caches = ");
	put("/proc/sys/kernel/fixed = 7\n");
	chmod(arena_printf(arena, "%s/proc/sys/vm/drop_caches", root), 0200);
	chmod(arena_printf(arena, "%s/proc/sys/kernel/fixed", root), 0444);
	check_read("net.ipv4.tcp_rmem", SYSCTL_OK, "4096 131072", true);
	check_read("net.ipv4.conf.eth0/100.forwarding", SYSCTL_OK, "1", true);
	check_read("vm.drop_caches", SYSCTL_UNREADABLE, NULL, true);
	check_read("kernel.fixed", SYSCTL_OK, "7", false);
	check_read("kernel.nothing", SYSCTL_MISSING, NULL, false);
	check_read("kernel.fixed.below", SYSCTL_MISSING, NULL, false);
	ck_assert_int_eq(
		sysctl_read(host, arena, "net.ipv4", &state, &value, &writable, &e), -EISDIR);
}
END_TEST

START_TEST(writing)
{
	_cleanup_err_ struct err e = ERR_INIT;

	put("/proc/sys/kernel/a = 0\n");
	ck_assert_int_eq(sysctl_write(host, arena, "kernel.a", "1", &e), 0);
	check_read("kernel.a", SYSCTL_OK, "1", true);
	ck_assert_int_eq(sysctl_write(host, arena, "kernel.b", "1", &e), -ENOENT);
	ck_assert_ptr_nonnull(strstr(err_text(&e), "kernel.b"));
}
END_TEST

START_TEST(no_way_back)
{
	static const struct {
		const char *key, *live, *want;
		bool refused;
	} cases[] = {
		{"kernel.yama.ptrace_scope", "3", "2", true},
		{"kernel.yama.ptrace_scope", "3", "3", false},
		{"kernel.yama.ptrace_scope", "2", "0", false},
		{"kernel.yama.ptrace_scope", "2", "3", false},
		{"kernel.modules_disabled", "1", "0", true},
		{"kernel.unprivileged_bpf_disabled", "2", "0", false},
		{"kernel.kexec_load_limit_panic", "-1", "5", false},
		{"kernel.kexec_load_limit_panic", "5", "4", false},
		{"kernel.kexec_load_limit_panic", "5", "6", true},
		{"kernel.kexec_load_limit_panic", "0", "-1", true},
		{"kernel.max_rcu_stall_to_panic", "0", "5", false},
		{"kernel.max_rcu_stall_to_panic", "5", "0", true},
		{"kernel.max_rcu_stall_to_panic", "5", "1", false},
		{"kernel.usermodehelper.bset", "3 1", "1 0", false},
		{"kernel.usermodehelper.bset", "3 1", "4 0", true},
		{"kernel.usermodehelper.bset", "3 0", "3 1", true},
		{"kernel.usermodehelper.bset", "x", "3 1", false},
		{"kernel.tainted", "1", "3", false},
		{"kernel.tainted", "1", "2", true},
		{"vm.swappiness", "3", "2", false},
	};
	const char *text = sysctl_refusal(arena, cases[_i].key, cases[_i].live, cases[_i].want);

	ck_assert_int_eq(text != NULL, cases[_i].refused);
	if (text)
		ck_assert_ptr_nonnull(strstr(text, "boot"));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("sysctl");
	TCase *c = tcase_create("settings");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_loop_test(c, paths, 0, 3);
	tcase_add_loop_test(c, normalized, 0, 7);
	tcase_add_test(c, reading);
	tcase_add_test(c, writing);
	tcase_add_loop_test(c, no_way_back, 0, 20);
	suite_add_tcase(s, c);
	SRunner *runner = srunner_create(s);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
