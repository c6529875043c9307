/*
 * Opening and closing a run: host, lock, history, base; recovery before anything is written
 * (run.h). Called by the verbs.
 */
#include "l4sync/run.h"

#include <errno.h>
#include <string.h>
#include <sys/file.h>

#include "l4sync/command.h"
#include "l4sync/probe.h"

#include "generation.h"
#include "lock.h"
#include "noting.h"

int run_require_root(const struct request *q, struct err *e)
{
	if (q->root || geteuid() == 0)
		return 0;
	const struct command *c = command_find(q->command);
	return err_set(e, -EPERM,
		"l4sync %s looks at the whole host and must run as root (sudo l4sync %s); with "
		"--root DIR it %s",
		q->command, q->command,
		c && c->writes ? "works on a file tree, as whoever may give its files their owners"
			       : "looks at a file tree that belongs to the caller");
}

static int open_history(struct run *r, bool create, struct err *e)
{
	const char *dir = arena_printf(r->arena, "%s%s", r->host->root_path, STATE_DIR);
	unsigned char *key = arena_alloc(r->arena, HASH_SIZE);
	int fd;
	int c = create ? state_dir(r->host, true, &fd, e) : 0;

	if (c >= 0)
		c = history_open(dir, create, &r->history, e);
	if (c == -ENOENT && !create)
		return 0;
	if (c < 0)
		return c;
	c = history_key(r->history, key, e);
	if (c < 0)
		return c;
	r->key = key;
	c = history_base(r->history, r->arena, &r->base, e);
	return c == -ENOENT ? 0 : c;
}

/* A writing run first settles what an interrupted one has left. */
static int settle_interrupted(struct run *r, struct err *e)
{
	long long since;

	if (!txn_journal_exists(r->host, &since))
		return 0;
	unsigned char key[HASH_SIZE];
	int c = history_key(r->history, key, e);
	if (c < 0)
		return c;
	const struct txn_hooks hooks = {
		.publish = generation_publish, .discard = generation_discard, .userdata = r};
	switch (txn_recover(r->host, r->arena, key, r->sink, &hooks, e)) {
	case TXN_APPLIED:
	case TXN_ROLLED_BACK:
		break;
	case TXN_REFUSED:
	case TXN_NOT_ROLLED_BACK:
		if (!e->text)
			err_set(e, -EREMOTEIO,
				"the interrupted run could not be put back wholly (see above): "
				"do what is named there, then run this again");
		e->exit = EXIT_NOT_ROLLED_BACK;
		return -EREMOTEIO;
	}
	history_close(r->history);
	r->history = NULL;
	generation_clear(&r->base);
	return open_history(r, true, e);
}

int run_open_host(struct run *r, const struct request *q, struct sink *s, struct err *e)
{
	*r = (struct run){.request = q, .sink = s, .lock_fd = -1, .arena = arena_new()};
	clock_gettime(CLOCK_MONOTONIC, &r->started);
	int c = run_require_root(q, e);

	if (c >= 0)
		c = host_open(r->arena, q->root, NULL, &r->host, e);
	if (c == -ENOENT && q->root) { /* an image without a name has a history all the same */
		err_clear(e);
		c = host_open(r->arena, q->root, "", &r->host, e);
	}
	return c;
}

int run_open(
	struct run *r, const struct request *q, struct sink *s, enum run_lock lock, struct err *e)
{
	*r = (struct run){.request = q, .sink = s, .lock_fd = -1, .arena = arena_new()};
	r->notes.arena = r->arena;
	r->writes = lock == RUN_WRITES;
	clock_gettime(CLOCK_MONOTONIC, &r->started);
	int c = run_require_root(q, e);

	if (c >= 0)
		c = host_open(r->arena, q->root, q->host, &r->host, e);
	if (c >= 0)
		c = lock_take(r->host, q, lock, &r->lock_fd, e);
	if (c >= 0 && lock == RUN_WRITES)
		r->sink = noting_sink(r->arena, s, r->lock_fd);
	if (c >= 0)
		c = open_history(r, lock == RUN_WRITES, e);
	if (c >= 0 && lock == RUN_WRITES)
		probe_clean(r->host);
	if (c >= 0 && lock == RUN_WRITES)
		c = settle_interrupted(r, e);
	return c;
}

void run_replace_want(struct run *r, struct resources *want)
{
	size_t i = 0;

	while (r->parts[i])
		i++;
	r->parts[i] = r->want == r->base.want ? NULL : r->want;
	r->want = want;
}

void run_close(struct run *r)
{
	plan_free(r->plan);
	free(r->notes.items);
	resources_free(r->want == r->base.want ? NULL : r->want);
	for (size_t i = 0; i < ELEMENTS(r->parts); i++)
		resources_free(r->parts[i]);
	resources_free(r->kept);
	resources_free(r->base.want);
	resources_free(r->base.before);
	resources_free(r->base.originals);
	history_close(r->history);
	host_free(r->host);
	closep_(&r->lock_fd);
	arena_free(r->arena);
}
