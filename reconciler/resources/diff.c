/*
 * Unified diffs of contents by libgit2, without a repository (diff.h).
 * Shows nothing of a secret, and does no I/O. Called by the report of plans and by show and diff.
 */
#include "l4sync/diff.h"

#include <errno.h>
#include <git2.h>
#include <string.h>

#include "l4sync/gitlib.h"
#include "l4sync/text.h"

static const char *sentence(
	struct arena *a, const char *what, const struct content *old, const struct content *new)
{
	if (!old || !new)
		return arena_printf(a, "%s, %zu bytes", what, old ? old->size : new->size);
	return arena_printf(a, "%s, %zu → %zu bytes", what, old->size, new->size);
}

static bool is_text(const struct content *c)
{
	return !c || text_is_utf8(c->data, c->size);
}

static void add_header(struct buf *out, const char *mark, const char *path, bool absent)
{
	buf_adds(out, mark);
	if (absent)
		buf_adds(out, "/dev/null");
	else
		text_escape(out, path, strlen(path));
	buf_addc(out, '\n');
}

/* Takes the hunks only: libgit2's own header has names and hashes of a repository in it. */
static int add_line(const git_diff_delta *delta, const git_diff_hunk *hunk,
	const git_diff_line *line, void *userdata)
{
	(void)delta;
	if (!hunk)
		return 0;
	if (line->origin == GIT_DIFF_LINE_CONTEXT || line->origin == GIT_DIFF_LINE_ADDITION ||
		line->origin == GIT_DIFF_LINE_DELETION)
		buf_addc(userdata, line->origin);
	buf_add(userdata, line->content, line->content_len);
	return 0;
}

static int unified(
	struct buf *out, const struct content *old, const struct content *new, struct err *e)
{
	git_diff_options options;
	git_patch *patch = NULL;
	int r = gitlib_start(e);

	if (r < 0)
		return r;
	git_diff_options_init(&options, GIT_DIFF_OPTIONS_VERSION);
	options.flags = GIT_DIFF_FORCE_TEXT; /* what is text was decided before */
	options.context_lines = 3;
	if (git_patch_from_buffers(&patch, old ? old->data : "", old ? old->size : 0, NULL,
		    new ? new->data : "", new ? new->size : 0, NULL, &options) < 0 ||
		git_patch_print(patch, add_line, out) < 0)
		r = gitlib_err(e, -EIO, "no diff");
	git_patch_free(patch);
	gitlib_stop();
	return r;
}

int content_diff(struct arena *a, const char *path, const struct content *old,
	const struct content *new, bool secret, const unsigned char key[HASH_SIZE],
	const char **ret, struct err *e)
{
	_cleanup_buf_ struct buf out = BUF_INIT;

	*ret = NULL;
	if (content_same(old, new, key))
		return 0;
	if (secret || (old && old->keyed) || (new &&new->keyed))
		*ret = "differs";
	else if ((old && !old->data) || (new && !new->data))
		*ret = sentence(a, "content not at hand", old, new);
	else if ((old && old->size > DIFF_SIZE_MAX) || (new &&new->size > DIFF_SIZE_MAX))
		*ret = sentence(a, "too large to show", old, new);
	else if (!is_text(old) || !is_text(new))
		*ret = sentence(a, "binary", old, new);
	if (*ret)
		return 0;
	add_header(&out, "--- ", path, !old);
	add_header(&out, "+++ ", path, !new);
	int r = unified(&out, old, new, e);
	if (r < 0)
		return err_prefix(e, r, "%s", path);
	*ret = arena_memdup(a, out.data, out.size);
	return 0;
}
