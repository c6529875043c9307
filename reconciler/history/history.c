/*
 * Opening the history, and making its repository at the first run (history.h).
 * Reads and writes no generation. Called by the pipeline and the verbs.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "l4sync/gitlib.h"
#include "store.h"

#define NEW_NAME ".history.git.new"

int history_making(struct history *h, int *ret_fd, struct err *e)
{
	/* An open of its own: a flock belongs to the open file, and dir_fd may be shared by fork.
	 */
	_cleanup_close_ int fd = openat(h->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_errno(e, -errno, "cannot open %s", h->dir_path);
	while (flock(fd, LOCK_EX) < 0)
		if (errno != EINTR)
			return err_errno(e, -errno, "cannot lock %s", h->dir_path);
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

/*
 * libgit2 makes a repository file by file, unsynced: it is made under another name, and gets its
 * own when all of it is on disk; so are the directories above it then, which may be new as well.
 */
static int make_repository(struct history *h, struct err *e)
{
	_cleanup_close_ int lock = -1, fd = -1;
	_cleanup_free_ char *path = NULL;
	git_repository_init_options options;
	git_repository *repo = NULL;
	int r = history_making(h, &lock, e);

	if (r < 0 || faccessat(h->dir_fd, REPOSITORY_NAME, F_OK, 0) == 0)
		return r;
	if (asprintf(&path, "%s/" NEW_NAME, h->dir_path) < 0)
		return err_set(e, -ENOMEM, "out of memory");
	/* What a run that was cut off here left behind. */
	if (nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS) != 0 && errno != ENOENT)
		return err_errno(e, -errno, "cannot remove %s", path);
	git_repository_init_options_init(&options, GIT_REPOSITORY_INIT_OPTIONS_VERSION);
	options.flags = GIT_REPOSITORY_INIT_BARE | GIT_REPOSITORY_INIT_MKDIR |
			GIT_REPOSITORY_INIT_NO_REINIT;
	options.mode = 0700;
	options.initial_head = "none"; /* no branch: HEAD is only there to be a repository */
	if (git_repository_init_ext(&repo, path, &options) < 0)
		return gitlib_err(e, -EIO, "cannot make %s", path);
	git_repository_free(repo);
	fd = openat(h->dir_fd, NEW_NAME, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fchmod(fd, 0700) < 0 || mkdirat(fd, "refs/generations", 0700) < 0 ||
		syncfs(fd) < 0)
		return err_errno(e, -errno, "cannot sync %s", path);
	if (renameat(h->dir_fd, NEW_NAME, h->dir_fd, REPOSITORY_NAME) < 0 || fsync(h->dir_fd) < 0)
		return err_errno(e, -errno, "cannot rename %s to " REPOSITORY_NAME, path);
	return 0;
}

/* libgit2 has a check of its own, whose message speaks of safe.directory, which is no help here. */
static int check_owner(const struct history *h, struct err *e)
{
	struct stat st;

	if (fstatat(h->dir_fd, REPOSITORY_NAME, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? -ENOENT
				       : err_errno(e, -errno, "cannot read %s", h->git_path);
	if (!S_ISDIR(st.st_mode))
		return err_set(e, -ENOTDIR, "%s is no directory; move it away", h->git_path);
	if (st.st_uid != geteuid())
		return err_set(e, -EPERM,
			"%s belongs to uid %u, not to %u; if nobody else could write there: "
			"chown -R %u %s",
			h->git_path, st.st_uid, geteuid(), geteuid(), h->git_path);
	return 0;
}

static int open_repository(struct history *h, bool create, struct err *e)
{
	int r = check_owner(h, e);

	if (r == -ENOENT && create) {
		r = make_repository(h, e);
		if (r < 0)
			return r;
		r = check_owner(h, e);
	}
	if (r == -ENOENT)
		return err_set(e, r, "there is no history in %s yet", h->dir_path);
	if (r < 0)
		return r;
	if (git_repository_open_ext(&h->repo, h->git_path,
		    GIT_REPOSITORY_OPEN_NO_SEARCH | GIT_REPOSITORY_OPEN_BARE |
			    GIT_REPOSITORY_OPEN_NO_DOTGIT,
		    NULL) < 0)
		return gitlib_err(e, -EIO,
			"cannot open %s; restore it from a backup, or move it away to begin anew",
			h->git_path);
	/* Or libgit2 looks for one in everybody's configuration at each reference that it makes. */
	if (git_repository_set_ident(h->repo, WHO_NAME, WHO_ADDRESS) < 0)
		return gitlib_err(e, -EIO, "cannot open %s", h->git_path);
	return 0;
}

int history_open(const char *dir_path, bool create, struct history **ret, struct err *e)
{
	int r = gitlib_start(e);

	if (r < 0)
		return r;
	_cleanup_history_ struct history *h = xmalloc(sizeof(*h));
	*h = (struct history){.dir_fd = -1, .dir_path = xstrdup(dir_path)};
	if (asprintf(&h->git_path, "%s/" REPOSITORY_NAME, dir_path) < 0)
		return err_set(e, -ENOMEM, "out of memory");
	h->dir_fd = open(dir_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (h->dir_fd < 0)
		return err_errno(e, -errno, "cannot open %s", dir_path);
	r = open_repository(h, create, e);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(h);
	return 0;
}

void history_close(struct history *h)
{
	if (!h)
		return;
	shelves_forget(h);
	free(h->shelves);
	git_repository_free(h->repo);
	if (h->dir_fd >= 0)
		close(h->dir_fd);
	free(h->git_path);
	free(h->dir_path);
	free(h);
	gitlib_stop();
}

void history_closep(struct history **h)
{
	history_close(*h);
	*h = NULL;
}
