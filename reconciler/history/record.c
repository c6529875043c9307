/*
 * Recording a generation: blobs, trees, a commit without parents, and last of all the ref by which
 * it is seen (history.h). Withholds what is secret. Called by the pipeline under the run lock.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "l4sync/gitlib.h"
#include "store.h"

struct recording {
	struct history *history;
	struct arena *arena;
	unsigned char key[HASH_SIZE];
	size_t n_secrets, cap_secrets;
	const struct resource **secrets; /* of all sets */
	git_treebuilder *contents;
	struct err *e;
};

static void collect_secrets(struct recording *rec, const struct resources *set)
{
	for (size_t i = 0; set && i < set->n; i++) {
		if (!set->items[i]->secret)
			continue;
		rec->secrets = grow(
			rec->secrets, &rec->cap_secrets, rec->n_secrets, sizeof(*rec->secrets));
		rec->secrets[rec->n_secrets++] = set->items[i];
	}
}

/*
 * Whether an item that is not secret itself would give a secret away. No bytes at all are no
 * secret. An item of which only a hash is known is loaded to be held against a keyed hash.
 */
static bool gives_away(struct recording *rec, const struct resource *item)
{
	const struct content *c = item->content;

	if (item->secret || !c || !c->size || c->keyed)
		return false;
	for (size_t i = 0; i < rec->n_secrets; i++) {
		const struct content *secret = rec->secrets[i]->content;

		if (!strcmp(rec->secrets[i]->id, item->id))
			return true;
		if (!secret || secret->size != c->size)
			continue;
		if (!c->data && secret->keyed &&
			history_content(rec->history, rec->arena, c, &c, NULL) < 0)
			return true;
		if (content_same(secret, c, rec->key))
			return true;
	}
	return false;
}

static struct resource *withhold(struct recording *rec, const struct resource *item)
{
	struct resource *copy = arena_memdup(rec->arena, item, sizeof(*item));
	struct content *keyed = arena_memdup(rec->arena, item->content, sizeof(*keyed));

	/* Without bytes it becomes the hash of nothing: equal to no content, so never trusted. */
	keyed->hash =
		keyed->data ? hash_hmac(rec->key, keyed->data, keyed->size) : (struct hash){0};
	keyed->keyed = true;
	keyed->data = NULL;
	copy->content = keyed;
	return copy;
}

static int shelve(struct recording *rec, const struct content *c)
{
	git_repository *repo = rec->history->repo;
	char hex[HASH_HEX_MAX];
	uint64_t number;
	git_oid id;

	hash_hex(&c->hash, hex);
	if (git_treebuilder_get(rec->contents, hex))
		return 0;
	if (!c->data) {
		int r = content_find(rec->history, &c->hash, &id, &number, rec->e);
		if (r == -ENOENT)
			return 0; /* never kept, and so not now either */
		if (r < 0)
			return r;
	} else if (git_blob_create_from_buffer(&id, repo, c->data, c->size) < 0) {
		return gitlib_err(rec->e, -EIO, "a content cannot be written");
	}
	if (git_treebuilder_insert(NULL, rec->contents, hex, &id, GIT_FILEMODE_BLOB) < 0)
		return gitlib_err(rec->e, -EIO, "a content cannot be written");
	return 0;
}

static int add_blob(struct recording *rec, git_treebuilder *top, const char *name, const void *data,
	size_t size)
{
	git_oid id;

	if (git_blob_create_from_buffer(&id, rec->history->repo, data, size) < 0 ||
		git_treebuilder_insert(NULL, top, name, &id, GIT_FILEMODE_BLOB) < 0)
		return gitlib_err(rec->e, -EIO, "\"%s\" cannot be written", name);
	return 0;
}

/* A set's text into the generation's tree, its contents to the others. */
static int add_set(
	struct recording *rec, git_treebuilder *top, const char *name, const struct resources *set)
{
	_cleanup_resources_ struct resources *safe = resources_new(), *again = NULL;
	_cleanup_buf_ struct buf text = BUF_INIT;

