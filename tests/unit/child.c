/* A child that does its worst, and what it has left of root: looked up in /proc by itself. */
#include "l4sync/child.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define UID 61234
#define GID 61235

static struct child child_of(void (*work)(int, int, void *))
{
	return (struct child){
		.sandbox = {.memory_max = (size_t)1 << 30, .file_max = 1 << 20, .read_fd = -1},
		.timeout_ns = 20ull * 1000000000u,
		.answer_max = 1 << 20,
		.work = work,
	};
}

static void refused(struct child *c, int code, const char *text)
{
	_cleanup_buf_ struct buf answer = BUF_INIT;
	_cleanup_err_ struct err e = ERR_INIT;

	ck_assert_int_eq(child_run(c, &answer, &e), code);
	ck_assert_msg(
		strstr(err_text(&e), text) != NULL, "\"%s\" is not in: %s", text, err_text(&e));
	ck_assert_uint_le(answer.size, c->answer_max);
	/* Nobody is left. */
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
	ck_assert_int_eq(errno, ECHILD);
}

static void floods(int answer_fd, int progress_fd, void *userdata)
{
	char chunk[4096];

	(void)progress_fd, (void)userdata;
	memset(chunk, 'x', sizeof chunk);
	for (;;)
		if (write(answer_fd, chunk, sizeof chunk) < 0)
			_exit(0);
}

static void hangs(int answer_fd, int progress_fd, void *userdata)
{
	(void)answer_fd, (void)progress_fd, (void)userdata;
	for (;;)
		pause();
}

static void floods_progress(int answer_fd, int progress_fd, void *userdata)
{
	(void)answer_fd;
	for (;;)
		floods(progress_fd, progress_fd, userdata);
}

static void dies(int answer_fd, int progress_fd, void *userdata)
{
	(void)progress_fd;
	dprintf(answer_fd, "half an ans");
	signal(*(int *)userdata, SIG_DFL);
	raise(*(int *)userdata);
}

static void exits(int answer_fd, int progress_fd, void *userdata)
{
	(void)progress_fd, (void)userdata;
	dprintf(answer_fd, "a whole answer");
	_exit(3);
}

/* Answers, but goes on; and so does something it started. */
static void lingers(int answer_fd, int progress_fd, void *userdata)
{
	(void)userdata;
	dprintf(answer_fd, "done");
	if (fork())
		close(progress_fd);
	close(answer_fd);
	for (;;)
		pause();
}

START_TEST(hostile)
{
	int number = SIGKILL;
	struct child c = child_of(floods);

	refused(&c, -EFBIG, "larger than 1 MiB");
	c = child_of(hangs);
	c.timeout_ns = 200000000;
	refused(&c, -ETIMEDOUT, "not ready");
	c = child_of(floods_progress);
	c.timeout_ns = 200000000;
	refused(&c, -ETIMEDOUT, "not ready");
	c = child_of(dies);
	c.userdata = &number;
	refused(&c, -ECHILD, "killed by signal 9 (Killed); out of memory?");
	number = SIGABRT;
	refused(&c, -ECHILD, "killed by signal 6");
	c = child_of(exits);
	refused(&c, -ECHILD, "ended with status 3");
	c = child_of(lingers);
	refused(&c, -ECHILD, "killed by signal 9");
}
END_TEST

static void shows_progress(int answer_fd, int progress_fd, void *userdata)
{
	(void)userdata;
	dprintf(progress_fd, "one\n\033[2Jtwo\xff\xc2\x9b\xc3\xbc\n\n%01000d\nthree\nrest", 0);
	/* After it, so that all of it was there before the answer ended. */
	usleep(100000);
	dprintf(answer_fd, "ok");
}

static void collect(void *userdata, const char *text)
{
	buf_addf(userdata, "%s|", text);
}

START_TEST(progress_is_printable)
{
	_cleanup_buf_ struct buf answer = BUF_INIT, lines = BUF_INIT;
	struct child c = child_of(shows_progress);

	c.progress = collect;
	c.progress_userdata = &lines;
	ck_assert_int_eq(child_run(&c, &answer, NULL), 0);
	ck_assert_str_eq(answer.data, "ok");
	ck_assert_str_eq(lines.data, "one|?[2Jtwo???\xc3\xbc|three|");
}
END_TEST

