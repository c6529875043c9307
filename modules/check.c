/*
 * Paths and attributes as the modules' checks see them (check.h).
 * Touches no host. Called by the reader and the modules.
 */
#include "l4sync/check.h"

#include <errno.h>
#include <string.h>

#include "l4sync/command_line.h"
#include "l4sync/places.h"
#include "l4sync/secrets.h"
#include "l4sync/text.h"
#include "l4sync/unitpath.h"

/* What the kernel and systemd make anew at each boot: nothing that is put there lasts; but what is
 * declared for systemd-tmpfiles is made anew in /run. */
static const char *const forbidden[] = {"/proc", "/sys", "/dev", "/run"};
#define FORBIDDEN_MADE 3

bool check_is_line(const char *s)
{
	return check_is_value(s) && !strchr(s, '\t');
}

bool check_is_value(const char *s)
{
	size_t n = strlen(s);

	for (size_t i = 0; i < n; i++)
		if (((unsigned char)s[i] < 0x20 && s[i] != '\t') || s[i] == 0x7f)
			return false;
	return text_is_utf8(s, n);
}

static int check_components(const char *path, struct err *e)
{
	for (const char *at = path; *at;) {
		size_t n = strcspn(++at, "/");

		if (!n)
			return err_set(e, -EINVAL, "\"%s\" has an empty component", path);
		if ((n == 1 && *at == '.') || (n == 2 && !memcmp(at, "..", 2)))
			return err_set(
				e, -EINVAL, "\"%s\" has \"%.*s\" as a component", path, (int)n, at);
		if (n > CHECK_NAME_MAX)
			return err_set(e, -EINVAL,
				"\"%.32s…\" has a component of more than %u bytes", path,
				CHECK_NAME_MAX);
		at += n;
	}
	return 0;
}

int check_path_form(const char *path, struct err *e)
{
	if (*path != '/')
		return err_set(e, -EINVAL, "\"%s\" is not an absolute path", path);
	if (strlen(path) > CHECK_PATH_MAX)
		return err_set(
			e, -EINVAL, "\"%.32s…\" is longer than %u bytes", path, CHECK_PATH_MAX);
	if (!check_is_line(path))
		return err_set(e, -EINVAL,
			"a path must be UTF-8 without control characters such as newlines");
	return check_components(path, e);
}

static int check_outside(const char *path, size_t n_forbidden, struct err *e)
{
	int r = check_path_form(path, e);

	for (size_t i = 0; !r && i < n_forbidden; i++) {
		size_t n = strlen(forbidden[i]);

		if (!strncmp(path, forbidden[i], n) && (!path[n] || path[n] == '/'))
			r = err_set(e, -EINVAL,
				"\"%s\" is in %s, which does not outlive a boot; nothing can be "
				"shipped there",
				path, forbidden[i]);
	}
	return r;
}

int check_path(const char *path, struct err *e)
{
	return check_outside(path, ELEMENTS(forbidden), e);
}

int check_path_made(const char *path, struct err *e)
{
	return check_outside(path, FORBIDDEN_MADE, e);
}

bool check_is_mode(const char *s)
{
	return strlen(s) == 4 && strspn(s, "01234567") == 4;
}

bool check_is_number(const char *s)
{
	static const char most[] = "18446744073709551615";
	size_t n = strlen(s);

	return n && strspn(s, "0123456789") == n && (n == 1 || *s != '0') &&
	       (n < sizeof most - 1 || (n == sizeof most - 1 && strcmp(s, most) <= 0));
}

bool check_is_owner(const char *s)
{
	size_t n = strlen(s);

	if (check_is_number(s))
		/* (uid_t) -1 and its 16-bit form mean "leave it" to chown(2). */
		return n <= 10 && strtoull(s, NULL, 10) < UINT32_MAX && strcmp(s, "65535") != 0;
	return n && n <= 31 && !strchr("-.0123456789", *s) &&
	       strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") == n;
}

bool check_is_bool(const char *s)
{
	return !strcmp(s, "true") || !strcmp(s, "false");
}

bool check_is_target(const char *s)
{
	return *s && strlen(s) <= CHECK_PATH_MAX && check_is_line(s);
}

static bool is_path(const char *s)
{
	return check_path(s, NULL) == 0;
}

/* Of both an empty one says that there is none. */
static bool is_validator(const char *s)
{
	struct arena *a = arena_new();
	const char *const *words;
	bool is = !*s || command_words(a, s, NULL, &words, NULL) >= 0;

	arena_free(a);
	return is;
}

