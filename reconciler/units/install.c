/*
 * [Install]: the links that `systemctl enable` would make (unitpath.h).
 * Makes none. Called by the module service.
 */
#include <errno.h>
#include <string.h>

#include "l4sync/text.h"

#include "index.h"

#define CONFIG_DIR "/etc/systemd/system"
#define LINKS_MAX 64 /* systemd's own limit for aliases of aliases */

enum list { LIST_ALIAS, LIST_WANTED_BY, LIST_REQUIRED_BY, LIST_UPHELD_BY, LIST_COUNT };

static const struct {
	const char *key, *suffix;
} lists[LIST_COUNT] = {
	[LIST_ALIAS] = {"Alias", NULL},
	[LIST_WANTED_BY] = {"WantedBy", ".wants"},
	[LIST_REQUIRED_BY] = {"RequiredBy", ".requires"},
	[LIST_UPHELD_BY] = {"UpheldBy", ".upholds"},
};

/* One unit whose enablement was asked for, or that another one's Also= names. */
struct install {
	struct install_run *run;
	const char *name;
	bool asked_for;   /* not only named by an Also= */
	const char *path; /* what links point to; NULL: an alias */
	const char *mask; /* of a masked one: where that stands */
	bool in_etc;      /* there is a link to it of that name in CONFIG_DIR */
	struct names lists[LIST_COUNT];
	const char *default_instance;
};

struct install_run {
	struct unit_index *x;
	struct names todo; /* each once, in order; the asked for ones first */
	size_t n_asked;
	bool any; /* there was something to do, if only in Also= */
	size_t n, cap;
	struct enable_link *links;
	struct err *e;
};

static void link_add(struct install_run *run, const char *path, const char *target)
{
	struct arena *a = run->x->arena;

	run->any = true;
	for (size_t i = 0; i < run->n; i++)
		if (!strcmp(run->links[i].path, path))
			return;
	if (run->n == run->cap) {
		size_t cap = run->cap ? 2 * run->cap : 8;
		struct enable_link *items = arena_array(a, struct enable_link, cap);

		if (run->n)
			memcpy(items, run->links, run->n * sizeof *items);
		run->links = items;
		run->cap = cap;
	}
	run->links[run->n++] = (struct enable_link){path, target};
}

/* A template goes by its default instance, where there is one. */
static const char *effective_name(struct arena *a, const struct install *u)
{
	if (unit_name_is_template(u->name) && u->default_instance)
		return unit_name_with_instance(a, u->name, u->default_instance);
	return u->name;
}

/* One specifier of systemd.unit(5); NULL: not one that [Install] knows how to fill in here. */
static const char *specifier(struct arena *a, const struct install *u, char c)
{
	const struct host *h = u->run->x->host;

	switch (c) {
	case 'H':
		return h->name;
	case 'l':
		return h->name ? arena_strndup(a, h->name, strcspn(h->name, ".")) : NULL;
	case 'm':
		return h->machine_id;
	default:
		return unit_specifiers(a, effective_name(a, u), (const char[]){'%', c, '\0'});
	}
}

static int expand(const struct install *u, const char *word, const char **ret, struct err *e)
{
	struct arena *a = u->run->x->arena;
	_cleanup_buf_ struct buf out = BUF_INIT;

	for (; *word; word++) {
		if (*word != '%' || !word[1]) {
			buf_addc(&out, *word);
			continue;
		}
		const char *value = specifier(a, u, *++word);
		if (!value)
			return err_set(e, -EINVAL,
				"%s: %%%c in [Install] cannot be filled in: write what it stands "
				"for",
				u->name, *word);
		buf_adds(&out, value);
	}
	*ret = out.size ? arena_strndup(a, out.data, out.size) : "";
	return 0;
}

static int on_also(struct install *u, const char *value)
{
	struct install_run *run = u->run;
	const char *word;

	while (unit_word(run->x->arena, &value, 0, &word) > 0) {
		int r = expand(u, word, &word, run->e);

		if (r < 0)
			return r;
		if (!unit_name_valid(word))
			return err_set(
				run->e, -EINVAL, "%s: Also=%s is no unit name", u->name, word);
		names_add(run->x->arena, &run->todo, word);
		run->any = true;
	}
	return 0;
}

