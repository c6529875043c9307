/*
 * Findings about kernel settings that would not last: what the files of the host, with the want
 * laid over them, set at the next boot (systemd-sysctl) and with `sysctl --system` (procps), where
 * that is not what the state wants; by which file and line. Changes nothing. Called by the
 * pipeline.
 */
#include <errno.h>
#include <string.h>

#include "l4sync/places.h"
#include "l4sync/plan.h"
#include "l4sync/sysctl.h"
#include "l4sync/text.h"
#include "l4sync/unit_view.h"

#include "sysctl_sources.h"

#define READERS (SYSCTL_PROCPS + 1)
#define SHOWN_MAX 60 /* bytes of a value in a text */

struct search {
	struct plan *plan;
	struct arena *arena;
	struct host *host;
	struct sysctl_sources sources;
	struct sysctl_rules *state;            /* of the state's files alone */
	struct sysctl_rules *readers[READERS]; /* NULL: nobody reads them so */
	struct err *e;
};

/* A setting, or several alike that one line of the state is for, and what wins over it. */
struct clash {
	const char *where;
	const char *key;
	size_t n_more;
	const char *wanted, *live;      /* live may be NULL */
	const struct sysctl_line *ours; /* what the state's files say; NULL: nothing */
	bool lost[READERS];
	const struct sysctl_line *winner[READERS]; /* where lost; NULL: nothing sets it */
};

static bool is_state_file(const struct search *s, const char *path)
{
	return resources_find(s->plan->want, arena_printf(s->arena, "file:%s", path)) ||
	       resources_find(s->plan->want, arena_printf(s->arena, "link:%s", path));
}

static bool same_line(const struct sysctl_line *a, const struct sysctl_line *b)
{
	return a == b || (a && b && a->line == b->line && !strcmp(a->path, b->path));
}

static bool same_clash(const struct clash *a, const struct clash *b)
{
	for (int i = 0; i < READERS; i++)
		if (a->lost[i] != b->lost[i] || !same_line(a->winner[i], b->winner[i]))
			return false;
	return true;
}

/* A value so that it stays on its line. */
static const char *shown(struct arena *a, const char *value)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	size_t n = strlen(value);

	if (!n)
		return "nothing";
	text_escape(&b, value, n > SHOWN_MAX ? SHOWN_MAX : n);
	return arena_printf(a, "%s%s", b.data, n > SHOWN_MAX ? "…" : "");
}

static const char *place(struct arena *a, const struct sysctl_line *line)
{
	return line->is_argument ? line->path : arena_printf(a, "%s:%u", line->path, line->line);
}

static const char *hider(const struct search *s, enum sysctl_reader reader, const struct clash *c)
{
	return c->ours ? sysctl_file_hider(reader, s->sources.files, s->sources.n, c->ours->path)
		       : NULL;
}

/* Why it comes to that. */
static const char *reason(
	const struct search *s, enum sysctl_reader reader, const struct clash *c, const char *hides)
{
	const struct sysctl_line *w = c->winner[reader];
	struct arena *a = s->arena;

	if (hides)
		return arena_printf(a, "%s hides the state's file of the same name%s%s", hides,
			w && strcmp(w->path, hides) != 0 ? ", and then there is " : "",
			w && strcmp(w->path, hides) != 0 ? place(a, w) : "");
	if (!w)
		return "no line that it reads is for it";
	if (!w->value)
		return arena_printf(a, "%s takes it out", place(a, w));
	if (!sysctl_takes(c->key, sysctl_normalize(a, w->value), sysctl_normalize(a, c->wanted)))
		return arena_printf(a,
			"%s sets it first, and after that the kernel does not take %s",
			w->is_argument ? "the kernel's command line" : place(a, w),
			shown(a, c->wanted));
	if (c->ours && c->ours->is_glob && !w->is_glob)
		return arena_printf(a, "%s names it, which goes before a glob", place(a, w));
	if (!strcmp(w->path, SYSCTL_CONF))
		return arena_printf(a, "%s is read last", place(a, w));
	return arena_printf(a, "%s has the last word", place(a, w));
}

/* Whether an administrator would just change it there. */
static bool is_by_hand(const char *path)
{
	return text_starts(path, "/etc/") || text_starts(path, "/run/");
}

/* What to do. */
static const char *advice(const struct search *s, const struct sysctl_line *w, const char *hides)
{
	const char *path = hides ? hides : w ? w->path : NULL;
	struct arena *a = s->arena;

	if (!path)
		return "Write it in the state as KEY = VALUE, which everybody reads alike";
	if (is_state_file(s, path))
		return "That is the state's own: change it there";
	if (w && w->is_argument)
		return "Take it out of the boot loader's configuration";
	if (text_ends(path, "/" SYSCTL_CREDENTIAL))
		return "Remove that credential";
	if (hides)
		return "Remove that file, or give the state's another name";
	if (is_by_hand(path))
		return "Remove that line, or take the file into the state";
	return arena_printf(a,
		"Hide that file by one of its name in /etc/sysctl.d, or set the key in a file "
		"whose name comes after it");
}

