/*
 * Pruning: what goes and what stays, that space is freed, that what is not ours is left alone, and
 * that a run which ends at any step leaves a history that is whole.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "history.h"

#define NOW 1800000000
#define DAY 86400

/* The calls that remove or replace a name, libgit2's too: the process ends before the one that
 * leaves no steps. Declared here as unistd.h and stdio.h do, to take the place of libc's. */
static int steps_left = -1;

static void step(void)
{
	if (steps_left >= 0 && !steps_left--)
		_exit(77);
}

int unlinkat(int fd, const char *name, int flags)
{
	step();
	return (int)syscall(SYS_unlinkat, fd, name, flags);
}

int unlink(const char *name)
{
	step();
	return (int)syscall(SYS_unlinkat, AT_FDCWD, name, 0);
}

int rmdir(const char *name)
{
	step();
	return (int)syscall(SYS_unlinkat, AT_FDCWD, name, AT_REMOVEDIR);
}

int rename(const char *old, const char *new)
{
	step();
	return (int)syscall(SYS_renameat2, AT_FDCWD, old, AT_FDCWD, new, 0);
}

/* A generation whose file /etc/x nobody else has, beside one that all have. */
static void record_at(struct history *h, enum outcome outcome, int64_t days_ago)
{
	static unsigned turn;
	_cleanup_resources_ struct resources *want = resources_new();
	struct generation g = generation(want, outcome);

	g.time = NOW - days_ago * DAY;
	add(want, "file:/etc/same", "the same in all\n");
	add(want, "file:/etc/x", arena_printf(arena, "%u %01000u\n", turn, turn * 7919));
	turn++;
	resources_sort(want, NULL);
	record(h, &g);
}

static int prune(struct history *h, unsigned keep, int64_t days)
{
	const struct history_limits limits = {.keep = keep, .max_age_s = days * DAY};

	return history_prune(h, &limits, NOW, &err);
}

static void pruned(struct history *h, unsigned keep, int64_t days)
{
	ck_assert_msg(prune(h, keep, days) == 0, "%s", err_text(&err));
}

/* "3 2 1": their numbers, newest first; each is read whole, its contents too. */
static const char *numbers(void)
{
	_cleanup_history_ struct history *h = open_history(false);
	_cleanup_buf_ struct buf b = BUF_INIT;
	struct generation *list;
	size_t n;

	ck_assert_msg(history_list(h, arena, 0, &list, &n, &err) == 0, "%s", err_text(&err));
	for (size_t i = 0; i < n; i++) {
		_cleanup_generation_ struct generation g = {0};
		const struct content *c;

		buf_addf(&b, "%s%u", i ? " " : "", (unsigned)list[i].number);
		ck_assert_msg(
			history_get(h, list[i].number, arena, &g, &err) == 0, "%s", err_text(&err));
		for (size_t k = 0; k < g.want->n; k++)
			ck_assert_msg(
				history_content(h, arena, g.want->items[k]->content, &c, &err) == 0,
				"%s", err_text(&err));
	}
	return arena_strdup(arena, b.data ? b.data : "");
}

static unsigned long count(const char *command)
{
	return strtoul(shell(command), NULL, 10);
}

static unsigned long loose(void)
{
	return count("find $GIT_DIR/objects -type f -path '*/objects/[0-9a-f]*/*' | wc -l");
}

/* Every loose object has a ref that leads to it, and none is missing. */
static void nothing_unused(void)
{
	ck_assert_uint_eq(loose(), count("git rev-list --objects --all | wc -l"));
	ck_assert_str_eq(shell("git fsck --full --unreachable --no-progress 2>&1 | "
			       "grep -v '^notice: ' || true"),
		"");
}

