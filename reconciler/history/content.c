/*
 * Contents by their hash: content/HEX in the tree of a generation (history.h).
 * git shares equal blobs between generations, but finds them by another hash than ours, so a
 * content is looked for by name, in the generations that were looked at, then in all of them.
 * Called by recording, and by the verbs that show or bring back what was.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "l4sync/gitlib.h"
#include "store.h"

static int shelf_open(struct history *h, uint64_t number, git_tree **ret, struct err *e)
{
	_cleanup_tree_git_ git_tree *tree = NULL;

	for (size_t i = 0; i < h->n_shelves; i++)
		if (h->shelves[i].number == number) {
			*ret = h->shelves[i].contents;
			return 0;
		}
	int r = generation_tree(h, number, &tree, e);
	if (r < 0)
		return r;
	const git_tree_entry *entry = git_tree_entry_byname(tree, ENTRY_CONTENT);
	r = entry ? gitlib_lookup(h->repo, git_tree_entry_id(entry), GIT_OBJECT_TREE,
			    (git_object **)ret, e)
		  : err_set(e, -EBADMSG, "it has no \"" ENTRY_CONTENT "\"");
	if (r < 0)
		return generation_damaged(h, number, r, e);
	h->shelves = grow(h->shelves, &h->cap_shelves, h->n_shelves, sizeof(*h->shelves));
	h->shelves[h->n_shelves++] = (struct shelf){number, *ret};
	return 0;
}

void shelves_forget(struct history *h)
{
	while (h->n_shelves)
		git_tree_free(h->shelves[--h->n_shelves].contents);
}

static bool shelf_find(const git_tree *contents, const char *name, git_oid *ret)
{
	const git_tree_entry *entry = git_tree_entry_byname(contents, name);

	if (entry)
		git_oid_cpy(ret, git_tree_entry_id(entry));
	return entry;
}

int content_find(struct history *h, const struct hash *hash, git_oid *ret, uint64_t *ret_number,
	struct err *e)
{
	_cleanup_free_ uint64_t *numbers = NULL;
	char hex[HASH_HEX_MAX];
	int damage = 0;
	size_t n;

	hash_hex(hash, hex);
	for (size_t i = 0; i < h->n_shelves; i++)
		if (shelf_find(h->shelves[i].contents, hex, ret)) {
			*ret_number = h->shelves[i].number;
			return 0;
		}
	int r = generation_numbers(h, &numbers, &n, e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++) {
		git_tree *contents;

		r = shelf_open(h, numbers[i], &contents, e);
		if (r < 0) {
			damage = r; /* told only if no other generation has it */
			continue;
		}
		if (shelf_find(contents, hex, ret)) {
			*ret_number = numbers[i];
			return 0;
		}
	}
	return damage ? damage : -ENOENT;
}

int history_content(struct history *h, struct arena *a, const struct content *c,
	const struct content **ret, struct err *e)
{
	_cleanup_blob_ git_blob *blob = NULL;
	char hex[HASH_HEX_MAX];
	uint64_t number = 0;
	git_oid id;

	if (c->data) {
		*ret = c;
		return 0;
	}
	if (c->keyed)
		return err_set(e, -ENOENT, "the content of a secret is not kept in the history");
	hash_hex(&c->hash, hex);
	int r = content_find(h, &c->hash, &id, &number, e);
	if (r == -ENOENT)
		return err_set(
			e, r, "content sha256:%s is in no generation of %s", hex, h->git_path);
	if (r < 0)
		return r;
	r = gitlib_lookup(h->repo, &id, GIT_OBJECT_BLOB, (git_object **)&blob, e);
	if (r < 0) {
		err_prefix(e, r, "its content sha256:%s", hex);
		return generation_damaged(h, number, r, e);
	}
	size_t size = (size_t)git_blob_rawsize(blob);
	const void *bytes = arena_memdup(a, git_blob_rawcontent(blob), size);
	struct content *whole = content_new(a, bytes, size);
	if (size != c->size || !hash_equal(&whole->hash, &c->hash)) {
		err_set(e, -EBADMSG, "its content sha256:%s has another hash or size", hex);
		return generation_damaged(h, number, -EBADMSG, e);
	}
	*ret = whole;
	return 0;
}
