/*
 * Any bytes as a file of sysusers.d: resources that the module's own check takes, or reasons.
 */
#include "shipped.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_shipped("root/etc/sysusers.d/10-x.conf", data, size);
	return 0;
}
