/*
 * Golden cases of lint: every file of tests/rules/ is one, a state and all that is found in it. A
 * case is text; lines before the first "=== " say what it is about, then come
 *
 *	=== file PATH           a file of the state, its lines follow; l4sync.yaml may be left out
 *	=== exec PATH           the same, executable
 *	=== bytes PATH          the same, escaped as text_escape() does, without newlines
 *	=== link PATH TARGET    a symbolic link
 *	=== live PATH           a file of the host; without one no host is looked at
 *	=== analyzed            what systemd-analyze verify has printed of the state's units, which
 *	                        stand in the directory STAGE; without it it was not asked
 *	=== expect              what is found: "WHERE: TEXT [CODE]", how many were silenced
 *
 * Each rule has a case CODE.case in which it finds something in files whose name has "bad" in it,
 * and nothing in those with "good". `UPDATE_CASES=1 make check-unit` writes what comes out into the
 * cases; then read the diff.
 */
#include <check.h>

#include "../case_files.h"
#include "../memory_tree.h"
#include "../unit_tree.h"
#include "l4sync/lint.h"
#include "l4sync/module.h"
#include "l4sync/reader.h"

#define DIR_NAME "tests/rules"

struct lint_case {
	struct memory_tree *tree;
	bool has_manifest, host_known;
	const char *analyzed;
	size_t expect; /* where the expected text begins */
};

static void read_case(const char *path, struct buf *ret)
{
	FILE *f = fopen(path, "re");
	char chunk[4096];
	size_t n;

	ck_assert_msg(f, "%s: cannot be opened", path);
	while ((n = fread(chunk, 1, sizeof chunk, f)) > 0)
		buf_add(ret, chunk, n);
	fclose(f);
	buf_add(ret, "", 0);
}

static void take_section(struct lint_case *c, const char *head, const char *body, size_t size)
{
	char *word = arena_strdup(arena, head), *rest = NULL, *bytes;

	if (!strcmp(head, "analyzed")) {
		c->analyzed = arena_strndup(arena, body, size);
		return;
	}
	word = strtok_r(word, " ", &rest);
	char *path = strtok_r(NULL, " ", &rest), *target = strtok_r(NULL, " ", &rest);
	ck_assert_msg(path, "\"%s\": a path is missing", head);
	c->has_manifest |= !strcmp(path, "l4sync.yaml");
	if (!strcmp(word, "file")) {
		memory_add(c->tree, path, TREE_FILE, body, size);
	} else if (!strcmp(word, "exec")) {
		memory_add(c->tree, path, TREE_EXECUTABLE, body, size);
	} else if (!strcmp(word, "bytes")) {
		ck_assert(text_unescape(arena, body, size - 1, &bytes));
		memory_add(c->tree, path, TREE_EXECUTABLE, bytes, strlen(bytes));
	} else if (!strcmp(word, "link")) {
		memory_add(c->tree, path, TREE_LINK, target, strlen(target));
	} else if (!strcmp(word, "live")) {
		put(arena_printf(arena, "%s = %.*s", path, (int)size, body));
		c->host_known = true;
	} else {
		ck_abort_msg("unknown section \"%s\"", head);
	}
}

static void take_sections(struct lint_case *c, const char *name, const struct buf *text)
{
	static const char manifest[] = "l4sync: 1\n";
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
		take_section(c, head, newline + 1, (size_t)(next - newline));
		at = next;
	}
	if (!c->has_manifest)
		memory_add(c->tree, "l4sync.yaml", TREE_FILE, manifest, sizeof manifest - 1);
}

/* With the stage's directory for STAGE. */
static const char *with_directory(const char *text, const char *directory)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	const char *at;

	for (; (at = strstr(text, "STAGE")); text = at + strlen("STAGE")) {
		buf_add(&b, text, (size_t)(at - text));
		buf_adds(&b, directory);
	}
	buf_adds(&b, text);
	return arena_strdup(arena, b.data);
}

static void take_analyzed(const struct lint_case *c, const struct resources *want,
	struct unit_view *view, struct complaints *ret)
{
	_cleanup_stage_ struct stage *s = NULL;
	struct unit_index *after;

