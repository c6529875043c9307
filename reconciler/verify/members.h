/* Which processes are a unit's: nobody else's business. */
#ifndef L4SYNC_VERIFY_MEMBERS_H
#define L4SYNC_VERIFY_MEMBERS_H

#include "l4sync/host.h"

#include "proc.h"

struct members {
	const char *cgroup; /* "/system.slice/x.service" */
	pid_t control_pid;  /* of ExecStartPre=, ExecReload=, …, while one runs; else 0 */
	size_t n, cap;
	pid_t *pids; /* in the arena */
};

/* Of the cgroup and all below it; one that is gone has none. */
void members_read(struct arena *a, struct members *m);
/* Whether the process that was opened is in that cgroup, and not another with its number. */
bool members_has(struct arena *a, const struct members *m, const struct process *p);
/* A command that may run with other settings than the unit's (+ and !), or what that has started.
 */
bool members_is_control(struct arena *a, const struct members *m, const struct process *p);

/* Of a user, by NSS; 0 if there is no such user. */
gid_t members_primary_group(uid_t uid);

#endif
