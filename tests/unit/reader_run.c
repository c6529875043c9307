/* From a real repository to the want, through the child; as root also without root's powers. */
#include "l4sync/reader.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "l4sync/module.h"

#define UID 61234
#define GID 61235

static char top[64];
static struct arena *arena;
static struct diags diags;

__attribute__((format(printf, 1, 2))) static void sh(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	char *text = arena_vprintf(arena, format, ap);
	va_end(ap);
	const char *command =
		arena_printf(arena, "set -e; umask 022; cd %s; exec 2>>sh.log; %s", top, text);
	ck_assert_msg(system(command) == 0, "failed: %s", text);
}

/* The directory has mode 0700, as /root and /var/lib/l4sync have. */
static void setup(void)
{
	strcpy(top, "/tmp/l4sync-reader.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(top));
	arena = arena_new();
	diags = (struct diags){.arena = arena};
	setenv("GIT_CONFIG_GLOBAL", "/dev/null", 1);
	setenv("GIT_CONFIG_SYSTEM", "/dev/null", 1);
	setenv("GIT_AUTHOR_NAME", "t", 1), setenv("GIT_AUTHOR_EMAIL", "t@t", 1);
	setenv("GIT_COMMITTER_NAME", "t", 1), setenv("GIT_COMMITTER_EMAIL", "t@t", 1);
	sh("mkdir -m 700 cache; git init -q -b master repo; cd repo; mkdir -p root/etc/x "
	   "deploy/root/etc;"
	   "echo 'l4sync: 1' >l4sync.yaml; echo text >root/etc/x/file; ln -s file root/etc/x/link;"
	   "echo run >root/etc/x/program; chmod +x root/etc/x/program; cp l4sync.yaml deploy;"
	   "echo deployed >deploy/root/etc/d; git add .; git commit -qm one");
	if (geteuid() == 0)
		sh("chown %d:%d cache", UID, GID);
}

static void teardown(void)
{
	sh("rm -rf %s", top);
	arena_free(arena);
}

static struct reader_job job_of(const char *url)
{
	return (struct reader_job){
		.host = {.name = "h"},
		.source = {.url = url, .path_fd = -1},
		.state_fd = -1,
		.cache_dir = arena_printf(arena, "%s/cache", top),
		.fetch = true,
		.drop = geteuid() == 0,
		.uid = UID,
		.gid = GID,
	};
}

/* As the caller does it: a local source's directory is opened before root is dropped. */
static int run(struct reader_job *job, struct resources **ret, struct err *e)
{
	_cleanup_close_ int fd = -1;
	const char *url = job->source.url;

	diags = (struct diags){.arena = arena};
	if (url && *url == '/') {
		fd = open(url, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		job->source.path_fd = fd;
	}
	return reader_run(job, modules, arena, NULL, NULL, ret, &diags, e);
}

static const char *repo(void)
{
	return arena_printf(arena, "%s/repo", top);
}

static void fails(struct reader_job *job, int code, const char *text)
{
	_cleanup_resources_ struct resources *want = NULL;
	_cleanup_err_ struct err e = ERR_INIT;
	int r = run(job, &want, &e);
	const char *said = diags.n ? diag_text(arena, &diags.items[0]) : err_text(&e);

	ck_assert_msg(r == code && strstr(said, text) != NULL, "%d: %s", r, said);
	ck_assert_ptr_null(want);
}

START_TEST(reads_a_commit)
{
	_cleanup_resources_ struct resources *want = NULL;
	_cleanup_err_ struct err e = ERR_INIT;
	struct reader_job job = job_of(repo());

	for (int i = 0; i < 2; i++, job.fetch = false) {
		resources_freep(&want);
		int r = run(&job, &want, &e);
		ck_assert_msg(!r, "%s", err_text(&e));
		const struct resource *file = resources_find(want, "file:/etc/x/file");
		ck_assert_ptr_nonnull(file);
		ck_assert_str_eq(file->content->data, "text\n");
		ck_assert_str_eq(resource_get(file, "mode"), "0644");
		ck_assert_str_eq(
			resource_get(resources_find(want, "file:/etc/x/program"), "mode"), "0755");
		ck_assert_ptr_nonnull(resources_find(want, "link:/etc/x/link"));
		ck_assert_str_eq(resources_get_meta(want, "host"), "h");
		const char *source = resources_get_meta(want, "source");
		const char *expected = arena_printf(arena, "%s refs/heads/master ", repo());
		ck_assert_msg(!strncmp(source, expected, strlen(expected)) &&
				      strlen(source) == strlen(expected) + 40,
			"%s", source);
	}
}
END_TEST

START_TEST(reads_below_a_path)
{
	_cleanup_resources_ struct resources *want = NULL;
	_cleanup_err_ struct err e = ERR_INIT;
	struct reader_job job = job_of(repo());

	job.source.path = "/deploy/";
	int r = run(&job, &want, &e);
	ck_assert_msg(!r, "%s", err_text(&e));
	ck_assert_ptr_nonnull(resources_find(want, "file:/etc/d"));
	ck_assert_ptr_null(resources_find(want, "file:/etc/x/file"));
	job.source.path = "nowhere";
	fails(&job, -ENOENT, "there is no directory \"nowhere\"");
	job.source.path = "l4sync.yaml";
	fails(&job, -ENOENT, "there is no directory");
	job.source.path = "../..";
	fails(&job, -ENOENT, "there is no directory");
}
END_TEST

START_TEST(reads_a_directory)
{
	_cleanup_resources_ struct resources *want = NULL;
	_cleanup_err_ struct err e = ERR_INIT;
	struct reader_job job = job_of(NULL);

	job.state_dir = "/some dir";
	job.state_fd = open(repo(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = run(&job, &want, &e);
	ck_assert_msg(!r, "%s", err_text(&e));
	close(job.state_fd);
	ck_assert_ptr_nonnull(resources_find(want, "file:/etc/x/file"));
	ck_assert_str_eq(resources_get_meta(want, "source"), "/some dir - -");
}
END_TEST

START_TEST(reports)
{
	struct reader_job job = job_of(repo());

	job.source.ref = "mastre";
	fails(&job, -ENOENT, "there is a branch \"master\"");
	job.source.ref = NULL;
	job.host.name = "other";
	sh("cd repo; echo 'hosts: [h]' >>l4sync.yaml; git commit -qam hosts");
	fails(&job, -EPERM, "l4sync.yaml:2");
	job.host.name = "h";
	sh("cd repo; echo 'vers: {}' >>l4sync.yaml; git commit -qam typo");
	fails(&job, -EINVAL, "l4sync.yaml:3:1: ");
	sh("cd repo; git checkout -q HEAD~2; git switch -q -c other; rm l4sync.yaml; git commit "
	   "-qam none");
	job.source.ref = "other";
	fails(&job, -EINVAL, "l4sync.yaml");
	job.source.ref = NULL;
	job.source.url = "/nonexistent";
	fails(&job, -ENOENT, "cannot pull from /nonexistent: ");
}
END_TEST

/* What a repository can hold besides files: nothing of it is skipped or followed in silence. */
START_TEST(odd_entries)
{
	struct reader_job job = job_of(repo());

	sh("cd repo; git update-index --add --cacheinfo 160000,$(git rev-parse HEAD),root/etc/sub;"
	   "git commit -qm submodule");
	fails(&job, -EINVAL, "root/etc/sub");
	/* 200 MB of zeros are 200 kB to send; their size is seen before they are read */
	sh("cd repo; git checkout -qf HEAD~1; truncate -s 200M root/etc/zeros; git add .;"
	   "git commit -qm zeros; git branch -f big");
	job.source.ref = "big";
	fails(&job, -EINVAL, "root/etc/zeros");
	sh("cd repo; git checkout -qf master~1; printf x >\"$(printf 'root/etc/a\\033[2J')\"; git "
	   "add .;"
	   "git commit -qm odd; git branch -f odd");
	job.source.ref = "odd";
	fails(&job, -EINVAL, "root/etc/a");
	ck_assert_ptr_null(strchr(diag_text(arena, &diags.items[0]), '\033'));
	/* git itself would not make such a tree */
	sh("cd repo; t=$(printf '100644 ..\\0%%s' \"$(git rev-parse HEAD:l4sync.yaml | sed "
	   "'s/../\\\\x&/g')\" |"
	   "bash -c 'IFS= read -r -d \"\" a; IFS= read -r b; printf \"%%s\\0%%b\" \"$a\" \"$b\"' |"
	   "git hash-object -t tree -w --stdin --literally);"
	   "r=$(printf '040000 tree %%s\\troot\\n100644 blob %%s\\tl4sync.yaml\\n' $t "
	   "$(git rev-parse HEAD:l4sync.yaml) | git mktree);"
	   "git branch -f dots $(git commit-tree -m dots $r)");
	job.source.ref = "dots";
	fails(&job, -EINVAL, "..");
}
END_TEST

/* A damage inside of a file shows only when it is read; it is mended in the same run. */
START_TEST(mends_the_cache)
{
	_cleanup_resources_ struct resources *want = NULL;
	_cleanup_err_ struct err e = ERR_INIT;
	struct reader_job job = job_of(repo());

	sh("cd repo; head -c 1000000 /dev/urandom >root/etc/noise; git add .; git commit -qm "
	   "noise");
	ck_assert_int_eq(run(&job, &want, &e), 0);
	sh("for p in cache/*.git/objects/pack/*.pack; do chmod u+w $p;"
	   "printf xxxx | dd of=$p bs=1 seek=500000 conv=notrunc; done");
	resources_freep(&want);
	int r = run(&job, &want, &e);
	ck_assert_msg(!r, "%s", err_text(&e));
	sh("ls -d cache/*.damaged >/dev/null");
}
END_TEST

/* What a power cut leaves of a file that was being written. libgit2 alone would read on for ever.
 */
static const char *const cut_off[] = {"HEAD", "HEAD^{tree}", "HEAD:root/etc/noise", "v1"};

START_TEST(source_is_cut_off)
{
	struct reader_job job = job_of(repo());

	sh("cd repo; head -c 1000 /dev/urandom >root/etc/noise; git add .; git commit -qm noise;"
	   "git tag -am first v1; o=.git/objects/$(git rev-parse '%s' | sed 's|^..|&/|');"
	   "chmod u+w $o; truncate -s -8 $o",
		cut_off[_i]);
	fails(&job, -EBADMSG, "is cut off or damaged; `git fsck` in that repository says");
}
END_TEST

/* A state in a directory that names two other repositories; who may read them is the child. */
static struct reader_job job_of_others(bool others)
{
	struct reader_job job = job_of(NULL);

	job.state_dir = "state";
	job.state_path = arena_printf(arena, "%s/state", top);
	job.state_fd = open(job.state_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	job.others = others;
	return job;
}

static void make_others(void)
{
	sh("chmod 755 .; git init -q -b master app; cd app; mkdir -p deploy/etc bin; echo run "
	   ">bin/run;"
	   "chmod +x bin/run; echo '{{ v }}' >deploy/etc/x.tmpl; ln -s bin/run link; git add .;"
	   "git commit -qm one; cd ..; mkdir -p state/root/etc; echo 1 >state/root/etc/y;"
	   "printf 'l4sync: 1\\nvars: {v: filled}\\ntrees: [root, {repo: ../app, path: deploy}]\\n'"
	   ">state/l4sync.yaml; printf 'checkouts:\\n  /opt/app: {repo: ../app, rev: master, "
	   "owner: 33, run: [a, b]}\\nactions: {a: {run: x}, b: {run: x}}\\n' >>state/l4sync.yaml");
}

START_TEST(reads_others)
{
	_cleanup_resources_ struct resources *want = NULL;
	_cleanup_err_ struct err e = ERR_INIT;

	make_others();
	struct reader_job job = job_of_others(false);
	ck_assert_int_eq(run(&job, &want, &e), -ENOLINK);
	ck_assert_ptr_null(e.text);
	close(job.state_fd);
	job = job_of_others(true);
	int r = run(&job, &want, &e);
	ck_assert_msg(!r, "%s", err_text(&e));
	close(job.state_fd);
	const struct resource *file = resources_find(want, "file:/etc/x");
	ck_assert_str_eq(file->content->data, "filled\n");
	ck_assert_str_eq(file->where.file, arena_printf(arena, "%s/app:deploy/etc/x.tmpl", top));
	const struct resource *app = resources_find(want, "checkout:/opt/app");
	ck_assert_str_eq(resource_get(app, "repo"), arena_printf(arena, "%s/app", top));
	ck_assert_str_eq(resource_get(app, "owner"), "33");
	ck_assert(resource_has(app, "run", "a") && resource_has(app, "run", "b"));
	ck_assert(resource_has(resources_find(want, "action:b"), "on_change", app->id));
	ck_assert_ptr_nonnull(strstr(app->content->data, " bin/run\n"));
	ck_assert_ptr_nonnull(strstr(app->content->data, " link\n"));
	/* The host, the state, and the application once: its HEAD is its master. */
	ck_assert_uint_eq(want->n_metas, 3);
	ck_assert_str_eq(want->metas[1].value, "state - -");
}
END_TEST

START_TEST(leaves_others_out)
{
	_cleanup_resources_ struct resources *want = NULL;
	_cleanup_err_ struct err e = ERR_INIT;

	make_others();
	struct reader_job job = job_of_others(false);
	job.leave_out_others = true;
	int r = run(&job, &want, &e);
	ck_assert_msg(!r, "%s", err_text(&e));
	close(job.state_fd);
	ck_assert_ptr_null(resources_find(want, "file:/etc/x"));
	ck_assert_ptr_nonnull(resources_find(want, "file:/etc/y"));
	ck_assert_uint_eq(resources_find(want, "checkout:/opt/app")->content->size, 0);
	ck_assert_uint_eq(want->n_metas, 2);
}
END_TEST

/* Under the ref that it had, else under any of that repository. */
START_TEST(others_descend)
{
	_cleanup_resources_ struct resources *want = NULL;
	_cleanup_err_ struct err e = ERR_INIT;
	char head[64] = "";

	make_others();
	FILE *f = popen(arena_printf(arena, "git -C %s/app rev-parse HEAD", top), "r");
	ck_assert_ptr_nonnull(fgets(head, sizeof head, f));
	pclose(f);
	head[40] = '\0';
	const char *refs[] = {
		arena_printf(arena, "%s/app refs/heads/master %s", top, head),
		arena_printf(arena, "%s/app refs/tags/v1 %s", top, head),
		arena_printf(arena, "%s/other refs/heads/master %s", top, head),
	};
	sh("cd app; git checkout -q --orphan new; git commit -qm rewritten; git branch -f master;"
	   "git checkout -q master");
	for (size_t i = 0; i < ELEMENTS(refs); i++)
		for (int allowed = 0; allowed < 2; allowed++) {
			struct reader_job job = job_of_others(true);

			resources_freep(&want);
			job.applied_others = &refs[i];
			job.n_applied_others = 1;
			job.allow_rewind = allowed;
			if (i < 2 && !allowed)
				fails(&job, -EPERM, "l4sync.yaml:3:15: trees: ");
			else
				ck_assert_int_eq(run(&job, &want, &e), 0);
			close(job.state_fd);
		}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("reader_run");
	TCase *c = tcase_create("reader_run");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_set_timeout(c, 120);
	tcase_add_test(c, reads_a_commit);
	tcase_add_test(c, reads_below_a_path);
	tcase_add_test(c, reads_a_directory);
	tcase_add_test(c, reports);
	tcase_add_test(c, odd_entries);
	tcase_add_test(c, mends_the_cache);
	tcase_add_test(c, reads_others);
	tcase_add_test(c, leaves_others_out);
	tcase_add_test(c, others_descend);
	tcase_add_loop_test(c, source_is_cut_off, 0, ELEMENTS(cut_off));
	suite_add_tcase(s, c);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
