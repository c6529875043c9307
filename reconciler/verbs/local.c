/*
 * Dispatch of a request on this host (request.h).
 * Called by main and by the far end of a remote run.
 */
#include <string.h>

#include <unistd.h>

#include "l4sync/command.h"

#include "report.h"
#include "verbs.h"
#include "worker.h"

int verb_failed(struct run *r, struct err *e)
{
	int status = e->exit ? e->exit : EXIT_REFUSED;

	event_message(r->sink, "error", "%s", err_text(e));
	run_done(r, status);
	return status;
}

int run_here(const struct request *q, struct sink *s)
{
	static const struct {
		const char *name;
		int (*run)(const struct request *q, struct sink *s);
	} verbs[] = {
		{"plan", verb_plan},
		{"apply", verb_apply},
		{"check", verb_check},
		{"verify", verb_verify},
		{"status", verb_status},
		{"log", verb_log},
		{"show", verb_show},
		{"explain", verb_explain},
		{"lint", verb_lint},
		{"secret", verb_secret},
		{"rollback", verb_rollback},
		{"recover", verb_recover},
		{"confirm", verb_confirm},
		{"deadline", verb_deadline},
	};

	for (size_t i = 0; i < ELEMENTS(verbs); i++)
		if (!strcmp(q->command, verbs[i].name))
			return verbs[i].run(q, s);
	event_message(s, "error", "this host's l4sync has no command %s", q->command);
	event_emit(s, "{s:s, s:i}", "event", "done", "exit", EXIT_USAGE);
	return EXIT_USAGE;
}

int local_run(const struct request *q, struct sink *s)
{
	const struct command *c = command_find(q->command);
	/* What is no command, or may not run, is told so here; a recovery is a service already. */
	bool changes_host = c && c->writes && c->summary && !q->root && geteuid() == 0;

	return changes_host && !q->foreground ? worker_run(q, s) : run_here(q, s);
}
