/*
 * Requests as JSON and back, events, and the line reader (reconciler/client/request.c, event.c,
 * lines.c).
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "l4sync/event.h"
#include "l4sync/lines.h"
#include "l4sync/request.h"

START_TEST(test_round_trip)
{
	static const char *const only[] = {"file:/a", "unit:*"};
	const struct request r = {.command = "apply",
		.state = "/s",
		.source = "https://x",
		.ref = "main",
		.root = "/r",
		.host = "h",
		.n_only = 2,
		.only = only,
		.yes = true,
		.allow_removal = true,
		.allow_rewind = true,
		.heal = true,
		.lines = 5,
		.remote = "not sent",
		.verbosity = 1};
	_cleanup_arena_ struct arena *a = arena_new();
	_cleanup_err_ struct err e = ERR_INIT;
	struct request back;
	json_t *o = request_to_json(&r);

	ck_assert_uint_eq(json_object_size(o), 12);
	ck_assert_int_eq(request_from_json(a, o, &back, &e), 0);
	json_t *again = request_to_json(&back);
	ck_assert(json_equal(o, again));
	ck_assert_ptr_null(back.remote);
	ck_assert_int_eq(back.verbosity, 0);
	ck_assert_uint_eq(back.n_only, 2);
	ck_assert_str_eq(back.only[1], "unit:*");
	json_decref(o);
	json_decref(again);
}
END_TEST

START_TEST(test_defaults_do_not_travel)
{
	const struct request r = {.command = "plan", .remote = "x", .format = FORMAT_JSON};
	json_t *o = request_to_json(&r);
	_cleanup_free_ char *text = json_dumps(o, JSON_COMPACT);

	ck_assert_str_eq(text, "{\"command\":\"plan\"}");
	json_decref(o);
}
END_TEST

static const char *const two[] = {"file:/a b", "it's"};

static const struct {
	struct request request;
	const char *command;
} commands[] = {
	{{.command = "plan"}, "l4sync plan"},
	{{.command = "apply", .yes = true, .root = "/mnt", .host = "a", .state = "/s"},
		"l4sync apply --state /s --root /mnt --host a --yes"},
	{{.command = "apply",
		 .source = "https://x/y.git",
		 .ref = "main",
		 .allow_removal = true,
		 .allow_rewind = true},
		"l4sync apply --source https://x/y.git --ref main --allow-removal --allow-rewind"},
	{{.command = "apply", .heal = true, .yes = true}, "l4sync apply --yes --heal"},
	{{.command = "verify", .n_arguments = 2, .arguments = two},
		"l4sync verify 'file:/a b' 'it'\\''s'"},
	{{.command = "check", .n_only = 2, .only = two},
		"l4sync check --only 'file:/a b' --only 'it'\\''s'"},
	{{.command = "log", .lines = 5, .source = ""}, "l4sync log --source '' --lines 5"},
	/* How it is shown, and where it came from, is not what it does. */
	{{.command = "apply", .remote = "a", .format = FORMAT_JSON, .color = 1, .verbosity = 1},
		"l4sync apply"},
};

START_TEST(test_command)
{
	_cleanup_arena_ struct arena *a = arena_new();

	ck_assert_str_eq(request_command(a, &commands[_i].request), commands[_i].command);
}
END_TEST

static const struct {
	const char *json, *text;
} refused[] = {
	{"[]", "the request is not a JSON object"},
	{"{}", "the request names no command"},
	{"{\"command\":\"plan\",\"wish\":1}",
		"l4sync " L4SYNC_VERSION " on the host does not know \"wish\"; "
		"install the same version on both sides"},
	{"{\"command\":1}", "\"command\" of the request has the wrong type"},
	{"{\"command\":null}", "\"command\" of the request has the wrong type"},
	{"{\"command\":\"plan\",\"yes\":1}", "\"yes\" of the request has the wrong type"},
	{"{\"command\":\"apply\",\"heal\":1}", "\"heal\" of the request has the wrong type"},
	{"{\"command\":\"plan\",\"lines\":-1}", "\"lines\" of the request has the wrong type"},
	{"{\"command\":\"plan\",\"lines\":1.0}", "\"lines\" of the request has the wrong type"},
	{"{\"command\":\"plan\",\"only\":\"a\"}", "\"only\" of the request has the wrong type"},
	{"{\"command\":\"plan\",\"only\":[1]}", "\"only\" of the request has the wrong type"},
};

