/*
 * The step that runs an action (txn_internal.h): unless is asked once more, that it begins is
 * noted, it runs in a transient service, how it ended is noted. There is no undo: a command knows
 * none. Decides nothing. Called by the transaction.
 */
#include <errno.h>
#include <string.h>

#include "l4sync/text.h"

#include "action_steps.h"

#define OUTPUT_LINES 20
#define SYSTEMD_LINES 8      /* about a service that fails, at most */
#define OUTPUT_LINE_MAX 1000 /* bytes that are shown of one */

static const char *name_of(const struct step *s)
{
	return resource_name(s->fields.id);
}

const char *action_service(struct txn *t, const struct step *s, bool again)
{
	return arena_printf(t->arena, "l4sync-action-%s-%s%s.service", name_of(s), t->name,
		again ? "-again" : "");
}

int action_note_begun(struct txn *t, const struct step *s, struct err *e)
{
	struct action_records records;
	int r = action_records_load(t->host, t->arena, &records, e);

	if (r < 0)
		return r;
	struct action_record *x = action_record_get(&records, name_of(s));
	if (!x->pending)
		x->since = (long long)(realtime_usec() / 1000000);
	x->pending = true;
	x->error = NULL;
	return action_records_save(t->host, &records, e);
}

/* An action that it follows may have succeeded in this run: asked now. */
static struct action_input input_of(
	struct txn *t, const struct action_records *records, const char *value)
{
	const char *blank = strrchr(value, ' ');
	struct action_input input = {
		arena_strndup(t->arena, value, (size_t)(blank - value)), blank + 1};

	if (text_starts(input.id, "action:")) {
		const struct action_record *x =
			action_record_find(records, resource_name(input.id));

		input.identity = arena_printf(t->arena, "%llu", x ? x->succeeded_usec : 0);
	}
	return input;
}

int action_note_done(struct txn *t, const struct step *s, const char *definition,
	const char *inputs_key, bool ran, struct err *e)
{
	struct action_input *inputs = arena_array(t->arena, struct action_input, s->fields.n_attrs);
	struct action_records records;
	size_t n = 0;
	int r = action_records_load(t->host, t->arena, &records, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < s->fields.n_attrs; i++)
		if (!strcmp(s->fields.attrs[i].key, inputs_key))
			inputs[n++] = input_of(t, &records, s->fields.attrs[i].value);
	struct action_record *x = action_record_get(&records, name_of(s));
	action_record_done(&records, x, definition, inputs, n);
	if (ran)
		x->succeeded_usec = realtime_usec();
	return action_records_save(t->host, &records, e);
}

int action_note_failed(struct txn *t, const struct step *s, const char *why, struct err *e)
{
	struct action_records records;
	int r = action_records_load(t->host, t->arena, &records, e);

	if (r < 0)
		return r;
	struct action_record *x = action_record_get(&records, name_of(s));
	x->pending = true;
	x->error = arena_strdup(t->arena, why);
	return action_records_save(t->host, &records, e);
}

/* What one line may have is what journald takes for one, which is too much to be shown. */
static const char *shorten(struct arena *a, const char *line)
{
	size_t n = OUTPUT_LINE_MAX;

	if (strlen(line) <= n)
		return line;
	while (n && ((unsigned char)line[n] & 0xc0) == 0x80)
		n--;
	return arena_printf(a, "%.*s…", (int)n, line);
}

/* What systemd says of each service, and the error says better. */
static bool is_chatter(const char *service, const char *line)
{
	static const char *const before[] = {"Starting ", "Started "};
	static const char *const behind[] = {": Main process exited", ": Failed with result",
		": Failed to kill control group", ": Consumed "};
	size_t n = strlen(service);

	for (size_t i = 0; i < ELEMENTS(before); i++)
		if (text_starts(line, before[i]) && !strncmp(line + strlen(before[i]), service, n))
			return true;
	for (size_t i = 0; i < ELEMENTS(behind); i++)
		if (!strncmp(line, service, n) && text_starts(line + n, behind[i]))
			return true;
	return false;
}

void action_report_output(struct txn *t, const struct step *s, const struct action_run *run,
	const char *const **ret_lines, size_t *ret_n)
{
	const char **lines;
	size_t all = 0, n = 0;

	journal_tail(t->arena, run->service, run->end.invocation_id, run->since_usec,
		OUTPUT_LINES + SYSTEMD_LINES, &lines, &all);
	for (size_t i = 0; i < all; i++)
		if (!is_chatter(run->service, lines[i]))
			lines[n++] = lines[i];
	lines += n > OUTPUT_LINES ? n - OUTPUT_LINES : 0;
	n = n > OUTPUT_LINES ? OUTPUT_LINES : n;
	for (size_t i = 0; i < n; i++) {
		lines[i] = shorten(t->arena, lines[i]);
		event_emit(t->sink, "{s:s, s:s, s:o}", "event", "log", "unit", s->fields.id, "line",
			event_string(lines[i]));
	}
	*ret_lines = lines;
	*ret_n = n;
}