	ck_assert_int_ge(stage_new(arena, &s, NULL), 0);
	ck_assert_int_ge(unit_view_after(view, &after, NULL), 0);
	for (size_t i = 0; i < want->n; i++) {
		struct unit_config config;

		if (!resource_is(want->items[i], "unit"))
			continue;
		ck_assert_int_ge(
			unit_index_config(after, resource_name(want->items[i]->id), &config, NULL),
			0);
		ck_assert_int_ge(stage_add(s, &config, false, NULL), 0);
	}
	complaints_parse(s, with_directory(c->analyzed, stage_directory(s)), ret);
}

static void show(const struct findings *f, size_t n_silenced, struct buf *out)
{
	for (size_t i = 0; i < f->n; i++)
		buf_addf(out, "%s: %s [%s]\n", f->items[i].where, f->items[i].text,
			f->items[i].code);
	if (n_silenced)
		buf_addf(out, "%zu silenced\n", n_silenced);
}

/* What the case of a rule is there to show. */
static void check_rule(const char *name, const struct findings *f)
{
	const char *code = arena_strndup(arena, name, strlen(name) - strlen(".case"));
	const char *const *codes = lint_codes(arena);
	bool bad = false, known = false;

	for (; *codes; codes++)
		known |= !strcmp(*codes, code);
	for (size_t i = 0; i < f->n; i++) {
		ck_assert_msg(!known || !strstr(f->items[i].where, "good"), "%s: found %s in %s",
			name, f->items[i].code, f->items[i].where);
		/* Of what the manifest says only the text tells which. */
		bad |= !strcmp(f->items[i].code, code) &&
		       (strstr(f->items[i].where, "bad") || strstr(f->items[i].text, " bad"));
	}
	ck_assert_msg(!known || bad, "%s: did not find %s", name, code);
}

static void run_lint(struct lint_case *c, const char *name, struct buf *out)
{
	static const struct reader_host of = {.name = "left4me"};
	_cleanup_resources_ struct resources *want = NULL;
	_cleanup_err_ struct err e = ERR_INIT;
	struct diags diags = {.arena = arena};
	struct findings found = {.arena = arena};
	struct complaints complaints = {0};
	struct lint_notes notes = {0};
	int r = reader_read(&c->tree->tree, &of, modules, arena, &want, &diags);

	for (size_t i = 0; i < diags.n; i++)
		buf_addf(out, "%s\n", diag_text(arena, &diags.items[i]));
	ck_assert_msg(!r, "%s: %s", name, out->data);
	const struct lint_job job = {.arena = arena,
		.want = want,
		.view = unit_view_new(host, arena, want, NULL, NULL),
		.host_known = c->host_known,
		.complaints = &complaints};
	if (c->analyzed)
		take_analyzed(c, want, job.view, &complaints);
	r = lint_want(&job, &found, &notes, &e);
	ck_assert_msg(!r, "%s: %s", name, err_text(&e));
	show(&found, notes.n_silenced, out);
	check_rule(name, &found);
	free(found.items);
}

START_TEST(lint_case)
{
	const char *path = arena_printf(arena, DIR_NAME "/%s", names[_i]->d_name);
	_cleanup_buf_ struct buf text = BUF_INIT, out = BUF_INIT;
	struct lint_case c = {.tree = memory_tree_new(arena)};

	read_case(path, &text);
	take_sections(&c, path, &text);
	buf_add(&out, "", 0);
	run_lint(&c, names[_i]->d_name, &out);
	tree_free(&c.tree->tree);
	if (out.size == text.size - c.expect && !memcmp(out.data, text.data + c.expect, out.size))
		return;
	if (!getenv("UPDATE_CASES"))
		ck_abort_msg(
			"%s: expected:\n%s\ncame out:\n%s", path, text.data + c.expect, out.data);
	FILE *f = fopen(path, "we");
	fprintf(f, "%.*s%s", (int)c.expect, text.data, out.data);
	fclose(f);
}
END_TEST

START_TEST(each_rule_has_a_case)
{
	const char *const *codes = lint_codes(arena);

	for (; *codes; codes++)
		ck_assert_msg(!access(arena_printf(arena, DIR_NAME "/%s.case", *codes), R_OK),
			"%s has no case", *codes);
}
END_TEST

int main(void)
{
	return run_case_suite(&(struct case_suite){.dir = DIR_NAME,
		.title = "lint cases",
		.each = lint_case,
		.also = each_rule_has_a_case,
		.setup = setup,
		.teardown = teardown,
		.output = CK_ENV});
}
