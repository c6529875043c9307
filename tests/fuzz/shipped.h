/*
 * What the targets for shipped files share: any bytes as one file of a tree, read as a state is.
 * Called by them only.
 */
#ifndef L4SYNC_FUZZ_SHIPPED_H
#define L4SYNC_FUZZ_SHIPPED_H

#include <stdint.h>

#include "../memory_tree.h"
#include "l4sync/module.h"
#include "l4sync/reader.h"

/* Either resources that the modules' own checks take, or reasons. */
static inline void fuzz_shipped(const char *path, const uint8_t *data, size_t size)
{
	static const struct reader_host host = {
		.name = "left4me", .machine_id = "4f1c0000000000000000000000000000"};
	static const char manifest[] = "l4sync: 1\nhosts: [left4me]\n";
	_cleanup_arena_ struct arena *a = arena_new();
	_cleanup_resources_ struct resources *want = NULL;
	struct memory_tree *tree = memory_tree_new(a);
	struct diags diags = {.arena = a};

	memory_add(tree, "l4sync.yaml", TREE_FILE, manifest, sizeof manifest - 1);
	memory_add(tree, path, TREE_FILE, data, size);
	int r = reader_read(&tree->tree, &host, modules, a, &want, &diags);
	if ((r < 0) != (diags.total > 0))
		abort();
	for (size_t i = 0; !r && i < want->n; i++)
		if (module_of(modules, want->items[i]->id)->check(want->items[i], NULL) < 0)
			abort();
	tree_free(&tree->tree);
}

#endif
