/*
 * Settings that name paths (rows.h): what is mounted there in the process's root.
 * Called by truth.c.
 */
#include <errno.h>
#include <string.h>

#include "l4sync/text.h"

#include "mounts.h"

#define BIND_STEP 4 /* source, target, whether it may be missing, flags */

static const char *bare(const char *path)
{
	path += *path == '-';
	return path + (*path == '+');
}

/* ReadOnlyPaths= and its like. One that makes a path writable means something only where the host
 * can write. */
static void path_list(struct look *l, const struct row *row, struct process *p, struct truth *t)
{
	const struct property *declared = property_find(l->p, row_property(row));
	enum path_is what = (enum path_is)row->argument;
	const struct mount *m;

	if (!declared || !declared->n)
		return;
	struct paths s = {.declared = words_of(l->arena, declared)};
	if (root_was_changed(l, p, s.declared, t))
		return;
	for (size_t i = 0; i < declared->n; i++) {
		const char *path = declared->items[i].text;
		bool hosts =
			what != IS_WRITABLE || path_is(l, l->first, path, IS_WRITABLE, &m) == 1;

		if (hosts && !path_is_declared(l, bare(path), row_property(row)))
			paths_check(l, p, path, what, &s);
	}
	paths_verdict(l, &s, t);
}

/* Those with another setting for them are seen by that. */
static void exec_list(struct look *l, const struct row *row, struct process *p, struct truth *t)
{
	const struct property *no = property_find(l->p, "NoExecPaths");

	if (no && no->n)
		path_list(l, row, p, t);
}

static void temporary(struct look *l, const struct row *row, struct process *p, struct truth *t)
{
	const struct property *declared = property_find(l->p, row_property(row));

	if (!declared || !declared->n)
		return;
	struct paths s = {.declared = words_of(l->arena, declared)};
	if (root_was_changed(l, p, s.declared, t))
		return;
	for (size_t i = 0; i + 1 < declared->n; i += 2) {
		const char *path = declared->items[i].text, *options = declared->items[i + 1].text;

		paths_check(l, p, path, IS_TMPFS, &s);
		if (mount_has_option(options, "ro"))
			paths_check(l, p, path, IS_READ_ONLY, &s);
	}
	paths_verdict(l, &s, t);
}

/* Behind the mount's point, or NULL: it does not lie below it. */
static const char *below(const char *point, const char *path)
{
	size_t n = strlen(point);

	n -= n == 1; /* "/" */
	return strncmp(point, path, n) || (path[n] && path[n] != '/') ? NULL : path + n;
}

static bool same_place(const char *prefix, const char *rest, const char *whole)
{
	size_t n = strlen(prefix);

	n -= n == 1;
	if (strncmp(prefix, whole, n) != 0)
		return false;
	whole += n;
	n = strlen(rest);
	/* A file that was replaced since is still the one that was bound. */
	return !strncmp(whole, rest, n) &&
	       (!whole[n] || !strcmp(whole + n, "//deleted") || !strcmp(whole + n, "/"));
}

/* Whether what is mounted at target is the host's source. 1, 0, negative: it cannot be told. */
static int is_bound(struct look *l, struct process *p, const char *source, const char *target,
	bool read_only, const char **why)
{
	const struct mount *m, *from;
	const char *seen, *host_path;
	int r = process_mount_of(l->arena, p, target, &m, &seen);

	if (r == -ENOENT)
		*why = "is not there";
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	r = process_mount_of(l->arena, l->first, source, &from, &host_path);
	if (r < 0)
		return r;
	const char *rest = below(from->point, host_path);
	if (!rest)
		return -ENODATA;
	*why = "is something else";
	if (strcmp(m->device, from->device) != 0 || !same_place(from->root, rest, m->root))
		return 0;
	*why = "is writable";
	return !read_only || mount_read_only(m);
}

