/* What systemd-analyze security prints, and what would lower its number. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "../../reconciler/analyze/exposure.h"
#include "l4sync/analyze.h"

/* As systemd 257 prints it (offline; without the descriptions), of a service with nothing but a
 * command, and of left4me-web.service and left4me-server@.service, for which it said: */
#define RECORDED "tests/unit/exposure/systemd-257.json"
static const unsigned recorded_tenths[] = {94, 41, 13};

static struct arena *arena;
static struct exposure recorded[3];

static void setup(void)
{
	char *text = NULL;
	size_t size = 0;
	FILE *f = fopen(RECORDED, "re");

	arena = arena_new();
	ck_assert_msg(f, RECORDED);
	ck_assert_int_gt(getdelim(&text, &size, '\0', f), 0);
	fclose(f);
	ck_assert_uint_eq(exposures_parse(arena, text, recorded, 3), 3);
	free(text);
}

static void teardown(void)
{
	arena_free(arena);
}

START_TEST(its_own_number)
{
	ck_assert(recorded[_i].known);
	ck_assert_uint_eq(recorded[_i].n, 81);
	ck_assert_uint_eq(recorded[_i].tenths, recorded_tenths[_i]);
}
END_TEST

static const char *const advice[] = {
	": CapabilityBoundingSet= would take 2.5 off, SystemCallFilter=~@clock @cpu-emulation "
	"@debug @module @mount @obsolete @privileged @raw-io @reboot @resources @swap 1.6, "
	"RestrictNamespaces=yes 0.7, PrivateDevices=yes 0.6, PrivateNetwork=yes 0.4",
	": CapabilityBoundingSet= would take 2.0 off, PrivateDevices=yes 0.5, PrivateNetwork=yes "
	"0.4, RestrictAddressFamilies=~AF_UNIX AF_INET AF_INET6 0.2, "
	"SystemCallFilter=~@resources @privileged 0.2",
	": PrivateNetwork=yes would take 0.4 off, RestrictAddressFamilies=~AF_UNIX AF_INET "
	"AF_INET6 0.2, IPAddressDeny=any 0.1, SystemCallArchitectures=native 0.1, "
	"SystemCallFilter=~@resources 0.1",
};

START_TEST(what_lowers_it)
{
	ck_assert_str_eq(exposure_advice_text(arena, &recorded[_i]), advice[_i]);
}
END_TEST

static size_t n_rules;

static void has_rows(const char *row, void *userdata)
{
	const struct exposure *x = userdata;
	bool found = false;

	for (size_t i = 0; i < x->n; i++)
		found |= !strncmp(x->rows[i].setting, row, strlen(row));
	ck_assert_msg(found, "no row of systemd begins with %s", row);
	n_rules++;
}

static void covers(const char *row, void *userdata)
{
	const char **name = userdata;

	if (*name && !strncmp(*name, row, strlen(row)))
		*name = NULL;
}

/* Each row that systemd has can be mended, and nothing is said of rows that it does not have. */
START_TEST(every_row)
{
	exposure_advice_each(has_rows, &recorded[0]);
	ck_assert_uint_gt(n_rules, 30);
	for (size_t i = 0; i < recorded[0].n; i++) {
		const char *name = recorded[0].rows[i].setting;

		exposure_advice_each(covers, &name);
		ck_assert_msg(!name, "nothing is known of %s", name);
	}
}
END_TEST

#define ROW(set, name, weight, badness)                                                            \
	"{\"set\":" set ",\"name\":\"" name "\",\"weight\":" weight ",\"badness\":" badness        \
	",\"range\":10}"
#define NAMES "[{\"unit\":\"a.service\",\"exposure\":\"9.0\"}]"

static const struct {
	const char *text;
	size_t n;
	bool known; /* the first */
	unsigned tenths;
} texts[] = {
	{"", 0, false, 0},
	{"Unit a.service not found.", 0, false, 0},
	{"[" ROW("false", "A=", "3", "10") "]\n\n[" ROW("true", "A=", "3", "0") "]\n\n" NAMES, 2,
		true, 100},
	{"[" ROW("false", "A=", "1", "10") "," ROW("true", "B=", "2", "0") "]", 1, true, 34},
	{"[" ROW("null", "A=", "1", "18446744073709551615") "," ROW("true", "B=", "2", "5") "]", 1,
		true, 50},
	{"[" ROW("null", "A=", "1", "18446744073709551615") "]", 1, false, 0},
	{"[" ROW("false", "A=", "1", "11") "]", 1, false, 0},
	{"[" ROW("false", "A=", "-1", "1") "]", 1, false, 0},
	{"[" ROW("false", "A=", "1e9", "1") "]", 1, false, 0},
	{"[{\"set\":true,\"name\":\"A=\",\"exposure\":null}]", 1, false, 0},
	{"[1]", 1, false, 0},
	{"[]", 1, false, 0},
	{"{}", 0, false, 0},
	{"[" ROW("false", "A=", "1", "10"), 0, false, 0},
};

START_TEST(text)
{
	struct exposure x[3] = {{0}};

	ck_assert_uint_eq(exposures_parse(arena, texts[_i].text, x, 3), texts[_i].n);
	ck_assert_int_eq(x[0].known, texts[_i].known);
	ck_assert_uint_eq(x[0].tenths, texts[_i].tenths);
	if (!texts[_i].known)
		ck_assert_str_eq(exposure_advice_text(arena, &x[0]), "");
}
END_TEST

START_TEST(more_than_asked)
{
	static const char two[] =
		"[" ROW("false", "A=", "3", "10") "][" ROW("true", "A=", "3", "0") "]";
	struct exposure x[2] = {{0}};

	ck_assert_uint_eq(exposures_parse(arena, two, x, 1), 2);
	ck_assert(!x[1].rows);
}
END_TEST

START_TEST(tenths)
{
	ck_assert_uint_eq(exposure_tenths("1.3"), 13);
	ck_assert_uint_eq(exposure_tenths("4"), 40);
	ck_assert_uint_eq(exposure_tenths("10.0"), 100);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("exposure");
	TCase *t = tcase_create("all");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, its_own_number, 0, ELEMENTS(recorded));
	tcase_add_loop_test(t, what_lowers_it, 0, ELEMENTS(recorded));
	tcase_add_test(t, every_row);
	tcase_add_loop_test(t, text, 0, ELEMENTS(texts));
	tcase_add_test(t, more_than_asked);
	tcase_add_test(t, tenths);
	suite_add_tcase(suite, t);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
