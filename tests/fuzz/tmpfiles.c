/*
 * Any bytes as a file of tmpfiles.d: resources that the module's own check takes, or reasons.
 */
#include "shipped.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_shipped("root/etc/tmpfiles.d/10-x.conf", data, size);
	return 0;
}
