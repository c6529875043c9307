/*
 * The host's own users and groups (accounts.h).
 * Changes nothing. Called by the modules user and group, and by the steps that change accounts.
 */
#include "l4sync/accounts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define NAMES_SIZE_MAX ((size_t)16 << 20) /* bytes of one file */
#define STATUS_SIZE_MAX ((size_t)64 << 10)
#define FIELDS_MAX 9

/* Calls each with the fields of every line of a file that may not be there. */
static int each_line(struct host *h, struct arena *a, const char *path,
	void (*each)(char **fields, size_t n, void *userdata), void *userdata, struct err *e)
{
	_cleanup_close_ int fd = -1;
	const void *data;
	size_t size;
	int r = host_open_following(h, path, O_RDONLY, &fd, NULL);

	if (r == -ENOENT)
		return 0;
	if (r >= 0)
		r = fd_read_all(a, fd, NAMES_SIZE_MAX, &data, &size);
	if (r < 0)
		return err_errno(e, r, "cannot read %s%s", h->root_path, path);
	char *rest = arena_memdup(a, data, size);
	for (char *line; (line = strsep(&rest, "\n"));) {
		char *fields[FIELDS_MAX];
		size_t n = 0;

		while (n < FIELDS_MAX && line)
			fields[n++] = strsep(&line, ":");
		if (n > 1 && *fields[0])
			each(fields, n, userdata);
	}
	return 0;
}

static bool id_of(const char *s, uint32_t *ret)
{
	size_t n = strlen(s);
	unsigned long long v = strtoull(s, NULL, 10);

	*ret = (uint32_t)v;
	return n && n <= 10 && strspn(s, "0123456789") == n && v < UINT32_MAX;
}

struct loading {
	struct accounts *all;
	size_t cap;
	void *items; /* malloc'd while it grows */
};

static void add_user(char **fields, size_t n, void *userdata)
{
	struct loading *x = userdata;
	struct account user;

	if (n < 7 || !id_of(fields[2], &user.uid) || !id_of(fields[3], &user.gid))
		return;
	user.name = fields[0];
	user.gecos = fields[4];
	user.home = fields[5];
	user.shell = fields[6];
	x->items = grow(x->items, &x->cap, x->all->n_users, sizeof user);
	((struct account *)x->items)[x->all->n_users++] = user;
}

static void add_group(char **fields, size_t n, void *userdata)
{
	struct loading *x = userdata;
	struct account_group group;

	if (n < 4 || !id_of(fields[2], &group.gid))
		return;
	group.name = fields[0];
	group.members = fields[3];
	x->items = grow(x->items, &x->cap, x->all->n_groups, sizeof group);
	((struct account_group *)x->items)[x->all->n_groups++] = group;
}

int accounts_load(struct host *h, struct arena *a, struct accounts **ret, struct err *e)
{
	struct accounts *all = arena_new_of(a, struct accounts);
	struct loading users = {.all = all}, groups = {.all = all};
	int r = each_line(h, a, "/etc/passwd", add_user, &users, e);

	if (r >= 0)
		r = each_line(h, a, "/etc/group", add_group, &groups, e);
	if (all->n_users)
		all->users = arena_memdup(a, users.items, all->n_users * sizeof *all->users);
	if (all->n_groups)
		all->groups = arena_memdup(a, groups.items, all->n_groups * sizeof *all->groups);
	free(users.items);
	free(groups.items);
	if (r >= 0)
		*ret = all;
	return r;
}

const struct account *account_find(const struct accounts *all, const char *name)
{
	for (size_t i = 0; i < all->n_users; i++)
		if (!strcmp(all->users[i].name, name))
			return &all->users[i];
	return NULL;
}

const struct account *account_with(const struct accounts *all, uint32_t uid)
{
	for (size_t i = 0; i < all->n_users; i++)
		if (all->users[i].uid == uid)
			return &all->users[i];
	return NULL;
}

const struct account_group *account_group_find(const struct accounts *all, const char *name)
{
	for (size_t i = 0; i < all->n_groups; i++)
		if (!strcmp(all->groups[i].name, name))
			return &all->groups[i];
	return NULL;
}

const struct account_group *account_group_with(const struct accounts *all, uint32_t gid)
{
	for (size_t i = 0; i < all->n_groups; i++)
		if (all->groups[i].gid == gid)
			return &all->groups[i];
	return NULL;
}

bool account_list_has(const char *list, const char *name)
{
	size_t n = strlen(name);

	while (list && *list) {
		size_t size = strcspn(list, ",");

		if (size == n && !memcmp(list, name, n))
			return true;
		list += size + (list[size] == ',');
	}
	return false;
}

struct expiry {
	const char *name, *found;
};

static void take_expiry(char **fields, size_t n, void *userdata)
{
	struct expiry *x = userdata;

	if (n >= 8 && !x->found && !strcmp(fields[0], x->name))
		x->found = fields[7];
}

int account_expiry(
	struct host *h, struct arena *a, const char *name, const char **ret, struct err *e)
{
	struct expiry x = {.name = name};
	int r = each_line(h, a, "/etc/shadow", take_expiry, &x, e);

	if (r >= 0)
		*ret = x.found && strspn(x.found, "0123456789") == strlen(x.found) ? x.found : "";
	return r;
}

bool account_is_expired(const char *expiry)
{
	return *expiry && strtoll(expiry, NULL, 10) <= (long long)time(NULL) / 86400;
}

/* Whether the "Uid:" line of a process's status has the number in one of its four columns. */
static bool has_uid(const char *status, uint32_t uid)
{
	const char *line = strstr(status, "\nUid:");
	unsigned ids[4];

	if (!line || sscanf(line, "\nUid: %u %u %u %u", &ids[0], &ids[1], &ids[2], &ids[3]) != 4)
		return false;
	for (size_t i = 0; i < ELEMENTS(ids); i++)
		if (ids[i] == uid)
			return true;
	return false;
}

const char *account_process(struct arena *a, uint32_t uid)
{
	const char *found = NULL;
	DIR *dir = opendir("/proc");

	for (struct dirent *entry; dir && !found && (entry = readdir(dir));) {
		_cleanup_arena_ struct arena *scratch = arena_new();
		const void *status;
		size_t size;

		if (strspn(entry->d_name, "0123456789") != strlen(entry->d_name))
			continue;
		_cleanup_close_ int fd =
			open(arena_printf(scratch, "/proc/%s/status", entry->d_name),
				O_RDONLY | O_CLOEXEC);
		if (fd < 0 || fd_read_all(scratch, fd, STATUS_SIZE_MAX, &status, &size) < 0)
			continue;
		const char *text = arena_strndup(scratch, status, size);
		if (has_uid(text, uid) && !strncmp(text, "Name:\t", 6))
			found = arena_printf(a, "%s (%.*s)", entry->d_name,
				(int)strcspn(text + 6, "\n"), text + 6);
	}
	if (dir)
		closedir(dir);
	return found;
}
