/*
 * The files of the trees as resources. The canonical form of what a tree ships:
 *
 *	file:/path    owner, group (root), mode (0644, 0755 by git's mode), content; insert: where
 *	              the host puts which secret into it (OFFSET NAME), from the first on
 *	link:/path    target
 *	unit:NAME, dropin:UNIT/NAME.conf: what stands in a unit directory; path, and either
 *	              owner, group, mode, content, or, of a symbolic link, target, and content
 *	              where the link leads to another shipped file
 *	dir:/path     each directory above one of these; no attributes: it exists
 *
 * (service: and sysctl: are described in their modules, secret: is an item's flag.)
 * Called by reader_read().
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "l4sync/check.h"
#include "l4sync/places.h"
#include "l4sync/text.h"
#include "reader_internal.h"

#define TEMPLATE ".tmpl"
#define LINKS_MAX 16

struct shipping {
	struct reader *r;
	const struct shipped_tree *of;
	size_t total_size; /* bytes of all trees */
};

/* "root/etc/x", or "git.example/app.git:deploy/files/etc/x". A name that is about to be refused may
 * hold anything; its message is one line all the same. */
static struct where where_of(struct shipping *s, const struct tree_entry *entry)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	const char *path = entry->path;

	if (s->of->label)
		path = arena_printf(s->r->arena, "%s:%s", s->of->label, path);
	if (check_is_line(path))
		return (struct where){.file = path};
	text_escape(&b, path, strlen(path));
	return (struct where){.file = arena_strdup(s->r->arena, b.data)};
}

static int read_bytes(
	struct shipping *s, const struct tree_entry *entry, const void **data, size_t *size)
{
	_cleanup_err_ struct err e = ERR_INIT;
	struct reader *r = s->r;
	struct tree *tree = s->of->tree;
	struct where where = where_of(s, entry);
	int code = tree->ops->read(tree, entry, CONTENT_SIZE_MAX, data, size, &e);

	if (code == -EFBIG)
		return diag_add(r->diags, where,
			"larger than %u bytes, the most that one file can have", CONTENT_SIZE_MAX);
	if (code < 0)
		return diag_add(r->diags, where, "%s", err_text(&e));
	s->total_size += *size;
	if (s->total_size > RESOURCES_SIZE_MAX)
		return diag_add(r->diags, where,
			"with this file the state is larger than %u bytes, the most that it can "
			"have",
			RESOURCES_SIZE_MAX);
	return 0;
}

/* The path on the host; NULL: reported. */
static const char *target_path(
	struct shipping *s, const struct tree_entry *entry, bool *ret_is_template)
{
	_cleanup_err_ struct err e = ERR_INIT;
	struct reader *r = s->r;
	struct where where = where_of(s, entry);
	char *path = *s->of->dir ? arena_strdup(r->arena, entry->path + strlen(s->of->dir))
				 : arena_printf(r->arena, "/%s", entry->path);

	*ret_is_template = text_ends(path, TEMPLATE);
	if (*ret_is_template && entry->kind == TREE_LINK) {
		diag_add(r->diags, where, "a template must be a file, not a symbolic link");
		return NULL;
	}
	if (*ret_is_template)
		path[strlen(path) - strlen(TEMPLATE)] = '\0';
	if (check_path(path, &e) < 0) {
		diag_add(r->diags, where, "%s", err_text(&e));
		return NULL;
	}
	if (place_of(r->arena, path).kind == PLACE_WANTS) {
		diag_add(r->diags, where,
			"enablement is not shipped as links; write \"enabled: true\" for the unit "
			"under units:");
		return NULL;
	}
	return path;
}

static struct resource *add_item(
	struct reader *r, const char *path, bool is_link, struct where where)
{
	const char *id = place_id(r->arena, path, is_link);
	struct resource *item = resources_add(r->want, id);

	item->where = where;
	if (resource_is(item, "unit") || resource_is(item, "dropin"))
		resource_set(r->want->arena, item, "path", path);
	return item;
}

static void ship_link(struct shipping *s, const struct tree_entry *entry, const char *path)
{
	struct where where = where_of(s, entry);
	const void *target;
	size_t size;

	if (read_bytes(s, entry, &target, &size) < 0)
		return;
	const char *text = arena_strndup(s->r->arena, target, size);
	if (strlen(text) != size || !check_is_target(text)) {
		diag_add(s->r->diags, where,
			"a symbolic link must lead to a path in UTF-8 without control characters");
		return;
	}
	resource_set(s->r->want->arena, add_item(s->r, path, true, where), "target", text);
}

