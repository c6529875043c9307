/*
 * The command line (reconciler/client/options.c, command.c, help.c).
 */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "l4sync/command.h"
#include "l4sync/request.h"
#include "l4sync/ssh.h"

#define WORDS 12

static struct arena *arena;
static struct request request;
static struct err error;
static bool done;

static void setup(void)
{
	arena = arena_new();
	request = (struct request){0};
	error = ERR_INIT;
	unsetenv("L4SYNC_HOST");
	setenv("XDG_CONFIG_HOME", "/nonexistent", 1);
}

static void teardown(void)
{
	arena_free(arena);
	err_clear(&error);
}

/* Words separated by single spaces. */
static int parse(const char *line)
{
	char *argv[WORDS + 1] = {"l4sync"};
	char *copy = arena_strdup(arena, line);
	int argc = 1;

	for (char *s = strtok(copy, " "); s && argc < WORDS; s = strtok(NULL, " "))
		argv[argc++] = s;
	return options_parse(arena, argc, argv, &request, &done, &error);
}

static const struct {
	const char *line, *text;
} refused[] = {
	{"", "say what to do: plan, apply, check, verify, status, log, show, explain, lint or "
	     "rollback "
	     "(l4sync --help)"},
	{"pln", "unknown command \"pln\"; did you mean plan? (l4sync --help)"},
	{"serv", "unknown command \"serv\" (l4sync --help)"},
	{"diff", "unknown command \"diff\" (l4sync --help)"},
	{"foo", "unknown command \"foo\" (l4sync --help)"},
	{"help pln", "unknown command \"pln\"; did you mean plan? (l4sync --help)"},
	{"show", "show needs an argument: GEN (l4sync show --help)"},
	{"show 1 2", "show takes one argument, GEN: \"2\" is too much (l4sync show --help)"},
	{"rollback 1 2",
		"rollback takes one argument, [GEN]: \"2\" is too much (l4sync rollback --help)"},
	{"apply --confirm soon", "--confirm takes a time of up to a day, as 60s or 5min, not "
				 "\"soon\" (l4sync apply --help)"},
	{"apply --confirm 0", "--confirm takes a time of up to a day, as 60s or 5min, not \"0\" "
			      "(l4sync apply --help)"},
	{"apply --confirm 25h", "--confirm takes a time of up to a day, as 60s or 5min, not "
				"\"25h\" (l4sync apply --help)"},
	{"apply --confirm 5m --root /r", "--confirm is about the live host; it does not go with "
					 "--root (l4sync apply --help)"},
	{"apply --unattended --allow-removal",
		"--unattended takes no risk that somebody has to accept; it does not go with "
		"--allow-removal (l4sync apply --help)"},
	{"explain", "explain needs an argument: RESOURCE (l4sync explain --help)"},
	{"explain --only x y", "--only does not go with explain (l4sync explain --help)"},
	{"lint a b", "lint takes one argument, [DIR]: \"b\" is too much (l4sync lint --help)"},
	{"lint a --state b", "lint takes one directory: \"a\" or \"b\" (l4sync lint --help)"},
	{"lint a --source b",
		"--state is a directory; it does not go with --source (l4sync lint --help)"},
	{"lint --only x", "--only does not go with lint (l4sync lint --help)"},
	{"lint -H h a", "--state is a path on the host h: it begins with / (l4sync lint --help)"},
	{"confirm", "confirm needs an argument: NONCE (l4sync confirm --help)"},
	{"verify --root /r", "--root does not go with verify (l4sync verify --help)"},
	{"verify --only a", "--only does not go with verify (l4sync verify --help)"},
	{"plan --foo", "unknown flag --foo (l4sync plan --help)"},
	{"frobnicate", "unknown command \"frobnicate\" (l4sync --help)"},
	{"plan --reff x", "unknown flag --reff; did you mean --ref? (l4sync plan --help)"},
	{"plan --zzzzzzzz", "unknown flag --zzzzzzzz (l4sync plan --help)"},
	{"plan -x", "unknown flag -x (l4sync plan --help)"},
	{"plan -vx", "unknown flag -x (l4sync plan --help)"},
	{"plan --ref", "--ref needs a value (l4sync plan --help)"},
	{"plan -H", "-H needs a value (l4sync plan --help)"},
	{"apply --yes=1", "--yes takes no value (l4sync apply --help)"},
	{"plan --yes", "--yes does not go with plan (l4sync plan --help)"},
	{"check --source x", "--source does not go with check (l4sync check --help)"},
	{"serve -H x", "-H does not go with serve (l4sync --help)"},
	{"plan extra", "plan takes no argument: \"extra\" (l4sync plan --help)"},
	{"plan --state a --ref b",
		"--state is a directory; it does not go with --ref (l4sync plan --help)"},
	{"plan --heal", "--heal does not go with plan (l4sync plan --help)"},
	{"apply --heal --state a",
		"--heal puts back what was applied last, out of the history: no state is read, so "
		"it does not go with --state (l4sync apply --help)"},
	{"apply --source x --heal",
		"--heal puts back what was applied last, out of the history: no state is read, so "
		"it does not go with --source (l4sync apply --help)"},
	{"apply --heal --ref x",
		"--heal puts back what was applied last, out of the history: no state is read, so "
		"it does not go with --ref (l4sync apply --help)"},
	{"apply --heal --allow-rewind",
		"--heal puts back what was applied last, out of the history: no state is read, so "
		"it does not go with --allow-rewind (l4sync apply --help)"},
	{"plan --host a", "--host goes with --root and lint only; -H HOST runs it on another "
			  "host (l4sync plan --help)"},
	{"log --format markdown",
		"--format markdown goes with plan, check and lint only (l4sync log --help)"},
	{"plan --format xml",
		"--format takes text, json or markdown, not \"xml\" (l4sync plan --help)"},
	{"apply --format xml", "--format takes text or json, not \"xml\" (l4sync apply --help)"},
	{"plan --color=blue",
		"--color takes always, never or auto, not \"blue\" (l4sync plan --help)"},
	{"log -n 0", "--lines takes a number from 1, not \"0\" (l4sync log --help)"},
	{"log -n -1", "--lines takes a number from 1, not \"-1\" (l4sync log --help)"},
	{"log -n 5x", "--lines takes a number from 1, not \"5x\" (l4sync log --help)"},
	{"log -n 99999999999999999999",
		"--lines takes a number from 1, not \"99999999999999999999\" (l4sync log --help)"},
	{"plan -H -oProxyCommand=x", "\"-oProxyCommand=x\" is no host name that ssh could be given "
				     "(l4sync plan --help)"},
	{"plan -H a --state b",
		"--state is a path on the host a: it begins with / (l4sync plan --help)"},
	{"plan -H a --source ./b",
		"--source is a path on the host a: it begins with / (l4sync plan --help)"},
};

