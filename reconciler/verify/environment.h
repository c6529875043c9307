/* Environments: of processes, and in files as systemd reads them. Nobody else's business. */
#ifndef L4SYNC_VERIFY_ENVIRONMENT_H
#define L4SYNC_VERIFY_ENVIRONMENT_H

#include <stdbool.h>
#include <stddef.h>

#include "l4sync/mem.h"

struct variable {
	const char *name, *value;
	int from; /* whose it is: what the caller gave */
};

/* By name: the later assignment wins. In an arena. */
struct environment {
	size_t n, cap;
	struct variable *items;
};

void environment_set(struct environment *e, const char *name, size_t name_size, const char *value,
	size_t value_size, int from, struct arena *a);
/* "NAME=VALUE"; what has no "=" is nothing. */
void environment_assign(struct environment *e, const char *assignment, int from, struct arena *a);
const struct variable *environment_find(const struct environment *e, const char *name);
/* "NAME", or "NAME=VALUE": only if it has that value. */
void environment_unset(struct environment *e, const char *what);

/* Assignments that NULs end, as in /proc/PID/environ. */
void environment_block(
	struct environment *e, const char *block, size_t size, int from, struct arena *a);
/* An EnvironmentFile=, see systemd.exec(5): comments, quotes, continuation lines. */
void environment_file(
	struct environment *e, const char *text, size_t size, int from, struct arena *a);

#endif
