/*
 * Shipped files of one line a setting (conf.h).
 * Knows no line's meaning. Called by the modules sysctl, user and dir.
 */
#include "conf.h"

#include <errno.h>
#include <string.h>

#include "l4sync/check.h"
#include "l4sync/text.h"
#include "l4sync/unit_syntax.h"

#define BLANKS " \t\r"

static const char *base_name(const struct conf_file *f)
{
	return strrchr(f->path, '/') + 1;
}

/* By base name, then the one that hides the others first. */
static int compare_files(const void *a, const void *b)
{
	const struct conf_file *p = a, *q = b;
	int c = strcmp(base_name(p), base_name(q));

	return c ? c : p->rank < q->rank ? -1 : p->rank > q->rank;
}

size_t conf_files(struct reader *r, enum place_kind kind, struct conf_file **ret)
{
	struct conf_file *all = arena_array(r->arena, struct conf_file, r->want->n);
	size_t n = 0, kept = 0;

	for (size_t i = 0; i < r->want->n; i++) {
		struct resource *item = r->want->items[i];
		const char *path = resource_path(item);
		struct place place = path ? place_of(r->arena, path) : (struct place){0};

		if (place.kind == kind && !resource_is(item, "dir"))
			all[n++] = (struct conf_file){path, item, NULL, place.rank};
	}
	qsort(all, n, sizeof *all, compare_files);
	for (size_t i = 0; i < n; i++)
		if (!kept || strcmp(base_name(&all[kept - 1]), base_name(&all[i])) != 0)
			all[kept++] = all[i];
	for (size_t i = 0; i < kept; i++) {
		const struct resource *item = reader_follow(r, all[i].item);

		all[i].source = item && item->content ? item : NULL;
	}
	*ret = all;
	return kept;
}

/* Without blanks around it; in the arena. */
static char *trim(struct arena *a, const char *s, size_t size)
{
	while (size && strchr(BLANKS, *s))
		s++, size--;
	while (size && strchr(BLANKS, s[size - 1]))
		size--;
	return arena_strndup(a, s, size);
}

int conf_lines(struct reader *r, const struct conf_file *file, const char *comments,
	const char *what,
	int (*each)(struct reader *r, char *line, struct where where, void *userdata),
	void *userdata)
{
	const struct content *c = file->source->content;
	const char *at = c->data, *end = at + c->size;
	struct where where = {.file = file->source->where.file};
	int bad = 0;

	if (file->source->secret)
		return diag_add(r->diags, where,
			"holds %s, which everybody on the host can read: it cannot be secret",
			what);
	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t size = (size_t)((newline ? newline : end) - at);
		char *line = trim(r->arena, at, size);

		where.line++;
		where.column = 0;
		if (memchr(at, 0, size) || !check_is_value(line)) {
			bad = diag_add(
				r->diags, where, "a line must be UTF-8 without control characters");
		} else if (*line && !strchr(comments, *line)) {
			where.column = 1 + (unsigned)strspn(at, BLANKS);
			bad |= each(r, line, where, userdata);
		}
		at = newline ? newline + 1 : end;
	}
	return bad ? -EINVAL : 0;
}

int conf_words(struct reader *r, const char *line, struct where where, unsigned how, size_t n,
	struct conf_word *words, const char **ret_rest)
{
	const char *at = line;

	memset(words, 0, n * sizeof *words);
	for (size_t i = 0; i < n; i++) {
		const char *text;

		at += strspn(at, BLANKS);
		words[i].where = where;
		words[i].where.column += (unsigned)(at - line);
		int code = unit_word(r->arena, &at, how, &text);
		if (code < 0)
			return diag_add(r->diags, words[i].where,
				"from here on: a quote without its other, or an escape that is "
				"none");
		words[i].given = code > 0;
		if (code > 0 && strcmp(text, "-") != 0)
			words[i].text = text;
	}
	*ret_rest = at + strspn(at, BLANKS);
	return 0;
}

static const char *value_of(
	struct reader *r, char letter, const struct conf_specifier *more, bool *ret_known)
{
	const char *name = r->host->name ? r->host->name : "";

	*ret_known = true;
	switch (letter) {
	case '%':
		return "%";
	case 'H':
		return name;
	case 'l':
		return arena_strndup(r->arena, name, strcspn(name, "."));
	case 'm':
		return r->host->machine_id;
	case 'T':
		return "/tmp";
	case 'V':
		return "/var/tmp";
	default:
		break;
	}
	for (; more->letter; more++)
		if (more->letter == letter)
			return more->value;
	/* Architecture, boot, image, kernel and os-release(5). */
	*ret_known = letter && strchr("aAbBMovwW", letter);
	return NULL;
}

enum conf_expanded conf_expand(struct reader *r, const char *s, const struct conf_specifier *more,
	const char **ret, char *ret_letter)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	*ret_letter = '\0';
	for (; *s; s++) {
		bool known;

		if (*s != '%') {
			buf_addc(&b, *s);
			continue;
		}
		const char *value = value_of(r, s[1], more, &known);
		if (!value) {
			*ret_letter = s[1];
			return known ? CONF_OF_HOST : CONF_UNKNOWN;
		}
		buf_adds(&b, value);
		s++;
	}
	*ret = b.size ? arena_strndup(r->arena, b.data, b.size) : "";
	return CONF_EXPANDED;
}

const char *conf_path(struct arena *a, const char *path)
{
	char *out = arena_strdup(a, path);
	size_t n = 0;

	for (; *path; path++)
		if (*path != '/' || !n || out[n - 1] != '/')
			out[n++] = *path;
	if (n > 1 && out[n - 1] == '/')
		n--;
	out[n] = '\0';
	return out;
}
