/*
 * The ways from a file to units, in a file tree: what is found over links, drop-ins of all kinds,
 * words of a value, and what is not found twice. With services that run: container/explain.test.
 */
#include <check.h>

#include "../unit_tree.h"
#include "l4sync/explain.h"
#include "l4sync/module.h"
#include "l4sync/registry.h"

static struct resources *want;
static struct plan *plan;
static struct unit_view *view;

/* What the state has at a path, and the host too. */
static void have(const char *id, const char *path, const char *content)
{
	struct resource *item = resources_add(want, id);

	if (path)
		resource_set(arena, item, "path", path);
	item->content = content_new(arena, content, strlen(content));
	item->where = (struct where){arena_printf(arena, "root%s", resource_path(item)), 0, 0};
	put(arena_printf(arena, "%s = %s", resource_path(item), content));
}

static void start(void)
{
	setup();
	want = resources_new();
	plan = plan_new(arena);
	plan->host = "h";
	plan->want = want;
}

static void end(void)
{
	plan_free(plan);
	resources_free(want);
	teardown();
}

/* "HOP > HOP: TAKES" of each chain, a line each, then why nothing is done. */
static const char *explained(const char *id)
{
	_cleanup_err_ struct err e = ERR_INIT;
	struct resource *item;
	struct triple t = {.id = id};
	const json_t *chain, *hop;
	json_t *one = NULL;
	const char *text = "";
	size_t i, k;

	resources_sort(want, NULL);
	if (!view)
		view = unit_view_new(host, arena, want, NULL, NULL);
	item = resources_find(want, id);
	t.want = item;
	t.module = module_of(modules, id);
	int r = explain_resource(plan, view, id, item ? &t : NULL, &one, &e);
	ck_assert_msg(!r, "%s", err_text(&e));
	json_array_foreach(json_object_get(one, "chains"), i, chain) {
		json_array_foreach(json_object_get(chain, "hops"), k, hop) {
			const char *where = json_string_value(json_object_get(hop, "where"));

			text = arena_printf(arena, "%s%s%s%s%s", text, k ? " > " : "",
				json_string_value(json_object_get(hop, "name")), where ? " " : "",
				where ? where : "");
		}
		text = arena_printf(arena, "%s: %s\n", text,
			json_string_value(json_object_get(chain, "takes")));
	}
	ck_assert(!json_is_true(json_object_get(one, "planned")));
	text = arena_printf(
		arena, "%s%s", text, json_string_value(json_object_get(one, "nothing")));
	json_decref(one);
	return text;
}

#define TREE "in a file tree nothing runs"

START_TEST(over_links)
{
	view = NULL;
	have("file:/opt/app/10.conf", NULL, "[Service]\nMemoryMax=1G\n");
	have("file:/opt/app/env", NULL, "A=1\n");
	have("unit:x.service", E "x.service",
		"[Service]\nExecStart=/bin/true\nEnvironmentFile=-/srv/one\n");
	put(E "x.service.d/20.conf -> /opt/app/10.conf");
	put("/srv/one -> /srv/two");
	put("/srv/two -> ../opt/app/env");
	put(E "alias.service -> x.service");
	ck_assert_str_eq(explained("file:/opt/app/10.conf"),
		"/opt/app/10.conf > " E "x.service.d/20.conf > x.service: live\n" TREE);
	ck_assert_str_eq(explained("file:/opt/app/env"),
		"/opt/app/env > /srv/two > /srv/one > EnvironmentFile=-/srv/one " E
		"x.service:3 > x.service: restart\n" TREE);
	ck_assert_str_eq(explained("service:x.service"),
		E "x.service > x.service: restart\n/opt/app/10.conf > " E
		  "x.service.d/20.conf > x.service: live\n/opt/app/env > /srv/two > /srv/one > "
		  "EnvironmentFile=-/srv/one " E "x.service:3 > x.service: restart\n" TREE);
}
END_TEST

START_TEST(drop_ins)
{
	view = NULL;
	have("dropin:service/10.conf", E "service.d/10.conf", "[Service]\nNice=1\n");
	have("dropin:t@.service/10.conf", L "t@.service.d/10.conf", "[Service]\nExecStop=/bin/a\n");
	have("unit:a.service", E "a.service", "[Service]\nExecStart=/bin/true\n");
	have("unit:s.slice", E "s.slice", "[Unit]\nRequires=x\n");
	have("unit:t@.service", E "t@.service", "[Service]\nExecStart=/bin/true\n");
	ck_assert_str_eq(explained("dropin:service/10.conf"),
		E "service.d/10.conf > a.service: restart\n" E
		  "service.d/10.conf > t@.service: none\n" TREE);
	ck_assert_str_eq(explained("dropin:t@.service/10.conf"),
		L "t@.service.d/10.conf > t@.service: daemon-reload\n" TREE);
	/* Nothing of its kind is restarted. */
	ck_assert(text_starts(explained("unit:s.slice"), E "s.slice > s.slice: "));
	put(E "t@.service.d/10.conf = [Service]\n");
	view = NULL;
	ck_assert_str_eq(explained("dropin:t@.service/10.conf"),
		L "t@.service.d/10.conf > t@.service: none\n" TREE);
}
END_TEST

