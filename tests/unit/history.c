/*
 * Generations in a repository of their own below a temporary directory: recording, listing, reading
 * back, what secrets leave behind.
 */
#include <errno.h>

#include "history.h"

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
	g.rollback_to = 4, g.rollback_from = 6, g.heals = 5, g.reason = "nobody\nconfirmed";
	record(h, &g);
	ck_assert_uint_eq(g.number, 1);
	ck_assert_int_eq(history_base(h, arena, &back, &err), 0);
	ck_assert_uint_eq(back.number, 1);
	ck_assert_str_eq(text_of(back.want), text_of(want));
	ck_assert_uint_eq(back.originals->n, 0);
	generation_clear(&back);
	ck_assert_int_eq(history_get(h, 1, arena, &back, &err), 0);
	ck_assert_int_eq(back.time, 1700000000);
	ck_assert_str_eq(back.user, "root");
	ck_assert_str_eq(back.client, "192.0.2.1");
	ck_assert_str_eq(back.command, "apply --yes");
	ck_assert_str_eq(back.error, g.error);
	ck_assert_str_eq(back.plan, g.plan);
	ck_assert_uint_eq(back.fixed, 1);
	ck_assert_uint_eq(back.rollback_to, 4);
	ck_assert_uint_eq(back.rollback_from, 6);
	ck_assert_uint_eq(back.heals, 5);
	ck_assert_str_eq(back.reason, g.reason);
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
	ck_assert_int_eq(history_open(below, true, &none, &err), -ENOENT);
	shell("mkdir -p $D/var/lib/l4sync");
	ck_assert_int_eq(history_open(below, true, &none, &err), 0);
	history_close(none);
	ck_assert_str_eq(
		shell("cd $D/var/lib/l4sync && stat -c '%a %n' $(ls -A)"), "700 history.git\n");

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

START_TEST(lists_by_number)
{
	_cleanup_history_ struct history *h = open_history(true);
	struct generation *list;
	size_t n;

	record_many(h, 12, OUTCOME_APPLIED);
	if (_i >= 1) /* somebody's git packs the refs, and one is both */
		shell("git pack-refs --all && cp $GIT_DIR/packed-refs $D/packed && "
		      "git rev-parse refs/generations/12 > $D/12 && mkdir -p "
		      "$GIT_DIR/refs/generations && "
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
	return *shell(arena_printf(arena,
		"git cat-file --batch-all-objects --batch | "
		"grep -aF '%s' || true",
		text));
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
	ck_assert_int_eq(history_get(h, 1, arena, &back, &err), 0);
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
		ck_assert_msg(
			history_content(later, arena, g.want->items[i]->content, &c, &err) == 0,
			"%s", err_text(&err));
	ck_assert(c && !memcmp(c->data, "0\n", 2));
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

int main(void)
{
	TCase *tc = tcase_create("history");

	tcase_add_test(tc, records_and_reads_back);
	tcase_add_test(tc, nothing_yet);
	tcase_add_test(tc, begins_anew_over_a_half);
	tcase_add_test(tc, nobodys_configuration);
	tcase_add_loop_test(tc, lists_by_number, 0, 3);
	tcase_add_test(tc, base_is_the_newest_applied);
	tcase_add_test(tc, secrets_never_enter);
	tcase_add_test(tc, contents_are_taken_over);
	tcase_add_test(tc, unsorted_is_refused);
	return run_all(tc, "history");
}
