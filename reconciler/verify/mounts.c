/*
 * Looks up what is mounted where a process sees a path, and how (mounts.h).
 * Called by rows_mounts.c and rows_paths.c.
 */
#include "mounts.h"

#include <errno.h>
#include <string.h>

#include "l4sync/text.h"

/* What systemd puts there lies in /run/systemd/inaccessible or, in a container, /run/host. */
bool mount_is_inaccessible(const struct mount *m)
{
	return strstr(m->root, "/inaccessible/") && mount_read_only(m);
}

/* Paths of a setting may say that they may be missing, and that they are below the new root. */
static const char *bare(const char *path)
{
	path += *path == '-';
	return path + (*path == '+');
}

static bool same_path(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b);

	while (n > 1 && a[n - 1] == '/')
		n--;
	while (m > 1 && b[m - 1] == '/')
		m--;
	return n == m && !strncmp(a, b, n);
}

bool path_is_declared(const struct look *l, const char *path, const char *except)
{
	static const struct {
		const char *property;
		size_t first, step; /* where the paths are in it */
	} lists[] = {
		{"TemporaryFileSystem", 0, 2},
		{"BindPaths", 1, 4},
		{"BindReadOnlyPaths", 1, 4},
		{"ReadWritePaths", 0, 1},
		{"ReadOnlyPaths", 0, 1},
		{"InaccessiblePaths", 0, 1},
		{"ExecPaths", 0, 1}, /* which leaves what it names writable, seen on 257 */
		{"NoExecPaths", 0, 1},
	};

	for (size_t i = 0; i < ELEMENTS(lists); i++) {
		const struct property *p = property_find(l->p, lists[i].property);

		if (!strcmp(lists[i].property, except))
			continue;
		for (size_t k = lists[i].first; p && k < p->n; k += lists[i].step)
			if (p->items[k].text && same_path(bare(p->items[k].text), path))
				return true;
	}
	return false;
}

static bool mount_is(const struct mount *m, const char *seen, enum path_is what)
{
	switch (what) {
	case IS_READ_ONLY:
		return mount_read_only(m);
	case IS_WRITABLE:
		return !mount_read_only(m);
	case IS_INACCESSIBLE:
		return mount_is_inaccessible(m) && same_path(m->point, seen);
	case IS_TMPFS:
		return !strcmp(m->type, "tmpfs") && same_path(m->point, seen);
	case IS_NOEXEC:
		return mount_has_option(m->options, "noexec");
	case IS_EXEC:
		return !mount_has_option(m->options, "noexec");
	}
	return false;
}

int path_is(struct look *l, struct process *p, const char *path, enum path_is what,
	const struct mount **ret_mount)
{
	const struct mount *m;
	const char *seen;
	int r = process_mount_of(l->arena, p, bare(path), &m, &seen);

	*ret_mount = NULL;
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	if (what != IS_INACCESSIBLE && mount_is_inaccessible(m))
		return 0;
	*ret_mount = m;
	return mount_is(m, seen, what);
}

void paths_check(
	struct look *l, struct process *p, const char *path, enum path_is what, struct paths *s)
{
	static const char *const otherwise[] = {
		[IS_READ_ONLY] = "is writable",
		[IS_WRITABLE] = "is read-only",
		[IS_INACCESSIBLE] = "is accessible",
		[IS_TMPFS] = "is not a file system of its own",
		[IS_NOEXEC] = "allows programs to be executed",
		[IS_EXEC] = "is mounted noexec",
	};
	const struct mount *m;
	int r = path_is(l, p, path, what, &m);

	if (r < 0 && !s->untold)
		s->untold = arena_printf(l->arena, "%s: %s", bare(path), strerror(-r));
	if (r < 0 || !m)
		return;
	s->n_held += r == 1;
	if (!r && !s->bad)
		s->bad = arena_printf(l->arena, "%s %s", bare(path), otherwise[what]);
}

void paths_verdict(struct look *l, const struct paths *s, struct truth *t)
{
	if (s->bad)
		verdict(t, TRUTH_LACKS, s->declared, arena_printf(l->arena, "off (%s)", s->bad));
	else if (s->untold)
		verdict_unknown(t, s->declared, s->untold);
	else if (s->n_held)
		verdict(t, TRUTH_HOLDS, s->declared, s->declared);
	else
		verdict_unknown(t, s->declared, "none of the paths exists there");
}

bool root_was_changed(struct look *l, struct process *p, const char *declared, struct truth *t)
{
	const char *root = process_link(l->arena, p, "root");

	if (root && !strcmp(root, "/"))
		return false;
	verdict_unknown(t, declared,
		root ? arena_printf(l->arena, "it has changed its root to %s", root)
		     : "its root cannot be read");
	return true;
}
