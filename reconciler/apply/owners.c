/*
 * Owners that the run itself makes: their numbers are known when they are there, and only then can
 * what is to belong to them be staged (txn_internal.h).
 * Called by the transaction.
 */
#include <errno.h>

#include "txn_internal.h"

bool step_is_ownerless(const struct step *s)
{
	bool owned = s->ops == &step_put_file || s->ops == &step_mkdir ||
		     s->ops == &step_dir_attributes || s->ops == &step_checkout;

	return owned && (!step_get(s, "uid") || !step_get(s, "gid"));
}

static int find_owner(struct txn *t, struct step *s, struct err *e)
{
	const char *user = step_get(s, "user"), *group = step_get(s, "group");
	uid_t uid;
	gid_t gid;
	int r = user ? host_uid(t->host, user, &uid, e) : 0;

	if (r >= 0 && group)
		r = host_gid(t->host, group, &gid, e);
	if (r < 0)
		return err_prefix(e, r, "%s", s->fields.id);
	if (user)
		step_set(t, s, "uid", arena_printf(t->arena, "%u", (unsigned)uid));
	if (group)
		step_set(t, s, "gid", arena_printf(t->arena, "%u", (unsigned)gid));
	if (s->ops->owned)
		s->ops->owned(t, s);
	return 0;
}

int txn_find_owners(struct txn *t, struct err *e)
{
	bool found = false;

	for (size_t i = 0; i < t->n; i++) {
		if (!step_is_ownerless(&t->steps[i]))
			continue;
		int r = find_owner(t, &t->steps[i], e);
		if (r < 0)
			return r;
		found = true;
	}
	/* Before anything of theirs is touched: a recovery knows them by their owner. */
	return found ? journal_rewrite(t, e) : 0;
}
