/*
 * The state's own files of sysusers.d(5) as resources:
 *
 *	user:NAME     uid (a number, or a path whose owner is meant), group (primary, name or
 *	              number), gecos, home, shell, locked (true, for u!), range (of r lines, where
 *	              the number is left open); each only where the line says it
 *	group:NAME    gid (as uid), members (of m lines, sorted, with commas), range
 *
 * A user without a group of his own has one of his name, as systemd-sysusers makes it.
 * Looks at no host. Called through the registry (user).
 */
#include <errno.h>
#include <string.h>

#include "l4sync/check.h"
#include "l4sync/text.h"
#include "l4sync/unit_syntax.h"

#include "account.h"
#include "conf.h"

enum field { TYPE, NAME, ID, GECOS, HOME, SHELL, FIELDS };

static const char *const field_names[] = {
	[NAME] = "name", [ID] = "number", [GECOS] = "GECOS", [HOME] = "home", [SHELL] = "shell"};

struct membership {
	const char *user, *group;
	struct where where;
};

struct deriving {
	size_t n_members, cap_members;
	struct membership *members; /* malloc'd */
	size_t n_ranges, cap_ranges;
	const char **ranges; /* malloc'd */
};

static struct resource *find_item(struct reader *r, const char *type, const char *name)
{
	size_t n = strlen(type);

	for (size_t i = 0; i < r->want->n; i++) {
		const char *id = r->want->items[i]->id;

		if (!strncmp(id, type, n) && id[n] == ':' && !strcmp(id + n + 1, name))
			return r->want->items[i];
	}
	return NULL;
}

static struct resource *add_item(
	struct reader *r, const char *type, const char *name, struct where where)
{
	struct resource *item =
		resources_add(r->want, arena_printf(r->want->arena, "%s:%s", type, name));

	item->where = where;
	return item;
}

static bool same_line(const struct resource *a, const struct resource *b)
{
	if (a->n_attrs != b->n_attrs)
		return false;
	for (size_t i = 0; i < a->n_attrs; i++)
		if (!resource_same(a, b, a->attrs[i].key))
			return false;
	return true;
}

/* Two lines that say the same are one, as for systemd-sysusers; of others it takes the first. */
static int add_line(struct reader *r, const struct resource *line, const char *type,
	const char *name, struct where where)
{
	const struct resource *other = find_item(r, type, name);

	if (other && same_line(line, other))
		return 0;
	if (other)
		return diag_add(r->diags, where,
			"%s %s is given twice, here and differently by %s:%u:%u; "
			"systemd-sysusers would take one of them: keep one",
			type, name, other->where.file, other->where.line, other->where.column);
	struct resource *item = add_item(r, type, name, where);
	for (size_t i = 0; i < line->n_attrs; i++)
		resource_add(r->want->arena, item, line->attrs[i].key, line->attrs[i].value);
	return 0;
}

static int expand_field(struct reader *r, struct conf_word *word)
{
	static const struct conf_specifier none[] = {{0, NULL}};
	char letter;

	if (!word->text)
		return 0;
	switch (conf_expand(r, word->text, none, &word->text, &letter)) {
	case CONF_EXPANDED:
		return 0;
	case CONF_OF_HOST:
		return diag_add(r->diags, word->where,
			"\"%s\": what %%%c stands for is known to the host alone; write it out",
			word->text, letter);
	case CONF_UNKNOWN:
		break;
	}
	return diag_add(r->diags, word->where,
		"\"%s\": there is no specifier %%%c; a percent sign is written %%%%", word->text,
		letter);
}

static int check_field(struct reader *r, const struct conf_word *w, enum field field,
	bool (*valid)(const char *s), const char *right)
{
	if (!w[field].text || valid(w[field].text))
		return 0;
	return diag_add(r->diags, w[field].where, "\"%s\" is no %s; %s", w[field].text,
		field_names[field], right);
}

static void simplify_path(struct reader *r, struct conf_word *word)
{
	if (word->text && *word->text == '/')
		word->text = conf_path(r->arena, word->text);
}

/* Fields that a line of this type does not take; 'm' and 'r' are told apart by what they need. */
static int refuse_fields(struct reader *r, const struct conf_word *w, enum field from)
{
	for (enum field i = from; i < FIELDS; i++)
		if (w[i].text)
			return diag_add(r->diags, w[i].where,
				"a line of type \"%s\" takes no %s (sysusers.d(5))", w[TYPE].text,
				field_names[i]);
	return 0;
}

static const char name_form[] =
	"a name has letters, digits, _ and -, begins with a letter or _, and has at most 31 bytes";

static int need_name(struct reader *r, const struct conf_word *w, const char *what)
{
	if (!w[NAME].text)
		return diag_add(r->diags, w[NAME].given ? w[NAME].where : w[TYPE].where,
			"the name of the %s is missing (sysusers.d(5))", what);
	return check_field(r, w, NAME, account_is_name, name_form);
}

