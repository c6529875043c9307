/*
 * Generations in a repository of their own below a temporary directory: recording, reading back,
 * what secrets leave behind, damage, the key.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "l4sync/history.h"

static char *dir;
static struct arena *arena;
static struct err err;

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static void setup(void)
{
	const char *tmp = getenv("TMPDIR");

	ck_assert_int_gt(asprintf(&dir, "%s/l4sync-history-XXXXXX", tmp ? tmp : "/tmp"), 0);
	ck_assert_ptr_nonnull(mkdtemp(dir));
	arena = arena_new();
	err = ERR_INIT;
}

static void teardown(void)
{
	nftw(dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	free(dir);
	arena_free(arena);
	err_clear(&err);
}

/* Runs a shell command with $D as the state directory; its output is the arena's. */
static const char *shell(const char *command)
{
	_cleanup_buf_ struct buf out = BUF_INIT;
	char part[4096];
	size_t n;

	setenv("D", dir, 1);
	setenv("GIT_DIR", arena_printf(arena, "%s/history.git", dir), 1);
	FILE *f = popen(command, "r");
	ck_assert_ptr_nonnull(f);
	while ((n = fread(part, 1, sizeof(part), f)))
		buf_add(&out, part, n);
	ck_assert_msg(pclose(f) == 0, "%s", command);
	return arena_memdup(arena, out.data ? out.data : "", out.size);
}

static struct history *open_history(bool create)
{
	struct history *h = NULL;

	ck_assert_msg(history_open(dir, create, &h, &err) == 0, "%s", err_text(&err));
	return h;
}

static struct resource *add(struct resources *set, const char *id, const char *text)
{
	struct resource *item = resources_add(set, id);

	if (text)
		item->content = content_new(set->arena, arena_strdup(set->arena, text), strlen(text));
	return item;
}

static struct generation generation(struct resources *want, enum outcome outcome)
{
	return (struct generation){.time = 1700000000, .user = "root", .command = "apply --yes",
		.outcome = outcome, .want = want};
}

static void record(struct history *h, struct generation *g)
{
	ck_assert_msg(history_record(h, g, &err) == 0, "%s", err_text(&err));
}

static const char *text_of(const struct resources *set)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	unsigned char key[HASH_SIZE] = {0};

	resources_write(set, false, false, key, &b);
	return arena_strdup(arena, b.data);
}

START_TEST(records_and_reads_back)
{
	_cleanup_history_ struct history *h = open_history(true);
	_cleanup_resources_ struct resources *want = resources_new(), *before = resources_new();
	_cleanup_generation_ struct generation back = {0};
	struct generation g = generation(want, OUTCOME_APPLIED);

	resources_meta(want, "source", "https://git.example/x.git");
	resource_add(want->arena, add(want, "file:/etc/a", "new\n"), "mode", "0644");
	add(want, "link:/etc/b", NULL);
	add(before, "file:/etc/a", "old\n");
	g.before = before;
	g.client = "192.0.2.1";
	g.error = "line one\nline two\\";
	g.plan = "{\"l4sync\":1}";
	g.fixed = 1, g.failed = 2, g.restarted = 3;
	record(h, &g);
	ck_assert_uint_eq(g.number, 1);
	ck_assert_int_eq(history_base(h, arena, &back, &err), 0);
	ck_assert_uint_eq(back.number, 1);
	ck_assert_int_eq(back.time, 1700000000);
	ck_assert_str_eq(back.user, "root");
	ck_assert_str_eq(back.client, "192.0.2.1");
	ck_assert_str_eq(back.command, "apply --yes");
	ck_assert_str_eq(back.error, g.error);
	ck_assert_str_eq(back.plan, g.plan);
	ck_assert_uint_eq(back.fixed, 1);
	ck_assert_uint_eq(back.failed, 2);
	ck_assert_uint_eq(back.restarted, 3);
	ck_assert_str_eq(text_of(back.want), text_of(want));
	ck_assert_str_eq(text_of(back.before), text_of(before));
	ck_assert_uint_eq(back.originals->n, 0);

	const struct content *c = resources_find(back.before, "file:/etc/a")->content;
	ck_assert_ptr_null(c->data);
	ck_assert_int_eq(history_content(h, arena, c, &c, &err), 0);
	ck_assert_mem_eq(c->data, "old\n", 4);
}
END_TEST

