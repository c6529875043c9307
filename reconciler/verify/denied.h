/* `syscalls_denied` of the state: nobody else's business. */
#ifndef L4SYNC_VERIFY_DENIED_H
#define L4SYNC_VERIFY_DENIED_H

#include "l4sync/verify.h"

/* By the filters of the unit's processes that were read. Where they were not to be read, that is a
 * finding too (with all), which is no failure: *ret_n is raised for each call that is let through.
 */
void denied_judge(const struct truth_unit *u, const struct resource *rules, bool all,
	struct findings *f, size_t *ret_n);

#endif
