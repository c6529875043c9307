/*
 * Files beside the search path as they are and as they would be: what the overlays are good for
 * elsewhere, too (unitpath.h).
 * Changes nothing. Called by the plan's findings about kernel settings.
 */
#include "index.h"

/* What one entry leads to; why it cannot be read is an answer. */
static void read_entry(struct unit_index *x, struct entry *entry, struct index_file *ret)
{
	_cleanup_err_ struct err e = ERR_INIT;
	struct followed *f = NULL;

	*ret = (struct index_file){.path = entry->path};
	if (entry->kind == ENTRY_DIR || entry->kind == ENTRY_OTHER)
		return;
	if (entry_follow(x, entry, &f, &e) < 0)
		ret->unread = arena_strdup(x->arena, err_text(&e));
	else
		ret->content = f->content;
}

int unit_index_dir(struct unit_index *x, const char *path, struct index_file **ret, size_t *ret_n,
	struct err *e)
{
	struct listing *l;
	int r = listing_new(x, path, true, &l, e);

	if (r < 0)
		return r;
	*ret = arena_array(x->arena, struct index_file, l->n);
	*ret_n = l->n;
	for (size_t i = 0; i < l->n; i++)
		read_entry(x, &l->items[i], &(*ret)[i]);
	return 0;
}

void unit_index_file(struct unit_index *x, const char *path, struct index_file *ret)
{
	_cleanup_err_ struct err e = ERR_INIT;
	struct followed f = {0};

	*ret = (struct index_file){.path = path};
	if (path_follow(x, path, &f, &e) < 0)
		ret->unread = arena_strdup(x->arena, err_text(&e));
	else
		ret->content = f.content;
}