START_TEST(nothing_yet)
{
	struct history *none = NULL;
	struct generation g = {0};
	struct generation *list;
	size_t n;

	ck_assert_int_eq(history_open(dir, false, &none, &err), -ENOENT);
	ck_assert_ptr_nonnull(strstr(err_text(&err), "no history"));
	const char *below = arena_printf(arena, "%s/var/lib/l4sync", dir);
	ck_assert_int_eq(history_open(below, false, &none, &err), -ENOENT);
	ck_assert_int_eq(history_open(below, true, &none, &err), 0);
	history_close(none);
	ck_assert_str_eq(shell("cd $D && stat -c '%a %n' var var/lib/l4sync/history.git"),
		"755 var\n700 var/lib/l4sync/history.git\n");
	ck_assert_str_eq(shell("cd $D && stat -c %a var/lib/l4sync; ls -A var/lib/l4sync"),
		"700\nhistory.git\n");

	_cleanup_history_ struct history *h = open_history(true);
	err_clear(&err);
	ck_assert_int_eq(history_base(h, arena, &g, &err), -ENOENT);
	ck_assert_ptr_null(err.text);
	ck_assert_int_eq(history_get(h, 1, arena, &g, &err), -ENOENT);
	ck_assert_str_eq(err_text(&err), "there is no generation 1");
	ck_assert_int_eq(history_list(h, arena, 0, &list, &n, &err), 0);
	ck_assert_uint_eq(n, 0);
}
END_TEST

/* A run that was killed while it made the repository leaves a half under another name. */
START_TEST(begins_anew_over_a_half)
{
	shell("mkdir -p $D/.history.git.new/refs && : > $D/.history.git.new/HEAD");
	history_close(open_history(true));
	ck_assert_str_eq(shell("ls -A $D"), "history.git\n");
}
END_TEST

START_TEST(nobodys_configuration)
{
	shell("mkdir $D/home && echo '[broken' > $D/home/.gitconfig");
	setenv("HOME", arena_printf(arena, "%s/home", dir), 1);
	setenv("XDG_CONFIG_HOME", arena_printf(arena, "%s/home", dir), 1);
	history_close(open_history(true));
	unsetenv("HOME");
	history_close(open_history(false));
}
END_TEST

static void record_many(struct history *h, unsigned n, enum outcome outcome)
{
	for (unsigned i = 0; i < n; i++) {
		_cleanup_resources_ struct resources *want = resources_new();
		struct generation g = generation(want, outcome);

		add(want, "file:/etc/same", "the same in all\n");
		add(want, "file:/etc/x", arena_printf(arena, "%u\n", i));
		resources_sort(want, NULL);
		record(h, &g);
	}
}

START_TEST(lists_by_number)
{
	_cleanup_history_ struct history *h = open_history(true);
	struct generation *list;
	size_t n;

	record_many(h, 12, OUTCOME_APPLIED);
	if (_i >= 1) /* somebody's git packs the refs, and one is both */
		shell("git pack-refs --all && cp $GIT_DIR/packed-refs $D/packed && "
		      "git rev-parse refs/generations/12 > $D/12 && mkdir -p $GIT_DIR/refs/generations && "
		      "cp $D/12 $GIT_DIR/refs/generations/12");
	if (_i >= 2)
		shell("git gc -q --prune=now");
	shell("mkdir -p $GIT_DIR/refs/generations && touch $GIT_DIR/refs/generations/13.lock");
	ck_assert_msg(history_list(h, arena, 0, &list, &n, &err) == 0, "%s", err_text(&err));
	ck_assert_uint_eq(n, 12);
	for (size_t i = 0; i < n; i++) {
		ck_assert_uint_eq(list[i].number, 12 - i);
		ck_assert_ptr_null(list[i].want);
		ck_assert_str_eq(list[i].command, "apply --yes");
	}
	ck_assert_int_eq(history_list(h, arena, 3, &list, &n, &err), 0);
	ck_assert_uint_eq(n, 3);
	ck_assert_uint_eq(list[0].number, 12);
	shell("rm $GIT_DIR/refs/generations/13.lock");
	record_many(h, 1, OUTCOME_FAILED);
	ck_assert_int_eq(history_list(h, arena, 1, &list, &n, &err), 0);
	ck_assert_uint_eq(list[0].number, 13);
	ck_assert_int_eq(list[0].outcome, OUTCOME_FAILED);
}
END_TEST

