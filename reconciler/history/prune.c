/*
 * Pruning: which generations go, then their refs, then the objects that nothing refers to any more
 * (history.h).
 * Touches nothing unless all that stays could be followed to its end: what a damaged generation
 * refers to is not known, and a backup may still mend it.
 * Called by the verbs that apply, under the run lock.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "l4sync/gitlib.h"
#include "l4sync/text.h"
#include "store.h"

/* There from before the first ref goes until the last object is gone: a run that is cut off in
 * between leaves it to the next one. */
#define MARK REPOSITORY_NAME "/l4sync-prune"
/* What libgit2 writes an object under before it has its name. */
#define TEMPORARY "tmp_object_git2_"

struct pruning {
	struct history *history;
	size_t n; /* of numbers, all generations, newest first */
	uint64_t *numbers;
	size_t n_going;
	bool *going; /* of each number */
	struct oid_set staying;
	struct err *e;
};

/* One that was applied and one that failed do not count for each other: a timer that fails every
 * hour must not push out what one would go back to. */
static int choose(struct pruning *p, const struct history_limits *limits, int64_t now_s)
{
	_cleanup_arena_ struct arena *a = arena_new();
	size_t n, applied = 0, failed = 0;
	struct generation *list;

	p->going = xmalloc((p->n + 1) * sizeof(*p->going));
	memset(p->going, 0, (p->n + 1) * sizeof(*p->going));
	if (p->n <= limits->keep)
		return 0;
	int r = history_list(p->history, a, 0, &list, &n, p->e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < n && i < p->n; i++) {
		size_t *count = list[i].outcome == OUTCOME_APPLIED ? &applied : &failed;

		p->going[i] = ++*count > limits->keep && list[i].number == p->numbers[i] &&
			      list[i].time <= now_s - limits->max_age_s;
		p->n_going += p->going[i];
	}
	return 0;
}

static int reach_generations(struct pruning *p)
{
	char name[sizeof(REF_PREFIX) + 20];
	git_oid id;
	int r = 0;

	for (size_t i = 0; !r && i < p->n; i++) {
		if (p->going[i])
			continue;
		snprintf(name, sizeof(name), REF_PREFIX "%" PRIu64, p->numbers[i]);
		if (git_reference_name_to_id(&id, p->history->repo, name) < 0)
			r = gitlib_err(p->e, -EBADMSG, "its ref cannot be read");
		else
			r = oid_set_reach(p->history, &id, &p->staying, p->e);
		if (r < 0)
			r = generation_damaged(p->history, p->numbers[i], r, p->e);
	}
	return r;
}

static bool is_generation(const char *ref_name)
{
	return text_starts(ref_name, REF_PREFIX) &&
	       generation_number_of(ref_name + strlen(REF_PREFIX));
}

/* What is prepared, and what somebody has tagged or branched by hand. */
static int reach_others(struct pruning *p)
{
	git_reference_iterator *refs = NULL;
	git_reference *ref = NULL;
	int r = 0;

	if (git_reference_iterator_new(&refs, p->history->repo) < 0)
		return gitlib_err(p->e, -EIO, "%s: cannot list its refs", p->history->git_path);
	while (!r && !git_reference_next(&ref, refs)) {
		const git_oid *id = git_reference_target(ref); /* NULL of a symbolic one */

		if (id && !is_generation(git_reference_name(ref))) {
			r = oid_set_reach(p->history, id, &p->staying, p->e);
			if (r < 0)
				err_prefix(p->e, r, "%s: %s", p->history->git_path,
					git_reference_name(ref));
		}
		git_reference_free(ref);
	}
	git_reference_iterator_free(refs);
	return r;
}

static int sync_dir(struct history *h, const char *path, struct err *e)
{
	_cleanup_close_ int fd = openat(h->dir_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT) /* packed refs need no directory */
		return 0;
	return fd < 0 || fsync(fd) < 0
		       ? err_errno(e, -errno, "cannot sync %s/%s", h->dir_path, path)
		       : 0;
}

