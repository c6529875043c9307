/* Each row of the table of kernel truth has a case on a real host, and is there once. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "l4sync/mem.h"
#include "l4sync/truth.h"

#define CASES "tests/host/fixtures/verify/"
#define ROWS_MAX 256

struct seen {
	size_t n, without_case, twice;
	const char *names[ROWS_MAX];
};

static bool has_case(const char *file, const char *directive)
{
	FILE *f = fopen(file, "re");
	char line[512];
	size_t n = strlen(directive);
	bool found = false;

	ck_assert_ptr_nonnull(f);
	while (!found && fgets(line, sizeof line, f))
		found = !strncmp(line, directive, n) && line[n] == '|';
	fclose(f);
	return found;
}

static void row(const char *directive, void *userdata)
{
	struct seen *s = userdata;

	for (size_t i = 0; i < s->n; i++)
		if (!strcmp(s->names[i], directive)) {
			printf("%s is there twice\n", directive);
			s->twice++;
		}
	ck_assert_uint_lt(s->n, ROWS_MAX);
	s->names[s->n++] = directive;
	if (has_case(CASES "container.cases", directive) || has_case(CASES "vm.cases", directive))
		return;
	printf("%s has no case in " CASES "\n", directive);
	s->without_case++;
}

START_TEST(cases)
{
	struct seen s = {0};

	truth_each(row, &s);
	ck_assert_uint_eq(s.without_case, 0);
	ck_assert_uint_eq(s.twice, 0);
	ck_assert_uint_gt(s.n, 60);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("truth_rows");
	TCase *t = tcase_create("all");

	tcase_add_test(t, cases);
	suite_add_tcase(suite, t);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
