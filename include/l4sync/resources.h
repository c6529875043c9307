/*
 * The canonical form: a sorted set of resources with attributes and content, in memory and as
 * bytes. What the unprivileged reader hands to the root part, what a generation stores, what the
 * journal says was there before, what plans are made from, what `diff A..B` compares.
 * It knows nothing of what a type means; that is the modules' business.
 *
 * The bytes, all of it lines, escaped as text_escape() does, so that every set has exactly one
 * serialization and reading one back is total:
 *
 *	l4sync-resources 1
 *	meta NAME VALUE                        sorted by name; equal names keep their order
 *	file:/etc/left4me/host.env             resources, sorted by id (bytes)
 *	<TAB>content sha256:HEX SIZE           or hmac-sha256:HEX SIZE when the content is withheld
 *	<TAB>from root/etc/left4me/host.env:3:7
 *	<TAB>secret
 *	<TAB>=group left4me                    attributes, by key; equal keys keep order
 *	<TAB>=mode 0640
 *	blobs N                                each content once, sorted by hash
 *	sha256:HEX SIZE
 *	SIZE bytes, then a newline
 *	end
 */
#ifndef L4SYNC_RESOURCES_H
#define L4SYNC_RESOURCES_H

#include <stdbool.h>
#include <stddef.h>

#include "l4sync/err.h"
#include "l4sync/hash.h"
#include "l4sync/mem.h"

/* Limits of one set; past one of them reading is refused (-E2BIG). */
#define RESOURCES_MAX 100000
#define ATTRS_MAX 1000000               /* attributes and metas, of all resources together */
#define CONTENT_SIZE_MAX (64u << 20)    /* bytes, one file */
#define RESOURCES_SIZE_MAX (512u << 20) /* bytes, the serialization */

/* What a resource holds: bytes, or only their hash where the bytes are withheld or not loaded. */
struct content {
	size_t size;
	const void *data; /* NULL: only the hash is known */
	struct hash hash; /* of the bytes */
	bool keyed;       /* the hash is an HMAC under the host's key */
	bool fresh;       /* with a secret that was made for this run: another run makes another */
};

struct attr {
	const char *key;   /* not empty, without a blank */
	const char *value; /* text as written; never NULL */
};

struct resource {
	const char *id;                /* "file:/etc/x": type (a-z and -), colon, name */
	const struct content *content; /* NULL: this type, or this file, has none */
	struct where where;            /* where the state says so */
	bool secret;                   /* content is never shown, logged or stored */
	size_t n_attrs;
	struct attr *attrs; /* sorted by key */
};

struct resources {
	struct arena *arena; /* holds all of it; owned unless the maker of the set says otherwise */
	size_t n_metas, cap_metas;
	struct attr *metas; /* "host", "source", "purge", … ; sorted by resources_sort() */
	size_t n, cap;
	struct resource **items;
};

struct resources *resources_new(void);
void resources_free(struct resources *r);
void resources_freep(struct resources **r);
#define _cleanup_resources_ __attribute__((cleanup(resources_freep)))

/* Adds an empty resource; the id is copied. Duplicates are found by resources_sort(). */
struct resource *resources_add(struct resources *r, const char *id);
/* Adds the same pointers; the other set must live as long as this one. */
void resources_add_ref(struct resources *r, struct resource *item);
void resources_meta(struct resources *r, const char *name, const char *value);
const char *resources_get_meta(const struct resources *r, const char *name); /* first or NULL */

/* Appends an attribute, keeping the order by key (equal keys in the order of the calls). */
void resource_add(struct arena *a, struct resource *item, const char *key, const char *value);
/* Replaces all of that key by one value; NULL removes. */
void resource_set(struct arena *a, struct resource *item, const char *key, const char *value);
const char *resource_get(const struct resource *item, const char *key); /* first or NULL */
/* Where it stands in the file tree: its attribute "path" (unit, dropin), or its name (file, link,
 * dir); NULL for what stands nowhere. */
const char *resource_path(const struct resource *item);
bool resource_has(const struct resource *item, const char *key, const char *value);
/* Whether all values of the key are the same in both, in order. Either may be NULL (absent). */
bool resource_same(const struct resource *a, const struct resource *b, const char *key);

struct content *content_new(struct arena *a, const void *data, size_t size); /* bytes not copied */
/* Same bytes? Where one side is keyed, the other's bytes are hashed with the key. Where that cannot
 * be told (no key, no bytes, a keyed hash of all zeros), they are not. */
bool content_same(
	const struct content *a, const struct content *b, const unsigned char key[HASH_SIZE]);

/* "file:/etc/x" is of type "file" and has the name "/etc/x" (points into the id). */
bool resource_is(const struct resource *item, const char *type);
const char *resource_name(const char *id);

/* Sorts by id. -EEXIST (and *duplicate, if not NULL) when two have the same id. */
int resources_sort(struct resources *r, struct resource **duplicate);
struct resource *resources_find(const struct resources *r, const char *id); /* needs a sorted set */

/*
 * Writes the canonical form of a sorted set. Contents whose bytes are there are written as blobs
 * if with_blobs; a secret one never unless with_secrets. A secret content that is not written is
 * recorded by its HMAC under key (then key must not be NULL).
 */
void resources_write(const struct resources *r, bool with_blobs, bool with_secrets,
	const unsigned char key[HASH_SIZE], struct buf *out);

/*
 * Reads it back. Strict: anything that resources_write would not have written is refused
 * (-EBADMSG with the line's number). The bytes are copied where they are kept.
 */
int resources_read(const void *data, size_t size, struct resources **ret, struct err *e);

#endif
