/*
 * A program of the host, run to its end: its output is taken, it cannot outlast its time, and it
 * never gets a terminal. For what l4sync itself waits for (validators, apt-get, usermod); what the
 * state's own commands need is a transient service (bus.h).
 */
#ifndef L4SYNC_PROGRAM_H
#define L4SYNC_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>

#include "l4sync/err.h"
#include "l4sync/mem.h"

struct program {
	const char *const *argv;        /* NULL-terminated; looked for in PROGRAM_PATH */
	const char *const *environment; /* beyond PATH and LC_ALL=C.UTF-8; NULL: none */
	const void *input;              /* its standard input; NULL: nothing */
	size_t input_size;
	bool with_errors;  /* its standard error is part of the output; else it goes nowhere */
	size_t output_max; /* bytes; what is beyond that is read and dropped */
	unsigned timeout_s;
	/* In the child, before it becomes the program, as whoever called: 0, or a negative errno
	 * value that the run fails with. NULL: nothing. */
	int (*prepare)(void *userdata);
	/* Called at least every 200 ms, and with each whole line of output where line is not NULL;
	 * not 0: the program is killed, and that is what the run returns. NULL: nobody is asked. */
	int (*idle)(void *userdata, const char *line);
	void *userdata;
};

#define PROGRAM_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

struct program_end {
	bool exited; /* by itself, with status */
	int status;
	int signal; /* else */
};

/*
 * 0 whatever its status is. -ENOENT: there is no such program; -ETIMEDOUT: it was killed, with
 * all that it had started in its session. What it wrote until then is in output (may be NULL)
 * then, too.
 */
int program_run(
	const struct program *p, struct buf *output, struct program_end *ret, struct err *e);

/* What a failed program said last, as one line of what can be shown; in the arena. */
const char *program_last_lines(struct arena *a, const char *output);

/* "status 1", "signal 9 (Killed)"; in the arena. */
const char *program_end_text(struct arena *a, const struct program_end *end);

/* Whether it ended by itself with status 0. */
bool program_succeeded(const struct program_end *end);

#endif
