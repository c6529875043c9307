/*
 * Restarts that are owed, in a plan: which become effects again, which are over because what the
 * unit runs with is wanted again, which are held; what a plan then owes. And the file of them.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>

#include "../unit_tree.h"
#include "../../reconciler/plan/effects_internal.h"
#include "l4sync/deferred.h"
#include "l4sync/module.h"
#include "l4sync/txn.h"
#include "l4sync/unit_view.h"

#define D "dropin:t@.service/10-a.conf"
#define F "file:/etc/t.env"

static const unsigned char test_key[HASH_SIZE] = "the key of no host";

static struct resource *resource(const char *id, const char *content, bool secret)
{
	struct resource *item = arena_new_of(arena, struct resource);

	item->id = id;
	item->secret = secret;
	if (content)
		item->content = content_new(arena, content, strlen(content));
	return item;
}

static const char *hash_of(const char *content, bool keyed)
{
	struct hash h = keyed ? hash_hmac(test_key, content, strlen(content))
			      : hash_sha256(content, strlen(content));
	char text[HASH_TEXT_MAX];

	hash_text(&h, keyed ? "hmac-sha256" : "sha256", text);
	return arena_strdup(arena, text);
}

/* A plan of t@2.service, which owes a restart because of D, that was "one" when it was started. */
struct scene {
	struct resources *want;
	struct plan *plan;
	struct unit_view *view;
};

static struct scene scene(const char *mode, const char *wanted)
{
	struct scene s = {.want = resources_new(), .plan = plan_new(arena)};

	resource_set(arena, resources_add(s.want, "service:t@.service"), "restart.mode", mode);
	if (wanted)
		resources_add_ref(s.want, resource(D, wanted, false));
	resources_sort(s.want, NULL);
	s.plan->want = s.want;
	s.plan->changes = arena_array(arena, struct change, 4);
	s.plan->debts = (struct debts){1, arena_new_of(arena, struct debt)};
	s.plan->debts.items[0] = (struct debt){.unit = "t@2.service",
		.invocation = "0123",
		.since = 1000,
		.reason = "busy",
		.n_causes = 1,
		.causes = arena_new_of(arena, struct debt_cause),
		.marker = MARKER_SET};
	s.plan->debts.items[0].causes[0] = (struct debt_cause){D, hash_of("one", false)};
	s.view = unit_view_new(host, arena, s.want, NULL, NULL);
	return s;
}

static void change(struct scene *s, const char *id, const char *live, const char *want)
{
	s->plan->changes[s->plan->n_changes++] = (struct change){.id = id,
		.module = module_of(modules, id),
		.op = OP_UPDATE,
		.live = live ? resource(id, live, false) : NULL,
		.want = want ? resource(id, want, false) : NULL};
}

static void restart(struct scene *s, const char *unit, const char *because)
{
	struct effects *f = &s->plan->effects;

	f->items = grow(f->items, &f->cap, f->n, sizeof(*f->items));
	f->items[f->n] = (struct effect){.action = ACTION_RESTART, .target = unit, .n_because = 1};
	f->items[f->n].because = arena_new_of(arena, const char *);
	f->items[f->n++].because[0] = because;
}

/* "UNIT because IDS: deferred held INVOCATION" of each effect. */
static const char *outcome(struct scene *s)
{
	_cleanup_err_ struct err e = ERR_INIT;
	_cleanup_buf_ struct buf b = BUF_INIT;

	ck_assert_msg(plan_deferred(s->plan, s->view, test_key, &e) >= 0, "%s", err_text(&e));
	for (size_t i = 0; i < s->plan->effects.n; i++) {
		const struct effect *f = &s->plan->effects.items[i];

		buf_addf(&b, "%s%s because", i ? ", " : "", f->target);
		for (size_t k = 0; k < f->n_because; k++)
			buf_addf(&b, " %s", f->because[k]);
		buf_addf(&b, "%s%s%s%s", f->deferred || f->invocation ? ":" : "",
			f->deferred ? " deferred" : "", f->held ? " held" : "",
			f->invocation ? arena_printf(arena, " of %s", f->invocation) : "");
	}
	buf_addf(&b, "%s", s->plan->debts.items[0].settled ? "; settled" : "");
	return arena_strdup(arena, b.data);
}

static void done(struct scene *s)
{
	plan_free(s->plan);
	resources_free(s->want);
}

START_TEST(due)
{
	struct scene s = scene("rolling", "two");

	ck_assert_str_eq(outcome(&s), "t@2.service because " D ": deferred of 0123");
	ck_assert_uint_eq(s.plan->findings.n, 1);
	ck_assert_str_eq(s.plan->findings.items[0].code, "restart-deferred");
	ck_assert_str_eq(s.plan->findings.items[0].text,
		"t@2.service keeps its old configuration, since 1970-01-01 00:16:40 UTC, because "
		"it "
		"was busy; the next apply tries again");
	ck_assert_uint_eq(plan_restarts(s.plan), 0);
	ck_assert_uint_eq(plan_deferrals(s.plan, false), 1);
	ck_assert_uint_eq(plan_deferrals(s.plan, true), 0);
	done(&s);
}
END_TEST

