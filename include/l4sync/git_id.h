/*
 * Git's id of a file's bytes, piece by piece: SHA-1 of "blob SIZE\0" and the bytes.
 * Called by what compares a checkout with its commit.
 */
#ifndef L4SYNC_GIT_ID_H
#define L4SYNC_GIT_ID_H

#include <stddef.h>
#include <stdint.h>

#include "l4sync/checkout.h"

struct git_id;

/* The caller ends what it has begun; *h is NULL then. */
struct git_id *git_id_begin(uint64_t size);
void git_id_add(struct git_id *h, const void *data, size_t size);
void git_id_end(struct git_id **h, char ret[GIT_ID_MAX]);

/* Of an open regular file from its beginning, of the size that it has now; -errno, -EAGAIN when it
 * has changed its size meanwhile. */
int git_id_of_file(int fd, char ret[GIT_ID_MAX]);

#endif
