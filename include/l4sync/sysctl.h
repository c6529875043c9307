/*
 * Kernel settings below /proc/sys: names, values, what cannot be set.
 * Called by the module sysctl and the transaction's sysctl step.
 */
#ifndef L4SYNC_SYSCTL_H
#define L4SYNC_SYSCTL_H

#include <stdbool.h>

#include "l4sync/err.h"
#include "l4sync/host.h"

/* "kernel.yama.ptrace_scope" to "/proc/sys/kernel/yama/ptrace_scope"; a '/' in the key is a '.' of
 * the file name (sysctl.d(5)). In the arena. */
const char *sysctl_path(struct arena *a, const char *key);

/* The value with white space as one blank, none at the ends: how two values are compared. */
const char *sysctl_normalize(struct arena *a, const char *value);

enum sysctl_state {
	SYSCTL_OK,
	SYSCTL_MISSING,    /* this kernel does not have the key */
	SYSCTL_UNREADABLE, /* it can only be written */
};

/* The live value, normalized, and whether anybody could write it (mode bits, read-only mount). */
int sysctl_read(struct host *h, struct arena *a, const char *key, enum sysctl_state *ret_state,
	const char **ret_value, bool *ret_writable, struct err *e);

/* Writes a value and reads it back; the kernel's refusal is explained. */
int sysctl_write(
	struct host *h, struct arena *a, const char *key, const char *value, struct err *e);

/* The keys (dotted) that a pattern of paths below /proc/sys is for now; live host only. */
int sysctl_glob(struct arena *a, const char *pattern, const char *const **ret, size_t *ret_n,
	struct err *e);

/* "net/ipv4/conf/eth0.1/forwarding" to "net.ipv4.conf.eth0/1.forwarding", and back. */
const char *sysctl_exchange(struct arena *a, const char *s);

/* Whether the kernel, which has the one value, takes the other before the next boot: some settings
 * can only be tightened. Both normalized. True of all that is not known to be one of these. */
bool sysctl_takes(const char *key, const char *live, const char *want);

/* Why the kernel will refuse this change until the next boot (settings that only tighten), or
 * NULL. */
const char *sysctl_refusal(struct arena *a, const char *key, const char *live, const char *want);

#endif
