/*
 * What stands in systemd's search path, overlays laid over: each directory read once, when it is
 * asked for (unitpath.h).
 * Changes nothing. Called by the other files of the unit index.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "l4sync/text.h"

#include "index.h"

/* `systemd-analyze unit-paths` of systemd 257, highest first. */
static const struct {
	const char *path;
	bool live_only;
} search_path[SEARCH_PATH_MAX] = {
	{"/etc/systemd/system.control", false},
	{"/run/systemd/system.control", true},
	{"/run/systemd/transient", true},
	{"/run/systemd/generator.early", true},
	{"/etc/systemd/system", false},
	{"/etc/systemd/system.attached", false},
	{"/run/systemd/system", true},
	{"/run/systemd/system.attached", true},
	{"/run/systemd/generator", true},
	{"/usr/local/lib/systemd/system", false},
	{"/usr/lib/systemd/system", false},
	{"/run/systemd/generator.late", true},
};

static int entry_cmp(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->name, ((const struct entry *)b)->name);
}

static int overlay_cmp(const void *a, const void *b)
{
	return strcmp((*(const struct unit_overlay *const *)a)->path,
		(*(const struct unit_overlay *const *)b)->path);
}

struct entry *listing_find(struct listing *l, const char *name)
{
	struct entry key = {.name = name};

	return l->n ? bsearch(&key, l->items, l->n, sizeof key, entry_cmp) : NULL;
}

static enum entry_kind kind_of(int dir_fd, const struct dirent *d)
{
	unsigned char type = d->d_type;
	struct stat st;

	if (type == DT_UNKNOWN && fstatat(dir_fd, d->d_name, &st, AT_SYMLINK_NOFOLLOW) >= 0)
		type = (unsigned char)IFTODT(st.st_mode);
	return type == DT_REG   ? ENTRY_FILE
	       : type == DT_LNK ? ENTRY_LINK
	       : type == DT_DIR ? ENTRY_DIR
				: ENTRY_OTHER;
}

static struct entry *listing_add(struct arena *a, struct listing *l)
{
	if (l->n == l->cap) {
		size_t cap = l->cap ? 2 * l->cap : 16;
		struct entry *items = arena_array(a, struct entry, cap);

		if (l->n)
			memcpy(items, l->items, l->n * sizeof *items);
		l->items = items;
		l->cap = cap;
	}
	return &l->items[l->n++];
}

/* What stands there now; a directory that is not there has nothing in it. */
static int listing_read(struct unit_index *x, struct listing *l, bool hidden, struct err *e)
{
	int fd, r = host_open_following(x->host, l->path, O_RDONLY | O_DIRECTORY, &fd, e);
	struct dirent *d;

	if (r < 0)
		return r == -ENOENT || r == -ENOTDIR ? 0 : r;
	DIR *dir = fdopendir(fd);
	if (!dir) {
		r = -errno;
		close(fd);
		return err_errno(e, r, "cannot read %s%s", x->host->root_path, l->path);
	}
	while (errno = 0, (d = readdir(dir))) {
		struct entry entry = {.kind = kind_of(fd, d)};

		/* systemd passes over hidden files everywhere. */
		if (d->d_name[0] == '.' &&
			(!hidden || !strcmp(d->d_name, ".") || !strcmp(d->d_name, "..")))
			continue;
		if (entry.kind == ENTRY_LINK &&
			link_read(x->arena, fd, d->d_name, &entry.target) < 0)
			continue;
		entry.name = arena_strdup(x->arena, d->d_name);
		entry.path = arena_printf(x->arena, "%s/%s", l->path, entry.name);
		*listing_add(x->arena, l) = entry;
	}
	r = errno ? err_errno(e, -errno, "cannot read %s%s", x->host->root_path, l->path) : 0;
	closedir(dir);
	if (l->n)
		qsort(l->items, l->n, sizeof *l->items, entry_cmp);
	return r;
}

/* An overlay's entry in a directory, or the directory on the way to it. Only the first n_sorted
 * entries are sorted yet. */
static void overlay_entry(struct unit_index *x, struct listing *l, size_t n_sorted,
	const struct unit_overlay *o, const char *name, bool on_the_way)
{
	struct listing sorted = {.items = l->items, .n = n_sorted};
	struct entry *at = listing_find(&sorted, name);
	bool there = o->content || o->target;

	for (size_t i = n_sorted; !at && i < l->n; i++)
		if (!strcmp(l->items[i].name, name))
			at = &l->items[i];
	/* Something in a directory makes the directory; what is removed may leave it behind. */
	if (at ? on_the_way : !there)
		return;
	if (!at) {
		at = listing_add(x->arena, l);
		*at = (struct entry){
			.name = name, .path = arena_printf(x->arena, "%s/%s", l->path, name)};
	}
	at->kind = on_the_way ? ENTRY_DIR : o->target ? ENTRY_LINK : ENTRY_FILE;
	at->overlay = on_the_way ? NULL : o;
	at->target = on_the_way ? NULL : o->target;
}

