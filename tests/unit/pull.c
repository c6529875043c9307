/* Pulling from real repositories that the git program made, below a directory of the test's own. */
#include "l4sync/pull.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "l4sync/remote.h"

static char top[64];
static struct arena *arena;

/* Runs a shell text in the test's directory; its first word of output, if asked for. */
__attribute__((format(printf, 2, 3))) static void sh(char out[128], const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	char *text = arena_vprintf(arena, format, ap);
	va_end(ap);
	char *command = arena_printf(arena, "set -e; cd %s; exec 2>>sh.log; %s", top, text);
	FILE *f = popen(command, "re");
	ck_assert_ptr_nonnull(f);
	char word[128] = "";
	if (fscanf(f, "%127s", word) == 1 && out)
		strcpy(out, word);
	ck_assert_msg(pclose(f) == 0, "failed: %s", text);
}

static void setup(void)
{
	strcpy(top, "/tmp/l4sync-pull.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(top));
	arena = arena_new();
	setenv("GIT_CONFIG_GLOBAL", "/dev/null", 1);
	setenv("GIT_CONFIG_SYSTEM", "/dev/null", 1);
	setenv("GIT_AUTHOR_NAME", "t", 1), setenv("GIT_AUTHOR_EMAIL", "t@t", 1);
	setenv("GIT_COMMITTER_NAME", "t", 1), setenv("GIT_COMMITTER_EMAIL", "t@t", 1);
	sh(NULL, "mkdir cache; git init -q -b master repo; cd repo; echo one >a; git add a;"
		 "git commit -qm one; git tag light; echo two >a; git commit -qam two;"
		 "git tag -a -m annotated v1; git branch topic/x light; echo three >a;"
		 "git commit -qam three; git clone -q --bare . ../bare.git");
}

static void teardown(void)
{
	sh(NULL, "rm -rf %s", top);
	arena_free(arena);
}

static const char *in_top(const char *name)
{
	return arena_printf(arena, "%s/%s", top, name);
}

static int try(const char *url, const char *ref, bool fetch, struct pulled *ret, struct err *e)
{
	struct source src = {.url = url, .ref = ref, .path_fd = -1};

	return pull(arena, &src, in_top("cache"), fetch, NULL, NULL, ret, e);
}

static void expect(
	const char *url, const char *ref, bool fetch, const char *revision, const char *found)
{
	_cleanup_err_ struct err e = ERR_INIT;
	struct pulled p = {0};
	char id[128];

	sh(id, "git -C repo rev-parse '%s^{commit}'", revision);
	int r = try(url, ref, fetch, &p, &e);
	ck_assert_msg(!r, "%s %s: %s", url, ref ? ref : "-", err_text(&e));
	ck_assert_str_eq(p.commit, id);
	ck_assert_str_eq(p.ref, found ? found : id);
}

static void refused(const char *url, const char *ref, bool fetch, int code, const char *text)
{
	_cleanup_err_ struct err e = ERR_INIT;
	struct pulled p = {0};

	ck_assert_int_eq(try(url, ref, fetch, &p, &e), code);
	ck_assert_msg(
		strstr(err_text(&e), text) != NULL, "\"%s\" is not in: %s", text, err_text(&e));
	ck_assert_ptr_null(p.commit);
}

START_TEST(finds_refs)
{
	static const struct {
		const char *ref, *revision, *found;
	} cases[] = {
		{NULL, "master", "refs/heads/master"},
		{"master", "master", "refs/heads/master"},
		{"refs/heads/master", "master", "refs/heads/master"},
		{"topic/x", "light", "refs/heads/topic/x"},
		{"light", "light", "refs/tags/light"},
		{"v1", "v1", "refs/tags/v1"},
		{"refs/tags/v1", "v1", "refs/tags/v1"},
	};
	static const char *const places[] = {"repo", "repo/.git", "bare.git"};

	for (size_t i = 0; i < ELEMENTS(places); i++)
		for (size_t j = 0; j < ELEMENTS(cases); j++) {
			const char *url = arena_printf(
				arena, "%s%s", j % 2 ? "file://" : "", in_top(places[i]));

			expect(url, cases[j].ref, true, cases[j].revision, cases[j].found);
			expect(url, cases[j].ref, false, cases[j].revision, cases[j].found);
		}
}
END_TEST

START_TEST(finds_commits)
{
	char id[128];

	sh(id, "git -C repo rev-parse v1^{commit}");
	expect(in_top("repo"), id, true, "v1", NULL);
	id[7] = 0;
	expect(in_top("repo"), id, true, "v1", NULL);
	expect(in_top("repo"), id, false, "v1", NULL);
}
END_TEST

/* A branch and a tag of one name: the branch. */
START_TEST(branch_before_tag)
{
	sh(NULL, "cd repo; git branch same light; git tag same v1");
	expect(in_top("repo"), "same", true, "refs/heads/same", "refs/heads/same");
	expect(in_top("repo"), "refs/tags/same", true, "refs/tags/same", "refs/tags/same");
}
END_TEST

START_TEST(says_what_is_missing)
{
	refused(in_top("repo"), "mastre", true, -ENOENT,
		"no branch, tag or commit \"mastre\"; there is a branch \"master\"");
	refused(in_top("repo"), "0123456789", true, -ENOENT, "no branch, tag or commit");
	refused(in_top("repo"), "../../x", true, -ENOENT, "no branch, tag or commit");
	refused(in_top("none"), NULL, true, -ENOENT, "none: No such file or directory");
	refused(in_top("cache"), NULL, true, -ENOENT, "there is no git repository");
	refused(in_top("bare.git"), NULL, false, -ENOENT, "never pulled");
	sh(NULL, "git init -q --bare empty.git");
	refused(in_top("empty.git"), NULL, true, -ENOENT, "no commit yet");
	sh(NULL, "cd repo; git tag blob $(git rev-parse HEAD:a)");
	refused(in_top("repo"), "blob", true, -EINVAL, ": refs/tags/blob leads to no commit");
	sh(NULL, "cp -a bare.git broken.git; echo rubbish >broken.git/refs/heads/master");
	refused(in_top("broken.git"), NULL, true, -EIO, "cannot read the git repository there: ");
}
END_TEST

/* A source that the parent opened is known to the child as a descriptor, and to nobody else. */
START_TEST(names_the_source)
{
	_cleanup_err_ struct err e = ERR_INIT;
	struct source src = {.url = in_top("cache"), .path_fd = -1};
	struct pulled p;

	src.path_fd = open(src.url, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(src.path_fd, 0);
	ck_assert_int_eq(pull(arena, &src, in_top("cache"), true, NULL, NULL, &p, &e), -ENOENT);
	close(src.path_fd);
	const struct passwd *user = getpwuid(geteuid());
	ck_assert_str_eq(err_text(&e),
		arena_printf(arena,
			"cannot pull from %s: there is no git repository that user %s may read",
			src.url, user ? user->pw_name : "?"));
}
END_TEST

START_TEST(says_where_keys_belong)
{
	static const struct {
		const char *dir, *file;
	} cases[] = {
		{NULL, "/etc/l4sync/known_hosts"},
		{"/srv/image/etc/l4sync", "/srv/image/etc/l4sync/known_hosts"},
	};

	for (size_t i = 0; i < ELEMENTS(cases); i++) {
		_cleanup_err_ struct err e = ERR_INIT;
		struct source src = {
			.url = "git@127.0.0.1:x", .path_fd = -1, .config_dir = cases[i].dir};
		struct pulled p;

		ck_assert_int_eq(
			pull(arena, &src, in_top("cache"), true, NULL, NULL, &p, &e), -EACCES);
		ck_assert_ptr_nonnull(strstr(err_text(&e),
			arena_printf(arena, "`ssh-keyscan -p 22 127.0.0.1 >%s`", cases[i].file)));
	}
}
END_TEST

START_TEST(refuses_urls)
{
	static const struct {
		const char *url, *text;
	} cases[] = {
		{"http://127.0.0.1/x", "only https://"},
		{"git://127.0.0.1/x", "only https://"},
		{"https://user:secret@127.0.0.1/x", "password"},
		{"ssh://git:secret@127.0.0.1/x", "password"},
		{"https://127.0.0.1", "names no repository"},
		{"ssh://:22/x", "names no host"},
		{"ssh://-oProxyCommand=x/y", "names no host"},
		{"ssh://h:0/x", "port"},
		{"ssh://h:99999/x", "port"},
		{"ssh://[::1/x", "has no ]"},
		{"relative/path", "absolute path"},
		{"", "absolute path"},
		{"/tmp/a\nb", "control character"},
	};

	for (size_t i = 0; i < ELEMENTS(cases); i++)
		refused(cases[i].url, NULL, true, -EINVAL, cases[i].text);
	refused("git@127.0.0.1:x", NULL, true, -EACCES,
		"cannot pull from git@127.0.0.1:x: no known_hosts");
}
END_TEST

START_TEST(parses_urls)
{
	static const struct {
		const char *text, *user, *host;
		unsigned port;
	} cases[] = {
		{"ssh://h/x", "git", "h", 22},
		{"ssh://me@h:2222/x", "me", "h", 2222},
		{"ssh://me@[::1]:2222/x", "me", "::1", 2222},
		{"me@h.example:dir/x.git", "me", "h.example", 22},
		{"h:x", "git", "h", 22},
	};
	struct url u;

	for (size_t i = 0; i < ELEMENTS(cases); i++) {
		ck_assert_int_eq(url_parse(arena, cases[i].text, &u, NULL), 0);
		ck_assert_int_eq(u.kind, URL_SSH);
		ck_assert_str_eq(u.user, cases[i].user);
		ck_assert_str_eq(u.host, cases[i].host);
		ck_assert_uint_eq(u.port, cases[i].port);
	}
}
END_TEST

START_TEST(follows_the_remote)
{
	const char *url = in_top("repo");

	expect(url, NULL, true, "master", "refs/heads/master");
	sh(NULL, "cd repo; echo four >a; git commit -qam four");
	expect(url, NULL, false, "master~1", "refs/heads/master");
	expect(url, NULL, true, "master", "refs/heads/master");
	/* forced back, and to another history */
	sh(NULL, "cd repo; git reset -q --hard light; echo other >b; git add b; git commit -qm b");
	expect(url, "master", true, "master", "refs/heads/master");
	/* a branch that is gone is not found in what was pulled before */
	sh(NULL, "cd repo; git branch -D topic/x");
	refused(url, "topic/x", true, -ENOENT, "no branch");
	/* a branch where a directory of branches was */
	sh(NULL, "cd repo; git branch topic");
	expect(url, "topic", true, "topic", "refs/heads/topic");
	sh(NULL, "cd repo; git branch -D topic; git branch topic/y");
	expect(url, "topic/y", true, "topic/y", "refs/heads/topic/y");
	/* a tag that was moved, another default branch */
	sh(NULL, "cd repo; git tag -f light master; git checkout -q topic/y");
	expect(url, "light", true, "master", "refs/tags/light");
	expect(url, NULL, true, "topic/y", "refs/heads/topic/y");
	expect(url, NULL, false, "topic/y", "refs/heads/topic/y");
}
END_TEST

START_TEST(unchanged_brings_no_pack)
{
	char before[128], after[128];

	expect(in_top("repo"), NULL, true, "master", "refs/heads/master");
	sh(before, "find cache -type f -printf '%%p %%i %%T@\\n' | grep -v -e FETCH_HEAD -e lock | "
		   "sort | sha256sum");
	expect(in_top("repo"), NULL, true, "master", "refs/heads/master");
	sh(after, "find cache -type f -printf '%%p %%i %%T@\\n' | grep -v -e FETCH_HEAD -e lock | "
		  "sort | sha256sum");
	ck_assert_str_eq(before, after);
}
END_TEST

/* What is damaged in the cache is noticed and fetched anew, once, when the run may pull. */
START_TEST(mends_the_cache)
{
	static const char *const damages[] = {
		"rm cache/*.git/objects/pack/*",
		"rm cache/*.git/objects/pack/*.idx",
		"for p in cache/*.git/objects/pack/*.idx; do chmod u+w $p; echo x >$p; done",
		"rm cache/*.git/HEAD cache/*.git/config",
		"rm -r cache/*.git; mkdir cache/$(cd cache; basename *.lock .lock).git",
		"for r in cache/*.git/refs/l4sync/heads/*r; do echo "
		"0123456789012345678901234567890123456789 >$r; done",
		"for r in cache/*.git/refs/l4sync/heads/*r; do echo rubbish >$r; done",
	};
	const char *url = in_top("repo");

	expect(url, NULL, true, "master", "refs/heads/master");
	for (size_t i = 0; i < ELEMENTS(damages); i++) {
		_cleanup_err_ struct err e = ERR_INIT;
		struct pulled p;

		sh(NULL, "%s", damages[i]);
		ck_assert_msg(try(url, NULL, false, &p, &e) == -EUCLEAN, "%s: %s", damages[i],
			err_text(&e));
		ck_assert_ptr_nonnull(strstr(err_text(&e), "the next run that pulls"));
		expect(url, NULL, true, "master", "refs/heads/master");
		expect(url, NULL, false, "master", "refs/heads/master");
	}
}
END_TEST

/* Damage inside of an object shows when it is read; pull_verify() finds it and clears the way. */
START_TEST(verifies_contents)
{
	const char *url = in_top("repo");
	struct pulled p;

	sh(NULL, "cd repo; head -c 3000000 /dev/urandom >big; git add big; git commit -qm big");
	ck_assert_int_eq(try(url, NULL, true, &p, NULL), 0);
	ck_assert_int_eq(pull_verify(arena, &p, NULL), 0);
	sh(NULL, "for p in cache/*.git/objects/pack/*.pack; do chmod u+w $p;"
		 "printf xxxx | dd of=$p bs=1 seek=1500000 conv=notrunc; done");
	ck_assert_int_eq(try(url, NULL, true, &p, NULL), 0);
	ck_assert_int_eq(pull_verify(arena, &p, NULL), -EUCLEAN);
	ck_assert_int_eq(try(url, NULL, true, &p, NULL), 0);
	ck_assert_int_eq(pull_verify(arena, &p, NULL), 0);
}
END_TEST

/* The far side is damaged: that is no reason to throw away what is here. */
START_TEST(damaged_remote)
{
	_cleanup_err_ struct err e = ERR_INIT;
	const char *url = in_top("repo");
	struct pulled p;

	expect(url, NULL, true, "master", "refs/heads/master");
	sh(NULL, "cp -r repo broken; mv repo whole; mv broken repo; cd repo; echo 5 >a;"
		 "git commit -qam five; rm -f .git/objects/$(git rev-parse HEAD^{tree} | sed "
		 "'s,..,&/,')");
	ck_assert_int_lt(try(url, NULL, true, &p, &e), 0);
	sh(NULL, "rm -rf repo; mv whole repo");
	expect(url, NULL, false, "master", "refs/heads/master");
}
END_TEST

START_TEST(through_an_open_directory)
{
	struct source src = {.url = in_top("repo"), .path_fd = -1};
	struct pulled p;

	src.path_fd = open(src.url, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_eq(pull(arena, &src, in_top("cache"), true, NULL, NULL, &p, NULL), 0);
	ck_assert_str_eq(p.ref, "refs/heads/master");
	close(src.path_fd);
}
END_TEST

/* libgit2 1.5 loses pcre2's match data whenever it looks for a key of a configuration. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libpcre2";
}

int main(void)
{
	Suite *s = suite_create("pull");
	TCase *c = tcase_create("pull");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_set_timeout(c, 120);
	tcase_add_test(c, finds_refs);
	tcase_add_test(c, finds_commits);
	tcase_add_test(c, branch_before_tag);
	tcase_add_test(c, says_what_is_missing);
	tcase_add_test(c, names_the_source);
	tcase_add_test(c, says_where_keys_belong);
	tcase_add_test(c, refuses_urls);
	tcase_add_test(c, parses_urls);
	tcase_add_test(c, follows_the_remote);
	tcase_add_test(c, unchanged_brings_no_pack);
	tcase_add_test(c, mends_the_cache);
	tcase_add_test(c, verifies_contents);
	tcase_add_test(c, damaged_remote);
	tcase_add_test(c, through_an_open_directory);
	suite_add_tcase(s, c);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
