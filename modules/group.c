/*
 * group:NAME: a group of the state's sysusers.d files and its members, compared with /etc/group.
 * It is made by systemd-sysusers, never removed; members are added by usermod, and those that the
 * state does not name any more are taken out if l4sync had added them.
 * Called through the registry.
 */
#include <errno.h>
#include <string.h>

#include "l4sync/check.h"
#include "l4sync/plan.h"
#include "l4sync/registry.h"
#include "l4sync/txn.h"

#include "account.h"

static int group_check(const struct resource *item, struct err *e)
{
	static const struct attr_rule rules[] = {
		{"gid", account_is_id_source, ATTR_OPTIONAL},
		{"members", account_is_members, ATTR_REQUIRED},
		{"range", account_is_range, ATTR_REPEATED},
		{0},
	};

	if (!account_is_name(resource_name(item->id)))
		return err_set(e, -EINVAL, "%s: no group's name", item->id);
	int r = check_content(item, false, e);
	return r ? r : check_attrs(item, rules, e);
}

static const char *const group_compared[] = {"gid", "members", NULL};

static const char *gid_of(struct inspection *in, uint32_t gid, const struct resource *want)
{
	const char *wanted = want ? resource_get(want, "gid") : NULL;
	uint32_t id;

	if (wanted && *wanted == '/' &&
		(!account_wanted_id(in->host, wanted, true, &id) || id == gid))
		return wanted;
	return arena_printf(in->arena, "%u", gid);
}

/* The names of a list, one after the other; NULL at its end. In the arena. */
static const char *next_name(struct arena *a, const char **list)
{
	size_t n = strcspn(*list, ",");

	if (!n)
		return NULL;
	const char *name = arena_strndup(a, *list, n);
	*list += n + ((*list)[n] == ',');
	return name;
}

static const char *members_in(const struct resources *set, const char *id)
{
	const struct resource *item = set ? resources_find(set, id) : NULL;
	const char *list = item ? resource_get(item, "members") : NULL;

	return list ? list : "";
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/*
 * Of the members those that concern the state: whom it names, and whom l4sync had added because an
 * earlier one did. Of a group that has left the state also those who were in it before that.
 */
static const char *members_of(struct inspection *in, const char *id, const char *live)
{
	const char *want = members_in(in->want, id), *base = members_in(in->base, id);
	const char *original = members_in(in->originals, id), *at = live, *name;
	const char **names = arena_array(in->arena, const char *, strlen(live) + 1);
	const char *list = "";
	size_t n = 0;

	while ((name = next_name(in->arena, &at))) {
		bool was = account_list_has(original, name);

		if (account_list_has(want, name) ||
			(account_list_has(base, name) && (!was || !resources_find(in->want, id))) ||
			(was && !resources_find(in->want, id)))
			names[n++] = name;
	}
	qsort(names, n, sizeof *names, compare_names);
	for (size_t i = 0; i < n; i++)
		if (!i || strcmp(names[i - 1], names[i]) != 0)
			list = *list ? arena_printf(in->arena, "%s,%s", list, names[i]) : names[i];
	return list;
}

static int group_inspect(struct inspection *in, const char *id, const struct resource *want,
	struct resource **ret, struct err *e)
{
	const char *name = resource_name(id);
	const struct accounts *all;
	int r = accounts_of(in, &all, e);

	*ret = NULL;
	if (r < 0)
		return r;
	const struct account_group *group = account_group_find(all, name);
	if (!group) {
		/* Of a user's own group his line says it. */
		if (resources_find(in->want, id) &&
			!resources_find(in->want, arena_printf(in->arena, "user:%s", name)))
			account_note_stays(in, id, "the group");
		return 0;
	}
	*ret = arena_new_of(in->arena, struct resource);
	(*ret)->id = id;
	resource_set(in->arena, *ret, "gid", gid_of(in, group->gid, want));
	resource_set(in->arena, *ret, "members", members_of(in, id, group->members));
	return 0;
}

static int enqueue_new(struct txn *t, const struct resource *want, struct err *e)
{
	struct host *h = txn_host(t);
	struct arena *a = txn_arena(t);
	const char *name = resource_name(want->id), *gid = resource_get(want, "gid");
	const char *words[] = {name, gid};
	struct accounts *all;
	uint32_t id;
	int r = accounts_load(h, a, &all, e);

	if (r < 0)
		return r;
	if (h->live && !host_gid(h, name, &id, NULL))
		return err_set(e, -EEXIST,
			"the name service knows a group %s (%u) that is not in /etc/group: give "
			"the state's group another name, or take it out of the name service",
			name, id);
	if (account_wanted_id(h, gid, true, &id)) {
		const struct account_group *other = account_group_with(all, id);
		const char *taken = other ? other->name : host_group(h, id);

		if (!account_is_id(taken))
			return err_set(e, -EEXIST,
				"the group %s is to have the gid %u, which %s has: "
				"systemd-sysusers "
				"would give it another one. A line \"g %s NUMBER\" gives it one "
				"that is free",
				name, id, taken, name);
	}
	txn_make_account(t, want->id,
		sysusers_lines(a, want, sysusers_line(a, "g", words, ELEMENTS(words))));
	return 0;
}

static void enqueue_members(
	struct txn *t, const char *id, const char *from, const char *other, bool add)
{
	const char *name;

	while ((name = next_name(txn_arena(t), &from)))
		if (!account_list_has(other, name))
			txn_member(t, id, name, add);
}

static int group_enqueue(struct txn *t, const struct change *c, struct err *e)
{
	const char *want, *live = c->live ? resource_get(c->live, "members") : "";
	int r = 0;

	if (!c->want)
		return 0;
	if (!c->live)
		r = enqueue_new(t, c->want, e);
	else if (resource_get(c->want, "gid") && !resource_same(c->want, c->live, "gid"))
		r = err_set(e, -EPERM,
			"the group %s has the gid %s and is to have %s: whatever belongs to it "
			"would "
			"go on belonging to the old number. `groupmod -g %s %s`, and give it what "
			"the old number has (find / -xdev -gid %s); or write \"g %s %s\" in the "
			"state",
			resource_name(c->id), resource_get(c->live, "gid"),
			resource_get(c->want, "gid"), resource_get(c->want, "gid"),
			resource_name(c->id), resource_get(c->live, "gid"), resource_name(c->id),
			resource_get(c->live, "gid"));
	if (r < 0)
		return r;
	want = resource_get(c->want, "members");
	enqueue_members(t, c->id, want ? want : "", live, true);
	enqueue_members(t, c->id, live, want ? want : "", false);
	return 0;
}

const struct module module_group = {
	.type = "group",
	.check = group_check,
	.compared = group_compared,
	.stays = "l4sync never removes a group, for what belongs to it would belong to nobody "
		 "(groupdel does)",
	.inspect = group_inspect,
	.enqueue = group_enqueue,
};