/* outcomes: A applied, F failed, the oldest first, with how many days ago each was. */
static const struct {
	const char *outcomes;
	int days_ago[8];
	unsigned keep;
	int64_t days;
	const char *stay;
} limits[] = {
	{"AAAA", {400, 300, 200, 100}, 2, 90, "4 3"},
	{"AAAA", {400, 300, 200, 100}, 2, 250, "4 3"},
	{"AAAA", {400, 300, 200, 100}, 2, 350, "4 3 2"},
	{"AAAA", {400, 300, 200, 100}, 4, 0, "4 3 2 1"},
	{"AAAA", {400, 300, 200, 100}, 50, 90, "4 3 2 1"},
	{"AAAA", {400, 300, 200, 100}, 1, 0, "4"},
	{"AAAA", {4, 3, 2, 1}, 1, 90, "4 3 2 1"}, /* all young */
	{"AAAA", {4, 3, 2, -900}, 1, 0, "4"},     /* a clock that was ahead */
	{"AFFFFF", {500, 5, 4, 3, 2, 1}, 1, 0, "6 1"},
	{"AAFFFF", {600, 500, 5, 4, 3, 2}, 2, 0, "6 5 2 1"},
	{"FAFAFA", {600, 500, 400, 300, 200, 100}, 2, 0, "6 5 4 3"},
	{"FFF", {600, 500, 400}, 1, 90, "3"},
	{"A", {900}, 1, 0, "1"},
	{"", {0}, 1, 0, ""},
};

START_TEST(by_count_and_age)
{
	_cleanup_history_ struct history *h = open_history(true);
	const char *outcomes = limits[_i].outcomes;

	for (size_t i = 0; outcomes[i]; i++)
		record_at(h, outcomes[i] == 'A' ? OUTCOME_APPLIED : OUTCOME_ROLLED_BACK,
			limits[_i].days_ago[i]);
	pruned(h, limits[_i].keep, limits[_i].days);
	ck_assert_str_eq(numbers(), limits[_i].stay);
	nothing_unused();
	pruned(h, limits[_i].keep, limits[_i].days);
	ck_assert_str_eq(numbers(), limits[_i].stay);
}
END_TEST

/* What an apply takes from the generation before it: hashes of which only that one has the bytes.
 */
START_TEST(originals_stay_readable)
{
	_cleanup_history_ struct history *h = open_history(true);
	_cleanup_resources_ struct resources *want = resources_new(), *originals = resources_new();
	_cleanup_generation_ struct generation g = {0};
	struct generation first = generation(want, OUTCOME_APPLIED);
	const struct content *c;

	add(want, "file:/etc/adopted", "of the state\n");
	add(originals, "file:/etc/adopted", "of the package\n");
	first.originals = originals;
	first.time = NOW - 900 * DAY;
	record(h, &first);
	for (unsigned i = 0; i < 5; i++) {
		ck_assert_int_eq(history_base(h, arena, &g, &err), 0);
		record(h, &g);
		generation_clear(&g);
		record_at(h, OUTCOME_FAILED, 100);
	}
	pruned(h, 1, 0);
	ck_assert_str_eq(numbers(), "11 10");
	for (unsigned again = 0; again < 2; again++) {
		_cleanup_history_ struct history *later = open_history(false);

		ck_assert_int_eq(history_base(again ? later : h, arena, &g, &err), 0);
		ck_assert_uint_eq(g.number, 10);
		ck_assert_int_eq(history_content(again ? later : h, arena,
					 g.originals->items[0]->content, &c, &err),
			0);
		ck_assert_mem_eq(c->data, "of the package\n", c->size);
		ck_assert_int_eq(history_content(again ? later : h, arena,
					 g.want->items[0]->content, &c, &err),
			0);
		ck_assert_mem_eq(c->data, "of the state\n", c->size);
		generation_clear(&g);
	}
	/* and can be recorded again from there */
	ck_assert_int_eq(history_base(h, arena, &g, &err), 0);
	record(h, &g);
	pruned(h, 1, 0);
	ck_assert_str_eq(numbers(), "12 11");
	nothing_unused();
}
END_TEST