START_TEST(base_is_the_newest_applied)
{
	_cleanup_history_ struct history *h = open_history(true);
	_cleanup_generation_ struct generation g = {0};

	record_many(h, 1, OUTCOME_FAILED);
	ck_assert_int_eq(history_base(h, arena, &g, &err), -ENOENT);
	record_many(h, 2, OUTCOME_APPLIED);
	record_many(h, 2, OUTCOME_ROLLED_BACK);
	record_many(h, 1, OUTCOME_FAILED);
	ck_assert_int_eq(history_base(h, arena, &g, &err), 0);
	ck_assert_uint_eq(g.number, 3);
	generation_clear(&g);
	ck_assert_int_eq(history_get(h, 5, arena, &g, &err), 0);
	ck_assert_int_eq(g.outcome, OUTCOME_ROLLED_BACK);
	ck_assert_ptr_nonnull(g.want);
}
END_TEST

static bool is_stored(const char *text)
{
	/* grep, as the objects have NULs in them */
	return *shell(arena_printf(arena, "git cat-file --batch-all-objects --batch | "
		"grep -aF '%s' || true", text));
}

START_TEST(secrets_never_enter)
{
	_cleanup_history_ struct history *h = open_history(true);
	_cleanup_resources_ struct resources *want = resources_new(), *before = resources_new(),
					     *originals = resources_new();
	_cleanup_generation_ struct generation back = {0};
	struct generation g = generation(want, OUTCOME_APPLIED);
	unsigned char key[HASH_SIZE];

	add(want, "file:/etc/env", "TOKEN=new\n")->secret = true;
	add(want, "file:/etc/none", "")->secret = true;
	add(want, "file:/etc/twin", "TOKEN=new\n"); /* equal bytes, not marked */
	add(want, "file:/etc/void", "");
	add(want, "file:/etc/x", "plain\n");
	add(before, "file:/etc/env", "TOKEN=old\n"); /* not yet marked */
	add(before, "file:/etc/old", "TOKEN=oldest\n");
	add(originals, "file:/etc/env", "TOKEN=oldest\n")->secret = true;
	g.before = before, g.originals = originals;
	record(h, &g);
	ck_assert(!is_stored("TOKEN="));
	ck_assert(is_stored("plain"));
	ck_assert_int_eq(history_base(h, arena, &back, &err), 0);
	ck_assert_int_eq(history_key(h, key, &err), 0);
	/* and yet it is known whether they differ */
	for (size_t i = 0; i < want->n; i++) {
		ck_assert(content_same(back.want->items[i]->content, want->items[i]->content, key));
		ck_assert_int_eq(back.want->items[i]->content->keyed, i < 3);
		ck_assert_int_eq(back.want->items[i]->secret, i < 2);
	}
	ck_assert(content_same(back.before->items[0]->content, before->items[0]->content, key));
	const struct content *c = back.want->items[0]->content;
	ck_assert_int_eq(history_content(h, arena, c, &c, &err), -ENOENT);
	ck_assert_int_eq(history_content(h, arena, back.want->items[3]->content, &c, &err), 0);
	ck_assert_uint_eq(c->size, 0);

	/* Recorded again from what the history holds: hashes only, against a keyed one. */
	generation_clear(&back);
	ck_assert_int_eq(history_base(h, arena, &back, &err), 0);
	resources_free(back.before);
	back.before = resources_new();
	add(back.before, "file:/etc/y", "TOKEN=new\n");
	record(h, &back);
	ck_assert(!is_stored("TOKEN="));
}
END_TEST

