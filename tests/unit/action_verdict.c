/* Every combination of what an action's verdict is made of, against the numbered table
 * (reconciler/plan/action_verdict.c), said in another way. */
#include <check.h>

#include "l4sync/action.h"

enum triggers { NO_TRIGGERS, SAME, CHANGED, CHANGES_NOW, TRIGGERS };
enum { KNOWNS = KNOWN_PENDING + 1, ANSWERS = ANSWER_UNKNOWN + 1 };

/* Row by row, the first that fits; * is any, a set of digits one of them. */
static const struct row {
	unsigned number;
	const char *triggers, *known, *answer; /* digits of the enums */
	bool runs;
} rows[] = {
	{2, "1", "1", "*", false},
	{8, "012", "*", "1", false},
	{9, "3", "*", "1", true},
	{3, "*", "3", "023", true},
	{1, "0", "1", "0", false},
	{4, "0", "0", "0", true},
	{5, "0", "2", "0", true},
	{7, "0", "012", "23", true},
	{4, "123", "0", "023", true},
	{5, "123", "2", "023", true},
	{6, "23", "1", "023", true},
};

static bool fits(const char *set, int value)
{
	for (; *set; set++)
		if (*set == '*' || *set - '0' == value)
			return true;
	return false;
}

static struct action_facts facts_of(int i)
{
	enum triggers triggers = (enum triggers)(i % TRIGGERS);

	return (struct action_facts){
		.has_triggers = triggers != NO_TRIGGERS,
		.triggered = triggers == CHANGED || triggers == CHANGES_NOW,
		.now = triggers == CHANGES_NOW,
		.known = (enum action_known)(i / TRIGGERS % KNOWNS),
		.answer = (enum action_answer)(i / TRIGGERS / KNOWNS),
	};
}

START_TEST(every_combination)
{
	const struct action_facts f = facts_of(_i);
	const struct row *row = rows;
	bool runs;

	while (!fits(row->triggers, _i % TRIGGERS) || !fits(row->known, f.known) ||
		!fits(row->answer, f.answer)) {
		row++;
		ck_assert(row < rows + ELEMENTS(rows));
	}
	ck_assert_uint_eq(action_verdict(&f, &runs), row->number);
	ck_assert_int_eq(runs, row->runs);
}
END_TEST

/* Where nothing is to be done whatever it says, nobody asks; else its answer would be missing. */
START_TEST(unless_is_asked)
{
	struct action_facts f = facts_of(_i);
	bool runs, might = false;

	if (f.answer == ANSWER_NONE)
		return;
	for (f.answer = ANSWER_NOTHING; f.answer <= ANSWER_UNKNOWN; f.answer++) {
		action_verdict(&f, &runs);
		might |= runs;
	}
	f.answer = ANSWER_UNKNOWN;
	ck_assert_int_eq(action_is_due(&f), might);
}
END_TEST

START_TEST(each_row_is_met)
{
	for (unsigned number = 1; number <= 9; number++) {
		bool met = false, runs;

		for (int i = 0; i < TRIGGERS * KNOWNS * ANSWERS; i++) {
			const struct action_facts f = facts_of(i);

			met |= action_verdict(&f, &runs) == number;
		}
		ck_assert_msg(met, "row %u", number);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("action verdicts");
	TCase *t = tcase_create("all");

	tcase_add_loop_test(t, every_combination, 0, TRIGGERS * KNOWNS * ANSWERS);
	tcase_add_loop_test(t, unless_is_asked, 0, TRIGGERS * KNOWNS * ANSWERS);
	tcase_add_test(t, each_row_is_met);
	suite_add_tcase(suite, t);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
