/*
 * Running a transaction: look again, journal, stage, commit, services, record, finish; or
 * rollback (txn.h). Knows no kind of step. Called by the pipeline.
 */
#include "l4sync/txn.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "txn_internal.h"

volatile sig_atomic_t txn_interrupted;

struct txn *txn_new(struct host *h, struct arena *a, const unsigned char *key, struct sink *sink)
{
	struct txn *t = arena_new_of(a, struct txn);
	uint32_t name;

	if (getrandom(&name, sizeof name, 0) != sizeof name)
		name = (uint32_t)getpid();
	*t = (struct txn){
		.host = h,
		.arena = a,
		.key = key,
		.sink = sink,
		.name = arena_printf(a, "%08x", name),
		.journal_fd = -1,
	};
	return t;
}

void txn_free(struct txn *t)
{
	if (!t)
		return;
	free(t->steps);
	free(t->affected);
	free(t->validations);
	free(t->made);
	resources_free(t->journal);
	buf_free(&t->left);
	closep_(&t->journal_fd);
}

void txn_freep(struct txn **t)
{
	txn_free(*t);
	*t = NULL;
}

struct host *txn_host(struct txn *t)
{
	return t->host;
}

struct arena *txn_arena(struct txn *t)
{
	return t->arena;
}

int txn_idle(void *userdata)
{
	(void)userdata;
	return txn_interrupted ? -EINTR : 0;
}

unsigned long long txn_reloaded_usec(const struct txn *t)
{
	return t->reloaded_usec;
}

int txn_log_unit(struct txn *t, const char *verb, const char *unit, struct err *e)
{
	t->acted_usec = realtime_usec();
	return journal_log(t, arena_printf(t->arena, "%s %s", verb, unit), e);
}

void txn_expect(struct txn *t, size_t n)
{
	t->expected = n;
}

size_t txn_steps(const struct txn *t)
{
	return t->of + t->expected;
}

void txn_follows(struct txn *t, size_t n_steps, const char *stays)
{
	t->position = t->of = n_steps;
	t->stays = stays;
}

void txn_event(
	struct txn *t, const char *state, const char *action, const char *target, const char *text)
{
	if (!strcmp(state, "start"))
		t->position++;
	event_emit(t->sink, "{s:s, s:I, s:I, s:s, s:s, s:o, s:o}", "event", "step", "position",
		(json_int_t)t->position, "of", (json_int_t)(t->of + t->expected), "state", state,
		"action", action, "target", event_string(target), "text", event_string(text));
}

static void step_event(struct txn *t, const struct step *s, const char *state)
{
	txn_event(t, state, s->ops->action, s->fields.id, s->ops->sentence(t->arena, s));
}

/* Directories parents first, their removal deepest first; all else as it was queued. */
static int compare_steps(const void *a, const void *b)
{
	const struct step *p = a, *q = b;

	if (p->phase != q->phase)
		return (int)p->phase - (int)q->phase;
	if (p->phase == PHASE_MKDIR || p->phase == PHASE_RMDIR) {
		int c = strcmp(step_get(p, "path"), step_get(q, "path"));

		return p->phase == PHASE_MKDIR ? c : -c;
	}
	return p->queued < q->queued ? -1 : p->queued > q->queued;
}

int txn_prepare(struct txn *t, struct findings *refusals, struct err *e)
{
	if (t->n)
		qsort(t->steps, t->n, sizeof(*t->steps), compare_steps);
	for (size_t i = 0; i < t->n; i++) {
		struct step *s = &t->steps[i];
		int r = s->ops->prepare ? s->ops->prepare(t, s, e) : 0;

		if (r < 0 && refuse(refusals, s->fields.id, e) < 0)
			return r;
		t->of += s->ops->commit != NULL;
	}
	int r = txn_check_space(t, e);
	if (r < 0 && refuse(refusals, NULL, e) < 0)
		return r;
	return txn_run_validators(t, refusals, e);
}

static int commit_phases(struct txn *t, enum phase first, enum phase last, struct err *e)
{
	for (size_t i = 0; i < t->n; i++) {
		struct step *s = &t->steps[i];

		if (s->phase < first || s->phase > last || !s->ops->commit)
			continue;
		if (txn_interrupted)
			return err_set(e, -EINTR, "interrupted");
		step_event(t, s, "start");
		s->touched = true;
		int r = s->ops->commit(t, s, e);
		step_event(t, s, r < 0 ? "failed" : "done");
		if (r < 0 && r != -EINTR && s->ops->explain)
			s->ops->explain(t, s, err_text(e));
		if (r < 0)
			return r;
	}
	return 0;
}

