/*
 * The canonical form as bytes (resources.h describes it): writing, and reading back strictly.
 * Does no I/O and knows no types. Called by the reader's pipe, the journal and the history.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "l4sync/resources.h"
#include "l4sync/text.h"

#define HEADER "l4sync-resources 1"
#define SHA256 "sha256"
#define HMAC "hmac-sha256"

static void write_text(struct buf *out, const char *s)
{
	text_escape(out, s, strlen(s));
}

/* Whether the bytes of an item go into the blobs. */
static bool has_blob(const struct resource *item, bool with_blobs, bool with_secrets)
{
	return with_blobs && item->content && item->content->data && !item->content->keyed &&
	       (with_secrets || !item->secret);
}

static void write_content(
	const struct resource *item, bool with_secrets, const unsigned char *key, struct buf *out)
{
	const struct content *c = item->content;
	char text[HASH_TEXT_MAX];
	struct hash h = c->hash;
	bool keyed = c->keyed;

	if (item->secret && !with_secrets && !keyed) {
		/* Without bytes and key nothing may be said: an unkeyed hash can be guessed at. */
		h = c->data && key ? hash_hmac(key, c->data, c->size) : (struct hash){0};
		keyed = true;
	}
	hash_text(&h, keyed ? HMAC : SHA256, text);
	buf_addf(out, "\tcontent %s %zu\n", text, c->size);
}

static void write_item(
	const struct resource *item, bool with_secrets, const unsigned char *key, struct buf *out)
{
	write_text(out, item->id);
	buf_addc(out, '\n');
	if (item->content)
		write_content(item, with_secrets, key, out);
	if (item->where.file) {
		buf_adds(out, "\tfrom ");
		write_text(out, item->where.file);
		buf_addf(out, ":%u:%u\n", item->where.line, item->where.column);
	}
	if (item->secret)
		buf_adds(out, "\tsecret\n");
	for (size_t i = 0; i < item->n_attrs; i++) {
		buf_adds(out, "\t=");
		write_text(out, item->attrs[i].key);
		buf_addc(out, ' ');
		write_text(out, item->attrs[i].value);
		buf_addc(out, '\n');
	}
}

static int compare_contents(const void *a, const void *b)
{
	const struct content *const *p = a, *const *q = b;

	return memcmp((*p)->hash.bytes, (*q)->hash.bytes, HASH_SIZE);
}

void resources_write(const struct resources *r, bool with_blobs, bool with_secrets,
	const unsigned char key[HASH_SIZE], struct buf *out)
{
	_cleanup_free_ const struct content **blobs = NULL;
	size_t n = 0, kept = 0;

	buf_adds(out, HEADER "\n");
	for (size_t i = 0; i < r->n_metas; i++) {
		buf_adds(out, "meta ");
		write_text(out, r->metas[i].key);
		buf_addc(out, ' ');
		write_text(out, r->metas[i].value);
		buf_addc(out, '\n');
	}
	blobs = xmalloc((r->n + 1) * sizeof(struct content *));
	for (size_t i = 0; i < r->n; i++) {
		write_item(r->items[i], with_secrets, key, out);
		if (has_blob(r->items[i], with_blobs, with_secrets))
			blobs[n++] = r->items[i]->content;
	}
	qsort(blobs, n, sizeof(struct content *), compare_contents);
	for (size_t i = 0; i < n; i++)
		if (!kept || compare_contents(&blobs[kept - 1], &blobs[i]) != 0)
			blobs[kept++] = blobs[i];
	buf_addf(out, "blobs %zu\n", kept);
	for (size_t i = 0; i < kept; i++) {
		char text[HASH_TEXT_MAX];

		hash_text(&blobs[i]->hash, SHA256, text);
		buf_addf(out, "%s %zu\n", text, blobs[i]->size);
		buf_add(out, blobs[i]->data, blobs[i]->size);
		buf_addc(out, '\n');
	}
	buf_adds(out, "end\n");
}

/* The reading side: a cursor over the bytes. */
struct input {
	const char *at, *end;
	unsigned line;
	struct resources *set;
	/* The attributes of the resource that is being read, and how many there were in all. */
	struct attr *attrs;
	size_t n_attrs, cap_attrs, total_attrs;
	struct err *e;
};

static int bad(struct input *in, const char *what)
{
	return err_set(in->e, -EBADMSG, "canonical form, line %u: %s", in->line, what);
}

/* The next line without its newline. */
static int next_line(struct input *in, const char **ret, size_t *ret_size)
{
	const char *newline =
		in->at < in->end ? memchr(in->at, '\n', (size_t)(in->end - in->at)) : NULL;

	in->line++;
	if (!newline)
		return bad(in, "the end is missing");
	*ret = in->at;
	*ret_size = (size_t)(newline - in->at);
	in->at = newline + 1;
	return 0;
}

static bool starts(const char *line, size_t size, const char *word)
{
	size_t n = strlen(word);

	return size >= n && !memcmp(line, word, n);
}

static bool equals(const char *line, size_t size, const char *word)
{
	return size == strlen(word) && !memcmp(line, word, size);
}

