/*
 * dir:/path: a directory that what is shipped stands in, one of `purge:`, or of tmpfiles.d. Without
 * owner, group and mode it only has to exist.
 * Called through the registry.
 */
#include <errno.h>
#include <sys/stat.h>

#include "l4sync/check.h"
#include "l4sync/plan.h"
#include "l4sync/registry.h"
#include "l4sync/txn.h"

#include "placed.h"
#include "purge.h"
#include "tmpfiles.h"

static int dir_check(const struct resource *item, struct err *e)
{
	static const struct attr_rule rules[] = {
		{"owner", check_is_owner, ATTR_OPTIONAL},
		{"group", check_is_owner, ATTR_OPTIONAL},
		{"mode", check_is_mode, ATTR_OPTIONAL},
		{"purge", check_is_bool, ATTR_OPTIONAL},
		{0},
	};
	int r = resource_get(item, "purge") ? purge_check(resource_name(item->id), e)
					    : check_path_made(resource_name(item->id), e);

	if (r < 0)
		return err_prefix(e, r, "%s", item->id);
	r = check_content(item, false, e);
	return r ? r : check_attrs(item, rules, e);
}

static const char *const dir_sections[] = {"purge", NULL};
static const char *const dir_compared[] = {"owner", "group", "mode", NULL};

static int dir_inspect(struct inspection *in, const char *id, const struct resource *want,
	struct resource **ret, struct err *e)
{
	const char *path = resource_name(id);
	struct stat st;
	int fd;
	int r = host_dir(in->host, path, &fd, e);

	*ret = NULL;
	if (r == -ENOENT)
		return 0;
	if (r == -ENOTDIR || r == -ELOOP) {
		err_clear(e); /* a difference like others: dir_enqueue() refuses */
		*ret = arena_new_of(in->arena, struct resource);
		(*ret)->id = id;
		resource_set(in->arena, *ret, "type", "unreachable");
		return 0;
	}
	if (r >= 0 && fstat(fd, &st) < 0)
		r = err_errno(e, -errno, "cannot look at %s%s", in->host->root_path, path);
	if (r < 0)
		return r;
	*ret = arena_new_of(in->arena, struct resource);
	(*ret)->id = id;
	in->changed_usec = stat_changed_usec(&st);
	placed_owner(in, *ret, want, &st);
	return 0;
}

/* What a line of tmpfiles.d leaves open stays as it is. */
static const struct resource *with_live(struct arena *a, const struct change *c)
{
	static const char *const keys[] = {"owner", "group", "mode"};
	struct resource *whole = arena_new_of(a, struct resource);

	whole->id = c->id;
	for (size_t i = 0; i < ELEMENTS(keys); i++) {
		const char *wanted = resource_get(c->want, keys[i]);

		resource_set(a, whole, keys[i], wanted ? wanted : resource_get(c->live, keys[i]));
	}
	return whole;
}

static int dir_enqueue(struct txn *t, const struct change *c, struct err *e)
{
	const char *path = resource_name(c->id);
	struct placed_owner o;
	struct step *s;
	int fd;
	int r = host_dir(txn_host(t), path, &fd, e);

	if (r == -ENOTDIR)
		return err_set(e, r,
			"%s%s, or a part of its path, is not a directory: move it away",
			txn_host(t)->root_path, path);
	if (r < 0 && r != -ENOENT)
		return r;
	if (!c->want) {
		txn_rmdir(t, c->id, path, false);
		return 0;
	}
	const struct resource *want = c->live ? with_live(txn_arena(t), c) : c->want;
	r = placed_owned(t, want, &o, e);
	if (r < 0)
		return r;
	s = c->live ? txn_dir_attributes(t, c->id, path, o.uid, o.gid, o.mode)
		    : txn_mkdir(t, c->id, path, o.uid, o.gid, o.mode);
	txn_owned_later(t, s, o.user, o.group);
	return 0;
}

const struct module module_dir = {
	.type = "dir",
	.sections = dir_sections,
	.parse = purge_parse,
	.derive = tmpfiles_derive,
	.check = dir_check,
	.compared = dir_compared,
	.inspect = dir_inspect,
	.enqueue = dir_enqueue,
};