	for (size_t i = 0; set && i < set->n_metas; i++)
		resources_meta(safe, set->metas[i].key, set->metas[i].value);
	for (size_t i = 0; set && i < set->n; i++) {
		struct resource *item = set->items[i];

		if (gives_away(rec, item))
			item = withhold(rec, item);
		resources_add_ref(safe, item);
		if (!item->content || item->content->keyed || item->secret)
			continue;
		int r = shelve(rec, item->content);
		if (r < 0)
			return r;
	}
	resources_write(safe, false, false, rec->key, &text);
	/* A set that cannot be read back would be found out when it is needed as the base. */
	int r = resources_read(text.data, text.size, &again, rec->e);
	if (r < 0)
		return err_prefix(rec->e, r, "\"%s\" is not well-formed", name);
	return add_blob(rec, top, name, text.data, text.size);
}

static int add_sets(struct recording *rec, git_treebuilder *top, const struct generation *g)
{
	git_oid id;

	collect_secrets(rec, g->want);
	collect_secrets(rec, g->before);
	collect_secrets(rec, g->originals);
	int r = add_set(rec, top, ENTRY_WANT, g->want);
	if (!r)
		r = add_set(rec, top, ENTRY_BEFORE, g->before);
	if (!r)
		r = add_set(rec, top, ENTRY_ORIGINALS, g->originals);
	if (r < 0)
		return r;
	if (git_treebuilder_write(&id, rec->contents) < 0 ||
		git_treebuilder_insert(NULL, top, ENTRY_CONTENT, &id, GIT_FILEMODE_TREE) < 0)
		return gitlib_err(rec->e, -EIO, "the list of contents cannot be written");
	return 0;
}

static int write_tree(struct recording *rec, const struct generation *g, git_tree **ret)
{
	_cleanup_buf_ struct buf meta = BUF_INIT;
	git_repository *repo = rec->history->repo;
	git_treebuilder *top = NULL;
	git_oid id;
	int r = 0;

	if (git_treebuilder_new(&top, repo, NULL) < 0 ||
		git_treebuilder_new(&rec->contents, repo, NULL) < 0)
		r = gitlib_err(rec->e, -EIO, "a tree cannot be made");
	meta_write(g, &meta);
	if (!r)
		r = add_blob(rec, top, ENTRY_META, meta.data, meta.size);
	if (!r)
		r = add_sets(rec, top, g);
	if (!r && g->plan)
		r = add_blob(rec, top, ENTRY_PLAN, g->plan, strlen(g->plan));
	if (!r && (git_treebuilder_write(&id, top) < 0 || git_tree_lookup(ret, repo, &id) < 0))
		r = gitlib_err(rec->e, -EIO, "the tree cannot be written");
	git_treebuilder_free(top);
	git_treebuilder_free(rec->contents);
	return r;
}

static int write_commit(struct recording *rec, const struct generation *g, git_oid *ret)
{
	_cleanup_tree_git_ git_tree *tree = NULL;
	git_signature *who = NULL;
	int r = write_tree(rec, g, &tree);

	if (r < 0)
		return r;
	const char *text = arena_printf(rec->arena, "generation %" PRIu64 "\n", g->number);
	if (git_signature_new(&who, WHO_NAME, WHO_ADDRESS, g->time, 0) < 0 ||
		git_commit_create(
			ret, rec->history->repo, NULL, who, who, NULL, text, tree, 0, NULL) < 0)
		r = gitlib_err(rec->e, -EIO, "the commit cannot be written");
	git_signature_free(who);
	return r;
}

/*
 * libgit2 syncs an object's file and the directory it stands in. Not the directory above, where
 * objects/ab may be new; and not an object that it finds there, which a run that was killed may
 * have left between renaming and syncing. So all of these directories, before anything names
 * the objects; to sync one that has not changed costs next to nothing.
 */