static int stage(struct txn *t, struct err *e)
{
	for (size_t i = 0; i < t->n; i++) {
		struct step *s = &t->steps[i];

		if (!s->ops->stage)
			continue;
		if (txn_interrupted)
			return err_set(e, -EINTR, "interrupted");
		s->touched = true;
		int r = s->ops->stage(t, s, e);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Names come to disk with their directory: before the point of no return, for behind it nothing
 * tells any more what they were. */
int txn_sync_dirs(struct txn *t, struct err *e)
{
	const char *last = "";

	for (size_t i = 0; i < t->n; i++) {
		const char *path = step_get(&t->steps[i], "path"), *name;
		int fd;

		if (!path)
			continue;
		const char *parent =
			arena_strndup(t->arena, path, (size_t)(strrchr(path, '/') - path));
		if (!strcmp(parent, last))
			continue;
		last = parent;
		int r = host_parent(t->host, path, &fd, &name, e);
		if (r >= 0 && fsync(fd) < 0)
			r = err_errno(e, -errno, "cannot sync %s%s", t->host->root_path, parent);
		if (r < 0 && r != -ENOENT)
			return r;
	}
	return 0;
}

int finish_steps(struct txn *t, struct err *e)
{
	int first = 0;

	for (size_t i = 0; i < t->n; i++) {
		struct step *s = &t->steps[i];
		int r = s->ops->finish ? s->ops->finish(t, s, first ? NULL : e) : 0;

		if (r < 0 && !first)
			first = r;
	}
	return first;
}

/* Everything between the journal and the point of no return. */
static int work(struct txn *t, const struct txn_hooks *hooks, struct err *e)
{
	int r = commit_phases(t, PHASE_PACKAGES, PHASE_MEMBERS, e);

	if (r >= 0)
		r = txn_find_owners(t, e);
	if (r >= 0)
		r = commit_phases(t, PHASE_MKDIR, PHASE_MKDIR, e);
	if (r >= 0)
		r = stage(t, e);
	if (r >= 0)
		r = commit_phases(t, PHASE_STOP, PHASE_RMDIR, e);
	if (r >= 0 && hooks->restarts)
		r = hooks->restarts(hooks->userdata, t, e);
	/* The renames must be on disk before anything says that they happened. */
	if (r >= 0)
		r = txn_sync_dirs(t, e);
	if (r >= 0 && hooks->record)
		r = hooks->record(hooks->userdata, e);
	if (r >= 0)
		r = journal_commit(t, e);
	return r;
}

/* The log as this run itself has written it. */
static int reload_log(struct txn *t, const char ***ret, size_t *ret_n)
{
	struct txn again = {.host = t->host, .arena = t->arena};
	enum journal_state state;

	*ret_n = 0;
	int r = journal_load(&again, &state, ret, ret_n, NULL);
	free(again.steps);
	free(again.affected);
	resources_free(again.journal);
	return r;
}

static enum txn_result back(
	struct txn *t, const char *const *log, size_t n_log, const struct txn_hooks *hooks)
{
	_cleanup_err_ struct err e = ERR_INIT;
	size_t left;

	if (hooks->discard && hooks->discard(hooks->userdata, &e) < 0)
		event_message(t->sink, "warning", "%s", err_text(&e));
	rollback(t, log, n_log, &left);
	/* What is left cannot be mended by trying again: the journal would block every later run.
	 */
	if (journal_clear(t, &e) < 0) {
		event_message(t->sink, "error", "%s", err_text(&e));
		left++;
	}
	return left ? TXN_NOT_ROLLED_BACK : TXN_ROLLED_BACK;
}

/* Behind the point of no return nothing fails the run any more; the next run tries again. */
static int complete(struct txn *t, const struct txn_hooks *hooks, struct err *e)
{
	int r = hooks->publish ? hooks->publish(hooks->userdata, e) : 0;

	if (r >= 0)
		r = finish_steps(t, e);
	if (r >= 0)
		r = txn_sync_dirs(t, e);
	return r < 0 ? r : journal_clear(t, e);
}

enum txn_result txn_run(struct txn *t, const struct txn_hooks *hooks, struct err *e)
{
	_cleanup_err_ struct err late = ERR_INIT;
	const char **log = NULL;
	size_t n_log = 0;
	int r = txn_prepare(t, NULL, e);

	if (r >= 0 && hooks->probe)
		r = hooks->probe(hooks->userdata, t, e);
	if (r >= 0 && txn_interrupted)
		r = err_set(e, -EINTR, "interrupted");
	if (r >= 0)
		r = journal_write(t, e);
	if (r < 0)
		return TXN_REFUSED;
	if (work(t, hooks, e) < 0) {
		event_message(t->sink, "error", "%s", err_text(e));
		r = reload_log(t, &log, &n_log);
		if (r < 0)
			event_message(t->sink, "error",
				"the journal cannot be read back, so units are not brought back: "
				"restart by hand those that the steps above name");
		enum txn_result result = back(t, log, n_log, hooks);
		/* What the history keeps, for whoever comes in the morning. */
		if (t->left.size)
			err_set(e, -EREMOTEIO, "%s. Not put back: %s", err_text(e), t->left.data);
		return r < 0 ? TXN_NOT_ROLLED_BACK : result;
	}
	if (complete(t, hooks, &late) < 0)
		event_message(t->sink, "warning",
			"applied, but cleaning up failed and is tried again by the next run: %s",
			err_text(&late));
	return TXN_APPLIED;
}

enum txn_result txn_recover(struct host *h, struct arena *a, const unsigned char *key,
	struct sink *sink, const struct txn_hooks *hooks, struct err *e)
{
	_cleanup_txn_ struct txn *t = txn_new(h, a, key, sink);
	enum journal_state state;
	const char **log = NULL;
	size_t n_log = 0;
	int r = journal_load(t, &state, &log, &n_log, e);

	if (r < 0)
		return TXN_NOT_ROLLED_BACK;
	switch (state) {
	case JOURNAL_NONE:
		return TXN_APPLIED;
	case JOURNAL_COMMITTED:
		event_message(sink, "warning",
			"an earlier run had ended before it had cleaned up: "
			"its changes stay");
		return complete(t, hooks, e) < 0 ? TXN_NOT_ROLLED_BACK : TXN_APPLIED;
	case JOURNAL_BEGUN:
		break;
	}
	event_message(sink, "warning", "an earlier run was interrupted: it is put back first");
	/* Whether that run had come to its reload is not known, and one too many harms nobody. */
	t->reloads = h->live;
	t->booting = units_are_booting(t);
	return back(t, log, n_log, hooks);
}
