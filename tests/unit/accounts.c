/*
 * The host's own users and groups, and what the modules user and group say of them in the want's
 * words: numbers by path, primary groups by number, members that concern the state.
 */
#include <check.h>
#include <string.h>

#include "../unit_tree.h"
#include "l4sync/accounts.h"
#include "l4sync/plan.h"
#include "l4sync/registry.h"

static struct resources *want, *base, *originals;
static struct findings findings;

static void begin(void)
{
	setup();
	want = resources_new();
	base = resources_new();
	originals = resources_new();
	findings = (struct findings){.arena = arena};
}

static void end(void)
{
	free(findings.items);
	resources_free(want);
	resources_free(base);
	resources_free(originals);
	teardown();
}

static void files(void)
{
	put("/etc/passwd = root:x:0:0::/:/bin/sh\n# no line\nshort:x:1\nbad:x:x:1:::\n"
	    "app:x:770:60:The app,,:/srv/app:\nlate:x:770:1::/:\n\nlast:x:4294967294:1::/:/bin/sh");
	put("/etc/group = root:x:0:\ngames:x:60:app,late\nempty:x:61:\nbad:x:-1:\nalso:x:60:\n");
	put("/etc/shadow = root:*:1::::::\napp:!*:20000::::1:2:\nlate:!:1::::::\n");
}

START_TEST(loads)
{
	_cleanup_err_ struct err e = ERR_INIT;
	struct accounts *all;
	const char *expiry;

	files();
	ck_assert_int_eq(accounts_load(host, arena, &all, &e), 0);
	ck_assert_uint_eq(all->n_users, 4);
	ck_assert_uint_eq(all->n_groups, 4);
	ck_assert_str_eq(account_find(all, "app")->gecos, "The app,,");
	ck_assert_str_eq(account_find(all, "app")->shell, "");
	ck_assert_str_eq(account_with(all, 770)->name, "app");
	ck_assert_uint_eq(account_find(all, "last")->uid, 4294967294u);
	ck_assert_ptr_null(account_find(all, "bad"));
	ck_assert_ptr_null(account_find(all, "ap"));
	ck_assert_str_eq(account_group_with(all, 60)->name, "games");
	ck_assert_str_eq(account_group_find(all, "games")->members, "app,late");
	ck_assert(account_list_has("app,late", "late"));
	ck_assert(!account_list_has("app,late", "lat"));
	ck_assert(!account_list_has("", ""));
	ck_assert_int_eq(account_expiry(host, arena, "app", &expiry, &e), 0);
	ck_assert_str_eq(expiry, "2");
	ck_assert(account_is_expired(expiry));
	ck_assert(!account_is_expired("99999999"));
	ck_assert_int_eq(account_expiry(host, arena, "nobody", &expiry, &e), 0);
	ck_assert_str_eq(expiry, "");
	ck_assert(!account_is_expired(expiry));
}
END_TEST

START_TEST(no_files)
{
	_cleanup_err_ struct err e = ERR_INIT;
	struct accounts *all;

	ck_assert_int_eq(accounts_load(host, arena, &all, &e), 0);
	ck_assert_uint_eq(all->n_users, 0);
	ck_assert_ptr_null(account_find(all, "root"));
}
END_TEST

static struct resource *add(
	struct resources *set, const char *id, const char *key, const char *value)
{
	struct resource *item = resources_add(set, id);

	if (key)
		resource_set(set->arena, item, key, value);
	resources_sort(set, NULL);
	return item;
}

/* What is found of an id; NULL: nothing. */
static struct resource *look(const struct module *m, const char *id, const struct resource *like)
{
	_cleanup_err_ struct err e = ERR_INIT;
	struct inspection in = {.host = host,
		.arena = arena,
		.want = want,
		.base = base,
		.originals = originals,
		.findings = &findings};
	struct resource *live;

	ck_assert_msg(m->inspect(&in, id, like, &live, &e) == 0, "%s", err_text(&e));
	return live;
}

START_TEST(user_in_words_of_the_want)
{
	struct resource *w = add(want, "user:app", "uid", "/srv/owned"), *live;

	files();
	put("/srv/owned = x");
	/* Nobody's wish: the file is root's. */
	live = look(&module_user, "user:app", w);
	ck_assert_str_eq(resource_get(live, "uid"), "/srv/owned");
	ck_assert_str_eq(resource_get(live, "group"), "games");
	ck_assert_ptr_null(resource_get(live, "locked"));
	resource_set(want->arena, w, "uid", "771");
	resource_set(want->arena, w, "group", "60");
	resource_set(want->arena, w, "locked", "true");
	live = look(&module_user, "user:app", w);
	ck_assert_str_eq(resource_get(live, "uid"), "770");
	ck_assert_str_eq(resource_get(live, "group"), "60");
	ck_assert_str_eq(resource_get(live, "locked"), "true");
	ck_assert_uint_eq(findings.n, 0);
	ck_assert_ptr_null(look(&module_user, "user:new", add(want, "user:new", NULL, NULL)));
	ck_assert_uint_eq(findings.n, 1);
	ck_assert_str_eq(findings.items[0].code, "not-undoable");
}
END_TEST

/* Whom the state names, whom it named before and who was not in it then. */
static const struct {
	const char *want, *base, *original, *live, *members;
} memberships[] = {
	{"a,b", NULL, NULL, "b,x,a", "a,b"},
	{"a,b", NULL, NULL, "b,x", "b"},
	{"", NULL, NULL, "x", ""},
	{"a", "a,b", NULL, "a,b,x", "a,b"}, /* b goes */
	{"a", "a,b", "b", "a,b,x", "a"},    /* b was there before, and stays */
	{NULL, "a,b", "b", "a,b,x", "a,b"}, /* back to b alone */
	{NULL, "a,b", "b", "x,b", "b"},     /* as it was */
	{NULL, "a", "a", "x,a,a", "a"},
};

START_TEST(members)
{
	const char *id = "group:games";
	struct resource *w = NULL, *b = NULL;

	if (memberships[_i].want)
		w = add(want, id, "members", memberships[_i].want);
	if (memberships[_i].base)
		b = add(base, id, "members", memberships[_i].base);
	if (memberships[_i].original)
		add(originals, id, "members", memberships[_i].original);
	put(arena_printf(arena, "/etc/group = games:x:60:%s\n", memberships[_i].live));
	struct resource *live = look(&module_group, id, w ? w : b);
	ck_assert_str_eq(resource_get(live, "members"), memberships[_i].members);
	ck_assert_str_eq(resource_get(live, "gid"), "60");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("accounts");
	TCase *t = tcase_create("all");

	tcase_add_checked_fixture(t, begin, end);
	tcase_add_test(t, loads);
	tcase_add_test(t, no_files);
	tcase_add_test(t, user_in_words_of_the_want);
	tcase_add_loop_test(t, members, 0, ELEMENTS(memberships));
	suite_add_tcase(suite, t);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