/* A file with a secret in it is a secret one. */
static int fill_in(struct reader *r, struct resource *item, const void **data, size_t *size)
{
	const struct template_names names = {r->vars, r->secrets};
	struct template_inserts inserts = {0};
	struct arena *a = r->want->arena;
	int code = template_render(
		r->arena, &names, item->where.file, *data, *size, data, size, &inserts, r->diags);

	for (size_t i = 0; i < inserts.n; i++)
		resource_add(a, item, "insert",
			arena_printf(a, "%zu %s", inserts.items[i].offset, inserts.items[i].name));
	item->secret = inserts.n;
	free(inserts.items);
	return code;
}

static void ship_file(
	struct shipping *s, const struct tree_entry *entry, const char *path, bool is_template)
{
	struct reader *r = s->r;
	struct arena *a = r->want->arena;
	const void *data;
	size_t size;

	if (read_bytes(s, entry, &data, &size) < 0)
		return;
	struct where where = where_of(s, entry);
	struct resource *item = add_item(r, path, false, where);
	resource_set(a, item, "owner", "root");
	resource_set(a, item, "group", "root");
	resource_set(a, item, "mode", entry->kind == TREE_EXECUTABLE ? "0755" : "0644");
	if (!is_template || !fill_in(r, item, &data, &size))
		item->content = content_new(a, data, size);
}

static void ship(struct shipping *s, const struct tree_entry *entry)
{
	bool is_template;

	if (entry->kind == TREE_DIR)
		return;
	if (entry->kind == TREE_OTHER) {
		diag_add(s->r->diags, where_of(s, entry),
			"only files, symbolic links and directories can be shipped, no submodules, "
			"sockets or devices");
		return;
	}
	const char *path = target_path(s, entry, &is_template);
	if (path && entry->kind == TREE_LINK)
		ship_link(s, entry, path);
	else if (path)
		ship_file(s, entry, path, is_template);
}

void tree_want_read(struct reader *r)
{
	struct shipping s = {.r = r};

	for (s.of = manifest_trees(r); s.of->tree; s.of++) {
		_cleanup_err_ struct err e = ERR_INIT;
		struct tree *tree = s.of->tree;
		struct tree_entry *entries;
		size_t n = 0;
		int code = tree->ops->list(tree, s.of->dir, &entries, &n, &e);

		if (code < 0) {
			diag_add(r->diags, where_of(&s, &(struct tree_entry){.path = s.of->dir}),
				"%s", err_text(&e));
			r->tree_missing = true;
		}
		for (size_t i = 0; i < n && code >= 0; i++)
			ship(&s, &entries[i]);
	}
}

/* target as seen from path's directory, without "." and ".."; above "/" is "/". */
static const char *join_path(struct arena *a, const char *path, const char *target)
{
	char *out = arena_alloc(a, strlen(path) + strlen(target) + 2);
	size_t n = *target == '/' ? 0 : (size_t)(strrchr(path, '/') - path);

	memcpy(out, path, n);
	while (*target) {
		size_t size = strcspn(target, "/");

		if (size == 2 && !memcmp(target, "..", 2)) {
			while (n && out[--n] != '/')
				;
		} else if (size && !(size == 1 && *target == '.')) {
			out[n++] = '/';
			memcpy(out + n, target, size);
			n += size;
		}
		target += size + (target[size] == '/');
	}
	out[n] = '\0';
	return out;
}

const struct resource *reader_follow(const struct reader *r, const struct resource *link)
{
	for (unsigned i = 0; link && i < LINKS_MAX; i++) {
		const char *target = resource_get(link, "target");

		if (!target)
			return link;
		const char *path = join_path(r->arena, resource_path(link), target);
		link = NULL;
		for (size_t j = 0; j < r->want->n && !link; j++) {
			const char *other = resource_path(r->want->items[j]);

			if (other && !strcmp(other, path) &&
				!resource_is(r->want->items[j], "dir") &&
				!resource_is(r->want->items[j], "checkout"))
				link = r->want->items[j];
		}
	}
	return NULL;
}

