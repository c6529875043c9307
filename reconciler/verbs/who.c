/*
 * Who asks for a run, for the lock and the history (run.h).
 * Called by the lock and the generation.
 */
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "l4sync/run.h"

const char *run_user(struct arena *a)
{
	/* sudo sets it for root's commands; only root could set it otherwise. */
	const char *sudo = getenv("SUDO_USER");
	const struct passwd *p = sudo && *sudo ? NULL : getpwuid(getuid());

	return arena_strdup(a, sudo && *sudo ? sudo : p ? p->pw_name : "unknown");
}

const char *run_client(struct arena *a)
{
	const char *ssh = getenv("SSH_CONNECTION");

	if (!ssh || !*ssh)
		ssh = getenv("SSH_CLIENT");
	return ssh && *ssh ? arena_strndup(a, ssh, strcspn(ssh, " ")) : NULL;
}
