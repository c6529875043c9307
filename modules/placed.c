/*
 * One thing at one path: looking at it, queueing what puts it there or takes it away (placed.h).
 * Prints nothing. Called by the modules file, link, unit and dropin.
 */
#include "placed.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "l4sync/plan.h"
#include "l4sync/text.h"
#include "l4sync/txn.h"

/* An owner who is neither there nor made by this run is refused. */
static int find_owner(struct txn *t, const char *type, const char *name, const char **ret_later,
	int (*find)(struct host *h, const char *name, uint32_t *ret, struct err *e), uint32_t *ret,
	struct err *e)
{
	int r = find(txn_host(t), name, ret, e);

	*ret_later = NULL;
	if (r != -ENOENT || !txn_will_make(t, arena_printf(txn_arena(t), "%s:%s", type, name)))
		return r;
	err_clear(e);
	*ret = 0;
	*ret_later = name;
	return 0;
}

int placed_owned(
	struct txn *t, const struct resource *want, struct placed_owner *ret, struct err *e)
{
	const char *mode = resource_get(want, "mode");
	const char *owner = resource_get(want, "owner"), *group = resource_get(want, "group");
	int r = find_owner(t, "user", owner ? owner : "root", &ret->user, host_uid, &ret->uid, e);

	if (r >= 0)
		r = find_owner(
			t, "group", group ? group : "root", &ret->group, host_gid, &ret->gid, e);
	ret->mode = mode ? (mode_t)strtoul(mode, NULL, 8) : resource_is(want, "dir") ? 0755 : 0644;
	return r < 0 ? err_prefix(e, r, "%s", want->id) : 0;
}

void placed_owner(struct inspection *in, struct resource *live, const struct resource *want,
	const struct stat *st)
{
	const char *owner = want ? resource_get(want, "owner") : NULL;
	const char *group = want ? resource_get(want, "group") : NULL;
	uid_t uid;
	gid_t gid;

	if (!owner || host_uid(in->host, owner, &uid, NULL) < 0 || uid != st->st_uid)
		owner = host_user(in->host, st->st_uid);
	if (!group || host_gid(in->host, group, &gid, NULL) < 0 || gid != st->st_gid)
		group = host_group(in->host, st->st_gid);
	resource_set(in->arena, live, "owner", owner);
	resource_set(in->arena, live, "group", group);
	resource_set(in->arena, live, "mode",
		arena_printf(in->arena, "%04o", (unsigned)st->st_mode & 07777u));
}

/* The bytes behind an fd; of a file that is larger than any that is managed only the size. */
static int content_of(struct inspection *in, int fd, const struct content **ret)
{
	struct content *c;
	const void *data;
	struct stat st;
	size_t size;
	int r = fd_read_all(in->arena, fd, CONTENT_SIZE_MAX, &data, &size);

	if (r == -EFBIG && !fstat(fd, &st)) {
		c = arena_new_of(in->arena, struct content);
		c->size = (size_t)st.st_size;
		*ret = c;
		return 0;
	}
	if (r >= 0)
		*ret = content_new(in->arena, data, size);
	return r;
}

static int inspect_file(struct inspection *in, int dir, const char *name,
	const struct resource *want, struct resource *live, struct err *e)
{
	struct stat st;
	_cleanup_close_ int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	int r = fd < 0 || fstat(fd, &st) < 0 ? -errno : content_of(in, fd, &live->content);

	if (r < 0)
		return err_errno(
			e, r, "cannot read %s%s", in->host->root_path, resource_path(live));
	placed_owner(in, live, want, &st);
	if (want && resource_get(want, "target"))
		resource_set(in->arena, live, "type", "file");
	return 0;
}

static int inspect_link(struct inspection *in, int dir, const char *name,
	const struct resource *want, struct resource *live, struct err *e)
{
	bool wanted = !want || resource_get(want, "target");
	const char *target;
	struct stat st;
	_cleanup_close_ int fd = -1;
	int r = link_read(in->arena, dir, name, &target);

	if (r < 0)
		return err_errno(e, r, "cannot read the link %s%s", in->host->root_path,
			resource_path(live));
	resource_set(in->arena, live, "target", target);
	if (!wanted)
		resource_set(in->arena, live, "type", "link");
	/* A linked fragment or drop-in is what it leads to: that is what systemd loads, be it the
	 * state's or somebody else's. */
	if (!(want && want->content) && !resource_is(live, "unit") && !resource_is(live, "dropin"))
		return 0;
	if (host_open_following(in->host, resource_path(live), O_RDONLY | O_NONBLOCK, &fd, NULL) <
		0)
		return 0;
	if (want && want->content)
		content_of(in, fd, &live->content);
	if (!fstat(fd, &st) && stat_changed_usec(&st) > in->changed_usec)
		in->changed_usec = stat_changed_usec(&st);
	return 0;
}

