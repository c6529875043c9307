/*
 * YAML text to a tree of nodes, by libyaml, within limits (node.h); merging of two trees.
 * Knows nothing of what the keys mean. Called by the reader.
 */
#include "l4sync/node.h"

#include <errno.h>
#include <string.h>
#include <yaml.h>

/* What is known of a node of the YAML document while it is converted. */
enum { SEEN = 1, OPEN = 2 };

struct loader {
	struct arena *arena;
	const char *file;
	yaml_document_t *doc;
	unsigned char *states; /* by the document's node numbers, from 1 */
	size_t count;          /* nodes made, with aliases expanded */
	struct diags *diags;
};

static struct where mark_where(const char *file, yaml_mark_t mark)
{
	return (struct where){file, (unsigned)mark.line + 1, (unsigned)mark.column + 1};
}

static struct node *convert(struct loader *l, int number, unsigned depth);

static bool is_null(const yaml_node_t *y)
{
	static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};

	if (y->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
		return false;
	for (size_t i = 0; i < ELEMENTS(nulls); i++)
		if (!strcmp((const char *)y->data.scalar.value, nulls[i]))
			return true;
	return false;
}

static bool convert_scalar(struct loader *l, const yaml_node_t *y, struct node *n)
{
	const char *text = (const char *)y->data.scalar.value;

	if (strlen(text) != y->data.scalar.length) {
		diag_add(l->diags, n->where, "a text cannot hold a NUL character (\\0)");
		return false;
	}
	n->kind = is_null(y) ? NODE_NULL : NODE_SCALAR;
	n->plain = y->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	n->text = arena_strdup(l->arena, text);
	return true;
}

static bool convert_seq(struct loader *l, const yaml_node_t *y, struct node *n, unsigned depth)
{
	size_t size = (size_t)(y->data.sequence.items.top - y->data.sequence.items.start);

	n->kind = NODE_SEQ;
	n->items = arena_array(l->arena, struct node *, size);
	for (; n->n < size; n->n++) {
		n->items[n->n] = convert(l, y->data.sequence.items.start[n->n], depth + 1);
		if (!n->items[n->n])
			return false;
	}
	return true;
}

/* Equal keys next to each other, in the order of the file. */
static int compare_keys(const void *a, const void *b)
{
	const struct node *p = *(struct node *const *)a, *q = *(struct node *const *)b;
	int c = strcmp(p->text, q->text);

	return c ? c : where_compare(&p->where, &q->where);
}

static void report_duplicates(struct loader *l, const struct node *map)
{
	if (map->n < 2)
		return;
	_cleanup_free_ struct node **keys = xmalloc(map->n * sizeof *keys);
	memcpy(keys, map->keys, map->n * sizeof *keys);
	qsort(keys, map->n, sizeof *keys, compare_keys);
	for (size_t i = 1; i < map->n; i++)
		if (!strcmp(keys[i - 1]->text, keys[i]->text))
			diag_add(l->diags, keys[i]->where,
				"the key \"%s\" was given before, in line %u, column %u; "
				"each key can be given once",
				keys[i]->text, keys[i - 1]->where.line, keys[i - 1]->where.column);
}

static bool convert_map(
	struct loader *l, const yaml_node_t *y, struct node *n, unsigned depth, bool first_visit)
{
	size_t size = (size_t)(y->data.mapping.pairs.top - y->data.mapping.pairs.start);

	n->kind = NODE_MAP;
	n->keys = arena_array(l->arena, struct node *, size);
	n->items = arena_array(l->arena, struct node *, size);
	for (; n->n < size; n->n++) {
		const yaml_node_pair_t *pair = y->data.mapping.pairs.start + n->n;
		struct node *key = convert(l, pair->key, depth + 1);

		if (!key)
			return false;
		if (!key->text) {
			diag_add(l->diags, key->where, "a key must be a text, not %s",
				node_kind_text(key));
			return false;
		}
		n->keys[n->n] = key;
		n->items[n->n] = convert(l, pair->value, depth + 1);
		if (!n->items[n->n])
			return false;
	}
	if (first_visit)
		report_duplicates(l, n);
	return true;
}

