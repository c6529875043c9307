/*
 * checkout:/path: a directory with the files of one commit (`checkouts:`). repo, rev, commit and
 * run (actions) say whence and what for; owner, group, mode and the commit are compared, and the
 * content, which is the list of checkout.h. lfs names files of the commit that say that others of
 * it are kept elsewhere.
 * Called through the registry.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "l4sync/check.h"
#include "l4sync/checkout_live.h"
#include "l4sync/plan.h"
#include "l4sync/registry.h"
#include "l4sync/txn.h"

#include "checkout_parse.h"
#include "placed.h"

#define NAMES_SHOWN 5

static bool is_commit(const char *s)
{
	return strlen(s) == GIT_ID_MAX - 1 && strspn(s, "0123456789abcdef") == GIT_ID_MAX - 1;
}

static bool is_text(const char *s)
{
	return *s && check_is_line(s);
}

static bool is_dir_mode(const char *s)
{
	return !strcmp(s, "0755");
}

static int checkout_item_check(const struct resource *item, struct err *e)
{
	static const struct attr_rule rules[] = {
		{"repo", is_text, ATTR_REQUIRED},
		{"rev", is_text, ATTR_OPTIONAL},
		{"commit", is_commit, ATTR_REQUIRED},
		{"owner", check_is_owner, ATTR_REQUIRED},
		{"group", check_is_owner, ATTR_REQUIRED},
		{"mode", is_dir_mode, ATTR_REQUIRED},
		{"run", is_text, ATTR_REPEATED},
		{"lfs", is_text, ATTR_REPEATED},
		{0},
	};
	int r = check_path(resource_name(item->id), e);

	if (r < 0)
		return err_prefix(e, r, "%s", item->id);
	if (item->secret)
		return err_set(e, -EINVAL, "%s: cannot be secret", item->id);
	r = check_content(item, true, e);
	if (!r)
		r = check_attrs(item, rules, e);
	if (!r && (r = checkout_check(item->content, e)) < 0)
		err_prefix(e, r, "%s", item->id);
	return r;
}

/* What is wanted, what was applied last, and what is there. */
struct seen {
	struct inspection *in;
	const char *path;
	const struct resource *want, *base;
	struct checkout_list want_list, base_list;
	struct checkout_scan scan;
	struct checkout_look look;
};

static int read_lists(struct seen *s, struct err *e)
{
	struct arena *a = s->in->arena;
	int r = checkout_parse(a, s->want ? s->want->content : NULL, &s->want_list, e);

	if (r < 0 || !s->base || (s->want && s->base->content == s->want->content))
		return r;
	return checkout_parse(a, s->base->content, &s->base_list, e);
}

/* Files that were not in the index, or are racy, are read each time until a run that may write
 * comes by. */
static int look_at_files(struct seen *s, int fd, struct err *e)
{
	struct inspection *in = s->in;
	uint64_t begun = checkout_index_now();
	struct checkout_index known;
	int r = checkout_scan(in->arena, fd, &s->scan, e);

	if (r < 0)
		return r;
	checkout_index_load(in->host, in->arena, s->path, false, &known);
	r = checkout_look(
		in->arena, fd, &s->scan, &known, &s->want_list, &s->base_list, &s->look, e);
	if (r < 0 || !s->look.hashed || !in->writes)
		return r;
	/* What was read may still be on its way to the disk: an index that outlives a power cut
	 * must not speak of bytes that did not. */
	return syncfs(fd) < 0 ? 0
			      : checkout_index_save(in->host, s->path, false, &s->scan, begun, e);
}

static bool holds(const struct seen *s, const struct resource *item)
{
	const struct content *c = item ? item->content : NULL;

	return c && c->data && c->size == s->look.size &&
	       !memcmp(c->data, s->look.text, s->look.size);
}

/* The list itself where it is that of want or base: what is equal is not hashed again. */
static void describe(struct seen *s, struct resource *live)
{
	struct arena *a = s->in->arena;
	const struct resource *same = holds(s, s->want)   ? s->want
				      : holds(s, s->base) ? s->base
							  : NULL;
	const struct resource *of = same ? same : s->base;

	placed_owner(s->in, live, s->want, &s->scan.top);
	live->content = same ? same->content : content_new(a, s->look.text, s->look.size);
	/* Of which commit it is a copy, if with modifications. */
	if (of && resource_get(of, "commit"))
		resource_set(a, live, "commit", resource_get(of, "commit"));
	s->in->changed_usec = s->scan.changed_usec;
}