START_TEST(test_refused)
{
	ck_assert_int_eq(parse(refused[_i].line), -EINVAL);
	ck_assert_str_eq(err_text(&error), refused[_i].text);
	ck_assert_int_eq(error.exit, EXIT_USAGE);
	ck_assert_ptr_null(request.command);
}
END_TEST

START_TEST(test_all_flags)
{
	ck_assert_int_eq(parse("-H left4me apply --yes -v --ref=x --source /a --only file:/a"), 0);
	ck_assert(!done);
	ck_assert_str_eq(request.command, "apply");
	ck_assert_str_eq(request.remote, "left4me");
	ck_assert_str_eq(request.ref, "x");
	ck_assert_str_eq(request.source, "/a");
	ck_assert(request.yes && !request.allow_removal && request.verbosity == 1);
	ck_assert_uint_eq(request.n_only, 1);
	ck_assert_str_eq(request.only[0], "file:/a");
	ck_assert_int_eq(request.color, -1);
}
END_TEST

START_TEST(test_more_flags)
{
	ck_assert_int_eq(
		parse("plan --only a --only b --json --color --allow-removal --allow-rewind -q"),
		0);
	ck_assert_uint_eq(request.n_only, 2);
	ck_assert_str_eq(request.only[0], "a");
	ck_assert_str_eq(request.only[1], "b");
	ck_assert_int_eq(request.format, FORMAT_JSON);
	ck_assert_int_eq(request.color, 1);
	ck_assert_int_eq(request.verbosity, -1);
	ck_assert(request.allow_removal && request.allow_rewind);
	ck_assert(!request.heal);
	ck_assert_int_eq(parse("apply --heal --only a"), 0);
	ck_assert(request.heal);
	ck_assert_int_eq(parse("verify"), 0);
	ck_assert_uint_eq(request.n_arguments, 0);
	ck_assert_int_eq(parse("verify -v a.service 'b@*' -q c"), 0);
	ck_assert_uint_eq(request.n_arguments, 3);
	ck_assert_str_eq(request.arguments[0], "a.service");
	ck_assert_str_eq(request.arguments[2], "c");
	ck_assert_ptr_null(request.argument);
	ck_assert_int_eq(parse("log -n7"), 0);
	ck_assert_uint_eq(request.lines, 7);
}
END_TEST

