/*
 * Reading and writing descriptors whole (io.h).
 * Called by everything.
 */
#include "l4sync/io.h"

#include <errno.h>
#include <unistd.h>

unsigned long long stat_changed_usec(const struct stat *st)
{
	return (unsigned long long)st->st_ctim.tv_sec * 1000000 +
	       (unsigned long long)st->st_ctim.tv_nsec / 1000;
}

int fd_write_all(int fd, const void *data, size_t size)
{
	const char *at = data;

	while (size) {
		ssize_t n = write(fd, at, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		at += n;
		size -= (size_t)n;
	}
	return 0;
}
