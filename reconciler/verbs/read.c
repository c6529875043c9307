/*
 * The want of a run from the state, through the unprivileged reader; the part of it that --only
 * selects (run.h).
 * Called by the verbs.
 */
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <string.h>
#include <stdlib.h>

#include "l4sync/access.h"
#include "l4sync/module.h"
#include "l4sync/reader.h"
#include "l4sync/run.h"
#include "l4sync/secrets.h"
#include "l4sync/text.h"

#include "config.h"
#include "want.h"

static void progress(void *userdata, const char *text)
{
	event_progress(userdata, "%s", text);
}

/* Up to 20 things that are wrong with the state, each an event; the error sums them up. */
static int report_invalid(struct run *r, const struct diags *diags, struct err *e)
{
	for (size_t i = 0; i < diags->n; i++) {
		const struct diag *d = &diags->items[i];

		event_emit(r->sink, "{s:s, s:o, s:o}", "event", "error", "text",
			event_string(d->text), "where",
			event_string(where_text(r->arena, &d->where)));
	}
	return err_exit(e, EXIT_STATE, -EINVAL,
		"the state is invalid: %zu error%s%s; nothing was touched", diags->total,
		diags->total == 1 ? "" : "s",
		diags->total > diags->n ? arena_printf(r->arena, ", the first %zu shown", diags->n)
					: "");
}

/* The commit of the newest applied generation, if it came from this URL. */
static const char *applied_commit(struct run *r, const char *url)
{
	size_t n = strlen(url);

	for (size_t i = 0; i < r->base.n_sources; i++) {
		const char *source = r->base.sources[i], *commit = strrchr(source, ' ');

		if (!strncmp(source, url, n) && source[n] == ' ' && commit &&
			strcmp(commit, " -") != 0)
			return commit + 1;
	}
	return NULL;
}

/* Of the other repositories: their sources stand behind the state's. */
static void add_applied_others(struct run *r, struct reader_job *job)
{
	job->applied_others = r->base.sources + 1;
	job->n_applied_others = r->base.n_sources > 1 ? r->base.n_sources - 1 : 0;
}

static int prepare_identity(struct run *r, struct reader_job *job, struct err *e)
{
	struct reader_access access;
	int c = reader_access(r->host, job->source.url || job->others, &access, e);

	job->drop = access.drop;
	job->uid = access.uid;
	job->gid = access.gid;
	job->cache_dir = access.cache_dir;
	return c;
}

static int prepare_directory(struct run *r, struct reader_job *job, struct err *e)
{
	const char *path = r->request->state;

	job->state_dir = path;
	job->state_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (job->state_fd < 0)
		return err_errno(e, -errno, "cannot open the state directory %s", path);
	if (!job->others)
		return 0;
	_cleanup_free_ char *real = realpath(path, NULL);
	if (!real)
		return err_errno(e, -errno, "cannot tell the path of %s", path);
	job->state_path = arena_strdup(r->arena, real);
	return config_keys(r->host, &job->source, e);
}

static int prepare_pull(struct run *r, struct reader_job *job, struct err *e)
{
	int c = config_source(r->host, r->request, &job->source, e);

	if (c >= 0 && !job->source.url)
		return err_set(e, -ENOENT,
			"nothing says where the state is: give --state DIR or --source URL, or put "
			"`source: {url: …, ref: …}` into %s/etc/l4sync/config.yaml",
			r->host->root_path);
	if (c >= 0)
		job->applied = applied_commit(r, job->source.url);
	return c;
}

static int prepare(struct run *r, bool others, struct reader_job *job, struct err *e)
{
	const struct request *q = r->request;

	*job = (struct reader_job){
		.host = {.name = r->host->name,
			.machine_id = r->host->machine_id,
			.any = r->any_host},
		.source = {.path_fd = -1},
		.state_fd = -1,
		.fetch = true,
		.others = others,
		.leave_out_others = r->leave_out_others,
		.allow_rewind = q->allow_rewind,
	};
	add_applied_others(r, job);
	int c = q->state ? prepare_directory(r, job, e) : prepare_pull(r, job, e);
	return c < 0 ? c : prepare_identity(r, job, e);
}

static bool is_named(const struct request *q, const char *id)
{
	/* Unlike in `files:`, a * does not stop at a slash: file:* is all files. */
	for (size_t i = 0; i < q->n_only; i++)
		if (!fnmatch(q->only[i], id, 0) ||
			(!strchr(q->only[i], ':') && !fnmatch(q->only[i], resource_name(id), 0)))
			return true;
	return false;
}

/* Whether the set has something named that stands below the directory, or anywhere if it is NULL.
 */
static bool names_any(const struct resources *set, const struct request *q, const char *directory)
{
	size_t n = directory ? strlen(directory) : 0;

	for (size_t i = 0; set && i < set->n; i++) {
		const char *path = directory ? resource_path(set->items[i]) : NULL;

		if (directory && (!path || strncmp(path, directory, n) != 0 || path[n] != '/'))
			continue;
		if (is_named(q, set->items[i]->id))
			return true;
	}
	return false;
}

bool run_selects(const struct run *r, const char *id)
{
	const struct request *q = r->request;

	if (!q->n_only || is_named(q, id))
		return true;
	return text_starts(id, "dir:") && (names_any(r->want, q, resource_name(id)) ||
						  names_any(r->base.want, q, resource_name(id)));
}

static void take_part(
	struct resources *part, const struct resources *set, const struct run *r, bool selected)
{
	for (size_t i = 0; set && i < set->n; i++)
		if (run_selects(r, set->items[i]->id) == selected)
			resources_add_ref(part, set->items[i]);
}

int want_select(struct run *r, struct err *e)
{
	if (!names_any(r->want, r->request, NULL) && !names_any(r->base.want, r->request, NULL))
		return err_set(e, -ENOENT,
			"--only selects nothing: no resource of the state is called so (l4sync "
			"plan shows their names)");
	struct resources *part = resources_new();

	take_part(part, r->want, r, true);
	take_part(part, r->base.want, r, false);
	for (size_t i = 0; i < r->want->n_metas; i++)
		resources_meta(part, r->want->metas[i].key, r->want->metas[i].value);
	resources_sort(part, NULL);
	run_replace_want(r, part);
	return want_load_config(r, r->base.want, e);
}

static int read_once(struct run *r, bool others, struct diags *diags, struct err *e)
{
	struct reader_job job;
	int c = prepare(r, others, &job, e);

	if (c >= 0)
		c = reader_run(&job, modules, r->arena, progress, r->sink, &r->want, diags, e);
	closep_(&job.state_fd);
	closep_(&job.source.path_fd);
	return c;
}

int run_read(struct run *r, struct err *e)
{
	struct diags diags = {.arena = r->arena};
	/* Whether the state names other repositories only the child can tell; a directory to pull
	 * them into, and the keys, are not prepared for one that does not. */
	bool others = r->base.n_sources > 1 && !r->leave_out_others;
	int c = read_once(r, others, &diags, e);

	if (c == -ENOLINK && !others) {
		diags = (struct diags){.arena = r->arena};
		c = read_once(r, true, &diags, e);
	}
	if (diags.total)
		c = report_invalid(r, &diags, e);
	if (c >= 0)
		c = secrets_fill(r->host, r->arena, r->want, e);
	/* A unit that leaves the state may be put back as it was before it was adopted. */
	if (c >= 0)
		c = want_load_config(r, r->base.originals, e);
	return c >= 0 && r->request->n_only ? want_select(r, e) : c;
}