static void report_untracked(const struct seen *s)
{
	_cleanup_buf_ struct buf names = BUF_INIT;
	size_t n = s->look.n_untracked;

	for (size_t i = 0; i < n && i < NAMES_SHOWN; i++)
		buf_addf(&names, "%s%s", i ? ", " : "", s->look.untracked[i]);
	if (n > NAMES_SHOWN)
		buf_addf(&names, " and %zu more", n - NAMES_SHOWN);
	if (n)
		finding_add(s->in->findings, "lint", "checkout-untracked",
			arena_printf(s->in->arena, "checkout:%s", s->path),
			"holds %zu file%s that its commit does not have: %s. They stay until the "
			"checkout is replaced, and then the history keeps them",
			n, n == 1 ? "" : "s", names.data);
}

static void report_lfs(const struct seen *s)
{
	for (size_t i = 0; s->want && i < s->want->n_attrs; i++)
		if (!strcmp(s->want->attrs[i].key, "lfs"))
			finding_add(s->in->findings, "lint", "checkout-lfs", s->want->id,
				"%s says that files of it are kept in Git LFS: the checkout has "
				"their pointers, not the files",
				s->want->attrs[i].value);
}

/* What is there instead of a directory; NULL: nothing. */
static const char *other_type(struct host *h, const char *path)
{
	const char *name;
	struct stat st;
	int dir;
	int r = host_parent(h, path, &dir, &name, NULL);

	if (r == -ENOENT)
		return NULL;
	if (r < 0)
		return "unreachable";
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? NULL : "unreachable";
	return S_ISREG(st.st_mode) ? "file" : S_ISLNK(st.st_mode) ? "link" : "special";
}

static int inspect_other(struct seen *s, const char *id, struct resource **ret)
{
	const char *type = other_type(s->in->host, s->path);

	if (!type)
		return 0;
	*ret = arena_new_of(s->in->arena, struct resource);
	(*ret)->id = id;
	resource_set(s->in->arena, *ret, "type", type);
	return 0;
}

static int checkout_inspect(struct inspection *in, const char *id, const struct resource *want,
	struct resource **ret, struct err *e)
{
	struct seen s = {.in = in,
		.path = resource_name(id),
		.want = want,
		.base = in->base ? resources_find(in->base, id) : NULL};
	int fd;
	int r = host_dir(in->host, s.path, &fd, e);

	*ret = NULL;
	report_lfs(&s);
	if (r == -ENOENT || r == -ENOTDIR || r == -ELOOP) {
		err_clear(e);
		return inspect_other(&s, id, ret);
	}
	if (r >= 0)
		r = read_lists(&s, e);
	if (r >= 0)
		r = look_at_files(&s, fd, e);
	if (r < 0)
		return err_prefix(e, r, "%s%s", in->host->root_path, s.path);
	*ret = arena_new_of(in->arena, struct resource);
	(*ret)->id = id;
	describe(&s, *ret);
	report_untracked(&s);
	return 0;
}

/* Said before anybody is asked, and not first when the old tree is about to go. */
static int check_kept(struct txn *t, const struct change *c, struct err *e)
{
	const char *path = resource_name(c->id);
	int fd;
	int r = host_dir(txn_host(t), path, &fd, e);

	if (r < 0)
		return err_errno(e, r, "%s%s", txn_host(t)->root_path, path);
	return checkout_keep(txn_host(t), txn_arena(t), fd, path, c->want ? c->want->content : NULL,
		c->base ? c->base->content : NULL, NULL, e);
}

static int checkout_enqueue(struct txn *t, const struct change *c, struct err *e)
{
	const char *path = resource_name(c->id);
	const char *type = c->live ? resource_get(c->live, "type") : NULL;
	struct placed_owner owner;

	if (type)
		return err_set(e, -ENOTDIR,
			"%s%s, or a part of its path, is not a directory, where a checkout is "
			"wanted: move it away",
			txn_host(t)->root_path, path);
	int r = c->live ? check_kept(t, c, e) : 0;
	if (r < 0)
		return r;
	if (!c->want) {
		txn_remove_checkout(t, c->id, path);
		return 0;
	}
	r = placed_owned(t, c->want, &owner, e);
	if (r < 0)
		return r;
	struct step *s =
		txn_checkout(t, c->id, path, c->want->content, resource_get(c->want, "repo"),
			resource_get(c->want, "commit"), owner.uid, owner.gid);
	txn_owned_later(t, s, owner.user, owner.group);
	return 0;
}

static const char *const checkout_sections[] = {"checkouts", NULL};
static const char *const checkout_compared[] = {"owner", "group", "mode", "commit", NULL};

const struct module module_checkout = {
	.type = "checkout",
	.sections = checkout_sections,
	.parse = checkout_parse_section,
	.complete = checkout_complete,
	.check = checkout_item_check,
	.compared = checkout_compared,
	.inspect = checkout_inspect,
	.enqueue = checkout_enqueue,
};