START_TEST(test_paths)
{
	_cleanup_free_ char *cwd = getcwd(NULL, 0);

	ck_assert_int_eq(parse("plan --root r --state /s --host h"), 0);
	ck_assert_str_eq(request.root, arena_printf(arena, "%s/r", cwd));
	ck_assert_str_eq(request.state, "/s");
	ck_assert_int_eq(parse("plan --source ../x"), 0);
	ck_assert_str_eq(request.source, arena_printf(arena, "%s/../x", cwd));
	ck_assert_int_eq(parse("plan --source git@h:x"), 0);
	ck_assert_str_eq(request.source, "git@h:x");
}
END_TEST

static const struct {
	const char *environment, *file, *line, *remote; /* remote NULL: here */
} remotes[] = {
	{NULL, NULL, "plan", NULL},
	{"a", NULL, "plan", "a"},
	{"a", "host: b\n", "plan", "a"},
	{"", "host: b\n", "plan", NULL},
	{NULL, "host: b\n", "plan", "b"},
	{NULL, "# the server\n\nhost: \"root@b\" # there\n", "plan", "root@b"},
	{NULL, "host: b\n", "plan -H c", "c"},
	{"a", NULL, "plan --root /x", NULL},
	{"a", NULL, "plan --state /x", NULL},
	{"a", NULL, "plan --state /x -H c", "c"},
	{"a", NULL, "serve", NULL},
};

static void write_config(const char *text)
{
	char dir[] = "/tmp/l4sync-options-XXXXXX";

	ck_assert_ptr_nonnull(mkdtemp(dir));
	setenv("XDG_CONFIG_HOME", dir, 1);
	ck_assert_int_eq(mkdir(arena_printf(arena, "%s/l4sync", dir), 0700), 0);
	FILE *f = fopen(arena_printf(arena, "%s/l4sync/config.yaml", dir), "w");
	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
}

static void remove_config(void)
{
	const char *dir = getenv("XDG_CONFIG_HOME");

	unlink(arena_printf(arena, "%s/l4sync/config.yaml", dir));
	rmdir(arena_printf(arena, "%s/l4sync", dir));
	rmdir(dir);
}

START_TEST(test_remote)
{
	if (remotes[_i].environment)
		setenv("L4SYNC_HOST", remotes[_i].environment, 1);
	if (remotes[_i].file)
		write_config(remotes[_i].file);
	int rc = parse(remotes[_i].line);
	if (remotes[_i].file)
		remove_config();
	ck_assert_int_eq(rc, 0);
	ck_assert_pstr_eq(request.remote, remotes[_i].remote);
}
END_TEST

START_TEST(test_config_refused)
{
	write_config("host: a\nsource: {url: x}\n");
	int rc = parse("plan");
	const char *text =
		arena_printf(arena, "%s/l4sync/config.yaml:2: only `host: HOST` is known here",
			getenv("XDG_CONFIG_HOME"));
	remove_config();
	ck_assert_int_eq(rc, -EINVAL);
	ck_assert_str_eq(err_text(&error), text);
}
END_TEST

START_TEST(test_empty_host_is_here)
{
	char *argv[] = {"l4sync", "plan", "-H", "", NULL};

	setenv("L4SYNC_HOST", "a", 1);
	ck_assert_int_eq(options_parse(arena, 4, argv, &request, &done, &error), 0);
	ck_assert_ptr_null(request.remote);
}
END_TEST

static void check_width(const char *text, size_t max)
{
	while (*text) {
		size_t n = strcspn(text, "\n");

		ck_assert_msg(n <= max, "%.*s", (int)n, text);
		text += n + 1;
	}
}

