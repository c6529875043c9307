/*
 * The text of a checkout: writing, reading, judging and comparing it (checkout.h).
 * Does no I/O. Called by the reader, the module checkout, the transaction and the report.
 */
#include "l4sync/checkout.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "l4sync/check.h"
#include "l4sync/text.h"

#define ID_DIGITS (GIT_ID_MAX - 1)

void checkout_add(struct buf *out, const char *mode, const char *id, const char *path)
{
	buf_adds(out, mode);
	buf_addc(out, ' ');
	buf_adds(out, id);
	buf_addc(out, ' ');
	text_escape(out, path, strlen(path));
	buf_addc(out, '\n');
}

static bool is_id(const char *s)
{
	return strlen(s) == ID_DIGITS && strspn(s, "0123456789abcdef") == ID_DIGITS;
}

/* MODE ID PATH; the line is cut up. */
static bool take_line(struct arena *a, char *line, size_t size, struct checkout_entry *ret)
{
	char *id = memchr(line, ' ', size), *path, *plain;

	path = id ? memchr(id + 1, ' ', (size_t)(line + size - id - 1)) : NULL;
	if (!path || memchr(line, '\0', size))
		return false;
	*id++ = *path++ = '\0';
	if (!text_unescape(a, path, (size_t)(line + size - path), &plain) || !*line || !*plain)
		return false;
	*ret = (struct checkout_entry){line, id, plain};
	return is_id(id) || !strcmp(id, "-");
}

int checkout_parse(
	struct arena *a, const struct content *c, struct checkout_list *ret, struct err *e)
{
	size_t n = 0, at = 0;

	*ret = (struct checkout_list){0};
	if (!c || !c->size)
		return 0;
	if (!c->data)
		return err_set(e, -EBADMSG, "what the checkout held is not at hand");
	char *text = arena_memdup(a, c->data, c->size);
	for (size_t i = 0; i < c->size; i++)
		n += text[i] == '\n';
	ret->items = arena_array(a, struct checkout_entry, n);
	for (; at < c->size; ret->n++) {
		char *end = memchr(text + at, '\n', c->size - at);
		struct checkout_entry *x = &ret->items[ret->n];

		if (!end || !take_line(a, text + at, (size_t)(end - text) - at, x) ||
			(ret->n && strcmp(x[-1].path, x->path) >= 0))
			return err_set(e, -EBADMSG, "line %zu of a checkout's list is malformed",
				ret->n + 1);
		at = (size_t)(end - text) + 1;
	}
	return 0;
}

/* The first entry at or behind a path. */
static size_t lower_bound(const struct checkout_list *l, const char *path)
{
	size_t low = 0, high = l->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(l->items[middle].path, path) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct checkout_entry *checkout_find(const struct checkout_list *l, const char *path)
{
	size_t at = lower_bound(l, path);

	return at < l->n && !strcmp(l->items[at].path, path) ? &l->items[at] : NULL;
}

bool checkout_has_dir(const struct checkout_list *l, const char *path)
{
	_cleanup_buf_ struct buf below = BUF_INIT;

	buf_adds(&below, path);
	buf_addc(&below, '/');
	size_t at = lower_bound(l, below.data);
	return at < l->n && text_starts(l->items[at].path, below.data);
}

const char *checkout_path_fault(const char *path)
{
	size_t depth = 0;

	if (strlen(path) > CHECK_PATH_MAX)
		return "is too long";
	for (const char *at = path;; at++, depth++) {
		size_t n = strcspn(at, "/");

		if (!n)
			return "has an empty component";
		if ((n == 1 && *at == '.') || (n == 2 && !memcmp(at, "..", 2)))
			return "leads out of its directory";
		/* In any case, as git itself refuses it. */
		if (n == 4 && !strncasecmp(at, ".git", 4))
			return "is a .git, which no commit may have";
		if (n > CHECK_NAME_MAX)
			return "has a component of more than 255 bytes";
		at += n;
		if (!*at)
			break;
	}
	return depth > CHECKOUT_DEPTH_MAX ? "is nested too deep" : NULL;
}

/* A file "a" beside a file "a/b": the latter's directories, those of its neighbour left out. */
static bool has_file_above(
	struct arena *a, const struct checkout_list *l, const char *path, const char *neighbour)
{
	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		size_t n = (size_t)(slash - path);

		if (neighbour && !strncmp(path, neighbour, n + 1))
			continue;
		if (checkout_find(l, arena_strndup(a, path, n)))
			return true;
	}
	return false;
}