static int on_assignment(const struct assignment *assignment, void *userdata)
{
	struct install *u = userdata;
	struct arena *a = u->run->x->arena;
	const char *value = assignment->value, *word;

	if (strcmp(assignment->section, "Install"))
		return 0;
	if (!strcmp(assignment->key, "Also"))
		return on_also(u, value);
	if (!strcmp(assignment->key, "DefaultInstance")) {
		if (!unit_name_is_template(u->name))
			return 0;
		u->default_instance = NULL;
		return *value ? expand(u, value, &u->default_instance, u->run->e) : 0;
	}
	for (size_t i = 0; i < LIST_COUNT; i++) {
		if (strcmp(assignment->key, lists[i].key))
			continue;
		if (i == LIST_ALIAS && !unit_name_type_may_alias(u->name))
			return 0;
		if (!*value)
			u->lists[i] = (struct names){0};
		while (unit_word(a, &value, WORD_QUOTES | WORD_BACKSLASHES, &word) > 0)
			names_add(a, &u->lists[i], word);
	}
	return 0;
}

static int read_install(struct install *u, const struct content *content)
{
	int r = unit_file_parse(u->run->x->arena, content, on_assignment, u);

	if (r == -EBADMSG)
		return err_set(u->run->e, -EINVAL,
			"%s: systemd cannot read a file of it to its end: one line is too long, "
			"not "
			"UTF-8, or a section without its bracket",
			u->name);
	return r;
}

static int parse_dropins(struct install *u)
{
	struct unit_index *x = u->run->x;
	struct names own = {0}, template = {0};
	const char *name = unit_name_template(x->arena, u->name);
	struct dropins d = {0};
	struct followed *f;

	/* Not the loader's rule: here the instance's drop-ins hide the template's of any rank, and
	 * those of prefixes, aliases and the type do not count. */
	names_add(x->arena, &own, arena_printf(x->arena, "%s.d", u->name));
	int r = dropins_collect(x, &own, &d, u->run->e);
	if (r >= 0 && name) {
		names_add(x->arena, &template, arena_printf(x->arena, "%s.d", name));
		r = dropins_collect(x, &template, &d, u->run->e);
	}
	for (size_t i = 0; r >= 0 && i < d.n; i++)
		if ((r = entry_follow(x, d.items[i], &f, u->run->e)) >= 0)
			r = read_install(u, f->content);
	return r;
}

/* An alias in /etc is somebody's choice, and `systemctl enable` refuses to work through it; one
 * that a package ships only redirects. */
static int follow_alias(struct install *u, struct entry *entry)
{
	struct install_run *run = u->run;
	struct arena *a = run->x->arena;
	const char *to = entry->alias, *dir = path_parent(a, entry->path);

	if (unit_name_is_instance(u->name) && unit_name_is_template(to))
		to = unit_name_with_instance(a, to, unit_name_instance(a, u->name));
	if (!strcmp(dir, CONFIG_DIR) || !strcmp(dir, "/run/systemd/system"))
		return err_set(run->e, -ELOOP, "%s is an alias of %s (%s): enable that one",
			u->name, to, entry->path);
	names_add(a, &run->todo, to);
	if (u->asked_for)
		run->n_asked = run->todo.n;
	return 0;
}

/* Finds the unit's file and reads its [Install]. Without a text: -ENOENT, there is none, and
 * -ESHUTDOWN, masked. */
static int install_load(struct install *u)
{
	struct unit_index *x = u->run->x;
	const char *template = unit_name_template(x->arena, u->name);
	struct entry *entry;
	struct followed *f;
	int r = index_find(x, u->name, &entry, u->run->e);

	if (r >= 0 && !entry && template)
		r = index_find(x, template, &entry, u->run->e);
	if (r < 0)
		return r;
	if (!entry)
		return -ENOENT;
	if (entry->alias)
		return follow_alias(u, entry);
	if ((r = entry_follow(x, entry, &f, u->run->e)) < 0)
		return r;
	u->mask = entry->path;
	if (!f->content)
		return f->empty ? -ESHUTDOWN : -ENOENT;
	if (text_starts(entry->path, "/run/systemd/generator") ||
		text_starts(entry->path, "/run/systemd/transient/"))
		return err_set(u->run->e, -EADDRNOTAVAIL,
			"%s is made at run time (%s): it cannot be enabled", u->name, entry->path);
	u->in_etc = !strcmp(entry->path, arena_printf(x->arena, CONFIG_DIR "/%s", u->name));
	/* A fragment kept elsewhere is reached through its link only after the drop-ins were read.
	 */
	bool linked = entry->kind == ENTRY_LINK;
	u->path = linked ? f->hops.items[f->hops.n - 1] : entry->path;
	if (!linked && (r = read_install(u, f->content)))
		return r;
	if ((r = parse_dropins(u)) < 0)
		return r;
	return linked ? read_install(u, f->content) : 0;
}