START_TEST(frees_space)
{
	static const char *const bytes = "find $GIT_DIR/objects -type f -printf '%s\\n' | awk '{ n "
					 "+= $1 } END { print n + 0 }'";
	_cleanup_history_ struct history *h = open_history(true);

	record_at(h, OUTCOME_APPLIED, 400);
	unsigned long one_objects = loose(), one_bytes = count(bytes);
	for (unsigned i = 0; i < 29; i++)
		record_at(h, OUTCOME_APPLIED, 300);
	unsigned long all_objects = loose(), all_bytes = count(bytes);
	ck_assert_uint_gt(all_objects, 29 * 5);
	pruned(h, 1, 90);
	ck_assert_uint_eq(loose(), one_objects);
	ck_assert_uint_lt(count(bytes), one_bytes + one_bytes / 4);
	ck_assert_uint_gt(all_bytes, one_bytes * 5);
	nothing_unused();
	ck_assert_uint_lt(count("ls $GIT_DIR/objects | wc -l"), 2 + one_objects + 1);
	ck_assert_str_eq(shell("ls -A $D; cd $GIT_DIR; ls *prune* 2>/dev/null || true"),
		"history.git\nkey\n");
}
END_TEST

START_TEST(packed_refs)
{
	_cleanup_history_ struct history *h = open_history(true);

	for (unsigned i = 0; i < 6; i++)
		record_at(h, OUTCOME_APPLIED, 300);
	shell(_i ? "git rev-parse refs/generations/2 > $D/2; git pack-refs --all; mkdir -p "
		   "$GIT_DIR/refs/generations; mv $D/2 $GIT_DIR/refs/generations/2"
		 : "git pack-refs --all");
	/* of runs that were killed */
	shell("touch $GIT_DIR/packed-refs.lock; mkdir -p $GIT_DIR/refs/generations; "
	      "touch $GIT_DIR/refs/generations/1.lock $GIT_DIR/refs/generations/2.lock");
	pruned(h, 2, 0);
	ck_assert_str_eq(numbers(), "6 5");
	ck_assert_str_eq(shell("git for-each-ref --format='%(refname)'"),
		"refs/generations/5\nrefs/generations/6\n");
	nothing_unused();
	record_at(h, OUTCOME_APPLIED, 0);
	ck_assert_str_eq(numbers(), "7 6 5");
}
END_TEST

/* Somebody's git has packed the objects: they stay where they are, the refs go. */
START_TEST(packed_objects)
{
	_cleanup_history_ struct history *h = open_history(true);

	for (unsigned i = 0; i < 4; i++)
		record_at(h, OUTCOME_APPLIED, 300);
	shell("git gc -q --prune=now");
	for (unsigned i = 0; i < 2; i++)
		record_at(h, OUTCOME_APPLIED, 300);
	pruned(h, 2, 0);
	ck_assert_str_eq(numbers(), "6 5");
	ck_assert_str_eq(shell("git fsck --full --no-progress 2>&1 | "
			       "grep -v '^notice: \\|^dangling ' || true"),
		"");
	shell("git gc -q --prune=now");
	ck_assert_str_eq(numbers(), "6 5");
}
END_TEST

START_TEST(what_is_not_ours_stays)
{
	static const char *const foreign = "cd $GIT_DIR/objects && find . -name '*foreign*' | sort";
	_cleanup_history_ struct history *h = open_history(true);

	for (unsigned i = 0; i < 4; i++)
		record_at(h, OUTCOME_APPLIED, 300);
	shell("cd $GIT_DIR/objects && d=$(ls -d ?? | head -n 1) && n=$(ls $d | head -n 1) && "
	      "echo x > $d/foreign && echo x > $d/$n.foreign && mkdir -p zz foreign info && "
	      "echo x > zz/foreign && echo x > info/foreign && echo x > tmp_obj_foreign && "
	      "mkdir $D/away && echo x > $D/away/foreign && cp $d/$n $D/away/ && "
	      "e=$(for i in 0 1 2 3 4 5 6 7 8 9 a b c d e f; do for k in 7 b f; do "
	      "[ -e $i$k ] || echo $i$k; done; done | head -n 3) && set -- $e && "
	      "ln -s $D/away $1 && echo x > $2 && "
	      "mkdir -p $3/0123456789abcdef0123456789abcdef012345/foreign");
	const char *before = shell(foreign);
	/* unused, and neither whole: an object's name is enough */
	shell("cd $GIT_DIR/objects && mkdir -p 00 && : > 00/11111111111111111111111111111111111111 "
	      "&& "
	      "echo half > tmp_object_git2_x");
	/* what a kept generation refers to, damaged: not looked into, not removed */
	shell("b=$(git ls-tree refs/generations/4:content | head -n 1 | cut -c13-52) && "
	      "f=$GIT_DIR/objects/$(echo $b | cut -c1-2)/$(echo $b | cut -c3-) && "
	      "chmod u+w $f && echo damaged > $f && echo $f > $D/damaged");
	pruned(h, 1, 0);
	ck_assert_str_eq(shell("git for-each-ref --format='%(refname)'"), "refs/generations/4\n");
	ck_assert_str_eq(shell(foreign), before);
	ck_assert_str_eq(shell("ls $D/away | wc -l"), "2\n");
	ck_assert_str_eq(shell("cat $(cat $D/damaged)"), "damaged\n");
	ck_assert_str_eq(
		shell("cd $GIT_DIR/objects && ls 00/1111* tmp_object* 2>/dev/null || true"), "");
}
END_TEST