/* A decimal number without sign, leading zero or blanks, at most max. */
static bool read_number(const char *s, size_t size, uint64_t max, uint64_t *ret)
{
	uint64_t v = 0;

	if (!size || size > 19 || (size > 1 && *s == '0'))
		return false;
	for (size_t i = 0; i < size; i++) {
		if (s[i] < '0' || s[i] > '9')
			return false;
		v = v * 10 + (uint64_t)(s[i] - '0');
	}
	*ret = v;
	return v <= max;
}

/* "sha256:HEX SIZE" or "hmac-sha256:HEX SIZE" */
static bool read_hash(const char *s, size_t size, struct content *ret)
{
	bool keyed = starts(s, size, HMAC ":");
	size_t n = keyed ? strlen(HMAC ":") : strlen(SHA256 ":");
	uint64_t bytes;

	*ret = (struct content){.keyed = keyed};
	if (!keyed && !starts(s, size, SHA256 ":"))
		return false;
	if (size <= n + 2 * HASH_SIZE || !hash_from_hex(s + n, &ret->hash))
		return false;
	n += 2 * HASH_SIZE;
	if (s[n] != ' ' || !read_number(s + n + 1, size - n - 1, CONTENT_SIZE_MAX, &bytes))
		return false;
	ret->size = (size_t)bytes;
	return true;
}

/* "NAME VALUE", both escaped; a name holds no blank. Of a meta or an attribute, and counted. */
static int read_pair(struct input *in, const char *s, size_t size, struct attr *ret)
{
	const char *blank = memchr(s, ' ', size);
	char *key, *value;

	if (!blank || blank == s)
		return bad(in, "a name and a value are expected");
	if (!text_unescape(in->set->arena, s, (size_t)(blank - s), &key) ||
		!text_unescape(in->set->arena, blank + 1, size - (size_t)(blank + 1 - s), &value))
		return bad(in, "an escape that is not the canonical one");
	if (++in->total_attrs > ATTRS_MAX)
		return err_set(in->e, -E2BIG, "canonical form: more than %d attributes", ATTRS_MAX);
	*ret = (struct attr){key, value};
	return 0;
}

/* "FILE:LINE:COLUMN" */
static bool read_where(struct input *in, const char *s, size_t size, struct where *ret)
{
	const char *second = memrchr(s, ':', size);
	const char *first = second ? memrchr(s, ':', (size_t)(second - s)) : NULL;
	uint64_t line, column;
	char *file;

	if (!first || first == s ||
		!read_number(first + 1, (size_t)(second - first - 1), UINT32_MAX, &line) ||
		!read_number(second + 1, size - (size_t)(second + 1 - s), UINT32_MAX, &column) ||
		!text_unescape(in->set->arena, s, (size_t)(first - s), &file))
		return false;
	*ret = (struct where){file, (unsigned)line, (unsigned)column};
	return true;
}

static int read_attr(struct input *in, const char *s, size_t size)
{
	struct attr attr;
	int r = read_pair(in, s, size, &attr);

	if (r < 0)
		return r;
	if (in->n_attrs && strcmp(in->attrs[in->n_attrs - 1].key, attr.key) > 0)
		return bad(in, "attributes are not in order");
	in->attrs = grow(in->attrs, &in->cap_attrs, in->n_attrs, sizeof(*in->attrs));
	in->attrs[in->n_attrs++] = attr;
	return 0;
}

/* Gives the resource what was read; one array, as adding them one by one would be quadratic. */
static void finish_item(struct input *in, struct resource *item)
{
	if (in->n_attrs)
		item->attrs =
			arena_memdup(in->set->arena, in->attrs, in->n_attrs * sizeof(*in->attrs));
	if (item)
		item->n_attrs = in->n_attrs;
	in->n_attrs = 0;
}

/* The tabbed lines of a resource come in the order content, from, secret, attributes. */
static int read_detail(
	struct input *in, const char *s, size_t size, struct resource *item, int *stage)
{
	if (starts(s, size, "content ") && *stage < 1) {
		struct content *c = arena_new_of(in->set->arena, struct content);

		*stage = 1;
		item->content = c;
		return read_hash(s + 8, size - 8, c)
			       ? 0
			       : bad(in, "content: a hash and a size are expected");
	}
	if (starts(s, size, "from ") && *stage < 2) {
		*stage = 2;
		return read_where(in, s + 5, size - 5, &item->where)
			       ? 0
			       : bad(in, "from: FILE:LINE:COLUMN is expected");
	}
	if (equals(s, size, "secret") && *stage < 3) {
		*stage = 3;
		item->secret = true;
		return 0;
	}
	if (starts(s, size, "=")) {
		*stage = 4;
		return read_attr(in, s + 1, size - 1);
	}
	return bad(in, "content, from, secret or an attribute is expected, in this order");
}

/* "type:name"; a type is never the words that other lines begin with, as no blank is in it. */
static bool is_id(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz-");

	return n && s[n] == ':' && s[n + 1];
}

