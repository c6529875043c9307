/*
 * Golden cases of planning: every file of tests/plan/ is one, the three states and the whole plan
 * document. A case is text; lines before the first "=== " say what it is about, then come
 *
 *	=== base | want | originals | live | found | found-later | ran
 *	=== expect
 *
 * each with resources, one a line:
 *
 *	TYPE:NAME [KEY=VALUE…] [@SECONDS] [secret] [hidden] [skip] [: CONTENT]
 *
 * found: in a directory that is purged from now on; found-later: that was purged already. Both are
 * live. ran: what is known of actions, ran:NAME done=WHICH… input=ID:WHICH… [succeeded=USEC]
 *[pending=SECONDS] [error=TEXT], WHICH being want or base, whose definition or version it was, or
 *something else; and what unless says: answer:NAME is=nothing|todo|unknown. Words are escaped as
 *text_escape() does (\n, \x20 for a blank in a value); hidden: only the keyed hash of the content
 *is known, as in a generation; @SECONDS: when it was changed last. What is live with a content or
 *target is also put into a file tree, which the unit search path and the files of sysctl.d are read
 *from. The plan's id is checked by the tests further down, not by the cases. `UPDATE_CASES=1 make
 *check-unit` writes what comes out into the cases; then read the diff.
 */
#include <check.h>

#include "../../reconciler/plan/foreign.h"
#include "../action_case.h"
#include "../case_files.h"
#include "../unit_tree.h"
#include "l4sync/checkout.h"
#include "l4sync/diff.h"
#include "l4sync/module.h"
#include "l4sync/places.h"
#include "l4sync/plan.h"
#include "l4sync/unit_view.h"

#define DIR_NAME "tests/plan"
#define FOREIGN_MAX 100 /* of one case */

static const unsigned char test_key[HASH_SIZE] = "the key of no host";

enum set {
	SET_BASE,
	SET_WANT,
	SET_ORIGINALS,
	SET_LIVE,
	SET_FOUND,
	SET_FOUND_LATER,
	SET_RAN,
	SET_COUNT
};
static const char *const set_names[SET_COUNT] = {
	"base", "want", "originals", "live", "found", "found-later", "ran"};

struct plan_case {
	struct resources *sets[SET_COUNT];
	struct resources *skipped;
	struct resources *changed; /* those with a time, which stands in where.line */
	size_t expect;             /* where the expected text begins */
};

static char *unescape(const char *s)
{
	char *ret;

	ck_assert_msg(text_unescape(arena, s, strlen(s), &ret), "cannot be read: %s", s);
	return ret;
}

static void take_content(struct resource *item, const char *text, bool hidden)
{
	const char *bytes = unescape(text);
	struct content *c = content_new(arena, bytes, strlen(bytes));

	if (hidden) {
		c->hash = hash_hmac(test_key, bytes, strlen(bytes));
		c->keyed = true;
		c->data = NULL;
	}
	item->content = c;
}

static void take_resource(struct plan_case *c, enum set set, char *line)
{
	char *content = strstr(line, " : "), *rest = NULL;
	bool hidden = false;

	if (content)
		*content = '\0';
	struct resource *item = resources_add(c->sets[set], strtok_r(line, " ", &rest));
	for (char *word; (word = strtok_r(NULL, " ", &rest));) {
		char *equals = strchr(word, '=');

		if (equals) {
			*equals = '\0';
			resource_add(arena, item, word, unescape(equals + 1));
		} else if (!strcmp(word, "secret")) {
			item->secret = true;
		} else if (!strcmp(word, "hidden")) {
			hidden = true;
		} else if (*word == '@') {
			item->where.line = (unsigned)strtoul(word + 1, NULL, 10);
			resources_add_ref(c->changed, item);
		} else if (!strcmp(word, "skip")) {
			resources_add_ref(c->skipped, item);
		} else {
			ck_abort_msg("unknown word %s", word);
		}
	}
	if (content)
		take_content(item, content + 3, hidden);
}

static void take_section(struct plan_case *c, const char *name, const char *head, char *body)
{
	for (int set = 0; set < SET_COUNT; set++) {
		char *rest = NULL;

		if (strcmp(head, set_names[set]) != 0)
			continue;
		for (char *line = strtok_r(body, "\n", &rest); line;
			line = strtok_r(NULL, "\n", &rest))
			take_resource(c, (enum set)set, line);
		return;
	}
	ck_abort_msg("%s: unknown section %s", name, head);
}

