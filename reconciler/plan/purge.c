/*
 * What stands in the directories of `purge:` and is not in the state (purge.h).
 * Removes nothing: what it finds becomes triples, which are compared as all are. Called by
 * inspect_all().
 */
#include "purge.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/stat.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "l4sync/places.h"
#include "l4sync/text.h"
#include "l4sync/unit_view.h"

#define FOUND_MAX 10000 /* a directory of that many strangers was not meant */
#define DEPTH_MAX 64
#define TEMPORARY ".l4sync-" /* of an apply that was interrupted: the next one settles it */

struct search {
	struct found *found;
	struct inspection *in;
	bool was_purged; /* the base had purged this directory already */
	size_t n_known;
	const struct resource **known; /* of want and base, by path; in the arena */
	struct err *e;
};

static bool is_purged(const struct resource *item)
{
	return resource_is(item, "dir") && resource_has(item, "purge", "true");
}

static bool is_below(const char *path, const char *directory)
{
	size_t n = strlen(directory);

	return !strncmp(path, directory, n) && path[n] == '/';
}

static bool names_unit(const struct resources *set, struct arena *a, const char *unit)
{
	return resources_find(set, arena_printf(a, "unit:%s", unit)) ||
	       resources_find(set, arena_printf(a, "service:%s", unit));
}

/* Whether drop-ins of "UNIT.d" are in effect for a unit of the state, by systemd.unit(5): its own,
 * its template's or an instance's, a prefix's ("l4-.service"), its type's ("service"). */
static bool is_in_effect(struct arena *a, const char *unit, const struct resource *item)
{
	const char *name = resource_name(item->id), *type = strrchr(unit, '.'), *template;

	if (resource_is(item, "dropin"))
		name = arena_strndup(a, name, strcspn(name, "/"));
	else if (!resource_is(item, "unit") && !resource_is(item, "service"))
		return false;
	if (!strcmp(name, unit))
		return true;
	template = unit_name_valid(name) ? unit_name_template(a, name) : NULL;
	if (!type) /* of a whole type */
		return text_ends(name, arena_printf(a, ".%s", unit));
	if (template && !strcmp(template, unit))
		return true;
	return type > unit && type[-1] == '-' && text_ends(name, type) &&
	       !strncmp(name, unit, (size_t)(type - unit));
}

static bool is_managed(struct inspection *in, const char *unit)
{
	const char *template = unit_name_valid(unit) ? unit_name_template(in->arena, unit) : NULL;

	if (template && names_unit(in->want, in->arena, template))
		return true;
	for (size_t i = 0; i < in->want->n; i++)
		if (is_in_effect(in->arena, unit, in->want->items[i]))
			return true;
	return false;
}

/* Which units are enabled is live data, instances above all; drop-ins of the state's units are
 * foreign_dropins' business (SPEC 4). */
static bool is_left_alone(struct inspection *in, const char *directory)
{
	if (place_of(in->arena, directory).kind == PLACE_WANTS)
		return true;
	struct place p = place_of(in->arena, arena_printf(in->arena, "%s/x.conf", directory));
	return p.kind == PLACE_DROPIN && is_managed(in, p.unit);
}

bool purge_covers(struct inspection *in, const char *path)
{
	for (size_t i = 0; path && i < in->want->n; i++) {
		const struct resource *item = in->want->items[i];

		if (!is_purged(item) || !is_below(path, resource_path(item)))
			continue;
		const char *slash = path + strlen(resource_path(item));
		while ((slash = strchr(slash + 1, '/')))
			if (is_left_alone(
				    in, arena_strndup(in->arena, path, (size_t)(slash - path))))
				return false;
		return true;
	}
	return false;
}

static int compare_paths(const void *a, const void *b)
{
	return strcmp(resource_path(*(const struct resource *const *)a),
		resource_path(*(const struct resource *const *)b));
}

static int compare_known(const void *path, const void *item)
{
	return strcmp(path, resource_path(*(const struct resource *const *)item));
}

