/*
 * The child's answer: writing a failure, judging what came (answer.h). No I/O.
 * Called by reader_run(): written in the child, judged in the root part.
 */
#include "l4sync/answer.h"

#include <errno.h>
#include <string.h>

#include "l4sync/check.h"
#include "l4sync/lint.h"
#include "l4sync/child.h"
#include "l4sync/text.h"

#define HEADER "l4sync-failure 1"
#define COMMIT_DIGITS 40

/* Lines not yet looked at; ends at the first that is not as it should be. */
struct lines {
	struct arena *arena;
	const char *at, *end;
};

static void write_text(struct buf *out, const char *s)
{
	text_escape(out, s, strlen(s));
}

void answer_write_failure(struct buf *out, int code, const struct err *e, const struct diags *d)
{
	buf_addf(out, HEADER "\ncode %d\n", -code);
	if (e->text) {
		buf_adds(out, "error ");
		write_text(out, e->text);
		buf_addc(out, '\n');
	}
	for (size_t i = 0; i < d->n; i++) {
		const struct where *w = &d->items[i].where;

		buf_addf(out, "diag %u %u\t", w->line, w->column);
		write_text(out, w->file ? w->file : "");
		buf_addc(out, '\t');
		write_text(out, d->items[i].text);
		buf_addc(out, '\n');
	}
	buf_addf(out, "total %zu\nend\n", d->total);
}

const char *answer_source_of(struct arena *a, const char *url, const struct pulled *p)
{
	_cleanup_buf_ struct buf out = BUF_INIT;

	write_text(&out, url);
	buf_addc(&out, ' ');
	write_text(&out, p ? p->ref : "-");
	buf_addc(&out, ' ');
	write_text(&out, p ? p->commit : "-");
	return arena_strdup(a, out.data);
}

const char *answer_source(struct arena *a, const struct reader_job *job, const struct pulled *p)
{
	return answer_source_of(a, p ? job->source.url : job->state_dir, p);
}

/* The rest of the next line if it begins with word; it is left where it is otherwise. */
static bool next(struct lines *l, const char *word, const char **ret, size_t *ret_size)
{
	const char *newline = memchr(l->at, '\n', (size_t)(l->end - l->at));
	size_t n = strlen(word);

	if (!newline || (size_t)(newline - l->at) < n || memcmp(l->at, word, n) != 0)
		return false;
	*ret = l->at + n;
	*ret_size = (size_t)(newline - *ret);
	l->at = newline + 1;
	return true;
}

static bool next_empty(struct lines *l, const char *word)
{
	const char *s;
	size_t size;

	return next(l, word, &s, &size) && !size;
}

/* Up to nine digits, then the byte that ends them. */
static bool number(const char **s, const char *end, char stop, unsigned *ret)
{
	const char *p = *s;
	unsigned n = 0;

	while (p < end && p - *s < 9 && *p >= '0' && *p <= '9')
		n = n * 10 + (unsigned)(*p++ - '0');
	if (p == *s || (stop ? p == end || *p != stop : p != end))
		return false;
	*s = p + 1;
	*ret = n;
	return true;
}

static bool text(struct lines *l, const char *s, size_t size, char **ret)
{
	if (!text_unescape(l->arena, s, size, ret))
		return false;
	text_printable(*ret);
	return true;
}

static bool next_number(struct lines *l, const char *word, unsigned *ret)
{
	const char *s;
	size_t size;

	return next(l, word, &s, &size) && number(&s, s + size, 0, ret);
}

static bool take_diag(struct lines *l, const char *s, size_t size, struct diags *diags)
{
	const char *end = s + size, *tab;
	struct where where = {0};
	char *file, *what;

	if (!number(&s, end, ' ', &where.line) || !number(&s, end, '\t', &where.column))
		return false;
	tab = memchr(s, '\t', (size_t)(end - s));
	if (!tab || !text(l, s, (size_t)(tab - s), &file) ||
		!text(l, tab + 1, (size_t)(end - tab - 1), &what))
		return false;
	where.file = *file ? file : NULL;
	diag_add(diags, where, "%s", what);
	return true;
}

