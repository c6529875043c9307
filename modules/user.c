/*
 * user:NAME: a user of the state's sysusers.d files, compared with /etc/passwd (and, where he is to
 * be locked, /etc/shadow). He is made by systemd-sysusers, changed by usermod, never removed.
 * Called through the registry.
 */
#include <errno.h>
#include <string.h>

#include "l4sync/check.h"
#include "l4sync/plan.h"
#include "l4sync/registry.h"
#include "l4sync/txn.h"

#include "account.h"

#define EXPIRED "1" /* 1970-01-02: what systemd-sysusers gives to u! */

static bool is_group(const char *s)
{
	return account_is_name(s) || account_is_id(s);
}

static int user_check(const struct resource *item, struct err *e)
{
	static const struct attr_rule rules[] = {
		{"uid", account_is_id_source, ATTR_OPTIONAL},
		{"group", is_group, ATTR_OPTIONAL},
		{"gecos", account_is_gecos, ATTR_OPTIONAL},
		{"home", account_is_path, ATTR_OPTIONAL},
		{"shell", account_is_path, ATTR_OPTIONAL},
		{"locked", account_is_true, ATTR_OPTIONAL},
		{"range", account_is_range, ATTR_REPEATED},
		{0},
	};

	if (!account_is_name(resource_name(item->id)))
		return err_set(e, -EINVAL, "%s: no user's name", item->id);
	int r = check_content(item, false, e);
	return r ? r : check_attrs(item, rules, e);
}

static const char *const user_compared[] = {
	"uid", "group", "gecos", "home", "shell", "locked", NULL};

/* The primary group in the want's words, where they mean it. */
static const char *group_of(struct inspection *in, const struct accounts *all, uint32_t gid,
	const struct resource *want)
{
	const char *wanted = want ? resource_get(want, "group") : NULL;
	const struct account_group *group = wanted ? account_group_find(all, wanted) : NULL;

	if ((group && group->gid == gid) ||
		(wanted && account_is_id(wanted) && strtoul(wanted, NULL, 10) == gid))
		return wanted;
	group = account_group_with(all, gid);
	return group ? group->name : arena_printf(in->arena, "%u", gid);
}

/* The number in the want's words: a path stands for its owner, or for any number. */
static const char *uid_of(struct inspection *in, uint32_t uid, const struct resource *want)
{
	const char *wanted = want ? resource_get(want, "uid") : NULL;
	uint32_t id;

	if (wanted && *wanted == '/' &&
		(!account_wanted_id(in->host, wanted, false, &id) || id == uid))
		return wanted;
	return arena_printf(in->arena, "%u", uid);
}

/* Only root may look whether. */
static int add_locked(struct inspection *in, struct resource *live, struct err *e)
{
	const char *expiry;
	int r = account_expiry(in->host, in->arena, resource_name(live->id), &expiry, e);

	if (r == -EACCES) {
		err_clear(e);
		finding_add(in->findings, "unsupported", "shadow-unreadable", live->id,
			"whether it is locked cannot be seen: /etc/shadow cannot be read");
		resource_set(in->arena, live, "locked", "true");
		return 0;
	}
	if (r >= 0)
		resource_set(
			in->arena, live, "locked", account_is_expired(expiry) ? "true" : "false");
	return r;
}

static int user_inspect(struct inspection *in, const char *id, const struct resource *want,
	struct resource **ret, struct err *e)
{
	const struct accounts *all;
	int r = accounts_of(in, &all, e);

	*ret = NULL;
	if (r < 0)
		return r;
	const struct account *user = account_find(all, resource_name(id));
	if (!user) {
		if (resources_find(in->want, id))
			account_note_stays(in, id, "the user");
		return 0;
	}
	struct resource *live = arena_new_of(in->arena, struct resource);
	live->id = id;
	resource_set(in->arena, live, "uid", uid_of(in, user->uid, want));
	resource_set(in->arena, live, "group", group_of(in, all, user->gid, want));
	resource_set(in->arena, live, "gecos", user->gecos);
	resource_set(in->arena, live, "home", user->home);
	resource_set(in->arena, live, "shell", user->shell);
	if (want && resource_get(want, "locked"))
		r = add_locked(in, live, e);
	if (r >= 0)
		*ret = live;
	return r;
}

/* Whatever would make systemd-sysusers take something else than the line says. */
static int check_new(struct txn *t, const struct resource *want, struct err *e)
{
	struct host *h = txn_host(t);
	const char *name = resource_name(want->id), *group = resource_get(want, "group");
	struct accounts *all;
	uint32_t id;
	int r = accounts_load(h, txn_arena(t), &all, e);

	if (r < 0)
		return r;
	if (h->live && !host_uid(h, name, &id, NULL))
		return err_set(e, -EEXIST,
			"the name service knows a user %s (%u) who is not in /etc/passwd: give the "
			"state's user another name, or take it out of the name service",
			name, id);
	if (account_wanted_id(h, resource_get(want, "uid"), false, &id)) {
		const struct account *other = account_with(all, id);
		const char *taken = other ? other->name : host_user(h, id);

		if (!account_is_id(taken))
			return err_set(e, -EEXIST,
				"%s is to have the uid %u, which %s has: systemd-sysusers would "
				"give "
				"%s another one. Give one of them another number",
				name, id, taken, name);
	}
	/* A number stands for a group of the host. */
	bool known = !group || txn_will_make(t, arena_printf(txn_arena(t), "group:%s", group));
	if (!known && account_is_id(group))
		known = !account_is_id(host_group(h, (gid_t)strtoul(group, NULL, 10)));
	else if (!known)
		known = host_gid(h, group, &id, NULL) >= 0;
	if (!known)
		return err_set(e, -ENOENT,
			"the group %s, which %s is to have, is neither on the host nor in the "
			"state: add a line \"g %s\"",
			group, name, group);
	return 0;
}

