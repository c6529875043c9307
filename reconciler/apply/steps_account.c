/*
 * Steps on users and groups: made by systemd-sysusers, changed by usermod, so that locks, shadow
 * files and formats are theirs (txn_internal.h). What was made stays: undo says so.
 * Decides nothing. Called by the transaction and the recovery.
 */
#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "l4sync/accounts.h"
#include "l4sync/program.h"
#include "l4sync/text.h"

#include "txn_internal.h"

#define TOOL_TIMEOUT_S 60
#define OUTPUT_MAX 4096
#define ARGS_MAX 16

static const char *const fields[] = {"gecos", "home", "shell", "expiry"};
static const char *const flags[] = {"-c", "-d", "-s", "-e"};

static bool is_user(const struct step *s)
{
	return text_starts(s->fields.id, "user:");
}

static const char *name_of(const struct step *s)
{
	return resource_name(s->fields.id);
}

/* Before anything is touched: without it the run could not come to its end. */
static int need_program(struct txn *t, const char *name, struct err *e)
{
	const char *at = PROGRAM_PATH;

	while (*at) {
		size_t n = strcspn(at, ":");

		if (!access(arena_printf(t->arena, "%.*s/%s", (int)n, at, name), X_OK))
			return 0;
		at += n + (at[n] == ':');
	}
	return err_set(e, -ENOENT, "%s is not there, and makes or changes users", name);
}

static int run(struct txn *t, const char *const *argv, struct err *e)
{
	_cleanup_buf_ struct buf output = BUF_INIT;
	const struct program p = {
		.argv = argv,
		.with_errors = true,
		.output_max = OUTPUT_MAX,
		.timeout_s = TOOL_TIMEOUT_S,
	};
	struct program_end end;
	int r = program_run(&p, &output, &end, e);

	if (r < 0 || program_succeeded(&end))
		return r;
	const char *said = output.size ? program_last_lines(t->arena, output.data) : "";
	return err_set(e, -EREMOTEIO, "%s failed (%s)%s%s", argv[0],
		program_end_text(t->arena, &end), *said ? ": " : "", said);
}

static int sysusers(struct txn *t, const struct step *s, bool dry, struct err *e)
{
	const char **argv = arena_array(t->arena, const char *, s->fields.n_attrs + 5);
	size_t n = 0;

	argv[n++] = "systemd-sysusers";
	if (dry)
		argv[n++] = "--dry-run";
	if (!t->host->live)
		argv[n++] = arena_printf(t->arena, "--root=%s", t->host->root_path);
	argv[n++] = "--inline";
	for (size_t i = 0; i < s->fields.n_attrs; i++)
		if (!strcmp(s->fields.attrs[i].key, "line"))
			argv[n++] = s->fields.attrs[i].value;
	return run(t, argv, e);
}

/* The host's systemd may not know all that the line says (u! is of 257). */
static int prepare_make(struct txn *t, struct step *s, struct err *e)
{
	int r = need_program(t, "systemd-sysusers", e);

	if (r >= 0)
		r = sysusers(t, s, true, e);
	return r < 0 ? err_prefix(e, r, "%s cannot be made", s->fields.id) : 0;
}

/* Whether it is there, and with which number. */
static int look(struct txn *t, const struct step *s, bool *ret_there, struct err *e)
{
	struct accounts *all;
	int r = accounts_load(t->host, t->arena, &all, e);

	if (r >= 0)
		*ret_there = is_user(s) ? account_find(all, name_of(s)) != NULL
					: account_group_find(all, name_of(s)) != NULL;
	return r;
}

static int commit_make(struct txn *t, struct step *s, struct err *e)
{
	bool there;
	int r = sysusers(t, s, false, e);

	if (r >= 0)
		r = look(t, s, &there, e);
	/* A group that it cannot find is no failure to it. */
	if (r >= 0 && !there)
		r = err_set(e, -EREMOTEIO,
			"systemd-sysusers has ended well, and there is no %s %s all the same",
			is_user(s) ? "user" : "group", name_of(s));
	return r;
}

static int undo_make(struct txn *t, struct step *s, bool *left, struct err *e)
{
	bool there;
	int r = look(t, s, &there, e);

	(void)left;
	if (r < 0 || !there)
		return r;
	t->n_stay++;
	event_message(t->sink, "warning", "the %s %s stays: %s are never removed",
		is_user(s) ? "user" : "group", name_of(s), is_user(s) ? "users" : "groups");
	return 0;
}

