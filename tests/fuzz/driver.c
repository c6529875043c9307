/*
 * Gives the files named on the command line to a fuzz entry, one after the other: what the fuzzers
 * have found is an ordinary test, with any compiler.
 * Called by tests/fuzz/run.
 */
#include <stdint.h>
#include <stdio.h>

#include "l4sync/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int give(const char *path)
{
	_cleanup_buf_ struct buf content = BUF_INIT;
	char part[4096];
	FILE *f = fopen(path, "re");
	size_t n;

	if (!f) {
		perror(path);
		return -1;
	}
	while ((n = fread(part, 1, sizeof part, f)) > 0)
		buf_add(&content, part, n);
	fclose(f);
	return LLVMFuzzerTestOneInput((const uint8_t *)content.data, content.size);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (give(argv[i]) < 0)
			return 1;
	printf("%d inputs\n", argc - 1);
	return argc < 2;
}