static int enqueue_new(struct txn *t, const struct resource *want, struct err *e)
{
	struct arena *a = txn_arena(t);
	const char *name = resource_name(want->id), *uid = resource_get(want, "uid");
	const char *group = resource_get(want, "group");
	int r = check_new(t, want, e);

	if (r < 0)
		return r;
	/* A group of his own name systemd-sysusers takes, or makes, by itself. */
	const char *words[] = {name,
		group && strcmp(group, name) != 0 ? arena_printf(a, "%s:%s", uid ? uid : "-", group)
						  : uid,
		resource_get(want, "gecos"), resource_get(want, "home"),
		resource_get(want, "shell")};
	const char *line =
		sysusers_line(a, resource_get(want, "locked") ? "u!" : "u", words, ELEMENTS(words));
	txn_make_account(t, want->id, sysusers_lines(a, want, line));
	return 0;
}

static bool differs(const struct change *c, const char *key)
{
	return resource_get(c->want, key) && !resource_same(c->want, c->live, key);
}

static int refuse_number(struct txn *t, const struct change *c, struct err *e)
{
	const char *name = resource_name(c->id);

	if (differs(c, "uid"))
		return err_set(e, -EPERM,
			"%s has the uid %s and is to have %s: whatever belongs to %s would go on "
			"belonging to the old number. Stop what runs as %s, `usermod -u %s %s`, "
			"and "
			"give it what the old number has (find / -xdev -uid %s); or write %s in "
			"the "
			"state",
			name, resource_get(c->live, "uid"), resource_get(c->want, "uid"), name,
			name, resource_get(c->want, "uid"), name, resource_get(c->live, "uid"),
			resource_get(c->live, "uid"));
	if (differs(c, "group"))
		return err_set(e, -EPERM,
			"%s has the primary group %s and is to have %s: what was made as %s would "
			"go on belonging to the old group. `usermod -g %s %s` changes it; or write "
			"%s:%s in the state",
			name, resource_get(c->live, "group"), resource_get(c->want, "group"), name,
			resource_get(c->want, "group"), name, resource_get(c->live, "uid"),
			resource_get(c->live, "group"));
	(void)t;
	return 0;
}

/* usermod refuses a new home of somebody who has processes, and it is right. */
static int check_home(struct txn *t, const struct change *c, struct err *e)
{
	const char *name = resource_name(c->id), *process;
	struct accounts *all;
	int r = txn_host(t)->live ? accounts_load(txn_host(t), txn_arena(t), &all, e) : 0;
	const struct account *user;

	if (r < 0 || !txn_host(t)->live || !(user = account_find(all, name)))
		return r;
	process = account_process(txn_arena(t), user->uid);
	return !process
		       ? 0
		       : err_set(e, -EBUSY,
				 "the home of %s cannot be changed from %s to %s while the process "
				 "%s runs as %s: stop it, or have %s log out, and apply again",
				 name, resource_get(c->live, "home"), resource_get(c->want, "home"),
				 process, name, name);
}

static int user_enqueue(struct txn *t, const struct change *c, struct err *e)
{
	static const char *const keys[] = {"gecos", "home", "shell"};
	const char *expiry;

	if (!c->want)
		return 0;
	if (!c->live)
		return enqueue_new(t, c->want, e);
	int r = refuse_number(t, c, e);
	if (r >= 0 && differs(c, "home"))
		r = check_home(t, c, e);
	if (r >= 0 && differs(c, "locked"))
		r = account_expiry(txn_host(t), txn_arena(t), resource_name(c->id), &expiry, e);
	if (r < 0)
		return r;
	struct step *s = txn_change_user(t, c->id);
	for (size_t i = 0; i < ELEMENTS(keys); i++)
		if (differs(c, keys[i]))
			txn_user_field(t, s, keys[i], resource_get(c->live, keys[i]),
				resource_get(c->want, keys[i]));
	if (differs(c, "locked"))
		txn_user_field(t, s, "expiry", expiry,
			resource_has(c->want, "locked", "true") ? EXPIRED : "");
	return 0;
}

const struct module module_user = {
	.type = "user",
	.derive = sysusers_derive,
	.check = user_check,
	.compared = user_compared,
	.stays = "l4sync never removes a user, for what belongs to him would belong to nobody "
		 "(userdel does)",
	.inspect = user_inspect,
	.enqueue = user_enqueue,
};