/* UID, UID:GROUP, -:GROUP or a path. */
static int take_user_id(struct reader *r, struct resource *line, const struct conf_word *word)
{
	const char *text = word->text, *colon = text ? strchr(text, ':') : NULL;

	if (!text)
		return 0;
	if (*text == '/') {
		if (!account_is_id_source(text))
			return diag_add(r->diags, word->where, "\"%s\" is no path", text);
		resource_set(r->arena, line, "uid", text);
		return 0;
	}
	const char *uid = colon ? arena_strndup(r->arena, text, (size_t)(colon - text)) : text;
	if (strcmp(uid, "-") != 0 && !account_is_id(uid))
		return diag_add(r->diags, word->where,
			"\"%s\" is no user's number: write 980, 980:GROUP, -:GROUP, a path or -; "
			"65535 and 4294967295 are none",
			uid);
	if (colon && !account_is_id(colon + 1) && !account_is_name(colon + 1))
		return diag_add(
			r->diags, word->where, "\"%s\" is no name or number of a group", colon + 1);
	if (strcmp(uid, "-") != 0)
		resource_set(r->arena, line, "uid", uid);
	if (colon)
		resource_set(r->arena, line, "group", colon + 1);
	return 0;
}

static int take_user(struct reader *r, const struct conf_word *w, bool locked)
{
	struct resource line = {0};
	int bad = need_name(r, w, "user");

	bad |= take_user_id(r, &line, &w[ID]);
	bad |= check_field(r, w, GECOS, account_is_gecos, "it holds no colon");
	bad |= check_field(r, w, HOME, account_is_path, "it is an absolute path without a colon");
	bad |= check_field(r, w, SHELL, account_is_path, "it is an absolute path without a colon");
	if (bad)
		return -EINVAL;
	if (w[GECOS].text)
		resource_set(r->arena, &line, "gecos", w[GECOS].text);
	if (w[HOME].text)
		resource_set(r->arena, &line, "home", w[HOME].text);
	if (w[SHELL].text)
		resource_set(r->arena, &line, "shell", w[SHELL].text);
	if (locked)
		resource_set(r->arena, &line, "locked", "true");
	return add_line(r, &line, "user", w[NAME].text, w[TYPE].where);
}

static int take_group(struct reader *r, const struct conf_word *w)
{
	struct resource line = {0};
	int bad = need_name(r, w, "group");

	bad |= check_field(r, w, ID, account_is_id_source, "write it as 980, a path or -");
	bad |= refuse_fields(r, w, GECOS);
	if (bad)
		return -EINVAL;
	if (w[ID].text)
		resource_set(r->arena, &line, "gid", w[ID].text);
	return add_line(r, &line, "group", w[NAME].text, w[TYPE].where);
}

static int take_member(struct reader *r, const struct conf_word *w, struct deriving *d)
{
	int bad = need_name(r, w, "user");

	if (!w[ID].text)
		bad |= diag_add(r->diags, w[TYPE].where,
			"a line of type \"m\" names a group behind the user (sysusers.d(5))");
	bad |= check_field(r, w, ID, account_is_name, name_form);
	bad |= refuse_fields(r, w, GECOS);
	if (bad)
		return -EINVAL;
	d->members = grow(d->members, &d->cap_members, d->n_members, sizeof *d->members);
	d->members[d->n_members++] = (struct membership){w[NAME].text, w[ID].text, w[TYPE].where};
	return 0;
}

static int take_range(struct reader *r, const struct conf_word *w, struct deriving *d)
{
	int bad = 0;

	if (w[NAME].text)
		bad = diag_add(r->diags, w[NAME].where,
			"a line of type \"r\" takes no name: write r - 500-900");
	if (!w[ID].text)
		bad |= diag_add(r->diags, w[TYPE].where,
			"a line of type \"r\" takes numbers: write r - 500-900");
	bad |= check_field(r, w, ID, account_is_range, "write 500-900");
	bad |= refuse_fields(r, w, GECOS);
	if (bad)
		return -EINVAL;
	d->ranges = grow(d->ranges, &d->cap_ranges, d->n_ranges, sizeof *d->ranges);
	d->ranges[d->n_ranges++] = w[ID].text;
	return 0;
}

static int take_line(struct reader *r, char *text, struct where where, void *userdata)
{
	struct deriving *d = userdata;
	struct conf_word w[FIELDS];
	const char *rest;
	int bad = conf_words(r, text, where, WORD_QUOTES, FIELDS, w, &rest);

	if (bad)
		return bad;
	if (*rest)
		return diag_add(r->diags, where,
			"more than the six fields of sysusers.d(5); quote what has blanks in it");
	for (enum field i = NAME; i < FIELDS; i++) {
		bad |= expand_field(r, &w[i]);
		if (i != GECOS)
			simplify_path(r, &w[i]);
	}
	if (bad)
		return -EINVAL;
	const char *type = w[TYPE].text ? w[TYPE].text : "-";
	if (!strcmp(type, "u") || !strcmp(type, "u!"))
		return take_user(r, w, type[1]);
	if (!strcmp(type, "g"))
		return take_group(r, w);
	if (!strcmp(type, "m"))
		return take_member(r, w, d);
	if (!strcmp(type, "r"))
		return take_range(r, w, d);
	return diag_add(r->diags, where,
		"\"%s\" is no type of line; there are u, u!, g, m and r (sysusers.d(5))", type);
}

