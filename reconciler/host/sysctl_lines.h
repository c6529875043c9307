/* Between sysctl_files.c and sysctl_lines.c: the lines of one file. */
#ifndef L4SYNC_SYSCTL_LINES_H
#define L4SYNC_SYSCTL_LINES_H

#include "l4sync/sysctl_files.h"

struct sysctl_lines {
	struct arena *arena;
	size_t n, cap;
	struct sysctl_line *items; /* malloc'd; order is the index */
};

/* Adds what the file's lines say to systemd, or to procps. */
void sysctl_lines_read(struct sysctl_lines *all, bool procps, const struct sysctl_file *file);

/* Adds sysctl.KEY=VALUE of the kernel's arguments. */
void sysctl_lines_cmdline(struct sysctl_lines *all, const struct sysctl_file *file);

#endif