static void take_sections(struct plan_case *c, const char *name, const struct buf *text)
{
	const char *at = strstr(text->data, "\n=== ");

	for (ck_assert_msg(at, "%s: has no sections", name); at;) {
		const char *newline = strchr(++at, '\n'), *next;
		const char *head = arena_strndup(arena, at + 4, (size_t)(newline - at - 4));

		if (!strcmp(head, "expect")) {
			c->expect = (size_t)(newline + 1 - text->data);
			break;
		}
		next = strstr(newline, "\n=== ");
		ck_assert_msg(next, "%s: has no section \"expect\"", name);
		take_section(
			c, name, head, arena_strndup(arena, newline, (size_t)(next - newline)));
		at = next;
	}
	for (int i = 0; i < SET_COUNT; i++)
		resources_sort(c->sets[i], NULL);
}

/* The live files, for the unit search path and the directories of kernel settings. */
static void put_live(const struct resources *live)
{
	for (size_t i = 0; i < live->n; i++) {
		const struct resource *item = live->items[i];
		const char *path = resource_path(item), *target = resource_get(item, "target");

		if (!path || resource_is(item, "dir"))
			continue;
		put(target ? arena_printf(arena, "%s -> %s", path, target)
			   : arena_printf(arena, "%s = %s", path,
				     (const char *)(item->content ? item->content->data : "")));
	}
}

static size_t make_triples(struct plan_case *c, struct triple *ret)
{
	const struct resources *base = c->sets[SET_BASE], *want = c->sets[SET_WANT];
	size_t n = 0;

	for (size_t i = 0, j = 0; i < base->n || j < want->n; n++) {
		const struct resource *b = i < base->n ? base->items[i] : NULL;
		const struct resource *w = j < want->n ? want->items[j] : NULL;
		int order = !b ? 1 : !w ? -1 : strcmp(b->id, w->id);
		const char *id = order <= 0 ? b->id : w->id;

		if (!module_of(modules, id)->inspect) {
			i += order <= 0;
			j += order >= 0;
			n--; /* nothing of it is on the host */
			continue;
		}
		ret[n] = (struct triple){.id = id,
			.module = module_of(modules, id),
			.base = order <= 0 ? b : NULL,
			.want = order >= 0 ? w : NULL};
		ret[n].original = resources_find(c->sets[SET_ORIGINALS], id);
		ret[n].live.live = resources_find(c->sets[SET_LIVE], id);
		const struct resource *changed = resources_find(c->changed, id);
		if (changed)
			ret[n].live.changed_usec = changed->where.line * 1000000ull;
		if (resources_find(c->skipped, id))
			ret[n].live.skip = "not done with --root";
		i += order <= 0;
		j += order >= 0;
	}
	return n;
}

static int compare_triples(const void *a, const void *b)
{
	return strcmp(((const struct triple *)a)->id, ((const struct triple *)b)->id);
}

/* As reconciler/plan/purge.c does. */
static size_t add_found(
	struct plan_case *c, enum set set, struct unit_view *view, struct triple *ret)
{
	for (size_t i = 0; i < c->sets[set]->n; i++) {
		const struct resource *item = c->sets[set]->items[i];
		bool is_dir = resource_is(item, "dir");
		const char *id = is_dir ? item->id : place_id(arena, resource_path(item), false);
		const struct resource *changed = resources_find(c->changed, item->id);

		ret[i] = (struct triple){.id = item->id,
			.module = module_of(modules, id),
			.is_purged = true,
			.was_purged = set == SET_FOUND_LATER};
		ret[i].live.live = item;
		ret[i].live.changed_usec = changed ? changed->where.line * 1000000ull : 0;
		if (!is_dir)
			unit_view_remove(view, resource_path(item));
	}
	return c->sets[set]->n;
}

/* What the state says is to go, as inspect_all() finds it; since it was made just now, the time is
 * replaced by one that stays the same. */
static size_t add_foreign(struct plan_case *c, struct unit_view *view, struct triple *ret)
{
	const struct resources *base = c->sets[SET_BASE]->n ? c->sets[SET_BASE] : NULL;
	const struct request request = {0};
	struct run run = {.request = &request, .host = host, .arena = arena};
	struct inspection in = {.host = host,
		.arena = arena,
		.want = c->sets[SET_WANT],
		.base = base,
		.key = test_key,
		.units = view};
	_cleanup_err_ struct err e = ERR_INIT;
	struct found found = {.run = &run, .in = &in, .e = &e};

	ck_assert_msg(foreign_search(&found) >= 0, "%s", err_text(&e));
	ck_assert_uint_le(found.n, FOREIGN_MAX);
	for (size_t i = 0; i < found.n; i++) {
		ret[i] = found.items[i];
		ret[i].live.changed_usec = 1795489800000000;
	}
	free(found.items);
	return found.n;
}

static void take_out_times(struct findings *f)
{
	static const char before[] = "changed last ", time[] = "2026-01-02 03:04:05 UTC";

	for (size_t i = 0; i < f->n; i++) {
		const char *at = strstr(f->items[i].text, before);

		if (at)
			f->items[i].text = arena_printf(arena, "%.*s…%s",
				(int)(at - f->items[i].text) + (int)strlen(before),
				f->items[i].text, at + strlen(before) + strlen(time));
	}
}