/* What is at one path; *ret NULL when nothing is. */
static int inspect_at(struct inspection *in, const char *id, const char *path,
	const struct resource *want, struct resource **ret, struct err *e)
{
	struct resource *live = arena_new_of(in->arena, struct resource);
	const char *name;
	struct stat st;
	int dir;
	int r = host_parent(in->host, path, &dir, &name, e);

	*ret = NULL;
	if (r == -ENOENT)
		return 0;
	live->id = id;
	live->secret = want && want->secret;
	if (strcmp(path, resource_name(id)) != 0)
		resource_set(in->arena, live, "path", path);
	/* A difference like others, and no reason to look no further: placed_enqueue() refuses. */
	if (r == -ENOTDIR || r == -ELOOP) {
		err_clear(e);
		resource_set(in->arena, live, "type", "unreachable");
		*ret = live;
		return 0;
	}
	if (r < 0)
		return r;
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0
				       : err_errno(e, -errno, "cannot look at %s%s",
						 in->host->root_path, path);
	in->changed_usec = stat_changed_usec(&st);
	if (S_ISREG(st.st_mode))
		r = inspect_file(in, dir, name, want, live, e);
	else if (S_ISLNK(st.st_mode))
		r = inspect_link(in, dir, name, want, live, e);
	else
		resource_set(
			in->arena, live, "type", S_ISDIR(st.st_mode) ? "directory" : "special");
	if (r >= 0)
		*ret = live;
	return r;
}

int placed_inspect(struct inspection *in, const char *id, const struct resource *want,
	struct resource **ret, struct err *e)
{
	const struct resource *base = in->base ? resources_find(in->base, id) : NULL;
	const struct resource *like = want ? want : base;
	struct resource *old = NULL;
	int r = inspect_at(in, id, resource_path(like), like, ret, e);

	/* What was secret when it was written is secret still. */
	if (r >= 0 && *ret && base)
		(*ret)->secret |= base->secret;
	/* A unit that moves from one unit directory to another is not a new one; and it has not
	 * moved for as long as something is still in its old place. */
	unsigned long long changed = in->changed_usec;
	if (r >= 0 && want && base && strcmp(resource_path(base), resource_path(want)) != 0)
		r = inspect_at(in, id, resource_path(base), like, &old, e);
	if (*ret)
		in->changed_usec = changed;
	if (old && *ret)
		resource_set(in->arena, *ret, "path", resource_path(base));
	else if (old)
		*ret = old;
	return r;
}

/* Why the path cannot be walked. */
static int path_refused(struct host *h, const char *path, struct err *e)
{
	const char *name;
	int dir;
	int r = host_parent(h, path, &dir, &name, e);

	if (r == -ENOTDIR)
		return err_set(
			e, r, "%s%s: a part of its path is not a directory", h->root_path, path);
	return r < 0 ? r : err_set(e, -ESTALE, "%s%s has changed meanwhile", h->root_path, path);
}

/* As `systemctl revert` does: an empty UNIT.d/ says nothing. */
static void remove_parent(struct txn *t, const struct change *c)
{
	const char *path = resource_path(c->live);
	const char *parent = arena_strndup(txn_arena(t), path, (size_t)(strrchr(path, '/') - path));

	if (text_ends(parent, ".d"))
		txn_rmdir(t, c->id, parent, true);
}

int placed_enqueue(struct txn *t, const struct change *c, struct err *e)
{
	const char *type = c->live ? resource_get(c->live, "type") : NULL, *path, *target;
	struct placed_owner o;

	if (type && !strcmp(type, "unreachable"))
		return path_refused(txn_host(t), resource_path(c->live), e);
	if (type && (!strcmp(type, "directory") || !strcmp(type, "special")))
		return err_set(e, -EEXIST,
			"%s%s is a %s, where a file or link is wanted: move it away",
			txn_host(t)->root_path, resource_path(c->live),
			!strcmp(type, "special") ? "device, socket or pipe" : type);
	if (!c->want) {
		txn_remove(t, PHASE_REMOVE, c->id, resource_path(c->live));
		if (c->is_foreign)
			remove_parent(t, c);
		return 0;
	}
	path = resource_path(c->want);
	target = resource_get(c->want, "target");
	if (target) {
		txn_put_link(t, PHASE_FILES, c->id, path, target);
	} else {
		int r = placed_owned(t, c->want, &o, e);

		if (r < 0)
			return r;
		struct step *s = txn_put_file(
			t, PHASE_FILES, c->id, path, c->want->content, o.uid, o.gid, o.mode);
		txn_owned_later(t, s, o.user, o.group);
	}
	if (c->base && strcmp(resource_path(c->base), path) != 0)
		txn_remove(t, PHASE_REMOVE, c->id, resource_path(c->base));
	return 0;
}
