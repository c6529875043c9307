/*
 * action:NAME: a command that the state asks for (`actions:`). Attributes: run (its words,
 * repeated) or shell (for /bin/sh -c), user, cwd, env (NAME=value, repeated), env_file (repeated),
 * unless or unless.shell, on_change (ids, repeated), then and needs (names of actions, repeated),
 * restart (services, repeated), timeout (seconds), rollback (rerun), limits.memory (bytes),
 * limits.tasks. None of it is compared: reconciler/plan/actions.c derives from it, and from what
 * has been run, what is to be run. Called through the registry.
 */
#include <errno.h>
#include <string.h>

#include "l4sync/check.h"
#include "l4sync/plan.h"
#include "l4sync/registry.h"
#include "l4sync/text.h"
#include "l4sync/unitpath.h"

#include "action_names.h"

#define TIMEOUT_MAX_S (7 * 86400ull)
#define SECOND_NS 1000000000ull
#define DIGITS "0123456789"

/* One action while it is parsed. */
struct parsing {
	struct reader *r;
	struct resource *item;
};

static void set(const struct parsing *p, const char *key, const char *value)
{
	resource_set(p->r->want->arena, p->item, key, value);
}

static void add(const struct parsing *p, const char *key, const char *value)
{
	resource_add(p->r->want->arena, p->item, key, value);
}

/* What /bin/sh gets: also several lines. */
static bool is_script(const char *s)
{
	size_t n = strlen(s);

	for (size_t i = 0; i < n; i++)
		if (((unsigned char)s[i] < 0x20 && !strchr("\t\n", s[i])) || s[i] == 0x7f)
			return false;
	return s[strspn(s, " \t\n")] && text_is_utf8(s, n);
}

static bool is_program(const char *s)
{
	return check_path_form(s, NULL) >= 0;
}

static void parse_words(const struct parsing *p, const struct node *list, const char *key)
{
	struct diags *diags = p->r->diags;
	const char *word;

	if (!list->n) {
		diag_add(diags, list->where,
			"%s: is empty; the first word is the absolute path of a program", key);
		return;
	}
	for (size_t i = 0; i < list->n; i++) {
		if (node_want_text(list->items[i], key, &word, diags) < 0)
			continue;
		if (!i && !is_program(word))
			diag_add(diags, list->items[i]->where,
				"%s: \"%s\" must be the absolute path of a program; a text instead "
				"of a "
				"list is for the shell",
				key, word);
		else if (!is_script(word) && *word)
			diag_add(diags, list->items[i]->where,
				"%s: a word must be UTF-8 without control characters", key);
		else
			add(p, key, word);
	}
}

/* A list of words, or a text for the shell. */
static void parse_command(
	const struct parsing *p, const struct node *n, const char *key, const char *shell_key)
{
	if (n->kind == NODE_SEQ)
		parse_words(p, n, key);
	else if (n->kind != NODE_SCALAR)
		diag_add(p->r->diags, n->where,
			"%s: must be a list of words or a text for /bin/sh, not %s", key,
			node_kind_text(n));
	else if (!is_script(n->text))
		diag_add(p->r->diags, n->where,
			"%s: must be a command for /bin/sh, in UTF-8 and without control "
			"characters",
			key);
	else
		set(p, shell_key, n->text);
}

static void parse_user(const struct parsing *p, const struct node *n)
{
	const char *name;

	if (node_want_text(n, "user", &name, p->r->diags) < 0)
		return;
	if (check_is_owner(name))
		set(p, "user", name);
	else
		diag_add(
			p->r->diags, n->where, "user: \"%s\" is no name or number of a user", name);
}

static void parse_path(const struct parsing *p, const struct node *n)
{
	_cleanup_err_ struct err e = ERR_INIT;
	const char *path;

	if (node_want_text(n, "cwd", &path, p->r->diags) < 0)
		return;
	if (strcmp(path, "/") != 0 && check_path_form(path, &e) < 0)
		diag_add(p->r->diags, n->where, "cwd: %s", err_text(&e));
	else
		set(p, "cwd", path);
}

static bool is_assignment(const char *s)
{
	const char *equals = strchr(s, '=');

	return equals && text_is_name(s, (size_t)(equals - s));
}

/* The first key behind another one, which is not the last. */
static size_t next_name(const struct node *map, const char *behind)
{
	size_t best = map->n;

	for (size_t i = 0; i < map->n; i++)
		if ((!behind || strcmp(map->keys[i]->text, behind) > 0) &&
			(best == map->n || strcmp(map->keys[i]->text, map->keys[best]->text) < 0))
			best = i;
	return best;
}