/* libyaml gives a node without a tag, or with "!", the tag of its kind. */
static bool has_default_tag(const yaml_node_t *y)
{
	const char *tag = (const char *)y->tag;
	const char *usual = y->type == YAML_SCALAR_NODE     ? YAML_STR_TAG
			    : y->type == YAML_SEQUENCE_NODE ? YAML_SEQ_TAG
							    : YAML_MAP_TAG;

	return !tag || !strcmp(tag, usual);
}

/* Limits of the document at one node; false and reported past them. */
static bool within_limits(struct loader *l, struct where where, unsigned depth)
{
	if (depth > NODE_DEPTH_MAX) {
		diag_add(l->diags, where, "nested more than %d deep", NODE_DEPTH_MAX);
		return false;
	}
	if (++l->count > NODE_COUNT_MAX) {
		diag_add(l->diags, where,
			"more than %d keys and values once the aliases (*name) are expanded",
			NODE_COUNT_MAX);
		return false;
	}
	return true;
}

/* One node of the document with all below it, or NULL: something was reported, stop. */
static struct node *convert(struct loader *l, int number, unsigned depth)
{
	const yaml_node_t *y = yaml_document_get_node(l->doc, number);
	unsigned char *state = &l->states[number];
	struct node *n = arena_new_of(l->arena, struct node);
	bool first_visit = !(*state & SEEN), ok;

	n->where = mark_where(l->file, y->start_mark);
	if (*state & OPEN) {
		diag_add(l->diags, n->where, "holds an alias (*name) of itself");
		return NULL;
	}
	if (!within_limits(l, n->where, depth))
		return NULL;
	if (!has_default_tag(y)) {
		diag_add(l->diags, n->where, "the YAML tag %s is not known; leave it out", y->tag);
		return NULL;
	}
	*state = SEEN | OPEN;
	if (y->type == YAML_SCALAR_NODE)
		ok = convert_scalar(l, y, n);
	else if (y->type == YAML_SEQUENCE_NODE)
		ok = convert_seq(l, y, n, depth);
	else
		ok = convert_map(l, y, n, depth, first_visit);
	*state = SEEN;
	return ok ? n : NULL;
}

/* The character at a mark, which counts characters; 0 at the end. */
static char char_at(const char *text, const char *end, size_t index)
{
	for (; text < end; text++)
		if ((*text & 0xc0) != 0x80 && !index--)
			return *text;
	return 0;
}

/* What would be right, where libyaml's words do not say it. */
static const char *syntax_hint(const yaml_parser_t *parser)
{
	const char *text = (const char *)parser->input.string.start;
	const char *end = (const char *)parser->input.string.end;
	char c = char_at(text, end, parser->problem_mark.index);

	if (c == '\t')
		return "; indent with spaces, not with tabs";
	if (c == '%' || c == '@' || c == '`')
		return "; a text that begins with %, @ or ` must stand in quotes";
	if (strstr(parser->problem, "alias") ||
		(parser->context && strstr(parser->context, "alias")))
		return "; a text or glob that begins with * must stand in quotes";
	return "";
}

/* Bytes that are no text at all. */
static void report_bytes(const yaml_parser_t *parser, const char *file, struct diags *diags)
{
	const char *text = (const char *)parser->input.string.start;
	struct where where = {.file = file, .line = 1};

	for (size_t i = 0; i < parser->problem_offset; i++)
		where.line += text[i] == '\n';
	diag_add(diags, where,
		"not valid YAML: byte %zu: %s; the file must be UTF-8 without control characters",
		parser->problem_offset, parser->problem);
}

static void report_syntax(const yaml_parser_t *parser, const char *file, struct diags *diags)
{
	yaml_mark_t at = parser->problem_mark;

	if (parser->error == YAML_MEMORY_ERROR)
		diag_add(diags, (struct where){.file = file}, "out of memory");
	else if (!parser->problem)
		diag_add(diags, (struct where){.file = file}, "not valid YAML: cannot be read");
	else if (parser->error == YAML_READER_ERROR)
		report_bytes(parser, file, diags);
	else if (parser->context)
		diag_add(diags, mark_where(file, at),
			"not valid YAML: %s, %s that begins in line %zu%s", parser->problem,
			parser->context, parser->context_mark.line + 1, syntax_hint(parser));
	else
		diag_add(diags, mark_where(file, at), "not valid YAML: %s%s", parser->problem,
			syntax_hint(parser));
}