START_TEST(back)
{
	struct scene s = scene("rolling", "one");

	ck_assert_str_eq(outcome(&s), "; settled");
	done(&s);
	/* With the change that brings it back, which asks for a restart of what has the new. */
	s = scene("rolling", "one");
	change(&s, D, "two", "one");
	restart(&s, "t@1.service", D);
	restart(&s, "t@2.service", D);
	ck_assert_str_eq(outcome(&s), "t@1.service because " D "; settled");
	/* So that it is not taken for an instance that has come meanwhile. */
	struct debts owed = {0}, all = plan_debts(s.plan, &owed);
	ck_assert_uint_eq(all.n, 1);
	ck_assert(all.items[0].settled);
	done(&s);
	/* Another reason remains. */
	s = scene("rolling", "one");
	change(&s, D, "two", "one");
	change(&s, F, "x", "y");
	restart(&s, "t@2.service", D);
	effect_add(&s.plan->effects, ACTION_RESTART, "t@2.service", F);
	ck_assert_str_eq(outcome(&s), "t@2.service because " D " " F ": deferred");
	done(&s);
}
END_TEST

START_TEST(absent)
{
	struct scene s = scene("rolling", NULL);

	ck_assert_str_eq(outcome(&s), "t@2.service because " D ": deferred of 0123");
	done(&s);
	s = scene("rolling", NULL);
	s.plan->debts.items[0].causes[0].was = "absent";
	ck_assert_str_eq(outcome(&s), "; settled");
	done(&s);
	s = scene("rolling", NULL);
	s.plan->debts.items[0].causes[0].was = "-";
	ck_assert_str_eq(outcome(&s), "t@2.service because " D ": deferred of 0123");
	done(&s);
}
END_TEST

/* Of a secret there is only the keyed hash; what is no secret any more is hashed with the key too.
 */
START_TEST(secret)
{
	struct scene s = scene("rolling", "one");

	s.plan->debts.items[0].causes[0].was = hash_of("one", true);
	ck_assert_str_eq(outcome(&s), "; settled");
	done(&s);
	s = scene("rolling", "two");
	s.plan->debts.items[0].causes[0].was = hash_of("one", true);
	ck_assert_str_eq(outcome(&s), "t@2.service because " D ": deferred of 0123");
	done(&s);
}
END_TEST

START_TEST(modes)
{
	struct scene s = scene("manual", "two");

	restart(&s, "t@1.service", D);
	ck_assert_str_eq(outcome(&s),
		"t@1.service because " D ": deferred held, t@2.service because " D
		": deferred held of 0123");
	ck_assert_uint_eq(plan_deferrals(s.plan, true), 2);
	/* It was busy; that is not why it waits now. */
	ck_assert_str_eq(s.plan->debts.items[0].reason, "manual");
	done(&s);
	s = scene("never", "two");
	ck_assert_str_eq(outcome(&s), "; settled");
	done(&s);
	s = scene("rolling", "two");
	s.plan->defer = true;
	restart(&s, "u.service", F);
	ck_assert_str_eq(outcome(&s), "t@2.service because " D ": deferred held of 0123, u.service "
				      "because " F ": deferred held");
	done(&s);
}
END_TEST

/* What would have come along with a restart that is over is one by itself. */
START_TEST(carried)
{
	struct scene s = scene("rolling", "one");

	restart(&s, "t@2.service", D);
	restart(&s, "u.service", D);
	s.plan->effects.items[1].carried_by = "t@2.service";
	ck_assert_str_eq(outcome(&s), "u.service because " D "; settled");
	ck_assert_ptr_null(s.plan->effects.items[0].carried_by);
	done(&s);
}
END_TEST

START_TEST(stopped_anyway)
{
	struct scene s = scene("rolling", "two");

	restart(&s, "t@2.service", D);
	s.plan->effects.items[0].action = ACTION_STOP;
	ck_assert_str_eq(outcome(&s), "t@2.service because " D "; settled");
	done(&s);
}
END_TEST

START_TEST(not_selected)
{
	struct scene s = scene("rolling", "two");
	struct debts owed = {0};

	s.plan->debts.items[0].unselected = true;
	ck_assert_str_eq(outcome(&s), "");
	ck_assert_uint_eq(plan_debts(s.plan, &owed).n, 1);
	done(&s);
	/* A restart that is planned anyway pays it. */
	s = scene("rolling", "two");
	s.plan->debts.items[0].unselected = true;
	restart(&s, "t@2.service", F);
	ck_assert_str_eq(outcome(&s), "t@2.service because " F " " D ": deferred");
	ck_assert_uint_eq(plan_debts(s.plan, &owed).n, 0);
	done(&s);
}
END_TEST