START_TEST(contents_are_taken_over)
{
	_cleanup_history_ struct history *h = open_history(true);
	_cleanup_generation_ struct generation g = {0};
	const struct content *c = NULL;

	record_many(h, 2, OUTCOME_APPLIED);
	ck_assert_int_eq(history_get(h, 1, arena, &g, &err), 0);
	record(h, &g); /* a rollback: its contents are hashes of generation 1 */
	ck_assert_uint_eq(g.number, 3);
	generation_clear(&g);
	shell("git update-ref -d refs/generations/1; git update-ref -d refs/generations/2; "
	      "git prune --expire=now");
	_cleanup_history_ struct history *later = open_history(false);
	ck_assert_int_eq(history_base(later, arena, &g, &err), 0);
	for (size_t i = 0; i < g.want->n; i++)
		ck_assert_msg(history_content(later, arena, g.want->items[i]->content, &c, &err) == 0,
			"%s", err_text(&err));
	ck_assert_mem_eq(c->data, "0\n", 2);
}
END_TEST

START_TEST(unsorted_is_refused)
{
	_cleanup_history_ struct history *h = open_history(true);
	_cleanup_resources_ struct resources *want = resources_new();
	struct generation g = generation(want, OUTCOME_APPLIED), *list;
	size_t n;

	add(want, "x:b", NULL);
	add(want, "x:a", NULL);
	ck_assert_int_eq(history_record(h, &g, &err), -EBADMSG);
	g.want = NULL;
	ck_assert_int_eq(history_record(h, &g, &err), -EINVAL);
	ck_assert_int_eq(history_list(h, arena, 0, &list, &n, &err), 0);
	ck_assert_uint_eq(n, 0);
}
END_TEST

/* What can befall the newest of two generations. $o is an object's file. */
#define OBJECT(name) "o=$(git rev-parse refs/generations/2" name " | " \
	"sed \"s|^..|$GIT_DIR/objects/&/|\"); chmod u+w $o; "
static const char *const damages[] = {
	OBJECT("") "rm $o",
	OBJECT("") ": > $o",
	OBJECT("^{tree}") "rm $o",
	OBJECT(":meta") "rm $o",
	OBJECT(":meta") "truncate -s -3 $o",
	OBJECT(":want") "rm $o",
	OBJECT(":want") "truncate -s 20 $o",
	OBJECT(":want") "f=$(git rev-parse refs/generations/2:meta | "
			"sed \"s|^..|$GIT_DIR/objects/&/|\"); cp $f $o",
	OBJECT(":before") ": > $o",
	OBJECT(":originals") "printf x >> $o; truncate -s -9 $o",
	OBJECT(":plan.json") "rm $o",
	": > $GIT_DIR/refs/generations/2",
	"echo 123 > $GIT_DIR/refs/generations/2",
	"m=$(git rev-parse refs/generations/2:meta) && echo $m > $GIT_DIR/refs/generations/2",
	"git pack-refs --all && o=$(git rev-parse refs/generations/2 | "
	"sed \"s|^..|$GIT_DIR/objects/&/|\") && rm -f $o",
	"t=$(git hash-object -t tree -w /dev/null) && "
	"git update-ref refs/generations/2 $(git -c user.name=x -c user.email=x commit-tree -m x $t)",
};

