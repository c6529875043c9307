/*
 * Steps that put changed files into force by running a command (place_rules.c), and the rollback's
 * part of that: once the files are back, the same command makes them count again.
 * Decides nothing. Called by the transaction and the recovery.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "l4sync/command_line.h"
#include "l4sync/program.h"

#include "txn_internal.h"

#define TIMEOUT_S 120
#define OUTPUT_MAX 4096

static int activate_idle(void *userdata, const char *line)
{
	(void)line;
	return txn_idle(userdata);
}

static int run(struct txn *t, const struct step *s, bool may_stop, struct err *e)
{
	const char *line = step_get(s, "command"), *const * argv;
	_cleanup_buf_ struct buf output = BUF_INIT;
	struct program_end end;
	int r = command_words(t->arena, line, step_get(s, "file"), &argv, e);

	if (r < 0)
		return r;
	const struct program p = {
		.argv = argv,
		.with_errors = true,
		.output_max = OUTPUT_MAX,
		.timeout_s = TIMEOUT_S,
		.idle = may_stop ? activate_idle : NULL,
	};
	r = program_run(&p, &output, &end, e);
	if (r == -ENOENT) {
		event_message(t->sink, "warning",
			"%s was not run: there is no such program on this host", line);
		err_clear(e);
		return 0;
	}
	if (r < 0 || program_succeeded(&end))
		return r;
	return err_set(e, -EREMOTEIO, "%s: %s%s%s", s->fields.id, program_end_text(t->arena, &end),
		output.size ? ": " : "",
		output.size ? program_last_lines(t->arena, output.data) : "");
}

static int commit_activate(struct txn *t, struct step *s, struct err *e)
{
	return run(t, s, true, e);
}

/* Of a file that is not there any more nothing can be put into force. */
static bool has_file(struct txn *t, const struct step *s)
{
	const char *file = step_get(s, "file");
	_cleanup_close_ int fd = -1;

	return !file || host_open_following(t->host, file, O_PATH, &fd, NULL) >= 0;
}

void activate_back(struct txn *t, size_t *left)
{
	for (size_t i = 0; i < t->n && !t->rebooted; i++) {
		_cleanup_err_ struct err e = ERR_INIT;
		const struct step *s = &t->steps[i];

		if (s->ops != &step_activate || !s->touched || !has_file(t, s))
			continue;
		rollback_event(t, "start", s->ops->sentence(t->arena, s));
		if (run(t, s, false, &e) < 0)
			rollback_left(t, err_text(&e),
				arena_printf(t->arena,
					"the files are as before: `%s` puts them into force",
					s->fields.id),
				left);
	}
}

static const char *sentence_activate(struct arena *a, const struct step *s)
{
	return arena_printf(a, "run %s", s->fields.id);
}

const struct step_ops step_activate = {
	.kind = "activate",
	.action = "activate",
	.commit = commit_activate,
	.sentence = sentence_activate,
};
