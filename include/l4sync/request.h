/*
 * What the operator asked for: the command line, parsed; also what travels to the host with -H.
 * Depends on jansson only: part of what the laptop needs.
 */
#ifndef L4SYNC_REQUEST_H
#define L4SYNC_REQUEST_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "l4sync/err.h"
#include "l4sync/event.h"
#include "l4sync/mem.h"

#define PROTOCOL_VERSION 1

/* Exit statuses, SPEC 7. */
enum {
	EXIT_CONVERGED = 0,
	EXIT_REFUSED = 1, /* failed, refused or declined; the host is unchanged */
	EXIT_DIFFERENT = 2,
	EXIT_ROLLED_BACK = 3,
	EXIT_NOT_ROLLED_BACK = 4,
	EXIT_VERIFY = 5,
	EXIT_LOCKED = 6,
	EXIT_DEFERRED = 7,
	EXIT_UNKNOWN = 8,
	EXIT_USAGE = 64,
	EXIT_STATE = 65,
};

enum format { FORMAT_TEXT, FORMAT_JSON, FORMAT_MARKDOWN };

struct request {
	const char *command;  /* "plan", "apply", … */
	const char *argument; /* what the command is about, as it was given; NULL: nothing */
	size_t n_arguments;   /* the same of a command that takes several */
	const char *const *arguments;
	const char *input;  /* secret: the value, from standard input; part of no command line */
	const char *state;  /* --state DIR, absolute */
	const char *source; /* --source URL */
	const char *ref;    /* --ref REF */
	const char *root;   /* --root DIR, absolute; NULL: the live host */
	const char *host;   /* --host NAME: whose state, with --root */
	size_t n_only;
	const char *const *only; /* --only SEL, repeatable */
	bool yes;
	bool allow_removal;
	bool allow_rewind;
	bool heal;             /* apply: what was applied last, and nothing new */
	bool unattended;       /* by a timer: nobody is asked, nothing that failed is tried again */
	unsigned long confirm; /* --confirm: seconds; 0: it need not be confirmed */
	bool defer;            /* restarts are put off, all of them */
	bool restart_busy;     /* units that are busy are restarted too */
	bool foreground;       /* in this process, not in a service of its own */
	bool ptrace;           /* verify: processes are stopped to read their filters */
	unsigned long lines;   /* log -n N; 0: the default */
	const char *reason;    /* why the host does it by itself; does not travel; NULL: somebody
				* has asked for it */
	/* How it is shown; these do not travel. */
	const char *remote; /* -H HOST; NULL: here */
	enum format format;
	int color;     /* -1 by the terminal, 0, 1 */
	int verbosity; /* -1 with -q, 0, 1 with -v */
};

/* Who asks, for history and the lock: the host side fills it from its environment. */

json_t *request_to_json(const struct request *r); /* a new reference; only what travels */
/* Strict: an unknown key or a wrong type is refused, with a hint at different versions. */
int request_from_json(struct arena *a, const json_t *o, struct request *ret, struct err *e);

/* The command as it could be given to a shell on the host: with all flags that say what is done, in
 * the order of the flag table; not with those of showing it. In the arena. */
const char *request_command(struct arena *a, const struct request *r);

/* Parses argv. 0; or -EINVAL with the usage error in e; *ret_done when --help or --version was
 * printed and there is nothing to do. */
int options_parse(
	struct arena *a, int argc, char **argv, struct request *ret, bool *ret_done, struct err *e);

/*
 * Runs a request on this host (reconciler/verbs): returns the exit status; everything that it has
 * to say goes to the sink, an {"event":"done","exit":N,…} last. The laptop's build has one
 * (reconciler/client/nolocal.c) that says to use -H.
 */
int local_run(const struct request *r, struct sink *s);

/* Runs a request on r->remote over ssh; returns the exit status, EXIT_UNKNOWN if it was lost. */
int remote_run(const struct request *r, struct sink *s);

/* The far end of remote_run: `l4sync serve`; reads requests from fd 0, writes events to fd 1. */
int serve_run(int (*run)(const struct request *r, struct sink *s));

/* `l4sync worker`: the same in the transient service of a run. */
int worker_serve(void);

/* A sink that shows text on stdout/stderr, or prints JSON; by the request's format. The caller
 * ends it with sink_close(), which returns negative errno if what was to be shown could not be
 * written (a full disk). */
struct sink *sink_open(const struct request *r);
int sink_close(struct sink *s);

#endif
