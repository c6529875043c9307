/*
 * Reading generations: which there are, their meta, their sets (history.h).
 * Guesses nothing: a generation that cannot be read whole is an error that names it, never skipped,
 * because a plan from a wrong base would call intended changes drift, and the reverse.
 * Called by the pipeline and the verbs.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "l4sync/gitlib.h"
#include "store.h"

int generation_damaged(struct history *h, uint64_t number, int code, struct err *e)
{
	_cleanup_buf_ struct buf loose = BUF_INIT, command = BUF_INIT;
	const char *name;
	git_oid id;

	/* A host need not have git; who has packed the refs has it. */
	buf_addf(&loose, REPOSITORY_NAME "/" REF_PREFIX "%" PRIu64, number);
	name = loose.data + strlen(REPOSITORY_NAME "/");
	bool is_loose = faccessat(h->dir_fd, loose.data, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
	if (!is_loose && git_reference_name_to_id(&id, h->repo, name) == GIT_ENOTFOUND)
		return err_set(e, -ENOENT, "there is no generation %" PRIu64, number);
	if (is_loose)
		buf_addf(&command, "rm %s/%s", h->dir_path, loose.data);
	else
		buf_addf(&command, "git --git-dir=%s update-ref -d " REF_PREFIX "%" PRIu64,
			h->git_path, number);
	return err_set(e, code,
		"generation %" PRIu64
		" in %s is damaged: %s; restore %s from a backup, or give this generation up with "
		"`%s`: then the one before it is what the host is compared with",
		number, h->git_path, err_text(e), h->git_path, command.data);
}

uint64_t generation_number_of(const char *name)
{
	uint64_t v = 0;

	if (strlen(name) > 19 || *name == '0')
		return 0;
	for (; *name; name++) {
		if (*name < '0' || *name > '9')
			return 0;
		v = v * 10 + (uint64_t)(*name - '0');
	}
	return v;
}

static int newest_first(const void *a, const void *b)
{
	const uint64_t *p = a, *q = b;

	return *p < *q ? 1 : *p > *q ? -1 : 0;
}

struct numbers {
	uint64_t *items;
	size_t n, cap;
};

static void add_number(struct numbers *list, const char *name)
{
	uint64_t number = generation_number_of(name);

	if (!number)
		return;
	list->items = grow(list->items, &list->cap, list->n, sizeof(*list->items));
	list->items[list->n++] = number;
}

/* libgit2's own listing leaves out a ref whose file is damaged, so the names are read first. */
static int add_loose(struct history *h, struct numbers *list, struct err *e)
{
	int fd = openat(
		h->dir_fd, REPOSITORY_NAME "/refs/generations", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!dir && fd < 0 && errno == ENOENT)
		return 0; /* somebody's git removed it, empty after it had packed the refs */
	if (!dir) {
		int r = err_errno(e, -errno, "cannot read %s/refs/generations", h->git_path);
		if (fd >= 0)
			close(fd);
		return r;
	}
	while (errno = 0, (entry = readdir(dir)))
		add_number(list, entry->d_name);
	int r = errno ? err_errno(e, -errno, "cannot read %s/refs/generations", h->git_path) : 0;
	closedir(dir);
	return r;
}

static int add_packed(struct history *h, struct numbers *list, struct err *e)
{
	git_reference_iterator *refs = NULL;
	const char *name;
	int r;

	if (faccessat(h->dir_fd, REPOSITORY_NAME "/packed-refs", F_OK, 0) < 0 && errno == ENOENT)
		return 0;
	r = git_reference_iterator_glob_new(&refs, h->repo, REF_PREFIX "*");
	while (r >= 0 && (r = git_reference_next_name(&name, refs)) >= 0)
		add_number(list, name + strlen(REF_PREFIX));
	git_reference_iterator_free(refs);
	return r == GIT_ITEROVER ? 0 : gitlib_err(e, -EIO, "cannot list %s", h->git_path);
}

int generation_numbers(struct history *h, uint64_t **ret, size_t *ret_n, struct err *e)
{
	struct numbers list = {0};
	size_t n = 0;
	int r = add_loose(h, &list, e);

	if (!r)
		r = add_packed(h, &list, e);
	if (r < 0) {
		free(list.items);
		return r;
	}
	if (list.n)
		qsort(list.items, list.n, sizeof(*list.items), newest_first);
	for (size_t i = 0; i < list.n; i++) /* a ref can be both loose and packed */
		if (!n || list.items[n - 1] != list.items[i])
			list.items[n++] = list.items[i];
	*ret = list.items;
	*ret_n = n;
	return 0;
}

static int read_tree(struct history *h, const git_oid *id, git_tree **ret, struct err *e)
{
	git_object *commit = NULL;
	int r = gitlib_lookup(h->repo, id, GIT_OBJECT_COMMIT, &commit, e);

	if (!r)
		r = gitlib_lookup(h->repo, git_commit_tree_id((git_commit *)commit),
			GIT_OBJECT_TREE, (git_object **)ret, e);
	git_object_free(commit);
	return r;
}

int generation_tree(struct history *h, uint64_t number, git_tree **ret, struct err *e)
{
	char name[sizeof(REF_PREFIX) + 20];
	git_oid id;

	snprintf(name, sizeof(name), REF_PREFIX "%" PRIu64, number);
	int r = git_reference_name_to_id(&id, h->repo, name);
	if (r == GIT_ENOTFOUND)
		return err_set(e, -ENOENT, "there is no generation %" PRIu64, number);
	if (r < 0)
		r = gitlib_err(e, -EBADMSG, "its ref cannot be read");
	else
		r = read_tree(h, &id, ret, e);
	return r < 0 ? generation_damaged(h, number, r, e) : 0;
}