static const char *sentence_make(struct arena *a, const struct step *s)
{
	return arena_printf(a, "make the %s %s", is_user(s) ? "user" : "group", name_of(s));
}

static int prepare_change(struct txn *t, struct step *s, struct err *e)
{
	(void)s;
	return need_program(t, "usermod", e);
}

/* What a field of the user is now; NULL: there is no such user. */
static int read_field(
	struct txn *t, const char *name, const char *field, const char **ret, struct err *e)
{
	const struct account *user;
	struct accounts *all;
	int r = accounts_load(t->host, t->arena, &all, e);

	*ret = NULL;
	if (r < 0 || !(user = account_find(all, name)))
		return r;
	if (!strcmp(field, "expiry"))
		return account_expiry(t->host, t->arena, name, ret, e);
	*ret = !strcmp(field, "gecos")  ? user->gecos
	       : !strcmp(field, "home") ? user->home
					: user->shell;
	return 0;
}

/* usermod takes a date. */
static const char *argument(struct arena *a, const char *field, const char *value)
{
	char text[sizeof "+4294967295-12-31"];
	time_t day;
	struct tm tm;

	if (strcmp(field, "expiry") != 0 || !*value)
		return value;
	day = (time_t)strtoll(value, NULL, 10) * 86400;
	if (!gmtime_r(&day, &tm) || !strftime(text, sizeof text, "%Y-%m-%d", &tm))
		return value;
	return arena_strdup(a, text);
}

struct usermod {
	const char *argv[ARGS_MAX];
	size_t n;
};

static void usermod_begin(struct txn *t, struct usermod *u)
{
	*u = (struct usermod){.argv = {"usermod"}, .n = 1};
	if (t->host->live)
		return;
	u->argv[u->n++] = "-P";
	u->argv[u->n++] = t->host->root_path;
}

static int usermod_run(struct txn *t, struct usermod *u, const char *name, struct err *e)
{
	u->argv[u->n++] = "--";
	u->argv[u->n++] = name;
	return run(t, u->argv, e);
}

static int commit_change(struct txn *t, struct step *s, struct err *e)
{
	struct usermod u;

	usermod_begin(t, &u);
	for (size_t i = 0; i < ELEMENTS(fields); i++) {
		const char *value = step_get(s, fields[i]), *now;
		const char *old = step_get(s, arena_printf(t->arena, "old-%s", fields[i]));

		if (!value)
			continue;
		int r = read_field(t, name_of(s), fields[i], &now, e);
		if (r < 0)
			return r;
		if (!now || strcmp(now, old) != 0) {
			s->touched = false;
			return err_set(e, -EBUSY,
				"the user %s was changed by somebody else while this ran, and is "
				"left "
				"as he is: plan again",
				name_of(s));
		}
		u.argv[u.n++] = flags[i];
		u.argv[u.n++] = argument(t->arena, fields[i], value);
	}
	return usermod_run(t, &u, name_of(s), e);
}

/* usermod may have come to an end or not; a value that is neither the old nor the new one is
 * somebody else's. */
static int undo_change(struct txn *t, struct step *s, bool *left, struct err *e)
{
	struct usermod u;
	size_t n;

	usermod_begin(t, &u);
	n = u.n;
	for (size_t i = 0; i < ELEMENTS(fields); i++) {
		const char *value = step_get(s, fields[i]), *now;
		const char *old = step_get(s, arena_printf(t->arena, "old-%s", fields[i]));

		if (!value)
			continue;
		int r = read_field(t, name_of(s), fields[i], &now, e);
		if (r < 0)
			return r;
		if (!now || (strcmp(now, old) != 0 && strcmp(now, value) != 0)) {
			*left = true;
			return err_set(e, -EBUSY,
				"the user %s was changed by somebody else and is left as he is",
				name_of(s));
		}
		if (!strcmp(now, old))
			continue;
		u.argv[u.n++] = flags[i];
		u.argv[u.n++] = argument(t->arena, fields[i], old);
	}
	if (u.n == n)
		return 0;
	int r = usermod_run(t, &u, name_of(s), e);
	return r < 0 ? err_prefix(e, r, "the user %s is not put back", name_of(s)) : 0;
}