/* Of the program and of every command: at most 80 columns, every flag of the table is there. */
START_TEST(test_help)
{
	const struct command *c = _i ? &command_table[_i - 1] : NULL;
	_cleanup_free_ char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	help_print(f, c);
	fclose(f);
	check_width(text, 80);
	for (const struct flag *flag = flag_table; c && (flag->name || flag->letter); flag++)
		if (flag->name && flag->commands & c->bit)
			ck_assert_ptr_nonnull(
				strstr(text, arena_printf(arena, "--%s", flag->name)));
	ck_assert_ptr_null(c ? NULL : strstr(text, "serve"));
}
END_TEST

/* No command offers what it refuses. */
START_TEST(test_help_formats)
{
	for (const struct command *c = command_table; c->name; c++) {
		_cleanup_free_ char *text = NULL;
		size_t size;
		FILE *f = open_memstream(&text, &size);

		help_print(f, c);
		fclose(f);
		if (!c->summary)
			continue;
		int rc = parse(arena_printf(arena, "%s --format markdown", c->name));
		ck_assert_int_eq(!rc, strstr(text, "markdown") != NULL);
		err_clear(&error);
	}
}
END_TEST

START_TEST(test_help_command)
{
	fflush(stdout);
	ck_assert_ptr_nonnull(freopen("/dev/null", "w", stdout));
	ck_assert_int_eq(parse("help"), 0);
	ck_assert(done);
	done = false;
	ck_assert_int_eq(parse("help apply"), 0);
	ck_assert(done);
}
END_TEST

START_TEST(test_time)
{
	ck_assert_int_eq(parse("apply --confirm 90"), 0);
	ck_assert_uint_eq(request.confirm, 90);
	ck_assert_int_eq(parse("apply --confirm 90s"), 0);
	ck_assert_uint_eq(request.confirm, 90);
	ck_assert_int_eq(parse("rollback --confirm 5min"), 0);
	ck_assert_uint_eq(request.confirm, 300);
	ck_assert_int_eq(parse("apply --confirm 24h"), 0);
	ck_assert_uint_eq(request.confirm, 86400);
}
END_TEST

START_TEST(test_argument)
{
	ck_assert_int_eq(parse("show 12 --json"), 0);
	ck_assert_str_eq(request.argument, "12");
	ck_assert_int_eq(parse("rollback --yes 3"), 0);
	ck_assert_str_eq(request.argument, "3");
	ck_assert_int_eq(parse("rollback"), 0);
	ck_assert_ptr_null(request.argument);
}
END_TEST

/* A tree without a host name is told to be given one: by every command that has --root. */
START_TEST(test_host_goes_with_root)
{
	for (const struct command *c = command_table; c->summary; c++) {
		if (!strcmp(c->name, "verify")) /* it is about what runs */
			continue;
		ck_assert_int_eq(parse(arena_printf(arena, "%s%s --root /r --host a", c->name,
					 c->argument ? " 3" : "")),
			0);
		ck_assert_str_eq(request.host, "a");
	}
}
END_TEST

START_TEST(test_completion)
{
	_cleanup_free_ char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	completion_print(f, NULL);
	completion_print(f, command_find("log"));
	fclose(f);
	ck_assert_str_eq(text,
		"plan\napply\ncheck\nverify\nstatus\nlog\nshow\nexplain\nlint\nsecret\nrollback\n"
		"confirm\n--help\n--version\n-H\n"
		"-H\n--root=\n--host=\n--lines=\n--format=\n--json\n--color=\n--"
		"verbose\n--quiet\n--help\n"
		"--version\n");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("options");
	TCase *t = tcase_create("options");
	int commands = 0;

	while (command_table[commands].name)
		commands++;
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, test_refused, 0, (int)ELEMENTS(refused));
	tcase_add_test(t, test_all_flags);
	tcase_add_test(t, test_more_flags);
	tcase_add_test(t, test_paths);
	tcase_add_loop_test(t, test_remote, 0, (int)ELEMENTS(remotes));
	tcase_add_test(t, test_config_refused);
	tcase_add_test(t, test_empty_host_is_here);
	tcase_add_loop_test(t, test_help, 0, commands + 1);
	tcase_add_test(t, test_host_goes_with_root);
	tcase_add_test(t, test_help_formats);
	tcase_add_test(t, test_help_command);
	tcase_add_test(t, test_argument);
	tcase_add_test(t, test_time);
	tcase_add_test(t, test_completion);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