static void add_known(struct search *s, const struct resources *set)
{
	for (size_t i = 0; set && i < set->n; i++)
		if (resource_path(set->items[i]))
			s->known[s->n_known++] = set->items[i];
}

static const struct resource *find_known(const struct search *s, const char *path)
{
	const struct resource **x =
		s->n_known ? bsearch(path, s->known, s->n_known, sizeof *s->known, compare_known)
			   : NULL;

	return x ? *x : NULL;
}

static int add_found(struct search *s, const char *path, mode_t mode)
{
	const struct triple as = {.is_purged = true, .was_purged = s->was_purged};

	if (s->found->n == FOUND_MAX)
		return err_set(s->e, -E2BIG,
			"there are more than %d things in purged directories that are not in the "
			"state, as %s%s; nothing was touched. If they are to go, remove them by "
			"hand",
			FOUND_MAX, s->in->host->root_path, path);
	return found_add(s->found, path, mode, &as);
}

/* A link in a unit directory by which systemctl enables (an alias) or masks. */
static bool is_enablement(struct search *s, int dir, const char *path)
{
	const char *name = strrchr(path, '/') + 1, *target, *last;

	if (place_of(s->in->arena, path).kind != PLACE_UNIT ||
		link_read(s->in->arena, dir, name, &target) < 0)
		return false;
	last = strrchr(target, '/');
	last = last ? last + 1 : target;
	return !strcmp(target, "/dev/null") || (strcmp(last, name) != 0 && unit_name_valid(last));
}

static bool is_mount_point(const struct statx *x, const struct stat *directory)
{
	if (x->stx_attributes_mask & STATX_ATTR_MOUNT_ROOT)
		return x->stx_attributes & STATX_ATTR_MOUNT_ROOT;
	return makedev(x->stx_dev_major, x->stx_dev_minor) != directory->st_dev;
}

/* l4sync itself, where it was installed beside what the state ships: its program, its units. */
static bool is_own(struct search *s, const char *path, const struct statx *x)
{
	static const char *const units[] = {"l4sync-recover.service", "l4sync-confirm.service"};
	struct stat self;

	for (size_t i = 0; i < ELEMENTS(units); i++)
		if (!strcmp(strrchr(path, '/') + 1, units[i]) &&
			place_of(s->in->arena, path).kind == PLACE_UNIT)
			return true;
	return stat("/proc/self/exe", &self) == 0 && self.st_ino == x->stx_ino &&
	       self.st_dev == makedev(x->stx_dev_major, x->stx_dev_minor);
}

static void report_left(struct search *s, const char *path, const char *what)
{
	finding_add(s->in->findings, "foreign", "purge-left", path,
		"is %s in a directory that is purged, and is never removed: take it away by hand, "
		"or name a directory without it",
		what);
}

static int search_directory(
	struct search *s, int dir, const char *path, unsigned depth, bool *ret_empty);

/* A directory that the state does not name goes with what is in it, unless something stays. */
static int search_below(
	struct search *s, int dir, const char *path, unsigned depth, bool *ret_stays)
{
	const struct resource *known = find_known(s, path);
	bool empty;

