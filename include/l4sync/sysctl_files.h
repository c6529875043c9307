/*
 * What the files of sysctl.d say together: which file and line has the last word on a kernel
 * setting. The programs that read them follow different rules; each is followed here to the letter,
 * and tests/host/container/sysctl.test compares with the programs. Pure: files and names in, lines
 * out.
 * Called by the plan's findings about kernel settings.
 */
#ifndef L4SYNC_SYSCTL_FILES_H
#define L4SYNC_SYSCTL_FILES_H

#include <stdbool.h>
#include <stddef.h>

#include "l4sync/mem.h"
#include "l4sync/resources.h"

/* Who reads them. */
enum sysctl_reader {
	SYSCTL_BOOT,    /* systemd-sysctl at the next boot, when what is in /run will be gone */
	SYSCTL_SYSTEMD, /* systemd-sysctl when it is run now */
	SYSCTL_PROCPS,  /* sysctl --system, which administrators and packages run */
};

/* The directories, highest rank first; NULL-terminated. */
extern const char *const sysctl_file_dirs[];
/* Read by procps alone, and last. */
#define SYSCTL_CONF "/etc/sysctl.conf"
/* The kernel's own arguments, of which sysctl.KEY=VALUE is set before anything else. */
#define SYSCTL_CMDLINE "/proc/cmdline"
/* The base name of the credential that systemd-sysctl reads last (systemd-sysctl.service(8)): of
 * several the first is taken. */
#define SYSCTL_CREDENTIAL "sysctl.extra"

/* An entry of one of the directories, or one of the three others; path is absolute. */
struct sysctl_file {
	const char *path;
	const struct content *content; /* NULL: nothing in it (empty, dangling, a directory) */
};

struct sysctl_line {
	const char *path;
	unsigned line;
	const char *key;    /* as its reader has it, below /proc/sys: "net/ipv4/conf/<glob>/x" */
	const char *target; /* the same without "//", "." and ".." */
	const char *value;  /* NULL: takes the key out (-KEY) */
	bool is_glob;
	bool is_argument; /* of the kernel's command line: set before all else */
	size_t order;     /* of taking effect, from 0 */
};

struct sysctl_rules {
	struct arena *arena;
	enum sysctl_reader reader;
	size_t n, n_keys, n_globs;
	struct sysctl_line *lines;         /* by order */
	const struct sysctl_line **by_key; /* those with a key, by target and order */
	const struct sysctl_line **globs;  /* by order */
};

/* All in the arena; keeps pointers to the paths. */
struct sysctl_rules *sysctl_rules_new(
	struct arena *a, enum sysctl_reader reader, const struct sysctl_file *files, size_t n);

/*
 * The line that a setting ends up with: the last, but where the kernel takes no other value after
 * one, that one. key is dotted (sysctl.h). A line with value NULL: nothing sets it, and that line
 * keeps a glob (with systemd an earlier line, too) from it. NULL: nothing sets it.
 */
const struct sysctl_line *sysctl_rules_find(const struct sysctl_rules *r, const char *key);

/* Whether a glob's line is for what the other names. */
bool sysctl_line_covers(const struct sysctl_line *glob, const struct sysctl_line *line);

/* The path of the file that hides the one at path by having its name, or NULL. */
const char *sysctl_file_hider(
	enum sysctl_reader reader, const struct sysctl_file *files, size_t n, const char *path);

#endif
