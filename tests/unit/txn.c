/*
 * What a transaction says, in which order and by which count (reconciler/apply/txn.c), with steps
 * of our own in a file tree.
 */
#include <check.h>
#include <errno.h>
#include <ftw.h>
#include <string.h>
#include <unistd.h>

#include "../../reconciler/apply/restart.h"
#include "../../reconciler/apply/txn_internal.h"

struct recorder {
	struct sink sink;
	struct buf said; /* a line an event */
};

static const unsigned char key[HASH_SIZE];
static struct arena *arena;
static struct host *host;
static struct txn *txn;
static struct recorder recorder;
static char root[sizeof "/tmp/l4sync-txn-XXXXXX"];

static void record(struct sink *sink, json_t *event)
{
	struct buf *b = &((struct recorder *)sink)->said;
	const char *name = json_string_value(json_object_get(event, "event"));
	const char *state = json_string_value(json_object_get(event, "state"));
	const char *text = json_string_value(json_object_get(event, "text"));

	buf_addf(b, "%s", name);
	if (!strcmp(name, "step"))
		buf_addf(b, " %d/%d", (int)json_integer_value(json_object_get(event, "position")),
			(int)json_integer_value(json_object_get(event, "of")));
	buf_addf(b, " %s: %s\n", state ? state : "", text ? text : "");
	json_decref(event);
}

static void setup(void)
{
	_cleanup_err_ struct err e = ERR_INIT;

	arena = arena_new();
	strcpy(root, "/tmp/l4sync-txn-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
	ck_assert_msg(host_open(arena, root, "a", &host, &e) >= 0, "%s", err_text(&e));
	recorder = (struct recorder){.sink = {.event = record}};
	txn = txn_new(host, arena, key, &recorder.sink);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *walk)
{
	(void)st, (void)type, (void)walk;
	return remove(path);
}

static void teardown(void)
{
	txn_free(txn);
	host_free(host);
	nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	buf_free(&recorder.said);
	arena_free(arena);
}

static int commit_done(struct txn *t, struct step *s, struct err *e)
{
	(void)t, (void)s, (void)e;
	return 0;
}

static int commit_failed(struct txn *t, struct step *s, struct err *e)
{
	(void)t, (void)s;
	return err_set(e, -EREMOTEIO, "a.service: failed");
}

static int commit_interrupted(struct txn *t, struct step *s, struct err *e)
{
	(void)t, (void)s;
	return unit_not_awaited("a.service", e);
}

static void explain(struct txn *t, const struct step *s, const char *error)
{
	(void)s;
	event_message(t->sink, "why", "%s", error);
}

static const char *sentence(struct arena *a, const struct step *s)
{
	(void)a, (void)s;
	return "do it";
}

#define OPS(how)                                                                                   \
	{                                                                                          \
		.kind = "reload", .action = "start", .commit = how, .explain = explain,            \
		.sentence = sentence                                                               \
	}

static const struct step_ops done = OPS(commit_done), failed = OPS(commit_failed),
			     interrupted = OPS(commit_interrupted);

static void add(const struct step_ops *ops)
{
	txn_reload(txn);
	txn->steps[txn->n - 1].ops = ops;
}

#define BACK                                                                                       \
	"rollback start: putting everything back\nrollback done: everything is as it was before\n"

/* The reason stands below the step that it belongs to, as after a restart. */
START_TEST(test_reason_after_step)
{
	_cleanup_err_ struct err e = ERR_INIT;

	add(&done);
	add(&failed);
	ck_assert_int_eq(txn_run(txn, &(struct txn_hooks){0}, &e), TXN_ROLLED_BACK);
	ck_assert_str_eq(recorder.said.data,
		"step 1/2 start: do it\nstep 1/2 done: do it\nstep 2/2 start: do it\n"
		"step 2/2 failed: do it\nwhy : a.service: failed\nerror : a.service: "
		"failed\n" BACK);
}
END_TEST

/* Ctrl-C is no fault of the unit. */
START_TEST(test_interrupted)
{
	_cleanup_err_ struct err e = ERR_INIT;

	add(&interrupted);
	ck_assert_int_eq(txn_run(txn, &(struct txn_hooks){0}, &e), TXN_ROLLED_BACK);
	ck_assert_str_eq(recorder.said.data,
		"step 1/1 start: do it\nstep 1/1 failed: do it\n"
		"error : interrupted: a.service was not waited for\n" BACK);
}
END_TEST

static int restart_three(void *userdata, struct txn *t, struct err *e)
{
	(void)userdata, (void)e;
	txn_expect(t, 3); /* one more than was known */
	for (int i = 0; i < 3; i++)
		txn_event(t, "start", "restart", "a.service", "again");
	return 0;
}

/* Restarts are counted from the first step on; what comes later is added when it does. */
START_TEST(test_count)
{
	_cleanup_err_ struct err e = ERR_INIT;

	add(&done);
	txn_expect(txn, 2);
	ck_assert_int_eq(
		txn_run(txn, &(struct txn_hooks){.restarts = restart_three}, &e), TXN_APPLIED);
	ck_assert_str_eq(recorder.said.data,
		"step 1/3 start: do it\nstep 1/3 done: do it\nstep 2/4 start: again\n"
		"step 3/4 start: again\nstep 4/4 start: again\n");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("txn");
	TCase *t = tcase_create("events");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, test_reason_after_step);
	tcase_add_test(t, test_interrupted);
	tcase_add_test(t, test_count);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int bad = srunner_ntests_failed(r);
	srunner_free(r);
	return bad != 0;
}
