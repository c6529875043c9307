/*
 * What the root part takes from the unprivileged child, and what not: every module's check, with
 * resources that a reader which was taken over might send. And the places that names come from.
 */
#include <check.h>
#include <string.h>

#include "l4sync/check.h"
#include "l4sync/module.h"
#include "l4sync/places.h"

#define FILE_ATTRS "owner", "root", "group", "root", "mode", "0644"
#define UNIT_PATH "path", "/etc/systemd/system/a.service"

enum { NO = 0, BYTES = 1, SECRET = 2, HASH_ONLY = 4 };

static const struct {
	bool ok;
	const char *id;
	int content;
	const char *attrs[24]; /* key, value, … */
} items[] = {
	{true, "file:/etc/x", BYTES, {FILE_ATTRS}},
	{true, "file:/etc/x", BYTES | SECRET, {"owner", "980", "group", "a-b_c.d", "mode", "4755"}},
	{true, "file:/etc/sysctl.d/x.conf", BYTES, {FILE_ATTRS}},
	{true, "file:/running/x", BYTES, {FILE_ATTRS}},
	{false, "file:/etc/x", NO, {FILE_ATTRS}},
	{false, "file:/etc/x", HASH_ONLY, {FILE_ATTRS}},
	{false, "file:/etc/x", BYTES, {"owner", "root", "group", "root"}},
	{false, "file:/etc/x", BYTES, {FILE_ATTRS, "target", "x"}},
	{false, "file:/etc/x", BYTES, {FILE_ATTRS, "mode", "0600"}},
	{false, "file:/etc/x", BYTES, {"owner", "root", "group", "root", "mode", "644"}},
	{false, "file:/etc/x", BYTES, {"owner", "root", "group", "root", "mode", "0888"}},
	{false, "file:/etc/x", BYTES, {"owner", "", "group", "root", "mode", "0644"}},
	{false, "file:/etc/x", BYTES, {"owner", "a:b", "group", "root", "mode", "0644"}},
	{false, "file:/etc/x", BYTES, {"owner", "4294967295", "group", "root", "mode", "0644"}},
	{false, "file:/etc/x", BYTES, {"owner", "-1", "group", "root", "mode", "0644"}},
	{false, "file:/etc/x", BYTES, {"owner", "65535", "group", "root", "mode", "0644"}},
	{false, "file:etc/x", BYTES, {FILE_ATTRS}},
	{false, "file:", BYTES, {FILE_ATTRS}},
	{false, "file:/", BYTES, {FILE_ATTRS}},
	{false, "file:/etc/", BYTES, {FILE_ATTRS}},
	{false, "file:/etc//x", BYTES, {FILE_ATTRS}},
	{false, "file:/etc/./x", BYTES, {FILE_ATTRS}},
	{false, "file:/etc/../x", BYTES, {FILE_ATTRS}},
	{false, "file:/etc/..", BYTES, {FILE_ATTRS}},
	{false, "file:/proc/sys/kernel/core_pattern", BYTES, {FILE_ATTRS}},
	{false, "file:/sys", BYTES, {FILE_ATTRS}},
	{false, "file:/dev/x", BYTES, {FILE_ATTRS}},
	{false, "file:/run/x", BYTES, {FILE_ATTRS}},
	{false, "file:/etc/a\nb", BYTES, {FILE_ATTRS}},
	{false, "file:/etc/\x1b[2J", BYTES, {FILE_ATTRS}},
	{false, "file:/etc/\xff", BYTES, {FILE_ATTRS}},
	{false, "file:/etc/systemd/system/a.service", BYTES, {FILE_ATTRS}},
	{false, "file:/etc/systemd/system/a.target.wants/b.service", BYTES, {FILE_ATTRS}},
	{true, "link:/etc/x", NO, {"target", "../y"}},
	{true, "link:/etc/x", NO, {"target", "/dev/null"}},
	{false, "link:/etc/x", NO, {"target", ""}},
	{false, "link:/etc/x", NO, {"target", "a\tb"}},
	{false, "link:/etc/x", NO, {NULL}},
	{false, "link:/etc/x", BYTES, {"target", "y"}},
	{false, "link:/etc/x", NO, {"target", "y", "mode", "0644"}},
	{false, "link:/etc/systemd/system/a.service.requires/b.service", NO, {"target", "../b"}},
	{true, "dir:/etc", NO, {NULL}},
	{true, "dir:/etc", NO, {"owner", "root", "mode", "0755"}},
	{false, "dir:/", NO, {NULL}},
	{true, "dir:/run/x", NO, {NULL}},
	{false, "dir:/dev/x", NO, {NULL}},
	{true, "link:/run/x", NO, {"target", "y", "if-absent", "true"}},
	{false, "link:/sys/x", NO, {"target", "y"}},
	{true, "file:/etc/tmpfiles.d/x.conf", BYTES, {FILE_ATTRS, "uncompared", "3, 7"}},
	{false, "file:/etc/x", BYTES, {FILE_ATTRS, "uncompared", "all"}},
	{true, "user:a", NO, {NULL}},
	{true, "user:_a-1", NO,
		{"uid", "980", "group", "b", "gecos", "", "home", "/", "shell", "/bin/sh", "locked",
			"true", "range", "1-2", "range", "3"}},
	{true, "user:a", NO, {"uid", "/usr/bin/wall", "group", "0"}},
	{false, "user:1a", NO, {NULL}},
	{false, "user:a.b", NO, {NULL}},
	{false, "user:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NO, {NULL}},
	{false, "user:a", BYTES, {NULL}},
	{false, "user:a", NO, {"uid", "65535"}},
	{false, "user:a", NO, {"uid", "01"}},
	{false, "user:a", NO, {"uid", "a"}},
	{false, "user:a", NO, {"group", "a,b"}},
	{false, "user:a", NO, {"gecos", "a:b"}},
	{false, "user:a", NO, {"home", "/a:b"}},
	{false, "user:a", NO, {"shell", "sh"}},
	{false, "user:a", NO, {"locked", "false"}},
	{false, "user:a", NO, {"range", "2-1"}},
	{false, "user:a", NO, {"members", ""}},
	{true, "group:a", NO, {"gid", "980", "members", "a,b"}},
	{true, "group:a", NO, {"members", ""}},
	{false, "group:a", NO, {"gid", "980"}},
	{false, "group:a", NO, {"members", "b,a"}},
	{false, "group:a", NO, {"members", "a,a"}},
	{false, "group:a", NO, {"members", "a,"}},
	{false, "group:a", NO, {"members", ",a"}},
	{false, "dir:/etc", BYTES, {NULL}},
	{false, "dir:/etc", NO, {"target", "x"}},
	{true, "unit:a.service", BYTES, {FILE_ATTRS, UNIT_PATH}},
	{true, "unit:a.service", NO, {UNIT_PATH, "target", "/dev/null"}},
	{true, "unit:a.service", BYTES, {UNIT_PATH, "target", "/opt/a.service"}},
	{false, "unit:a.service", BYTES, {FILE_ATTRS}},
	{false, "unit:b.service", BYTES, {FILE_ATTRS, UNIT_PATH}},
	{false, "unit:a.service", BYTES, {FILE_ATTRS, UNIT_PATH, "target", "x"}},
	{false, "unit:a.service", BYTES, {FILE_ATTRS, "path", "/etc/systemd/system/../a.service"}},
	{false, "unit:a.service", BYTES, {FILE_ATTRS, "path", "/run/systemd/system/a.service"}},
	{false, "unit:a.service", BYTES, {FILE_ATTRS, "path", "/etc/passwd"}},
	{false, "unit:/etc/passwd", BYTES, {FILE_ATTRS, "path", "/etc/passwd"}},
	{false, "unit:a.service", NO, {FILE_ATTRS, UNIT_PATH}},
	{true, "dropin:a.service/1.conf", BYTES,
		{FILE_ATTRS, "path", "/usr/lib/systemd/system/a.service.d/1.conf"}},
	{false, "dropin:a.service/2.conf", BYTES,
		{FILE_ATTRS, "path", "/usr/lib/systemd/system/a.service.d/1.conf"}},
	{true, "service:a@1.service", NO, {"enabled", "true", "state", "running"}},
	{true, "service:a.timer", NO,
		{"restart.after", "b.service", "restart.after", "c.service", "restart.mode",
			"never", "restart.settle", "5000000000"}},
	{false, "service:a.service", NO, {"enabled", "yes"}},
	{false, "service:a.service", NO, {"state", "keep"}},
	{true, "service:a@.service", NO, {"foreign_dropins", "remove"}},
	{false, "service:a.service", NO, {"foreign_dropins", "delete"}},
	{false, "service:a@.service", NO, {"state", "running"}},
	{false, "service:a.service", NO, {"restart.after", "../b.service"}},
	{false, "service:a.service", NO, {"restart.settle", "-1"}},
	{false, "service:a.service", NO, {"restart.settle", "99999999999999999999"}},
	{true, "service:t@.service", NO,
		{"restart.before", "/bin/a %i 'b c'", "restart.busy", "/bin/b", "restart.check",
			"/bin/c %%"}},
	{false, "service:a.service", NO, {"restart.check", "sh"}},
	{false, "service:a.service", NO, {"restart.busy", "/bin/a %h"}},
	{false, "service:a.service", NO, {"restart.before", "/bin/a \"b"}},
	{false, "service:a.service", NO, {"restart.busy", "/bin/a", "restart.busy", "/bin/b"}},
	{false, "service:a.service", NO, {"restart.ready", "/bin/a"}},
	{false, "service:../a.service", NO, {NULL}},
	{false, "service:a", NO, {NULL}},
	{false, "service:a b.service", NO, {NULL}},
	{true, "sysctl:kernel.yama.ptrace_scope", NO, {"value", "2"}},
	{true, "sysctl:net.ipv4.conf.eth0/100.forwarding", NO, {"value", "1", "ignore", "true"}},
	{true, "sysctl:net.ipv4.tcp_rmem", NO, {"value", "1\t2 3"}},
	{true, "sysctl:kernel.hotplug", NO, {"value", ""}},
	{false, "sysctl:kernel.x", NO, {NULL}},
	{false, "sysctl:kernel.x", NO, {"value", " 1"}},
	{false, "sysctl:kernel.x", NO, {"value", "1\n2"}},
	{false, "sysctl:kernel.x", NO, {"value", "1", "ignore", "false"}},
	{false, "sysctl:kernel/x", NO, {"value", "1"}},
	{false, "sysctl:kernel.//./etc/passwd", NO, {"value", "1"}},
	{false, "sysctl:..", NO, {"value", "1"}},
	{false, "sysctl:kernel.//.x", NO, {"value", "1"}},
	{false, "sysctl:kernel..x", NO, {"value", "1"}},
	{false, "sysctl:kernel.x.", NO, {"value", "1"}},
	{false, "sysctl:net.*.x", NO, {"value", "1"}},
	{false, "sysctl:", NO, {"value", "1"}},
};

START_TEST(item_check)
{
	_cleanup_resources_ struct resources *set = resources_new();
	_cleanup_err_ struct err e = ERR_INIT;
	struct resource *item = resources_add(set, items[_i].id);
	struct content *content = content_new(set->arena, "x", 1);

	if (items[_i].content & HASH_ONLY)
		content->data = NULL;
	if (items[_i].content & (BYTES | HASH_ONLY))
		item->content = content;
	item->secret = items[_i].content & SECRET;
	for (size_t i = 0; items[_i].attrs[i]; i += 2)
		resource_add(set->arena, item, items[_i].attrs[i], items[_i].attrs[i + 1]);
	const struct module *m = module_of(modules, item->id);
	ck_assert_ptr_nonnull(m);
	int r = m->check(item, &e);
	ck_assert_msg((r == 0) == items[_i].ok, "%s (number %d): %s", item->id, _i, err_text(&e));
	ck_assert_int_eq(r < 0, e.text != NULL);
}
END_TEST

START_TEST(long_paths)
{
	_cleanup_arena_ struct arena *a = arena_new();
	char name[CHECK_NAME_MAX + 2] = "", path[CHECK_PATH_MAX + 2] = "/";

	memset(name, 'a', CHECK_NAME_MAX);
	ck_assert_int_eq(check_path(arena_printf(a, "/%s", name), NULL), 0);
	ck_assert_int_lt(check_path(arena_printf(a, "/%sa", name), NULL), 0);
	for (size_t i = 1; i < CHECK_PATH_MAX; i++)
		path[i] = i % 100 ? 'a' : '/';
	ck_assert_int_eq(check_path(path, NULL), 0);
	strcat(path, "a");
	ck_assert_int_lt(check_path(path, NULL), 0);
}
END_TEST

START_TEST(types_have_modules)
{
	ck_assert_ptr_null(module_of(modules, "fil:/etc/x"));
	ck_assert_ptr_null(module_of(modules, "files:/etc/x"));
	ck_assert_ptr_null(module_of(modules, ":x"));
	for (const struct module *const *m = modules; *m; m++) {
		_cleanup_arena_ struct arena *a = arena_new();

		ck_assert_ptr_eq(module_of(modules, arena_printf(a, "%s:x", (*m)->type)), *m);
		ck_assert((*m)->check);
		ck_assert(!(*m)->inspect == !(*m)->compared);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("check");
	TCase *t = tcase_create("all");

	tcase_add_loop_test(t, item_check, 0, ELEMENTS(items));
	tcase_add_test(t, long_paths);
	tcase_add_test(t, types_have_modules);
	suite_add_tcase(suite, t);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
