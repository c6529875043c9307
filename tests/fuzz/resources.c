/*
 * Reads any bytes as the canonical form. What is accepted must be written as exactly these bytes:
 * the root side of the reader's pipe rests on it.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "l4sync/resources.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_resources_ struct resources *set = NULL;
	_cleanup_buf_ struct buf again = BUF_INIT;
	unsigned char key[HASH_SIZE] = {0};

	if (resources_read(data, size, &set, NULL) < 0)
		return 0;
	resources_write(set, true, true, key, &again);
	if (again.size != size || memcmp(again.data, data, size) != 0)
		abort();
	return 0;
}
