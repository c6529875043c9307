/*
 * `purge:` of the manifest, and the table of directories that cannot be meant (purge.h).
 * Looks at no host: what is found there is the plan's business.
 * Called by the module dir.
 */
#include "purge.h"

#include <errno.h>
#include <string.h>

#include "l4sync/check.h"
#include "l4sync/text.h"

/*
 * Directories that packages, users or l4sync itself fill: what the state does not name there is
 * not left over from anything. Of a directory with many owners name one of your own in it.
 */
static const struct row {
	const char *path;
	bool below; /* what is in it may not be purged either */
} rows[] = {
	{"/bin", true},
	{"/boot", true},
	{"/etc/alternatives", true},
	{"/etc/apt", false},
	{"/etc/default", false},
	{"/etc/init.d", true},
	{"/etc/l4sync", true},
	{"/etc/network", false},
	{"/etc/pam.d", true},
	{"/etc/security", true},
	{"/etc/ssh", false},
	{"/etc/ssl", false},
	{"/etc/systemd", false},
	{"/lib", true},
	{"/lib32", true},
	{"/lib64", true},
	{"/sbin", true},
	{"/usr/local", false},
	{"/usr/local/lib/systemd", false},
	{"/var/lib/dpkg", true},
	{"/var/lib/l4sync", true},
	{"/var/lib/systemd", true},
};

/* "/etc", "/home": the first level belongs to nobody alone. */
static bool is_top(const char *path)
{
	return !strchr(path + 1, '/');
}

/* "/var/lib", "/var/log" */
static bool is_below_var(const char *path)
{
	return text_starts(path, "/var/") && !strchr(path + strlen("/var/"), '/');
}

static bool is_in(const char *path, const char *directory)
{
	size_t n = strlen(directory);

	return !strncmp(path, directory, n) && (!path[n] || path[n] == '/');
}

static bool is_shared(const char *path)
{
	if (is_top(path) || is_below_var(path) ||
		(is_in(path, "/usr") && !is_in(path, "/usr/local")))
		return true;
	for (size_t i = 0; i < ELEMENTS(rows); i++)
		if (rows[i].below ? is_in(path, rows[i].path) : !strcmp(path, rows[i].path))
			return true;
	return false;
}

int purge_check(const char *path, struct err *e)
{
	int r = strcmp(path, "/") != 0 ? check_path(path, e) : 0;

	if (r < 0 || !is_shared(path))
		return r;
	return err_set(e, -EINVAL,
		"\"%s\" holds what packages, users or l4sync itself need and no state names; name "
		"a directory that is yours alone, such as /usr/local/lib/systemd/system",
		path);
}

/* Whether it, or one that it is in, was named before, which is reported. */
static bool is_again(struct reader *r, const struct node *list, size_t at)
{
	const struct node *n = list->items[at];

	for (size_t i = 0; i < list->n; i++) {
		const struct node *other = list->items[i];

		if (i == at || other->kind != NODE_SCALAR || !is_in(n->text, other->text) ||
			purge_check(other->text, NULL) < 0)
			continue;
		if (strcmp(n->text, other->text) != 0)
			diag_add(r->diags, n->where,
				"purge: \"%s\" is in \"%s\", which is purged with all that is "
				"below it",
				n->text, other->text);
		else if (i < at)
			diag_add(r->diags, n->where, "purge: \"%s\" is given twice", n->text);
		else
			continue;
		return true;
	}
	return false;
}

int purge_parse(struct reader *r, const char *section, const struct node *list)
{
	size_t before = r->diags->total;

	if (node_want_seq(list, section, r->diags) < 0)
		return -EINVAL;
	for (size_t i = 0; i < list->n; i++) {
		const struct node *n = list->items[i];
		_cleanup_err_ struct err e = ERR_INIT;
		const char *path;

		if (node_want_text(n, section, &path, r->diags) < 0)
			continue;
		if (purge_check(path, &e) < 0) {
			diag_add(r->diags, n->where, "purge: %s", err_text(&e));
			continue;
		}
		if (is_again(r, list, i))
			continue;
		struct resource *item =
			resources_add(r->want, arena_printf(r->arena, "dir:%s", path));
		item->where = n->where;
		resource_set(r->want->arena, item, "purge", "true");
	}
	return r->diags->total == before ? 0 : -EINVAL;
}