static void listing_overlay(struct unit_index *x, struct listing *l)
{
	const char *inside = arena_printf(x->arena, "%s/", l->path);
	size_t n = strlen(inside), n_sorted = l->n, kept = 0;

	for (size_t i = overlay_lower_bound(x, inside);
		i < x->n_overlays && text_starts(x->overlays[i]->path, inside); i++) {
		const char *name = x->overlays[i]->path + n, *slash = strchr(name, '/');

		if (slash)
			name = arena_strndup(x->arena, name, (size_t)(slash - name));
		overlay_entry(x, l, n_sorted, x->overlays[i], name, slash);
	}
	for (size_t i = 0; i < l->n; i++) {
		const struct unit_overlay *o = l->items[i].overlay;

		if (!o || o->content || o->target)
			l->items[kept++] = l->items[i];
	}
	l->n = kept;
	if (l->n)
		qsort(l->items, l->n, sizeof *l->items, entry_cmp);
}

int listing_new(
	struct unit_index *x, const char *path, bool hidden, struct listing **ret, struct err *e)
{
	struct listing *l = arena_new_of(x->arena, struct listing);

	l->path = path;
	int r = listing_read(x, l, hidden, e);
	if (r < 0)
		return r;
	listing_overlay(x, l);
	*ret = l;
	return 0;
}

/* A directory that is a link: each entry stands here and leads to where it really is. */
static int listing_follow(
	struct unit_index *x, struct entry *entry, struct listing **ret, struct err *e)
{
	struct followed f = {0};
	int r = path_follow(x, entry->path, &f, e);

	if (r < 0)
		return r;
	r = listing_new(x, f.hops.items[f.hops.n - 1], false, ret, e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < (*ret)->n; i++) {
		struct entry *item = &(*ret)->items[i];

		item->target = item->path;
		item->path = arena_printf(x->arena, "%s/%s", entry->path, item->name);
		item->kind = ENTRY_LINK;
	}
	return 0;
}

int entry_listing(struct unit_index *x, struct entry *entry, struct listing **ret, struct err *e)
{
	int r = 0;

	if (!entry->listing && entry->kind == ENTRY_LINK)
		r = listing_follow(x, entry, &entry->listing, e);
	else if (!entry->listing)
		r = listing_new(x, entry->path, false, &entry->listing, e);
	*ret = entry->listing;
	return r;
}

bool index_has_dir(const struct unit_index *x, const char *path)
{
	for (size_t i = 0; i < x->n_dirs; i++)
		if (!strcmp(x->dirs[i]->path, path))
			return true;
	return false;
}

/* Whether a link leads into the search path, and so is another name of the unit called like its
 * target; else it is a fragment that is kept elsewhere, or a mask. */
int entry_alias(struct unit_index *x, struct entry *entry, struct err *e)
{
	_cleanup_close_ int fd = -1;
	const char *path;

	if (entry->alias_known || entry->kind != ENTRY_LINK)
		return 0;
	int r = path_canonical(
		x, path_join_link(x->arena, entry->path, entry->target), &path, &fd, e);
	if (r < 0)
		return r;
	entry->alias_known = true;
	bool inside = false;
	for (size_t i = 0; i < x->n_dirs && !inside; i++) {
		size_t n = strlen(x->dirs[i]->path);

		inside = !strncmp(path, x->dirs[i]->path, n) && path[n] == '/';
	}
	if (!inside)
		return 0;
	entry->alias = path_name(path);
	/* A link to its own name in another directory says nothing: systemd looks further down. */
	entry->ignored = !unit_name_may_alias(x->arena, entry->name, entry->alias);
	return 0;
}

bool index_is_gone(const struct unit_index *x, const struct entry *entry)
{
	for (size_t i = 0; i < x->n_gone; i++)
		if (!strcmp(x->gone[i], entry->path))
			return true;
	for (size_t i = 0; i < x->n_hidden; i++)
		if (!strcmp(x->hidden[i], entry->path))
			return true;
	return false;
}

int index_find(struct unit_index *x, const char *name, struct entry **ret, struct err *e)
{
	*ret = NULL;
	for (size_t i = 0; i < x->n_dirs; i++) {
		struct entry *entry = listing_find(x->dirs[i], name);
		int r = entry ? entry_alias(x, entry, e) : 0;

		if (r < 0)
			return r;
		if (!entry || entry->ignored || index_is_gone(x, entry))
			continue;
		*ret = entry;
		return 0;
	}
	return 0;
}

/* The root as /proc shows it, so that what /proc shows of a directory can be taken below it. */
static const char *root_real(struct host *h, struct arena *a)
{
	const char *real;

	if (link_read(a, AT_FDCWD, arena_printf(a, "/proc/self/fd/%d", h->root_fd), &real) < 0)
		return "";
	return real[1] ? real : "";
}

int unit_index_new(struct host *h, struct arena *a, const struct unit_overlay *overlays, size_t n,
	struct unit_index **ret, struct err *e)
{
	struct unit_index *x = arena_new_of(a, struct unit_index);

	*x = (struct unit_index){.host = h, .arena = a, .n_overlays = n};
	x->overlays = arena_array(a, const struct unit_overlay *, n);
	for (size_t i = 0; i < n; i++)
		x->overlays[i] = &overlays[i];
	if (n)
		qsort(x->overlays, n, sizeof(*x->overlays), overlay_cmp);
	x->root_real = root_real(h, a);
	for (size_t i = 0; i < SEARCH_PATH_MAX; i++) {
		if (search_path[i].live_only && !h->live)
			continue;
		int r = listing_new(x, search_path[i].path, false, &x->dirs[x->n_dirs++], e);
		if (r < 0)
			return r;
	}
	*ret = x;
	return 0;
}
