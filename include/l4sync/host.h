/*
 * The host that is looked at and changed: its root directory, names of users and groups, the
 * service manager. All paths are resolved below the root with openat2, each directory once a run.
 * Called by the engine and the modules.
 */
#ifndef L4SYNC_HOST_H
#define L4SYNC_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "l4sync/err.h"
#include "l4sync/io.h"
#include "l4sync/mem.h"

struct bus;
struct dir_cache;

struct host {
	struct arena *arena;
	int root_fd;            /* "/" or the --root directory */
	const char *root_path;  /* "" for the live host, else the --root directory, for messages */
	bool live;              /* false with --root: no services, no kernel */
	const char *name;       /* static host name (/etc/hostname), or --host */
	const char *machine_id; /* or NULL */
	struct bus *bus;        /* NULL until host_bus(); never with --root */
	struct dir_cache *dirs;
};

/* root NULL: the live host. name NULL: from ROOT/etc/hostname (live: also the kernel's). */
int host_open(
	struct arena *a, const char *root, const char *name, struct host **ret, struct err *e);
void host_free(struct host *h);
void host_freep(struct host **h);
#define _cleanup_host_ __attribute__((cleanup(host_freep)))

/* The connection to the service manager, opened at the first call (bus.h). */
int host_bus(struct host *h, struct bus **ret, struct err *e);

/* Begins to open it, so that systemd lets us in while we look at files. Of the live host only, and
 * without an error: whoever needs the connection tries again and says why there is none. */
void host_bus_greet(struct host *h);

/*
 * A directory's fd (O_RDONLY|O_DIRECTORY), opened once and kept; owned by the host. path is
 * absolute. No component may be a symbolic link: -ELOOP with a text that names the link and what
 * to write instead. -ENOENT and -ENOTDIR set no text that names a fault: they are answers.
 */
int host_dir(struct host *h, const char *path, int *ret_fd, struct err *e);
/* Forgets what it knows of path and below (after a directory was made or removed). */
void host_dir_forget(struct host *h, const char *path);

/* The parent directory's fd and the last component (points into path) of an absolute path. */
int host_parent(
	struct host *h, const char *path, int *ret_fd, const char **ret_name, struct err *e);

/* Opens path with links followed but never out of the root: for what systemd would follow too
 * (a fragment that is a link). flags as open(2); O_CLOEXEC is added. */
int host_open_following(struct host *h, const char *path, int flags, int *ret_fd, struct err *e);

/* A whole file by fd, at most size_max bytes (-EFBIG); in the arena. */
int fd_read_all(struct arena *a, int fd, size_t size_max, const void **ret, size_t *ret_size);

/* A symbolic link's target, in the arena. */
int link_read(struct arena *a, int dir_fd, const char *name, const char **ret);

/* Names and ids: the host's NSS when live, ROOT/etc/passwd and group with --root.
 * -ENOENT: there is no such name. A decimal number is accepted as itself. */
int host_uid(struct host *h, const char *name, uid_t *ret, struct err *e);
int host_gid(struct host *h, const char *name, gid_t *ret, struct err *e);
/* The name, or the number as text; in the arena. */
const char *host_user(struct host *h, uid_t uid);
const char *host_group(struct host *h, gid_t gid);

#endif