static const char *diff_of(void *userdata, const struct change *c)
{
	bool secret = (c->want && c->want->secret) || (c->base && c->base->secret) ||
		      (c->live && c->live->secret);
	const char *text = NULL;

	(void)userdata;
	if (resource_is(c->want ? c->want : c->live, "checkout"))
		return checkout_diff(arena, c->live ? c->live->content : NULL,
			c->want ? c->want->content : NULL, 3);
	content_diff(arena, resource_name(c->id), c->live ? c->live->content : NULL,
		c->want ? c->want->content : NULL, secret, test_key, &text, NULL);
	return text;
}

static struct plan *make_plan(struct plan_case *c)
{
	const struct resources *base = c->sets[SET_BASE]->n ? c->sets[SET_BASE] : NULL;
	_cleanup_err_ struct err e = ERR_INIT;
	struct plan *p = plan_new(arena);
	struct triple *triples = arena_array(arena, struct triple,
		c->sets[SET_BASE]->n + c->sets[SET_WANT]->n + c->sets[SET_FOUND]->n +
			c->sets[SET_FOUND_LATER]->n + FOREIGN_MAX);
	size_t n = make_triples(c, triples);
	struct unit_view *view =
		unit_view_new(host, arena, c->sets[SET_WANT], base, c->sets[SET_ORIGINALS]);

	n += add_found(c, SET_FOUND, view, triples + n);
	n += add_found(c, SET_FOUND_LATER, view, triples + n);
	size_t n_foreign = add_foreign(c, view, triples + n);
	for (size_t i = 0; i < n; i++)
		if (triples[i].base && unit_view_removes(view, resource_path(triples[i].base)))
			triples[i].original = NULL;
	n += n_foreign;
	if (n)
		qsort(triples, n, sizeof *triples, compare_triples);
	p->host = "h";
	p->want = c->sets[SET_WANT];
	p->applied = base;
	plan_compare(p, triples, n, test_key);
	const struct action_case known = {base, p->want, c->sets[SET_RAN], test_key};
	const struct action_records records = action_case_records(&known);
	const struct action_source actions = {.records = &records,
		.selects = action_case_selects,
		.ask = action_case_answer,
		.userdata = (void *)&known};
	ck_assert_msg(plan_actions(p, view, &actions, test_key, &e) >= 0, "%s", err_text(&e));
	ck_assert_msg(plan_effects(p, view, NULL, &e) >= 0, "%s", err_text(&e));
	ck_assert_msg(plan_content_policy(p, view, &e) >= 0, "%s", err_text(&e));
	ck_assert_msg(plan_foreign(p, view, test_key, &e) >= 0, "%s", err_text(&e));
	take_out_times(&p->findings);
	ck_assert_msg(plan_sysctl(p, triples, n, view, &e) >= 0, "%s", err_text(&e));
	ck_assert_msg(plan_guard(p, view, base, &e) >= 0, "%s", err_text(&e));
	plan_identify(p, test_key);
	return p;
}

static void case_init(struct plan_case *c)
{
	*c = (struct plan_case){.skipped = resources_new(), .changed = resources_new()};
	for (int i = 0; i < SET_COUNT; i++)
		c->sets[i] = resources_new();
}

static void case_clear(struct plan_case *c)
{
	for (int i = 0; i < SET_COUNT; i++)
		resources_free(c->sets[i]);
	resources_free(c->skipped);
	resources_free(c->changed);
}

static void read_case(const char *path, struct buf *ret)
{
	FILE *f = fopen(path, "re");
	char chunk[4096];

	ck_assert_msg(f, "%s: cannot be opened", path);
	for (size_t n; (n = fread(chunk, 1, sizeof chunk, f)) > 0;)
		buf_add(ret, chunk, n);
	fclose(f);
	buf_add(ret, "", 0);
}

