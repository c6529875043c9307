/* What /proc, cgroups and environment files hold, as the kernel writes it and as nobody should. */
#include <check.h>
#include <string.h>

#include "../../reconciler/verify/bpf.h"
#include "../../reconciler/verify/environment.h"
#include "../../reconciler/verify/rows.h"

static struct arena *arena;

static void setup(void)
{
	arena = arena_new();
}

static void teardown(void)
{
	arena_free(arena);
}

#define STATUS                                                                                     \
	"Name:\tUid:\\n0 0\nUmask:\t0027\nState:\tS (sleeping)\nTgid:\t7\nPPid:\t1\n"              \
	"Uid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\nGroups:\t10 20 4294967294 \nVmSize:\t1 kB\n"          \
	"NSpid:\t4711\t12\t1\n"                                                                    \
	"Kthread:\t0\nCapPrm:\t0000000000000001\nCapBnd:\t00000000fcecbfff\n"                      \
	"CapAmb:\t0000000000000002\nNoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t7\n"

START_TEST(status_whole)
{
	struct status s;

	ck_assert(status_parse(arena, STATUS, &s));
	ck_assert_str_eq(s.name, "Uid:\\n0 0");
	ck_assert_int_eq(s.state, 'S');
	ck_assert_int_eq(s.ppid, 1);
	ck_assert_uint_eq(s.uid[3], 4);
	ck_assert_uint_eq(s.gid[0], 5);
	ck_assert_uint_eq(s.n_groups, 3);
	ck_assert_uint_eq(s.groups[2], 4294967294u);
	ck_assert_uint_eq(s.n_numbers, 3);
	ck_assert_uint_eq(s.numbers[0], 4711);
	ck_assert_uint_eq(s.numbers[2], 1);
	ck_assert_uint_eq(s.umask, 027);
	ck_assert_uint_eq(s.cap_bounding, 0xfcecbfff);
	ck_assert_uint_eq(s.cap_ambient, 2);
	ck_assert(s.no_new_privileges && !s.kernel_thread);
	ck_assert_int_eq(s.seccomp_mode, 2);
	ck_assert_int_eq(s.seccomp_filters, 7);
}
END_TEST

/* Cut off anywhere it is refused, or lacks what an old kernel lacks, too; never read past. */
START_TEST(status_cut)
{
	size_t needed =
		(size_t)(strstr(STATUS, "NoNewPrivs:\t1") - STATUS) + strlen("NoNewPrivs:\t1");

	for (size_t n = 0; n < strlen(STATUS); n++) {
		struct status s;

		ck_assert_int_eq(
			status_parse(arena, arena_strndup(arena, STATUS, n), &s), n >= needed);
	}
}
END_TEST

static const char *const bad_status[] = {
	"",
	"State:\tS\nPPid:\t1\n",
	"X:\ty\nName:\ta\nState:\tS\nPPid:\t1\nUid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nGroups:\t\n",
	"Name:\ta\nState:\tS\nPPid:\t-1\nUid:\t0\t0\t0\t0\n",
	"Name:\ta\nState:\tS\nPPid:\t1\nUid:\t0\t0\t0\nGid:\t0\t0\t0\t0\nGroups:\t\n",
	"Name:\ta\nState:\tS\nPPid:\t1\nUid:\t0\t0\t0\t4294967296\nGid:\t0\t0\t0\t0\nGroups:\t\n",
	"Name:\ta\nState:\tS\nPPid:\t99999999999999999999999\nUid:\t0\t0\t0\t0\n",
};

START_TEST(status_bad)
{
	struct status s;

	ck_assert(!status_parse(arena, bad_status[_i], &s));
}
END_TEST