/* A name that somebody gave to a generation outlives it. */
START_TEST(other_refs_count)
{
	_cleanup_history_ struct history *h = open_history(true);

	for (unsigned i = 0; i < 5; i++)
		record_at(h, OUTCOME_APPLIED, 300);
	shell("git tag light refs/generations/1 && git -c user.name=x -c user.email=x tag -a -m x "
	      "heavy refs/generations/2 && git symbolic-ref refs/heads/other refs/tags/light");
	pruned(h, 1, 0);
	ck_assert_str_eq(numbers(), "5");
	nothing_unused();
	ck_assert_uint_gt(
		count("git ls-tree -r light | wc -l; git ls-tree -r heavy >/dev/null"), 3);
	shell("git tag -d light; git tag -d heavy; git update-ref --no-deref -d refs/heads/other; "
	      "touch $GIT_DIR/l4sync-prune");
	pruned(h, 1, 0);
	nothing_unused();
}
END_TEST

START_TEST(prepared_stays)
{
	_cleanup_history_ struct history *h = open_history(true);
	_cleanup_resources_ struct resources *want = resources_new();
	struct generation g = generation(want, OUTCOME_APPLIED);

	for (unsigned i = 0; i < 3; i++)
		record_at(h, OUTCOME_APPLIED, 300);
	add(want, "file:/etc/prepared", "prepared\n");
	ck_assert_int_eq(history_prepare(h, &g, &err), 0);
	pruned(h, 1, 0);
	ck_assert_str_eq(numbers(), "3");
	ck_assert_int_eq(history_publish(h, &err), 0);
	ck_assert_str_eq(numbers(), "4 3");
}
END_TEST

/* $o is an object's file. Of one that stays what leads to others, of one that goes its time. */
#define OBJECT(name)                                                                               \
	"o=$(git rev-parse " name " | sed \"s|^..|$GIT_DIR/objects/&/|\"); chmod u+w $o; "
static const struct {
	const char *command, *said;
} damages[] = {
	{OBJECT("refs/generations/4") "rm $o", "generation 4 in "},
	{OBJECT("refs/generations/4^{tree}") "truncate -s 9 $o", "generation 4 in "},
	{OBJECT("refs/generations/4:content") "rm $o", "generation 4 in "},
	{"echo 123 > $GIT_DIR/refs/generations/4", "generation 4 in "},
	{OBJECT("refs/generations/1:meta") "rm $o", "generation 1 in "},
	{"git update-ref refs/heads/x refs/generations/1^{tree} 2>/dev/null; "
	 "git tag x $(git commit-tree -m x refs/generations/1^{tree}) && " OBJECT(
		 "refs/tags/x") "rm $o",
		"refs/tags/x: "},
};

