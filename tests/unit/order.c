/*
 * The order of findings, and of restarts: random graphs against the definition (of all that may go
 * next, the first in natural order), and cycles told whole.
 */
#include <check.h>
#include <errno.h>
#include <string.h>

#include "l4sync/mem.h"
#include "l4sync/plan.h"
#include "l4sync/text.h"

#define UNITS_MAX 12

static struct arena *arena;
static unsigned long long seed;

static void setup(void)
{
	arena = arena_new();
}

static void teardown(void)
{
	arena_free(arena);
}

static size_t draw(size_t below)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (size_t)(seed >> 33) % below;
}

/* Every edge kept, and at each place nothing free that would come before in natural order. */
static void check_order(const char *const *names, size_t n, const struct unit_edge *edges,
	size_t n_edges, const size_t *order)
{
	bool done[UNITS_MAX] = {0};

	for (size_t k = 0; k < n; k++) {
		ck_assert_uint_lt(order[k], n);
		ck_assert(!done[order[k]]);
		for (size_t i = 0; i < n; i++) {
			bool is_free = !done[i];

			for (size_t x = 0; x < n_edges; x++)
				is_free &= edges[x].then != i || done[edges[x].first];
			if (i == order[k])
				ck_assert(is_free);
			else if (is_free)
				ck_assert_int_le(text_natural_cmp(names[order[k]], names[i]), 0);
		}
		done[order[k]] = true;
	}
}

START_TEST(random_graphs)
{
	const char *names[UNITS_MAX];
	struct unit_edge edges[UNITS_MAX * UNITS_MAX];
	size_t rank[UNITS_MAX], n, n_edges = 0, *order;
	_cleanup_err_ struct err e = ERR_INIT;

	seed = (unsigned long long)_i + 1;
	n = draw(UNITS_MAX) + 1;
	for (size_t i = 0; i < n; i++) {
		names[i] = arena_printf(arena, "unit@%zu.service", draw(30));
		rank[i] = draw(1000);
	}
	/* Edges go up in rank only, so there is no cycle; some twice. */
	for (size_t i = 0; i < n * n / 3; i++) {
		size_t a = draw(n), b = draw(n);

		if (rank[a] < rank[b])
			edges[n_edges++] = (struct unit_edge){a, b};
	}
	ck_assert_int_eq(order_units(arena, "restarts", names, n, edges, n_edges, &order, &e), 0);
	check_order(names, n, edges, n_edges, order);
}
END_TEST

START_TEST(natural)
{
	static const char *const names[] = {
		"t@10.service", "web.service", "t@2.service", "t@1.service", "a.service"};
	static const size_t expected[] = {4, 3, 2, 0, 1};
	_cleanup_err_ struct err e = ERR_INIT;
	size_t *order;

	ck_assert_int_eq(order_units(arena, "restarts", names, 5, NULL, 0, &order, &e), 0);
	ck_assert(!memcmp(order, expected, sizeof expected));
	ck_assert_int_eq(order_units(arena, "restarts", names, 0, NULL, 0, &order, &e), 0);
}
END_TEST

/* As instances come, sorted by their bytes; findings of other kinds stay where they are. */
START_TEST(findings_natural)
{
	static const struct {
		const char *code, *where, *text;
	} added[] = {
		{"z", NULL, "first"},
		{"a", "unit:t@.service", "t@1.service runs"},
		{"a", "unit:t@.service", "t@10.service runs"},
		{"a", "unit:t@.service", "t@2.service runs"},
		{"a", "/t@9.service.d/x", "is there"},
		{"b", "/t@8.service.d/x", "is there"},
	};
	static const size_t expected[] = {0, 4, 1, 3, 2, 5};
	struct plan *p = plan_new(arena);

	for (size_t i = 0; i < ELEMENTS(added); i++)
		finding_add(
			&p->findings, "stale", added[i].code, added[i].where, "%s", added[i].text);
	ck_assert_uint_eq(p->findings.n, ELEMENTS(added));
	for (size_t i = 0; i < ELEMENTS(added); i++)
		ck_assert_str_eq(p->findings.items[i].text, added[expected[i]].text);
	for (size_t i = 0; i < ELEMENTS(added); i++)
		ck_assert_str_eq(p->findings.items[i].code, added[expected[i]].code);
	plan_free(p);
}
END_TEST

START_TEST(cycles)
{
	static const char *const names[] = {"a", "b", "c", "d", "e"};
	static const struct {
		size_t n_edges;
		struct unit_edge edges[4];
		const char *text;
	} cases[] = {
		{2, {{0, 1}, {1, 0}}, "a after b after a"},
		{3, {{0, 1}, {1, 2}, {2, 0}}, "a after c after b after a"},
		{1, {{0, 0}}, "a after a"},
		/* Who only waits for a cycle is no part of it. */
		{3, {{1, 2}, {2, 1}, {1, 0}}, "b after c after b"},
		/* Who goes before one neither. */
		{4, {{0, 1}, {1, 2}, {2, 3}, {3, 1}}, "b after d after c after b"},
	};
	_cleanup_err_ struct err e = ERR_INIT;
	size_t untouched = 7, *order = &untouched;

	ck_assert_int_eq(order_units(arena, "restarts", names, 5, cases[_i].edges,
				 cases[_i].n_edges, &order, &e),
		-ELOOP);
	ck_assert_ptr_eq(order, &untouched);
	const char *colon = strchr(err_text(&e), ':');
	ck_assert_ptr_nonnull(colon);
	ck_assert_str_eq(colon + 2, cases[_i].text);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("order");
	TCase *c = tcase_create("units");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_loop_test(c, random_graphs, 0, 500);
	tcase_add_test(c, natural);
	tcase_add_test(c, findings_natural);
	tcase_add_loop_test(c, cycles, 0, 5);
	suite_add_tcase(s, c);
	SRunner *runner = srunner_create(s);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
