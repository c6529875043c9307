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

const char *run_command(struct arena *a, const struct request *q)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	buf_addf(&b, "l4sync %s", q->command);
	for (size_t i = 0; i < q->n_args; i++)
		buf_addf(&b, " %s", q->args[i]);
	for (size_t i = 0; i < q->n_only; i++)
		buf_addf(&b, " --only %s", q->only[i]);
	if (q->state)
		buf_addf(&b, " --state %s", q->state);
	if (q->source)
		buf_addf(&b, " --source %s", q->source);
	if (q->ref)
		buf_addf(&b, " --ref %s", q->ref);
	if (q->allow_removal)
		buf_adds(&b, " --allow-removal");
	return arena_strdup(a, b.data);
}