static void parse_env(const struct parsing *p, const struct node *map)
{
	struct diags *diags = p->r->diags;
	const char *value, *last = NULL;

	if (node_want_map(map, "env", diags) < 0)
		return;
	/* By name: their order in the manifest means nothing. */
	for (size_t done = 0, i; done < map->n; done++) {
		i = next_name(map, last);
		const struct node *name = map->keys[i];

		last = name->text;
		if (!text_is_name(name->text, strlen(name->text)))
			diag_add(diags, name->where,
				"env: \"%s\" is no name for a variable; it is made of letters, "
				"digits and _",
				name->text);
		else if (!node_want_text(map->items[i], name->text, &value, diags)) {
			if (check_is_value(value))
				add(p, "env",
					arena_printf(
						p->r->want->arena, "%s=%s", name->text, value));
			else
				diag_add(diags, map->items[i]->where,
					"%s: must be one line of UTF-8 without control characters",
					name->text);
		}
	}
}

static bool is_env_file(const char *s)
{
	return check_path_form(s + (*s == '-'), NULL) >= 0;
}

static void parse_env_files(const struct parsing *p, const struct node *list)
{
	struct diags *diags = p->r->diags;
	const char *path;

	if (node_want_seq(list, "env_files", diags) < 0)
		return;
	for (size_t i = 0; i < list->n; i++) {
		if (node_want_text(list->items[i], "env_files", &path, diags) < 0)
			continue;
		if (is_env_file(path))
			add(p, "env_file", path);
		else
			diag_add(diags, list->items[i]->where,
				"env_files: \"%s\" must be the absolute path of a file; a - before "
				"it says that it may be missing",
				path);
	}
}

static void parse_restart(const struct parsing *p, const struct node *list)
{
	struct diags *diags = p->r->diags;
	const char *unit;

	if (node_want_seq(list, "restart", diags) < 0)
		return;
	for (size_t i = 0; i < list->n; i++) {
		if (node_want_text(list->items[i], "restart", &unit, diags) < 0)
			continue;
		if (!unit_name_is_service(unit))
			diag_add(diags, list->items[i]->where,
				"restart: \"%s\" is no name of a service; one ends in .service",
				unit);
		else if (!resource_has(p->item, "restart", unit))
			add(p, "restart", unit);
	}
}

static void parse_timeout(const struct parsing *p, const struct node *n)
{
	unsigned long long ns;

	if (node_want_time(n, "timeout", &ns, p->r->diags) < 0)
		return;
	if (ns < SECOND_NS || ns > TIMEOUT_MAX_S * SECOND_NS)
		diag_add(p->r->diags, n->where,
			"timeout: must be from 1s to 1w, not \"%s\": nothing may run for ever",
			n->text);
	else
		set(p, "timeout",
			arena_printf(p->r->want->arena, "%llu", (ns + SECOND_NS - 1) / SECOND_NS));
}

static void parse_rollback(const struct parsing *p, const struct node *n)
{
	const char *word;

	if (node_want_text(n, "rollback", &word, p->r->diags) < 0)
		return;
	if (!strcmp(word, "rerun"))
		set(p, "rollback", word);
	else
		diag_add(p->r->diags, n->where,
			"rollback: must be rerun (run again behind a rollback), not \"%s\"; "
			"without "
			"the key the action is not undone",
			word);
}

/* "512M": bytes, or with K, M, G or T, by 1024. */
static bool parse_bytes(const char *s, unsigned long long *ret)
{
	static const char units[] = "KMGT";
	size_t n = strspn(s, DIGITS);
	const char *unit = s[n] ? strchr(units, s[n]) : NULL;
	unsigned shift = unit ? 10 * (unsigned)(unit - units + 1) : 0;

	if (!n || n > 15 || (s[n] && (!unit || s[n + 1])))
		return false;
	*ret = strtoull(s, NULL, 10);
	if (!*ret || *ret > UINT64_MAX >> shift >> 1)
		return false;
	*ret <<= shift;
	return true;
}

static void parse_memory(const struct parsing *p, const struct node *n)
{
	unsigned long long bytes;
	const char *text;

	if (node_want_text(n, "memory", &text, p->r->diags) < 0)
		return;
	if (parse_bytes(text, &bytes))
		set(p, "limits.memory", arena_printf(p->r->want->arena, "%llu", bytes));
	else
		diag_add(p->r->diags, n->where,
			"memory: must be a size such as 512M or 2G, not \"%s\"", text);
}

static bool is_count(const char *s)
{
	return check_is_number(s) && strcmp(s, "0") != 0;
}

static void parse_tasks(const struct parsing *p, const struct node *n)
{
	const char *text;

	if (node_want_text(n, "tasks", &text, p->r->diags) < 0)
		return;
	if (is_count(text))
		set(p, "limits.tasks", text);
	else
		diag_add(p->r->diags, n->where, "tasks: must be a number from 1, not \"%s\"", text);
}

static void parse_limits(const struct parsing *p, const struct node *map)
{
	static const char *const known[] = {"memory", "tasks", NULL};
	const struct node *n;

	if (node_want_map(map, "limits", p->r->diags) < 0)
		return;
	node_keys(map, known, p->r->diags);
	if ((n = node_get(map, "memory")))
		parse_memory(p, n);
	if ((n = node_get(map, "tasks")))
		parse_tasks(p, n);
}

