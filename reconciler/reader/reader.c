/*
 * Reading a state from beginning to end (reader.h): manifest, trees, sections, the whole.
 * Looks at no host. Called by the reader's child, and by lint and diff.
 */
#include "l4sync/reader.h"

#include <errno.h>

#include "l4sync/module.h"
#include "reader_internal.h"

/* Each section to the module that owns it. */
static void parse_sections(struct reader *r)
{
	for (const struct module *const *m = r->modules; *m; m++)
		for (const char *const *s = (*m)->sections; s && *s; s++) {
			const struct node *node = node_get(r->manifest, *s);

			if (node && node->kind != NODE_NULL)
				(*m)->parse(r, *s, node);
		}
}

static void complete(struct reader *r)
{
	resources_sort(r->want, NULL);
	for (const struct module *const *m = r->modules; *m; m++)
		if ((*m)->complete) {
			(*m)->complete(r);
			resources_sort(r->want, NULL);
		}
}

static int read_state(struct reader *r)
{
	int code = manifest_read(r);

	if (code < 0)
		return code;
	tree_want_read(r);
	parse_sections(r);
	tree_want_finish(r);
	complete(r);
	if (!r->diags->total && r->want->n > RESOURCES_MAX)
		diag_add(r->diags, (struct where){0}, "the state has more than %d resources",
			RESOURCES_MAX);
	return r->diags->total ? -EINVAL : 0;
}

int reader_read(struct tree *tree, const struct reader_host *host, const struct module *const *list,
	struct arena *a, struct resources **ret, struct diags *diags)
{
	_cleanup_resources_ struct resources *want = resources_new();
	struct reader r = {
		.arena = a,
		.host = host,
		.modules = list,
		.tree = tree,
		.want = want,
		.diags = diags,
	};
	int code = read_state(&r);

	if (code < 0)
		return code;
	resources_meta(want, "host", host->name ? host->name : "");
	resources_sort(want, NULL);
	*ret = TAKE_PTR(want);
	return 0;
}