START_TEST(test_refused)
{
	_cleanup_arena_ struct arena *a = arena_new();
	_cleanup_err_ struct err e = ERR_INIT;
	struct request r = {.command = "untouched"};
	json_t *o = json_loads(refused[_i].json, 0, NULL);

	ck_assert_int_eq(request_from_json(a, o, &r, &e), -EBADMSG);
	ck_assert_str_eq(err_text(&e), refused[_i].text);
	ck_assert_str_eq(r.command, "untouched");
	json_decref(o);
}
END_TEST

struct recorder {
	struct sink sink;
	json_t *event;
};

static void record(struct sink *s, json_t *event)
{
	((struct recorder *)s)->event = event;
}

START_TEST(test_events)
{
	struct recorder r = {.sink = {.event = record}};

	event_message(&r.sink, "warning", "bad \xff byte\nof %d", 2);
	ck_assert_str_eq(
		json_string_value(json_object_get(r.event, "text")), "bad \\xff byte\nof 2");
	json_decref(r.event);
	event_emit(&r.sink, "{s:s, s:s}", "event", "log", "line", "\xff");
	ck_assert_str_eq(json_string_value(json_object_get(r.event, "event")), "error");
	json_decref(r.event);
	event_emit(&r.sink, "{s:s, s:o}", "event", "log", "line", event_string("\xff"));
	ck_assert_str_eq(json_string_value(json_object_get(r.event, "line")), "\\xff");
	json_decref(r.event);
}
END_TEST

static struct lines from_text(const char *text, size_t limit)
{
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	ck_assert_int_eq(write(fds[1], text, strlen(text)), (ssize_t)strlen(text));
	close(fds[1]);
	return (struct lines){.fd = fds[0], .limit = limit};
}

START_TEST(test_lines)
{
	_cleanup_lines_ struct lines l = from_text("a\n\nbc\r\nrest", 3);
	char *line;
	size_t size;

	ck_assert_int_eq(lines_wait(&l, &line, &size), 1);
	ck_assert_str_eq(line, "a");
	ck_assert_int_eq(lines_wait(&l, &line, &size), 1);
	ck_assert_uint_eq(size, 0);
	ck_assert_int_eq(lines_wait(&l, &line, &size), 1);
	ck_assert_str_eq(line, "bc");
	ck_assert_int_eq(lines_wait(&l, &line, &size), -EMSGSIZE);
	ck_assert_str_eq(lines_rest(&l), "rest");
	ck_assert_ptr_null(lines_rest(&l));
	ck_assert_int_eq(lines_wait(&l, &line, &size), 0);
	close(l.fd);
}
END_TEST

START_TEST(test_lines_limit)
{
	_cleanup_lines_ struct lines l = from_text("abcd\n", 3);
	char *line;
	size_t size;

	ck_assert_int_eq(lines_wait(&l, &line, &size), -EMSGSIZE);
	close(l.fd);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("request");
	TCase *t = tcase_create("request");

	tcase_add_test(t, test_round_trip);
	tcase_add_test(t, test_defaults_do_not_travel);
	tcase_add_loop_test(t, test_command, 0, (int)ELEMENTS(commands));
	tcase_add_loop_test(t, test_refused, 0, (int)ELEMENTS(refused));
	tcase_add_test(t, test_events);
	tcase_add_test(t, test_lines);
	tcase_add_test(t, test_lines_limit);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