START_TEST(damage_is_named_not_passed_over)
{
	struct generation g = {0}, *list;
	size_t n;
	{
		_cleanup_history_ struct history *h = open_history(true);
		_cleanup_resources_ struct resources *want = resources_new();
		struct resources *none = resources_new();

		record_many(h, 1, OUTCOME_APPLIED);
		g = generation(want, OUTCOME_APPLIED);
		add(want, "file:/etc/y", "y\n");
		resources_meta(none, "set", "not the one that every generation has");
		g.before = g.originals = none;
		g.command = "another";
		g.plan = "{}";
		record(h, &g);
		resources_free(none);
	}
	shell(damages[_i]);
	_cleanup_history_ struct history *h = open_history(false);
	ck_assert_int_eq(history_base(h, arena, &g, &err), -EBADMSG);
	ck_assert_msg(strstr(err_text(&err), "generation 2 in ") &&
			strstr(err_text(&err), "is damaged: "),
		"%s", err_text(&err));
	const char *command = strchr(err_text(&err), '`') + 1;
	command = arena_strndup(arena, command, strcspn(command, "`"));
	ck_assert_int_eq(history_get(h, 2, arena, &g, &err), -EBADMSG);
	ck_assert_int_eq(history_get(h, 1, arena, &g, &err), 0);
	generation_clear(&g);
	/* what the message says works */
	shell(command);
	ck_assert_int_eq(history_list(h, arena, 0, &list, &n, &err), 0);
	ck_assert_uint_eq(n, 1);
}
END_TEST

START_TEST(damaged_content)
{
	_cleanup_history_ struct history *h = open_history(true);
	_cleanup_generation_ struct generation g = {0};
	const struct content *c;

	record_many(h, 1, OUTCOME_APPLIED);
	shell("b=$(git ls-tree refs/generations/1:content | grep -v \"$(printf 'the same in all\\n' | "
	      "sha256sum | cut -c1-64)\" | sed 's/.* blob //; s/\t.*//'); "
	      "rm -f $GIT_DIR/objects/$(echo $b | cut -c1-2)/$(echo $b | cut -c3-)");
	ck_assert_int_eq(history_base(h, arena, &g, &err), 0);
	ck_assert_int_eq(history_content(h, arena, g.want->items[0]->content, &c, &err), 0);
	ck_assert_int_eq(history_content(h, arena, g.want->items[1]->content, &c, &err), -EBADMSG);
	ck_assert_ptr_nonnull(strstr(err_text(&err), "generation 1 in "));
	ck_assert_ptr_nonnull(strstr(err_text(&err), "its content sha256:"));
	struct content unknown = *content_new(arena, "never recorded", 14);
	unknown.data = NULL;
	ck_assert_int_eq(history_content(h, arena, &unknown, &c, &err), -ENOENT);
}
END_TEST

START_TEST(key_stays)
{
	_cleanup_history_ struct history *h = open_history(true);
	unsigned char key[HASH_SIZE], again[HASH_SIZE], none[HASH_SIZE] = {0};

	shell("echo left by a run that was killed > $D/.key.new");
	ck_assert_int_eq(history_key(h, key, &err), 0);
	ck_assert_int_eq(history_key(h, again, &err), 0);
	ck_assert_mem_eq(key, again, HASH_SIZE);
	ck_assert_mem_ne(key, none, HASH_SIZE);
	ck_assert_str_eq(shell("cd $D && stat -c '%a %s' key; ls -A"), "600 32\nhistory.git\nkey\n");
}
END_TEST

static const struct {
	const char *command, *error;
} keys[] = {
	{"head -c 31 /dev/zero > $D/key && chmod 600 $D/key", "must hold 32 bytes, but holds fewer"},
	{"head -c 33 /dev/zero > $D/key && chmod 600 $D/key", "must hold 32 bytes, but holds more"},
	{": > $D/key && chmod 600 $D/key", "holds fewer"},
	{"head -c 32 /dev/zero > $D/key && chmod 644 $D/key", "mode 0644"},
	{"mkdir -m 600 $D/key", "must be a file"},
	{"mkfifo -m 600 $D/key", "must be a file"},
	{"ln -s /dev/zero $D/key", "cannot open"},
};