static void parse_run(const struct parsing *p, const struct node *n)
{
	parse_command(p, n, "run", "shell");
}

static void parse_unless(const struct parsing *p, const struct node *n)
{
	parse_command(p, n, "unless", "unless.shell");
}

static const struct {
	const char *key;
	void (*parse)(const struct parsing *p, const struct node *n);
} keys[] = {
	{"run", parse_run},
	{"user", parse_user},
	{"cwd", parse_path},
	{"env", parse_env},
	{"env_files", parse_env_files},
	{"unless", parse_unless},
	{"on_change", NULL}, /* action_names_complete(): when all that they may name is there */
	{"then", NULL},
	{"restart", parse_restart},
	{"timeout", parse_timeout},
	{"rollback", parse_rollback},
	{"limits", parse_limits},
	{"needs", NULL},
};

static void check_keys(const struct parsing *p, const struct node *map)
{
	const char **known = arena_array(p->r->arena, const char *, ELEMENTS(keys) + 1);

	for (size_t i = 0; i < ELEMENTS(keys); i++)
		known[i] = keys[i].key;
	node_keys(map, known, p->r->diags);
}

static void parse_action(struct reader *r, const struct node *name, const struct node *map)
{
	struct parsing p = {.r = r};

	if (!action_is_name(name->text)) {
		diag_add(r->diags, name->where,
			"actions: \"%s\" is no name for an action; it is made of letters, digits, "
			"., _ "
			"and -, begins with a letter or digit, and is not longer than 64",
			name->text);
		return;
	}
	if (node_want_map(map, name->text, r->diags) < 0)
		return;
	p.item = resources_add(r->want, arena_printf(r->want->arena, "action:%s", name->text));
	p.item->where = name->where;
	check_keys(&p, map);
	for (size_t i = 0; i < ELEMENTS(keys); i++) {
		const struct node *n = node_get(map, keys[i].key);

		if (n && n->kind != NODE_NULL && keys[i].parse)
			keys[i].parse(&p, n);
	}
	const struct node *run = node_get(map, "run");
	if (!run || run->kind == NODE_NULL)
		diag_add(r->diags, name->where,
			"%s: run: is missing: a list of words, or a text for /bin/sh", name->text);
}

static int action_parse(struct reader *r, const char *section, const struct node *node)
{
	return reader_section(r, section, node, parse_action);
}

static bool is_word(const char *s)
{
	return !*s || is_script(s);
}

static bool is_cwd(const char *s)
{
	return !strcmp(s, "/") || check_path_form(s, NULL) >= 0;
}

static bool is_id(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz-");

	return n && s[n] == ':' && s[n + 1];
}

static bool is_timeout(const char *s)
{
	return is_count(s) && strlen(s) <= 6 && strtoull(s, NULL, 10) <= TIMEOUT_MAX_S;
}

static bool is_rerun(const char *s)
{
	return !strcmp(s, "rerun");
}

static int action_check(const struct resource *item, struct err *e)
{
	static const struct attr_rule rules[] = {
		{"run", is_word, ATTR_TEXTS},
		{"shell", is_script, ATTR_TEXT},
		{"user", check_is_owner, ATTR_OPTIONAL},
		{"cwd", is_cwd, ATTR_OPTIONAL},
		{"env", is_assignment, ATTR_REPEATED},
		{"env_file", is_env_file, ATTR_REPEATED},
		{"unless", is_word, ATTR_TEXTS},
		{"unless.shell", is_script, ATTR_TEXT},
		{"on_change", is_id, ATTR_REPEATED},
		{"then", action_is_name, ATTR_REPEATED},
		{"needs", action_is_name, ATTR_REPEATED},
		{"restart", unit_name_is_service, ATTR_REPEATED},
		{"timeout", is_timeout, ATTR_OPTIONAL},
		{"rollback", is_rerun, ATTR_OPTIONAL},
		{"limits.memory", is_count, ATTR_OPTIONAL},
		{"limits.tasks", is_count, ATTR_OPTIONAL},
		{0},
	};
	const char *run = resource_get(item, "run"), *shell = resource_get(item, "shell"),
		   *unless = resource_get(item, "unless");

	if (!action_is_name(resource_name(item->id)))
		return err_set(e, -EINVAL, "%s: no name for an action", item->id);
	if (!run == !shell || (unless && resource_get(item, "unless.shell")))
		return err_set(e, -EINVAL, "%s: one command is needed", item->id);
	if ((run && !is_program(run)) || (unless && !is_program(unless)))
		return err_set(e, -EINVAL, "%s: no absolute path of a program", item->id);
	int r = check_content(item, false, e);
	return r ? r : check_attrs(item, rules, e);
}

static const char *const action_sections[] = {"actions", NULL};

const struct module module_action = {
	.type = "action",
	.sections = action_sections,
	.parse = action_parse,
	.complete = action_names_complete,
	.check = action_check,
};
