/* What one process sees of others: nobody else's business. */
#ifndef L4SYNC_VERIFY_OUTLOOK_H
#define L4SYNC_VERIFY_OUTLOOK_H

#include "l4sync/err.h"

#include "proc.h"

/* One that is looked for. */
struct sought {
	pid_t pid;
	const char *name;
	unsigned long long start_ticks;
	uint64_t pid_ns;
	size_t n_numbers;
	const unsigned *numbers; /* from our PID namespace down to its own */
};

enum outlook {
	OUTLOOK_NONE,
	OUTLOOK_VISIBLE, /* it has a directory in a proc that can be reached */
	OUTLOOK_SIGNALS, /* it has none, but can be sent a signal */
};

/*
 * Looks from a process: in its namespaces and root, with its user, groups and capabilities, in a
 * child that executes and writes nothing. ret has an item for each that is sought. -ESRCH: the
 * process is gone; other errors: it could not be looked, why.
 */
int outlook_of(struct arena *a, struct process *p, const struct sought *sought, size_t n,
	enum outlook *ret, struct err *e);

#endif