/* systemd reads what the link leads to, so that is what is compared; and is as secret. */
static void add_link_contents(struct reader *r)
{
	for (size_t i = 0; i < r->want->n; i++) {
		struct resource *item = r->want->items[i];

		if (!resource_get(item, "target") || resource_is(item, "link"))
			continue;
		const struct resource *file = reader_follow(r, item);
		if (file) {
			item->content = file->content;
			item->secret = file->secret;
		}
	}
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Of `purge:`; the directories above what is shipped are about to be added. */
static bool is_declared(struct reader *r, const char *id, size_t n_declared)
{
	for (size_t i = 0; i < n_declared; i++)
		if (!strcmp(r->want->items[i]->id, id))
			return true;
	return false;
}

/* dir: for every directory above what is shipped or purged. */
static void add_parents(struct reader *r)
{
	_cleanup_free_ const char **paths = NULL;
	size_t n = 0, cap = 0, n_declared = r->want->n;

	for (size_t i = 0; i < r->want->n; i++) {
		const char *path = resource_path(r->want->items[i]), *slash = path;

		while (slash && (slash = strchr(slash + 1, '/'))) {
			paths = grow(paths, &cap, n, sizeof *paths);
			paths[n++] = arena_strndup(r->arena, path, (size_t)(slash - path));
		}
	}
	if (n)
		qsort(paths, n, sizeof *paths, compare_texts);
	for (size_t i = 0; i < n; i++) {
		const char *id = arena_printf(r->arena, "dir:%s", paths[i]);

		if ((!i || strcmp(paths[i - 1], paths[i]) != 0) && !is_declared(r, id, n_declared))
			resources_add(r->want, id);
	}
}

/* An item with a path, as it is compared with its neighbours. */
struct placed {
	const char *key; /* its path, or its id */
	struct resource *item;
};

static const char *origin_file(const struct placed *p)
{
	return p->item->where.file ? p->item->where.file : "";
}

/* "root/etc/x", "l4sync.yaml:3:1" */
static const char *origin(struct reader *r, const struct placed *p)
{
	const struct where *w = &p->item->where;

	return w->line ? arena_printf(r->arena, "%s:%u:%u", w->file, w->line, w->column)
		       : origin_file(p);
}

static int compare_placed(const void *a, const void *b)
{
	int c = strcmp(((const struct placed *)a)->key, ((const struct placed *)b)->key);

	return c ? c : strcmp(origin_file(a), origin_file(b));
}

static void report_same_path(struct reader *r, const struct placed *p, const struct placed *q)
{
	const struct placed *dir = resource_is(p->item, "dir")   ? p
				   : resource_is(q->item, "dir") ? q
								 : NULL;

	if (dir)
		diag_add(r->diags, (dir == p ? q : p)->item->where,
			"%s is a file here and a directory %s%s", dir->key,
			dir->item->where.file ? "by " : "elsewhere in the state", origin(r, dir));
	else
		diag_add(r->diags, q->item->where, "%s is given twice, here and by %s", q->key,
			origin(r, p));
}

static void report_same_id(struct reader *r, const struct placed *p, const struct placed *q)
{
	bool is_unit = resource_is(p->item, "unit");

	if (!strcmp(resource_path(p->item), resource_path(q->item)))
		return;
	diag_add(r->diags, q->item->where, "%s %s is given twice, here and by %s; systemd %s",
		is_unit ? "unit" : "drop-in", resource_name(q->key), origin(r, p),
		is_unit ? "reads one fragment of a unit" : "reads one of each name");
}

static void report_twice(struct reader *r)
{
	struct placed *all = arena_array(r->arena, struct placed, r->want->n);
	size_t n = 0;

	for (size_t i = 0; i < r->want->n; i++) {
		const char *path = resource_path(r->want->items[i]);

		if (path)
			all[n++] = (struct placed){path, r->want->items[i]};
	}
	qsort(all, n, sizeof *all, compare_placed);
	for (size_t i = 1; i < n; i++)
		if (!strcmp(all[i - 1].key, all[i].key))
			report_same_path(r, &all[i - 1], &all[i]);
	for (size_t i = 0; i < n; i++)
		all[i].key = all[i].item->id;
	qsort(all, n, sizeof *all, compare_placed);
	for (size_t i = 1; i < n; i++)
		if (!strcmp(all[i - 1].key, all[i].key))
			report_same_id(r, &all[i - 1], &all[i]);
}

void tree_want_finish(struct reader *r)
{
	add_link_contents(r);
	add_parents(r);
	report_twice(r);
}
