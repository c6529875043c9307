/*
 * Golden cases, one file NAME.case each, in a directory: a suite with a test for every one.
 * Included by the programs tests/unit/…_cases.c only.
 */
#ifndef L4SYNC_TESTS_CASE_FILES_H
#define L4SYNC_TESTS_CASE_FILES_H

#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "l4sync/text.h"

static struct dirent **names; /* by the test's _i */

struct case_suite {
	const char *dir, *title;
	const TTest *each;                      /* of every file */
	const TTest *also;                      /* beside them; NULL: none */
	void (*setup)(void), (*teardown)(void); /* may be NULL */
	enum print_output output;
};

static int is_case(const struct dirent *entry)
{
	return text_ends(entry->d_name, ".case");
}

/* What main() returns. */
static int run_case_suite(const struct case_suite *s)
{
	int n = scandir(s->dir, &names, is_case, alphasort);
	Suite *suite = suite_create(s->title);
	TCase *cases = tcase_create("golden");

	if (n <= 0) {
		fprintf(stderr, "no cases in %s; run from the top of the repository\n", s->dir);
		return 1;
	}
	tcase_add_checked_fixture(cases, s->setup, s->teardown);
	tcase_add_loop_test(cases, s->each, 0, n);
	if (s->also)
		tcase_add_test(cases, s->also);
	suite_add_tcase(suite, cases);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, s->output);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	for (int i = 0; i < n; i++)
		free(names[i]);
	free(names);
	return failed ? 1 : 0;
}

#endif