/* /proc/self/status, limits, what the environment and the descriptors are: one line each. */
static void looks_at_itself(int answer_fd, int progress_fd, void *userdata)
{
	char line[512];
	FILE *f = fopen("/proc/self/status", "re");

	(void)progress_fd, (void)userdata;
	while (f && fgets(line, sizeof line, f))
		dprintf(answer_fd, "%s", line);
	for (char **e = environ; *e; e++)
		dprintf(answer_fd, "env %s\n", *e);
	for (int fd = 0; fd < 1024; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			dprintf(answer_fd, "fd %d\n", fd);
	dprintf(answer_fd, "cwd %s\numask %o\nsession %d\ncore %d\n", getcwd(line, sizeof line),
		umask(0), getsid(0) == getpid(),
		!getrlimit(RLIMIT_CORE, (struct rlimit *)line) &&
			!((struct rlimit *)line)->rlim_max);
}

static void has(const struct buf *answer, const char *text)
{
	ck_assert_msg(
		strstr(answer->data, text) != NULL, "\"%s\" is not in:\n%s", text, answer->data);
}

static unsigned count(const struct buf *answer, const char *text)
{
	unsigned n = 0;

	for (const char *p = answer->data; (p = strstr(p, text)); p++)
		n++;
	return n;
}

START_TEST(locked_in)
{
	_cleanup_buf_ struct buf answer = BUF_INIT;
	_cleanup_err_ struct err e = ERR_INIT;
	struct child c = child_of(looks_at_itself);
	bool root = geteuid() == 0;
	int left_open = open("/etc/passwd", O_RDONLY); /* no O_CLOEXEC: somebody forgot it */

	setenv("LD_PRELOAD_NOT", "1", 1);
	signal(SIGUSR1, SIG_IGN);
	c.sandbox.drop = root;
	c.sandbox.uid = UID, c.sandbox.gid = GID;
	int r = child_run(&c, &answer, &e);
	ck_assert_msg(!r, "%s", err_text(&e));
	close(left_open);
	has(&answer, "NoNewPrivs:\t1\n");
	has(&answer, "cwd /\numask 77\nsession 1\ncore 1\n");
	has(&answer, "SigBlk:\t0000000000000000\n");
	has(&answer, "SigCgt:\t0000000000000000\n");
	ck_assert_uint_eq(count(&answer, "env "), 3);
	has(&answer, "env PATH=/usr/bin:/bin\n");
	/* 0 to 2, both pipes, and the status that is being read */
	ck_assert_uint_eq(count(&answer, "\nfd "), 6);
	if (!root)
		return;
	has(&answer, "Uid:\t61234\t61234\t61234\t61234\n");
	has(&answer, "Gid:\t61235\t61235\t61235\t61235\n");
	has(&answer, "Groups:\t \n");
	has(&answer,
		"CapInh:\t0000000000000000\nCapPrm:\t0000000000000000\nCapEff:\t0000000000000000\n"
		"CapBnd:\t0000000000000000\nCapAmb:\t0000000000000000\n");
}
END_TEST

START_TEST(never_root)
{
	struct child c = child_of(looks_at_itself);

	if (geteuid() != 0)
		return;
	c.sandbox.drop = true;
	refused(&c, -EPERM, "cannot lock the reader in: the reader's user must not be root");
	c.sandbox.uid = UID;
	refused(&c, -EPERM, "must not be root");
}
END_TEST

struct places {
	char top[64], cache[128], source[128];
	int fd;
};

/* What can be reached and written, by path and by descriptor. */
static void touches(int answer_fd, int progress_fd, void *userdata)
{
	static const char *const paths[] = {"cache/x", "source/x", "x", "secret"};
	struct places *p = userdata;
	char path[256];

	(void)progress_fd;
	for (size_t i = 0; i < ELEMENTS(paths); i++) {
		snprintf(path, sizeof path, "%s/%s", p->top, paths[i]);
		int fd = open(path, O_WRONLY | O_CREAT, 0600);
		dprintf(answer_fd, "write %s %d\n", paths[i], fd < 0 ? errno : 0);
		fd = open(path, O_RDONLY);
		dprintf(answer_fd, "read %s %d\n", paths[i], fd < 0 ? errno : 0);
	}
	dprintf(answer_fd, "tmp %d\n",
		mkdir("/tmp/l4sync-child-must-not-be", 0700) < 0 ? errno : 0);
	snprintf(path, sizeof path, "/proc/self/fd/%d", p->fd);
	char *real = realpath(path, NULL);
	dprintf(answer_fd, "real %d\n", real && !strcmp(real, p->source));
	dprintf(answer_fd, "at %d\n", openat(p->fd, "file", O_RDONLY) < 0 ? errno : 0);
}

/* Both below a directory that only root may pass, as /root and /var/lib/l4sync are. */
START_TEST(mounts)
{
	_cleanup_buf_ struct buf answer = BUF_INIT;
	_cleanup_err_ struct err e = ERR_INIT;
	struct child c = child_of(touches);
	struct places p = {.top = "/tmp/l4sync-child.XXXXXX"};
	char command[512];

	if (geteuid() != 0)
		return;
	ck_assert_ptr_nonnull(mkdtemp(p.top));
	snprintf(p.cache, sizeof p.cache, "%s/cache", p.top);
	snprintf(p.source, sizeof p.source, "%s/source", p.top);
	snprintf(command, sizeof command,
		"cd %s; mkdir -m 700 cache; chown %d:%d cache; mkdir source;"
		"echo >source/file; echo >source/x; chmod 666 source/x; echo >secret",
		p.top, UID, GID);
	ck_assert_int_eq(system(command), 0);
	p.fd = open(p.source, O_RDONLY | O_DIRECTORY);
	c.userdata = &p;
	c.sandbox = (struct sandbox){.drop = true,
		.uid = UID,
		.gid = GID,
		.file_max = 1000,
		.memory_max = (size_t)1 << 30,
		.write_dir = p.cache,
		.read_fd = p.fd,
		.fds = {p.fd},
		.n_fds = 1};
	int r = child_run(&c, &answer, &e);
	ck_assert_msg(!r, "%s", err_text(&e));
	close(p.fd);
	snprintf(command, sizeof command, "umount %s/* 2>/dev/null; rm -rf %s", p.top, p.top);
	ck_assert_int_eq(system(command), 0);
	ck_assert_str_eq(answer.data, "write cache/x 0\nread cache/x 0\nwrite source/x 30\n"
				      "read source/x 0\nwrite x 30\nread x 2\nwrite secret "
				      "30\nread secret 2\ntmp 30\nreal 1\n"
				      "at 0\n");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("child");
	TCase *c = tcase_create("child");

	tcase_set_timeout(c, 60);
	tcase_add_test(c, hostile);
	tcase_add_test(c, progress_is_printable);
	tcase_add_test(c, locked_in);
	tcase_add_test(c, never_root);
	tcase_add_test(c, mounts);
	suite_add_tcase(s, c);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
