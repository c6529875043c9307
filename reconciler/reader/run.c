/*
 * reader_run(): pull and read in a child, judge here what it hands over (reader.h).
 * This side neither parses YAML nor opens a foreign repository.
 * Called by the pipeline.
 */
#include <errno.h>
#include <git2.h>
#include <string.h>

#include "l4sync/answer.h"
#include "l4sync/child.h"
#include "l4sync/git.h"
#include "l4sync/refs.h"
#include "l4sync/module.h"
#include "l4sync/text.h"

#include "sources.h"

#define READER_TIMEOUT_NS (600ull * 1000000000u)
#define READER_MEMORY_MAX ((size_t)1 << 30)
#define READER_FILE_MAX                                                                            \
	((size_t)2 << 30) /* a pack of PULL_SIZE_MAX grows while it is completed                   \
			   */

struct work {
	const struct reader_job *job;
	const struct module *const *modules;
};

/* The child's side. */
struct reading {
	const struct reader_job *job;
	const struct module *const *modules;
	struct arena *arena;
	struct diags diags;
	struct err err;
	int progress_fd;
	struct sources *sources;
};

static void say(void *userdata, const char *text)
{
	struct reading *r = userdata;
	const char *line = arena_printf(r->arena, "%s\n", text);

	fd_write_all(r->progress_fd, line, strlen(line));
}

static int read_tree(
	struct reading *r, struct tree *tree, const struct pulled *p, struct resources **ret)
{
	struct resources *want = NULL;

	r->diags.n = r->diags.total = 0;
	int code = reader_read_with(tree, &r->job->host, r->modules, sources_reader(r->sources, p),
		r->arena, &want, &r->diags, &r->err);
	if (code < 0 && !r->diags.n && !r->err.text)
		return err_errno(&r->err, code, "cannot read the state");
	if (code < 0)
		return code;
	resources_meta(want, "source", answer_source(r->arena, r->job, p));
	sources_metas(r->sources, want);
	resources_sort(want, NULL);
	*ret = want;
	return 0;
}

/* What was said of a failed attempt. */
static void forget(struct reading *r)
{
	sources_close(r->sources);
	err_clear(&r->err);
	r->diags.n = r->diags.total = 0;
}

static int read_directory(struct reading *r, struct resources **ret)
{
	_cleanup_tree_ struct tree *tree = NULL;

	int code = tree_open_dir(r->arena, r->job->state_fd, &tree, &r->err);
	if (code < 0)
		return code;
	code = read_tree(r, tree, NULL, ret);
	if (code >= 0 || !sources_damaged(r->sources))
		return code;
	forget(r);
	return read_tree(r, tree, NULL, ret);
}

static int check_rewind(struct reading *r, const struct pulled *p)
{
	git_repository *repo = NULL;

	if (!r->job->applied || r->job->allow_rewind)
		return 0;
	int code = git_open(p->git_dir, &repo, &r->err);
	if (!code)
		code = commit_descends(repo, p->commit, r->job->applied, &r->err);
	git_repository_free(repo);
	return code;
}

static int read_commit(struct reading *r, const struct pulled *p, struct resources **ret)
{
	const char *path = r->job->source.path;
	_cleanup_tree_ struct tree *tree = NULL;

	int code = check_rewind(r, p);
	if (code < 0)
		return code;
	code = tree_open_git(r->arena, p->git_dir, p->commit, path ? path : "", &tree, &r->err);
	return code < 0 ? code : read_tree(r, tree, p, ret);
}

/*
 * If the parent has libgit2 open, its random numbers for TLS are those of every child: a fetch
 * starts it afresh, and with the certificate authorities that gitlib_start() leaves out. Only a
 * fetch from elsewhere: reading them takes 10 ms with libgit2 1.9 and 30 ms with 1.5.
 */
static void renew_libgit2(void)
{
	while (git_libgit2_init() > 1) {
		git_libgit2_shutdown();
		git_libgit2_shutdown();
	}
}

static bool may_reach_out(const struct reader_job *job)
{
	return job->fetch && (job->others || (job->source.url && *job->source.url != '/' &&
						     !text_starts(job->source.url, "file://")));
}

static int read_source(struct reading *r, struct resources **ret)
{
	const struct reader_job *job = r->job;
	struct pulled p;

	int code = pull(r->arena, &job->source, job->cache_dir, job->fetch, say, r, &p, &r->err);
	if (code < 0)
		return code;
	code = read_commit(r, &p, ret);
	if (code >= 0 || code == -ENOLINK)
		return code;
	/* Only a damage is worth a second try, and looking for one reads everything. */
	bool damaged = sources_damaged(r->sources);
	if (pull_verify(r->arena, &p, NULL) != -EUCLEAN && !damaged)
		return code;
	forget(r);
	code = pull(r->arena, &job->source, job->cache_dir, job->fetch, say, r, &p, &r->err);
	return code < 0 ? code : read_commit(r, &p, ret);
}

static void read_in_child(int answer_fd, int progress_fd, void *userdata)
{
	const struct work *w = userdata;
	struct arena *a = arena_new();
	struct reading r = {w->job, w->modules, a, {.arena = a}, ERR_INIT, progress_fd, NULL};
	struct resources *want = NULL;
	struct buf out = BUF_INIT;

	if (may_reach_out(w->job))
		renew_libgit2();
	if (w->job->source.url || w->job->others)
		git_begin(); /* until the child ends, so that it starts once */
	r.sources = sources_new(a, w->job, say, &r);
	int code = w->job->source.url ? read_source(&r, &want) : read_directory(&r, &want);
	if (code < 0)
		answer_write_failure(&out, code, &r.err, &r.diags);
	else
		resources_write(want, true, true, NULL, &out);
	fd_write_all(answer_fd, out.data, out.size);
}

int reader_run(const struct reader_job *job, const struct module *const *list, struct arena *a,
	void (*progress)(void *userdata, const char *text), void *userdata, struct resources **ret,
	struct diags *diags, struct err *e)
{
	_cleanup_buf_ struct buf answer = BUF_INIT;
	struct work work = {job, list};
	struct child c = {
		.sandbox =
			{
				.drop = job->drop,
				.uid = job->uid,
				.gid = job->gid,
				.memory_max = READER_MEMORY_MAX,
				.file_max = READER_FILE_MAX,
				.write_dir = job->cache_dir,
				.read_fd = job->source.url ? job->source.path_fd : -1,
			},
		.timeout_ns = READER_TIMEOUT_NS,
		.answer_max = RESOURCES_SIZE_MAX,
		.work = read_in_child,
		.userdata = &work,
		.progress = progress,
		.progress_userdata = userdata,
	};
	int fd = job->source.url ? job->source.path_fd : job->state_fd;

	if (fd >= 0)
		c.sandbox.fds[c.sandbox.n_fds++] = fd;
	int r = child_run(&c, &answer, e);
	if (r >= 0)
		r = answer_take(answer.data, answer.size, job, list, a, ret, diags, e);
	if (r == -ENOLINK && !job->others)
		err_clear(e);
	return r;
}
