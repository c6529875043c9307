/*
 * The validators: programs that look at what is staged before anything is touched (SPEC 6), each in
 * a mount namespace of its own, without network, with a timeout.
 * Knows no program. Called by the transaction.
 */
#include <errno.h>
#include <string.h>

#include "l4sync/command_line.h"
#include "l4sync/program.h"

#include "staged.h"

#define TIMEOUT_S 60
#define OUTPUT_MAX 65536

static int prepare(void *userdata)
{
	return staged_enter(userdata) < 0 ? -ENOTSUP : 0;
}

static int validate_idle(void *userdata, const char *line)
{
	(void)userdata;
	(void)line;
	return txn_idle(NULL);
}

/* Said as a finding of a plan, and as a warning by an apply. */
static void say_not_asked(
	struct txn *t, const struct validation *v, struct findings *findings, const char *why)
{
	if (findings)
		finding_add(findings, "lint", "not-validated", v->id,
			"%s cannot be asked whether it is right: %s", v->command, why);
	else
		event_message(t->sink, "warning", "%s cannot be asked whether %s is right: %s",
			v->command, v->path, why);
}

/* An older systemd's tools have less to offer: nothing was looked at then. */
static bool is_too_old(const char *said)
{
	return strstr(said, "unrecognized option") || strstr(said, "Unknown command verb");
}

static int ask(struct txn *t, const struct validation *v, struct findings *findings, struct err *e)
{
	_cleanup_buf_ struct buf output = BUF_INIT;
	const char *const *argv;
	struct program_end end;
	int r = command_words(t->arena, v->command, v->file, &argv, e);

	if (r < 0)
		return r;
	const struct program p = {
		.argv = argv,
		.with_errors = true,
		.output_max = OUTPUT_MAX,
		.timeout_s = TIMEOUT_S,
		.prepare = prepare,
		.idle = validate_idle,
		.userdata = t,
	};
	event_progress(t->sink, "asking %s", v->command);
	r = program_run(&p, &output, &end, e);
	const char *said = output.size ? program_last_lines(t->arena, output.data) : "";
	if (r == -ENOENT || r == -ENOTSUP || (r >= 0 && is_too_old(said))) {
		say_not_asked(t, v, findings, r == -ENOENT ? "there is no such program" : said);
		err_clear(e);
		return 0;
	}
	if (r == -EINTR)
		return err_set(e, r, "interrupted");
	if (r < 0 || program_succeeded(&end))
		return r;
	return err_set(e, -EINVAL, "%s refuses %s (%s)%s%s", v->command, v->path,
		program_end_text(t->arena, &end), *said ? ": " : "", said);
}

int txn_run_validators(struct txn *t, struct findings *refusals, struct err *e)
{
	for (size_t i = 0; i < t->n_validations && t->host->live; i++) {
		const struct validation *v = &t->validations[i];
		int r = ask(t, v, refusals, e);

		if (r == -EINTR)
			return r;
		if (r < 0 && refuse(refusals, v->id, e) < 0)
			return r;
	}
	return 0;
}
