/*
 * Any bytes as a unit file: its assignments, the words of their values, and what [Install] asks for
 * are read without looking past the end; each is the same as itself.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../reconciler/units/index.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int words(const struct assignment *assignment, void *userdata)
{
	struct arena *a = userdata;

	for (int unquote = 0; unquote < 2; unquote++) {
		const char *at = assignment->value, *word;

		while ((word = unit_word(a, &at, unquote)))
			if (!at || strlen(word) > strlen(assignment->value))
				abort();
	}
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *a = arena_new();
	struct content *content = content_new(a, data, size);

	if (unit_file_parse(a, content, words, a))
		abort();
	if (!unit_file_same(content, content))
		abort();
	return 0;
}
