/*
 * Names to commits, and whether a commit is all there (refs.h).
 * Writes nothing. Called by pull() and pull_verify().
 */
#include "l4sync/refs.h"

#include <errno.h>
#include <string.h>

#include "l4sync/git.h"
#include "l4sync/resources.h"
#include "l4sync/text.h"

#define DEPTH_MAX 128 /* directories within directories */
#define OWN_REFS "refs/l4sync/"

/* A ref below refs/l4sync/, peeled to its commit. 0; 1 if there is no such ref; -EUCLEAN. */
static int lookup_ref(git_repository *repo, const char *name, git_oid *ret, struct err *e)
{
	git_reference *ref = NULL;
	git_object *object = NULL;

	int r = git_reference_lookup(&ref, repo, name);
	if (r == GIT_ENOTFOUND || r == GIT_EINVALIDSPEC)
		return 1;
	if (!r)
		r = git_reference_peel(&object, ref, GIT_OBJECT_COMMIT);
	if (!r)
		*ret = *git_object_id(object);
	git_object_free(object);
	git_reference_free(ref);
	/* Ours is the source's, kept below a directory of its own. */
	name += strlen(OWN_REFS);
	if (r == GIT_EPEEL || r == GIT_EINVALIDSPEC)
		return err_set(e, -EINVAL, "refs/%s leads to no commit", name);
	return r ? err_set(e, -EUCLEAN, "refs/%s: %s", name, git_failure()) : 0;
}

static int lookup_id(git_repository *repo, const char *ref, git_oid *ret, struct err *e)
{
	size_t n = strlen(ref);
	git_object *object = NULL;
	git_oid id;

	if (n < 4 || n > GIT_OID_HEXSZ || strspn(ref, "0123456789abcdefABCDEF") != n ||
		git_oid_fromstrn(&id, ref, n) < 0)
		return 1;
	int r = git_object_lookup_prefix(&object, repo, &id, n, GIT_OBJECT_COMMIT);
	if (!r)
		*ret = *git_object_id(object);
	git_object_free(object);
	if (r == GIT_EAMBIGUOUS)
		return err_set(
			e, -EEXIST, "more than one object begins with %s; give more digits", ref);
	return r ? 1 : 0;
}

static int lookup_head(
	struct arena *a, git_repository *repo, const char **ret_name, git_oid *ret, struct err *e)
{
	git_reference *head = NULL;

	if (git_reference_lookup(&head, repo, OWN_REFS "HEAD") < 0 ||
		git_reference_type(head) != GIT_REFERENCE_SYMBOLIC) {
		git_reference_free(head);
		return 1;
	}
	const char *target = arena_strdup(a, git_reference_symbolic_target(head));
	git_reference_free(head);
	*ret_name = arena_printf(a, "refs/%s", target + strlen(OWN_REFS));
	return lookup_ref(repo, target, ret, e);
}

/* heads/NAME, tags/NAME, or with refs/ before; then an id. */
static int lookup_any(struct arena *a, git_repository *repo, const char *ref, const char **ret_name,
	git_oid *ret, struct err *e)
{
	static const char *const kinds[] = {"heads/", "tags/", ""};

	for (size_t i = 0; i < ELEMENTS(kinds); i++) {
		const char *name = kinds[i][0]
					   ? arena_printf(a, "%s%s", kinds[i], ref)
					   : ref + strlen(text_starts(ref, "refs/") ? "refs/" : "");

		if (!text_starts(name, "heads/") && !text_starts(name, "tags/"))
			continue;
		int r = lookup_ref(repo, arena_printf(a, OWN_REFS "%s", name), ret, e);
		if (r <= 0) {
			*ret_name = arena_printf(a, "refs/%s", name);
			return r;
		}
	}
	*ret_name = NULL;
	return lookup_id(repo, ref, ret, e);
}

static int no_such_ref(struct arena *a, git_repository *repo, const char *ref, struct err *e)
{
	git_reference_iterator *iterator = NULL;
	_cleanup_free_ const char **list = NULL;
	size_t n = 0, cap = 0;
	const char *name;

	if (!ref)
		return err_set(e, -ENOENT, "it names no default branch; name one with `ref:`");
	if (!git_reference_iterator_glob_new(&iterator, repo, OWN_REFS "heads/*"))
		while (!git_reference_next_name(&name, iterator)) {
			list = grow(list, &cap, n, sizeof *list);
			list[n++] = arena_strdup(a, name + strlen(OWN_REFS "heads/"));
		}
	git_reference_iterator_free(iterator);
	list = grow(list, &cap, n, sizeof *list);
	list[n] = NULL;
	const char *nearest = text_nearest(ref, list);
	return err_set(e, -ENOENT,
		nearest ? "no branch, tag or commit \"%s\"; there is a branch \"%s\""
			: "no branch, tag or commit \"%s\"",
		ref, nearest);
}

