/*
 * `l4sync lint [DIR]`: mistakes in a state and hardening without effect, without a host: the same
 * on the laptop, in review and on the host (SPEC 7).
 * Changes nothing. Called by the dispatch.
 */
#include "l4sync/lint.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "report.h"
#include "verbs.h"

/* From a directory whoever can read it may; a pull is kept where only root can write. */
static int open_run(struct run *r, const struct request *q, struct sink *s, struct err *e)
{
	int c;

	if (!q->state)
		return run_open(r, q, s, RUN_READS, e);
	*r = (struct run){.request = q, .sink = s, .lock_fd = -1, .arena = arena_new()};
	r->notes.arena = r->arena;
	clock_gettime(CLOCK_MONOTONIC, &r->started);
	c = host_open(r->arena, q->root, q->host, &r->host, e);
	if (c == -ENOENT && q->root) { /* an image without a name is any host */
		err_clear(e);
		c = host_open(r->arena, q->root, "", &r->host, e);
	}
	return c;
}

/* A host that has nothing: a directory that nobody else can put anything into, for it is gone. */
static int open_nothing(struct run *r, struct host **ret, struct err *e)
{
	const char *tmp = getenv("TMPDIR");
	char *path = arena_printf(r->arena, "%s/l4sync-lint.XXXXXX", tmp && *tmp ? tmp : "/tmp");

	if (!mkdtemp(path))
		return err_errno(e, -errno, "cannot make a directory %s", path);
	int c = host_open(r->arena, path, "", ret, e);
	rmdir(path);
	return c;
}

static json_t *document(struct run *r, const struct findings *found, size_t n_silenced)
{
	json_t *sources = json_array(), *findings = json_array();

	for (size_t i = 0; i < r->want->n_metas; i++)
		if (!strcmp(r->want->metas[i].key, "source"))
			json_array_append_new(sources, source_to_json(r->want->metas[i].value));
	for (size_t i = 0; i < found->n; i++)
		json_array_append_new(findings, finding_to_json(&found->items[i]));
	return json_pack("{s:i, s:o, s:o, s:o, s:{s:I, s:I, s:I}}", "l4sync", 1, "host",
		event_string(resources_get_meta(r->want, "host")), "sources", sources, "findings",
		findings, "summary", "rules", (json_int_t)lint_rules(), "findings",
		(json_int_t)found->n, "silenced", (json_int_t)n_silenced);
}

static int lint_run(struct run *r, size_t *ret_n, struct err *e)
{
	struct findings found = {.arena = r->arena};
	_cleanup_host_ struct host *nothing = NULL;
	struct lint_notes notes = {0};
	int c = r->request->root ? 0 : open_nothing(r, &nothing, e);

	if (c < 0)
		return c;
	struct host *h = nothing ? nothing : r->host;
	const struct lint_job job = {
		.arena = r->arena,
		.want = r->want,
		.view = unit_view_new(h, r->arena, r->want, NULL, NULL),
		.host_known = r->request->root,
	};
	c = lint_want(&job, &found, &notes, e);
	if (c >= 0 && notes.unanalyzed)
		event_message(r->sink, "warning",
			"what systemd-analyze would find was not looked for: %s", notes.unanalyzed);
	if (c >= 0)
		event_emit(r->sink, "{s:s, s:o}", "event", "lint", "lint",
			document(r, &found, notes.n_silenced));
	*ret_n = found.n;
	free(found.items);
	return c;
}

int verb_lint(const struct request *q, struct sink *s)
{
	_cleanup_run_ struct run r;
	_cleanup_err_ struct err e = ERR_INIT;
	size_t n = 0;
	int c = open_run(&r, q, s, &e);

	r.any_host = !q->host;
	/* Whoever may read a directory need not be able to pull, nor to keep what was pulled. */
	r.leave_out_others = q->state;
	if (c >= 0)
		c = run_read(&r, &e);
	if (c >= 0)
		c = lint_run(&r, &n, &e);
	if (c < 0)
		return verb_failed(&r, &e);
	int status = n ? EXIT_DIFFERENT : EXIT_CONVERGED;
	run_done(&r, status);
	return status;
}