START_TEST(stat_names)
{
	struct process p = {0};

	ck_assert(stat_parse("7 (a) 9) S 1 7 7 0 -1 4 0 0 0 0 0 0 0 0 20 -5 1 0 4711 0 0 0 0 0 0 0 "
			     "0 0 0 0 0 0 0 0 17 0 0 2 0 0 0\n",
		&p));
	ck_assert_int_eq(p.nice, -5);
	ck_assert_uint_eq(p.start_ticks, 4711);
	ck_assert_uint_eq(p.policy, 2);
	ck_assert(!stat_parse("", &p));
	ck_assert(!stat_parse("7 (a", &p));
	ck_assert(!stat_parse("7 (a) S 1 2 3", &p));
}
END_TEST

#define LIMITS                                                                                     \
	"Limit                     Soft Limit           Hard Limit           Units     \n"         \
	"Max cpu time              unlimited            unlimited            seconds   \n"         \
	"Max file size             unlimited            unlimited            bytes     \n"         \
	"Max data size             1                    2                    bytes     \n"         \
	"Max stack size            8388608              unlimited            bytes     \n"         \
	"Max core file size        0                    unlimited            bytes     \n"         \
	"Max resident set          unlimited            unlimited            bytes     \n"         \
	"Max processes             96365                96365                processes \n"         \
	"Max open files            1024                 524288               files     \n"         \
	"Max locked memory         8388608              8388608              bytes     \n"         \
	"Max address space         unlimited            unlimited            bytes     \n"         \
	"Max file locks            unlimited            unlimited            locks     \n"         \
	"Max pending signals       96365                96365                signals   \n"         \
	"Max msgqueue size         819200               819200               bytes     \n"         \
	"Max nice priority         0                    0                    \n"                   \
	"Max realtime priority     0                    0                    \n"                   \
	"Max realtime timeout      unlimited            18446744073709551614 us        \n"

START_TEST(limits)
{
	struct rlimit_text l[RLIMITS];

	ck_assert(limits_parse(LIMITS, l));
	ck_assert_uint_eq(l[2].soft, 1);
	ck_assert_uint_eq(l[2].hard, 2);
	ck_assert_uint_eq(l[7].hard, 524288);
	ck_assert_uint_eq(l[3].hard, UINT64_MAX);
	ck_assert_uint_eq(l[15].hard, UINT64_MAX - 1);
	for (size_t n = 0; n < (size_t)(strstr(LIMITS, "18446") - LIMITS); n++)
		ck_assert(!limits_parse(arena_strndup(arena, LIMITS, n), l));
	ck_assert(!limits_parse("Max cpu time -1 -1\n", l));
}
END_TEST

START_TEST(mountinfo)
{
	const char *text = "22 1 8:1 / / rw,relatime shared:1 master:2 - ext4 /dev/sda1 rw,x=ro\n"
			   "23 22 0:5 /a\\040b /mnt/x\\134y\\011 ro,noexec - tmpfs none ro\n"
			   "24 22 0:6 / /z rw unbindable - fuse - rw\n";
	struct mount *m;
	size_t n;

	ck_assert(mountinfo_parse(arena, text, &m, &n));
	ck_assert_uint_eq(n, 3);
	ck_assert_str_eq(m[0].device, "8:1");
	ck_assert_str_eq(m[0].type, "ext4");
	ck_assert(!mount_read_only(&m[0]));
	ck_assert_str_eq(m[1].root, "/a b");
	ck_assert_str_eq(m[1].point, "/mnt/x\\y\t");
	ck_assert_uint_eq(m[1].parent, 22);
	ck_assert(mount_read_only(&m[1]));
	ck_assert(mount_has_option(m[1].options, "noexec"));
	ck_assert(!mount_has_option(m[1].options, "no"));
	ck_assert(!mount_has_option(m[0].super_options, "x"));
	ck_assert(!mount_has_option("", "ro"));
	ck_assert(mountinfo_parse(arena, "", &m, &n));
	ck_assert_uint_eq(n, 0);
}
END_TEST

static const char *const bad_mounts[] = {
	"\n",
	"x\n",
	"22\n",
	"22 1\n",
	"22 1 8:1 / / rw",
	"22 1 8:1 / / rw - \n",
	"22 1 8:1 / relative rw - ext4 x rw\n",
	"22 1 8:1 / / rw shared:1\n23 1 8:1 / / rw - ext4 a rw\n",
	"-1 1 8:1 / / rw - ext4 a rw\n",
	"22 1 8:1 / / rw - ext4 a rw\n\n",
};