/* What one reader makes of it, or boot and procps where they agree. */
static const char *sentence(
	const struct search *s, const struct clash *c, enum sysctl_reader reader, const char *when)
{
	const struct sysctl_line *w = c->winner[reader];
	const char *hides = hider(s, reader, c);
	_cleanup_buf_ struct buf b = BUF_INIT;

	if (c->n_more)
		buf_addf(&b, "%s and %zu more ", c->key, c->n_more);
	else if (!text_starts(c->where, "sysctl:"))
		buf_addf(&b, "%s ", c->key);
	if (w && w->value)
		buf_addf(&b, "would be %s %s", shown(s->arena, w->value), when);
	else
		buf_addf(&b, "would not be set %s", when);
	buf_addf(&b, ", not %s", shown(s->arena, c->wanted));
	if (c->ours)
		buf_addf(&b, " (%s)", place(s->arena, c->ours));
	buf_addf(&b, ": %s. %s", reason(s, reader, c, hides), advice(s, w, hides));
	if (c->live)
		buf_addf(&b, ". The kernel has %s now", shown(s->arena, c->live));
	return arena_strdup(s->arena, b.data);
}

static void report(struct search *s, const struct clash *c)
{
	bool boot = c->lost[SYSCTL_BOOT], procps = c->lost[SYSCTL_PROCPS];
	bool together =
		boot && procps && same_line(c->winner[SYSCTL_BOOT], c->winner[SYSCTL_PROCPS]);

	if (boot || c->lost[SYSCTL_SYSTEMD])
		finding_add(&s->plan->findings, "lint", "sysctl-boot", c->where, "%s",
			sentence(s, c, boot ? SYSCTL_BOOT : SYSCTL_SYSTEMD,
				together ? "at the next boot and with sysctl --system"
				: boot   ? "at the next boot"
					 : "if systemd-sysctl ran before the next boot"));
	if (procps && !together)
		finding_add(&s->plan->findings, "lint", "sysctl-system", c->where, "%s",
			sentence(s, c, SYSCTL_PROCPS, "with sysctl --system"));
}

static bool means(const struct search *s, const struct sysctl_line *line, const char *value)
{
	return line->value &&
	       !strcmp(sysctl_normalize(s->arena, line->value), sysctl_normalize(s->arena, value));
}

/* What each reader makes of the key; whether one makes something else than wanted. */
static bool judge(struct search *s, struct clash *c)
{
	bool any = false;

	for (int i = 0; i < READERS; i++) {
		const struct sysctl_line *w =
			s->readers[i] ? sysctl_rules_find(s->readers[i], c->key) : NULL;

		if (!s->readers[i] || (w && means(s, w, c->wanted)))
			continue;
		any = c->lost[i] = true;
		c->winner[i] = w;
	}
	return any;
}

static void check_setting(struct search *s, const struct triple *t)
{
	const char *key = resource_name(t->id);
	const struct sysctl_line *ours = sysctl_rules_find(s->state, key);
	struct clash c = {
		.where = t->id,
		.key = key,
		.wanted = resource_get(t->want, "value"),
		.live = t->live.live ? resource_get(t->live.live, "value") : NULL,
	};

	/* A link of the state may lead to a file that is not, which it then cannot know. */
	if (ours && means(s, ours, c.wanted))
		c.ours = ours;
	if (judge(s, &c))
		report(s, &c);
}

struct clashes {
	struct clash *items; /* malloc'd */
	size_t n, cap;
};

