/*
 * Descriptors: what read(2) and write(2) leave to do.
 * Called by everything.
 */
#ifndef L4SYNC_IO_H
#define L4SYNC_IO_H

#include <stddef.h>
#include <sys/stat.h>

unsigned long long realtime_usec(void);  /* CLOCK_REALTIME */
unsigned long long monotonic_usec(void); /* CLOCK_MONOTONIC: nobody sets it */

/* When the inode was changed last, which nobody can set back, and its content, which anybody can
 * say: CLOCK_REALTIME. */
unsigned long long stat_changed_usec(const struct stat *st);
unsigned long long stat_modified_usec(const struct stat *st);

/* All of the bytes, however many calls that takes; -errno. */
int fd_write_all(int fd, const void *data, size_t size);

#endif
