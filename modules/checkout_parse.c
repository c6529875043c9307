/*
 * `checkouts:`: from a repository and a rev to the list of files that the commit has (checkout.h).
 * Reads no file's bytes but those of .gitattributes. Called by the module checkout, in the
 * unprivileged child.
 */
#include "checkout_parse.h"

#include <errno.h>
#include <string.h>

#include "l4sync/check.h"
#include "l4sync/checkout.h"
#include "l4sync/text.h"

#define ATTRIBUTES ".gitattributes"
#define ATTRIBUTES_SIZE_MAX (1u << 20)
#define NAMES_SHOWN 5

/* What an entry of the section says. */
struct wanted {
	const char *path;
	const char *repo, *rev, *owner, *group;
};

static int parse_owner(struct reader *r, const struct node *map, const char *key, const char **ret)
{
	const struct node *n = node_get(map, key);

	*ret = "root";
	if (!n || n->kind == NODE_NULL)
		return 0;
	if (node_want_text(n, key, ret, r->diags) < 0)
		return -EINVAL;
	return check_is_owner(*ret) ? 0
				    : diag_add(r->diags, n->where,
					      "%s: \"%s\" is no name that a user or group can "
					      "have, nor an id",
					      key, *ret);
}

static int parse_line(struct reader *r, const struct node *map, const char *key, const char **ret)
{
	const struct node *n = node_get(map, key);

	*ret = NULL;
	if (!n || n->kind == NODE_NULL)
		return 0;
	if (node_want_text(n, key, ret, r->diags) < 0)
		return -EINVAL;
	return **ret && check_is_line(*ret)
		       ? 0
		       : diag_add(r->diags, n->where, "%s: must be one line of text", key);
}

static int parse_keys(struct reader *r, const struct node *map, struct wanted *ret)
{
	static const char *const known[] = {"repo", "rev", "owner", "group", "run", NULL};
	int bad = node_keys(map, known, r->diags);

	bad |= parse_line(r, map, "repo", &ret->repo);
	bad |= parse_line(r, map, "rev", &ret->rev);
	bad |= parse_owner(r, map, "owner", &ret->owner);
	bad |= parse_owner(r, map, "group", &ret->group);
	if (!bad && !ret->repo)
		bad = diag_add(r->diags, map->where,
			"checkouts: %s: \"repo\" is missing: the URL of the repository", ret->path);
	return bad ? -EINVAL : 0;
}

/* Names of actions; whether there are such is not known here. */
static int parse_run(struct reader *r, const struct node *map, struct resource *item)
{
	const struct node *list = node_get(map, "run");
	const char *name;
	int bad = 0;

	if (!list || list->kind == NODE_NULL)
		return 0;
	if (node_want_seq(list, "run", r->diags) < 0)
		return -EINVAL;
	for (size_t i = 0; i < list->n; i++) {
		if (node_want_text(list->items[i], "run", &name, r->diags) < 0)
			bad = -EINVAL;
		else if (!*name || !check_is_line(name))
			bad = diag_add(
				r->diags, list->items[i]->where, "run: must be names of actions");
		else
			resource_add(r->want->arena, item, "run", name);
	}
	return bad;
}

/* The commit's tree being turned into a list. */
struct listing {
	struct reader *reader;
	const struct node *name; /* of the entry */
	const struct reader_source *source;
	struct resource *item;
	struct buf text;
	size_t n;
	struct buf modules; /* submodules */
	size_t n_modules;
};

static void refuse_entry(struct listing *l, const struct tree_entry *entry, const char *fault)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	text_escape(&b, entry->path, strlen(entry->path));
	diag_add(l->reader->diags, l->name->where,
		"checkouts: %s: commit %.12s has \"%s\", which %s", l->name->text,
		l->source->commit, b.data, fault);
}

/* "*.bin filter=lfs …" in a .gitattributes, which is where Git LFS says what it keeps elsewhere. */
static void look_for_lfs(struct listing *l, const struct tree_entry *entry)
{
	const char *slash = strrchr(entry->path, '/');
	struct tree *tree = l->source->tree;
	const void *data;
	size_t size;

	if (strcmp(slash ? slash + 1 : entry->path, ATTRIBUTES) != 0 || entry->kind == TREE_LINK ||
		!check_is_line(entry->path) ||
		tree->ops->read(tree, entry, ATTRIBUTES_SIZE_MAX, &data, &size, NULL) < 0)
		return;
	if (strstr(arena_strndup(l->reader->arena, data, size), "filter=lfs"))
		resource_add(l->reader->want->arena, l->item, "lfs", entry->path);
}

