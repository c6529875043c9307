/*
 * Golden cases of reading a state: every file of tests/state/ is one, whole input and whole
 * expected output. A case is text; lines before the first "=== " say what it is about, then come
 *
 *	=== host NAME [MACHINE-ID]    whom the state is read for; without it "left4me"
 *	=== any NAME                  the same, where any host that the state is for will do
 *	=== file PATH                 a file of the state, its lines follow
 *	=== exec PATH                 the same, executable
 *	=== link PATH TARGET          a symbolic link
 *	=== other PATH                a submodule, socket or device
 *	=== large PATH SIZE           a file of SIZE bytes that nobody reads
 *	=== expect                    what comes out: the canonical form, or what is refused
 *
 * In a path, \t and \\ and \xNN stand for such bytes. `UPDATE_CASES=1 make check-unit` writes what
 * comes out into the cases; then read the diff.
 * What a good state gives is also checked by its modules, and written and read back.
 */
#include <check.h>
#include <stdio.h>

#include "../case_files.h"
#include "../memory_tree.h"
#include "l4sync/module.h"
#include "l4sync/reader.h"
#include "l4sync/text.h"

#define DIR_NAME "tests/state"

static const unsigned char test_key[HASH_SIZE] = "the key of no host";

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

struct state_case {
	struct arena *arena;
	struct memory_tree *tree;
	struct reader_host host;
	size_t expect; /* where the expected text begins */
};

/* One section: its head without "=== ", and its body. */
static void take_section(
	struct state_case *c, const char *name, const char *head, const char *body, size_t size)
{
	char *word = arena_strdup(c->arena, head), *rest = NULL, *path = NULL;

	word = strtok_r(word, " ", &rest);
	char *first = strtok_r(NULL, " ", &rest), *second = strtok_r(NULL, " ", &rest);
	ck_assert_msg(first && text_unescape(c->arena, first, strlen(first), &path),
		"%s: \"%s\": a path is missing", name, head);
	if (!strcmp(word, "host"))
		c->host = (struct reader_host){.name = first, .machine_id = second};
	else if (!strcmp(word, "any"))
		c->host = (struct reader_host){.name = first, .any = true};
	else if (!strcmp(word, "file"))
		memory_add(c->tree, path, TREE_FILE, body, size);
	else if (!strcmp(word, "exec"))
		memory_add(c->tree, path, TREE_EXECUTABLE, body, size);
	else if (!strcmp(word, "link"))
		memory_add(c->tree, path, TREE_LINK, second, strlen(second));
	else if (!strcmp(word, "other"))
		memory_add(c->tree, path, TREE_OTHER, NULL, 0);
	else if (!strcmp(word, "large"))
		memory_add(c->tree, path, TREE_FILE, NULL, (size_t)strtoull(second, NULL, 10));
	else
		ck_abort_msg("%s: unknown section \"%s\"", name, head);
}

static void take_sections(struct state_case *c, const char *name, const struct buf *text)
{
	const char *at =
		text_starts(text->data, "=== ") ? text->data : strstr(text->data, "\n=== ");

	while (at) {
		at += *at == '\n';
		const char *newline = strchr(at, '\n');
		ck_assert_msg(newline, "%s: ends within a section's head", name);
		const char *head = arena_strndup(c->arena, at + 4, (size_t)(newline - at - 4));
		if (!strcmp(head, "expect")) {
			c->expect = (size_t)(newline + 1 - text->data);
			return;
		}
		const char *next = strstr(newline, "\n=== ");
		ck_assert_msg(next, "%s: has no section \"expect\"", name);
		if (!next)
			return;
		take_section(c, name, head, newline + 1, (size_t)(next - newline));
		at = next;
	}
	ck_abort_msg("%s: has no sections", name);
}

/* The root part's view: every resource is well-formed, and the bytes can be read back. */
static void check_want(const char *name, const struct resources *want)
{
	_cleanup_err_ struct err e = ERR_INIT;
	_cleanup_buf_ struct buf text = BUF_INIT, again = BUF_INIT;
	_cleanup_resources_ struct resources *read = NULL;

	resources_write(want, true, true, NULL, &text);
	int r = resources_read(text.data, text.size, &read, &e);
	ck_assert_msg(!r, "%s: %s", name, err_text(&e));
	resources_write(read, true, true, NULL, &again);
	ck_assert_msg(text.size == again.size && !memcmp(text.data, again.data, text.size),
		"%s: read back, it is another", name);
	for (size_t i = 0; i < read->n; i++) {
		const struct module *m = module_of(modules, read->items[i]->id);

		ck_assert_msg(m, "%s: %s has no module", name, read->items[i]->id);
		r = m->check(read->items[i], &e);
		ck_assert_msg(!r, "%s: %s", name, err_text(&e));
	}
}

static void run_state(struct state_case *c, const char *name, struct buf *out)
{
	struct diags diags = {.arena = c->arena};
	_cleanup_resources_ struct resources *want = NULL;
	int r = reader_read(&c->tree->tree, &c->host, modules, c->arena, &want, &diags);

	if (!r) {
		ck_assert_msg(!diags.total, "%s: accepted with errors", name);
		check_want(name, want);
		resources_write(want, true, false, test_key, out);
		return;
	}
	ck_assert_msg(diags.total, "%s: refused without a reason", name);
	for (size_t i = 0; i < diags.n; i++)
		buf_addf(out, "%s\n", diag_text(c->arena, &diags.items[i]));
	if (diags.total > diags.n)
		buf_addf(out, "and %zu more\n", diags.total - diags.n);
	buf_addf(out, "refused%s\n", r == -EPERM ? ", not for this host" : "");
}

static void update_case(
	const char *path, const struct buf *text, size_t keep, const struct buf *out)
{
	FILE *f = fopen(path, "we");

	ck_assert_msg(f, "%s: cannot be written", path);
	fwrite(text->data, 1, keep, f);
	fwrite(out->data, 1, out->size, f);
	ck_assert_int_eq(fclose(f), 0);
}

static void run_case(const char *name)
{
	_cleanup_arena_ struct arena *a = arena_new();
	_cleanup_buf_ struct buf text = BUF_INIT, out = BUF_INIT;
	const char *path = arena_printf(a, DIR_NAME "/%s", name);
	struct state_case c = {.arena = a, .tree = memory_tree_new(a), .host = {.name = "left4me"}};

	read_case(path, &text);
	take_sections(&c, name, &text);
	run_state(&c, name, &out);
	tree_free(&c.tree->tree);
	if (out.size == text.size - c.expect && !memcmp(out.data, text.data + c.expect, out.size))
		return;
	if (getenv("UPDATE_CASES"))
		update_case(path, &text, c.expect, &out);
	else
		ck_abort_msg(
			"%s: expected:\n%s\ncame out:\n%s", name, text.data + c.expect, out.data);
}

START_TEST(state_case)
{
	run_case(names[_i]->d_name);
}
END_TEST

int main(void)
{
	return run_case_suite(&(struct case_suite){
		.dir = DIR_NAME, .title = "state cases", .each = state_case, .output = CK_NORMAL});
}
