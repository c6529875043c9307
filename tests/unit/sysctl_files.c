/*
 * Which line of which file wins for a kernel setting, by systemd's rules and by procps'. The two
 * programs themselves are asked by tests/host/container/sysctl.test; this is what it has shown, the
 * boot, and what a container lacks.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "l4sync/sysctl_files.h"

#define E "/etc/sysctl.d/"
#define R "/run/sysctl.d/"
#define U "/usr/lib/sysctl.d/"
#define A "net.ipv4.udp_rmem_min"
#define LO "net.ipv4.conf.lo.tag"
#define NOTHING "-"

static struct arena *arena;

static void setup(void)
{
	arena = arena_new();
}

static void teardown(void)
{
	arena_free(arena);
}

static const struct winner_case {
	const char *files[7]; /* path, content, path, content, …; content NULL: nothing in it */
	const char *key;
	const char *boot, *now, *procps; /* "PATH:LINE VALUE", "PATH:LINE out" or "-" */
} winners[] = {
	{{E "a.conf", "# c\n" A " = 1\n"}, A, E "a.conf:2 1", E "a.conf:2 1", E "a.conf:2 1"},
	{{E "a.conf", ";" A "=1\n#" A "=2\n"}, A, NOTHING, NOTHING, NOTHING},
	{{U "99.conf", A "=1\n", E "10.conf", A "=2\n"}, A, U "99.conf:1 1", U "99.conf:1 1",
		U "99.conf:1 1"},
	/* Of one name the directory with the higher rank, whatever is in it. */
	{{U "a.conf", A "=1\n", E "a.conf", NULL}, A, NOTHING, NOTHING, NOTHING},
	{{U "a.conf", A "=1\n", R "a.conf", NULL}, A, U "a.conf:1 1", NOTHING, NOTHING},
	{{E "a.conf", A "=1\n", R "b.conf", A "=2\n"}, A, E "a.conf:1 1", R "b.conf:1 2",
		R "b.conf:1 2"},
	/* Names. */
	{{E ".a.conf", A "=1\n"}, A, NOTHING, NOTHING, E ".a.conf:1 1"},
	{{E "a.conf.bak", A "=1\n", E "d/a.conf", A "=2\n"}, A, NOTHING, NOTHING, NOTHING},
	{{E "9.conf", A "=1\n", E "10.conf", A "=2\n"}, A, E "9.conf:1 1", E "9.conf:1 1",
		E "9.conf:1 1"},
	{{E "z.conf", A "=1\n", SYSCTL_CONF, A "=2\n"}, A, E "z.conf:1 1", E "z.conf:1 1",
		SYSCTL_CONF ":1 2"},
	{{E "sysctl.conf", A "=1\n", SYSCTL_CONF, LO "=2\n"}, A, E "sysctl.conf:1 1",
		E "sysctl.conf:1 1", E "sysctl.conf:1 1"},
	/* One key more than once; the same value again is no later line for systemd. */
	{{E "a.conf", A "=1\n" A "=2\n"}, A, E "a.conf:2 2", E "a.conf:2 2", E "a.conf:2 2"},
	{{E "a.conf", A "=1\n" A "=1\n"}, A, E "a.conf:1 1", E "a.conf:1 1", E "a.conf:2 1"},
	{{E "a.conf", A "=1\n-" A "\n"}, A, E "a.conf:2 out", E "a.conf:2 out", E "a.conf:1 1"},
	{{E "a.conf", "-" A "\n" A "=1\n"}, A, E "a.conf:2 1", E "a.conf:2 1", E "a.conf:2 1"},
	/* Spellings. */
	{{E "a.conf", "/net//ipv4/./udp_rmem_min=1\n"}, A, E "a.conf:1 1", E "a.conf:1 1",
		E "a.conf:1 1"},
	{{E "a.conf", "net/core/../ipv4/udp_rmem_min=1\n"}, A, NOTHING, NOTHING, E "a.conf:1 1"},
	{{E "a.conf", "net/ipv4/conf/eth0.1/tag=1\n"}, "net.ipv4.conf.eth0/1.tag", E "a.conf:1 1",
		E "a.conf:1 1", E "a.conf:1 1"},
	{{E "a.conf", "net.ipv4.conf.eth0/1.tag=1\n"}, "net.ipv4.conf.eth0/1.tag", E "a.conf:1 1",
		E "a.conf:1 1", E "a.conf:1 1"},
	{{E "a.conf", "net/ipv4/udp_rmem_min/=1\n"}, A, E "a.conf:1 1", E "a.conf:1 1", NOTHING},
	{{E "a.conf", "-\t" A "=1\n"}, A, E "a.conf:1 1", E "a.conf:1 1", NOTHING},
	{{E "a.conf", "--" A "=1\n"}, A, NOTHING, NOTHING, E "a.conf:1 1"},
	{{E "a.conf", "\f" A "=1\n"}, A, NOTHING, NOTHING, E "a.conf:1 1"},
	{{E "a.conf", "x\r" A "=1\r\n"}, A, E "a.conf:1 1", E "a.conf:1 1", NOTHING},
	{{E "a.conf", A "=\n"}, A, E "a.conf:1 ", E "a.conf:1 ", E "a.conf:1 "},
	{{E "a.conf", A "\n=\n=1\n-\n-=1\n"}, A, NOTHING, NOTHING, NOTHING},
	/* Globs. */
	{{E "z.conf", "net.ipv4.conf.*.tag=1\n", E "a.conf", LO "=2\n"}, LO, E "a.conf:1 2",
		E "a.conf:1 2", E "a.conf:1 2"},
	{{E "a.conf", "net.ipv4.conf.*.tag=1\n-" LO "\n"}, LO, E "a.conf:2 out", E "a.conf:2 out",
		E "a.conf:2 out"},
	{{E "a.conf", "net.ipv4.conf.*.tag=1\n-net.ipv4.conf.*.tag\n"}, LO, NOTHING, NOTHING,
		E "a.conf:1 1"},
	{{E "a.conf", "net.ipv4.conf.*.tag=1\nnet.*.conf.lo.tag=2\nnet.ipv4.conf.*.tag=1\n"}, LO,
		E "a.conf:2 2", E "a.conf:2 2", E "a.conf:3 1"},
	{{E "a.conf", "net.ipv4.conf.*.tag=1\nnet.*.conf.lo.tag=2\nnet.ipv4.conf.*.tag=3\n"}, LO,
		E "a.conf:3 3", E "a.conf:3 3", E "a.conf:3 3"},
	{{E "a.conf", "/net/ipv4/conf/lo/tag=1\nnet.ipv4.conf.*.tag=2\n"}, LO, E "a.conf:1 1",
		E "a.conf:1 1", E "a.conf:2 2"},
	{{E "a.conf", "net.ipv4.conf.*=1\nnet.*=2\n"}, LO, NOTHING, NOTHING, NOTHING},
	/* What cannot be loosened: systemd writes the last alone, procps one after the other. */
	{{E "a.conf", "kernel.yama.ptrace_scope=3\n", E "b.conf", "kernel.yama.ptrace_scope=2\n"},
		"kernel.yama.ptrace_scope", E "b.conf:1 2", E "b.conf:1 2", E "a.conf:1 3"},
	{{E "a.conf", "kernel.*.ptrace_scope=3\nkernel.y*.ptrace_scope=2\n"},
		"kernel.yama.ptrace_scope", E "a.conf:1 3", E "a.conf:1 3", E "a.conf:1 3"},
	/* The kernel's arguments, and the credential. */
	{{SYSCTL_CMDLINE, "quiet sysctl.net.ipv4.udp_rmem_min=1\n", E "a.conf", A "=2\n"}, A,
		E "a.conf:1 2", E "a.conf:1 2", E "a.conf:1 2"},
	{{SYSCTL_CMDLINE, "sysctl/net/ipv4.udp_rmem_min=\"1 2\" -- sysctl." A "=3\n"}, A,
		SYSCTL_CMDLINE ":1 1 2", NOTHING, NOTHING},
	{{SYSCTL_CMDLINE, "sysctl.kernel.yama.ptrace_scope=3", E "a.conf",
		 "kernel.yama.ptrace_scope=2\n"},
		"kernel.yama.ptrace_scope", SYSCTL_CMDLINE ":1 3", E "a.conf:1 2", E "a.conf:1 2"},
	{{SYSCTL_CMDLINE, "sysctl." LO "=3", E "a.conf", "net.ipv4.conf.*.tag=2\n"}, LO,
		E "a.conf:1 2", E "a.conf:1 2", E "a.conf:1 2"},
	{{"/etc/credstore/sysctl.extra", A "=1\n", "/usr/lib/credstore/sysctl.extra", A "=2\n",
		 E "z.conf", A "=3\n"},
		A, "/etc/credstore/sysctl.extra:1 1", "/etc/credstore/sysctl.extra:1 1",
		E "z.conf:1 3"},
};