START_TEST(mountinfo_bad)
{
	struct mount *m;
	size_t n;

	ck_assert(!mountinfo_parse(arena, bad_mounts[_i], &m, &n));
}
END_TEST

/* Each as systemd 257 reads it. */
static const struct {
	const char *text, *value; /* of A; NULL: it is not set */
} files[] = {
	{"A=1", "1"},
	{"A=1\nA=2\n", "2"},
	{"  A = 1 2  \n", "1 2"},
	{"# A=1\n; A=2\n", NULL},
	{"#\\\nA=1\n", "1"},
	{"A=1\r\nB=2\r\n", "1"},
	{"A='1'  x", "1x"},
	{"A='a\\'b'", "a\\b'"},
	{"A=\"a$b\\$c\\`d\"", "a$b$c`d"},
	{"A=\"a\" b \"c\"", "ab \"c\""},
	{"export A=1", NULL},
	{"A=a\\tb", "atb"},
	{"A=\"1 2\"", "1 2"},
	{"A='1\\n'", "1\\n"},
	{"A=\"1\\\"2\\n\"", "1\"2\\n"},
	{"A=1\\\n2\n", "12"},
	{"A=\"1\\\n2\"\n", "12"},
	{"A=\"1\n2\"\n", "1\n2"},
	{"A=1\\ ", "1 "},
	{"A='1' \"2\"", "12"},
	{"A=x\"y\"", "x\"y\""},
	{"A=1 # no comment", "1 # no comment"},
	{"A", NULL},
	{"A\nA=3", "3"},
	{"=A=1", NULL},
	{"1A=1", NULL},
	{"A-B=1\nA=4", "4"},
	{"A=", ""},
	{"A=\"open", "open"},
	{"A=\\", ""},
	{"\\", NULL},
	{"#", NULL},
};

START_TEST(environment_files)
{
	struct environment e = {0};

	environment_file(&e, files[_i].text, strlen(files[_i].text), 0, arena);
	const struct variable *v = environment_find(&e, "A");
	if (files[_i].value) {
		ck_assert_ptr_nonnull(v);
		ck_assert_str_eq(v->value, files[_i].value);
	} else {
		ck_assert_ptr_null(v);
	}
}
END_TEST

START_TEST(environment_blocks)
{
	static const char block[] = "A=1\0B\0=C\0D=\0A=2\0E=x";
	struct environment e = {0};

	environment_block(&e, block, sizeof block - 1, 0, arena);
	ck_assert_uint_eq(e.n, 3);
	ck_assert_str_eq(environment_find(&e, "A")->value, "2");
	ck_assert_str_eq(environment_find(&e, "D")->value, "");
	environment_unset(&e, "A=1");
	ck_assert_ptr_nonnull(environment_find(&e, "A"));
	environment_unset(&e, "A=2");
	ck_assert_ptr_null(environment_find(&e, "A"));
	environment_unset(&e, "E");
	environment_unset(&e, "E");
	ck_assert_uint_eq(e.n, 1);
}
END_TEST

START_TEST(bits)
{
	unsigned char b[2], long_one[4] = {0x0f, 0, 0, 0};

	ck_assert(words_bits("0-3", b, sizeof b));
	ck_assert(bits_equal(b, sizeof b, long_one, sizeof long_one));
	ck_assert_str_eq(words_bitmap(arena, b, sizeof b), "0-3");
	ck_assert(words_bits("15,1 3-4\n", b, sizeof b));
	ck_assert_str_eq(words_bitmap(arena, b, sizeof b), "1,3-4,15");
	ck_assert(words_bits("", b, sizeof b));
	ck_assert_str_eq(words_bitmap(arena, b, sizeof b), "none");
	ck_assert(!words_bits("16", b, sizeof b));
	ck_assert(!words_bits("0-99999999999999999999", b, sizeof b));
	ck_assert(!words_bits("3-1", b, sizeof b));
	ck_assert(!words_bits("max", b, sizeof b));
	ck_assert(!words_bits("1x", b, sizeof b));
	ck_assert(!words_bits("-1", b, sizeof b));
}
END_TEST

