/*
 * Sets of resources in memory: building, sorting, finding (resources.h).
 * Does not know what a type means, and does no I/O. Called by the reader, engine and modules.
 */
#include "l4sync/resources.h"

#include <errno.h>
#include <string.h>

struct resources *resources_new(void)
{
	struct arena *a = arena_new();
	struct resources *r = arena_new_of(a, struct resources);

	r->arena = a;
	return r;
}

void resources_free(struct resources *r)
{
	if (!r)
		return;
	free(r->items);
	free(r->metas);
	arena_free(r->arena);
}

void resources_freep(struct resources **r)
{
	resources_free(*r);
	*r = NULL;
}

void resources_add_ref(struct resources *r, struct resource *item)
{
	r->items = grow(r->items, &r->cap, r->n, sizeof(*r->items));
	r->items[r->n++] = item;
}

struct resource *resources_add(struct resources *r, const char *id)
{
	struct resource *item = arena_new_of(r->arena, struct resource);

	item->id = arena_strdup(r->arena, id);
	resources_add_ref(r, item);
	return item;
}

void resources_meta(struct resources *r, const char *name, const char *value)
{
	r->metas = grow(r->metas, &r->cap_metas, r->n_metas, sizeof(*r->metas));
	r->metas[r->n_metas++] = (struct attr){
		.key = arena_strdup(r->arena, name),
		.value = arena_strdup(r->arena, value),
	};
}

const char *resources_get_meta(const struct resources *r, const char *name)
{
	for (size_t i = 0; i < r->n_metas; i++)
		if (!strcmp(r->metas[i].key, name))
			return r->metas[i].value;
	return NULL;
}

void resource_add(struct arena *a, struct resource *item, const char *key, const char *value)
{
	struct attr *attrs = arena_array(a, struct attr, item->n_attrs + 1);
	size_t at = item->n_attrs;

	while (at && strcmp(item->attrs[at - 1].key, key) > 0)
		at--;
	if (item->n_attrs) {
		memcpy(attrs, item->attrs, at * sizeof(*attrs));
		memcpy(attrs + at + 1, item->attrs + at, (item->n_attrs - at) * sizeof(*attrs));
	}
	attrs[at] = (struct attr){arena_strdup(a, key), arena_strdup(a, value)};
	item->attrs = attrs;
	item->n_attrs++;
}

void resource_set(struct arena *a, struct resource *item, const char *key, const char *value)
{
	/* A new array, as resource_add makes one: copies of a resource share the old one. */
	struct attr *attrs = arena_array(a, struct attr, item->n_attrs);
	size_t n = 0;

	for (size_t i = 0; i < item->n_attrs; i++)
		if (strcmp(item->attrs[i].key, key) != 0)
			attrs[n++] = item->attrs[i];
	item->attrs = attrs;
	item->n_attrs = n;
	if (value)
		resource_add(a, item, key, value);
}

/* The values of a key stand together: the first one's index, or n_attrs. */
static size_t attr_first(const struct resource *item, const char *key)
{
	size_t i = 0;

	while (item && i < item->n_attrs && strcmp(item->attrs[i].key, key) != 0)
		i++;
	return i;
}

const char *resource_get(const struct resource *item, const char *key)
{
	size_t i = attr_first(item, key);

	return item && i < item->n_attrs ? item->attrs[i].value : NULL;
}

const char *resource_path(const struct resource *item)
{
	const char *path = resource_get(item, "path"), *name = resource_name(item->id);

	return path ? path : *name == '/' ? name : NULL;
}

bool resource_has(const struct resource *item, const char *key, const char *value)
{
	for (size_t i = 0; item && i < item->n_attrs; i++)
		if (!strcmp(item->attrs[i].key, key) && !strcmp(item->attrs[i].value, value))
			return true;
	return false;
}

static const char *value_at(const struct resource *item, size_t i, const char *key)
{
	return item && i < item->n_attrs && !strcmp(item->attrs[i].key, key) ? item->attrs[i].value
									     : NULL;
}

bool resource_same(const struct resource *a, const struct resource *b, const char *key)
{
	for (size_t i = attr_first(a, key), j = attr_first(b, key);; i++, j++) {
		const char *v = value_at(a, i, key), *w = value_at(b, j, key);

		if (!v || !w)
			return v == w;
		if (strcmp(v, w) != 0)
			return false;
	}
}

struct content *content_new(struct arena *a, const void *data, size_t size)
{
	struct content *c = arena_new_of(a, struct content);

	/* An empty file read into no buffer is known all the same. */
	if (!data && !size)
		data = "";
	*c = (struct content){.size = size, .data = data, .hash = hash_sha256(data, size)};
	return c;
}

/* A secret's hash that could not be made, for want of the bytes or of the key. */
static bool is_unknown(const struct content *c)
{
	static const struct hash none;

	return c->keyed && hash_equal(&c->hash, &none);
}

bool content_same(
	const struct content *a, const struct content *b, const unsigned char key[HASH_SIZE])
{
	if (!a || !b)
		return a == b;
	if (a->size != b->size || is_unknown(a) || is_unknown(b))
		return false;
	if (a->keyed == b->keyed)
		return hash_equal(&a->hash, &b->hash);
	const struct content *keyed = a->keyed ? a : b, *plain = a->keyed ? b : a;
	if (!key || !plain->data)
		return false;
	struct hash h = hash_hmac(key, plain->data, plain->size);
	return hash_equal(&h, &keyed->hash);
}

bool resource_is(const struct resource *item, const char *type)
{
	size_t n = strlen(type);

	return !strncmp(item->id, type, n) && item->id[n] == ':';
}

const char *resource_name(const char *id)
{
	const char *colon = strchr(id, ':');

	return colon ? colon + 1 : id;
}

static int compare_items(const void *a, const void *b)
{
	return strcmp((*(struct resource *const *)a)->id, (*(struct resource *const *)b)->id);
}

int resources_sort(struct resources *r, struct resource **duplicate)
{
	/* Insertion keeps equal names in their order, and a set has a handful of metas. */
	for (size_t i = 1; i < r->n_metas; i++)
		for (size_t j = i; j && strcmp(r->metas[j - 1].key, r->metas[j].key) > 0; j--) {
			struct attr swap = r->metas[j];

			r->metas[j] = r->metas[j - 1];
			r->metas[j - 1] = swap;
		}
	if (r->n)
		qsort(r->items, r->n, sizeof(*r->items), compare_items);
	for (size_t i = 1; i < r->n; i++)
		if (!strcmp(r->items[i - 1]->id, r->items[i]->id)) {
			if (duplicate)
				*duplicate = r->items[i];
			return -EEXIST;
		}
	return 0;
}

struct resource *resources_find(const struct resources *r, const char *id)
{
	size_t low = 0, high = r ? r->n : 0;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int c = strcmp(r->items[middle]->id, id);

		if (!c)
			return r->items[middle];
		if (c < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}