/* Whether it is whole; *ret_code is then negative. */
static bool take_failure(struct lines *l, struct diags *diags, struct err *e, int *ret_code)
{
	unsigned code, total;
	size_t size, n = 0;
	char *what = NULL;
	const char *s;

	if (!next_empty(l, HEADER) || !next_number(l, "code ", &code) || !code || code > 4095)
		return false;
	if (next(l, "error ", &s, &size) && !text(l, s, size, &what))
		return false;
	for (; next(l, "diag ", &s, &size); n++)
		if (n == DIAG_MAX || !take_diag(l, s, size, diags))
			return false;
	if (!next_number(l, "total ", &total) || total < n || !next_empty(l, "end") ||
		l->at != l->end)
		return false;
	/* One of the two says what is wrong. */
	if (!what == !n)
		return false;
	diags->total += total - n;
	*ret_code = what ? err_set(e, -(int)code, "%s", what) : -(int)code;
	return true;
}

static bool is_commit(const char *s)
{
	return strlen(s) == COMMIT_DIGITS && strspn(s, "0123456789abcdef") == COMMIT_DIGITS;
}

/* "URL REF COMMIT"; the URL as it is escaped there is *ret_url. */
static bool take_source(
	struct arena *a, const char *value, const char **ret_url, struct pulled *ret)
{
	const char *commit = strrchr(value, ' ');
	const char *ref = commit ? memrchr(value, ' ', (size_t)(commit - value)) : NULL;

	if (!ref || !is_commit(commit + 1))
		return false;
	*ret_url = arena_strndup(a, value, (size_t)(ref - value));
	*ret = (struct pulled){
		.ref = arena_strndup(a, ref + 1, (size_t)(commit - ref - 1)), .commit = commit + 1};
	return **ret_url && check_is_line(*ret_url) && *ret->ref && check_is_line(ret->ref);
}

/* The child may say which ref and commit, but not whence. */
static bool source_is(const struct reader_job *job, struct arena *a, const char *value)
{
	const char *url;
	struct pulled p;

	if (!job->source.url)
		return !strcmp(value, answer_source(a, job, NULL));
	return take_source(a, value, &url, &p) && !strcmp(value, answer_source(a, job, &p));
}

static bool metas_are(const struct resources *want, const struct reader_job *job, struct arena *a)
{
	const char *host = resources_get_meta(want, "host");
	const char *source = resources_get_meta(want, "source");
	size_t n = 2;
	struct lint_ignore ignore;
	const char *url;
	struct pulled p;

	/* The first source is the state's own; what it has named besides only the child knows. */
	for (size_t i = 0; i < want->n_metas; i++) {
		const struct attr *meta = &want->metas[i];

		n += (!strcmp(meta->key, LINT_IGNORE_META) &&
			     lint_ignore_parse(a, meta->value, &ignore)) ||
		     (!strcmp(meta->key, "source") && meta->value != source && job->others &&
			     take_source(a, meta->value, &url, &p));
	}
	return want->n_metas == n && host && source && check_is_line(host) &&
	       (job->host.any || !strcmp(host, job->host.name ? job->host.name : "")) &&
	       source_is(job, a, source);
}

static int check_want(const struct resources *want, const struct module *const *list, struct err *e)
{
	for (size_t i = 0; i < want->n; i++) {
		const struct resource *item = want->items[i];
		const struct module *m = module_of(list, item->id);
		_cleanup_err_ struct err why = ERR_INIT;
		_cleanup_free_ char *id = xstrdup(item->id);

		if (!m)
			err_set(&why, -EBADMSG, "there is no such type");
		else if (item->where.file && !check_is_line(item->where.file))
			err_set(&why, -EBADMSG, "it has no place in the state");
		else if (m->check(item, &why) >= 0)
			continue;
		text_printable(id);
		return err_set(e, -EBADMSG,
			"the reader handed over a resource that is not well-formed (%s: %s); "
			"nothing of its answer is used",
			id, err_text(&why));
	}
	return 0;
}

int answer_take(const void *data, size_t size, const struct reader_job *job,
	const struct module *const *list, struct arena *a, struct resources **ret,
	struct diags *diags, struct err *e)
{
	struct lines l = {a, data, (const char *)data + size};
	struct diags found = {.arena = diags->arena};
	_cleanup_resources_ struct resources *want = NULL;
	int code = 0;

	if (!size)
		return err_set(e, -EBADMSG, "the reader ended without an answer");
	if (size >= strlen(HEADER) && !memcmp(data, HEADER, strlen(HEADER))) {
		if (!take_failure(&l, &found, e, &code))
			return err_set(e, -EBADMSG, "the reader failed and cannot say why");
		*diags = found;
		return code;
	}
	int r = resources_read(data, size, &want, e);
	if (r < 0)
		return err_prefix(e, r, "the reader's answer is not well-formed");
	if (!metas_are(want, job, a))
		return err_set(e, -EBADMSG, "the reader's answer is for another host or source");
	r = check_want(want, list, e);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(want);
	return 0;
}
