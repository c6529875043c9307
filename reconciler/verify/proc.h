/* What the kernel shows of a process in /proc/PID: read by descriptor, parsed. Nobody else's. */
#ifndef L4SYNC_VERIFY_PROC_H
#define L4SYNC_VERIFY_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "l4sync/mem.h"

enum { NS_MNT, NS_PID, NS_IPC, NS_NET, NS_UTS, NS_USER, NS_CGROUP, NS_COUNT };

/* /proc/PID/status; see proc(5). */
struct status {
	const char *name; /* as the kernel escapes it */
	char state;
	pid_t ppid;
	uid_t uid[4]; /* real, effective, saved, of file access */
	gid_t gid[4];
	size_t n_groups;
	gid_t *groups;
	unsigned umask;
	uint64_t cap_bounding, cap_ambient, cap_permitted;
	bool no_new_privileges;
	int seccomp_mode;
	int seccomp_filters; /* -1: this kernel does not tell (before 5.9) */
	bool kernel_thread;
	size_t n_numbers;  /* of PID namespaces, from that of the proc down to its own */
	unsigned *numbers; /* its number in each */
};

/* A line of /proc/PID/mountinfo. Octal escapes are resolved. */
struct mount {
	unsigned long long id, parent;
	const char *device; /* "8:1" */
	const char *root;   /* of the file system, what is mounted; "//deleted" may be behind it */
	const char *point;  /* seen from the process's root */
	const char *options, *super_options;
	const char *type;
};

struct rlimit_text {
	uint64_t soft, hard; /* UINT64_MAX: unlimited */
};
#define RLIMITS 16 /* the kernel's RLIM_NLIMITS, in its order */

struct seccomp_filters;

struct process {
	pid_t pid;
	int fd; /* /proc/PID: of this process and none that gets its number later */
	bool is_main;
	struct status status;
	unsigned long long start_ticks;
	long nice;
	unsigned policy;
	uint64_t ns[NS_COUNT]; /* inode; 0: it could not be read */
	/* Read when they are first asked for: */
	bool has_limits, has_mounts, has_limits_error;
	struct rlimit_text limits[RLIMITS];
	size_t n_mounts;
	struct mount *mounts;
	/* Set where its filters were to be read, one of them: */
	const struct seccomp_filters *filters;
	const char *unread; /* why they could not be */
};

/* Opens and reads it. -ESRCH: it is gone, or nothing that runs a program (a zombie, a thread of
 * the kernel). -EAGAIN: systemd has not executed its program yet. */
int process_open(struct arena *a, pid_t pid, struct process *ret);
void process_close(struct process *p);
/* It is still the one that was opened; then what was asked by its number was asked of it. */
bool process_lives(struct arena *a, const struct process *p);

/* A file of its directory, at most 4 MiB, with a NUL behind it; in the arena. */
int process_read(
	struct arena *a, const struct process *p, const char *file, const char **ret, size_t *size);
/* A symbolic link of it, NULL: it cannot be read. */
const char *process_link(struct arena *a, const struct process *p, const char *name);
int process_limits(struct arena *a, struct process *p);
int process_mounts(struct arena *a, struct process *p);

/* The parsers; false: this is not what the kernel writes. Text ends with a NUL. */
bool status_parse(struct arena *a, const char *text, struct status *ret);
bool stat_parse(const char *text, struct process *ret);
bool limits_parse(const char *text, struct rlimit_text ret[RLIMITS]);
bool mountinfo_parse(struct arena *a, const char *text, struct mount **ret, size_t *ret_n);

/* A comma separated list has this option. */
bool mount_has_option(const char *options, const char *option);
bool mount_read_only(const struct mount *m);

/* The mount that a path leads to in the process's root, links followed within it; *ret_path is the
 * path without links, seen from the process. -ENOENT: there is no such path. */
int process_mount_of(struct arena *a, struct process *p, const char *path, const struct mount **ret,
	const char **ret_path);

#endif
