/*
 * What tells two definitions of an action apart, and two versions of what it runs for (action.h).
 * Pure. Called when a plan is made and when an action is queued.
 */
#include <string.h>

#include "l4sync/action.h"
#include "l4sync/module.h"
#include "l4sync/text.h"

static bool in_list(const char *const *list, const char *key)
{
	for (; list && *list; list++)
		if (!strcmp(*list, key))
			return true;
	return false;
}

/* One line each, so that no two sets of them look alike. */
static void add_attrs(struct buf *b, const struct resource *item, const char *const *keys,
	const struct resource *like)
{
	for (size_t i = 0; i < item->n_attrs; i++) {
		const struct attr *attr = &item->attrs[i];

		if (!in_list(keys, attr->key) || (like && !resource_get(like, attr->key)))
			continue;
		buf_addf(b, "%s=", attr->key);
		text_escape(b, attr->value, strlen(attr->value));
		buf_addc(b, '\n');
	}
}

static const char *hash_of(struct arena *a, const struct buf *b)
{
	struct hash h = hash_sha256(b->data, b->size);
	char text[HASH_TEXT_MAX];

	hash_text(&h, "sha256", text);
	return arena_strdup(a, text);
}

const char *action_definition(struct arena *a, const struct resource *action)
{
	static const char *const keys[] = {"run", "shell", "user", "cwd", "env", "env_file", NULL};
	_cleanup_buf_ struct buf b = BUF_INIT;

	buf_adds(&b, "action\n");
	add_attrs(&b, action, keys, NULL);
	return hash_of(a, &b);
}

static void add_content(
	struct buf *b, const struct content *c, bool secret, const unsigned char *key)
{
	char text[HASH_TEXT_MAX];
	struct hash h = c->hash;
	bool keyed = c->keyed;

	if (secret && !keyed && c->data && key) {
		h = hash_hmac(key, c->data, c->size);
		keyed = true;
	}
	/* A plain hash of a secret is never kept. */
	if (secret && !keyed)
		return;
	hash_text(&h, keyed ? "hmac-sha256" : "sha256", text);
	buf_addf(b, "content %s\n", text);
}

const char *resource_identity(struct arena *a, const struct resource *item,
	const struct resource *like, const unsigned char *key)
{
	static const char *const also[] = {"target", "type", NULL};
	_cleanup_buf_ struct buf b = BUF_INIT;

	if (!item)
		return "absent";
	const struct module *m = module_of(modules, item->id);
	buf_adds(&b, "resource\n");
	add_attrs(&b, item, m ? m->compared : NULL, like);
	if (!m || !in_list(m->compared, "target"))
		add_attrs(&b, item, also, NULL);
	if (item->content)
		add_content(&b, item->content, item->secret || (like && like->secret), key);
	return hash_of(a, &b);
}
