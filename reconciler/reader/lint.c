/*
 * `lint:` of the manifest: which findings are silenced, and why, as metas of the want (lint.h).
 * Finds nothing itself. Called by manifest_read().
 */
#include "l4sync/lint.h"

#include <errno.h>
#include <string.h>

#include "l4sync/check.h"
#include "l4sync/text.h"
#include "reader_internal.h"

/* What each key of an entry is for, so that one that is missing can be asked for. */
static const struct {
	const char *key, *is;
} entry_keys[] = {
	{"code", "the code of the findings, as `l4sync lint` shows it in brackets"},
	{"where", "a glob over their files, as root/etc/systemd/**"},
	{"reason", "why they are right as they are"},
};

static int parse_text(struct reader *r, const struct node *entry, size_t i, const char **ret)
{
	const struct node *n = node_get(entry, entry_keys[i].key);

	if (!n || n->kind == NODE_NULL || (n->kind == NODE_SCALAR && !*n->text))
		return diag_add(r->diags, n ? n->where : entry->where,
			"lint: ignore: \"%s\" is missing: %s", entry_keys[i].key, entry_keys[i].is);
	if (node_want_text(n, entry_keys[i].key, ret, r->diags) < 0)
		return -EINVAL;
	if (!check_is_line(*ret))
		return diag_add(r->diags, n->where, "lint: ignore: %s: must be one line of text",
			entry_keys[i].key);
	return 0;
}

static int check_code(struct reader *r, const struct node *n)
{
	const char *const *codes = lint_codes(r->arena), *near = text_nearest(n->text, codes);

	for (; *codes; codes++)
		if (!strcmp(*codes, n->text))
			return 0;
	return diag_add(r->diags, n->where, "lint: ignore: there is no finding \"%s\"%s%s%s",
		n->text,
		near ? "; did you mean \"" : " that could be silenced (l4sync-json(5) lists them)",
		near ? near : "", near ? "\"?" : "");
}

static void parse_entry(struct reader *r, const struct node *entry)
{
	static const char *const known[] = {"code", "where", "reason", NULL};
	struct lint_ignore ignore = {0};
	const char **fields[] = {&ignore.code, &ignore.where, &ignore.reason};
	int bad = node_want_map(entry, "lint: ignore", r->diags);

	if (bad < 0)
		return;
	bad = node_keys(entry, known, r->diags);
	for (size_t i = 0; i < ELEMENTS(fields); i++)
		if (parse_text(r, entry, i, fields[i]) < 0 ||
			(!i && check_code(r, node_get(entry, "code")) < 0))
			bad = -EINVAL;
	if (bad < 0)
		return;
	ignore.from = where_text(r->arena, &entry->where);
	resources_meta(r->want, LINT_IGNORE_META, lint_ignore_format(r->arena, &ignore));
}

void lint_read(struct reader *r)
{
	static const char *const known[] = {"ignore", NULL};
	const struct node *lint = node_get(r->manifest, "lint"), *list;

	if (!lint || lint->kind == NODE_NULL || node_want_map(lint, "lint", r->diags) < 0)
		return;
	node_keys(lint, known, r->diags);
	list = node_get(lint, "ignore");
	if (!list || list->kind == NODE_NULL || node_want_seq(list, "lint: ignore", r->diags) < 0)
		return;
	for (size_t i = 0; i < list->n; i++)
		parse_entry(r, list->items[i]);
}
