/*
 * Making events (event.h).
 * Shows nothing; that is the sink's business. Called by the host side and by the client.
 */
#include "l4sync/event.h"

#include <stdarg.h>
#include <string.h>
#include <time.h>

#include "l4sync/mem.h"
#include "l4sync/text.h"

json_t *event_time(long long seconds)
{
	time_t t = (time_t)seconds;
	char text[64];
	struct tm tm;

	return gmtime_r(&t, &tm) && strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm)
		       ? json_string(text)
		       : json_null();
}

json_t *event_string(const char *text)
{
	if (!text)
		return json_null();
	size_t size = strlen(text);
	if (text_is_utf8(text, size))
		return json_stringn_nocheck(text, size);

	_cleanup_buf_ struct buf b = BUF_INIT;
	for (const char *end; *text; text = end + (*end == '\n')) {
		end = text + strcspn(text, "\n");
		text_escape(&b, text, (size_t)(end - text));
		if (*end)
			buf_addc(&b, '\n');
	}
	return json_stringn_nocheck(b.data, b.size);
}

static void emit_text(struct sink *s, const char *event, const char *format, va_list ap)
{
	_cleanup_arena_ struct arena *a = arena_new();
	json_t *o = json_object();

	json_object_set_new(o, "event", json_string(event));
	json_object_set_new(o, "text", event_string(arena_vprintf(a, format, ap)));
	s->event(s, o);
}

void event_progress(struct sink *s, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	emit_text(s, "progress", format, ap);
	va_end(ap);
}

void event_message(struct sink *s, const char *level, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	emit_text(s, level, format, ap);
	va_end(ap);
}

void event_emit(struct sink *s, const char *format, ...)
{
	json_error_t error;
	va_list ap;

	va_start(ap, format);
	json_t *o = json_vpack_ex(&error, 0, format, ap);
	va_end(ap);
	if (o)
		s->event(s, o);
	else
		event_message(s, "error", "an event could not be encoded: %s", error.text);
}