static void add_entry(struct listing *l, const struct tree_entry *entry)
{
	const char *fault = checkout_path_fault(entry->path);
	char id[GIT_ID_MAX];

	if (fault) {
		refuse_entry(l, entry, fault);
		return;
	}
	if (entry->kind == TREE_DIR)
		return;
	if (entry->kind == TREE_OTHER) {
		if (l->n_modules++ < NAMES_SHOWN) {
			buf_adds(&l->modules, l->modules.size ? ", " : "");
			text_escape(&l->modules, entry->path, strlen(entry->path));
		}
		return;
	}
	tree_git_id(entry, id);
	checkout_add(&l->text,
		entry->kind == TREE_LINK         ? "link"
		: entry->kind == TREE_EXECUTABLE ? "0755"
						 : "0644",
		id, entry->path);
	l->n++;
	look_for_lfs(l, entry);
}

static void report_list(struct listing *l)
{
	struct reader *r = l->reader;

	if (l->n_modules)
		diag_add(r->diags, l->name->where,
			"checkouts: %s: commit %.12s has submodules (%s%s), which are not "
			"followed: put their files into the repository, or name each under "
			"checkouts: with a path of its own",
			l->name->text, l->source->commit, l->modules.data,
			l->n_modules > NAMES_SHOWN ? ", …" : "");
	if (l->n > CHECKOUT_FILES_MAX || l->text.size > CONTENT_SIZE_MAX)
		diag_add(r->diags, l->name->where,
			"checkouts: %s: commit %.12s has %zu files, at most %d are allowed",
			l->name->text, l->source->commit, l->n, CHECKOUT_FILES_MAX);
}

/* What is wrong with the repository itself is no fault of the state. */
static void list_commit(struct listing *l)
{
	struct reader *r = l->reader;
	struct tree *tree = l->source->tree;
	struct tree_entry *entries;
	size_t n = 0;
	_cleanup_err_ struct err e = ERR_INIT;
	int code = tree->ops->list(tree, "", &entries, &n, &e);

	if (code < 0) {
		diag_add(
			r->diags, l->name->where, "checkouts: %s: %s", l->name->text, err_text(&e));
		return;
	}
	for (size_t i = 0; i < n; i++)
		add_entry(l, &entries[i]);
	report_list(l);
	if (l->text.size)
		l->item->content = content_new(r->want->arena,
			arena_memdup(r->want->arena, l->text.data, l->text.size), l->text.size);
}

static void add_checkout(
	struct reader *r, const struct node *name, const struct node *map, const struct wanted *w)
{
	struct arena *a = r->want->arena;
	struct resource *item = resources_add(r->want, arena_printf(a, "checkout:%s", w->path));
	struct reader_source source = {.url = w->repo};
	struct listing l = {.reader = r, .name = name, .source = &source, .item = item};

	item->where = name->where;
	item->content = content_new(a, "", 0);
	resource_set(a, item, "mode", "0755");
	resource_set(a, item, "owner", w->owner);
	resource_set(a, item, "group", w->group);
	resource_set(a, item, "rev", w->rev);
	parse_run(r, map, item);
	int code = reader_open_source(r, name, "checkouts", w->repo, w->rev, &source);
	if (code < 0)
		return;
	if (!code)
		list_commit(&l);
	resource_set(a, item, "repo", source.url);
	/* One that is left out is not known. */
	resource_set(a, item, "commit",
		source.commit ? source.commit : "0000000000000000000000000000000000000000");
	buf_free(&l.text);
	buf_free(&l.modules);
}

static void parse_entry(struct reader *r, const struct node *name, const struct node *entry)
{
	_cleanup_err_ struct err e = ERR_INIT;
	struct wanted w = {.path = name->text};

	if (check_path(name->text, &e) < 0)
		diag_add(r->diags, name->where, "checkouts: %s", err_text(&e));
	else if (!node_want_map(entry, name->text, r->diags) && !parse_keys(r, entry, &w))
		add_checkout(r, name, entry, &w);
}

int checkout_parse_section(struct reader *r, const char *section, const struct node *node)
{
	return reader_section(r, section, node, parse_entry);
}

static void report_inside(struct reader *r, const struct resource *item, const char *path)
{
	size_t n = strlen(path);

	for (size_t i = 0; i < r->want->n; i++) {
		const struct resource *x = r->want->items[i];
		const char *other = resource_path(x);

		if (other && x != item && !strncmp(other, path, n) && other[n] == '/' &&
			x->where.file)
			diag_add(r->diags, x->where,
				"%s stands in the checkout %s (%s), which is replaced as a whole",
				other, path, where_text(r->arena, &item->where));
	}
}

int checkout_complete(struct reader *r)
{
	for (size_t i = 0; i < r->want->n; i++)
		if (resource_is(r->want->items[i], "checkout"))
			report_inside(r, r->want->items[i], resource_name(r->want->items[i]->id));
	return 0;
}
