/*
 * Unit names, systemd.unit(5): validity, template, instance, type, drop-in directories
 * (unitpath.h). Pure functions; looks at no file. Called by the unit index and the modules.
 */
#include <string.h>

#include "l4sync/text.h"

#include "index.h"

#define UNIT_NAME_MAX 255

enum name_trait {
	MAY_ALIAS = 1,    /* systemd accepts links to another name */
	MAY_TEMPLATE = 2, /* systemd accepts NAME@.TYPE */
	NO_FRAGMENT = 4,  /* a unit without a file is one, and its drop-ins count */
};

static const struct {
	const char *type;
	int traits;
} unit_types[] = {
	{"automount", 0},
	{"device", MAY_ALIAS | NO_FRAGMENT},
	{"mount", NO_FRAGMENT},
	{"path", MAY_ALIAS | MAY_TEMPLATE},
	{"scope", NO_FRAGMENT},
	{"service", MAY_ALIAS | MAY_TEMPLATE},
	{"slice", NO_FRAGMENT},
	{"socket", MAY_ALIAS | MAY_TEMPLATE},
	{"swap", NO_FRAGMENT},
	{"target", MAY_ALIAS | MAY_TEMPLATE},
	{"timer", MAY_ALIAS | MAY_TEMPLATE},
};

static int type_traits(const char *type)
{
	for (size_t i = 0; i < ELEMENTS(unit_types); i++)
		if (!strcmp(unit_types[i].type, type))
			return unit_types[i].traits;
	return -1;
}

const char *unit_name_type(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot && dot != name && type_traits(dot + 1) >= 0 ? dot + 1 : NULL;
}

enum name_kind unit_name_kind(const char *name)
{
	static const char valid[] =
		"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ:-_.\\@";
	const char *type = unit_name_type(name);

	if (!type || strlen(name) > UNIT_NAME_MAX || name[strspn(name, valid)])
		return NAME_INVALID;
	/* Only the first @ counts: an instance may contain more. */
	const char *at = strchr(name, '@');
	if (!at)
		return NAME_PLAIN;
	if (at == name)
		return NAME_INVALID;
	return at + 2 == type ? NAME_TEMPLATE : NAME_INSTANCE;
}

bool unit_name_valid(const char *name)
{
	return unit_name_kind(name) != NAME_INVALID;
}

bool unit_name_is_service(const char *name)
{
	return unit_name_valid(name) && !strcmp(unit_name_type(name), "service");
}

bool unit_name_is_template(const char *name)
{
	return unit_name_kind(name) == NAME_TEMPLATE;
}

bool unit_name_is_instance(const char *name)
{
	return unit_name_kind(name) == NAME_INSTANCE;
}

const char *unit_name_prefix(struct arena *a, const char *name)
{
	const char *end = strchr(name, '@');

	return arena_strndup(a, name, (size_t)((end ? end : strrchr(name, '.')) - name));
}

const char *unit_name_instance(struct arena *a, const char *name)
{
	const char *at = strchr(name, '@');

	return at ? arena_strndup(a, at + 1, (size_t)(strrchr(name, '.') - at - 1)) : NULL;
}

const char *unit_name_template(struct arena *a, const char *name)
{
	if (unit_name_kind(name) != NAME_INSTANCE)
		return NULL;
	return arena_printf(a, "%s@.%s", unit_name_prefix(a, name), unit_name_type(name));
}

const char *unit_name_with_instance(struct arena *a, const char *name, const char *instance)
{
	return arena_printf(
		a, "%s@%s.%s", unit_name_prefix(a, name), instance, unit_name_type(name));
}

bool unit_name_may_alias(struct arena *a, const char *name, const char *target)
{
	enum name_kind from = unit_name_kind(name), to = unit_name_kind(target);

	if (from == NAME_INVALID || to == NAME_INVALID || !strcmp(name, target))
		return false;
	const char *type = unit_name_type(name);
	int traits = type_traits(type);
	if (!(traits & MAY_ALIAS) || (from != NAME_PLAIN && !(traits & MAY_TEMPLATE)))
		return false;
	if (strcmp(type, unit_name_type(target)))
		return false;
	if (from != to && !(from == NAME_INSTANCE && to == NAME_TEMPLATE))
		return false;
	return to != NAME_INSTANCE ||
	       !strcmp(unit_name_instance(a, name), unit_name_instance(a, target));
}

bool unit_name_may_lack_fragment(const char *name)
{
	return type_traits(unit_name_type(name)) & NO_FRAGMENT;
}

bool unit_name_type_may_alias(const char *name)
{
	const char *type = unit_name_type(name);

	return type && type_traits(type) & MAY_ALIAS;
}

/* "a-b" and "a-b-" become "a-"; false when there is no dash to go back to. */
static bool prefix_shorten(char *prefix)
{
	size_t n = strlen(prefix);

	if (n && prefix[n - 1] == '-')
		prefix[n - 1] = '\0';
	char *dash = strrchr(prefix, '-');
	if (!dash || dash == prefix)
		return false;
	dash[1] = '\0';
	return true;
}

void unit_name_dropin_dirs(struct arena *a, const char *name, struct names *ret)
{
	names_add(a, ret, arena_printf(a, "%s.d", name));
	const char *template = unit_name_template(a, name);
	if (template)
		unit_name_dropin_dirs(a, template, ret);
	char *prefix = arena_strdup(a, unit_name_prefix(a, name));
	if (!prefix_shorten(prefix))
		return;
	/* An instance keeps its instance on the way up: a-b@1 looks at a-@1 and a-@ too. */
	if (template)
		name = unit_name_with_instance(a,
			arena_printf(a, "%s.%s", prefix, unit_name_type(name)),
			unit_name_instance(a, name));
	else
		name = arena_printf(a, "%s.%s", prefix, unit_name_type(name));
	unit_name_dropin_dirs(a, name, ret);
}

static const char *specifier(struct arena *a, const char *unit, char c)
{
	const char *instance = unit_name_instance(a, unit), *prefix = unit_name_prefix(a, unit);
	const char *dash = strrchr(prefix, '-');

	switch (c) {
	case 'i':
		return instance ? instance : "";
	case 'j':
		return dash ? dash + 1 : prefix;
	case 'n':
		return unit;
	case 'N':
		return arena_strndup(a, unit, (size_t)(strrchr(unit, '.') - unit));
	case 'p':
		return prefix;
	case '%':
		return "%";
	default:
		return NULL;
	}
}

const char *unit_specifiers(struct arena *a, const char *unit, const char *text)
{
	_cleanup_buf_ struct buf out = BUF_INIT;

	for (; *text; text++) {
		if (*text != '%') {
			buf_addc(&out, *text);
			continue;
		}
		const char *value = specifier(a, unit, *++text);
		if (!value)
			return NULL;
		buf_adds(&out, value);
	}
	return out.size ? arena_strndup(a, out.data, out.size) : "";
}

void names_add(struct arena *a, struct names *names, const char *name)
{
	for (size_t i = 0; i < names->n; i++)
		if (!strcmp(names->items[i], name))
			return;
	if (names->n == names->cap) {
		size_t cap = names->cap ? 2 * names->cap : 8;
		const char **items = arena_array(a, const char *, cap);

		if (names->n)
			memcpy(items, names->items, names->n * sizeof *items);
		names->items = items;
		names->cap = cap;
	}
	names->items[names->n++] = name;
}

bool names_has(const struct names *names, const char *name)
{
	for (size_t i = 0; i < names->n; i++)
		if (!strcmp(names->items[i], name))
			return true;
	return false;
}
