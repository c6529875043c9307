/*
 * sysctl:KEY: a kernel setting, from `sysctl:` and from the files that the tree ships in a
 * sysctl.d directory, read as systemd-sysctl reads them at boot (sysctl.d(5)). Attributes: value,
 * and ignore (true) where the kernel may refuse it (a leading "-").
 *
 * KEY is dotted: components of the path below /proc/sys joined by dots, and a dot inside a
 * component written as a slash (systemd's rule): net.ipv4.conf.eth0/100.forwarding is
 * /proc/sys/net/ipv4/conf/eth0.100/forwarding. A key that is written with a slash as its first
 * separator is a path already.
 * Called through the registry.
 */
#include <errno.h>
#include <string.h>

#include "l4sync/check.h"
#include "l4sync/places.h"
#include "l4sync/registry.h"
#include "l4sync/text.h"
#include "l4sync/plan.h"
#include "l4sync/sysctl.h"
#include "l4sync/txn.h"

#include "conf.h"

#define OWN_FILE "/etc/sysctl.d/99-l4sync.conf"
#define BLANKS " \t\r"
#define GLOB_CHARS "*?["

/* Whether the path below /proc/sys is one that the kernel could have. */
static bool is_key_path(const char *path)
{
	if (!check_is_line(path) || strpbrk(path, GLOB_CHARS BLANKS "=") || *path == '-')
		return false;
	while (*path) {
		size_t n = strcspn(path, "/");

		if (!n || (n <= 2 && !strncmp(path, "..", n)))
			return false;
		path += n;
		if (*path && !*++path)
			return false;
	}
	return true;
}

/* The one dotted form of a key, or NULL: not a key. A first component with a dot in it has none
 * (no such setting exists). */
static const char *dotted_key(struct arena *a, const char *key)
{
	const char *separator = strpbrk(key, "./");
	const char *path = separator && *separator == '.' ? sysctl_exchange(a, key) : key;
	const char *slash = strchr(path, '/'), *dot = strchr(path, '.');

	if (!*key || !is_key_path(path) || (dot && (!slash || dot < slash)))
		return NULL;
	return sysctl_exchange(a, path);
}

static char *trim(struct arena *a, const char *s, size_t size)
{
	while (size && strchr(BLANKS, *s))
		s++, size--;
	while (size && strchr(BLANKS, s[size - 1]))
		size--;
	return arena_strndup(a, s, size);
}

static struct resource *add_setting(
	struct reader *r, const char *key, const char *value, bool ignore, struct where where)
{
	struct arena *a = r->want->arena;
	struct resource *item = resources_add(r->want, arena_printf(a, "sysctl:%s", key));

	item->where = where;
	resource_set(a, item, "value", value);
	if (ignore)
		resource_set(a, item, "ignore", "true");
	return item;
}

/* One pair of `sysctl:`; *ret is its resource. */
static int parse_pair(
	struct reader *r, const struct node *name, const struct node *value, struct resource **ret)
{
	const char *text, *key = name->text;
	bool ignore = *key == '-';

	if (node_want_text(value, key, &text, r->diags) < 0)
		return -EINVAL;
	key += ignore;
	if (strpbrk(key, GLOB_CHARS))
		return diag_add(r->diags, name->where,
			"\"%s\": globs belong into a file of the tree in etc/sysctl.d", key);
	key = dotted_key(r->arena, key);
	if (!key)
		return diag_add(r->diags, name->where,
			"\"%s\" is no kernel setting's name; one looks like "
			"kernel.yama.ptrace_scope",
			name->text);
	text = trim(r->arena, text, strlen(text));
	if (!check_is_value(text))
		return diag_add(
			r->diags, value->where, "%s: the value must be one line", name->text);
	*ret = add_setting(r, key, text, ignore, name->where);
	return 0;
}

static int compare_ids(const void *a, const void *b)
{
	return strcmp((*(struct resource *const *)a)->id, (*(struct resource *const *)b)->id);
}

/* The file from which the settings come at the next boot. */
static void add_own_file(struct reader *r, struct resource **items, size_t n, struct where where)
{
	struct arena *a = r->want->arena;
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct resource *file = resources_add(r->want, "file:" OWN_FILE);

	qsort(items, n, sizeof *items, compare_ids);
	buf_adds(&text, "# Written by l4sync from sysctl: of the manifest. Change it there.\n");
	for (size_t i = 0; i < n; i++)
		buf_addf(&text, "%s%s = %s\n", resource_get(items[i], "ignore") ? "-" : "",
			resource_name(items[i]->id), resource_get(items[i], "value"));
	file->where = where;
	file->content = content_new(a, arena_memdup(a, text.data, text.size), text.size);
	resource_set(a, file, "owner", "root");
	resource_set(a, file, "group", "root");
	resource_set(a, file, "mode", "0644");
}

