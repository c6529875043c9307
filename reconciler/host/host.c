/*
 * The host: opening it, its names of users and groups, its connection to systemd (host.h).
 * Changes nothing. Called by the pipeline; the names also by the modules.
 */
#include "l4sync/host.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/openat2.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "l4sync/bus.h"
#include "l4sync/text.h"

#include "host_internal.h"

#define NAMES_SIZE_MAX ((size_t)16 << 20) /* bytes of a passwd or group file */

/* A small file's first line, or NULL. */
static const char *first_line(struct host *h, const char *path)
{
	_cleanup_close_ int fd = -1;
	const void *data;
	size_t size;

	if (host_open_following(h, path, O_RDONLY, &fd, NULL) < 0 ||
		fd_read_all(h->arena, fd, 4096, &data, &size) < 0)
		return NULL;
	const char *line = arena_strndup(h->arena, data, strcspn(data, " \t\r\n"));
	return *line && *line != '#' ? line : NULL;
}

static const char *kernel_name(struct arena *a)
{
	char name[256];

	if (gethostname(name, sizeof name) < 0)
		return "localhost";
	name[sizeof name - 1] = '\0';
	return arena_strdup(a, name);
}

int host_open(struct arena *a, const char *root, const char *name, struct host **ret, struct err *e)
{
	struct host *h = arena_new_of(a, struct host);

	h->arena = a;
	h->live = !root;
	h->root_path = root && strcmp(root, "/") != 0 ? arena_strdup(a, root) : "";
	h->root_fd = open(root ? root : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (h->root_fd < 0)
		return err_errno(e, -errno, "cannot open the root directory %s", root ? root : "/");
	h->dirs = dir_cache_new(a);
	h->name = name ? arena_strdup(a, name) : first_line(h, "/etc/hostname");
	if (!h->name && h->live)
		h->name = kernel_name(a);
	h->machine_id = first_line(h, "/etc/machine-id");
	if (!h->name) {
		close(h->root_fd);
		return err_set(e, -ENOENT,
			"%s has no /etc/hostname: say whose state with --host NAME", root);
	}
	*ret = h;
	return 0;
}

void host_free(struct host *h)
{
	if (!h)
		return;
	bus_close(h->bus);
	dir_cache_free(h->dirs);
	close(h->root_fd);
}

void host_freep(struct host **h)
{
	host_free(*h);
	*h = NULL;
}

int host_bus(struct host *h, struct bus **ret, struct err *e)
{
	if (!h->bus) {
		int r = bus_open(&h->bus, e);

		if (r < 0)
			return r;
	}
	*ret = h->bus;
	return 0;
}

/* A decimal number below 2^32 - 1 (which chown reads as "leave it"). */
static bool id_number(const char *s, uint32_t *ret)
{
	char *end;

	if (!*s || strspn(s, "0123456789") != strlen(s))
		return false;
	errno = 0;
	unsigned long long v = strtoull(s, &end, 10);
	if (errno || v >= UINT32_MAX)
		return false;
	*ret = (uint32_t)v;
	return true;
}

/* The fields of one line of passwd(5) or group(5) that are looked at; both have the id third. */
static bool parse_name(char *line, const char **ret_name, uint32_t *ret_id)
{
	char *password = strchr(line, ':');
	char *id = password ? strchr(password + 1, ':') : NULL;

	if (!id)
		return false;
	*password = '\0';
	id++;
	id[strcspn(id, ":")] = '\0';
	*ret_name = line;
	return id_number(id, ret_id);
}

/* One line of ROOT/etc/passwd or group, by name or, where name is NULL, by id. */
static bool find_name(struct host *h, const char *path, const char *name, uint32_t id,
	const char **ret_name, uint32_t *ret_id)
{
	_cleanup_close_ int fd = -1;
	const void *data;
	size_t size;

	if (host_open_following(h, path, O_RDONLY, &fd, NULL) < 0 ||
		fd_read_all(h->arena, fd, NAMES_SIZE_MAX, &data, &size) < 0)
		return false;
	char *line = arena_memdup(h->arena, data, size);
	for (char *next; line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		if (parse_name(line, ret_name, ret_id) &&
			(name ? !strcmp(*ret_name, name) : *ret_id == id))
			return true;
	}
	return false;
}

int host_uid(struct host *h, const char *name, uid_t *ret, struct err *e)
{
	const char *found;

	if (!strcmp(name, "root")) {
		*ret = 0;
		return 0;
	}
	if (id_number(name, ret))
		return 0;
	if (!h->live)
		return find_name(h, "/etc/passwd", name, 0, &found, ret)
			       ? 0
			       : err_set(e, -ENOENT, "there is no user %s in %s/etc/passwd", name,
					 h->root_path);
	errno = 0;
	const struct passwd *p = getpwnam(name);
	if (!p)
		return err_set(e, -ENOENT, "there is no user %s", name);
	*ret = p->pw_uid;
	return 0;
}

int host_gid(struct host *h, const char *name, gid_t *ret, struct err *e)
{
	const char *found;

	if (!strcmp(name, "root")) {
		*ret = 0;
		return 0;
	}
	if (id_number(name, ret))
		return 0;
	if (!h->live)
		return find_name(h, "/etc/group", name, 0, &found, ret)
			       ? 0
			       : err_set(e, -ENOENT, "there is no group %s in %s/etc/group", name,
					 h->root_path);
	const struct group *g = getgrnam(name);
	if (!g)
		return err_set(e, -ENOENT, "there is no group %s", name);
	*ret = g->gr_gid;
	return 0;
}

const char *host_user(struct host *h, uid_t uid)
{
	const char *name = NULL;
	uid_t found;

	if (!uid)
		return "root";
	if (!h->live && find_name(h, "/etc/passwd", NULL, uid, &name, &found))
		return name;
	const struct passwd *p = h->live ? getpwuid(uid) : NULL;
	return p ? arena_strdup(h->arena, p->pw_name) : arena_printf(h->arena, "%u", uid);
}

const char *host_group(struct host *h, gid_t gid)
{
	const char *name = NULL;
	gid_t found;

	if (!gid)
		return "root";
	if (!h->live && find_name(h, "/etc/group", NULL, gid, &name, &found))
		return name;
	const struct group *g = h->live ? getgrgid(gid) : NULL;
	return g ? arena_strdup(h->arena, g->gr_name) : arena_printf(h->arena, "%u", gid);
}
