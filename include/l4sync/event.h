/*
 * What a run says, as JSON objects, one a line. The host side emits them; the text renderer, the
 * --json printer and the remote side are sinks. The list of events is in l4sync-json(5).
 * Depends on jansson only: part of what the laptop needs.
 */
#ifndef L4SYNC_EVENT_H
#define L4SYNC_EVENT_H

#include <jansson.h>
#include <stdbool.h>

struct sink {
	/* Takes the reference. Errors of writing are remembered by the sink, not reported here: a
	 * run does not stop because nobody listens any more. */
	void (*event)(struct sink *s, json_t *event);
	/* Asks a question; the default is no. Returns 1 yes, 0 no, -ENOTTY when nobody can be
	 * asked, -EPIPE when the connection is gone. */
	int (*ask)(struct sink *s, const char *question);
};

/* {"event":"progress","text":…}: what takes time right now; replaces the one before. */
void event_progress(struct sink *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* {"event":"warning"|"error","text":…} */
void event_message(struct sink *s, const char *level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* json_pack() of an object with its "event" key: event_emit(s, "{s:s, s:i}", "event", "x", …).
 * Text that may not be UTF-8 (paths, journal lines) goes in as event_string() with "o". What
 * cannot be packed becomes an error event. */
void event_emit(struct sink *s, const char *format, ...);

/* Seconds since the epoch as RFC 3339 in UTC; a new reference. */
json_t *event_time(long long seconds);
/* A new reference; bytes that are not UTF-8 as \xNN. NULL gives JSON's null. */
json_t *event_string(const char *text);

#endif