int ref_resolve(struct arena *a, git_repository *repo, const char *ref, const char **ret_ref_name,
	const char **ret_commit, struct err *e)
{
	char hex[GIT_OID_HEXSZ + 1];
	const char *name = NULL;
	git_oid id;

	int r = ref ? lookup_any(a, repo, ref, &name, &id, e) : lookup_head(a, repo, &name, &id, e);
	if (r > 0)
		return no_such_ref(a, repo, ref, e);
	if (r < 0)
		return r;
	git_oid_tostr(hex, sizeof hex, &id);
	r = commit_verify(repo, hex, false, e);
	if (r < 0)
		return r;
	*ret_commit = arena_strdup(a, hex);
	*ret_ref_name = name ? name : *ret_commit;
	return 0;
}

bool refs_whole(git_repository *repo)
{
	git_revwalk *walk = NULL;
	git_oid id;

	int r = git_revwalk_new(&walk, repo);
	if (!r)
		r = git_revwalk_push_glob(walk, OWN_REFS "*");
	while (!r)
		r = git_revwalk_next(&id, walk);
	git_revwalk_free(walk);
	return r == GIT_ITEROVER;
}

static int verify_blob(git_odb *odb, const git_oid *id, bool contents)
{
	git_odb_object *object = NULL;
	size_t size;
	git_object_t type;

	if (!contents)
		return git_odb_exists(odb, id) ? 0 : GIT_ENOTFOUND;
	int r = git_odb_read_header(&size, &type, odb, id);
	/* One that is too large for any resource is refused later, and not read for this. */
	if (!r && size <= CONTENT_SIZE_MAX)
		r = git_odb_read(&object, odb, id);
	git_odb_object_free(object);
	return r;
}

static int verify_tree(
	git_repository *repo, git_odb *odb, const git_oid *id, bool contents, unsigned depth)
{
	git_tree *tree = NULL;

	int r = depth < DEPTH_MAX ? git_tree_lookup(&tree, repo, id) : GIT_ERROR;
	for (size_t i = 0; !r && i < git_tree_entrycount(tree); i++) {
		const git_tree_entry *entry = git_tree_entry_byindex(tree, i);
		git_object_t type = git_tree_entry_type(entry);

		if (type == GIT_OBJECT_TREE)
			r = verify_tree(repo, odb, git_tree_entry_id(entry), contents, depth + 1);
		else if (type == GIT_OBJECT_BLOB)
			r = verify_blob(odb, git_tree_entry_id(entry), contents);
	}
	git_tree_free(tree);
	return r;
}

int commit_verify(git_repository *repo, const char *commit, bool contents, struct err *e)
{
	git_commit *object = NULL;
	git_odb *odb = NULL;
	git_oid id;

	int r = git_oid_fromstr(&id, commit);
	if (!r)
		r = git_commit_lookup(&object, repo, &id);
	if (!r)
		r = git_repository_odb(&odb, repo);
	if (!r)
		r = verify_tree(repo, odb, git_commit_tree_id(object), contents, 0);
	git_odb_free(odb);
	git_commit_free(object);
	return r ? err_set(e, -EUCLEAN, "commit %s: %s", commit, git_failure()) : 0;
}

int commit_descends(git_repository *repo, const char *commit, const char *older, struct err *e)
{
	git_oid new, old;

	if (!strcmp(commit, older))
		return 0;
	if (git_oid_fromstr(&new, commit) < 0 || git_oid_fromstr(&old, older) < 0)
		return err_set(e, -EINVAL, "\"%s\" and \"%s\" are not both commits", commit, older);
	if (git_graph_descendant_of(repo, &new, &old) == 1)
		return 0;
	return err_set(e, -EPERM,
		"commit %.12s does not descend from %.12s, which was applied last: either the "
		"repository's history was rewritten, or this is an older commit; nothing was "
		"touched. "
		"If it is what you mean, say so with --allow-rewind",
		commit, older);
}
