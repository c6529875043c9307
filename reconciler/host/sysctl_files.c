/*
 * Which files of sysctl.d are read, in which order, and what their lines are to each reader
 * (sysctl_files.h); the source of the rules is systemd's src/sysctl/sysctl.c (257) and procps'
 * src/sysctl.c (4.0.4).
 * Reads no file. Called by the plan's findings about kernel settings.
 */
#include "l4sync/sysctl_files.h"

#include <fnmatch.h>
#include <string.h>

#include "l4sync/sysctl.h"
#include "l4sync/text.h"

#include "sysctl_lines.h"

/* A third place of the distribution, /lib/sysctl.d, is /usr/lib's on a merged /usr. */
const char *const sysctl_file_dirs[] = {
	"/etc/sysctl.d",
	"/run/sysctl.d",
	"/usr/local/lib/sysctl.d",
	"/usr/lib/sysctl.d",
	NULL,
};
#define RUN_RANK 1

/* What is read before the directories' files, those, and what is read behind them. */
enum part { PART_ARGUMENTS, PART_DIRS, PART_LAST };

struct source {
	const struct sysctl_file *file;
	const char *name;
	enum part part;
	unsigned rank; /* of those with one name the lowest is read */
};

static bool is_in(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	return !strncmp(path, dir, n) && path[n] == '/' && !strchr(path + n + 1, '/');
}

/* Whether the reader takes the file for one of its own. procps takes hidden files, too. */
static bool is_read(enum sysctl_reader reader, const struct sysctl_file *file, struct source *ret)
{
	bool procps = reader == SYSCTL_PROCPS, boot = reader == SYSCTL_BOOT;
	const char *name = strrchr(file->path, '/') + 1;

	*ret = (struct source){.file = file, .name = name, .part = PART_LAST};
	if (!strcmp(file->path, SYSCTL_CONF))
		return procps;
	if (!strcmp(name, SYSCTL_CREDENTIAL))
		return !procps && !(boot && text_starts(file->path, "/run/credstore/"));
	ret->part = PART_ARGUMENTS;
	if (!strcmp(file->path, SYSCTL_CMDLINE))
		return boot;
	ret->part = PART_DIRS;
	if (!text_ends(name, ".conf") || (*name == '.' && !procps))
		return false;
	for (; sysctl_file_dirs[ret->rank]; ret->rank++)
		if (is_in(file->path, sysctl_file_dirs[ret->rank]))
			return !boot || ret->rank != RUN_RANK;
	return false;
}

/* Credentials all have one name, and stand in the order in which they are looked for. */
static int compare_sources(const void *a, const void *b)
{
	const struct source *p = a, *q = b;
	int c = (int)p->part - (int)q->part;

	if (!c)
		c = strcmp(p->name, q->name);
	if (!c)
		c = (p->rank > q->rank) - (p->rank < q->rank);
	return c ? c : (p->file > q->file) - (p->file < q->file);
}

static bool same_name(const struct source *a, const struct source *b)
{
	return a->part == b->part && !strcmp(a->name, b->name);
}

/* Those that are read, in order. */
static size_t choose(
	enum sysctl_reader reader, const struct sysctl_file *files, size_t n, struct source *ret)
{
	size_t chosen = 0, kept = 0;

	for (size_t i = 0; i < n; i++)
		chosen += is_read(reader, &files[i], &ret[chosen]);
	if (chosen)
		qsort(ret, chosen, sizeof *ret, compare_sources);
	for (size_t i = 0; i < chosen; i++)
		if (!kept || !same_name(&ret[kept - 1], &ret[i]))
			ret[kept++] = ret[i];
	return kept;
}

const char *sysctl_file_hider(
	enum sysctl_reader reader, const struct sysctl_file *files, size_t n, const char *path)
{
	struct source hidden, other;
	const struct sysctl_file file = {.path = path};
	const char *hider = NULL;

	if (!is_read(reader, &file, &hidden))
		return NULL;
	for (size_t i = 0; i < n; i++)
		if (is_read(reader, &files[i], &other) && same_name(&other, &hidden) &&
			other.rank < hidden.rank) {
			hidden.rank = other.rank;
			hider = files[i].path;
		}
	return hider;
}

/* An argument of the kernel is set before, whatever replaces what. */
static int compare_entries(const struct sysctl_line *a, const struct sysctl_line *b)
{
	return a->is_argument != b->is_argument ? b->is_argument - a->is_argument
						: strcmp(a->key, b->key);
}

static int by_entry(const void *a, const void *b)
{
	const struct sysctl_line *p = *(const struct sysctl_line *const *)a,
				 *q = *(const struct sysctl_line *const *)b;
	int c = compare_entries(p, q);

	return c ? c : p->order < q->order ? -1 : p->order > q->order;
}

static bool same_value(const struct sysctl_line *a, const struct sysctl_line *b)
{
	return a->value && b->value ? !strcmp(a->value, b->value) : a->value == b->value;
}

/*
 * systemd has one entry a key (a glob as it is written is one, too): another value replaces it, and
 * stands behind all that was read so far; the same value again changes nothing. Entries are put
 * into force when all is read.
 */
static void keep_entries(struct sysctl_lines *all)
{
	_cleanup_free_ const struct sysctl_line **sorted = xmalloc(all->n * sizeof *sorted + 1);
	_cleanup_free_ bool *keep = xmalloc(all->n + 1);
	size_t kept = 0;

	for (size_t i = 0; i < all->n; i++)
		sorted[i] = &all->items[i];
	memset(keep, 0, all->n);
	if (all->n)
		qsort(sorted, all->n, sizeof(*sorted), by_entry);
	for (size_t i = 0, end; i < all->n; i = end) {
		const struct sysctl_line *entry = sorted[i];

		for (end = i + 1; end < all->n && !compare_entries(entry, sorted[end]); end++)
			if (!same_value(entry, sorted[end]))
				entry = sorted[end];
		keep[entry->order] = true;
	}
	for (size_t i = 0; i < all->n; i++)
		if (keep[i])
			all->items[kept++] = all->items[i];
	all->n = kept;
}