START_TEST(owes)
{
	struct scene s = scene("rolling", "three");
	struct debts owed = {0};

	change(&s, D, "two", "three");
	change(&s, F, NULL, "new");
	restart(&s, "t@2.service", D);
	effect_add(&s.plan->effects, ACTION_RESTART, "t@2.service", F);
	outcome(&s);
	const struct effect *f = &s.plan->effects.items[0];
	const struct debt *d = plan_owe(s.plan, &owed, f, "0123", "busy", NULL, test_key);
	/* What it runs with is older than what was live now. */
	ck_assert_uint_eq(d->n_causes, 2);
	ck_assert_str_eq(d->causes[0].id, D);
	ck_assert_str_eq(d->causes[0].was, hash_of("one", false));
	ck_assert_str_eq(d->causes[1].id, F);
	ck_assert_str_eq(d->causes[1].was, "absent");
	ck_assert_int_eq(d->since, 1000);
	ck_assert_int_eq(d->marker, MARKER_SET);
	/* Of another invocation: the old debt is paid. */
	d = plan_owe(s.plan, &owed, f, "4567", "defer", NULL, test_key);
	ck_assert_uint_eq(owed.n, 2);
	ck_assert_str_eq(d->causes[0].was, hash_of("two", false));
	ck_assert_int_gt(d->since, 1000);
	ck_assert_int_eq(d->marker, MARKER_NEW);
	ck_assert_uint_eq(plan_debts(s.plan, &owed).n, 2);
	ck_assert_uint_eq(plan_debts(s.plan, NULL).n, 1);
	done(&s);
}
END_TEST

/* What would change in its cgroup must not be put into force by a marker. */
START_TEST(cgroups)
{
	static const char *const files[] = {E "t@.service = [Service]\nExecStart=/bin/true\n",
		E "t@.service.d/10-a.conf = [Service]\nMemoryMax=2G\n", NULL};
	struct debts owed = {0};

	put_lines(files);
	struct scene s = scene("rolling", NULL);
	struct resource *item = resource(D, "[Service]\nMemoryMax=1G\n", false);
	resource_set(arena, item, "path", E "t@.service.d/10-a.conf");
	resources_add_ref(s.want, item);
	resources_sort(s.want, NULL);
	s.plan->debts.n = 0;
	restart(&s, "t@2.service", D);
	outcome(&s);
	ck_assert(s.plan->effects.items[0].cgroup);
	ck_assert_int_eq(
		plan_owe(s.plan, &owed, &s.plan->effects.items[0], "0123", "busy", NULL, test_key)
			->marker,
		MARKER_NONE);
	/* Over, and so not restarted; but systemd may have put 2G into force meanwhile. */
	s.plan->debts.n = 1;
	s.plan->debts.items[0].causes[0].was = hash_of("[Service]\nMemoryMax=1G\n", false);
	s.plan->effects.items[0].deferred = false;
	ck_assert_str_eq(outcome(&s), "t@2.service because " D "; settled");
	ck_assert_int_eq(s.plan->effects.items[0].action, ACTION_LIVE);
	done(&s);
}
END_TEST

static bool is_there(const char *name)
{
	int dir;

	return state_dir(host, false, &dir, NULL) >= 0 && faccessat(dir, name, F_OK, 0) == 0;
}

START_TEST(stored)
{
	struct scene s = scene("rolling", "two");
	struct debts none = {0};

	/* Nothing, and nothing before: no file. */
	ck_assert_int_eq(debts_prepare(host, &none, NULL), 0);
	ck_assert(!is_there("deferred.prepared"));
	ck_assert_int_eq(debts_discard(host, NULL), 0);
	ck_assert_int_eq(debts_publish(host, NULL), 0);
	ck_assert_int_eq(debts_prepare(host, &s.plan->debts, NULL), 0);
	ck_assert(is_there("deferred.prepared") && !is_there("deferred"));
	ck_assert_int_eq(debts_discard(host, NULL), 0);
	ck_assert_int_eq(debts_publish(host, NULL), 0);
	ck_assert(!is_there("deferred.prepared") && !is_there("deferred"));
	ck_assert_int_eq(debts_prepare(host, &s.plan->debts, NULL), 0);
	ck_assert_int_eq(debts_publish(host, NULL), 0);
	ck_assert_int_eq(debts_publish(host, NULL), 0);
	ck_assert(!is_there("deferred.prepared") && is_there("deferred"));
	ck_assert_int_eq(debts_prepare(host, &none, NULL), 0);
	ck_assert(is_there("deferred.prepared"));
	done(&s);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("deferred");
	TCase *t = tcase_create("deferred");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, due);
	tcase_add_test(t, back);
	tcase_add_test(t, absent);
	tcase_add_test(t, secret);
	tcase_add_test(t, modes);
	tcase_add_test(t, carried);
	tcase_add_test(t, stopped_anyway);
	tcase_add_test(t, not_selected);
	tcase_add_test(t, owes);
	tcase_add_test(t, cgroups);
	tcase_add_test(t, stored);
	suite_add_tcase(suite, t);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
