/*
 * Reading a state from beginning to end (reader.h): manifest, trees, sections, the whole.
 * Looks at no host. Called by the reader's child, and by lint and diff.
 */
#include "l4sync/reader.h"

#include <errno.h>
#include <string.h>

#include "l4sync/module.h"
#include "l4sync/text.h"
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

static void derive(struct reader *r)
{
	for (const struct module *const *m = r->modules; *m; m++)
		if ((*m)->derive)
			(*m)->derive(r);
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
		return code == -EPERM ? code : -EINVAL;
	tree_want_read(r);
	parse_sections(r);
	derive(r);
	tree_want_finish(r);
	complete(r);
	if (!r->diags->total && r->want->n > RESOURCES_MAX)
		diag_add(r->diags, (struct where){0}, "the state has more than %d resources",
			RESOURCES_MAX);
	return r->diags->total ? -EINVAL : 0;
}

/* The manifest, what is merged over it, what the trees ship; nowhere in particular. */
static unsigned file_rank(const char *file)
{
	return !file ? 3 : !strcmp(file, MANIFEST) ? 0 : text_starts(file, HOSTS_DIR "/") ? 1 : 2;
}

/* The order in which errors are shown. */
static int compare_where(const struct where *a, const struct where *b)
{
	unsigned rank = file_rank(a->file), other = file_rank(b->file);

	if (rank != other)
		return rank < other ? -1 : 1;
	int c = a->file ? strcmp(a->file, b->file) : 0;
	return c ? c : where_compare(a, b);
}

int reader_section(struct reader *r, const char *section, const struct node *map,
	void (*each)(struct reader *r, const struct node *name, const struct node *entry))
{
	size_t before = r->diags->total;

	if (node_want_map(map, section, r->diags) < 0)
		return -EINVAL;
	for (size_t i = 0; i < map->n; i++)
		each(r, map->keys[i], map->items[i]);
	return r->diags->total == before ? 0 : -EINVAL;
}

int reader_open_source(struct reader *r, const struct node *n, const char *what, const char *repo,
	const char *rev, struct reader_source *ret)
{
	_cleanup_err_ struct err e = ERR_INIT;

	if (!r->sources)
		return diag_add(r->diags, n->where,
			"%s: another repository cannot be looked at here", what);
	if (r->sources->left_out)
		return 1;
	int code = r->sources->open(r->sources->userdata, repo, rev, ret, &e);
	if (code >= 0 || r->failed)
		return code;
	r->failed = code;
	if (e.text)
		err_set(r->failure, code, "%s: %s: %s", where_text(r->arena, &n->where), what,
			err_text(&e));
	return code;
}

int reader_read_with(struct tree *tree, const struct reader_host *host,
	const struct module *const *list, const struct reader_sources *sources, struct arena *a,
	struct resources **ret, struct diags *diags, struct err *e)
{
	_cleanup_resources_ struct resources *want = resources_new();
	struct reader r = {
		.arena = a,
		.host = host,
		.modules = list,
		.tree = tree,
		.sources = sources,
		.failure = e,
		.want = want,
		.diags = diags,
	};

	diags->compare = compare_where;
	int code = read_state(&r);
	/* An invalid state is one whatever could be pulled. */
	if (code < 0) {
		err_clear(e);
		return code;
	}
	if (r.failed)
		return r.failed;
	resources_meta(want, "host", r.host->name ? r.host->name : "");
	resources_sort(want, NULL);
	*ret = TAKE_PTR(want);
	return 0;
}

int reader_read(struct tree *tree, const struct reader_host *host, const struct module *const *list,
	struct arena *a, struct resources **ret, struct diags *diags)
{
	_cleanup_err_ struct err e = ERR_INIT;

	return reader_read_with(tree, host, list, NULL, a, ret, diags, &e);
}
