/*
 * The far side of a pull: what a source's URL says, which host keys it may show, and one fetch
 * from it with everything that is refused there.
 * Called by pull().
 */
#ifndef L4SYNC_REMOTE_H
#define L4SYNC_REMOTE_H

#include <git2.h>
#include <stdbool.h>
#include <stddef.h>

#include "l4sync/err.h"
#include "l4sync/mem.h"
#include "l4sync/pull.h"

/* Past this a fetch is refused (-EFBIG). */
#define PULL_SIZE_MAX ((size_t)1 << 30) /* bytes received */

enum url_kind { URL_HTTPS, URL_SSH, URL_LOCAL };

struct url {
	enum url_kind kind;
	const char *text; /* as libgit2 gets it */
	const char *user; /* ssh: "git" if the URL names none; else NULL */
	const char *host; /* https, ssh; without the brackets of an IPv6 address */
	unsigned port;    /* ssh; 22 if the URL names none */
	const char *path; /* local: the absolute path */
};

/* -EINVAL with what would be right: another scheme, a relative path, a password in the URL. */
int url_parse(struct arena *a, const char *text, struct url *ret, struct err *e);

/* One line of known_hosts that is for the host: the key's text as it stands there (base64). */
struct host_key {
	const char *type, *base64;
	bool revoked;
};

struct host_keys {
	const char *name; /* how known_hosts has it: "host" or "[host]:port" */
	const char *file; /* its path, for messages */
	size_t n;
	struct host_key *keys;
};

/*
 * The lines of a known_hosts text (patterns, hashed names and @revoked included) that are for this
 * host, as ssh-keygen -F finds them. Empty when there is none; certificate authorities are left
 * out, since libgit2 shows plain keys only. file: where the text is from, for messages; kept.
 * -ENOENT when there is no ssh-keygen.
 */
int host_keys_find(struct arena *a, const char *known_hosts, const char *file, const char *host,
	unsigned port, struct host_keys *ret, struct err *e);

/* Whether a server that shows this key is the right one: 0; -EACCES with what to do. */
int host_keys_check(const struct host_keys *keys, const void *key, size_t size, struct err *e);

/* Whether the loose objects of a repository on this machine are whole, so that reading them ends:
 * those that refs name, or all. -EBADMSG with the first that is not. */
int local_check(struct arena *a, const char *path, bool all, struct err *e);

/*
 * Fetches branches and tags into refs/l4sync/heads/ and refs/l4sync/tags/ of a bare repository, and
 * points refs/l4sync/HEAD at the remote's default branch (removed if it has none). Objects come
 * first, then refs; an unchanged remote costs one listing. home_dir: made below the cache, the only
 * HOME that libgit2 gets to see. Errors say what to do; -EHOSTUNREACH, -EACCES, -EFBIG, -ENOENT
 * (nothing was ever pushed), -EBADMSG (local_check), else -EIO.
 */
int remote_fetch(git_repository *repo, const struct source *src, const char *home_dir,
	void (*progress)(void *userdata, const char *text), void *userdata, struct err *e);

#endif