static size_t take_files(const struct winner_case *c, struct sysctl_file *ret)
{
	size_t n = 0;

	for (; c->files[2 * n]; n++) {
		const char *text = c->files[2 * n + 1];

		ret[n] = (struct sysctl_file){
			c->files[2 * n], text ? content_new(arena, text, strlen(text)) : NULL};
	}
	return n;
}

static const char *winner(
	enum sysctl_reader reader, const struct sysctl_file *files, size_t n, const char *key)
{
	const struct sysctl_line *line =
		sysctl_rules_find(sysctl_rules_new(arena, reader, files, n), key);

	return line ? arena_printf(arena, "%s:%u %s", line->path, line->line,
			      line->value ? line->value : "out")
		    : NOTHING;
}

START_TEST(wins)
{
	const struct winner_case *c = &winners[_i];
	struct sysctl_file files[ELEMENTS(c->files)], turned[ELEMENTS(c->files)];
	size_t n = take_files(c, files);

	ck_assert_str_eq(winner(SYSCTL_BOOT, files, n, c->key), c->boot);
	ck_assert_str_eq(winner(SYSCTL_SYSTEMD, files, n, c->key), c->now);
	ck_assert_str_eq(winner(SYSCTL_PROCPS, files, n, c->key), c->procps);
	/* But for credentials the order in which they are given says nothing. */
	for (size_t i = 0; i < n; i++)
		turned[n - 1 - i] = files[i];
	if (strstr(files[0].path, "cred"))
		return;
	ck_assert_str_eq(winner(SYSCTL_BOOT, turned, n, c->key), c->boot);
	ck_assert_str_eq(winner(SYSCTL_PROCPS, turned, n, c->key), c->procps);
}
END_TEST

