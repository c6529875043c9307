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

void host_bus_greet(struct host *h)
{
	_cleanup_err_ struct err e = ERR_INIT;
	struct bus *bus;

	if (h->live)
		host_bus(h, &bus, &e);
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

/* Users and groups are looked up alike. */
struct name_table {
	const char *what, *path;
	bool (*by_name)(const char *name, uint32_t *ret);
	const char *(*by_id)(uint32_t id); /* the text is libc's, until the next call */
};

static bool uid_of(const char *name, uint32_t *ret)
{
	const struct passwd *p = getpwnam(name);

	if (p)
		*ret = p->pw_uid;
	return p;
}

static const char *user_of(uint32_t uid)
{
	const struct passwd *p = getpwuid(uid);

	return p ? p->pw_name : NULL;
}

static bool gid_of(const char *name, uint32_t *ret)
{
	const struct group *g = getgrnam(name);

	if (g)
		*ret = g->gr_gid;
	return g;
}

static const char *group_of(uint32_t gid)
{
	const struct group *g = getgrgid(gid);

	return g ? g->gr_name : NULL;
}

static const struct name_table users = {"user", "/etc/passwd", uid_of, user_of},
			       groups = {"group", "/etc/group", gid_of, group_of};

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
	const char *found;
	uint32_t found_id;
	for (char *next; line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		if (parse_name(line, &found, &found_id) &&
			(name ? !strcmp(found, name) : found_id == id)) {
			*ret_name = found;
			*ret_id = found_id;
			return true;
		}
	}
	return false;
}

static int id_by_name(struct host *h, const struct name_table *table, const char *name,
	uint32_t *ret, struct err *e)
{
	const char *found;

	if (!strcmp(name, "root")) {
		*ret = 0;
		return 0;
	}
	if (id_number(name, ret))
		return 0;
	if (h->live ? table->by_name(name, ret) : find_name(h, table->path, name, 0, &found, ret))
		return 0;
	if (h->live)
		return err_set(e, -ENOENT, "there is no %s %s", table->what, name);
	return err_set(e, -ENOENT, "there is no %s %s in %s%s", table->what, name, h->root_path,
		table->path);
}

static const char *name_by_id(struct host *h, const struct name_table *table, uint32_t id)
{
	const char *name = NULL;
	uint32_t found;

	if (!id)
		return "root";
	if (!h->live && find_name(h, table->path, NULL, id, &name, &found))
		return name;
	if (h->live)
		name = table->by_id(id);
	return name ? arena_strdup(h->arena, name) : arena_printf(h->arena, "%u", id);
}

int host_uid(struct host *h, const char *name, uid_t *ret, struct err *e)
{
	return id_by_name(h, &users, name, ret, e);
}

int host_gid(struct host *h, const char *name, gid_t *ret, struct err *e)
{
	return id_by_name(h, &groups, name, ret, e);
}

const char *host_user(struct host *h, uid_t uid)
{
	return name_by_id(h, &users, uid);
}

const char *host_group(struct host *h, gid_t gid)
{
	return name_by_id(h, &groups, gid);
}
