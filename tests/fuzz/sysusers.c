/*
 * Any bytes as a file of sysusers.d: resources that the module's own check takes, or reasons.
 */
#include <stdint.h>

#include "../memory_tree.h"
#include "l4sync/module.h"
#include "l4sync/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct reader_host host = {
		.name = "left4me", .machine_id = "4f1c0000000000000000000000000000"};
	static const char manifest[] = "l4sync: 1\nhosts: [left4me]\n";
	_cleanup_arena_ struct arena *a = arena_new();
	_cleanup_resources_ struct resources *want = NULL;
	struct memory_tree *tree = memory_tree_new(a);
	struct diags diags = {.arena = a};

	memory_add(tree, "l4sync.yaml", TREE_FILE, manifest, sizeof manifest - 1);
	memory_add(tree, "root/etc/sysusers.d/10-x.conf", TREE_FILE, data, size);
	int r = reader_read(&tree->tree, &host, modules, a, &want, &diags);
	if ((r < 0) != (diags.total > 0))
		abort();
	for (size_t i = 0; !r && i < want->n; i++)
		if (module_of(modules, want->items[i]->id)->check(want->items[i], NULL) < 0)
			abort();
	tree_free(&tree->tree);
	return 0;
}