static int sysctl_parse(struct reader *r, const char *section, const struct node *node)
{
	struct resource **items;
	size_t n = 0;
	int bad = node_want_map(node, section, r->diags);

	if (bad || !node->n)
		return bad;
	items = arena_array(r->arena, struct resource *, node->n);
	for (size_t i = 0; i < node->n; i++)
		if (parse_pair(r, node->keys[i], node->items[i], &items[n]) < 0)
			bad = -EINVAL;
		else
			n++;
	add_own_file(r, items, n, node->where);
	for (size_t i = 1; i < n; i++)
		if (!strcmp(items[i - 1]->id, items[i]->id))
			bad = diag_add(r->diags, items[i]->where,
				"%s is given twice, in two spellings", resource_name(items[i]->id));
	return bad;
}

/* An assignment of the shipped files; of those to one key the last wins. value NULL: "-KEY", by
 * which nothing sets the key, neither an earlier line nor a glob. */
struct assignment {
	const char *key, *value;
	bool ignore;
	size_t number;
	struct where where;
};

struct assignments {
	struct assignment *items;
	size_t n, cap;
};

static int add_assignment(struct reader *r, char *line, struct where where, void *userdata)
{
	struct assignments *all = userdata;
	char *equals = strchr(line, '=');
	bool ignore = *line == '-';

	where.column = 0;
	if (!equals && !ignore)
		return diag_add(r->diags, where,
			"\"%s\" is no assignment; write KEY = VALUE (sysctl.d(5))", line);
	if (equals)
		*equals = '\0';
	const char *name = trim(r->arena, line + ignore, strlen(line + ignore));
	/* Globs are no resources of their own. */
	if (strpbrk(name, GLOB_CHARS))
		return 0;
	struct assignment assignment = {
		.key = dotted_key(r->arena, name),
		.value = equals ? trim(r->arena, equals + 1, strlen(equals + 1)) : NULL,
		.ignore = ignore,
		.number = all->n,
		.where = where,
	};
	if (!assignment.key)
		return diag_add(r->diags, where, "\"%s\" is no kernel setting's name", name);
	all->items = grow(all->items, &all->cap, all->n, sizeof *all->items);
	all->items[all->n++] = assignment;
	return 0;
}

/* By key, then in the order in which systemd-sysctl reads them. */
static int compare_assignments(const void *a, const void *b)
{
	const struct assignment *p = a, *q = b;
	int c = strcmp(p->key, q->key);

	return c ? c : p->number < q->number ? -1 : 1;
}

/* Each key's last assignment becomes a resource, unless `sysctl:` has the key. */
static int add_settings(struct reader *r, struct assignments *all)
{
	_cleanup_resources_ struct resources *declared = resources_new();
	bool ignore = false;
	int bad = 0;

	for (size_t i = 0; i < r->want->n; i++)
		if (resource_is(r->want->items[i], "sysctl"))
			resources_add_ref(declared, r->want->items[i]);
	resources_sort(declared, NULL);
	if (all->n)
		qsort(all->items, all->n, sizeof *all->items, compare_assignments);
	for (size_t i = 0; i < all->n; i++) {
		const struct assignment *one = &all->items[i], *next = one + 1;

		if (i + 1 < all->n && !strcmp(one->key, next->key)) {
			/* The same value again keeps the "-" of the earlier one. */
			ignore = one->value && next->value && !strcmp(one->value, next->value) &&
				 (ignore || one->ignore);
			continue;
		}
		if (!one->value) {
			ignore = false;
			continue;
		}
		const struct resource *other =
			resources_find(declared, arena_printf(r->arena, "sysctl:%s", one->key));
		if (other)
			bad = diag_add(r->diags, one->where,
				"%s stands under sysctl: too (%s:%u:%u); keep one of the two",
				one->key, other->where.file, other->where.line,
				other->where.column);
		else
			add_setting(r, one->key, one->value, ignore || one->ignore, one->where);
		ignore = false;
	}
	return bad;
}