static void bound(struct look *l, const struct row *row, struct process *p, struct truth *t)
{
	const struct property *declared = property_find(l->p, row_property(row));
	struct paths s = {0};

	if (!declared || !declared->n)
		return;
	s.declared = arena_printf(l->arena, "%s:%s%s", declared->items[0].text,
		declared->items[1].text, declared->n > BIND_STEP ? " and more" : "");
	if (root_was_changed(l, p, s.declared, t))
		return;
	for (size_t i = 0; i + BIND_STEP <= declared->n; i += BIND_STEP) {
		const char *source = declared->items[i].text, *target = declared->items[i + 1].text,
			   *why = "";
		int r = is_bound(l, p, source, target, row->argument, &why);

		s.n_held += r == 1;
		if (r == 0 && !s.bad && !declared->items[i + 2].number)
			s.bad = arena_printf(l->arena, "%s %s", target, why);
		if (r < 0 && !s.untold)
			s.untold = arena_printf(l->arena, "%s: %s", source, strerror(-r));
	}
	paths_verdict(l, &s, t);
}

static void root_directory(
	struct look *l, const struct row *row, struct process *p, struct truth *t)
{
	const char *declared = property_text(l->p, row_property(row)), *why = NULL;

	if (*bare(declared) != '/' || !strcmp(declared, "/"))
		return;
	if (property_number(l->p, "RootEphemeral")) {
		verdict_unknown(t, declared, "a copy of it is its root (RootEphemeral=)");
		return;
	}
	if (root_was_changed(l, p, declared, t))
		return;
	int r = is_bound(l, p, bare(declared), "/", false, &why);
	if (r < 0)
		verdict_unknown(t, declared, strerror(-r));
	else
		verdict(t, r ? TRUTH_HOLDS : TRUTH_LACKS, declared,
			r ? declared : "another directory");
}

static void root_image(struct look *l, const struct row *row, struct process *p, struct truth *t)
{
	const char *declared = property_text(l->p, row_property(row)), *seen;
	const struct mount *m, *first;

	if (!*declared || root_was_changed(l, p, declared, t))
		return;
	int r = process_mount_of(l->arena, p, "/", &m, &seen);
	if (r >= 0)
		r = process_mount_of(l->arena, l->first, "/", &first, &seen);
	if (r < 0)
		verdict_unknown(t, declared, strerror(-r));
	else
		verdict(t, strcmp(m->device, first->device) ? TRUTH_HOLDS : TRUTH_LACKS, declared,
			strcmp(m->device, first->device) ? declared : "the host's root directory");
}

/* A process goes where it likes. */
static void working_directory(
	struct look *l, const struct row *row, struct process *p, struct truth *t)
{
	const char *declared = property_text(l->p, row_property(row));
	const char *wanted = declared + (*declared == '!'), *real, *seen;
	const struct mount *m;

	if (*wanted != '/' || !strcmp(wanted, "/") || root_was_changed(l, p, declared, t))
		return;
	real = process_link(l->arena, p, "cwd");
	/* Where links lead to is what the process is said to be in. */
	int r = process_mount_of(l->arena, p, wanted, &m, &seen);
	if (!real || (r < 0 && r != -ENOENT))
		verdict_unknown(t, wanted, "it cannot be read");
	else
		verdict(t, r < 0 || strcmp(real, seen) ? TRUTH_OWN : TRUTH_HOLDS, wanted, real);
}

const struct row rows_paths[] = {
	{"ReadOnlyPaths", NULL, OF_MOUNTS, path_list, IS_READ_ONLY, NULL},
	{"ReadWritePaths", NULL, OF_MOUNTS, path_list, IS_WRITABLE, NULL},
	{"InaccessiblePaths", NULL, OF_MOUNTS, path_list, IS_INACCESSIBLE, NULL},
	{"NoExecPaths", NULL, OF_MOUNTS, path_list, IS_NOEXEC, NULL},
	{"ExecPaths", NULL, OF_MOUNTS, exec_list, IS_EXEC, NULL},
	{"TemporaryFileSystem", NULL, OF_MOUNTS, temporary, 0, NULL},
	{"BindPaths", NULL, OF_MOUNTS, bound, false, NULL},
	{"BindReadOnlyPaths", NULL, OF_MOUNTS, bound, true, NULL},
	{"RootDirectory", NULL, OF_MOUNTS, root_directory, 0, NULL},
	{"RootImage", NULL, OF_MOUNTS, root_image, 0, NULL},
	{"WorkingDirectory", NULL, OF_MAIN, working_directory, 0, NULL},
	{0},
};
