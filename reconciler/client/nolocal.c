/*
 * The laptop's build has no host side: what would run here is refused, with a hint.
 * Stands in for reconciler/verbs. Called by main.
 */
#include "l4sync/request.h"

int local_run(const struct request *r, struct sink *s)
{
	event_message(s, "error",
		"this l4sync is the client alone and can only work over ssh: say `l4sync -H HOST "
		"%s`, or set L4SYNC_HOST",
		r->command);
	event_emit(s, "{s:s, s:i}", "event", "done", "exit", EXIT_USAGE);
	return EXIT_USAGE;
}

int worker_serve(void)
{
	return EXIT_USAGE;
}
