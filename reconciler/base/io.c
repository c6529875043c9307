/*
 * Reading and writing descriptors whole (io.h).
 * Called by everything.
 */
#include "l4sync/io.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

static unsigned long long usec_of(const struct timespec *t)
{
	return (unsigned long long)t->tv_sec * 1000000 + (unsigned long long)t->tv_nsec / 1000;
}

static unsigned long long usec_on(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return usec_of(&now);
}

unsigned long long realtime_usec(void)
{
	return usec_on(CLOCK_REALTIME);
}

unsigned long long monotonic_usec(void)
{
	return usec_on(CLOCK_MONOTONIC);
}

unsigned long long stat_changed_usec(const struct stat *st)
{
	return usec_of(&st->st_ctim);
}

unsigned long long stat_modified_usec(const struct stat *st)
{
	return usec_of(&st->st_mtim);
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
