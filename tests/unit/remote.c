/*
 * The remote protocol, both ends, over pipes (reconciler/client/remote.c, serve.c, ssh.c). `ssh` is
 * tests/unit/remote/ssh; the far end is this program with the argument "serve".
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "l4sync/request.h"

/* The far end's host side. */

static void pause_ms(long ms)
{
	nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

static void leave_mark(void)
{
	close(open(getenv("MARK"), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
}

/* More than a pipe holds. */
static void say_much(struct sink *s)
{
	char text[10001];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (int i = 0; i < 200; i++)
		event_message(s, "warning", "%s", text);
}

static int run(const struct request *r, struct sink *s)
{
	int status = 0;

	if (getenv("SUDO_USER"))
		event_message(s, "warning", "from %s", getenv("SSH_CONNECTION"));
	if (getenv("DROP")) {
		event_message(s, "warning", "here it breaks");
		_exit(9);
	}
	if (!strcmp(r->command, "status")) {
		event_emit(s, "{s:s, s:o}", "event", "status", "status", request_to_json(r));
	} else if (!strcmp(r->command, "check")) {
		for (int i = 0; i < 1000; i++) {
			event_progress(s, "still checking");
			pause_ms(10);
		}
	} else if (!strcmp(r->command, "log")) {
		say_much(s);
	} else if (!strcmp(r->command, "apply")) {
		int answer = r->yes ? 1 : s->ask(s, "Apply?");

		if (r->yes)
			say_much(s);
		event_message(s, "warning", "answer %d", answer);
		status = answer == 1 ? 0 : EXIT_REFUSED;
		leave_mark();
		return status; /* without a done of its own */
	}
	event_emit(s, "{s:s, s:i, s:s}", "event", "done", "exit", 2, "summary", "2 ok");
	return 2;
}

/* The near end: a sink that writes down what comes. */

struct recorder {
	struct sink sink;
	int answer;
	unsigned asked, events;
	struct buf texts; /* of warnings and errors, a line each */
	json_t *last;
};

static void record(struct sink *sink, json_t *event)
{
	struct recorder *r = (struct recorder *)sink;
	const char *text = json_string_value(json_object_get(event, "text"));
	const char *name = json_string_value(json_object_get(event, "event"));

	r->events++;
	if (text && strcmp(name, "progress")) {
		buf_adds(&r->texts, text);
		buf_addc(&r->texts, '\n');
	}
	json_decref(r->last);
	r->last = event;
}

static int answer(struct sink *sink, const char *question)
{
	struct recorder *r = (struct recorder *)sink;

	ck_assert_str_eq(question, "Apply?");
	r->asked++;
	return r->answer;
}

static struct recorder recorder;
static char mark[] = "/tmp/l4sync-remote-XXXXXX";

static void setup(void)
{
	recorder = (struct recorder){.sink = {record, answer}};
	signal(SIGPIPE, SIG_IGN);
	unsetenv("SUDO_USER");
	int fd = mkstemp(strcpy(mark, "/tmp/l4sync-remote-XXXXXX"));
	ck_assert_int_ge(fd, 0);
	close(fd);
	unlink(mark);
	setenv("MARK", mark, 1);
}

static void teardown(void)
{
	buf_free(&recorder.texts);
	json_decref(recorder.last);
	unlink(mark);
}

static int run_as(const char *behaviour, struct request r)
{
	r.remote = "h";
	setenv("FAKE_SSH", behaviour, 1);
	buf_adds(&recorder.texts, "");
	return remote_run(&r, &recorder.sink);
}

static const char *last_event(void)
{
	return json_string_value(json_object_get(recorder.last, "event"));
}

#define LOST_APPLY                                                                                 \
	"; the outcome is unknown and the apply may be going on: ask `l4sync -H h status`\n"
#define LOST_PLAN "; nothing was changed there\n"

static const struct {
	const char *behaviour, *command;
	bool yes;
	int status;
	const char *texts;
} runs[] = {
	{"serve", "plan", false, 2, ""},
	{"command", "plan", false, 2, ""},
	{"slow", "plan", false, 2, ""},
	{"client", "plan", false, 2, "from 203.0.113.7 40000 192.0.2.1 22\n"},
	{"noise", "plan", false, 2, ""},
	{"escapes", "plan", false, 2, "h: \033[2Jcleared\n"},
	{"key", "plan", false, 2, "h: Confirm user presence for key\n"},
	{"arguments", "plan", false, 2,
		"h: -T\nh: -o\nh: ServerAliveInterval=15\nh: -o\nh: ServerAliveCountMax=4\nh: h\n"
		"h: exec sh -c 'export LC_ALL=C; if [ \"$(id -u)\" = 0 ]; then exec l4sync serve; "
		"else exec sudo -n l4sync serve; fi'\n"},
	{"refused", "plan", false, 1,
		"cannot reach h: ssh: connect to host h port 22: Connection refused "
		"(ssh ended with status 255)\n"},
	{"silent", "apply", true, 1, "cannot reach h: no answer (ssh ended with status 255)\n"},
	{"sudo", "apply", true, 1,
		"h: sudo: a password is required\n"
		"h does not let this user run `sudo -n l4sync serve`; allow it in /etc/sudoers.d "
		"(USER ALL=(root) NOPASSWD: /usr/bin/l4sync serve) or use -H root@HOST\n"},
	{"missing", "plan", false, 1,
		"h: sh: 1: exec: l4sync: not found\n"
		"h has no l4sync in root's PATH; install it there\n"},
	{"newer", "plan", false, 1,
		"h has l4sync 9.1, which speaks protocol 2; this is l4sync 0.1 with protocol 1: "
		"install the same version on both sides\n"},
	{"shouting", "plan", false, 1,
		"h answers, but not as l4sync: its login shell prints too much\n"},
	{"drop", "status", false, 8, "here it breaks\nthe connection to h was lost" LOST_PLAN},
	{"drop", "apply", true, 8, "here it breaks\nthe connection to h was lost" LOST_APPLY},
	{"garbage", "apply", true, 8,
		"the connection to h was lost (h sent what is no event: not JSON: '[' or '{' "
		"expected "
		"near 'not', column 3)" LOST_APPLY},
	{"number", "plan", false, 8, NULL},
	{"duplicate", "plan", false, 8, NULL},
	{"truncated", "plan", false, 8, "the connection to h was lost" LOST_PLAN},
	{"truncated", "apply", true, 8, "the connection to h was lost" LOST_APPLY},
	{"endless", "apply", true, 8,
		"the connection to h was lost (h sent a line of more than 67108864 "
		"bytes)" LOST_APPLY},
	{"nothing", "plan", false, 8, ""},
};

START_TEST(test_run)
{
	struct request r = {.command = runs[_i].command, .yes = runs[_i].yes};

	int status = run_as(runs[_i].behaviour, r);
	ck_assert_msg(status == runs[_i].status, "%s: %d\n%s", runs[_i].behaviour, status,
		recorder.texts.data);
	if (runs[_i].texts)
		ck_assert_str_eq(recorder.texts.data, runs[_i].texts);
	ck_assert_str_eq(last_event(), "done");
}
END_TEST

/* ssh's keeping a connection for others must not keep us. */
START_TEST(test_persist)
{
	time_t before = time(NULL);

	ck_assert_int_eq(run_as("persist", (struct request){.command = "plan"}), 2);
	ck_assert_int_lt(time(NULL) - before, 10);
}
END_TEST

START_TEST(test_noise_is_noted)
{
	ck_assert_int_eq(run_as("noise", (struct request){.command = "plan", .verbosity = 1}), 2);
	ck_assert_str_eq(
		recorder.texts.data, "h printed: Welcome to Debian\nh printed: {\"motd\":true}\n");
}
END_TEST

START_TEST(test_much)
{
	ck_assert_int_eq(run_as("serve", (struct request){.command = "log"}), 2);
	ck_assert_uint_eq(recorder.texts.size, 200 * 10001);
}
END_TEST

static const struct {
	int answer, status;
	const char *texts;
} answers[] = {
	{1, 0, "answer 1\n"},
	{0, 1, "answer 0\n"},
	{-ENOTTY, 1, NULL},
};

START_TEST(test_ask)
{
	recorder.answer = answers[_i].answer;
	ck_assert_int_eq(run_as("serve", (struct request){.command = "apply"}), answers[_i].status);
	ck_assert_uint_eq(recorder.asked, 1);
	if (answers[_i].texts)
		ck_assert_str_eq(recorder.texts.data, answers[_i].texts);
	else
		ck_assert_str_eq(recorder.texts.data, "answer -25\n");
}
END_TEST

/* The far end alone. */

struct far {
	pid_t pid;
	int in, out;
};

static struct far far_start(void)
{
	int in[2], out[2];

	ck_assert_int_eq(pipe2(in, O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(out, O_CLOEXEC), 0);
	pid_t pid = fork();
	if (!pid) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		execl(getenv("SERVE"), "remote", "serve", NULL);
		_exit(99);
	}
	close(in[0]);
	close(out[1]);
	return (struct far){pid, in[1], out[0]};
}

static void far_say(struct far *f, const char *line)
{
	ck_assert_int_eq(write(f->in, line, strlen(line)), (ssize_t)strlen(line));
}

static int far_end(struct far *f)
{
	int status;

	for (int i = 0; i < 2000; i++, pause_ms(10))
		if (waitpid(f->pid, &status, WNOHANG) == f->pid)
			return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
	kill(f->pid, SIGKILL);
	waitpid(f->pid, &status, 0);
	return -1;
}

/* What it says until it ends, or has said this much. */
static char *far_read(struct far *f, size_t size)
{
	struct pollfd fd = {.fd = f->out, .events = POLLIN};
	struct buf b = BUF_INIT;
	char bytes[4096];
	ssize_t n;

	buf_adds(&b, "");
	/* A moment longer: it must not say more. */
	while (poll(&fd, 1, b.size < size ? 10000 : 50) > 0 &&
		(n = read(f->out, bytes, sizeof(bytes))) > 0)
		buf_add(&b, bytes, (size_t)n);
	return b.data;
}

#define HELLO "{\"l4sync\":1,\"version\":\"0.1\"}\n"
#define REQUEST(body) "{\"l4sync\":1,\"version\":\"0.1\",\"request\":{" body "}}\n"
#define REFUSED "\"}\n{\"event\":\"done\",\"exit\":64}\n"

static const struct {
	const char *input, *output;
} serves[] = {
	{REQUEST("\"command\":\"plan\""),
		HELLO "{\"event\":\"done\",\"exit\":2,\"summary\":\"2 ok\"}\n"},
	{REQUEST("\"command\":\"plan\"") REQUEST("\"command\":\"status\""),
		HELLO "{\"event\":\"done\",\"exit\":2,\"summary\":\"2 ok\"}\n"
		      "{\"event\":\"status\",\"status\":{\"command\":\"status\"}}\n"
		      "{\"event\":\"done\",\"exit\":2,\"summary\":\"2 ok\"}\n"},
	{REQUEST("\"command\":\"serve\""),
		HELLO "{\"event\":\"error\",\"text\":\"l4sync 0.1 on the host has no command "
		      "\\\"serve\\\"" REFUSED},
	{REQUEST("\"command\":\"plan\",\"wish\":1"),
		HELLO "{\"event\":\"error\",\"text\":\"l4sync 0.1 on the host does not know "
		      "\\\"wish\\\"; install the same version on both sides" REFUSED},
	{"{\"l4sync\":7}\n", HELLO
		"{\"event\":\"error\",\"text\":\"the request is not of protocol 1; install the "
		"same version on both sides" REFUSED},
	{"[]\n", HELLO "{\"event\":\"error\",\"text\":\"the request: not a JSON object" REFUSED},
	{REQUEST("\"command\":\"apply\"") "{\"answer\":true}\n",
		HELLO "{\"ask\":\"Apply?\"}\n{\"event\":\"warning\",\"text\":\"answer 1\"}\n"
		      "{\"event\":\"done\",\"exit\":0}\n"},
	{REQUEST("\"command\":\"apply\"") "{\"answer\":\"yes\"}\n",
		HELLO "{\"ask\":\"Apply?\"}\n{\"event\":\"warning\",\"text\":\"answer 0\"}\n"
		      "{\"event\":\"done\",\"exit\":1}\n"},
};

START_TEST(test_serve)
{
	struct far f = far_start();

	far_say(&f, serves[_i].input);
	_cleanup_free_ char *said = far_read(&f, strlen(serves[_i].output));
	ck_assert_str_eq(said, serves[_i].output);
	close(f.in);
	ck_assert_int_ge(far_end(&f), 0);
	close(f.out);
}
END_TEST

START_TEST(test_reader_that_leaves)
{
	struct far f = far_start();

	far_say(&f, REQUEST("\"command\":\"check\""));
	pause_ms(100);
	close(f.in);
	ck_assert_int_eq(far_end(&f), EXIT_UNKNOWN);
	close(f.out);
}
END_TEST

/* What writes goes to its end, whether its reader stands still or is gone. */
START_TEST(test_writer_goes_on)
{
	struct far f = far_start();
	char hello[sizeof(HELLO)];

	ck_assert_int_eq(read(f.out, hello, sizeof(HELLO) - 1), (ssize_t)sizeof(HELLO) - 1);
	far_say(&f, REQUEST("\"command\":\"apply\",\"yes\":true"));
	if (_i) {
		close(f.out);
		close(f.in);
	}
	for (int i = 0; i < 2000 && access(mark, F_OK); i++)
		pause_ms(10);
	ck_assert_int_eq(access(mark, F_OK), 0);
	if (!_i) {
		_cleanup_free_ char *said = far_read(&f, 200 * 10000);

		ck_assert_ptr_nonnull(
			strstr(said, "\"answer 1\"}\n{\"event\":\"done\",\"exit\":0}\n"));
		close(f.in);
		close(f.out);
	}
	ck_assert_int_ge(far_end(&f), 0);
}
END_TEST

START_TEST(test_asked_and_gone)
{
	struct far f = far_start();

	far_say(&f, REQUEST("\"command\":\"apply\""));
	close(f.in);
	_cleanup_free_ char *said = far_read(&f, 1000);
	ck_assert_str_eq(said, HELLO "{\"ask\":\"Apply?\"}\n");
	ck_assert_int_eq(far_end(&f), 1);
	close(f.out);
}
END_TEST

START_TEST(test_long_request)
{
	struct far f = far_start();
	char bytes[4096];

	memset(bytes, 'x', sizeof(bytes));
	for (int i = 0; i < 300; i++)
		if (write(f.in, bytes, sizeof(bytes)) < 0)
			break;
	ck_assert_int_eq(far_end(&f), 0);
	close(f.in);
	close(f.out);
}
END_TEST

static void set_path(const char *program)
{
	_cleanup_arena_ struct arena *a = arena_new();
	_cleanup_free_ char *cwd = getcwd(NULL, 0), *self = realpath(program, NULL);

	if (!cwd || !self)
		abort();
	setenv("SERVE", self, 1);
	setenv("PATH", arena_printf(a, "%s/tests/unit/remote:%s", cwd, getenv("PATH")), 1);
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "serve")) {
		signal(SIGPIPE, SIG_IGN);
		return serve_run(run);
	}
	Suite *s = suite_create("remote");
	TCase *t = tcase_create("remote");

	set_path(argv[0]);
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, test_run, 0, (int)ELEMENTS(runs));
	tcase_add_test(t, test_persist);
	tcase_add_test(t, test_noise_is_noted);
	tcase_add_test(t, test_much);
	tcase_add_loop_test(t, test_ask, 0, (int)ELEMENTS(answers));
	tcase_add_loop_test(t, test_serve, 0, (int)ELEMENTS(serves));
	tcase_add_test(t, test_reader_that_leaves);
	tcase_add_loop_test(t, test_writer_goes_on, 0, 2);
	tcase_add_test(t, test_asked_and_gone);
	tcase_add_test(t, test_long_request);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