START_TEST(long_line)
{
	size_t size = (1u << 20) + 64;
	char *text = arena_alloc(arena, size);
	struct sysctl_file file = {.path = E "a.conf"};

	/* A line of a mebibyte ends the reading of the file, for systemd. */
	int n = snprintf(text, size, "%s=1\n#%*s\n%s=2\n", A, (1 << 20) - 2, "", A);
	file.content = content_new(arena, text, (size_t)n);
	ck_assert_str_eq(winner(SYSCTL_SYSTEMD, &file, 1, A), E "a.conf:3 2");
	n = snprintf(text, size, "%s=1\n#%*s\n%s=2\n", A, (1 << 20) - 1, "", A);
	file.content = content_new(arena, text, (size_t)n);
	ck_assert_str_eq(winner(SYSCTL_SYSTEMD, &file, 1, A), E "a.conf:1 1");
	ck_assert_str_eq(winner(SYSCTL_PROCPS, &file, 1, A), E "a.conf:3 2");
}
END_TEST

START_TEST(hiders)
{
	static const struct sysctl_file files[] = {{U "a.conf", NULL},
		{"/usr/local/lib/sysctl.d/a.conf", NULL}, {R "a.conf", NULL}, {E "b.conf", NULL},
		{SYSCTL_CONF, NULL}, {E "sysctl.conf", NULL}};
	size_t n = ELEMENTS(files);

	ck_assert_str_eq(sysctl_file_hider(SYSCTL_SYSTEMD, files, n, U "a.conf"), R "a.conf");
	ck_assert_str_eq(sysctl_file_hider(SYSCTL_BOOT, files, n, U "a.conf"),
		"/usr/local/lib/sysctl.d/a.conf");
	ck_assert_ptr_null(sysctl_file_hider(SYSCTL_SYSTEMD, files, n, R "a.conf"));
	ck_assert_ptr_null(sysctl_file_hider(SYSCTL_SYSTEMD, files, n, E "b.conf"));
	ck_assert_ptr_null(sysctl_file_hider(SYSCTL_PROCPS, files, n, SYSCTL_CONF));
	ck_assert_ptr_null(sysctl_file_hider(SYSCTL_PROCPS, files, n, E "sysctl.conf"));
}
END_TEST

/* Many lines for one key, and many globs: nothing is slow or deep. */
START_TEST(many)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	struct sysctl_file file = {.path = E "a.conf"};

	for (int i = 0; i < 20000; i++)
		buf_addf(&b, A "=%d\nnet.ipv4.conf.*.tag=%d\n", i, i);
	file.content = content_new(arena, b.data, b.size);
	ck_assert_str_eq(winner(SYSCTL_SYSTEMD, &file, 1, A), E "a.conf:39999 19999");
	ck_assert_str_eq(winner(SYSCTL_PROCPS, &file, 1, A), E "a.conf:39999 19999");
	ck_assert_str_eq(winner(SYSCTL_SYSTEMD, &file, 1, LO), E "a.conf:40000 19999");
	ck_assert_str_eq(winner(SYSCTL_PROCPS, &file, 1, LO), E "a.conf:40000 19999");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("sysctl files");
	TCase *c = tcase_create("files");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_loop_test(c, wins, 0, (int)ELEMENTS(winners));
	tcase_add_test(c, long_line);
	tcase_add_test(c, hiders);
	tcase_add_test(c, many);
	suite_add_tcase(s, c);
	SRunner *runner = srunner_create(s);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