START_TEST(plan_case)
{
	const char *path = arena_printf(arena, DIR_NAME "/%s", names[_i]->d_name);
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct plan_case c;

	case_init(&c);
	read_case(path, &text);
	take_sections(&c, path, &text);
	resources_sort(c.skipped, NULL);
	resources_sort(c.changed, NULL);
	put_live(c.sets[SET_LIVE]);
	put_live(c.sets[SET_FOUND]);
	put_live(c.sets[SET_FOUND_LATER]);
	_cleanup_plan_ struct plan *p = make_plan(&c);
	json_t *document = plan_to_json(p, diff_of, NULL);
	json_object_set_new(document, "plan_id", json_string("sha256:…"));
	char *out = json_dumps(document, JSON_INDENT(1) | JSON_SORT_KEYS);
	ck_assert_msg(!strstr(out, "TOPSECRET"), "%s: a secret is in the plan", path);
	if (strncmp(out, text.data + c.expect, strlen(out)) != 0 ||
		strcmp(text.data + c.expect + strlen(out), "\n") != 0) {
		/* The documents are longer than a message may be. */
		if (!getenv("UPDATE_CASES")) {
			fprintf(stderr, "%s: came out:\n%s\n", path, out);
			ck_abort_msg("%s: another plan came out (see above)", path);
		}
		FILE *f = fopen(path, "we");
		fprintf(f, "%.*s%s\n", (int)c.expect, text.data, out);
		fclose(f);
	}
	free(out);
	json_decref(document);
	case_clear(&c);
}
END_TEST

/* A plan of these lines ("want ID…"), its id in the arena. */
static const char *id_of(
	const char *const *lines, const char *where, enum action action, const char *unit)
{
	struct plan_case c;

	case_init(&c);
	for (; *lines; lines++) {
		const char *blank = strchr(*lines, ' ');

		for (int set = 0; set < SET_COUNT; set++)
			if (!strncmp(*lines, set_names[set], (size_t)(blank - *lines)))
				take_resource(&c, (enum set)set, arena_strdup(arena, blank + 1));
	}
	for (int i = 0; i < SET_COUNT; i++)
		resources_sort(c.sets[i], NULL);
	for (size_t i = 0; i < c.sets[SET_WANT]->n; i++)
		c.sets[SET_WANT]->items[i]->where = (struct where){where, 3, 1};
	_cleanup_plan_ struct plan *p = make_plan(&c);
	for (const char *u = unit; u && *u; u += strlen(u) + 1) {
		p->effects.items = grow(
			p->effects.items, &p->effects.cap, p->effects.n, sizeof(*p->effects.items));
		p->effects.items[p->effects.n++] = (struct effect){.action = action, .target = u};
	}
	plan_identify(p, test_key);
	const char *id = arena_strdup(arena, p->id);
	case_clear(&c);
	return id;
}

START_TEST(plan_id)
{
	static const char *const one[] = {
		"want file:/a mode=0644 : x", "live file:/a mode=0600 : x", NULL};
	static const char *const other[] = {
		"want file:/a mode=0644 : y", "live file:/a mode=0600 : x", NULL};
	static const char *const live[] = {
		"want file:/a mode=0644 : x", "live file:/a mode=0601 : x", NULL};
	static const char *const secret[] = {
		"want file:/a secret mode=0644 : x", "live file:/a secret mode=0600 : x", NULL};
	static const char *const drift[] = {"base file:/a mode=0644 : x",
		"want file:/a mode=0644 : x", "live file:/a @1 mode=0600 : x", NULL};
	static const char *const later[] = {"base file:/a mode=0644 : x",
		"want file:/a mode=0644 : x", "live file:/a @2 mode=0600 : x", NULL};
	const char *id = id_of(one, "root/a", ACTION_STOP, NULL);

	ck_assert(text_starts(id, "sha256:"));
	ck_assert_str_eq(id, id_of(one, "root/a", ACTION_STOP, NULL));
	ck_assert_str_eq(id, id_of(one, "moved/elsewhere", ACTION_STOP, NULL));
	ck_assert_str_ne(id, id_of(other, "root/a", ACTION_STOP, NULL));
	ck_assert_str_ne(id, id_of(live, "root/a", ACTION_STOP, NULL));
	ck_assert_str_ne(id, id_of(secret, "root/a", ACTION_STOP, NULL));
	ck_assert_str_eq(id_of(drift, "root/a", ACTION_STOP, NULL),
		id_of(later, "root/a", ACTION_STOP, NULL));
	/* Instances count as their template, however many; another action or unit does not. */
	const char *restarts = id_of(one, "root/a", ACTION_RESTART, "t@1.service\0");
	ck_assert_str_ne(id, restarts);
	ck_assert_str_eq(
		restarts, id_of(one, "root/a", ACTION_RESTART, "t@1.service\0t@2.service\0"));
	ck_assert_str_eq(restarts, id_of(one, "root/a", ACTION_RESTART, "t@7.service\0"));
	ck_assert_str_ne(restarts, id_of(one, "root/a", ACTION_STOP, "t@1.service\0"));
	ck_assert_str_ne(restarts, id_of(one, "root/a", ACTION_RESTART, "u@1.service\0"));
}
END_TEST

int main(void)
{
	return run_case_suite(&(struct case_suite){.dir = DIR_NAME,
		.title = "plan cases",
		.each = plan_case,
		.also = plan_id,
		.setup = setup,
		.teardown = teardown,
		.output = CK_ENV});
}
