/*
 * l4sync: the command line becomes a request, the request is run here or on a host, what it says
 * is shown, its exit status is ours.
 */
#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "l4sync/command.h"
#include "l4sync/request.h"
#include "l4sync/secret_input.h"

static int run(const struct request *r)
{
	struct sink *s = sink_open(r);
	int status = r->remote ? remote_run(r, s) : local_run(r, s);
	int rc = sink_close(s);

	/* Who closed the pipe (`l4sync log | head`) knows that. */
	if (!rc || rc == -EPIPE)
		return status;
	fprintf(stderr, "l4sync: cannot write the output: %s\n", strerror(-rc));
	/* After a write the status tells what became of the host, not of the text. */
	return command_find(r->command)->writes ? status : EXIT_REFUSED;
}

/* As any other error: harmless, and wrapped on a terminal. */
static void say_usage(const char *text)
{
	const struct request r = {.color = -1, .verbosity = -1};
	struct sink *s = sink_open(&r);

	event_message(s, "error", "%s", text);
	sink_close(s);
}

int main(int argc, char **argv)
{
	_cleanup_arena_ struct arena *a = arena_new();
	_cleanup_err_ struct err e = ERR_INIT;
	struct request r;
	bool done;

	/* It may come to hold values of secrets: no core file of it is ever written. */
	if (!geteuid())
		prctl(PR_SET_DUMPABLE, 0);
	setlocale(LC_CTYPE, "");
	signal(SIGPIPE, SIG_IGN);
	if (options_parse(a, argc, argv, &r, &done, &e)) {
		say_usage(err_text(&e));
		return e.exit ? e.exit : EXIT_USAGE;
	}
	if (done)
		return fflush(stdout) ? EXIT_REFUSED : 0;
	if (!strcmp(r.command, "serve"))
		return serve_run(local_run);
	if (!strcmp(r.command, "worker"))
		return worker_serve();
	if (secret_input(a, &r, &e) < 0) {
		say_usage(err_text(&e));
		return EXIT_REFUSED;
	}
	return run(&r);
}