/* By hand: the command, its words quoted. */
static const char *command(struct txn *t, const struct usermod *u, const char *name)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	for (size_t i = 0; i < u->n; i++) {
		text_shell_word(&b, u->argv[i]);
		buf_addc(&b, ' ');
	}
	text_shell_word(&b, name);
	return arena_printf(t->arena, "`%s` gives back what was before", b.data);
}

static const char *next_change(struct txn *t, const struct step *s)
{
	struct usermod u;

	usermod_begin(t, &u);
	for (size_t i = 0; i < ELEMENTS(fields); i++) {
		const char *old = step_get(s, arena_printf(t->arena, "old-%s", fields[i]));

		if (!old)
			continue;
		u.argv[u.n++] = flags[i];
		u.argv[u.n++] = argument(t->arena, fields[i], old);
	}
	return command(t, &u, name_of(s));
}

static const char *sentence_change(struct arena *a, const struct step *s)
{
	const char *what = "";

	for (size_t i = 0; i < ELEMENTS(fields); i++)
		if (step_get(s, fields[i]))
			what = arena_printf(a, "%s%s%s", what, *what ? ", " : "", fields[i]);
	return arena_printf(a, "change the user %s: %s", name_of(s), what);
}

static int is_member(struct txn *t, const struct step *s, bool *ret, struct err *e)
{
	struct accounts *all;
	int r = accounts_load(t->host, t->arena, &all, e);

	if (r < 0)
		return r;
	const struct account_group *group = account_group_find(all, name_of(s));
	*ret = group && account_list_has(group->members, step_get(s, "user"));
	return 0;
}

static int prepare_member(struct txn *t, struct step *s, struct err *e)
{
	bool now = false;
	int r = need_program(t, "usermod", e);

	if (r >= 0)
		r = is_member(t, s, &now, e);
	step_set(t, s, "old", now ? "true" : "false");
	return r;
}

static int set_member(struct txn *t, const struct step *s, const char *member, struct err *e)
{
	struct usermod u;
	bool now;
	int r = is_member(t, s, &now, e);

	if (r < 0 || now == !strcmp(member, "true"))
		return r;
	usermod_begin(t, &u);
	u.argv[u.n++] = now ? "-r" : "-a";
	u.argv[u.n++] = "-G";
	u.argv[u.n++] = name_of(s);
	return usermod_run(t, &u, step_get(s, "user"), e);
}

static int commit_member(struct txn *t, struct step *s, struct err *e)
{
	return set_member(t, s, step_get(s, "member"), e);
}

static int undo_member(struct txn *t, struct step *s, bool *left, struct err *e)
{
	int r = set_member(t, s, step_get(s, "old"), e);

	(void)left;
	return r < 0 ? err_prefix(e, r, "the members of %s are not put back", name_of(s)) : 0;
}

static const char *next_member(struct txn *t, const struct step *s)
{
	struct usermod u;

	usermod_begin(t, &u);
	u.argv[u.n++] = !strcmp(step_get(s, "old"), "true") ? "-a" : "-r";
	u.argv[u.n++] = "-G";
	u.argv[u.n++] = name_of(s);
	return command(t, &u, step_get(s, "user"));
}

static const char *sentence_member(struct arena *a, const struct step *s)
{
	bool add = !strcmp(step_get(s, "member"), "true");

	return arena_printf(a, "%s %s %s the group %s", add ? "put" : "take", step_get(s, "user"),
		add ? "into" : "out of", name_of(s));
}

const struct step_ops step_make_account = {
	.kind = "make-account",
	.action = "account",
	.prepare = prepare_make,
	.commit = commit_make,
	.undo = undo_make,
	.sentence = sentence_make,
};

const struct step_ops step_change_user = {
	.kind = "change-user",
	.action = "account",
	.prepare = prepare_change,
	.commit = commit_change,
	.undo = undo_change,
	.next = next_change,
	.sentence = sentence_change,
};

const struct step_ops step_member = {
	.kind = "member",
	.action = "account",
	.prepare = prepare_member,
	.commit = commit_member,
	.undo = undo_member,
	.next = next_member,
	.sentence = sentence_member,
};
