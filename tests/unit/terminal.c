/*
 * What a terminal gets to see: progress, colours, the question (reconciler/client/terminal.c,
 * progress.c, sink_*.c). Each scene runs in a child behind a pseudo-terminal of 60 columns.
 */
#include <check.h>
#include <errno.h>
#include <locale.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "l4sync/request.h"

static void pause_ms(long ms)
{
	nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

static void quick(struct sink *s)
{
	event_progress(s, "quick");
	pause_ms(10);
	event_progress(s, "also quick");
	pause_ms(10);
}

static void slow(struct sink *s)
{
	event_progress(s, "quick");
	pause_ms(300);
	event_progress(s, "slow\033[2J");
	pause_ms(1500);
	event_message(s, "warning", "in between");
	event_emit(s, "{s:s, s:i, s:s}", "event", "done", "exit", 0, "summary", "over");
}

static void wide(struct sink *s)
{
	event_progress(s, "%0100d", 0);
	pause_ms(1500);
}

static void ask(struct sink *s)
{
	int answer = s->ask(s, "Apply?");

	event_message(s, "warning", "answer %d", answer);
}

static void plain(struct sink *s)
{
	event_message(s, "warning", "text");
}

static void long_error(struct sink *s)
{
	event_message(
		s, "error", "this plan needs a word that it does not have: it stops a.service");
}

static void document(struct sink *s)
{
	event_emit(s, "{s:s, s:{s:s}}", "event", "status", "status", "host", "\xc2\x9b\xc3\xbc");
}

#define SHOWN "\r\033[2mslow\\x1b[2J\033[0m\033[K"
#define ERASED "\r\033[K"
#define DIGITS "0000000000"

static const struct {
	void (*play)(struct sink *s);
	struct request request;
	const char *term, *no_color, *input, *output;
} scenes[] = {
	{quick, {.color = -1}, "xterm", NULL, "", ""},
	{slow, {.color = -1}, "xterm", NULL, "",
		SHOWN ERASED "\033[33ml4sync: warning: \033[0min between\r\nover\r\n"},
	{slow, {.color = -1}, "dumb", NULL, "", "l4sync: warning: in between\r\nover\r\n"},
	{slow, {.color = -1, .verbosity = -1}, "xterm", NULL, "", "over\r\n"},
	{wide, {.color = 0}, "xterm", NULL, "",
		"\r" DIGITS DIGITS DIGITS DIGITS DIGITS "000000000\033[K" ERASED},
	{plain, {.color = -1}, "xterm", "1", "", "l4sync: warning: text\r\n"},
	{plain, {.color = 1}, "xterm", "1", "", "\033[33ml4sync: warning: \033[0mtext\r\n"},
	{long_error, {.color = 0}, "xterm", NULL, "",
		"l4sync: this plan needs a word that it does not have: it\r\n  stops "
		"a.service\r\n"},
	{ask, {.color = 0}, "xterm", NULL, "y\n",
		"Apply? [y/N] y\r\nl4sync: warning: answer 1\r\n"},
	{ask, {.color = 0}, "dumb", NULL, "YES\n",
		"Apply? [y/N] YES\r\nl4sync: warning: answer 1\r\n"},
	{ask, {.color = 0}, "xterm", NULL, "n\n",
		"Apply? [y/N] n\r\nl4sync: warning: answer 0\r\n"},
	{ask, {.color = 0}, "xterm", NULL, "\n", "Apply? [y/N] \r\nl4sync: warning: answer 0\r\n"},
	{ask, {.color = 0}, "xterm", NULL, "yessir\n",
		"Apply? [y/N] yessir\r\nl4sync: warning: answer 0\r\n"},
	{ask, {.color = 0}, "xterm", NULL, "\004",
		"Apply? [y/N] \r\nl4sync: warning: answer 0\r\n"},
	{ask, {.color = 0, .command = "status", .format = FORMAT_JSON}, "xterm", NULL, "",
		"l4sync: warning: answer -25\r\n"},
	{document, {.command = "status", .format = FORMAT_JSON}, "xterm", NULL, "",
		"{\r\n  \"host\": \"\\u009B\\u00FC\"\r\n}\r\n"},
};

static void play(int i)
{
	setenv("TERM", scenes[i].term, 1);
	unsetenv("NO_COLOR");
	if (scenes[i].no_color)
		setenv("NO_COLOR", scenes[i].no_color, 1);
	struct request r = scenes[i].request;
	r.command = r.command ? r.command : "plan";
	struct sink *s = sink_open(&r);
	scenes[i].play(s);
	_exit(sink_close(s) ? 1 : 0);
}

/* On a busy machine a scene takes longer and the line comes again: one drawing and one erasing
 * stand for all. */
static void drop_redraws(char *text)
{
	bool drawn = false, erased = false;
	char *to = text;

	for (char *s = text; *s;) {
		char *end = *s == '\r' && s[1] != '\n' ? strstr(s, "\033[K") : NULL;
		size_t size = end ? (size_t)(end - s) + strlen("\033[K") : 1;
		bool *before = size == strlen(ERASED) ? &erased : &drawn;

		if (!end || !*before) {
			memmove(to, s, size);
			to += size;
		}
		if (end)
			*before = true;
		s += size;
	}
	*to = '\0';
}

START_TEST(test_scene)
{
	const struct winsize size = {.ws_row = 24, .ws_col = 60};
	_cleanup_buf_ struct buf b = BUF_INIT;
	char bytes[1024];
	int fd, status;
	ssize_t n;
	bool typed = false;

	pid_t pid = forkpty(&fd, NULL, NULL, &size);
	if (!pid)
		play(_i);
	buf_adds(&b, "");
	while ((n = read(fd, bytes, sizeof(bytes))) > 0) { /* EIO once the child is gone */
		buf_add(&b, bytes, (size_t)n);
		if (!typed && strstr(b.data, "[y/N] "))
			typed = write(fd, scenes[_i].input, strlen(scenes[_i].input)) >= 0;
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	drop_redraws(b.data);
	ck_assert_str_eq(b.data, scenes[_i].output);
	close(fd);
}
END_TEST

/* A full disk is told at the end, once. */
START_TEST(test_cannot_write)
{
	const struct request r = {.command = "status"};

	ck_assert_ptr_nonnull(freopen("/dev/full", "w", stdout));
	struct sink *s = sink_open(&r);
	event_emit(s, "{s:s, s:{s:s}}", "event", "status", "status", "host", "a");
	ck_assert_int_eq(sink_close(s), -ENOSPC);
}
END_TEST

/* What is no terminal gets lines that can be searched for. */
START_TEST(test_not_wrapped)
{
	const struct request r = {.command = "status"};
	char path[] = "/tmp/l4sync-terminal-XXXXXX", line[256] = "";
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	unlink(path);
	ck_assert_int_eq(dup2(fd, STDERR_FILENO), STDERR_FILENO);
	struct sink *s = sink_open(&r);
	long_error(s);
	ck_assert_int_eq(sink_close(s), 0);
	ck_assert_int_gt(pread(fd, line, sizeof(line) - 1, 0), 0);
	ck_assert_str_eq(
		line, "l4sync: this plan needs a word that it does not have: it stops a.service\n");
	close(fd);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("terminal");
	TCase *t = tcase_create("terminal");

	setlocale(LC_CTYPE, "C.UTF-8");
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, test_scene, 0, (int)ELEMENTS(scenes));
	tcase_add_test(t, test_cannot_write);
	tcase_add_test(t, test_not_wrapped);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