int checkout_check(const struct content *c, struct err *e)
{
	_cleanup_arena_ struct arena *a = arena_new();
	struct checkout_list l;
	int r = checkout_parse(a, c, &l, e);

	if (r < 0)
		return err_prefix(e, -EINVAL, "not well-formed");
	if (l.n > CHECKOUT_FILES_MAX)
		return err_set(e, -EINVAL, "more than %d files", CHECKOUT_FILES_MAX);
	for (size_t i = 0; i < l.n; i++) {
		const struct checkout_entry *x = &l.items[i];
		const char *fault = checkout_path_fault(x->path);

		if (!fault && strcmp(x->mode, "0644") != 0 && strcmp(x->mode, "0755") != 0 &&
			strcmp(x->mode, "link") != 0)
			fault = "has a mode that no commit gives";
		if (!fault && !is_id(x->id))
			fault = "has no id";
		if (!fault && has_file_above(a, &l, x->path, i ? x[-1].path : NULL))
			fault = "has a file for a directory";
		if (fault)
			return err_set(e, -EINVAL, "\"%s\" %s", x->path, fault);
	}
	return 0;
}

static void add_path(struct buf *out, char sign, const char *path)
{
	buf_addc(out, sign);
	text_escape(out, path, strlen(path));
}

static void add_changed(
	struct buf *out, const struct checkout_entry *x, const struct checkout_entry *y)
{
	bool mode = strcmp(x->mode, y->mode) != 0, bytes = strcmp(x->id, y->id) != 0;

	add_path(out, '~', y->path);
	if (mode)
		buf_addf(out, " (%s%s → %s)", bytes ? "content, " : "", x->mode, y->mode);
}

/* Only one that is not as it should be stands in a list. */
static void add_directory(struct buf *out, const struct checkout_entry *x)
{
	add_path(out, '~', x->path);
	buf_addf(out, "/ (%s → 0755)", x->mode + strlen("dir"));
}

/* -1: only in the first, 1: only in the second, 0: in both. */
static int next_of(const struct checkout_list *x, const struct checkout_list *y, size_t i, size_t j)
{
	if (i == x->n)
		return 1;
	return j == y->n ? -1 : strcmp(x->items[i].path, y->items[j].path);
}

const char *checkout_diff(
	struct arena *a, const struct content *old, const struct content *new, size_t max)
{
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct checkout_list x, y;
	size_t n = 0;

	if (checkout_parse(a, old, &x, NULL) < 0 || checkout_parse(a, new, &y, NULL) < 0)
		return "what it held is not at hand";
	for (size_t i = 0, j = 0; i < x.n || j < y.n;) {
		int c = next_of(&x, &y, i, j);
		const struct checkout_entry *p = c <= 0 ? &x.items[i++] : NULL;
		const struct checkout_entry *q = c >= 0 ? &y.items[j++] : NULL;

		if ((p && q && !strcmp(p->mode, q->mode) && !strcmp(p->id, q->id)) || n++ >= max)
			continue;
		if (p && q)
			add_changed(&out, p, q);
		else if (p && text_starts(p->mode, "dir"))
			add_directory(&out, p);
		else
			add_path(&out, p ? '-' : '+', p ? p->path : q->path);
		buf_addc(&out, '\n');
	}
	if (n > max)
		buf_addf(&out, "… %zu more\n", n - max);
	return n ? arena_strdup(a, out.data) : NULL;
}

const char *checkout_below(const struct resource *item, const char *path)
{
	const char *name = item && resource_is(item, "checkout") ? resource_name(item->id) : NULL;
	size_t n = name ? strlen(name) : 0;

	return name && !strncmp(path, name, n) && path[n] == '/' ? path + n + 1 : NULL;
}

bool checkout_path_differs(const struct content *old, const struct content *new, const char *path)
{
	_cleanup_arena_ struct arena *a = arena_new();
	struct checkout_list x, y;

	if (checkout_parse(a, old, &x, NULL) < 0 || checkout_parse(a, new, &y, NULL) < 0)
		return true;
	const struct checkout_entry *p = checkout_find(&x, path), *q = checkout_find(&y, path);
	return !p != !q || (p && (strcmp(p->mode, q->mode) != 0 || strcmp(p->id, q->id) != 0));
}