int generation_blob(git_tree *tree, const char *name, git_blob **ret, struct err *e)
{
	const git_tree_entry *entry = git_tree_entry_byname(tree, name);

	if (!entry)
		return err_set(e, -ENOENT, "it has no \"%s\"", name);
	int r = gitlib_lookup(git_tree_owner(tree), git_tree_entry_id(entry), GIT_OBJECT_BLOB,
		(git_object **)ret, e);
	return r < 0 ? err_prefix(e, r, "its \"%s\"", name) : 0;
}

static int read_meta(git_tree *tree, struct arena *a, struct generation *ret, struct err *e)
{
	_cleanup_blob_ git_blob *blob = NULL;
	int r = generation_blob(tree, ENTRY_META, &blob, e);

	if (r < 0)
		return r;
	return meta_read(a, git_blob_rawcontent(blob), (size_t)git_blob_rawsize(blob), ret, e);
}

static int read_set(git_tree *tree, const char *name, struct resources **ret, struct err *e)
{
	_cleanup_blob_ git_blob *blob = NULL;
	int r = generation_blob(tree, name, &blob, e);

	if (r < 0)
		return r;
	r = resources_read(git_blob_rawcontent(blob), (size_t)git_blob_rawsize(blob), ret, e);
	return r < 0 ? err_prefix(e, r, "its \"%s\"", name) : 0;
}

static int read_plan(git_tree *tree, struct arena *a, const char **ret, struct err *e)
{
	_cleanup_blob_ git_blob *blob = NULL;

	if (!git_tree_entry_byname(tree, ENTRY_PLAN))
		return 0;
	int r = generation_blob(tree, ENTRY_PLAN, &blob, e);
	if (!r)
		*ret = arena_memdup(a, git_blob_rawcontent(blob), (size_t)git_blob_rawsize(blob));
	return r;
}

/* What a plan is made from; that of an apply that did not succeed is no base. */
static int read_base_sets(git_tree *tree, struct generation *g, struct err *e)
{
	int r = 0;

	if (g->outcome == OUTCOME_APPLIED)
		r = read_set(tree, ENTRY_WANT, &g->want, e);
	if (!r && g->outcome == OUTCOME_APPLIED)
		r = read_set(tree, ENTRY_ORIGINALS, &g->originals, e);
	return r;
}

static int read_sets(git_tree *tree, struct arena *a, struct generation *g, struct err *e)
{
	int r = read_set(tree, ENTRY_WANT, &g->want, e);

	if (!r)
		r = read_set(tree, ENTRY_BEFORE, &g->before, e);
	if (!r)
		r = read_set(tree, ENTRY_ORIGINALS, &g->originals, e);
	return r ? r : read_plan(tree, a, &g->plan, e);
}

/* Each is more than the meta alone, and slower: the plan and what was before can be large. */
enum depth { META_ONLY, AS_BASE, WHOLE };

static int read_generation(struct history *h, uint64_t number, enum depth depth, struct arena *a,
	struct generation *ret, struct err *e)
{
	_cleanup_tree_git_ git_tree *tree = NULL;
	_cleanup_generation_ struct generation g = {.number = number};
	int r = generation_tree(h, number, &tree, e);

	if (r < 0)
		return r;
	r = read_meta(tree, a, &g, e);
	if (!r && depth == AS_BASE)
		r = read_base_sets(tree, &g, e);
	else if (!r && depth == WHOLE)
		r = read_sets(tree, a, &g, e);
	if (r < 0)
		return generation_damaged(h, number, -EBADMSG, e);
	*ret = g;
	g = (struct generation){0};
	return 0;
}

int history_base(struct history *h, struct arena *a, struct generation *ret, struct err *e)
{
	_cleanup_free_ uint64_t *numbers = NULL;
	size_t n;
	int r = generation_numbers(h, &numbers, &n, e);

	for (size_t i = 0; !r && i < n; i++) {
		r = read_generation(h, numbers[i], AS_BASE, a, ret, e);
		if (!r && ret->outcome == OUTCOME_APPLIED)
			return 0;
	}
	return r < 0 ? r : -ENOENT;
}

int history_get(
	struct history *h, uint64_t number, struct arena *a, struct generation *ret, struct err *e)
{
	return read_generation(h, number, WHOLE, a, ret, e);
}

int history_list(struct history *h, struct arena *a, size_t max, struct generation **ret,
	size_t *ret_n, struct err *e)
{
	_cleanup_free_ uint64_t *numbers = NULL;
	size_t n;
	int r = generation_numbers(h, &numbers, &n, e);

	if (r < 0)
		return r;
	if (max && n > max)
		n = max;
	*ret = arena_array(a, struct generation, n);
	*ret_n = 0;
	for (size_t i = 0; i < n; i++) {
		r = read_generation(h, numbers[i], META_ONLY, a, &(*ret)[*ret_n], e);
		if (r == -ENOENT) /* pruned since its number was read */
			err_clear(e);
		else if (r < 0)
			return r;
		else
			(*ret_n)++;
	}
	return 0;
}

void generation_clear(struct generation *g)
{
	resources_free(g->want);
	resources_free(g->before);
	resources_free(g->originals);
	*g = (struct generation){0};
}