START_TEST(words_and_instances)
{
	view = NULL;
	have("file:/srv/b", NULL, "b\n");
	have("file:/srv/1.env", NULL, "A=1\n");
	have("unit:t@.service", E "t@.service",
		"[Service]\nEnvironmentFile=/srv/%i.env\nBindPaths=/srv/a /srv/b:/x\n"
		"ExecStart=/bin/sh -e /srv/b\n");
	put(E "t@1.service -> t@.service");
	ck_assert_str_eq(explained("file:/srv/b"),
		"/srv/b > BindPaths=/srv/b:/x " E "t@.service:3 > t@.service: restart\n"
		"/srv/b > ExecStart=/bin/sh -e /srv/b " E
		"t@.service:4 > t@.service: restart\n" TREE);
	ck_assert_str_eq(explained("file:/srv/1.env"),
		"/srv/1.env > EnvironmentFile=/srv/%i.env " E
		"t@.service:2 > t@1.service: restart\n" TREE);
}
END_TEST

START_TEST(policies)
{
	struct resource *by_hand, *reload;

	view = NULL;
	have("file:/etc/a.d/1", NULL, "a\n");
	have("unit:a.service", E "a.service", "[Service]\nExecStart=/bin/true\n");
	have("unit:b.service", E "b.service",
		"[Service]\nExecStart=/bin/true\nExecReload=/bin/true\n");
	have("unit:c.service", E "c.service", "[Service]\nExecStart=/bin/true\n");
	by_hand = resources_add(want, "service:a.service");
	by_hand->where = (struct where){"l4sync.yaml", 3, 3};
	resource_set(arena, by_hand, "restart_on", "/etc/a.d/*");
	resource_set(arena, by_hand, "restart.mode", "never");
	reload = resources_add(want, "service:b.service");
	resource_set(arena, reload, "restart_on", "/etc/%N.d/1");
	resource_add(arena, reload, "restart_on", "/etc/a.d/1");
	resource_set(arena, reload, "on_change", "reload");
	reload = resources_add(want, "service:c.service");
	resource_set(arena, reload, "restart_on", "/etc/a.d/1");
	resource_set(arena, reload, "on_change", "reload");
	ck_assert_str_eq(explained("file:/etc/a.d/1"),
		"/etc/a.d/1 > /etc/a.d/* l4sync.yaml:3:3 > a.service: none\n"
		"/etc/a.d/1 > /etc/a.d/1 > b.service: reload\n"
		"/etc/a.d/1 > /etc/a.d/1 > c.service: none\n" TREE);
}
END_TEST

START_TEST(nothing)
{
	view = NULL;
	have("file:/etc/alone", NULL, "a\n");
	have("unit:a.service", E "a.service", "[Service]\nExecStart=/srv/program\n");
	ck_assert_str_eq(
		explained("file:/etc/alone"), "it is no file of a unit, and no unit names it");
	ck_assert_str_eq(explained("file:/srv/program"),
		"/srv/program > ExecStart=/srv/program " E "a.service:2 > a.service: none\n"
		"the state does not have it: what others change in it restarts nothing, but where "
		"restart_on names it");
	ck_assert_str_eq(explained("service:none.service"),
		"the state has no file of this unit, and none that it names");
}
END_TEST

START_TEST(known_units)
{
	_cleanup_err_ struct err e = ERR_INIT;
	bool known;

	view = NULL;
	have("unit:a.service", E "a.service", "[Service]\nExecStart=/bin/true\n");
	explained("unit:a.service");
	ck_assert_int_eq(explain_knows_unit(view, "a.service", &known, &e), 0);
	ck_assert(known);
	ck_assert_int_eq(explain_knows_unit(view, "b.service", &known, &e), 0);
	ck_assert(!known);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("explain");
	TCase *cases = tcase_create("chains");

	tcase_add_checked_fixture(cases, start, end);
	tcase_add_test(cases, over_links);
	tcase_add_test(cases, drop_ins);
	tcase_add_test(cases, words_and_instances);
	tcase_add_test(cases, policies);
	tcase_add_test(cases, nothing);
	tcase_add_test(cases, known_units);
	suite_add_tcase(suite, cases);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
