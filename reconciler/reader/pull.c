/*
 * One bare repository a URL below the cache: fetched into, and its ref resolved (pull.h).
 * Reads nobody's configuration and never touches a work tree. A repository of ours is never
 * trusted to be whole: it is looked over, and where it is damaged set aside and fetched anew.
 * Called by the reader, in the unprivileged child.
 */
#include "l4sync/pull.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "l4sync/git.h"
#include "l4sync/hash.h"
#include "l4sync/refs.h"
#include "l4sync/remote.h"
#include "l4sync/text.h"

/* Where a source's repository is, and what stands beside it. */
struct cache {
	const char *git_dir, *aside, *lock, *home;
};

static struct cache cache_of(struct arena *a, const char *cache_dir, const char *url)
{
	struct hash h = hash_sha256(url, strlen(url));
	char text[HASH_TEXT_MAX];

	hash_text(&h, "", text);
	const char *base = arena_printf(a, "%s/%.32s", cache_dir, text + strspn(text, ":"));
	return (struct cache){
		.git_dir = arena_printf(a, "%s.git", base),
		.aside = arena_printf(a, "%s.damaged", base),
		.lock = arena_printf(a, "%s.lock", base),
		.home = arena_printf(a, "%s/home", cache_dir),
	};
}

const char *pull_git_dir(struct arena *a, const char *cache_dir, const char *url)
{
	return cache_of(a, cache_dir, url).git_dir;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static int remove_lock(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)ftw;
	return type == FTW_F && text_ends(path, ".lock") && unlink(path) == 0;
}

/* Of a reader that was killed: libgit2 would wait for it for ever, and who runs with our own lock
 * held is alone. Whether there was one. */
static bool drop_locks(const char *git_dir)
{
	bool found = false;

	while (nftw(git_dir, remove_lock, 16, FTW_PHYS) == 1)
		found = true;
	return found;
}

/* The damaged one is kept, one of them, for whoever wants to know what happened to the disk. */
static int set_aside(const char *git_dir, const char *aside, struct err *e)
{
	nftw(aside, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	if (rename(git_dir, aside) < 0 && errno != ENOENT)
		return err_errno(e, -errno, "cannot set %s aside", git_dir);
	return 0;
}

static bool missing(const char *path)
{
	struct stat st;

	return lstat(path, &st) < 0 && errno == ENOENT;
}

static int open_cache(const struct cache *c, bool fetch, git_repository **ret, struct err *e)
{
	if (!missing(c->git_dir))
		return git_open(c->git_dir, ret, e);
	if (!fetch)
		return err_set(e, -ENOENT,
			"it was never pulled here, and this run does not pull; run `l4sync plan` "
			"once");
	if (git_repository_init(ret, c->git_dir, 1) < 0)
		return err_set(e, -EIO, "cannot make %s: %s", c->git_dir, git_failure());
	return 0;
}

/* One attempt. -EUCLEAN: the repository below the cache is damaged. */
static int fetch_and_resolve(struct arena *a, const struct source *src, const struct cache *c,
	bool fetch, void (*progress)(void *userdata, const char *text), void *userdata,
	struct pulled *ret, struct err *e)
{
	git_repository *repo = NULL;

	int r = open_cache(c, fetch, &repo, e);
	if (!r && fetch) {
		r = remote_fetch(repo, src, c->home, progress, userdata, e);
		if (r == -EIO && drop_locks(c->git_dir))
			r = remote_fetch(repo, src, c->home, progress, userdata, e);
		/* A gap in what is here shows as all sorts of failures of the negotiation. */
		if (r == -EIO && !refs_whole(repo))
			r = -EUCLEAN;
	}
	if (!r)
		r = ref_resolve(a, repo, src->ref, &ret->ref, &ret->commit, e);
	git_repository_free(repo);
	return r;
}

/* Held while a repository is written, so that two runs do not fetch into the same one. */
static int take_lock(const char *path, struct err *e)
{
	_cleanup_close_ int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return err_errno(e, -errno, "cannot open %s", path);
	while (flock(fd, LOCK_EX) < 0)
		if (errno != EINTR)
			return err_errno(e, -errno, "cannot lock %s", path);
	return TAKE_FD(fd);
}

int pull(struct arena *a, const struct source *src, const char *cache_dir, bool fetch,
	void (*progress)(void *userdata, const char *text), void *userdata, struct pulled *ret,
	struct err *e)
{
	struct cache c = cache_of(a, cache_dir, src->url);
	struct pulled out = {.git_dir = c.git_dir, .fetched = fetch};
	_cleanup_close_ int lock = -1;
	struct url url;

	int r = url_parse(a, src->url, &url, e);
	if (r < 0)
		return r;
	lock = take_lock(c.lock, e);
	if (lock < 0)
		return lock;
	git_begin();
	r = fetch_and_resolve(a, src, &c, fetch, progress, userdata, &out, e);
	if (r == -EUCLEAN && fetch) {
		if (progress)
			progress(userdata, "the local copy is damaged, pulling all of it anew");
		r = set_aside(c.git_dir, c.aside, e);
		if (!r)
			r = fetch_and_resolve(a, src, &c, fetch, progress, userdata, &out, e);
	}
	git_end();
	if (r == -EUCLEAN && !fetch)
		return err_prefix(e, r,
			"the local copy of %s is damaged; the next run that pulls fetches it anew",
			src->url);
	if (r < 0)
		return err_prefix(e, r, "cannot pull from %s", src->url);
	*ret = out;
	return 0;
}

int pull_verify(struct arena *a, const struct pulled *pulled, struct err *e)
{
	const char *git_dir = pulled->git_dir;
	git_repository *repo = NULL;

	git_begin();
	int r = git_open(git_dir, &repo, e);
	if (!r)
		r = commit_verify(repo, pulled->commit, true, e);
	git_repository_free(repo);
	git_end();
	if (r == -EUCLEAN) {
		const char *base = arena_strndup(a, git_dir, strlen(git_dir) - strlen(".git"));

		set_aside(git_dir, arena_printf(a, "%s.damaged", base), NULL);
	}
	return r;
}