/* Alias=a.target.wants/NAME: how it was said before there was WantedBy=. */
static bool is_legacy_alias(const struct install *u, const char *alias)
{
	const char *slash = strchr(alias, '/');

	if (!slash || strcmp(slash + 1, u->name) || unit_name_is_template(u->name))
		return false;
	const char *dir = arena_strndup(u->run->x->arena, alias, (size_t)(slash - alias));
	const char *dot = strrchr(dir, '.');
	return dot && (!strcmp(dot, ".wants") || !strcmp(dot, ".requires")) &&
	       unit_name_valid(arena_strndup(u->run->x->arena, dir, (size_t)(dot - dir)));
}

static int apply_aliases(struct install *u)
{
	struct install_run *run = u->run;
	struct arena *a = run->x->arena;
	const char *link = arena_printf(a, CONFIG_DIR "/%s", u->name), *alias;
	bool elsewhere = !index_has_dir(run->x, path_parent(a, u->path));

	if (elsewhere && !u->in_etc)
		link_add(run, link, u->path);
	for (size_t i = 0; i < u->lists[LIST_ALIAS].n; i++) {
		int r = expand(u, u->lists[LIST_ALIAS].items[i], &alias, run->e);

		if (r < 0)
			return r;
		if (unit_name_is_template(alias) && unit_name_is_instance(u->name))
			alias = unit_name_with_instance(a, alias, unit_name_instance(a, u->name));
		run->any = true;
		if (!strcmp(alias, u->name))
			continue;
		if (!is_legacy_alias(u, alias) && !unit_name_may_alias(a, alias, u->name))
			return err_set(run->e, -EINVAL, "%s: Alias=%s cannot be a name of it",
				u->name, alias);
		link_add(run, arena_printf(a, CONFIG_DIR "/%s", alias), elsewhere ? link : u->path);
	}
	return 0;
}

static int apply_list(struct install *u, enum list list)
{
	struct install_run *run = u->run;
	struct arena *a = run->x->arena;
	const char *name = effective_name(a, u), *by;

	for (size_t i = 0; i < u->lists[list].n; i++) {
		int r = expand(u, u->lists[list].items[i], &by, run->e);

		if (r < 0)
			return r;
		enum name_kind kind = unit_name_kind(by);
		if (kind == NAME_INVALID)
			return err_set(run->e, -EINVAL, "%s: %s=%s is no unit name", u->name,
				lists[list].key, by);
		if (unit_name_is_template(name) && kind == NAME_PLAIN)
			return err_set(run->e, -EINVAL,
				"%s is a template without DefaultInstance=: enable an instance of "
				"it",
				u->name);
		link_add(run, arena_printf(a, CONFIG_DIR "/%s%s/%s", by, lists[list].suffix, name),
			u->path);
	}
	return 0;
}

static int install_one(struct install_run *run, const char *name, bool asked_for)
{
	struct install u = {.run = run, .name = name, .asked_for = asked_for};
	int r = install_load(&u);

	if ((r == -ENOENT || r == -ESHUTDOWN) && !asked_for)
		return 0;
	if (r == -ENOENT)
		return err_set(run->e, r, "there is no unit file of %s", name);
	if (r == -ESHUTDOWN)
		return err_set(run->e, r, "%s is masked, so it cannot be enabled; %s", name,
			unit_index_unmask(run->x, u.mask));
	if (r < 0 || !u.path)
		return r;
	r = apply_aliases(&u);
	for (enum list i = LIST_WANTED_BY; r >= 0 && i < LIST_COUNT; i++)
		r = apply_list(&u, i);
	return r;
}

int unit_index_install_links(struct unit_index *x, const char *unit, struct enable_link **ret,
	size_t *ret_n, struct err *e)
{
	struct install_run run = {.x = x, .n_asked = 1, .e = e};

	if (!unit_name_valid(unit))
		return err_set(e, -EINVAL, "%s is no unit name", unit);
	names_add(x->arena, &run.todo, unit);
	for (size_t i = 0; i < run.todo.n; i++) {
		if (i == LINKS_MAX)
			return err_set(
				e, -ELOOP, "%s: Also= and aliases name too many units", unit);
		int r = install_one(&run, run.todo.items[i], i < run.n_asked);
		if (r < 0)
			return r;
	}
	if (!run.any)
		return err_set(
			e, -ENOEXEC, "%s has no [Install] section that says what enables it", unit);
	*ret = run.links;
	*ret_n = run.n;
	return 0;
}
