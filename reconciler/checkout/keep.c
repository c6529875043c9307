/*
 * What a checkout that is replaced would take with it, and no repository has (checkout_live.h).
 * Changes nothing. Called by the module checkout, when a plan is made, and by the pipeline when the
 * new one is in its place.
 */
#include "l4sync/checkout_live.h"

#include <errno.h>
#include <string.h>

struct keeping {
	struct host *host;
	struct arena *arena;
	int dir_fd;
	const char *path;
	struct checkout_list want, base;
	struct resources *set;
	size_t n;
	uint64_t size;
	struct err *e;
};

static bool has_bytes_of(const struct checkout_list *l, const struct live_entry *x)
{
	const struct checkout_entry *y = checkout_find(l, x->path);

	return y && !strcmp(y->id, x->id) && S_ISLNK(x->mode) == !strcmp(y->mode, "link");
}

static int read_entry(struct keeping *k, const struct live_entry *x, struct resource *item)
{
	struct arena *a = k->set->arena;
	_cleanup_close_ int fd = checkout_open_below(k->dir_fd, x->path, S_ISLNK(x->mode));
	const char *target;
	const void *data;
	size_t size;
	int r;

	if (fd < 0)
		return fd;
	if (S_ISLNK(x->mode)) {
		r = link_read(a, fd, "", &target);
		if (r >= 0)
			resource_set(a, item, "target", target);
		return r;
	}
	r = fd_read_all(a, fd, CHECKOUT_KEPT_SIZE_MAX, &data, &size);
	if (r < 0)
		return r;
	item->content = content_new(a, data, size);
	resource_set(a, item, "owner", host_user(k->host, x->uid));
	resource_set(a, item, "group", host_group(k->host, x->gid));
	resource_set(a, item, "mode", arena_printf(a, "%04o", x->mode & 07777u));
	return 0;
}

static int add(struct keeping *k, const struct live_entry *x)
{
	struct arena *a = k->set->arena;
	struct resource *item = arena_new_of(a, struct resource);

	item->id =
		arena_printf(a, "%s:%s/%s", S_ISLNK(x->mode) ? "link" : "file", k->path, x->path);
	int r = read_entry(k, x, item);
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return err_errno(k->e, r, "cannot keep %s/%s", k->path, x->path);
	resources_add_ref(k->set, item);
	return 0;
}

static int keep(struct keeping *k, const struct live_entry *x)
{
	if (S_ISREG(x->mode) && !(x->mode & S_IROTH))
		return err_set(k->e, -EPERM,
			"%s%s is replaced as a whole, and %s in it is in no commit; not everybody "
			"may read it, so it is taken for a secret, which the history must not "
			"keep: move it away",
			k->host->root_path, k->path, x->path);
	k->n++;
	k->size += x->size;
	if (k->n > CHECKOUT_KEPT_MAX || k->size > CHECKOUT_KEPT_SIZE_MAX)
		return err_set(k->e, -EFBIG,
			"%s%s is replaced as a whole, and what is in no commit there is more than "
			"%d files or %llu MiB, as %s: too much for the history to keep; move it "
			"away or delete it",
			k->host->root_path, k->path, CHECKOUT_KEPT_MAX,
			(unsigned long long)CHECKOUT_KEPT_SIZE_MAX >> 20, x->path);
	return k->set ? add(k, x) : 0;
}

int checkout_keep(struct host *h, struct arena *a, int dir_fd, const char *path,
	const struct content *want, const struct content *base, struct resources *set,
	struct err *e)
{
	struct keeping k = {
		.host = h, .arena = a, .dir_fd = dir_fd, .path = path, .set = set, .e = e};
	struct checkout_scan scan;
	struct checkout_index known;
	struct checkout_look look;
	int r = checkout_parse(a, want, &k.want, e);

	if (r >= 0)
		r = checkout_parse(a, base, &k.base, e);
	if (r >= 0)
		r = checkout_scan(a, dir_fd, &scan, e);
	if (r < 0)
		return err_prefix(e, r, "%s%s", h->root_path, path);
	if (scan.mounted)
		return err_set(e, -EBUSY, "%s%s/%s is a mount point: unmount it first",
			h->root_path, path, scan.mounted);
	checkout_index_load(h, a, path, false, &known);
	r = checkout_look(a, dir_fd, &scan, &known, &k.want, &k.base, &look, e);
	for (size_t i = 0; i < scan.n && r >= 0; i++) {
		const struct live_entry *x = &scan.items[i];

		if ((S_ISREG(x->mode) || S_ISLNK(x->mode)) && !has_bytes_of(&k.want, x) &&
			!has_bytes_of(&k.base, x))
			r = keep(&k, x);
	}
	return r < 0 ? r : 0;
}
