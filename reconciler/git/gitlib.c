/*
 * libgit2's global state (gitlib.h).
 * Opens nothing. Called by pull, the tree of a commit, the history and diffs.
 */
#include "l4sync/gitlib.h"

#include <errno.h>
#include <git2.h>
#include <stdarg.h>
#include <stdio.h>

#include "l4sync/mem.h"

int gitlib_err(struct err *e, int code, const char *format, ...)
{
	_cleanup_free_ char *text = NULL;
	const git_error *last = git_error_last();
	va_list ap;

	va_start(ap, format);
	if (vasprintf(&text, format, ap) < 0)
		text = xstrdup("out of memory");
	va_end(ap);
	return err_set(e, code, "%s: %s", text, last && last->message ? last->message : "unknown");
}

int gitlib_start(struct err *e)
{
	static const int levels[] = {GIT_CONFIG_LEVEL_SYSTEM, GIT_CONFIG_LEVEL_XDG,
		GIT_CONFIG_LEVEL_GLOBAL, GIT_CONFIG_LEVEL_PROGRAMDATA};

	if (git_libgit2_init() < 0)
		return gitlib_err(e, -EIO, "libgit2 cannot be started");
	/* Set at every start: the last stop forgets them. */
	for (size_t i = 0; i < ELEMENTS(levels); i++)
		git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, levels[i], "");
	git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, 1);
	return 0;
}

void gitlib_stop(void)
{
	git_libgit2_shutdown();
}