static bool is_reload(const char *s)
{
	return !*s || unit_name_valid(s);
}

/* "OFFSET NAME": the rest is looked at when the secret is put there. */
static bool is_insert(const char *s)
{
	size_t n = strspn(s, "0123456789");

	return n && n < 10 && s[n] == ' ' && secret_name_valid(s + n + 1);
}

bool check_is_lines(const char *s)
{
	return *s && strspn(s, "0123456789, ") == strlen(s);
}

const struct attr_rule check_file_rules[] = {
	{"owner", check_is_owner, ATTR_REQUIRED},
	{"group", check_is_owner, ATTR_REQUIRED},
	{"mode", check_is_mode, ATTR_REQUIRED},
	{"validate", is_validator, ATTR_OPTIONAL},
	{"reload", is_reload, ATTR_OPTIONAL},
	{"insert", is_insert, ATTR_REPEATED},
	{"uncompared", check_is_lines, ATTR_OPTIONAL},
	{0},
};

static const struct attr_rule *find_rule(const struct attr_rule *rules, const char *key)
{
	while (rules->key && strcmp(rules->key, key) != 0)
		rules++;
	return rules->key ? rules : NULL;
}

int check_attrs(const struct resource *item, const struct attr_rule *rules, struct err *e)
{
	for (size_t i = 0; i < item->n_attrs; i++) {
		const struct attr *attr = &item->attrs[i];
		const struct attr_rule *rule = find_rule(rules, attr->key);
		bool repeated = rule && (rule->count == ATTR_REPEATED || rule->count == ATTR_TEXTS);
		bool text = rule && (rule->count == ATTR_TEXT || rule->count == ATTR_TEXTS);

		if (!rule)
			return err_set(
				e, -EINVAL, "%s: unknown attribute \"%s\"", item->id, attr->key);
		if (i && !repeated && !strcmp(item->attrs[i - 1].key, attr->key))
			return err_set(e, -EINVAL, "%s: %s is given twice", item->id, attr->key);
		if (strlen(attr->value) > CHECK_VALUE_MAX ||
			(!text && !check_is_value(attr->value)) || !rule->valid(attr->value))
			return err_set(e, -EINVAL, "%s: %s has a value that it cannot have",
				item->id, attr->key);
	}
	for (; rules->key; rules++)
		if (rules->count == ATTR_REQUIRED && !resource_get(item, rules->key))
			return err_set(e, -EINVAL, "%s: %s is missing", item->id, rules->key);
	return 0;
}

int check_content(const struct resource *item, bool wanted, struct err *e)
{
	if (!wanted)
		return item->content || item->secret
			       ? err_set(e, -EINVAL, "%s: cannot have content", item->id)
			       : 0;
	if (!item->content || !item->content->data || item->content->keyed)
		return err_set(e, -EINVAL, "%s: the content is missing", item->id);
	if (item->content->size > CONTENT_SIZE_MAX)
		return err_set(e, -EINVAL, "%s: larger than %u bytes", item->id, CONTENT_SIZE_MAX);
	return 0;
}

int check_place(const struct resource *item, const char *path, bool is_link, struct err *e)
{
	_cleanup_arena_ struct arena *a = arena_new();
	int r = resource_is(item, "link") ? check_path_made(path, e) : check_path(path, e);

	if (r < 0)
		return err_prefix(e, r, "%s", item->id);
	if (place_of(a, path).kind == PLACE_WANTS)
		return err_set(e, -EINVAL, "%s: enablement cannot be shipped as links", item->id);
	const char *id = place_id(a, path, is_link);
	if (strcmp(id, item->id) != 0)
		return err_set(e, -EINVAL, "%s: what stands at %s is %s", item->id, path, id);
	return 0;
}

int check_unit_file(const struct resource *item, struct err *e)
{
	static const struct attr_rule file_rules[] = {
		{"path", is_path, ATTR_REQUIRED},
		{"owner", check_is_owner, ATTR_REQUIRED},
		{"group", check_is_owner, ATTR_REQUIRED},
		{"mode", check_is_mode, ATTR_REQUIRED},
		{0},
	};
	static const struct attr_rule link_rules[] = {
		{"path", is_path, ATTR_REQUIRED},
		{"target", check_is_target, ATTR_REQUIRED},
		{0},
	};
	bool is_link = resource_get(item, "target");
	int r = check_attrs(item, is_link ? link_rules : file_rules, e);

	if (!r)
		r = check_place(item, resource_get(item, "path"), is_link, e);
	if (!r && (!is_link || item->content))
		r = check_content(item, true, e);
	return r;
}