/* Of a user his group; what an m line names is made too. */
static struct resource *need_user(struct reader *r, const char *name, struct where where)
{
	struct resource *user = find_item(r, "user", name);

	return user ? user : add_item(r, "user", name, where);
}

static struct resource *need_group(
	struct reader *r, const char *name, const char *gid, struct where where)
{
	struct resource *group = find_item(r, "group", name);

	if (group)
		return group;
	group = add_item(r, "group", name, where);
	if (gid)
		resource_set(r->want->arena, group, "gid", gid);
	return group;
}

/* The state's own group of that number, by whose name systemd-sysusers finds it. */
static const char *name_of_number(struct reader *r, const char *gid)
{
	for (size_t i = 0; i < r->want->n; i++)
		if (resource_is(r->want->items[i], "group") &&
			resource_has(r->want->items[i], "gid", gid))
			return resource_name(r->want->items[i]->id);
	return NULL;
}

static void add_groups_of_users(struct reader *r)
{
	for (size_t i = 0, n = r->want->n; i < n; i++) {
		struct resource *user = r->want->items[i];
		const char *group = resource_get(user, "group");

		if (!resource_is(user, "user"))
			continue;
		if (!group)
			need_group(
				r, resource_name(user->id), resource_get(user, "uid"), user->where);
		if (!group || name_of_number(r, group))
			resource_set(r->want->arena, user, "group",
				group ? name_of_number(r, group) : resource_name(user->id));
	}
}

static int compare_members(const void *a, const void *b)
{
	const struct membership *p = a, *q = b;
	int c = strcmp(p->group, q->group);

	return c ? c : strcmp(p->user, q->user);
}

static void add_members(struct reader *r, struct deriving *d)
{
	for (size_t i = 0; i < d->n_members; i++) {
		need_user(r, d->members[i].user, d->members[i].where);
		need_group(r, d->members[i].group, NULL, d->members[i].where);
	}
	add_groups_of_users(r);
	if (d->n_members)
		qsort(d->members, d->n_members, sizeof *d->members, compare_members);
	for (size_t i = 0; i < r->want->n; i++)
		if (resource_is(r->want->items[i], "group"))
			resource_set(r->want->arena, r->want->items[i], "members", "");
	for (size_t i = 0; i < d->n_members; i++) {
		const struct membership *m = &d->members[i];
		struct resource *group = find_item(r, "group", m->group);
		const char *list = resource_get(group, "members");

		if (!account_list_has(list, m->user))
			resource_set(r->want->arena, group, "members",
				*list ? arena_printf(r->arena, "%s,%s", list, m->user) : m->user);
	}
}

/* Where a number is left open, it comes out of the ranges. */
static void add_ranges(struct reader *r, const struct deriving *d)
{
	for (size_t i = 0; i < r->want->n; i++) {
		struct resource *item = r->want->items[i];
		bool user = resource_is(item, "user");

		if ((!user && !resource_is(item, "group")) ||
			resource_get(item, user ? "uid" : "gid"))
			continue;
		for (size_t k = 0; k < d->n_ranges; k++)
			resource_add(r->want->arena, item, "range", d->ranges[k]);
	}
}

/* Two names with one number; paths are left to the host. */
static int report_same_number(struct reader *r, const char *type, const char *key)
{
	int bad = 0;

	for (size_t i = 0; i < r->want->n; i++) {
		const struct resource *item = r->want->items[i], *other;
		const char *id = resource_is(item, type) ? resource_get(item, key) : NULL;

		for (size_t k = 0; id && *id != '/' && k < i; k++) {
			other = r->want->items[k];
			if (resource_is(other, type) && resource_has(other, key, id))
				bad = diag_add(r->diags, item->where,
					"%s %s has the number %s, which %s:%u:%u gives to %s", type,
					resource_name(item->id), id, other->where.file,
					other->where.line, other->where.column,
					resource_name(other->id));
		}
	}
	return bad;
}

int sysusers_derive(struct reader *r)
{
	struct deriving d = {0};
	struct conf_file *files;
	size_t n = conf_files(r, PLACE_SYSUSERS, &files);
	int bad = 0;

	for (size_t i = 0; i < n; i++)
		if (files[i].source)
			bad |= conf_lines(r, &files[i], "#", "users and groups", take_line, &d);
	if (!bad) {
		add_members(r, &d);
		add_ranges(r, &d);
		bad = report_same_number(r, "user", "uid") | report_same_number(r, "group", "gid");
	}
	free(d.members);
	free(d.ranges);
	return bad ? -EINVAL : 0;
}
