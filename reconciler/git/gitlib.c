/*
 * libgit2's global state, and reading objects safely (gitlib.h).
 * Knows nothing of what the objects mean.
 * Called by pull, the tree of a commit, the history and diffs.
 */
#include "l4sync/gitlib.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/resource.h>
#include <zlib.h>

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

/*
 * Nothing is fetched by who starts libgit2 here, but when it starts it reads all certificate
 * authorities of the host (10 ms with 1.9, 30 ms with 1.5, half of a plan), and no option keeps it
 * from that. It takes it well if it cannot open them; so it cannot open a file meanwhile.
 */
static int init_without_authorities(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) < 0)
		return git_libgit2_init();
	const struct rlimit none = {0, files.rlim_max};

	setrlimit(RLIMIT_NOFILE, &none);
	int r = git_libgit2_init();
	setrlimit(RLIMIT_NOFILE, &files);
	return r < 0 ? git_libgit2_init() : r;
}

void gitlib_settings(void)
{
	static const int levels[] = {GIT_CONFIG_LEVEL_SYSTEM, GIT_CONFIG_LEVEL_XDG,
		GIT_CONFIG_LEVEL_GLOBAL, GIT_CONFIG_LEVEL_PROGRAMDATA};

	for (size_t i = 0; i < ELEMENTS(levels); i++)
		git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, levels[i], "");
	git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, 1);
}

int gitlib_start(struct err *e)
{
	if (init_without_authorities() < 0)
		return gitlib_err(e, -EIO, "libgit2 cannot be started");
	gitlib_settings();
	return 0;
}

void gitlib_stop(void)
{
	git_libgit2_shutdown();
}

bool gitlib_stream_ends(int fd)
{
	unsigned char in[4096], out[16384];
	z_stream z = {0};
	int r = inflateInit(&z);

	while (r == Z_OK) {
		ssize_t n = read(fd, in, sizeof(in));
		if (n <= 0)
			break;
		z.next_in = in;
		z.avail_in = (unsigned)n;
		do {
			z.next_out = out;
			z.avail_out = sizeof(out);
			r = inflate(&z, Z_NO_FLUSH);
		} while (r == Z_OK && (z.avail_in || !z.avail_out));
		if (r == Z_BUF_ERROR) /* it wants more, no fault */
			r = Z_OK;
	}
	inflateEnd(&z);
	return r == Z_STREAM_END;
}

bool gitlib_is_cut_off(git_repository *repo, const git_oid *id)
{
	char hex[GIT_OID_HEXSZ + 1];
	char *path = NULL;

	git_oid_tostr(hex, sizeof(hex), id);
	if (asprintf(&path, "%sobjects/%.2s/%s", git_repository_commondir(repo), hex, hex + 2) < 0)
		return false;
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	free(path);
	return fd >= 0 && !gitlib_stream_ends(fd);
}

int gitlib_lookup(
	git_repository *repo, const git_oid *id, git_object_t type, git_object **ret, struct err *e)
{
	char hex[GIT_OID_HEXSZ + 1];

	git_oid_tostr(hex, sizeof(hex), id);
	if (gitlib_is_cut_off(repo, id))
		return err_set(e, -EBADMSG, "object %s is cut off or damaged", hex);
	if (git_object_lookup(ret, repo, id, type) < 0)
		return gitlib_err(e, -EBADMSG, "object %s", hex);
	return 0;
}