static int by_target(const void *a, const void *b)
{
	const struct sysctl_line *p = *(const struct sysctl_line *const *)a,
				 *q = *(const struct sysctl_line *const *)b;
	int c = strcmp(p->target, q->target);

	return c ? c : p->order < q->order ? -1 : p->order > q->order;
}

static void take_lines(struct sysctl_rules *r, const struct sysctl_lines *all)
{
	r->n = all->n;
	r->lines = arena_array(r->arena, struct sysctl_line, all->n);
	r->by_key = arena_array(r->arena, const struct sysctl_line *, all->n);
	r->globs = arena_array(r->arena, const struct sysctl_line *, all->n);
	for (size_t i = 0; i < all->n; i++) {
		struct sysctl_line *line = &r->lines[i];

		*line = all->items[i];
		line->order = i;
		if (line->is_glob)
			r->globs[r->n_globs++] = line;
		else
			r->by_key[r->n_keys++] = line;
	}
	if (r->n_keys)
		qsort(r->by_key, r->n_keys, sizeof(*r->by_key), by_target);
}

struct sysctl_rules *sysctl_rules_new(
	struct arena *a, enum sysctl_reader reader, const struct sysctl_file *files, size_t n)
{
	struct sysctl_rules *r = arena_new_of(a, struct sysctl_rules);
	_cleanup_free_ struct source *sources = xmalloc(n * sizeof *sources + 1);
	struct sysctl_lines all = {.arena = a};
	size_t n_sources = choose(reader, files, n, sources);

	*r = (struct sysctl_rules){.arena = a, .reader = reader};
	for (size_t i = 0; i < n_sources; i++) {
		if (!sources[i].file->content || !sources[i].file->content->data)
			continue;
		if (sources[i].part == PART_ARGUMENTS)
			sysctl_lines_cmdline(&all, sources[i].file);
		else
			sysctl_lines_read(&all, reader == SYSCTL_PROCPS, sources[i].file);
	}
	if (reader != SYSCTL_PROCPS)
		keep_entries(&all);
	take_lines(r, &all);
	free(all.items);
	return r;
}

/* glob(3) leaves hidden names out, and stops at slashes. */
static bool matches(const struct sysctl_line *line, const char *path)
{
	return !fnmatch(line->target, path, FNM_PATHNAME | FNM_PERIOD);
}

bool sysctl_line_covers(const struct sysctl_line *glob, const struct sysctl_line *line)
{
	return matches(glob, line->target);
}

/* The first of a key's lines, or where it would stand. */
static size_t lower_bound(const struct sysctl_rules *r, const char *path)
{
	size_t low = 0, high = r->n_keys;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(r->by_key[middle]->target, path) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Whether a glob leaves a key to the lines that name it: systemd compares with keys, and procps
 * with what glob(3) gives, which is spelled as the pattern is. */
static bool is_left_out(
	const struct sysctl_rules *r, const struct sysctl_line *glob, size_t at, const char *path)
{
	for (; at < r->n_keys && !strcmp(r->by_key[at]->target, path); at++)
		if (!r->by_key[at]->is_argument &&
			!fnmatch(glob->key, r->by_key[at]->key, FNM_PATHNAME | FNM_PERIOD))
			return true;
	return false;
}

struct candidates {
	size_t n, cap;
	const struct sysctl_line **items; /* malloc'd */
};

static void consider(struct candidates *c, const struct sysctl_line *line)
{
	c->items = grow(c->items, &c->cap, c->n, sizeof(*c->items));
	c->items[c->n++] = line;
}

static int by_order(const void *a, const void *b)
{
	size_t p = (*(const struct sysctl_line *const *)a)->order,
	       q = (*(const struct sysctl_line *const *)b)->order;

	return p < q ? -1 : p > q;
}

/* One after the other, as far as the kernel takes it. */
static const struct sysctl_line *last_taken(
	const struct sysctl_rules *r, const char *key, const struct candidates *c)
{
	const struct sysctl_line *taken = NULL, *exclusion = NULL;

	for (size_t i = 0; i < c->n; i++)
		if (!c->items[i]->value)
			exclusion = c->items[i];
		else if (!taken || sysctl_takes(key, sysctl_normalize(r->arena, taken->value),
					   sysctl_normalize(r->arena, c->items[i]->value)))
			taken = c->items[i];
	return taken ? taken : exclusion;
}

const struct sysctl_line *sysctl_rules_find(const struct sysctl_rules *r, const char *key)
{
	const char *path = sysctl_path(r->arena, key) + strlen("/proc/sys/");
	size_t first = lower_bound(r, path);
	struct candidates c = {0};

	for (size_t i = first; i < r->n_keys && !strcmp(r->by_key[i]->target, path); i++)
		consider(&c, r->by_key[i]);
	for (size_t i = 0; i < r->n_globs; i++)
		if (r->globs[i]->value && matches(r->globs[i], path) &&
			!is_left_out(r, r->globs[i], first, path))
			consider(&c, r->globs[i]);
	if (c.n)
		qsort(c.items, c.n, sizeof(*c.items), by_order);
	const struct sysctl_line *winner = last_taken(r, key, &c);
	free(c.items);
	return winner;
}