static int read_id(struct input *in, const char *s, size_t size, struct resource **ret)
{
	char *id;

	if (!text_unescape(in->set->arena, s, size, &id) || !is_id(id))
		return bad(in, "a resource's id is expected");
	if (in->set->n && strcmp(in->set->items[in->set->n - 1]->id, id) >= 0)
		return bad(in, "resources are not in order");
	if (in->set->n == RESOURCES_MAX)
		return err_set(
			in->e, -E2BIG, "canonical form: more than %d resources", RESOURCES_MAX);
	*ret = resources_add(in->set, id);
	return 0;
}

static int read_meta(struct input *in, const char *s, size_t size)
{
	struct attr meta;
	int r = read_pair(in, s, size, &meta);

	if (r < 0)
		return r;
	if (in->set->n_metas && strcmp(in->set->metas[in->set->n_metas - 1].key, meta.key) > 0)
		return bad(in, "metas are not in order");
	resources_meta(in->set, meta.key, meta.value);
	return 0;
}

/* Everything up to the line "blobs N". */
static int read_items(struct input *in, uint64_t *ret_blobs)
{
	struct resource *item = NULL;
	int stage = 0;

	for (;;) {
		const char *s;
		size_t size;
		int r = next_line(in, &s, &size);

		if (r < 0)
			return r;
		if (!item && starts(s, size, "meta ")) {
			r = read_meta(in, s + 5, size - 5);
		} else if (size && *s == '\t') {
			r = item ? read_detail(in, s + 1, size - 1, item, &stage)
				 : bad(in, "a detail without a resource");
		} else {
			finish_item(in, item);
			stage = 0;
			if (starts(s, size, "blobs "))
				return read_number(s + 6, size - 6, RESOURCES_MAX, ret_blobs)
					       ? 0
					       : bad(in, "blobs: a count is expected");
			r = read_id(in, s, size, &item);
		}
		if (r < 0)
			return r;
	}
}

static int compare_wanting(const void *a, const void *b)
{
	const struct resource *const *p = a, *const *q = b;

	return compare_contents(&(*p)->content, &(*q)->content);
}

/* Gives the bytes of one blob to every resource that names its hash. */
static int read_blob(struct input *in, struct resource **wanting, size_t n, size_t *next)
{
	const char *s;
	size_t size;
	struct content c;
	int r = next_line(in, &s, &size);

	if (r < 0)
		return r;
	if (!read_hash(s, size, &c) || c.keyed)
		return bad(in, "a blob's hash and size are expected");
	if ((size_t)(in->end - in->at) <= c.size || in->at[c.size] != '\n')
		return bad(in, "a blob is cut off");
	struct content *whole =
		content_new(in->set->arena, arena_memdup(in->set->arena, in->at, c.size), c.size);
	if (!hash_equal(&whole->hash, &c.hash))
		return bad(in, "a blob does not have the hash that stands before it");
	in->at += c.size + 1;
	while (*next < n &&
		memcmp(wanting[*next]->content->hash.bytes, c.hash.bytes, HASH_SIZE) < 0)
		(*next)++;
	size_t first = *next;
	for (; *next < n && hash_equal(&wanting[*next]->content->hash, &c.hash); (*next)++) {
		if (wanting[*next]->content->size != c.size)
			return bad(in, "a content's size is not its blob's");
		wanting[*next]->content = whole;
	}
	return *next > first ? 0 : bad(in, "a blob out of order, or that nothing names");
}

static int read_blobs(struct input *in, uint64_t n_blobs)
{
	_cleanup_free_ struct resource **wanting = xmalloc((in->set->n + 1) * sizeof *wanting);
	size_t n = 0, next = 0;

	for (size_t i = 0; i < in->set->n; i++)
		if (in->set->items[i]->content && !in->set->items[i]->content->keyed)
			wanting[n++] = in->set->items[i];
	qsort(wanting, n, sizeof(struct resource *), compare_wanting);
	for (uint64_t i = 0; i < n_blobs; i++) {
		int r = read_blob(in, wanting, n, &next);

		if (r < 0)
			return r;
	}
	return 0;
}

static int read_all(struct input *in)
{
	const char *s = NULL;
	size_t size = 0;
	uint64_t n_blobs = 0;
	int r = next_line(in, &s, &size);

	if (r < 0)
		return r;
	if (!equals(s, size, HEADER))
		return bad(in, "\"" HEADER "\" is expected");
	r = read_items(in, &n_blobs);
	if (r < 0)
		return r;
	r = read_blobs(in, n_blobs);
	if (r < 0)
		return r;
	r = next_line(in, &s, &size);
	if (r < 0)
		return r;
	if (!equals(s, size, "end") || in->at != in->end)
		return bad(in, "\"end\" and nothing behind it is expected");
	return 0;
}

int resources_read(const void *data, size_t size, struct resources **ret, struct err *e)
{
	if (size > RESOURCES_SIZE_MAX)
		return err_set(
			e, -E2BIG, "canonical form: larger than %u bytes", RESOURCES_SIZE_MAX);
	_cleanup_resources_ struct resources *set = resources_new();
	const char *bytes = data;
	struct input in = {.at = bytes, .end = bytes + size, .set = set, .e = e};
	int r = read_all(&in);

	free(in.attrs);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(set);
	return 0;
}