static int sysctl_complete(struct reader *r)
{
	const struct node *section = node_get(r->manifest, "sysctl");
	bool own = section && section->n;
	struct conf_file *files;
	size_t n = conf_files(r, PLACE_SYSCTL, &files);
	struct assignments all = {0};
	int bad = 0;

	for (size_t i = 0; i < n; i++)
		if (files[i].source && !(own && !strcmp(files[i].source->id, "file:" OWN_FILE)))
			bad |= conf_lines(
				r, &files[i], "#;", "kernel settings", add_assignment, &all);
	bad |= add_settings(r, &all);
	free(all.items);
	return bad ? -EINVAL : 0;
}

static bool is_setting(const char *value)
{
	return !*value || (!strchr(BLANKS, *value) && !strchr(BLANKS, value[strlen(value) - 1]));
}

static bool is_true(const char *value)
{
	return !strcmp(value, "true");
}

static int sysctl_check(const struct resource *item, struct err *e)
{
	static const struct attr_rule rules[] = {
		{"value", is_setting, ATTR_REQUIRED},
		{"ignore", is_true, ATTR_OPTIONAL},
		{0},
	};
	_cleanup_arena_ struct arena *a = arena_new();
	const char *key = dotted_key(a, resource_name(item->id));

	if (!key || strcmp(key, resource_name(item->id)) != 0)
		return err_set(e, -EINVAL, "%s: no kernel setting's name", item->id);
	int r = check_content(item, false, e);
	return r ? r : check_attrs(item, rules, e);
}

static const char *const sysctl_sections[] = {"sysctl", NULL};
static const char *const sysctl_compared[] = {"value", NULL};

/* A key that cannot be compared is a finding; 1 says so to the engine. */
static int unsupported(struct inspection *in, const char *id, const char *code, const char *text)
{
	finding_add(in->findings, "unsupported", code, id, "%s", text);
	return 1;
}

static int sysctl_inspect(struct inspection *in, const char *id, const struct resource *want,
	struct resource **ret, struct err *e)
{
	bool asked_for = resources_find(in->want, id);
	const char *key = resource_name(id), *value,
		   *wanted = want ? resource_get(want, "value") : NULL;
	enum sysctl_state state;
	bool writable;
	int r = sysctl_read(in->host, in->arena, key, &state, &value, &writable, e);

	*ret = NULL;
	if (r < 0 || (!asked_for && state != SYSCTL_OK))
		return r; /* what leaves the state is not missed */
	if (state == SYSCTL_MISSING)
		return unsupported(in, id, "sysctl-missing", "does not exist on this kernel");
	if (state == SYSCTL_UNREADABLE)
		return unsupported(in, id, "sysctl-unreadable", "cannot be read back");
	bool same = wanted && !strcmp(value, sysctl_normalize(in->arena, wanted));
	if (wanted && !same && !writable)
		return unsupported(in, id, "sysctl-read-only",
			arena_printf(in->arena, "is %s and cannot be written on this host", value));
	const char *refusal = wanted ? sysctl_refusal(in->arena, key, value, wanted) : NULL;
	if (refusal)
		finding_add(in->findings, "pending", "sysctl-needs-reboot", id, "%s", refusal);
	if (wanted && !same && !refusal && !sysctl_takes(key, wanted, value))
		finding_add(in->findings, "lint", "not-undoable", id,
			"%s = %s cannot be undone, not by a rollback either: after it the kernel "
			"does not take %s before the next boot",
			key, wanted, value);
	*ret = arena_new_of(in->arena, struct resource);
	(*ret)->id = id;
	/* In the want's own spelling where they mean the same. */
	resource_set(in->arena, *ret, "value", same ? wanted : value);
	return 0;
}

static int sysctl_enqueue(struct txn *t, const struct change *c, struct err *e)
{
	(void)e;
	/* Without a want and an original nothing says what it should be: it stays until the boot.
	 */
	if (c->want)
		txn_sysctl(t, c->id, resource_name(c->id), resource_get(c->want, "value"),
			resource_has(c->want, "ignore", "true"));
	return 0;
}

const struct module module_sysctl = {
	.type = "sysctl",
	.sections = sysctl_sections,
	.parse = sysctl_parse,
	.complete = sysctl_complete,
	.check = sysctl_check,
	.compared = sysctl_compared,
	.live_only = true,
	.inspect = sysctl_inspect,
	.enqueue = sysctl_enqueue,
};
