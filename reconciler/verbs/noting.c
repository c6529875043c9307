/*
 * A writing run notes in its lock what it is doing, so that `status` can tell whoever asks from
 * another connection (noting.h).
 * Hands every event on as it is. Called by run_open().
 */
#include "noting.h"

#include <string.h>

#include "l4sync/mem.h"
#include "lock.h"

struct noting {
	struct sink sink;
	struct sink *to;
	int lock_fd; /* the run's */
};

static bool is(const json_t *event, const char *key, const char *value)
{
	const char *text = json_string_value(json_object_get(event, key));

	return text && !strcmp(text, value);
}

static void note_event(struct sink *sink, json_t *event)
{
	struct noting *n = (struct noting *)sink;

	if (is(event, "event", "step") && is(event, "state", "start"))
		lock_note(n->lock_fd, json_string_value(json_object_get(event, "text")));
	else if (is(event, "event", "rollback") && is(event, "state", "start"))
		lock_note(n->lock_fd, "putting everything back");
	n->to->event(n->to, event);
}

static int note_ask(struct sink *sink, const char *question)
{
	struct noting *n = (struct noting *)sink;

	lock_note(n->lock_fd, "waiting for an answer");
	return n->to->ask(n->to, question);
}

struct sink *noting_sink(struct arena *a, struct sink *to, int lock_fd)
{
	struct noting *n = arena_new_of(a, struct noting);

	*n = (struct noting){{note_event, note_ask}, to, lock_fd};
	return &n->sink;
}