START_TEST(wrong_key_is_not_replaced)
{
	_cleanup_history_ struct history *h = open_history(true);
	unsigned char key[HASH_SIZE];

	shell(keys[_i].command);
	const char *before = shell("stat -c '%i %s %a' $D/key");
	ck_assert_int_lt(history_key(h, key, &err), 0);
	ck_assert_msg(strstr(err_text(&err), keys[_i].error), "%s", err_text(&err));
	ck_assert_str_eq(shell("stat -c '%i %s %a' $D/key"), before);
}
END_TEST

/* Eight processes at once make repository and key; all must see the same key. */
START_TEST(made_once)
{
	unsigned char keys_seen[8][HASH_SIZE];
	int pipes[8][2];

	for (size_t i = 0; i < 8; i++) {
		ck_assert_int_eq(pipe(pipes[i]), 0);
		pid_t pid = fork();
		ck_assert_int_ge(pid, 0);
		if (!pid) {
			struct history *h = NULL;
			unsigned char key[HASH_SIZE] = {0};

			if (history_open(dir, true, &h, NULL) == 0 && history_key(h, key, NULL) == 0)
				_exit(write(pipes[i][1], key, sizeof(key)) != sizeof(key));
			_exit(1);
		}
	}
	for (size_t i = 0; i < 8; i++) {
		close(pipes[i][1]);
		ck_assert_int_eq(read(pipes[i][0], keys_seen[i], HASH_SIZE), HASH_SIZE);
		close(pipes[i][0]);
		ck_assert_mem_eq(keys_seen[i], keys_seen[0], HASH_SIZE);
	}
	while (wait(NULL) > 0)
		;
}
END_TEST

/* One process records and is killed at any moment; meanwhile and after, what is seen is whole. */
START_TEST(killed_while_recording)
{
	_cleanup_history_ struct history *h = open_history(true);
	uint64_t newest = 0;

	record_many(h, 1, OUTCOME_APPLIED);
	for (unsigned turn = 0; turn < 25; turn++) {
		pid_t pid = fork();

		ck_assert_int_ge(pid, 0);
		if (!pid) {
			struct history *writer = open_history(false);

			record_many(writer, 1000, OUTCOME_APPLIED);
			_exit(0);
		}
		for (unsigned i = 0; i < 1 + turn % 7; i++) {
			_cleanup_generation_ struct generation g = {0};

			ck_assert_msg(history_base(h, arena, &g, &err) == 0, "%s", err_text(&err));
			ck_assert_uint_ge(g.number, newest);
			newest = g.number;
			usleep(turn * 97);
		}
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	struct generation *list;
	size_t n;
	ck_assert_msg(history_list(h, arena, 0, &list, &n, &err) == 0, "%s", err_text(&err));
	for (size_t i = 0; i < n; i++) {
		_cleanup_generation_ struct generation g = {0};
		const struct content *c;

		ck_assert_int_eq(history_get(h, list[i].number, arena, &g, &err), 0);
		ck_assert_int_eq(history_content(h, arena, g.want->items[0]->content, &c, &err), 0);
		ck_assert_int_eq(history_content(h, arena, g.want->items[1]->content, &c, &err), 0);
	}
	record_many(h, 1, OUTCOME_APPLIED);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("history");
	TCase *tc = tcase_create("history");
	SRunner *runner = srunner_create(suite);

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, records_and_reads_back);
	tcase_add_test(tc, nothing_yet);
	tcase_add_test(tc, begins_anew_over_a_half);
	tcase_add_test(tc, nobodys_configuration);
	tcase_add_loop_test(tc, lists_by_number, 0, 3);
	tcase_add_test(tc, base_is_the_newest_applied);
	tcase_add_test(tc, secrets_never_enter);
	tcase_add_test(tc, contents_are_taken_over);
	tcase_add_test(tc, unsorted_is_refused);
	tcase_add_loop_test(tc, damage_is_named_not_passed_over, 0, ELEMENTS(damages));
	tcase_add_test(tc, damaged_content);
	tcase_add_test(tc, key_stays);
	tcase_add_loop_test(tc, wrong_key_is_not_replaced, 0, ELEMENTS(keys));
	tcase_add_test(tc, made_once);
	tcase_add_test(tc, killed_while_recording);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