static int make_mark(struct history *h, struct err *e)
{
	_cleanup_close_ int fd =
		openat(h->dir_fd, MARK, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return err_errno(e, -errno, "cannot make %s/" MARK, h->dir_path);
	return sync_dir(h, REPOSITORY_NAME, e);
}

/* The oldest first, so that a run that is cut off leaves no gap. libgit2 syncs the rewritten
 * packed-refs, but no directory that a ref has gone from. */
static int remove_refs(struct pruning *p)
{
	static const char *const dirs[] = {
		REPOSITORY_NAME "/" REF_PREFIX, REPOSITORY_NAME "/refs", REPOSITORY_NAME};
	struct history *h = p->history;
	int r = make_mark(h, p->e);

	for (size_t i = p->n; !r && i-- > 0;) {
		char name[sizeof(REF_PREFIX) + 20];

		if (!p->going[i])
			continue;
		snprintf(name, sizeof(name), REF_PREFIX "%" PRIu64, p->numbers[i]);
		r = ref_drop_lock(h, name, p->e);
		if (!r)
			r = ref_drop_lock(h, "packed-refs", p->e);
		if (!r && git_reference_remove(h->repo, name) < 0)
			r = gitlib_err(p->e, -EIO, "%s: %s cannot be removed", h->git_path, name);
	}
	for (size_t i = 0; !r && i < ELEMENTS(dirs); i++)
		r = sync_dir(h, dirs[i], p->e);
	return r;
}

/* "ab" and the other 38 letters make an object's name; false for anything else. */
static bool object_of(const char *dir_name, const char *name, git_oid *ret)
{
	char hex[GIT_OID_HEXSZ + 1];

	if (strlen(name) != GIT_OID_HEXSZ - 2)
		return false;
	snprintf(hex, sizeof(hex), "%.2s%.38s", dir_name, name);
	return strspn(hex, "0123456789abcdef") == GIT_OID_HEXSZ && !git_oid_fromstr(ret, hex);
}

static bool is_file(int dir_fd, const char *name)
{
	struct stat st;

	return fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode);
}

/* The objects of one objects/ab that nothing refers to. What is not called like one is not ours.
 */
static int sweep_dir(struct pruning *p, int objects_fd, const char *dir_name)
{
	int fd = openat(objects_fd, dir_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	git_oid id;
	int r = 0;

	if (!dir) {
		r = errno == ENOTDIR || errno == ELOOP ? 0 : -errno;
		if (fd >= 0)
			close(fd);
		return r;
	}
	while (!r && (errno = 0, entry = readdir(dir))) {
		if (!object_of(dir_name, entry->d_name, &id) || oid_set_has(&p->staying, &id) ||
			!is_file(fd, entry->d_name))
			continue;
		if (unlinkat(fd, entry->d_name, 0) < 0)
			r = -errno;
	}
	if (!r)
		r = -errno;
	closedir(dir);
	if (!r && unlinkat(objects_fd, dir_name, AT_REMOVEDIR) < 0 && errno != ENOTEMPTY &&
		errno != EEXIST)
		r = -errno;
	return r;
}

static int sweep(struct pruning *p)
{
	struct history *h = p->history;
	int fd = openat(h->dir_fd, REPOSITORY_NAME "/objects", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	int r = dir ? 0 : -errno;

	while (!r && (errno = 0, entry = readdir(dir))) {
		const char *name = entry->d_name;

		if (strlen(name) == 2 && strspn(name, "0123456789abcdef") == 2)
			r = sweep_dir(p, fd, name);
		else if (text_starts(name, TEMPORARY) && is_file(fd, name) &&
			 unlinkat(fd, name, 0) < 0)
			r = -errno;
	}
	if (!r)
		r = -errno;
	if (dir)
		closedir(dir);
	else if (fd >= 0)
		close(fd);
	if (!r && unlinkat(h->dir_fd, MARK, 0) < 0)
		r = -errno;
	return r < 0 ? err_errno(p->e, r, "cannot remove what is unused in %s/objects", h->git_path)
		     : 0;
}

static int prune(struct pruning *p, const struct history_limits *limits, int64_t now_s)
{
	struct history *h = p->history;
	int r = generation_numbers(h, &p->numbers, &p->n, p->e);

	if (!r)
		r = choose(p, limits, now_s);
	if (r < 0 || (!p->n_going && faccessat(h->dir_fd, MARK, F_OK, AT_SYMLINK_NOFOLLOW) < 0))
		return r;
	r = reach_generations(p);
	if (!r)
		r = reach_others(p);
	if (!r)
		r = remove_refs(p);
	return r ? r : sweep(p);
}

int history_prune(
	struct history *h, const struct history_limits *limits, int64_t now_s, struct err *e)
{
	struct pruning p = {.history = h, .e = e};

	shelves_forget(h); /* they may be of generations that go */
	int r = prune(&p, limits, now_s);
	free(p.numbers);
	free(p.going);
	oid_set_free(&p.staying);
	return r;
}
