/*
 * libgit2 as the reader uses it (git.h): with the authorities that a fetch needs, and limits.
 * Called before anything else of libgit2, by pull() and tree_open_git().
 */
#include "l4sync/git.h"

#include <errno.h>

#include "l4sync/gitlib.h"

void git_begin(void)
{
	git_libgit2_init();
	gitlib_settings();
	/* The check protects a user from running hooks and filters out of somebody else's
	 * repository. Nothing of a repository is run here, and a local source belongs to whoever
	 * works in it, not to the reader. */
	git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
	git_libgit2_opts(GIT_OPT_SET_PACK_MAX_OBJECTS, (size_t)GIT_OBJECTS_MAX);
	/* Windows of a gigabyte, the default, do not fit into the child's address space. */
	git_libgit2_opts(GIT_OPT_SET_MWINDOW_SIZE, (size_t)32 << 20);
	git_libgit2_opts(GIT_OPT_SET_MWINDOW_MAPPED_LIMIT, (size_t)256 << 20);
#if LIBGIT2_VER_MAJOR > 1 || LIBGIT2_VER_MINOR >= 7
	git_libgit2_opts(GIT_OPT_SET_SERVER_CONNECT_TIMEOUT, 30000);
	git_libgit2_opts(GIT_OPT_SET_SERVER_TIMEOUT, 60000);
#endif
}

void git_end(void)
{
	git_libgit2_shutdown();
}

int git_open(const char *git_dir, git_repository **ret, struct err *e)
{
	if (git_repository_open_bare(ret, git_dir) < 0)
		return err_set(e, -EUCLEAN, "%s: %s", git_dir, git_failure());
	return 0;
}

const char *git_failure(void)
{
	const git_error *error = git_error_last();

	return error && error->message && *error->message ? error->message : "unknown error";
}
