/*
 * Which objects of the history something still refers to (store.h).
 * Opens commits, trees and tags; a content is only named, so a damaged one is in nobody's way.
 * Called by pruning.
 */
#include <errno.h>
#include <string.h>

#include "l4sync/gitlib.h"
#include "store.h"

/* Objects that were met and not yet looked into. */
struct stack {
	git_oid *items;
	size_t n, cap;
};

/* An object's name is a hash already, as good as any that could be made of it. */
static size_t slot_of(const struct oid_set *set, const git_oid *id)
{
	size_t slot;

	memcpy(&slot, id->id, sizeof(slot));
	slot &= set->size - 1;
	while (!git_oid_is_zero(&set->slots[slot]) && !git_oid_equal(&set->slots[slot], id))
		slot = (slot + 1) & (set->size - 1);
	return slot;
}

bool oid_set_has(const struct oid_set *set, const git_oid *id)
{
	return set->size && git_oid_equal(&set->slots[slot_of(set, id)], id);
}

static void set_grow(struct oid_set *set)
{
	struct oid_set old = *set;

	set->size = old.size ? old.size * 2 : 1024;
	set->slots = xmalloc(set->size * sizeof(*set->slots));
	memset(set->slots, 0, set->size * sizeof(*set->slots));
	for (size_t i = 0; i < old.size; i++)
		if (!git_oid_is_zero(&old.slots[i]))
			set->slots[slot_of(set, &old.slots[i])] = old.slots[i];
	free(old.slots);
}

/* Whether it was not in there yet. */
static bool set_add(struct oid_set *set, const git_oid *id)
{
	if (set->n * 2 >= set->size)
		set_grow(set);
	git_oid *slot = &set->slots[slot_of(set, id)];
	if (!git_oid_is_zero(slot))
		return false;
	*slot = *id;
	set->n++;
	return true;
}

void oid_set_free(struct oid_set *set)
{
	free(set->slots);
	*set = (struct oid_set){0};
}

static void meet(struct oid_set *set, struct stack *stack, const git_oid *id)
{
	if (!set_add(set, id))
		return;
	stack->items = grow(stack->items, &stack->cap, stack->n, sizeof(*stack->items));
	stack->items[stack->n++] = *id;
}

static void look_into_tree(struct oid_set *set, struct stack *stack, const git_tree *tree)
{
	for (size_t i = 0; i < git_tree_entrycount(tree); i++) {
		const git_tree_entry *entry = git_tree_entry_byindex(tree, i);
		git_object_t type = git_tree_entry_type(entry);

		if (type == GIT_OBJECT_TREE)
			meet(set, stack, git_tree_entry_id(entry));
		else if (type == GIT_OBJECT_BLOB)
			set_add(set, git_tree_entry_id(entry));
	}
}

static void look_into_commit(struct oid_set *set, struct stack *stack, const git_commit *commit)
{
	meet(set, stack, git_commit_tree_id(commit));
	for (unsigned i = 0; i < git_commit_parentcount(commit); i++)
		meet(set, stack, git_commit_parent_id(commit, i));
}

int oid_set_reach(struct history *h, const git_oid *from, struct oid_set *set, struct err *e)
{
	struct stack stack = {0};
	int r = 0;

	meet(set, &stack, from);
	while (!r && stack.n) {
		git_oid id = stack.items[--stack.n];
		git_object *object = NULL;

		r = gitlib_lookup(h->repo, &id, GIT_OBJECT_ANY, &object, e);
		if (r < 0)
			break;
		git_object_t type = git_object_type(object);
		if (type == GIT_OBJECT_COMMIT)
			look_into_commit(set, &stack, (git_commit *)object);
		else if (type == GIT_OBJECT_TREE)
			look_into_tree(set, &stack, (git_tree *)object);
		else if (type == GIT_OBJECT_TAG)
			meet(set, &stack, git_tag_target_id((git_tag *)object));
		git_object_free(object);
	}
	free(stack.items);
	return r;
}