START_TEST(damage_stops_it)
{
	static const char *const all = "cd $GIT_DIR && find . -type f | sort";
	_cleanup_history_ struct history *h = open_history(true);

	setenv("GIT_AUTHOR_NAME", "x", 1), setenv("GIT_AUTHOR_EMAIL", "x", 1);
	setenv("GIT_COMMITTER_NAME", "x", 1), setenv("GIT_COMMITTER_EMAIL", "x", 1);
	for (unsigned i = 0; i < 4; i++)
		record_at(
			h, OUTCOME_APPLIED, 300 - i); /* or they would have their meta in common */
	shell(damages[_i].command);
	const char *before = shell(all);
	ck_assert_int_eq(prune(h, 2, 0), -EBADMSG);
	ck_assert_msg(strstr(err_text(&err), damages[_i].said) != NULL, "%s", err_text(&err));
	ck_assert_str_eq(shell(all), before);
}
END_TEST

/* In a process of its own, that ends before its step n; whether it came to its end. */
static bool ends_at(int n, void (*work)(void))
{
	int status;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (!pid) {
		steps_left = n;
		work();
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status) && (WEXITSTATUS(status) == 77 || !WEXITSTATUS(status)));
	return !WEXITSTATUS(status);
}

static void prune_to_one(void)
{
	pruned(open_history(false), 1, 0);
}

START_TEST(ends_at_any_step)
{
	int n = 0;

	for (bool ended = false; !ended; n++) {
		_cleanup_history_ struct history *h = open_history(true);

		for (unsigned i = 0; i < 4; i++)
			record_at(h, OUTCOME_APPLIED, 300);
		if (_i)
			shell("git pack-refs --all");
		ended = ends_at(n, prune_to_one);
		const char *left = numbers();
		ck_assert_msg(strspn(left, "4 321") == strlen(left) && *left == '4', "%s", left);
		/* with what a run has to say between: the next one, that forgets nothing more */
		pruned(h, 10, 0);
		ck_assert_str_eq(numbers(), left);
		nothing_unused();
		pruned(h, 1, 0);
		ck_assert_str_eq(numbers(), "4");
		nothing_unused();
		shell("rm -rf $GIT_DIR");
	}
	ck_assert_int_gt(n, 3 + 3 * 5); /* three refs, and of each generation five objects */
}
END_TEST

/* log, show and status take no lock: what goes while they read is no damage. */
START_TEST(readers_meanwhile)
{
	_cleanup_history_ struct history *h = open_history(true);
	unsigned seen = 0;

	record_at(h, OUTCOME_APPLIED, 300);
	pid_t pid = fork();
	ck_assert_int_ge(pid, 0);
	if (!pid) {
		for (;;) {
			for (unsigned i = 0; i < 5; i++)
				record_at(h, OUTCOME_APPLIED, 300);
			pruned(h, 1, 0);
		}
	}
	for (unsigned turn = 0; turn < 150 || seen < 10; turn++) {
		_cleanup_history_ struct history *reader = open_history(false);
		struct generation *list;
		size_t n;

		ck_assert_msg(
			history_list(reader, arena, 0, &list, &n, &err) == 0, "%s", err_text(&err));
		seen += n > 1;
		for (size_t i = 0; i < n; i++) {
			_cleanup_generation_ struct generation g = {0};
			int r = history_get(reader, list[i].number, arena, &g, &err);

			ck_assert_msg(r == 0 || r == -ENOENT, "%s", err_text(&err));
			err_clear(&err);
		}
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("history");

	tcase_add_loop_test(tc, by_count_and_age, 0, ELEMENTS(limits));
	tcase_add_test(tc, originals_stay_readable);
	tcase_add_test(tc, frees_space);
	tcase_add_loop_test(tc, packed_refs, 0, 2);
	tcase_add_test(tc, packed_objects);
	tcase_add_test(tc, what_is_not_ours_stays);
	tcase_add_test(tc, other_refs_count);
	tcase_add_test(tc, prepared_stays);
	tcase_add_loop_test(tc, damage_stops_it, 0, ELEMENTS(damages));
	tcase_add_loop_test(tc, ends_at_any_step, 0, 2);
	tcase_add_test(tc, readers_meanwhile);
	return run_all(tc, "history, pruning");
}
