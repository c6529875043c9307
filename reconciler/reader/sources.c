/*
 * Other repositories that a state names: pulled, resolved, opened (sources.h).
 * Called by the reader, in the unprivileged child.
 */
#include "sources.h"

#include <errno.h>
#include <string.h>

#include "l4sync/answer.h"
#include "l4sync/git.h"
#include "l4sync/refs.h"
#include "l4sync/pull.h"
#include "l4sync/text.h"

#define SOURCES_MAX 64

struct one {
	const char *url, *rev; /* as they are asked for */
	struct pulled pulled;
	struct tree *tree;
};

struct sources {
	struct arena *arena;
	const struct reader_job *job;
	void (*say)(void *userdata, const char *text);
	void *userdata;
	const struct pulled *own;
	struct reader_sources reader;
	size_t n;
	struct one items[SOURCES_MAX];
};

struct sources *sources_new(struct arena *a, const struct reader_job *job,
	void (*say)(void *userdata, const char *text), void *userdata)
{
	struct sources *s = arena_new_of(a, struct sources);

	s->arena = a;
	s->job = job;
	s->say = say;
	s->userdata = userdata;
	return s;
}

void sources_close(struct sources *s)
{
	while (s->n)
		tree_free(s->items[--s->n].tree);
}

/* "git.example/app.git": what tells it from others, without what only git needs. */
static const char *label_of(const char *url)
{
	const char *rest = strstr(url, "://"), *at;

	rest = rest ? rest + 3 : url;
	at = memchr(rest, '@', strcspn(rest, "/"));
	return at ? at + 1 : rest;
}

/* Without "." and "..": the directory's own path has no link in it. */
static const char *join(struct arena *a, const char *dir, const char *path)
{
	char *out = arena_printf(a, "%s/%s", dir, path);
	size_t n = strlen(dir);

	while (*path) {
		size_t part = strcspn(path, "/");

		if (part == 2 && !memcmp(path, "..", 2)) {
			while (n && out[--n] != '/')
				;
		} else if (part && !(part == 1 && *path == '.')) {
			out[n++] = '/';
			memmove(out + n, path, part);
			n += part;
		}
		path += part + (path[part] == '/');
	}
	out[n] = '\0';
	return n ? out : "/";
}

/* A path from the state's directory on is meant from there, where there is one. */
static int url_of(struct sources *s, const char *repo, const char **ret, struct err *e)
{
	if (*repo != '.') {
		*ret = repo;
		return 0;
	}
	if (!s->job->state_path)
		return err_set(e, -EINVAL,
			"\"%s\" is a path from the state's directory on, and the state is pulled "
			"from a repository: write a URL (https://, ssh://, file://) or a path that "
			"begins with /",
			repo);
	*ret = join(s->arena, s->job->state_path, repo);
	return 0;
}

static bool was_pulled(const struct sources *s, const char *url)
{
	if (s->own && !strcmp(url, s->job->source.url))
		return true;
	for (size_t i = 0; i < s->n; i++)
		if (!strcmp(s->items[i].url, url))
			return true;
	return false;
}

/* The end of "URL REF " in a recorded source; NULL: it is of another URL. */
static const char *recorded_commit(
	const char *source, const char *url, const char *ref, bool *ret_same_ref)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	const char *commit = strrchr(source, ' ');

	text_escape(&b, url, strlen(url));
	buf_addc(&b, ' ');
	if (!commit || !strcmp(commit, " -") || !text_starts(source, b.data))
		return NULL;
	size_t at = b.size;
	text_escape(&b, ref, strlen(ref));
	*ret_same_ref = (size_t)(commit - source) == b.size &&
			!strncmp(source + at, b.data + at, b.size - at);
	return commit + 1;
}

/*
 * What was applied last of this URL: under the same ref, else under any, of which one is enough
 * that it descends from. A repository may serve two checkouts with two refs of their own.
 */
static int check_rewind(struct sources *s, const struct one *x, struct err *e)
{
	const struct reader_job *job = s->job;
	git_repository *repo = NULL;
	bool other_refs = true, same;
	int r = 0;

	if (job->allow_rewind || !job->n_applied_others)
		return 0;
	r = git_open(x->pulled.git_dir, &repo, e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < job->n_applied_others && r >= 0; i++)
		if (recorded_commit(job->applied_others[i], x->url, x->pulled.ref, &same) && same) {
			other_refs = false;
			r = commit_descends(repo, x->pulled.commit,
				strrchr(job->applied_others[i], ' ') + 1, e);
		}
	for (size_t i = 0; other_refs && i < job->n_applied_others; i++) {
		const char *commit =
			recorded_commit(job->applied_others[i], x->url, x->pulled.ref, &same);

		if (!commit)
			continue;
		err_clear(e);
		r = commit_descends(repo, x->pulled.commit, commit, e);
		if (r >= 0)
			break;
	}
	git_repository_free(repo);
	return r < 0 ? err_prefix(e, r, "%s", x->url) : 0;
}

static int open_one(struct sources *s, struct one *x, struct err *e)
{
	const struct reader_job *job = s->job;
	struct source src = job->source;

	src.url = x->url;
	src.ref = x->rev;
	src.path = NULL;
	src.path_fd = -1;
	int r = pull(s->arena, &src, job->cache_dir, job->fetch && !was_pulled(s, x->url), s->say,
		s->userdata, &x->pulled, e);
	if (r >= 0)
		r = check_rewind(s, x, e);
	if (r >= 0)
		r = tree_open_git(s->arena, x->pulled.git_dir, x->pulled.commit, "", &x->tree, e);
	return r;
}

static bool same_rev(const char *a, const char *b)
{
	return !a || !b ? a == b : !strcmp(a, b);
}

static int open_source(
	void *userdata, const char *repo, const char *rev, struct reader_source *ret, struct err *e)
{
	struct sources *s = userdata;
	struct one *x = s->items;
	struct one new = {.rev = rev};

	if (!s->job->others || !s->job->cache_dir)
		return -ENOLINK;
	int r = url_of(s, repo, &new.url, e);
	if (r < 0)
		return r;
	while (x < s->items + s->n && (strcmp(x->url, new.url) != 0 || !same_rev(x->rev, rev)))
		x++;
	if (x == s->items + s->n) {
		if (s->n == SOURCES_MAX)
			return err_set(e, -E2BIG, "the state names more than %d other repositories",
				SOURCES_MAX);
		r = open_one(s, &new, e);
		if (r < 0)
			return r;
		s->items[s->n++] = new;
	}
	*ret = (struct reader_source){x->url, label_of(x->url), x->pulled.commit, x->tree};
	return 0;
}

const struct reader_sources *sources_reader(struct sources *s, const struct pulled *own)
{
	s->own = own;
	s->reader = (struct reader_sources){open_source, s, s->job->leave_out_others};
	return &s->reader;
}

static bool has_meta(const struct resources *want, const char *value)
{
	for (size_t i = 0; i < want->n_metas; i++)
		if (!strcmp(want->metas[i].key, "source") && !strcmp(want->metas[i].value, value))
			return true;
	return false;
}

void sources_metas(const struct sources *s, struct resources *want)
{
	for (size_t i = 0; i < s->n; i++) {
		const char *value =
			answer_source_of(s->arena, s->items[i].url, &s->items[i].pulled);

		if (!has_meta(want, value))
			resources_meta(want, "source", value);
	}
}

bool sources_damaged(struct sources *s)
{
	bool damaged = false;

	for (size_t i = 0; i < s->n; i++)
		damaged |= pull_verify(s->arena, &s->items[i].pulled, NULL) == -EUCLEAN;
	return damaged;
}
