/*
 * A repository on this machine is looked over before libgit2 reads from it (remote.h): over a loose
 * object that was cut off, by a full disk or a power cut, it would loop for ever (1.5 and 1.9).
 * Packs and the server's side of ssh and https end by themselves. Called by the fetch.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <git2.h>
#include <stdio.h>
#include <string.h>

#include "l4sync/git.h"
#include "l4sync/gitlib.h"
#include "l4sync/remote.h"

/* The rest of an object's name: git's temporary files beside it are called otherwise. */
static bool is_object(const char *name)
{
	return strlen(name) == GIT_OID_HEXSZ - 2 &&
	       strspn(name, "0123456789abcdef") == strlen(name);
}

static int cut_off(const char *prefix, const char *rest, struct err *e)
{
	return err_set(e, -EBADMSG,
		"its object %s%s is cut off or damaged; `git fsck` in that repository says what is "
		"missing",
		prefix, rest);
}

static int check_directory(int objects_fd, const char *prefix, struct err *e)
{
	int fd = openat(objects_fd, prefix, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	int r = 0;

	if (!dir)
		return 0; /* there are none that begin like this */
	while (!r && (entry = readdir(dir))) {
		if (!is_object(entry->d_name))
			continue;
		_cleanup_close_ int object = openat(fd, entry->d_name, O_RDONLY | O_CLOEXEC);
		/* One that may not be read is for libgit2 to refuse, if it is needed at all. */
		if (object >= 0 && !gitlib_stream_ends(object))
			r = cut_off(prefix, entry->d_name, e);
	}
	closedir(dir);
	return r;
}

static int check_all(git_repository *repo, struct arena *a, struct err *e)
{
	const char *objects = arena_printf(a, "%sobjects", git_repository_commondir(repo));
	_cleanup_close_ int fd = open(objects, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char prefix[3];
	int r = fd < 0 ? err_errno(e, -errno, "%s", objects) : 0;

	for (unsigned i = 0; i < 256 && !r; i++) {
		snprintf(prefix, sizeof prefix, "%02x", i);
		r = check_directory(fd, prefix, e);
	}
	return r;
}

/* Already the list of what there is looks at what each ref names. */
static int check_refs(git_repository *repo, struct err *e)
{
	git_reference_iterator *refs = NULL;
	char hex[GIT_OID_HEXSZ + 1];
	const char *name;
	git_oid id;
	int r = 0;

	if (git_reference_iterator_new(&refs, repo) < 0)
		return err_set(e, -EIO, "%s", git_failure());
	while (!r && !git_reference_next_name(&name, refs))
		if (!git_reference_name_to_id(&id, repo, name) && gitlib_is_cut_off(repo, &id))
			r = cut_off(git_oid_tostr(hex, sizeof hex, &id), "", e);
	git_reference_iterator_free(refs);
	return r;
}

int local_check(struct arena *a, const char *path, bool all, struct err *e)
{
	git_repository *repo = NULL;

	if (git_repository_open(&repo, path) < 0)
		return 0; /* connecting fails for the same reason, and is explained there */
	int r = all ? check_all(repo, a, e) : check_refs(repo, e);
	git_repository_free(repo);
	return r;
}
