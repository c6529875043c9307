/* What systemd-analyze(1) says of units. For rules.c. */
#ifndef L4SYNC_VERIFY_EXPOSURE_H
#define L4SYNC_VERIFY_EXPOSURE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "l4sync/err.h"
#include "l4sync/mem.h"

#define EXPOSURE_UNKNOWN UINT_MAX

/* The exposure of loaded services, in tenths, all by one call of 40 ms each; EXPOSURE_UNKNOWN where
 * it says nothing. */
int exposures(
	struct arena *a, const char *const *units, size_t n, unsigned *ret_tenths, struct err *e);

/* Out of what it prints: of one unit. False: it is not there. */
bool exposure_parse(const char *output, const char *unit, unsigned *ret_tenths);

#endif
