/*
 * Values into the want (secrets.h): of each secret, then of each file that names one.
 * Stores nothing. Called once a state was read.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "l4sync/text.h"

#include "values.h"

#define TAKEN_MAX 4096 /* bytes of a value that is taken over */

struct filling {
	struct host *host;
	struct arena *arena;
	struct resources *want;
	struct err *e;
};

/* One place in a template that a secret goes to. */
struct insert {
	size_t offset;
	const char *name;
};

/* Strict: the reader's word is not taken for it. */
static int parse_inserts(
	struct filling *f, const struct resource *item, struct insert **ret, size_t *ret_n)
{
	size_t last = 0, n = 0;

	*ret = arena_array(f->arena, struct insert, item->n_attrs);
	for (size_t i = 0; i < item->n_attrs; i++) {
		char *end;

		if (strcmp(item->attrs[i].key, "insert") != 0)
			continue;
		size_t offset = strtoul(item->attrs[i].value, &end, 10);
		if (*end != ' ' || offset < last || offset > item->content->size)
			return err_set(f->e, -EINVAL, "%s: insert has a value that it cannot have",
				item->id);
		(*ret)[n++] = (struct insert){last = offset, end + 1};
	}
	*ret_n = n;
	return 0;
}

static struct resource *secret_of(struct filling *f, const char *name)
{
	return resources_find(f->want, arena_printf(f->arena, "secret:%s", name));
}

/* What stands in the same line before and behind the place. False: another one does, too. */
static bool line_around(const struct resource *item, const struct insert *inserts, size_t n,
	size_t at, size_t *ret_from, size_t *ret_to)
{
	const char *text = item->content->data;
	size_t from = inserts[at].offset, to = from;

	while (from && text[from - 1] != '\n')
		from--;
	while (to < item->content->size && text[to] != '\n')
		to++;
	for (size_t i = 0; i < n; i++)
		if (i != at && inserts[i].offset >= from && inserts[i].offset <= to)
			return false;
	*ret_from = from;
	*ret_to = to;
	return true;
}

static bool is_value(const char *s, size_t n)
{
	return n && n <= TAKEN_MAX && !memchr(s, 0, n) && text_is_utf8(s, n);
}

/* The value in a live file whose line is the template's but for the value. Where nothing else
 * stands in the line it is taken only if that is all the file is. */
static const struct content *value_in(struct filling *f, const struct resource *item, size_t from,
	size_t at, size_t to, const char *live, size_t size)
{
	const char *text = item->content->data;
	size_t before = at - from, behind = to - at;
	bool whole = !before && !behind;

	if (whole && (from || item->content->size - to > 1))
		return NULL;
	for (const char *line = live, *end = live + size, *next; line < end; line = next) {
		const char *newline = memchr(line, '\n', (size_t)(end - line));
		size_t n = (size_t)((newline ? newline : end) - line);

		next = newline ? newline + 1 : end;
		if (whole && next != end)
			return NULL;
		if (n < before + behind || memcmp(line, text + from, before) != 0 ||
			memcmp(line + n - behind, text + at, behind) != 0 ||
			!is_value(line + before, n - before - behind))
			continue;
		return secret_to_store(f->arena, "generated", line + before, n - before - behind);
	}
	return NULL;
}

static int read_live(struct filling *f, const char *path, const char **ret, size_t *ret_size)
{
	_cleanup_close_ int fd = -1;
	const void *data;
	struct stat st;
	int r = host_open_following(f->host, path, O_RDONLY | O_NONBLOCK, &fd, NULL);

	if (r >= 0 && (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)))
		r = -ENOENT;
	if (r >= 0)
		r = fd_read_all(f->arena, fd, CONTENT_SIZE_MAX, &data, ret_size);
	if (r >= 0)
		*ret = data;
	return r;
}

