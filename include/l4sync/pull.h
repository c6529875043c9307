/*
 * Bringing a source's commits into a bare repository (libgit2) and resolving its ref, once a run.
 * Runs in the unprivileged child only.
 * Called by the reader.
 */
#ifndef L4SYNC_PULL_H
#define L4SYNC_PULL_H

#include <stdbool.h>

#include "l4sync/err.h"
#include "l4sync/mem.h"

/* The directory of config.yaml, deploy_key and known_hosts. */
#define CONFIG_DIR "/etc/l4sync"

/* Where a state comes from: the configuration's `source:`, overridden by flags. */
struct source {
	const char *url;  /* https://, ssh://, user@host:path, file://, an absolute path */
	const char *ref;  /* branch, tag or commit; NULL: the remote's HEAD */
	const char *path; /* where the state stands in the repository; "" or NULL: the top */
	int path_fd;      /* for a local source: its directory, opened by the parent; else -1 */
	const char *deploy_key;  /* ssh: the private key's text, or NULL */
	const char *known_hosts; /* ssh: the known_hosts file's text, or NULL */
	const char *config_dir;  /* where both are or belong, for messages; NULL: CONFIG_DIR */
};

struct pulled {
	const char *git_dir; /* the bare repository below cache_dir */
	const char *commit;  /* hexadecimal */
	const char *ref; /* what it was found under: refs/heads/master, refs/tags/v1, or the id */
	bool fetched;    /* false: offline, from what an earlier run had brought */
};

/*
 * cache_dir: a directory of the caller's uid in which one bare repository a URL is kept.
 * fetch false: no network, resolve from what is there (check, a second read of one run).
 * A host key that known_hosts does not hold is refused, and so is an https certificate that does
 * not verify. A pull that fails changes nothing that a reader sees: refs move after all objects
 * are there. Errors say what to do: "cannot reach …", "no branch, tag or commit "x" in …",
 * "host key of … is not in …; add it with ssh-keyscan …".
 * A corrupt cache repository is set aside and fetched anew once.
 * progress may be NULL; it gets one line at most every 500 ms.
 */
int pull(struct arena *a, const struct source *src, const char *cache_dir, bool fetch,
	void (*progress)(void *userdata, const char *text), void *userdata, struct pulled *ret,
	struct err *e);

/* Where that repository is kept below the cache, there or not. In the arena. */
const char *pull_git_dir(struct arena *a, const char *cache_dir, const char *url);

/*
 * After a failure to read what pull() brought: reads every object of that commit. A repository
 * that is damaged (-EUCLEAN) is set aside, so that another pull() fetches it anew; 0 says that the
 * failure has another cause.
 */
int pull_verify(struct arena *a, const struct pulled *pulled, struct err *e);

#endif
