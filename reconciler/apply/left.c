/*
 * What a rollback could not put back, and what somebody does about it by hand: commands that can be
 * copied, for exactly that (txn_internal.h).
 * Does none of it. Called by the rollback and the kinds of steps.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "l4sync/text.h"

#include "txn_internal.h"

void rollback_left(struct txn *t, const char *text, const char *next, size_t *left)
{
	(*left)++;
	buf_addf(&t->left, "%s%s%s%s", t->left.size ? "; " : "", text, next ? ": " : "",
		next ? next : "");
	event_emit(t->sink, "{s:s, s:s, s:o, s:o}", "event", "rollback", "state", "failed", "text",
		event_string(text), "next", event_string(next));
}

static const char *word(struct txn *t, const char *text)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	text_shell_word(&b, text);
	return arena_strdup(t->arena, b.data);
}

static const char *path_word(struct txn *t, const char *path)
{
	return word(t, arena_printf(t->arena, "%s%s", t->host->root_path, path));
}

/* The old file, or another one that was exchanged, waits under the temporary name. */
static const char *kept_path(struct txn *t, const struct step *s)
{
	const char *path = step_get(s, "path"), *temp = step_get(s, "temp"), *name;
	struct stat st;
	int dir;

	if (!temp || host_parent(t->host, path, &dir, &name, NULL) < 0 ||
		fstatat(dir, temp, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return NULL;
	return arena_printf(t->arena, "%.*s/%s", (int)(strrchr(path, '/') - path), path, temp);
}

const char *next_of_path(struct txn *t, const struct step *s)
{
	const char *path = path_word(t, step_get(s, "path")), *kept = kept_path(t, s);
	const char *old = step_get(s, "old");

	if (kept && old && strcmp(old, "absent") != 0)
		return arena_printf(t->arena,
			"`mv -T %s %s` puts back what it was before, `rm %s` gives that up",
			path_word(t, kept), path, path_word(t, kept));
	if (old && !strcmp(old, "absent"))
		return arena_printf(
			t->arena, "before this run it was not there: `rm %s` takes it away", path);
	return arena_printf(t->arena, "look at it: `ls -l %s`", path);
}

const char *next_of_new_dir(struct txn *t, const struct step *s)
{
	return arena_printf(t->arena, "`rmdir %s`, once nobody needs what is in it",
		path_word(t, step_get(s, "path")));
}

const char *next_of_dir(struct txn *t, const struct step *s)
{
	const char *path = path_word(t, step_get(s, "path"));

	return arena_printf(t->arena,
		"`chown %s:%s %s && chmod %s %s` gives back what they were before",
		step_get(s, "old-uid"), step_get(s, "old-gid"), path, step_get(s, "old-mode"),
		path);
}

const char *next_of_sysctl(struct txn *t, const struct step *s)
{
	return arena_printf(t->arena, "`sysctl -w %s` sets what it was before",
		word(t, arena_printf(t->arena, "%s=%s", step_get(s, "key"), step_get(s, "old"))));
}

const char *next_of_unit(struct txn *t, const char *unit, const char *verb)
{
	return arena_printf(t->arena, "`systemctl status %s` says why; then `systemctl %s %s`",
		word(t, unit), verb, word(t, unit));
}
