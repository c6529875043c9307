/*
 * Error texts and the list of diagnostics (err.h).
 * Prints nothing. Called by everything.
 */
#include "l4sync/err.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "l4sync/mem.h"

static char *format_text(const char *format, va_list ap)
{
	char *text = NULL;

	if (vasprintf(&text, format, ap) < 0)
		return xstrdup("out of memory");
	return text;
}

static void take(struct err *e, char *text)
{
	if (!e) {
		free(text);
		return;
	}
	free(e->text);
	e->text = text;
}

int err_set(struct err *e, int code, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	take(e, format_text(format, ap));
	va_end(ap);
	return code;
}

int err_errno(struct err *e, int code, const char *format, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list ap;

	va_start(ap, format);
	text = format_text(format, ap);
	va_end(ap);
	return err_set(e, code, "%s: %s", text, strerror(-code));
}

int err_prefix(struct err *e, int code, const char *format, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list ap;

	va_start(ap, format);
	text = format_text(format, ap);
	va_end(ap);
	if (!e || !e->text)
		return err_errno(e, code, "%s", text);
	return err_set(e, code, "%s: %s", text, e->text);
}

int err_exit(struct err *e, int exit_status, int code, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	take(e, format_text(format, ap));
	va_end(ap);
	if (e)
		e->exit = exit_status;
	return code;
}

const char *err_text(const struct err *e)
{
	return e && e->text ? e->text : "unknown error";
}

void err_clear(struct err *e)
{
	if (!e)
		return;
	free(e->text);
	*e = ERR_INIT;
}

int diag_add(struct diags *d, struct where where, const char *format, ...)
{
	size_t at = d->n;
	va_list ap;

	d->total++;
	while (d->compare && at && d->compare(&d->items[at - 1].where, &where) > 0)
		at--;
	if (at == DIAG_MAX)
		return -EINVAL;
	if (d->n < DIAG_MAX)
		d->n++;
	memmove(&d->items[at + 1], &d->items[at], (d->n - at - 1) * sizeof *d->items);
	va_start(ap, format);
	d->items[at] = (struct diag){
		.where = {arena_strdup(d->arena, where.file), where.line, where.column},
		.text = arena_vprintf(d->arena, format, ap),
	};
	va_end(ap);
	return -EINVAL;
}

int where_compare(const struct where *a, const struct where *b)
{
	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	return a->column < b->column ? -1 : a->column > b->column;
}

const char *where_text(struct arena *a, const struct where *w)
{
	if (!w->file || !w->line)
		return w->file;
	if (!w->column)
		return arena_printf(a, "%s:%u", w->file, w->line);
	return arena_printf(a, "%s:%u:%u", w->file, w->line, w->column);
}

const char *diag_text(struct arena *a, const struct diag *d)
{
	const char *where = where_text(a, &d->where);

	return where ? arena_printf(a, "%s: %s", where, d->text) : d->text;
}
