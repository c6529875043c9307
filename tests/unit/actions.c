/* What is known of actions in memory; what tells definitions and versions apart (action.h). */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "l4sync/action.h"

static const unsigned char key[HASH_SIZE] = "the key of no host";
static struct arena *arena;

static void setup(void)
{
	arena = arena_new();
}

static void teardown(void)
{
	arena_free(arena);
}

/* "ID KEY=VALUE…", with content if text is not NULL. */
static struct resource *make(const char *line, const char *text)
{
	struct resource *item = arena_new_of(arena, struct resource);
	char *rest = NULL;

	item->id = strtok_r(arena_strdup(arena, line), " ", &rest);
	for (char *word; (word = strtok_r(NULL, " ", &rest));) {
		char *equals = strchr(word, '=');

		*equals = '\0';
		resource_add(arena, item, word, equals + 1);
	}
	if (text)
		item->content = content_new(arena, text, strlen(text));
	return item;
}

static const char *identity(const char *line, const char *text)
{
	return resource_identity(arena, make(line, text), NULL, key);
}

START_TEST(definitions)
{
	static const struct {
		const char *a, *b;
		bool same;
	} cases[] = {
		{"action:a run=/bin/x run=y", "action:b run=/bin/x run=y", true},
		{"action:a run=/bin/x", "action:a shell=/bin/x", false},
		{"action:a run=/bin/x run=y", "action:a run=/bin/x run=z", false},
		{"action:a run=/bin/x run=y run=z", "action:a run=/bin/x run=z run=y", false},
		{"action:a run=/bin/x", "action:a run=/bin/x user=u", false},
		{"action:a run=/bin/x cwd=/a", "action:a run=/bin/x cwd=/b", false},
		{"action:a run=/bin/x env=A=1", "action:a run=/bin/x env=A=2", false},
		{"action:a run=/bin/x env_file=/a", "action:a run=/bin/x", false},
		{"action:a run=/bin/x", "action:a run=/bin/x timeout=5 unless=/u then=b needs=c",
			true},
		{"action:a run=/bin/x", "action:a run=/bin/x restart=w.service rollback=rerun",
			true},
		{"action:a run=/bin/x", "action:a run=/bin/x limits.tasks=3 on_change=file:/x",
			true},
	};

	for (size_t i = 0; i < ELEMENTS(cases); i++)
		ck_assert_msg(
			!strcmp(action_definition(arena, make(cases[i].a, NULL)),
				action_definition(arena, make(cases[i].b, NULL))) == cases[i].same,
			"%s, %s", cases[i].a, cases[i].b);
}
END_TEST

START_TEST(versions)
{
	const char *one = identity("file:/x mode=0644", "one");

	ck_assert_str_eq(one, identity("file:/x mode=0644", "one"));
	ck_assert_str_ne(one, identity("file:/x mode=0644", "two"));
	ck_assert_str_ne(one, identity("file:/x mode=0600", "one"));
	ck_assert_str_eq(one, identity("file:/x mode=0644 policy=x", "one"));
	ck_assert_str_ne(identity("link:/x target=a", NULL), identity("link:/x target=b", NULL));
	ck_assert_str_ne(identity("service:x.service state=running", NULL),
		identity("service:x.service state=stopped", NULL));
	ck_assert_str_eq(resource_identity(arena, NULL, NULL, key), "absent");
	/* What the host has beyond what was asked for is none of it. */
	ck_assert_str_eq(one, resource_identity(arena, make("file:/x mode=0644 owner=root", "one"),
				      make("file:/x mode=0600", NULL), key));
}
END_TEST

/* The bytes or their keyed hash, as history keeps it: the same. No plain hash of them is kept. */
START_TEST(secrets)
{
	struct resource *want = make("file:/x mode=0644", "s3cret"),
			*kept = make("file:/x mode=0644", NULL);
	struct resource *plain = make("file:/x mode=0644", "s3cret");
	struct content *keyed = arena_new_of(arena, struct content);

	want->secret = kept->secret = true;
	*keyed = (struct content){.size = 6, .hash = hash_hmac(key, "s3cret", 6), .keyed = true};
	kept->content = keyed;
	ck_assert_str_eq(resource_identity(arena, want, NULL, key),
		resource_identity(arena, kept, NULL, key));
	ck_assert_str_eq(resource_identity(arena, plain, want, key),
		resource_identity(arena, want, NULL, key));
	ck_assert_str_ne(resource_identity(arena, plain, NULL, key),
		resource_identity(arena, want, NULL, key));
	ck_assert_str_eq(resource_identity(arena, want, NULL, NULL),
		resource_identity(arena, make("file:/x mode=0644", NULL), NULL, NULL));
}
END_TEST

START_TEST(records)
{
	struct action_records all = {.arena = arena};
	struct action_input inputs[] = {{"file:/x", "sha256:1"}, {"action:b", "5"}};
	struct action_record *x;

	ck_assert_ptr_null(action_record_find(&all, "a"));
	for (int i = 0; i < 100; i++)
		action_record_get(&all, arena_printf(arena, "a%d", i));
	ck_assert_uint_eq(all.n, 100);
	x = action_record_get(&all, "a7");
	ck_assert_ptr_eq(x, action_record_find(&all, "a7"));
	x->pending = true;
	x->error = "status 1";
	action_record_done(&all, x, "one", inputs, 2);
	action_record_done(&all, x, "two", inputs, 1);
	action_record_done(&all, x, "one", inputs, 1);
	ck_assert(!x->pending && !x->error);
	ck_assert_uint_eq(x->n_inputs, 1);
	ck_assert_uint_eq(x->n_done, 2);
	ck_assert_str_eq(x->done[0], "two");
	ck_assert_str_eq(x->done[1], "one");
	/* A list that does not end is none. */
	for (int i = 0; i < 200; i++)
		action_record_done(&all, x, arena_printf(arena, "d%d", i), NULL, 0);
	ck_assert_uint_eq(x->n_done, 64);
	ck_assert_str_eq(x->done[0], "d136");
	ck_assert_str_eq(x->done[63], "d199");
}
END_TEST

START_TEST(pending_texts)
{
	const struct action_record failed = {
		.name = "a", .pending = true, .since = 1795489800, .error = "status 1/FAILURE"};
	const struct action_record cut_off = {.name = "a", .pending = true, .since = 1795489800};

	ck_assert_str_eq(action_pending_text(arena, &failed),
		"has not succeeded since 2026-11-24 03:10:00 UTC: status 1/FAILURE; the "
		"next "
		"apply runs it again");
	ck_assert_str_eq(action_pending_text(arena, &cut_off),
		"had begun at 2026-11-24 03:10:00 UTC and did not end; the next apply "
		"runs it "
		"again");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("actions");
	TCase *t = tcase_create("all");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, definitions);
	tcase_add_test(t, versions);
	tcase_add_test(t, secrets);
	tcase_add_test(t, records);
	tcase_add_test(t, pending_texts);
	suite_add_tcase(suite, t);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
