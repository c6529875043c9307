/*
 * The actions' part of a rollback (action_steps.h). What an action has done cannot be undone by
 * anybody but itself: either it is run again with what is back, or it stays, and with it what it
 * had been run for. Called by the rollback.
 */
#include <errno.h>
#include <string.h>

#include "l4sync/bus.h"
#include "l4sync/text.h"

#include "action_steps.h"

#define END_TIMEOUT_MS 30000u

static bool in_log(
	struct txn *t, const char *const *log, size_t n_log, const char *verb, const struct step *s)
{
	const char *line = arena_printf(t->arena, "%s %s", verb, resource_name(s->fields.id));

	for (size_t i = 0; i < n_log; i++)
		if (!strcmp(log[i], line))
			return true;
	return false;
}

static int end_service(struct txn *t, const char *service, struct err *e)
{
	const char *result;
	struct bus *bus;
	int r = host_bus(t->host, &bus, e);

	if (r >= 0)
		r = bus_job(bus, service, UNIT_STOP, END_TIMEOUT_MS, NULL, NULL, &result, e);
	if (r != -ENOENT)
		return r;
	err_clear(e); /* it has ended */
	return 0;
}

void actions_end(struct txn *t, const char *const *log, size_t n_log, size_t *left)
{
	for (size_t i = 0; i < t->n && !t->rebooted; i++) {
		const struct step *s = &t->steps[i];
		_cleanup_err_ struct err e = ERR_INIT;

		if (s->ops != &step_action || !in_log(t, log, n_log, LOG_ACTION, s))
			continue;
		int r = end_service(t, action_service(t, s, false), &e);
		if (r >= 0)
			r = end_service(t, action_service(t, s, true), &e);
		if (r < 0)
			rollback_left(t, err_text(&e),
				arena_printf(t->arena, "`systemctl kill --signal=KILL %s`",
					action_service(t, s, false)),
				left);
	}
}

static struct step *find_action(struct txn *t, const char *id, size_t size)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->steps[i].ops == &step_action && strlen(t->steps[i].fields.id) == size &&
			!strncmp(t->steps[i].fields.id, id, size))
			return &t->steps[i];
	return NULL;
}

static bool is_above(const struct step *dir, const char *path)
{
	const char *above = step_get(dir, "path");
	size_t n = strlen(above);

	return path && !strncmp(path, above, n) && path[n] == '/';
}

/* The steps of one resource, and the directories that were made for them. */
static void hold_resource(struct txn *t, const char *id, size_t size, struct buf *said)
{
	bool any = false;

	for (size_t i = 0; i < t->n; i++) {
		struct step *s = &t->steps[i];

		if (strlen(s->fields.id) != size || strncmp(s->fields.id, id, size) != 0 ||
			s->held || !s->ops->undo)
			continue;
		s->held = any = true;
		for (size_t k = 0; k < t->n; k++)
			if (t->steps[k].ops == &step_mkdir &&
				is_above(&t->steps[k], step_get(s, "path")))
				t->steps[k].held = true;
	}
	if (any)
		buf_addf(said, "%s%.*s", said->size ? ", " : "", (int)size, id);
}

static void hold(struct txn *t, struct step *action, struct buf *said)
{
	if (action->held)
		return;
	action->held = true;
	for (size_t i = 0; i < action->fields.n_attrs; i++) {
		const struct attr *attr = &action->fields.attrs[i];
		const char *blank = strrchr(attr->value, ' ');
		size_t size = blank ? (size_t)(blank - attr->value) : 0;

		if (strcmp(attr->key, "input") != 0 || !size)
			continue;
		struct step *leader = find_action(t, attr->value, size);
		if (leader)
			hold(t, leader, said);
		else
			hold_resource(t, attr->value, size, said);
	}
}

void actions_hold(struct txn *t, const char *const *log, size_t n_log, size_t *left)
{
	for (size_t i = 0; i < t->n; i++) {
		struct step *s = &t->steps[i];
		_cleanup_buf_ struct buf said = BUF_INIT;

		if (s->ops != &step_action || step_get(s, "rollback") ||
			!in_log(t, log, n_log, LOG_ACTED, s))
			continue;
		hold(t, s, &said);
		if (!said.size) {
			t->n_stay++;
			event_message(t->sink, "warning",
				"%s has succeeded and cannot be undone: what it has done stays",
				s->fields.id);
			continue;
		}
		rollback_left(t,
			arena_printf(t->arena,
				"%s has succeeded and cannot be undone: it stays, and with it %s",
				s->fields.id, said.data),
			"`l4sync apply` once what has failed is mended: it goes on from there. To "
			"go "
			"back, undo by hand what the action has done, then `l4sync apply --heal`",
			left);
	}
}

/* As it was defined before, if it was there. */
static struct resource *former(struct txn *t, const struct step *s)
{
	static const char prefix[] = "back.";
	struct resource *item = arena_new_of(t->arena, struct resource);
	bool any = step_get(s, "back.definition");

	item->id = s->fields.id;
	for (size_t i = 0; i < s->fields.n_attrs; i++) {
		const struct attr *attr = &s->fields.attrs[i];
		bool back = text_starts(attr->key, prefix);

		if (back == any)
			resource_add(t->arena, item, attr->key + (back ? strlen(prefix) : 0),
				attr->value);
	}
	return item;
}

static int run_again(struct txn *t, const struct step *s, struct err *e)
{
	const struct resource *item = former(t, s);
	const char *service = action_service(t, s, true);
	struct action_run run;
	const char *const *lines;
	size_t n;
	int r = action_note_begun(t, s, e);

	if (r >= 0)
		r = action_execute(t->host, t->arena, item, service, NULL, NULL, &run, e);
	if (r < 0)
		return r;
	if (run.end.exited && !run.end.status)
		return action_note_done(t, s, resource_get(item, "definition"), "was", true, e);
	action_report_output(t, s, &run, &lines, &n);
	r = action_note_failed(t, s, run.end.text, e);
	return r < 0 ? r
		     : err_set(e, -EPROTO, "%s was run again and has failed: %s; it is pending",
			       s->fields.id, run.end.text);
}

void actions_again(struct txn *t, const char *const *log, size_t n_log, size_t *left)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct step *s = &t->steps[i];
		_cleanup_err_ struct err e = ERR_INIT;

		if (s->ops != &step_action || s->held || !in_log(t, log, n_log, LOG_ACTION, s))
			continue;
		if (!step_get(s, "rollback")) {
			event_message(t->sink, "warning",
				"%s did not succeed; what it has done so far is not undone, and it "
				"is "
				"pending",
				s->fields.id);
			continue;
		}
		if (t->booting) {
			event_message(t->sink, "warning",
				"%s is not run again while the host boots: it is pending",
				s->fields.id);
			continue;
		}
		rollback_event(t, "start", arena_printf(t->arena, "run %s again", s->fields.id));
		if (run_again(t, s, &e) < 0)
			rollback_left(t, err_text(&e),
				"`l4sync apply --heal`, which runs it again, once its cause is "
				"mended",
				left);
	}
}
