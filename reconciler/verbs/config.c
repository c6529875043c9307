/*
 * /etc/l4sync/config.yaml: where the state comes from (config.h; documented in l4sync(1)).
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

static void parse_source(const struct node *config, struct source *ret, struct diags *diags)
{
	static const char *const known[] = {"source", NULL};
	static const char *const source_keys[] = {"url", "ref", "path", NULL};
	const struct node *n;

	if (node_want_map(config, "the configuration", diags) < 0 ||
		node_keys(config, known, diags) < 0)
		return;
	const struct node *source = node_get(config, "source");
	if (!source || node_want_map(source, "source", diags) < 0 ||
		node_keys(source, source_keys, diags) < 0)
		return;
	if ((n = node_get(source, "url")))
		node_want_text(n, "source.url", &ret->url, diags);
	if ((n = node_get(source, "ref")))
		node_want_text(n, "source.ref", &ret->ref, diags);
	if ((n = node_get(source, "path")))
		node_want_text(n, "source.path", &ret->path, diags);
}

/* A path on this host, as written or as file://, or NULL for a URL that goes over a network. */
static const char *local_path(const char *url)
{
	if (text_starts(url, "file://"))
		return url + strlen("file://");
	return *url == '/' ? url : NULL;
}

int config_source(struct host *h, const struct request *q, struct source *ret, struct err *e)
{
	const char *dir = arena_printf(h->arena, "%s" CONFIG_DIR, h->root_path);
	const char *file = arena_printf(h->arena, "%s" CONFIG, h->root_path);
	struct diags diags = {.arena = h->arena};
	struct node *config;
	const char *text;
	size_t size = 0;

	*ret = (struct source){.path_fd = -1};
	int r = read_text(h, CONFIG, NODE_FILE_SIZE_MAX, &text, &size, e);
	if (r < 0)
		return r;
	if (text && node_parse(h->arena, file, text, size, &config, &diags) >= 0)
		parse_source(config, ret, &diags);
	if (diags.n)
		return err_set(e, -EINVAL, "%s", diag_text(h->arena, &diags.items[0]));
	if (q->source)
		*ret = (struct source){.url = q->source, .path_fd = -1};
	if (q->ref)
		ret->ref = q->ref;
	ret->config_dir = dir;
	if (!ret->url)
		return 0;
	r = read_text(h, CONFIG_DIR "/deploy_key", KEY_SIZE_MAX, &ret->deploy_key, &size, e);
	if (r >= 0)
		r = read_text(
			h, CONFIG_DIR "/known_hosts", KEY_SIZE_MAX, &ret->known_hosts, &size, e);
	if (r < 0 || !local_path(ret->url))
		return r;
	/* Opened here, by root: the child that reads it may not be able to walk there. */
	ret->path_fd = open(local_path(ret->url), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return ret->path_fd < 0 ? err_errno(e, -errno, "cannot open the state repository %s",
					  local_path(ret->url))
				: 0;
}