static struct node *empty_map(struct arena *a, const char *file)
{
	struct node *n = arena_new_of(a, struct node);

	n->kind = NODE_MAP;
	n->where = (struct where){file, 1, 1};
	return n;
}

/* The parser's next document; *ret NULL when there is none left. */
static int load(struct arena *a, yaml_parser_t *parser, const char *file, struct node **ret,
	struct diags *diags)
{
	yaml_document_t doc;

	if (!yaml_parser_load(parser, &doc)) {
		report_syntax(parser, file, diags);
		return -EINVAL;
	}
	*ret = NULL;
	int r = 0;
	if (yaml_document_get_root_node(&doc)) {
		size_t n_nodes = (size_t)(doc.nodes.top - doc.nodes.start);
		struct loader l = {
			.arena = a,
			.file = file,
			.doc = &doc,
			.states = arena_array(a, unsigned char, n_nodes + 1),
			.diags = diags,
		};

		*ret = convert(&l, 1, 1);
		r = *ret ? 0 : -EINVAL;
	}
	yaml_document_delete(&doc);
	return r;
}

/* Windows' editors begin a file so; it says nothing in UTF-8, and libyaml takes it for text. */
static size_t byte_order_mark(const void *data, size_t size)
{
	return size >= 3 && !memcmp(data, "\xef\xbb\xbf", 3) ? 3 : 0;
}

int node_parse(struct arena *a, const char *file, const void *data, size_t size, struct node **ret,
	struct diags *diags)
{
	size_t before = diags->total;
	size_t skipped = byte_order_mark(data, size);
	struct node *root = NULL, *second = NULL;
	yaml_parser_t parser;

	if (size > NODE_FILE_SIZE_MAX)
		return diag_add(diags, (struct where){.file = file},
			"larger than %u bytes, the most that a manifest can have",
			NODE_FILE_SIZE_MAX);
	if (!yaml_parser_initialize(&parser))
		return diag_add(diags, (struct where){.file = file}, "out of memory");
	file = arena_strdup(a, file);
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(
		&parser, (const unsigned char *)data + skipped, size - skipped);
	int r = load(a, &parser, file, &root, diags);
	if (!r && root)
		r = load(a, &parser, file, &second, diags);
	if (!r && second)
		diag_add(diags, second->where,
			"a second YAML document; the file must hold one (no \"---\" between)");
	yaml_parser_delete(&parser);
	if (diags->total != before)
		return -EINVAL;
	*ret = root && root->kind != NODE_NULL ? root : empty_map(a, file);
	return 0;
}

static size_t find_key(const struct node *map, const char *key)
{
	size_t i = 0;

	while (i < map->n && strcmp(map->keys[i]->text, key) != 0)
		i++;
	return i;
}

struct node *node_get(const struct node *map, const char *key)
{
	size_t i = find_key(map, key);

	return i < map->n ? map->items[i] : NULL;
}

struct node *node_merge(struct arena *a, struct node *base, struct node *over)
{
	if (over->kind != NODE_MAP)
		return over;
	/* Also over nothing a map is walked: a null in it has nothing to delete, and goes. */
	size_t n_base = base && base->kind == NODE_MAP ? base->n : 0;
	struct node *result = arena_new_of(a, struct node);

	*result = *over;
	result->n = 0;
	result->keys = arena_array(a, struct node *, n_base + over->n);
	result->items = arena_array(a, struct node *, n_base + over->n);
	for (size_t i = 0; i < n_base; i++) {
		struct node *by = node_get(over, base->keys[i]->text);

		if (by && by->kind == NODE_NULL)
			continue;
		result->keys[result->n] = base->keys[i];
		result->items[result->n++] =
			by ? node_merge(a, base->items[i], by) : base->items[i];
	}
	for (size_t i = 0; i < over->n; i++) {
		if (over->items[i]->kind == NODE_NULL ||
			(n_base && node_get(base, over->keys[i]->text)))
			continue;
		result->keys[result->n] = over->keys[i];
		result->items[result->n++] = node_merge(a, NULL, over->items[i]);
	}
	return result;
}
