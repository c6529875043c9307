/*
 * The bytes of a checkout's files, out of a pulled repository, through the unprivileged child: root
 * gets sizes and bytes, and believes them only if they have the id that was asked for.
 * Called by the transaction.
 */
#ifndef L4SYNC_UNPACK_H
#define L4SYNC_UNPACK_H

#include <stdint.h>

#include "l4sync/access.h"
#include "l4sync/checkout.h"

struct unpack {
	const struct reader_access *access;
	const char *url; /* as it was pulled from */
	const struct checkout_list *list;
	/* Called in the order of the list: a file of that size begins, bytes of it, it is whole and
	 * what was asked for. NULL: only measured. An error ends it. */
	int (*begin)(void *userdata, const struct checkout_entry *x, uint64_t size, struct err *e);
	int (*add)(void *userdata, const void *data, size_t size, struct err *e);
	int (*end)(void *userdata, struct err *e);
	void *userdata;
};

/*
 * One file after another, none larger than CONTENT_SIZE_MAX and all together not larger than
 * CHECKOUT_SIZE_MAX (-EFBIG). -ENOENT with what to do: the repository, or one of the files, is not
 * in the cache. ret_size: bytes of all, may be NULL. No network.
 */
int unpack(const struct unpack *u, uint64_t *ret_size, struct err *e);

#endif
