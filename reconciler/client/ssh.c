/*
 * Starting and ending ssh, and which host is the default (ssh.h).
 * Does not know the protocol. Called by the options and by remote.c.
 */
#include "l4sync/ssh.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "l4sync/text.h"

/* sh, because the login shell may be another; C, because remote.c reads what sudo says. */
#define REMOTE_COMMAND                                                                             \
	"exec sh -c 'export LC_ALL=C; if [ \"$(id -u)\" = 0 ]; then exec l4sync serve; "           \
	"else exec sudo -n l4sync serve; fi'"

bool ssh_host_valid(const char *host)
{
	if (!*host || *host == '-')
		return false;
	for (const char *s = host; *s; s++)
		if ((unsigned char)*s <= ' ' || *s == 0x7f)
			return false;
	return true;
}

/* The one key that this side needs; a YAML library for it would be the laptop's second library. */
static int read_config(struct arena *a, const char *path, FILE *f, const char **ret, struct err *e)
{
	_cleanup_free_ char *line = NULL;
	size_t cap = 0;
	ssize_t n;

	for (unsigned number = 1; (n = getline(&line, &cap, f)) >= 0; number++) {
		char *s = line + strspn(line, " \t\n");

		if (!*s || *s == '#')
			continue;
		char *value = line + strlen("host:");
		if (!text_starts(line, "host:") || !strchr(" \t", *value))
			return err_set(
				e, -EINVAL, "%s:%u: only `host: HOST` is known here", path, number);
		value += strspn(value, " \t\"'");
		value[strcspn(value, " \t\n\"'")] = '\0';
		*ret = arena_strdup(a, value);
	}
	return ferror(f) ? err_errno(e, -errno, "cannot read %s", path) : 0;
}

int ssh_default_host(struct arena *a, const char **ret, struct err *e)
{
	const char *host = getenv("L4SYNC_HOST");
	const char *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

	*ret = NULL;
	if (host) {
		*ret = arena_strdup(a, host);
		return 0;
	}
	if ((!xdg || !*xdg) && (!home || !*home))
		return 0;
	char *path = xdg && *xdg ? arena_printf(a, "%s/l4sync/config.yaml", xdg)
				 : arena_printf(a, "%s/.config/l4sync/config.yaml", home);
	FILE *f = fopen(path, "re");
	if (!f)
		return errno == ENOENT || errno == ENOTDIR
			       ? 0
			       : err_errno(e, -errno, "cannot open %s", path);
	int rc = read_config(a, path, f, ret, e);
	fclose(f);
	return rc;
}

/* ends[i]: what ssh gets; *ours: what stays here. */
static int open_pipes(int theirs[3], struct ssh *ours, struct err *e)
{
	int *const mine[] = {&ours->in, &ours->out, &ours->err};

	for (int i = 0; i < 3; i++) {
		int fds[2];

		if (pipe2(fds, O_CLOEXEC) < 0)
			return err_errno(e, -errno, "cannot make a pipe");
		theirs[i] = fds[i == 0 ? 0 : 1];
		*mine[i] = fds[i == 0 ? 1 : 0];
	}
	return 0;
}

static void close_all(int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

static int spawn(const char *host, bool fresh, const int theirs[3], pid_t *ret)
{
	/* Options first and no "--": ssh reads options behind the host too, and the command does
	 * not begin with a dash. A dead connection is noticed after a minute. */
	const char *argv[12] = {
		"ssh", "-T", "-o", "ServerAliveInterval=15", "-o", "ServerAliveCountMax=4"};
	size_t n = 6;
	if (fresh) {
		argv[n++] = "-oControlMaster=no";
		argv[n++] = "-oControlPath=none";
	}
	argv[n++] = host;
	argv[n++] = REMOTE_COMMAND;
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t defaults;
	extern char **environ;

	posix_spawn_file_actions_init(&actions);
	for (int i = 0; i < 3; i++)
		posix_spawn_file_actions_adddup2(&actions, theirs[i], i);
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE); /* main ignores it, and that would be inherited */
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigdefault(&attributes, &defaults);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
	int rc = posix_spawnp(ret, "ssh", &actions, &attributes, (char *const *)argv, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return -rc;
}

int ssh_start(const char *host, bool fresh, struct ssh *ret, struct err *e)
{
	struct ssh ssh = {.pid = -1, .in = -1, .out = -1, .err = -1};
	int theirs[3] = {-1, -1, -1};
	int rc = open_pipes(theirs, &ssh, e);

	if (!rc) {
		rc = spawn(host, fresh, theirs, &ssh.pid);
		if (rc)
			err_errno(e, rc, "cannot start ssh (it must be installed and in PATH)");
	}
	close_all(theirs, 3);
	if (rc)
		close_all((int[]){ssh.in, ssh.out, ssh.err}, 3);
	else
		*ret = ssh;
	return rc;
}

int ssh_end(struct ssh *ssh)
{
	const struct timespec tick = {.tv_nsec = 10 * 1000 * 1000};
	int status = 0;
	pid_t ended = 0;

	/* Not read to its end: a connection that ssh keeps for others (ControlPersist) inherits
	 * standard error and would keep it open. */
	close_all((int[]){ssh->in, ssh->out, ssh->err}, 3);
	for (int i = 0; i < 200 && !ended; i++) {
		ended = waitpid(ssh->pid, &status, WNOHANG);
		if (!ended)
			nanosleep(&tick, NULL);
	}
	if (!ended) {
		kill(ssh->pid, SIGTERM);
		while (waitpid(ssh->pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
