/*
 * The files that set kernel settings: read once, with the want laid over the host
 * (sysctl_sources.h).
 * Changes nothing, and judges nothing. Called by the plan's findings about kernel settings.
 */
#include "sysctl_sources.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "l4sync/text.h"

#define CMDLINE_SIZE_MAX 65536 /* bytes; the kernel's own is a few thousand */

/* Where systemd looks for a credential, first to last; systemd.exec(5), ImportCredential=. */
static const char *const credentials[] = {
	"/run/credentials/@system/" SYSCTL_CREDENTIAL,
	"/etc/credstore/" SYSCTL_CREDENTIAL,
	"/run/credstore/" SYSCTL_CREDENTIAL,
	"/usr/local/lib/credstore/" SYSCTL_CREDENTIAL,
	"/usr/lib/credstore/" SYSCTL_CREDENTIAL,
	NULL,
};
/* Only if it is in none of those. */
static const char *const encrypted[] = {
	"/run/credentials/@encrypted/" SYSCTL_CREDENTIAL,
	"/etc/credstore.encrypted/" SYSCTL_CREDENTIAL,
	"/run/credstore.encrypted/" SYSCTL_CREDENTIAL,
	"/usr/local/lib/credstore.encrypted/" SYSCTL_CREDENTIAL,
	"/usr/lib/credstore.encrypted/" SYSCTL_CREDENTIAL,
	NULL,
};

struct collection {
	struct host *host;
	struct unit_index *index;
	struct arena *arena;
	size_t n, cap, n_unread, cap_unread;
	struct sysctl_file *files; /* malloc'd, as the other */
	struct index_file *unread;
};

static void add_unread(struct collection *c, const char *path, const char *why)
{
	c->unread = grow(c->unread, &c->cap_unread, c->n_unread, sizeof(*c->unread));
	c->unread[c->n_unread++] = (struct index_file){.path = path, .unread = why};
}

static void add_file(struct collection *c, const struct index_file *file)
{
	c->files = grow(c->files, &c->cap, c->n, sizeof(*c->files));
	c->files[c->n++] = (struct sysctl_file){file->path, file->content};
	if (file->unread)
		add_unread(c, file->path, file->unread);
}

static int add_dir(struct collection *c, const char *dir, struct err *e)
{
	struct index_file *files;
	size_t n;
	int r = unit_index_dir(c->index, dir, &files, &n, e);

	for (size_t i = 0; i < n && r >= 0; i++) {
		if (!text_ends(files[i].path, ".conf"))
			continue;
		add_file(c, &files[i]);
		if (strpbrk(files[i].path, "*?[{\\"))
			add_unread(c, files[i].path,
				"sysctl --system takes its name for a pattern of names");
	}
	return r;
}

/* Whether there was something. */
static bool add_path(struct collection *c, const char *path)
{
	struct index_file file;

	unit_index_file(c->index, path, &file);
	if (file.content || file.unread)
		add_file(c, &file);
	return file.content || file.unread;
}

static void add_credentials(struct collection *c)
{
	bool any = false;

	for (size_t i = 0; credentials[i]; i++)
		any |= add_path(c, credentials[i]);
	for (size_t i = 0; encrypted[i] && !any; i++) {
		struct index_file file;

		unit_index_file(c->index, encrypted[i], &file);
		any = file.content || file.unread;
		if (any)
			add_unread(c, file.path, "it is encrypted");
	}
}

static bool is_there(struct host *h, const char *path)
{
	_cleanup_close_ int fd = -1;

	return host_open_following(h, path, O_PATH, &fd, NULL) >= 0;
}

/* In a container they are the host's, whose kernel has been running for long. */
static void add_arguments(struct collection *c)
{
	_cleanup_close_ int fd = -1;
	const void *data;
	size_t size;

	if (!c->host->live || is_there(c->host, "/run/systemd/container") ||
		host_open_following(c->host, SYSCTL_CMDLINE, O_RDONLY, &fd, NULL) < 0 ||
		fd_read_all(c->arena, fd, CMDLINE_SIZE_MAX, &data, &size) < 0)
		return;
	struct index_file file = {
		.path = SYSCTL_CMDLINE, .content = content_new(c->arena, data, size)};
	add_file(c, &file);
}

int sysctl_sources_read(struct host *h, struct unit_index *x, struct arena *a,
	struct sysctl_sources *ret, struct err *e)
{
	struct collection c = {.host = h, .index = x, .arena = a};
	int r = 0;

	*ret = (struct sysctl_sources){0};
	for (size_t i = 0; sysctl_file_dirs[i] && r >= 0; i++) {
		bool is_run = text_starts(sysctl_file_dirs[i], "/run/");
		size_t before = c.n;

		/* An image's has nothing to do with the host that it becomes. */
		if (is_run && !h->live)
			continue;
		r = add_dir(&c, sysctl_file_dirs[i], e);
		ret->has_run |= is_run && c.n > before;
	}
	if (r >= 0) {
		add_path(&c, SYSCTL_CONF);
		add_credentials(&c);
		add_arguments(&c);
		ret->has_procps = is_there(h, "/usr/sbin/sysctl");
		ret->has_run |= is_there(h, "/run/credstore/" SYSCTL_CREDENTIAL);
		ret->n = c.n;
		ret->files = arena_array(a, struct sysctl_file, c.n);
		ret->n_unread = c.n_unread;
		ret->unread = arena_array(a, struct index_file, c.n_unread);
		for (size_t i = 0; i < c.n; i++)
			ret->files[i] = c.files[i];
		for (size_t i = 0; i < c.n_unread; i++)
			ret->unread[i] = c.unread[i];
	}
	free(c.files);
	free(c.unread);
	return r < 0 ? r : 0;
}
