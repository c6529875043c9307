/*
 * Host keys of ssh servers against a known_hosts text (remote.h). Never adds one.
 * Which lines are for a host is asked of ssh-keygen, the reference for patterns, negation and
 * hashed names: libssh2's own check knows no @revoked and would accept such a key.
 * Called by remote_fetch().
 */
#include <errno.h>
#include <fcntl.h>
#include <nettle/base64.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "l4sync/hash.h"
#include "l4sync/host.h"
#include "l4sync/remote.h"
#include "l4sync/text.h"

#define OUTPUT_MAX ((size_t)1 << 20) /* bytes of ssh-keygen's answer */

static int text_fd(const char *text, struct err *e)
{
	_cleanup_close_ int fd = memfd_create("known_hosts", MFD_CLOEXEC);

	if (fd < 0)
		return err_errno(e, -errno, "cannot make a file in memory");
	int r = fd_write_all(fd, text, strlen(text));
	if (r < 0)
		return err_errno(e, r, "cannot write a file in memory");
	return TAKE_FD(fd);
}

/* Both ends close on exec; the program gets its copies by dup2. */
static int spawn_keygen(int in_fd, int out_fd, const char *name, pid_t *ret, struct err *e)
{
	char *argv[] = {"ssh-keygen", "-F", (char *)name, "-f", "/proc/self/fd/0", NULL};
	char *env[] = {"PATH=/usr/bin:/bin", "LC_ALL=C", NULL};
	posix_spawn_file_actions_t files;

	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, in_fd, 0);
	posix_spawn_file_actions_adddup2(&files, out_fd, 1);
	posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
	int r = posix_spawn(ret, "/usr/bin/ssh-keygen", &files, NULL, argv, env);
	posix_spawn_file_actions_destroy(&files);
	if (r)
		return err_errno(e, -r,
			"cannot run ssh-keygen, which checks host keys (package openssh-client)");
	return 0;
}

static int keygen_find(
	const char *known_hosts, const struct host_keys *keys, struct buf *out, struct err *e)
{
	_cleanup_close_ int in_fd = text_fd(known_hosts, e), read_fd = -1, write_fd = -1;
	int pipe_fds[2], status;
	char chunk[4096];
	ssize_t n = 0;
	pid_t pid;

	if (in_fd < 0)
		return in_fd;
	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return err_errno(e, -errno, "cannot make a pipe");
	read_fd = pipe_fds[0], write_fd = pipe_fds[1];
	int r = spawn_keygen(in_fd, write_fd, keys->name, &pid, e);
	if (r < 0)
		return r;
	close(TAKE_FD(write_fd));
	while (out->size < OUTPUT_MAX && (n = read(read_fd, chunk, sizeof chunk)) > 0)
		buf_add(out, chunk, (size_t)n);
	close(TAKE_FD(read_fd));
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return err_errno(e, -errno, "cannot wait for ssh-keygen");
	/* 1 says that there is no such host. */
	if (n != 0 || !WIFEXITED(status) || WEXITSTATUS(status) > 1)
		return err_set(e, -EIO,
			"ssh-keygen could not read the known_hosts file: look at it with "
			"`ssh-keygen -F %s -f %s`",
			keys->name, keys->file);
	return 0;
}

static char *next_word(char **rest)
{
	char *word;

	do {
		word = strsep(rest, " \t");
	} while (word && !*word);
	return word;
}

static void add_line(struct arena *a, char *line, struct host_keys *keys)
{
	struct host_key key = {0};
	char *hosts = next_word(&line);

	if (!hosts || *hosts == '#' || !strcmp(hosts, "@cert-authority"))
		return;
	if (!strcmp(hosts, "@revoked")) {
		key.revoked = true;
		hosts = next_word(&line);
	}
	key.type = next_word(&line);
	key.base64 = next_word(&line);
	if (!hosts || !key.type || !key.base64)
		return;
	struct host_key *all = arena_array(a, struct host_key, keys->n + 1);
	if (keys->n)
		memcpy(all, keys->keys, keys->n * sizeof *all);
	all[keys->n++] = key;
	keys->keys = all;
}

int host_keys_find(struct arena *a, const char *known_hosts, const char *file, const char *host,
	unsigned port, struct host_keys *ret, struct err *e)
{
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct host_keys keys = {
		.name = port == 22 ? host : arena_printf(a, "[%s]:%u", host, port), .file = file};

	int r = keygen_find(known_hosts, &keys, &out, e);
	if (r < 0)
		return r;
	char *text = arena_memdup(a, out.data, out.size), *line;
	while ((line = strsep(&text, "\n")))
		add_line(a, line, &keys);
	*ret = keys;
	return 0;
}

/* "SHA256:…" as ssh-keygen -l shows it. */
static const char *fingerprint(const void *key, size_t size, char ret[64])
{
	struct hash h = hash_sha256(key, size);
	char text[BASE64_ENCODE_RAW_LENGTH(HASH_SIZE)];

	base64_encode_raw(text, HASH_SIZE, h.bytes);
	strcpy(ret, "SHA256:");
	strncat(ret, text, strcspn(text, "="));
	return ret;
}

int host_keys_check(const struct host_keys *keys, const void *key, size_t size, struct err *e)
{
	_cleanup_free_ char *text = xmalloc(BASE64_ENCODE_RAW_LENGTH(size) + 1);
	char shown[64];
	bool known = false;
	size_t valid = 0;

	base64_encode_raw(text, size, key);
	text[BASE64_ENCODE_RAW_LENGTH(size)] = 0;
	for (size_t i = 0; i < keys->n; i++) {
		bool same = !strcmp(keys->keys[i].base64, text);

		if (same && keys->keys[i].revoked)
			return err_set(e, -EACCES,
				"host key of %s (%s) is revoked in known_hosts: do not trust this "
				"server",
				keys->name, fingerprint(key, size, shown));
		known |= same;
		valid += !keys->keys[i].revoked;
	}
	if (known)
		return 0;
	if (valid)
		return err_set(e, -EACCES,
			"host key of %s (%s) is not the one in known_hosts: either the server was "
			"set up anew, or somebody else answers; compare with the server's "
			"administrator before you replace the line",
			keys->name, fingerprint(key, size, shown));
	return err_set(e, -EACCES,
		"host key of %s (%s) is not in known_hosts; compare it and add it to %s with "
		"ssh-keyscan",
		keys->name, fingerprint(key, size, shown), keys->file);
}
