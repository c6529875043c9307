/*
 * Templates: what text comes out, and that nothing else than a variable's name is understood.
 */
#include <check.h>
#include <string.h>

#include "l4sync/reader.h"

static const struct {
	const char *text;
	const char *out; /* NULL: refused */
	unsigned column; /* where it is refused */
} templates[] = {
	{"", "", 0},
	{"no braces { } }}", "no braces { } }}", 0},
	{"{{a}}{{ a }}{{\ta}}", "111", 0},
	{"x{{ e }}y", "xy", 0},
	{"{{ \"{{\" }} a }}", "{{ a }}", 0},
	{"{{ {{ a }} }}", NULL, 1},
	{"äö {{ b }}", NULL, 4},
	{"{{ }}", NULL, 1},
	{"{{ a b }}", NULL, 1},
	{"{{ a.b }}", NULL, 1},
	{"{{ 1a }}", NULL, 1},
	{"{{ secret:a }}", NULL, 1},
	{"{{ a", NULL, 1},
	{"{{ a\n}}", NULL, 1},
	{"{{", NULL, 1},
	{"{{{ a }}}", NULL, 1},
};

START_TEST(render)
{
	_cleanup_arena_ struct arena *a = arena_new();
	struct diags diags = {.arena = a};
	struct node *vars = NULL;
	struct template_inserts inserts = {0};
	const void *out = NULL;
	size_t size = 0;
	static const char yaml[] = "{a: 1, e: ''}";

	ck_assert_int_eq(node_parse(a, "vars", yaml, strlen(yaml), &vars, &diags), 0);
	int r = template_render(a, &(struct template_names){.vars = vars}, "x.tmpl",
		templates[_i].text, strlen(templates[_i].text), &out, &size, &inserts, &diags);
	if (templates[_i].out) {
		ck_assert_int_eq(r, 0);
		ck_assert_uint_eq(size, strlen(templates[_i].out));
		ck_assert_str_eq(out, templates[_i].out);
	} else {
		ck_assert_int_lt(r, 0);
		ck_assert_ptr_null(out);
		ck_assert_uint_ge(diags.n, 1);
		ck_assert_uint_eq(diags.items[0].where.column, templates[_i].column);
	}
}
END_TEST

START_TEST(bytes_are_kept)
{
	_cleanup_arena_ struct arena *a = arena_new();
	struct diags diags = {.arena = a};
	static const char bytes[] = "\0\xff{\0{";
	const void *out;
	size_t size;

	ck_assert_int_eq(template_render(a, &(struct template_names){0}, "x", bytes,
				 sizeof bytes - 1, &out, &size, NULL, &diags),
		0);
	ck_assert_uint_eq(size, sizeof bytes - 1);
	ck_assert_mem_eq(out, bytes, size);
	ck_assert_int_lt(template_render(a, &(struct template_names){0}, "x", "{{ a }}", 7, &out,
				 &size, NULL, &diags),
		0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("template");
	TCase *t = tcase_create("all");

	tcase_add_loop_test(t, render, 0, ELEMENTS(templates));
	tcase_add_test(t, bytes_are_kept);
	suite_add_tcase(suite, t);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
