/* Running programs: status, output, input, lines, time, what they leave behind. */
#include "l4sync/program.h"

#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "l4sync/io.h"

static struct program_end end;
static struct buf out;
static struct err e;

static void setup(void)
{
	signal(SIGPIPE, SIG_IGN);
}

static void teardown(void)
{
	buf_free(&out);
	err_clear(&e);
}

static int sh(const char *script, struct program p)
{
	const char *const argv[] = {"sh", "-c", script, NULL};

	p.argv = argv;
	p.output_max = p.output_max ? p.output_max : 1000;
	p.timeout_s = p.timeout_s ? p.timeout_s : 20;
	return program_run(&p, &out, &end, &e);
}

START_TEST(ends)
{
	struct arena *a = arena_new();

	ck_assert_int_eq(sh("echo out; echo err >&2; exit 3", (struct program){0}), 0);
	ck_assert(end.exited && end.status == 3 && !program_succeeded(&end));
	ck_assert_str_eq(out.data, "out\n");
	ck_assert_str_eq(program_end_text(a, &end), "status 3");
	ck_assert_int_eq(sh("echo err >&2", (struct program){.with_errors = true}), 0);
	ck_assert_str_eq(out.data, "out\nerr\n");
	ck_assert(program_succeeded(&end));
	ck_assert_int_eq(sh("kill -TERM $$", (struct program){0}), 0);
	ck_assert_str_eq(program_end_text(a, &end), "signal 15 (Terminated)");
	arena_free(a);
}
END_TEST

START_TEST(not_there)
{
	const char *const argv[] = {"no-such-program", NULL};
	const struct program p = {.argv = argv, .timeout_s = 5};

	ck_assert_int_eq(program_run(&p, NULL, &end, &e), -ENOENT);
	ck_assert_str_eq(err_text(&e), "there is no program no-such-program");
}
END_TEST

START_TEST(surroundings)
{
	static const char *const environment[] = {"A=1", NULL};

	ck_assert_int_eq(setenv("SECRET", "x", 1), 0);
	signal(SIGPIPE, SIG_IGN);
	ck_assert_int_eq(sh("echo $A$SECRET; pwd; ls /proc/self/fd | wc -l; umask; tty; "
			    "echo $((0x$(sed -n 's/SigIgn:\t//p' /proc/self/status) & 0x7fffffff))",
				 (struct program){.environment = environment}),
		0);
	/* ls has one of its own */
	ck_assert_str_eq(out.data, "1\n/\n4\n0022\nnot a tty\n0\n");
}
END_TEST

START_TEST(input)
{
	size_t size = 300000;
	char *bytes = malloc(size);

	memset(bytes, 'x', size);
	ck_assert_int_eq(sh("wc -c", (struct program){.input = bytes, .input_size = size}), 0);
	ck_assert_str_eq(out.data, "300000\n");
	/* one that does not want it */
	ck_assert_int_eq(sh("exit 0", (struct program){.input = bytes, .input_size = size}), 0);
	ck_assert(program_succeeded(&end));
	/* more than is kept: it can write all of it */
	ck_assert_int_eq(
		sh("cat; echo end >&2",
			(struct program){.input = bytes, .input_size = size, .output_max = 100}),
		0);
	ck_assert_uint_eq(out.size, 100);
	ck_assert(program_succeeded(&end));
	free(bytes);
}
END_TEST

/* The third line is one too many. */
static int count(void *userdata, const char *line)
{
	size_t *n = userdata;

	return line && ++*n == 3 ? -EINTR : 0;
}

START_TEST(lines)
{
	size_t n = 0;

	ck_assert_int_eq(sh("echo a; echo b", (struct program){.idle = count, .userdata = &n}), 0);
	ck_assert_uint_eq(n, 2);
	n = 0;
	ck_assert_int_eq(sh("echo a; echo b; echo c; sleep 1000",
				 (struct program){.idle = count, .userdata = &n}),
		-EINTR);
	ck_assert_uint_eq(n, 3);
}
END_TEST

START_TEST(time_is_up)
{
	unsigned long long begun = monotonic_usec();

	ck_assert_int_eq(
		sh("sleep 1000 & echo $!; wait", (struct program){.timeout_s = 1}), -ETIMEDOUT);
	ck_assert_str_eq(err_text(&e), "sh was not ready after 1 s and was killed");
	ck_assert(monotonic_usec() - begun < 15000000);
	/* its child too, which nobody but init can bury */
	pid_t child = atoi(out.data);
	ck_assert_int_gt(child, 0);
	for (int i = 0; i < 1000 && !kill(child, 0); i++)
		usleep(10000);
	ck_assert(kill(child, 0) < 0);
}
END_TEST

START_TEST(left_behind)
{
	unsigned long long begun = monotonic_usec();

	/* What it leaves in the background keeps its output open. */
	ck_assert_int_eq(sh("sleep 1000 & echo $!", (struct program){0}), 0);
	ck_assert(program_succeeded(&end));
	ck_assert(monotonic_usec() - begun < 15000000);
	pid_t child = atoi(out.data);
	for (int i = 0; i < 1000 && !kill(child, 0); i++)
		usleep(10000);
	ck_assert(kill(child, 0) < 0);
}
END_TEST

static int refuse(void *userdata)
{
	(void)userdata;
	return -EPERM;
}

START_TEST(prepared)
{
	ck_assert_int_eq(sh("echo never", (struct program){.prepare = refuse}), -EPERM);
	ck_assert_str_eq(err_text(&e), "cannot run sh: Operation not permitted");
	ck_assert_uint_eq(out.size, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("program");
	TCase *tc = tcase_create("program");
	SRunner *runner = srunner_create(suite);

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, ends);
	tcase_add_test(tc, not_there);
	tcase_add_test(tc, surroundings);
	tcase_add_test(tc, input);
	tcase_add_test(tc, lines);
	tcase_add_test(tc, time_is_up);
	tcase_add_test(tc, left_behind);
	tcase_add_test(tc, prepared);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
