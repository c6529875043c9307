/* Between fs.c and host.c: nobody else's business. */
#ifndef L4SYNC_HOST_INTERNAL_H
#define L4SYNC_HOST_INTERNAL_H

#include <stdint.h>

#include "l4sync/host.h"

/* openat2(2) with O_CLOEXEC; the fd or negative errno. */
int host_openat2(int dir_fd, const char *path, int flags, uint64_t resolve);

struct dir_cache *dir_cache_new(struct arena *a);
void dir_cache_free(struct dir_cache *c);

#endif