	*ret_stays = true;
	if (is_left_alone(s->in, path) || (known && !resource_is(known, "dir")))
		return 0;
	if (depth == DEPTH_MAX)
		return err_set(s->e, -ELOOP, "%s%s is more than %d directories deep",
			s->in->host->root_path, path, DEPTH_MAX);
	_cleanup_close_ int fd = openat(
		dir, strrchr(path, '/') + 1, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_errno(
			s->e, -errno, "cannot look into %s%s", s->in->host->root_path, path);
	int r = search_directory(s, fd, path, depth + 1, &empty);
	if (r < 0 || known || !empty)
		return r;
	*ret_stays = false;
	return add_found(s, path, S_IFDIR);
}

static int search_entry(struct search *s, int dir, const struct stat *directory, const char *path,
	unsigned depth, bool *ret_stays)
{
	const char *name = strrchr(path, '/') + 1;
	struct statx x;

	*ret_stays = true;
	if (statx(dir, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_BASIC_STATS, &x) < 0)
		return errno == ENOENT ? 0
				       : err_errno(s->e, -errno, "cannot look at %s%s",
						 s->in->host->root_path, path);
	mode_t mode = x.stx_mode;
	if (is_mount_point(&x, directory)) {
		report_left(s, path, "a mount point");
		return 0;
	}
	if (S_ISDIR(mode))
		return search_below(s, dir, path, depth, ret_stays);
	if (find_known(s, path) || text_starts(name, TEMPORARY) || is_own(s, path, &x) ||
		(S_ISLNK(mode) && is_enablement(s, dir, path)))
		return 0;
	if (!S_ISREG(mode) && !S_ISLNK(mode)) {
		report_left(s, path,
			S_ISSOCK(mode)   ? "a socket"
			: S_ISFIFO(mode) ? "a pipe"
					 : "a device");
		return 0;
	}
	*ret_stays = false;
	return add_found(s, path, mode);
}

static int search_directory(
	struct search *s, int dir, const char *path, unsigned depth, bool *ret_empty)
{
	struct dirent **names;
	struct stat st;
	int r = 0, n = scandirat(dir, ".", &names, NULL, alphasort);

	*ret_empty = true;
	if (n < 0 || fstat(dir, &st) < 0)
		return err_errno(
			s->e, -errno, "cannot look into %s%s", s->in->host->root_path, path);
	for (int i = 0; i < n; i++) {
		const char *name = names[i]->d_name;
		bool stays = false;

		if (r >= 0 && strcmp(name, ".") != 0 && strcmp(name, "..") != 0)
			r = search_entry(s, dir, &st,
				arena_printf(s->in->arena, "%s/%s", path, name), depth, &stays);
		if (stays)
			*ret_empty = false;
		free(names[i]);
	}
	free(names);
	return r;
}

static int search_purged(struct search *s, const char *path)
{
	_cleanup_err_ struct err e = ERR_INIT;
	bool empty;
	int fd, r = host_dir(s->in->host, path, &fd, &e);

	/* Not there, or reached over a link: what that means is said of dir:PATH itself. */
	if (r == -ENOENT || r == -ENOTDIR || r == -ELOOP)
		return 0;
	if (r < 0)
		return err_set(s->e, r, "%s", err_text(&e));
	s->was_purged = false;
	for (size_t i = 0; s->in->base && i < s->in->base->n; i++) {
		const struct resource *b = s->in->base->items[i];

		s->was_purged |= is_purged(b) && (!strcmp(path, resource_path(b)) ||
							 is_below(path, resource_path(b)));
	}
	return search_directory(s, fd, path, 0, &empty);
}

/* An orphan goes, even where it had been adopted. */
static void remove_orphans(struct inspection *in)
{
	for (size_t i = 0; in->base && i < in->base->n; i++) {
		const struct resource *b = in->base->items[i];

		if (!resource_is(b, "dir") && !resources_find(in->want, b->id) &&
			purge_covers(in, resource_path(b)))
			unit_view_remove(in->units, resource_path(b));
	}
}

int purge_search(struct found *found)
{
	struct inspection *in = found->in;
	struct search s = {.found = found, .in = in, .e = found->e};
	int code = 0;

	s.known = arena_array(
		in->arena, const struct resource *, in->want->n + (in->base ? in->base->n : 0));
	add_known(&s, in->want);
	add_known(&s, in->base);
	if (s.n_known)
		qsort(s.known, s.n_known, sizeof *s.known, compare_paths);
	for (size_t i = 0; i < in->want->n && code >= 0; i++)
		if (is_purged(in->want->items[i]))
			code = search_purged(&s, resource_path(in->want->items[i]));
	remove_orphans(in);
	return code;
}