static int sync_objects(struct history *h, struct err *e)
{
	int fd = openat(h->dir_fd, REPOSITORY_NAME "/objects", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	int r = 0;

	if (!dir) {
		r = err_errno(e, -errno, "cannot open %s/objects", h->git_path);
		if (fd >= 0)
			close(fd);
		return r;
	}
	while (!r && (errno = 0, entry = readdir(dir))) {
		if (strlen(entry->d_name) != 2 || *entry->d_name == '.')
			continue;
		_cleanup_close_ int sub =
			openat(fd, entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (sub < 0 || fsync(sub) < 0)
			r = -errno;
	}
	if (!r && (errno || fsync(fd) < 0))
		r = -errno;
	closedir(dir);
	return r < 0 ? err_errno(e, r, "cannot sync %s/objects", h->git_path) : 0;
}

int ref_drop_lock(struct history *h, const char *name, struct err *e)
{
	_cleanup_free_ char *lock = NULL;

	if (asprintf(&lock, REPOSITORY_NAME "/%s.lock", name) < 0)
		return err_set(e, -ENOMEM, "out of memory");
	if (unlinkat(h->dir_fd, lock, 0) < 0 && errno != ENOENT)
		return err_errno(e, -errno, "cannot remove %s/%s", h->dir_path, lock);
	return 0;
}

/* libgit2 syncs the file and its directory. */
static int make_ref(struct history *h, const char *prefix, uint64_t number, const git_oid *commit,
	struct err *e)
{
	char name[sizeof(REF_PREFIX) + 20];
	git_reference *ref = NULL;

	snprintf(name, sizeof(name), "%s%" PRIu64, prefix, number);
	int r = ref_drop_lock(h, name, e);
	if (r < 0)
		return r;
	r = git_reference_create(&ref, h->repo, name, commit, 0, NULL);
	git_reference_free(ref);
	return r < 0 ? gitlib_err(e, r == GIT_EEXISTS ? -EEXIST : -EIO, "%s cannot be made", name)
		     : 0;
}

static int record_under(struct history *h, const char *prefix, struct generation *g, struct err *e)
{
	_cleanup_arena_ struct arena *a = arena_new();
	_cleanup_free_ uint64_t *numbers = NULL;
	struct recording rec = {.history = h, .arena = a, .e = e};
	git_oid commit;
	size_t n;

	if (!g->want)
		return err_set(e, -EINVAL, "a generation without a want cannot be recorded");
	int r = generation_numbers(h, &numbers, &n, e);
	if (!r)
		r = history_key(h, rec.key, e);
	if (r < 0)
		return r;
	g->number = n ? numbers[0] + 1 : 1;
	r = write_commit(&rec, g, &commit);
	free(rec.secrets);
	explicit_bzero(rec.key, sizeof(rec.key));
	if (!r)
		r = sync_objects(h, e);
	if (!r)
		r = make_ref(h, prefix, g->number, &commit, e);
	return r < 0 ? err_prefix(e, r, "%s: generation %" PRIu64 " is not recorded", h->git_path,
			       g->number)
		     : 0;
}

int history_record(struct history *h, struct generation *g, struct err *e)
{
	return record_under(h, REF_PREFIX, g, e);
}

int history_prepare(struct history *h, struct generation *g, struct err *e)
{
	/* What a run left that was rolled back without discarding it. */
	int r = history_discard(h, e);

	return r < 0 ? r : record_under(h, REF_PREPARED, g, e);
}

/* Calls back for each prepared ref; there is at most one, unless a disk was restored. */
static int each_prepared(struct history *h, bool publish, struct err *e)
{
	git_reference_iterator *refs = NULL;
	git_reference *ref = NULL;
	int r = 0;

	if (git_reference_iterator_glob_new(&refs, h->repo, REF_PREPARED "*") < 0)
		return gitlib_err(e, -EIO, "%s: cannot list what is prepared", h->git_path);
	while (!r && !git_reference_next(&ref, refs)) {
		const char *number = git_reference_name(ref) + strlen(REF_PREPARED);

		/* Published before the prepared name goes: a crash in between does it again. */
		if (publish)
			r = make_ref(h, REF_PREFIX, strtoull(number, NULL, 10),
				git_reference_target(ref), e);
		if (r == -EEXIST)
			r = 0;
		if (!r)
			r = ref_drop_lock(h, git_reference_name(ref), e);
		if (!r && git_reference_delete(ref) < 0)
			r = gitlib_err(e, -EIO, "%s cannot be removed", git_reference_name(ref));
		git_reference_free(ref);
	}
	git_reference_iterator_free(refs);
	return r;
}

int history_publish(struct history *h, struct err *e)
{
	return each_prepared(h, true, e);
}

int history_discard(struct history *h, struct err *e)
{
	return each_prepared(h, false, e);
}
