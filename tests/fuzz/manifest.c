/*
 * Any bytes as l4sync.yaml and as a template: the reader gives a want or reasons, nothing else.
 * What it gives is well-formed by the modules' checks, and can be written and read back.
 */
#include <stdint.h>

#include "../memory_tree.h"
#include "l4sync/module.h"
#include "l4sync/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_want(const struct resources *want)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	_cleanup_resources_ struct resources *again = NULL;

	resources_write(want, true, true, NULL, &text);
	if (resources_read(text.data, text.size, &again, NULL) < 0)
		abort();
	for (size_t i = 0; i < again->n; i++)
		if (module_of(modules, again->items[i]->id)->check(again->items[i], NULL) < 0)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct reader_host host = {
		.name = "left4me", .machine_id = "4f1c0000000000000000000000000000"};
	static const char drop_in[] = "[Service]\n", setting[] = "vm.swappiness = 10\n";
	_cleanup_arena_ struct arena *a = arena_new();
	_cleanup_resources_ struct resources *want = NULL;
	struct memory_tree *tree = memory_tree_new(a);
	struct diags diags = {.arena = a};

	memory_add(tree, "l4sync.yaml", TREE_FILE, data, size);
	memory_add(tree, "root/etc/x.tmpl", TREE_FILE, data, size);
	memory_add(tree, "root/etc/sysctl.d/10-x.conf", TREE_FILE, setting, sizeof setting - 1);
	memory_add(tree, "root/etc/systemd/system/a.service.d/1.conf", TREE_FILE, drop_in,
		sizeof drop_in - 1);
	int r = reader_read(&tree->tree, &host, modules, a, &want, &diags);
	if ((r < 0) != (diags.total > 0))
		abort();
	if (!r)
		check_want(want);
	tree_free(&tree->tree);
	return 0;
}