static const struct step *find_action(const struct txn *t, const char *id)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->steps[i].ops == &step_action && !strcmp(t->steps[i].fields.id, id))
			return &t->steps[i];
	return NULL;
}

bool txn_action_skipped(const struct txn *t, const char *id)
{
	const struct step *s = find_action(t, id);

	return s && s->skipped;
}

bool txn_action_ran(const struct txn *t, const char *id)
{
	const struct step *s = find_action(t, id);

	return s && s->touched && !s->skipped;
}

/* It follows only actions that have turned out not to be needed. */
static bool is_moot(const struct txn *t, const struct step *s)
{
	bool any = false;

	for (size_t i = 0; i < s->fields.n_attrs; i++) {
		const struct attr *attr = &s->fields.attrs[i];

		if (strcmp(attr->key, "because") != 0)
			continue;
		if (!strcmp(attr->value, s->fields.id) || !txn_action_skipped(t, attr->value))
			return false;
		any = true;
	}
	return any;
}

static int ask(struct txn *t, struct step *s, bool *ret_nothing, struct err *e)
{
	const char *service =
		arena_printf(t->arena, "l4sync-unless-%s-%s.service", name_of(s), t->name);
	enum action_answer answer;
	const char *why;
	int r = action_ask(
		t->host, t->arena, &s->fields, service, txn_idle, NULL, &answer, &why, e);

	*ret_nothing = answer == ANSWER_NOTHING;
	if (r < 0)
		return r;
	if (answer == ANSWER_UNKNOWN)
		return err_set(e, -EREMOTEIO,
			"%s: its unless cannot be asked, so it is not run: %s", s->fields.id, why);
	return 0;
}

static int run(struct txn *t, struct step *s, struct err *e)
{
	_cleanup_err_ struct err unnoted = ERR_INIT;
	int r = action_note_begun(t, s, e);

	if (r >= 0)
		r = journal_log(t, arena_printf(t->arena, LOG_ACTION " %s", name_of(s)), e);
	if (r >= 0)
		r = action_execute(t->host, t->arena, &s->fields, action_service(t, s, false),
			txn_idle, NULL, &t->action_run, e);
	if (r < 0)
		return r;
	if (t->action_run.end.exited && !t->action_run.end.status) {
		/* In this order: between the two it counts as done for a rollback, which must not
		 * take away what it has worked with, and is run once more by the next apply. */
		r = journal_log(t, arena_printf(t->arena, LOG_ACTED " %s", name_of(s)), e);
		return r < 0 ? r
			     : action_note_done(t, s, step_get(s, "definition"), "input", true, e);
	}
	s->failed = true;
	const char *why = arena_strdup(t->arena, t->action_run.end.text);
	if (action_note_failed(t, s, why, &unnoted) < 0)
		event_message(t->sink, "warning", "%s", err_text(&unnoted));
	return err_set(e, -EPROTO, "%s has failed: %s", s->fields.id, why);
}

static int commit_action(struct txn *t, struct step *s, struct err *e)
{
	bool nothing = false;

	s->skipped = is_moot(t, s);
	int r = s->skipped ? 0 : ask(t, s, &nothing, e);
	if (r < 0 || s->skipped)
		return r;
	s->skipped = nothing;
	return nothing ? action_note_done(t, s, step_get(s, "definition"), "input", false, e)
		       : run(t, s, e);
}

static void explain_action(struct txn *t, const struct step *s, const char *error)
{
	(void)error;
	if (!s->failed)
		return;
	action_report_output(t, s, &t->action_run, &t->output, &t->n_output);
	t->output_of = name_of(s);
}

static const char *sentence_action(struct arena *a, const struct step *s)
{
	return arena_printf(
		a, s->skipped ? "%s need not be run: nothing to do" : "run %s", s->fields.id);
}

const char *txn_output(const struct txn *t, const char *const **ret_lines, size_t *ret_n)
{
	*ret_lines = t->output;
	*ret_n = t->n_output;
	return t->output_of;
}

const struct step_ops step_action = {
	.kind = "action",
	.action = "action",
	.commit = commit_action,
	.explain = explain_action,
	.sentence = sentence_action,
};