/* A key that a glob of the state is for. Those that come to the same end are one finding. */
static void check_covered(struct search *s, const struct sysctl_line *glob, const char *where,
	const char *key, struct clashes *all)
{
	struct clash c = {.where = where, .key = key, .wanted = glob->value, .ours = glob};

	if (resources_find(s->plan->want, arena_printf(s->arena, "sysctl:%s", key)) ||
		!same_line(sysctl_rules_find(s->state, key), glob) || !judge(s, &c))
		return;
	for (size_t i = 0; i < all->n; i++) {
		if (!same_clash(&all->items[i], &c))
			continue;
		all->items[i].n_more += strcmp(all->items[i].key, key) != 0;
		return;
	}
	all->items = grow(all->items, &all->cap, all->n, sizeof(*all->items));
	all->items[all->n++] = c;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The keys that the glob is for: those of this kernel now, and those that a line names. */
static int covered_keys(
	struct search *s, const struct sysctl_line *glob, const char ***ret, size_t *ret_n)
{
	const char *const *live = NULL;
	const char **keys;
	size_t n = 0, n_live = 0, kept = 0, max = 0;
	int r = s->host->live ? sysctl_glob(s->arena, glob->target, &live, &n_live, s->e) : 0;

	if (r < 0)
		return r;
	for (int i = 0; i < READERS; i++)
		max += s->readers[i] ? s->readers[i]->n_keys : 0;
	keys = arena_array(s->arena, const char *, n_live + max);
	for (size_t i = 0; i < n_live; i++)
		keys[n++] = live[i];
	for (int i = 0; i < READERS; i++)
		for (size_t j = 0; s->readers[i] && j < s->readers[i]->n_keys; j++) {
			const struct sysctl_line *line = s->readers[i]->by_key[j];

			if (sysctl_line_covers(glob, line))
				keys[n++] = sysctl_exchange(s->arena, line->target);
		}
	if (n)
		qsort(keys, n, sizeof *keys, compare_names);
	for (size_t i = 0; i < n; i++)
		if (!kept || strcmp(keys[kept - 1], keys[i]) != 0)
			keys[kept++] = keys[i];
	*ret = keys;
	*ret_n = kept;
	return 0;
}

/* The globs of a file of the state. */
static int check_file(struct search *s, const struct triple *t)
{
	for (size_t i = 0; i < s->state->n_globs; i++) {
		const struct sysctl_line *glob = s->state->globs[i];
		struct clashes all = {0};
		const char **keys;
		size_t n;

		if (!glob->value || strcmp(glob->path, resource_path(t->want)) != 0)
			continue;
		int r = covered_keys(s, glob, &keys, &n);
		if (r < 0)
			return r;
		for (size_t j = 0; j < n; j++)
			check_covered(s, glob, t->id, keys[j], &all);
		for (size_t j = 0; j < all.n; j++)
			report(s, &all.items[j]);
		free(all.items);
	}
	return 0;
}

static bool is_setting(const struct triple *t)
{
	return t->want && resource_is(t->want, "sysctl");
}

static bool is_source(struct arena *a, const struct triple *t)
{
	const char *path = t->want ? resource_path(t->want) : NULL;

	return path && place_of(a, path).kind == PLACE_SYSCTL;
}

static void make_rules(struct search *s)
{
	const struct sysctl_sources *all = &s->sources;
	struct sysctl_file *own = arena_array(s->arena, struct sysctl_file, all->n);
	size_t n = 0;

	for (size_t i = 0; i < all->n; i++)
		if (is_state_file(s, all->files[i].path))
			own[n++] = all->files[i];
	s->state = sysctl_rules_new(s->arena, SYSCTL_SYSTEMD, own, n);
	s->readers[SYSCTL_BOOT] = sysctl_rules_new(s->arena, SYSCTL_BOOT, all->files, all->n);
	if (all->has_run)
		s->readers[SYSCTL_SYSTEMD] =
			sysctl_rules_new(s->arena, SYSCTL_SYSTEMD, all->files, all->n);
	if (all->has_procps)
		s->readers[SYSCTL_PROCPS] =
			sysctl_rules_new(s->arena, SYSCTL_PROCPS, all->files, all->n);
}

int plan_sysctl(struct plan *p, const struct triple *triples, size_t n, struct unit_view *view,
	struct err *e)
{
	struct search s = {.plan = p, .arena = p->arena, .host = unit_view_host(view), .e = e};
	struct unit_index *index;
	bool any = false;

	for (size_t i = 0; i < n && !any; i++)
		any = is_setting(&triples[i]) || is_source(s.arena, &triples[i]);
	if (!any)
		return 0;
	int r = unit_view_after(view, &index, e);
	if (r >= 0)
		r = sysctl_sources_read(s.host, index, s.arena, &s.sources, e);
	if (r < 0)
		return r;
	make_rules(&s);
	for (size_t i = 0; i < s.sources.n_unread; i++)
		finding_add(&p->findings, "lint", "sysctl-unread", s.sources.unread[i].path,
			"may set kernel settings at the next boot or with sysctl --system; what it "
			"sets is not known: %s",
			s.sources.unread[i].unread);
	for (size_t i = 0; i < n && r >= 0; i++) {
		/* One that this kernel does not have is said already. */
		if (is_setting(&triples[i]) && !(s.host->live && triples[i].live.skip))
			check_setting(&s, &triples[i]);
		else if (is_source(s.arena, &triples[i]))
			r = check_file(&s, &triples[i]);
	}
	return r < 0 ? r : 0;
}
