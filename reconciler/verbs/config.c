/*
 * /etc/l4sync/config.yaml: where the state comes from, how much of the past is kept (config.h;
 * documented in l4sync(1)).
 * The file is root's own, so it is read here and not in the unprivileged child.
 * Called by the pipeline.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "l4sync/node.h"
#include "l4sync/text.h"

#define CONFIG CONFIG_DIR "/config.yaml"
#define KEY_SIZE_MAX (1u << 16) /* bytes of a key or known_hosts file */
#define KEEP_MAX 1000000        /* generations; a larger number is a slip */

/* A file of the configuration directory as text; NULL when there is none. */
static int read_text(struct host *h, const char *path, size_t size_max, const char **ret,
	size_t *ret_size, struct err *e)
{
	_cleanup_close_ int fd = -1;
	const void *data;
	int r = host_open_following(h, path, O_RDONLY, &fd, e);

	*ret = NULL;
	if (r == -ENOENT || r == -ENOTDIR)
		return 0;
	if (r >= 0)
		r = fd_read_all(h->arena, fd, size_max, &data, ret_size);
	if (r < 0)
		return err_errno(e, r, "cannot read %s%s", h->root_path, path);
	*ret = data;
	return 0;
}

static void parse_source(const struct node *source, struct source *ret, struct diags *diags)
{
	static const char *const known[] = {"url", "ref", "path", NULL};
	const struct node *n;

	if (node_want_map(source, "source", diags) < 0 || node_keys(source, known, diags) < 0)
		return;
	if ((n = node_get(source, "url")))
		node_want_text(n, "source.url", &ret->url, diags);
	if ((n = node_get(source, "ref")))
		node_want_text(n, "source.ref", &ret->ref, diags);
	if ((n = node_get(source, "path")))
		node_want_text(n, "source.path", &ret->path, diags);
}

static void parse_keep(const struct node *n, unsigned *ret, struct diags *diags)
{
	const char *text;
	unsigned long v = 0;

	if (node_want_text(n, "history.keep", &text, diags) < 0)
		return;
	size_t digits = strspn(text, "0123456789");
	if (digits && digits < 10 && !text[digits])
		v = strtoul(text, NULL, 10);
	if (v < 1 || v > KEEP_MAX)
		diag_add(diags, n->where,
			"history.keep: must be a number of generations from 1 to %u, not \"%s\"",
			KEEP_MAX, text);
	else
		*ret = (unsigned)v;
}

static void parse_history(
	const struct node *history, struct history_limits *ret, struct diags *diags)
{
	static const char *const known[] = {"keep", "max_age", NULL};
	unsigned long long ns;
	const struct node *n;

	if (node_want_map(history, "history", diags) < 0 || node_keys(history, known, diags) < 0)
		return;
	if ((n = node_get(history, "keep")))
		parse_keep(n, &ret->keep, diags);
	if ((n = node_get(history, "max_age")) &&
		node_want_time(n, "history.max_age", &ns, diags) >= 0)
		ret->max_age_s = (int64_t)(ns / 1000000000u);
}

static int read_config(
	struct host *h, struct source *source, struct history_limits *limits, struct err *e)
{
	static const char *const known[] = {"source", "history", NULL};
	const char *file = arena_printf(h->arena, "%s" CONFIG, h->root_path);
	struct diags diags = {.arena = h->arena};
	const struct node *part;
	struct node *config;
	const char *text;
	size_t size = 0;

	*source = (struct source){.path_fd = -1};
	*limits = HISTORY_LIMITS_DEFAULT;
	int r = read_text(h, CONFIG, NODE_FILE_SIZE_MAX, &text, &size, e);
	if (r < 0)
		return r;
	if (text && node_parse(h->arena, file, text, size, &config, &diags) >= 0 &&
		node_want_map(config, "the configuration", &diags) >= 0 &&
		node_keys(config, known, &diags) >= 0) {
		if ((part = node_get(config, "source")))
			parse_source(part, source, &diags);
		if ((part = node_get(config, "history")))
			parse_history(part, limits, &diags);
	}
	return diags.n ? err_set(e, -EINVAL, "%s", diag_text(h->arena, &diags.items[0])) : 0;
}

int config_history(struct host *h, struct history_limits *ret, struct err *e)
{
	struct source source;

	return read_config(h, &source, ret, e);
}

/* A path on this host, as written or as file://, or NULL for a URL that goes over a network. */
static const char *local_path(const char *url)
{
	if (text_starts(url, "file://"))
		return url + strlen("file://");
	return *url == '/' ? url : NULL;
}

int config_keys(struct host *h, struct source *ret, struct err *e)
{
	size_t size = 0;
	int r = read_text(h, CONFIG_DIR "/deploy_key", KEY_SIZE_MAX, &ret->deploy_key, &size, e);

	ret->config_dir = arena_printf(h->arena, "%s" CONFIG_DIR, h->root_path);
	if (r >= 0)
		r = read_text(
			h, CONFIG_DIR "/known_hosts", KEY_SIZE_MAX, &ret->known_hosts, &size, e);
	return r;
}

int config_source(struct host *h, const struct request *q, struct source *ret, struct err *e)
{
	struct history_limits limits;

	int r = read_config(h, ret, &limits, e);
	if (r < 0)
		return r;
	if (q->source)
		*ret = (struct source){.url = q->source, .path_fd = -1};
	if (q->ref)
		ret->ref = q->ref;
	if (!ret->url)
		return 0;
	r = config_keys(h, ret, e);
	if (r < 0 || !local_path(ret->url))
		return r;
	/* Opened here, by root: the child that reads it may not be able to walk there. */
	ret->path_fd = open(local_path(ret->url), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return ret->path_fd < 0 ? err_errno(e, -errno, "cannot open the state repository %s",
					  local_path(ret->url))
				: 0;
}