/* NULL in *ret: no live file has a value at its place. */
static int take_over(struct filling *f, const char *name, const struct content **ret)
{
	int r = 0;

	*ret = NULL;
	for (size_t i = 0; i < f->want->n && !*ret && r >= 0; i++) {
		const struct resource *item = f->want->items[i];
		size_t n, size, from, to;
		struct insert *inserts;
		const char *live;

		if (!resource_get(item, "insert") || !item->content)
			continue;
		r = parse_inserts(f, item, &inserts, &n);
		for (size_t k = 0; k < n && r >= 0 && !*ret; k++)
			if (!strcmp(inserts[k].name, name) &&
				line_around(item, inserts, n, k, &from, &to) &&
				read_live(f, resource_path(item), &live, &size) >= 0)
				*ret = value_in(f, item, from, inserts[k].offset, to, live, size);
	}
	return r;
}

static int fill_generated(struct filling *f, struct resource *item, const struct content *stored)
{
	const char *name = resource_name(item->id);
	int r = 0;

	if (!stored)
		r = take_over(f, name, &stored);
	if (r >= 0 && !stored) {
		r = secret_generate(f->arena, resource_get(item, "generate"), &stored, f->e);
		if (r >= 0) {
			struct content *fresh = arena_memdup(f->arena, stored, sizeof *stored);

			fresh->fresh = true;
			stored = fresh;
		}
	}
	item->content = stored;
	return r;
}

static const struct content unknown = {.keyed = true};

static int fill_credential(struct filling *f, struct resource *item, const struct content *stored)
{
	char hash[HASH_TEXT_MAX];
	const struct content *encrypted = item->content;

	hash_text(&encrypted->hash, "sha256", hash);
	item->content = &unknown;
	if (stored && !strcmp(stored_from(f->arena, stored),
			      arena_printf(f->arena, "credential %s", hash))) {
		item->content = stored;
		return 0;
	}
	if (!f->host->live)
		return 0;
	int r = credential_decrypt(
		f->arena, resource_name(item->id), encrypted, &item->content, f->e);
	return r < 0 ? err_prefix(f->e, r, "secret %s: %s", resource_name(item->id),
			       resource_get(item, "credential"))
		     : 0;
}

static int fill_secret(struct filling *f, struct resource *item)
{
	const struct content *stored;
	int r = secret_stored(f->host, f->arena, resource_name(item->id), &stored, f->e);

	if (r < 0)
		return r;
	r = resource_get(item, "generate") ? fill_generated(f, item, stored)
					   : fill_credential(f, item, stored);
	item->secret = true;
	return r;
}

static int fill_file(struct filling *f, struct resource *item)
{
	_cleanup_buf_ struct buf out = BUF_INIT;
	const char *text = item->content->data;
	struct insert *inserts;
	size_t n, at = 0;
	bool fresh = false;
	int r = parse_inserts(f, item, &inserts, &n);

	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++) {
		const struct resource *secret = secret_of(f, inserts[i].name);
		const char *value;
		size_t size;

		if (!secret || !item->secret)
			return err_set(f->e, -EINVAL, "%s: there is no secret %s for it", item->id,
				inserts[i].name);
		if (!secret->content->data) {
			item->content = &unknown;
			return 0;
		}
		stored_value(secret->content, &value, &size);
		buf_add(&out, text + at, inserts[i].offset - at);
		buf_add(&out, value, size);
		at = inserts[i].offset;
		fresh |= secret->content->fresh;
	}
	buf_add(&out, text + at, item->content->size - at);
	if (out.size > CONTENT_SIZE_MAX)
		return err_set(f->e, -E2BIG, "%s: with its secrets it is too large", item->id);
	struct content *filled =
		content_new(f->arena, arena_memdup(f->arena, out.data, out.size), out.size);
	filled->fresh = fresh;
	item->content = filled;
	explicit_bzero(out.data, out.size);
	return 0;
}

int secrets_fill(struct host *h, struct arena *a, struct resources *want, struct err *e)
{
	struct filling f = {h, a, want, e};
	int r = 0;

	for (size_t i = 0; i < want->n && r >= 0; i++)
		if (resource_is(want->items[i], "secret"))
			r = fill_secret(&f, want->items[i]);
	for (size_t i = 0; i < want->n && r >= 0; i++)
		if (resource_get(want->items[i], "insert") && want->items[i]->content)
			r = fill_file(&f, want->items[i]);
	return r;
}
