/*
 * Any bytes as a template: text or reasons, never both. What is put in is not looked at again: a
 * template without braces comes out as it went in.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "l4sync/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char yaml[] = "{a: '1', e: '', b: '{{ a }}'}";
	_cleanup_arena_ struct arena *a = arena_new();
	struct diags diags = {.arena = a};
	struct template_inserts inserts = {0};
	struct node *vars = NULL;
	const void *out = NULL;
	size_t out_size = 0;

	if (node_parse(a, "vars", yaml, sizeof yaml - 1, &vars, &diags) < 0)
		abort();
	/* The variables' names are the secrets' too. */
	int r = template_render(a, &(struct template_names){vars, vars}, "x.tmpl", data, size, &out,
		&out_size, &inserts, &diags);
	for (size_t i = 0; i < inserts.n; i++)
		if (inserts.items[i].offset > out_size && r >= 0)
			abort();
	free(inserts.items);
	if ((r < 0) != (diags.total > 0) || (r < 0) != !out)
		abort();
	if (size && !memchr(data, '{', size) &&
		(r < 0 || out_size != size || memcmp(out, data, size) != 0))
		abort();
	return 0;
}