START_TEST(capabilities)
{
	ck_assert_str_eq(words_capabilities(arena, 0), "none");
	ck_assert_str_eq(words_capabilities(arena, UINT64_MAX), "all");
	ck_assert_str_eq(words_capabilities(arena, 3), "cap_chown cap_dac_override");
	ck_assert_str_eq(words_capabilities(arena, ~UINT64_C(1)), "all but cap_chown");
	ck_assert_str_eq(words_number(arena, UINT64_MAX), "infinity");
}
END_TEST

START_TEST(programs)
{
	struct attached a = {.n = 3};

	a.programs[0] = (struct attached_program){BPF_CGROUP_DEVICE, "", false, false};
	a.programs[1] =
		(struct attached_program){BPF_CGROUP_INET_INGRESS, "sd_fw_ingress", true, false};
	a.programs[2] =
		(struct attached_program){BPF_CGROUP_INET4_BIND, "sd_restrictif_x", false, true};
	ck_assert_ptr_eq(attached_find(&a, BPF_CGROUP_INET_INGRESS, "sd_fw"), &a.programs[1]);
	ck_assert_ptr_null(attached_find(&a, BPF_CGROUP_INET_EGRESS, "sd_fw"));
	ck_assert_ptr_null(attached_find(&a, BPF_CGROUP_DEVICE, "sd_devices"));
	ck_assert_ptr_eq(attached_find(&a, BPF_CGROUP_DEVICE, ""), &a.programs[0]);
	ck_assert_ptr_null(attached_find(&a, BPF_CGROUP_INET4_BIND, "sd_restrictif_xyz"));
	a.n = 0;
	ck_assert_ptr_null(attached_find(&a, BPF_CGROUP_DEVICE, ""));
}
END_TEST

static const struct {
	const char *text, *device, *key;
	bool found;
	uint64_t value;
} devices[] = {
	{"8:0 rbps=100 wbps=max\n", "8:0", "rbps=", true, 100},
	{"8:0 rbps=100 wbps=max\n", "8:0", "wbps=", true, UINT64_MAX},
	{"8:0 rbps=100\n8:16 wbps=5\n", "8:0", "wbps=", false, 0},
	{"8:0 rbps=100\n8:16 wbps=5\n", "8:16", "wbps=", true, 5},
	{"8:16 rbps=100\n", "8:1", "rbps=", false, 0},
	{"default 100\n8:0 50\n", "8:0", "", true, 50},
	{"default 100\n", "8:0", "", false, 0},
	{"8:0", "8:0", "", false, 0},
	{"8:0 ", "8:0", "rbps=", false, 0},
	{"", "8:0", "rbps=", false, 0},
	{"\n\n", "", "", false, 0},
};

START_TEST(device_lines)
{
	uint64_t value = 0;

	ck_assert_int_eq(
		words_of_device(devices[_i].text, devices[_i].device, devices[_i].key, &value),
		devices[_i].found);
	ck_assert_uint_eq(value, devices[_i].value);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("verify_parse");
	TCase *t = tcase_create("all");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, status_whole);
	tcase_add_test(t, status_cut);
	tcase_add_loop_test(t, status_bad, 0, ELEMENTS(bad_status));
	tcase_add_test(t, stat_names);
	tcase_add_test(t, limits);
	tcase_add_test(t, mountinfo);
	tcase_add_loop_test(t, mountinfo_bad, 0, ELEMENTS(bad_mounts));
	tcase_add_loop_test(t, environment_files, 0, ELEMENTS(files));
	tcase_add_test(t, environment_blocks);
	tcase_add_test(t, bits);
	tcase_add_test(t, capabilities);
	tcase_add_test(t, programs);
	tcase_add_loop_test(t, device_lines, 0, ELEMENTS(devices));
	suite_add_tcase(suite, t);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
