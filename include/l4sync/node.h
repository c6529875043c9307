/*
 * A YAML document as a tree whose every node knows its file, line and column. Merging of overlays
 * and typed access with errors in words. Knows YAML, but nothing of what the keys mean.
 * Called by the reader and by the modules' parse functions, in the unprivileged child only.
 */
#ifndef L4SYNC_NODE_H
#define L4SYNC_NODE_H

#include <stdbool.h>
#include <stddef.h>

#include "l4sync/err.h"
#include "l4sync/mem.h"

enum node_kind { NODE_NULL, NODE_SCALAR, NODE_SEQ, NODE_MAP };

struct node {
	enum node_kind kind;
	struct where where;
	const char *text; /* NODE_SCALAR: as written, after YAML's unquoting */
	bool plain;       /* NODE_SCALAR: it stood without quotes */
	size_t n;         /* NODE_SEQ: items; NODE_MAP: keys and values in the order of the file */
	struct node **keys; /* NODE_MAP: scalars */
	struct node **items;
};

/* Limits: past them the document is refused with a message. */
#define NODE_FILE_SIZE_MAX (1u << 20) /* bytes of one YAML file */
#define NODE_COUNT_MAX 100000         /* nodes after aliases were expanded */
#define NODE_DEPTH_MAX 32

/*
 * Parses one document. Duplicate keys, keys that are no scalars, several documents, aliases that
 * explode or recurse and the limits above are reported to diags. Returns 0, or -EINVAL if anything
 * was reported; an empty document is an empty map.
 */
int node_parse(struct arena *a, const char *file, const void *data, size_t size, struct node **ret,
	struct diags *diags);

/* over merged over base (SPEC 2): maps by key, lists and scalars replace, null deletes.
 * Neither is changed; the result shares nodes with both. */
struct node *node_merge(struct arena *a, struct node *base, struct node *over);

/* "a map", "a list", "a text" or "empty", for messages. */
const char *node_kind_text(const struct node *n);

/* The value of a key, or NULL. */
struct node *node_get(const struct node *map, const char *key);

/* Reports every key of the map that is not in the NULL-terminated list, naming the nearest one. */
int node_keys(const struct node *map, const char *const *known, struct diags *diags);

/* Typed access; a wrong type is reported as "units: must be a map, not a list". what names the
 * node for the reader of the message. All return 0 or -EINVAL (reported). */
int node_want_map(const struct node *n, const char *what, struct diags *diags);
int node_want_seq(const struct node *n, const char *what, struct diags *diags);
int node_want_text(const struct node *n, const char *what, const char **ret, struct diags *diags);
int node_want_bool(const struct node *n, const char *what, bool *ret, struct diags *diags);
/* Octal, quoted or not, at most 07777; *ret in the arena as four digits: "0640". */
int node_want_mode(struct arena *a, const struct node *n, const char *what, const char **ret,
	struct diags *diags);
/* systemd.time(7) span ("5s", "1min 30s", "10m", a bare number is seconds); in nanoseconds. */
int node_want_time(
	const struct node *n, const char *what, unsigned long long *ret_ns, struct diags *diags);

#endif
