/*
 * Templates: {{ name }} is filled in from vars:, {{ "{{" }} stands for a literal {{, and nothing
 * else is a template language here. Pure. Called by the reader.
 */
#include <errno.h>
#include <string.h>

#include "l4sync/text.h"
#include "reader_internal.h"

#define BLANKS " \t"
#define TEMPLATE_INSERTS_MAX 1000

struct template
{
	struct arena *arena;
	const struct template_names *names;
	struct template_inserts *inserts;
	const char *at, *end;
	struct where where; /* of at */
	struct diags *diags;
};

/* Moves on; columns count characters, as the manifest's do. */
static void skip(struct template *t, size_t size)
{
	for (; size; size--, t->at++) {
		if (*t->at == '\n') {
			t->where.line++;
			t->where.column = 1;
		} else if ((*t->at & 0xc0) != 0x80) {
			t->where.column++;
		}
	}
}

static int undefined(struct template *t, const struct node *map, const char *what, const char *name)
{
	size_t n = map ? map->n : 0;
	const char **names = arena_array(t->arena, const char *, n + 1);
	const char *section = !strcmp(what, "secret") ? "secrets" : "vars";

	for (size_t i = 0; i < n; i++)
		names[i] = map->keys[i]->text;
	const char *nearest = text_nearest(name, names);
	if (nearest)
		return diag_add(t->diags, t->where, "undefined %s \"%s\"; did you mean \"%s\"?",
			what, name, nearest);
	return diag_add(t->diags, t->where,
		"undefined %s \"%s\"; add it to %s: in l4sync.yaml or hosts/NAME.yaml", what, name,
		section);
}

/* Its value is the host's: only where it goes is known here. */
static int insert_secret(struct template *t, const char *name, struct buf *out)
{
	const struct node *secrets = t->names->secrets;
	struct template_inserts *x = t->inserts;

	if (!text_is_name(name, strlen(name)))
		return diag_add(t->diags, t->where,
			"{{ secret:%s }}: behind secret: there must be the name of a secret", name);
	if (secrets && secrets->kind != NODE_MAP)
		return -EINVAL; /* that is wrong with secrets: itself, and reported there */
	if (!secrets || !node_get(secrets, name))
		return undefined(t, secrets, "secret", name);
	if (x->n == TEMPLATE_INSERTS_MAX)
		return diag_add(t->diags, t->where, "more than %d secrets in one file",
			TEMPLATE_INSERTS_MAX);
	x->items = grow(x->items, &x->cap, x->n, sizeof *x->items);
	x->items[x->n++] = (struct template_insert){out->size, arena_strdup(t->arena, name)};
	return 0;
}

/* What stands between the braces, without the blanks around it. */
static int render_expression(struct template *t, const char *s, size_t size, struct buf *out)
{
	const char *text = arena_strndup(t->arena, s, size);

	if (!strcmp(text, "\"{{\"")) {
		buf_adds(out, "{{");
		return 0;
	}
	if (text_starts(text, "secret:"))
		return insert_secret(t, text + strlen("secret:"), out);
	if (!text_is_name(text, strlen(text)))
		return diag_add(t->diags, t->where,
			"{{ %s }}: only the name of a variable, or secret:NAME, can stand here; a "
			"literal {{ is written {{ \"{{\" }}",
			text);
	const struct node *vars = t->names->vars;
	if (vars && vars->kind != NODE_MAP)
		return -EINVAL; /* that is wrong with vars: itself, and reported there */
	const struct node *value = vars ? node_get(vars, text) : NULL;
	if (!value)
		return undefined(t, vars, "variable", text);
	if (value->text)
		buf_adds(out, value->text);
	return 0;
}

/* At "{{": up to the "}}" of the same line. */
static int render_braces(struct template *t, struct buf *out)
{
	const char *s = t->at + 2, *newline = memchr(s, '\n', (size_t)(t->end - s));
	const char *line_end = newline ? newline : t->end;
	const char *close = memmem(s, (size_t)(line_end - s), "}}", 2);
	int r;

	if (!close || memchr(s, 0, (size_t)(close - s))) {
		r = diag_add(t->diags, t->where,
			"{{ without }} in the same line; a literal {{ is written {{ \"{{\" }}");
		skip(t, 2);
		return r;
	}
	const char *first = s, *last = close;
	while (first < last && strchr(BLANKS, *first))
		first++;
	while (last > first && strchr(BLANKS, last[-1]))
		last--;
	r = render_expression(t, first, (size_t)(last - first), out);
	skip(t, (size_t)(close + 2 - t->at));
	return r;
}

int template_render(struct arena *a, const struct template_names *names, const char *file,
	const void *data, size_t size, const void **ret, size_t *ret_size,
	struct template_inserts *inserts, struct diags *diags)
{
	_cleanup_buf_ struct buf out = BUF_INIT;
	const char *bytes = data;
	struct template t = {a, names, inserts, bytes, bytes + size, {file, 1, 1}, diags};
	int r = 0;

	while (t.at < t.end) {
		const char *braces = memmem(t.at, (size_t)(t.end - t.at), "{{", 2);
		size_t literal = (size_t)((braces ? braces : t.end) - t.at);

		buf_add(&out, t.at, literal);
		skip(&t, literal);
		if (braces && render_braces(&t, &out) < 0)
			r = -EINVAL;
		if (out.size > CONTENT_SIZE_MAX)
			return diag_add(diags, t.where, "filled in, it is larger than %u bytes",
				CONTENT_SIZE_MAX);
	}
	if (r < 0)
		return r;
	*ret = arena_memdup(a, out.data, out.size);
	*ret_size = out.size;
	return 0;
}
