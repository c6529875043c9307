/*
 * What is damaged is named and not passed over; what is made once is made once; what is killed
 * leaves nothing half.
 */
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#include "history.h"

/* What can befall the newest of two generations. $o is an object's file. The first ones are of what
 * only who looks at the generation itself reads. */
#define NOT_OF_BASE 2
#define OBJECT(name)                                                                               \
	"o=$(git rev-parse refs/generations/2" name " | "                                          \
	"sed \"s|^..|$GIT_DIR/objects/&/|\"); chmod u+w $o; "
static const char *const damages[] = {
	OBJECT(":before") ": > $o",
	OBJECT(":plan.json") "rm $o",
	OBJECT("") "rm $o",
	OBJECT("") ": > $o",
	OBJECT("^{tree}") "rm $o",
	OBJECT(":meta") "rm $o",
	OBJECT(":meta") "truncate -s -3 $o",
	OBJECT(":want") "rm $o",
	OBJECT(":want") "truncate -s 20 $o",
	OBJECT(":want") "f=$(git rev-parse refs/generations/2:meta | "
			"sed \"s|^..|$GIT_DIR/objects/&/|\"); cp $f $o",
	OBJECT(":originals") "printf x >> $o; truncate -s -9 $o",
	": > $GIT_DIR/refs/generations/2",
	"echo 123 > $GIT_DIR/refs/generations/2",
	"m=$(git rev-parse refs/generations/2:meta) && echo $m > $GIT_DIR/refs/generations/2",
	"git pack-refs --all && o=$(git rev-parse refs/generations/2 | "
	"sed \"s|^..|$GIT_DIR/objects/&/|\") && rm -f $o",
	"t=$(git hash-object -t tree -w /dev/null) && "
	"git update-ref refs/generations/2 $(git -c user.name=x -c user.email=x commit-tree -m x "
	"$t)",
};

START_TEST(damage_is_named_not_passed_over)
{
	struct generation g = {0}, *list;
	size_t n;
	{
		_cleanup_history_ struct history *h = open_history(true);
		_cleanup_resources_ struct resources *want = resources_new();
		_cleanup_resources_ struct resources *before = resources_new();
		_cleanup_resources_ struct resources *originals = resources_new();

		record_many(h, 1, OUTCOME_APPLIED);
		g = generation(want, OUTCOME_APPLIED);
		add(want, "file:/etc/y", "y\n");
		resources_meta(before, "set", "not the one that every generation has");
		resources_meta(originals, "set", "nor this one");
		g.before = before;
		g.originals = originals;
		g.command = "another";
		g.plan = "{}";
		record(h, &g);
	}
	shell(damages[_i]);
	_cleanup_history_ struct history *h = open_history(false);
	int r = history_base(h, arena, &g, &err);
	if (_i < NOT_OF_BASE) {
		ck_assert_int_eq(r, 0);
		generation_clear(&g);
		r = history_get(h, 2, arena, &g, &err);
	}
	ck_assert_int_eq(r, -EBADMSG);
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
	shell("b=$(git ls-tree refs/generations/1:content | grep -v \"$(printf 'the same in "
	      "all\\n' | "
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
	ck_assert_str_eq(
		shell("cd $D && stat -c '%a %s' key; ls -A"), "600 32\nhistory.git\nkey\n");
}
END_TEST

static const struct {
	const char *command, *error;
} keys[] = {
	{"head -c 31 /dev/zero > $D/key && chmod 600 $D/key",
		"must hold 32 bytes, but holds fewer"},
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

			if (history_open(dir, true, &h, NULL) == 0 &&
				history_key(h, key, NULL) == 0)
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
	TCase *tc = tcase_create("history");

	tcase_add_loop_test(tc, damage_is_named_not_passed_over, 0, ELEMENTS(damages));
	tcase_add_test(tc, damaged_content);
	tcase_add_test(tc, key_stays);
	tcase_add_loop_test(tc, wrong_key_is_not_replaced, 0, ELEMENTS(keys));
	tcase_add_test(tc, made_once);
	tcase_add_test(tc, killed_while_recording);
	return run_all(tc, "history, damage");
}
