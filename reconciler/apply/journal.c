/*
 * The write-ahead journal: the steps with all that undo needs, in the canonical form, and beside
 * it a log of the units that were about to be acted on.
 * Decides nothing. Called by the transaction.
 *
 *	journal          a run has begun and is not past the point of no return: undo
 *	journal.done     it is past it: only finish what is left to clean up
 *	journal.units    one line "VERB UNIT" before each action on a unit, "reload MICROSECONDS"
 *	                 (CLOCK_REALTIME) before the daemon-reload; "action NAME" before an action
 *is run, "acted NAME" when it has succeeded
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "txn_internal.h"

#define JOURNAL "journal"
#define JOURNAL_NEW "journal.new"
#define JOURNAL_DONE "journal.done"
#define JOURNAL_UNITS "journal.units"
#define UNITS_SIZE_MAX (1u << 20) /* bytes */

static const struct step_ops *const kinds[] = {
	&step_put_file,
	&step_put_link,
	&step_remove,
	&step_mkdir,
	&step_dir_attributes,
	&step_rmdir,
	&step_packages,
	&step_sysctl,
	&step_live,
	&step_action,
	&step_start,
	&step_stop,
	&step_reload,
	&step_make_account,
	&step_change_user,
	&step_member,
	&step_activate,
	&step_checkout,
	&step_remove_checkout,
};

int state_dir(struct host *h, bool create, int *ret_fd, struct err *e)
{
	static const char *const parents[] = {"/var", "/var/lib", STATE_DIR};
	int r = host_dir(h, STATE_DIR, ret_fd, e);

	if (r != -ENOENT || !create)
		return r;
	for (size_t i = 0; i < ELEMENTS(parents); i++) {
		bool own = i == ELEMENTS(parents) - 1;
		const char *name;
		int parent;

		r = host_parent(h, parents[i], &parent, &name, e);
		if (r < 0)
			return err_prefix(e, r, "cannot make %s%s", h->root_path, parents[i]);
		if (mkdirat(parent, name, own ? 0700 : 0755) < 0 && errno != EEXIST)
			return err_errno(e, -errno, "cannot make %s%s", h->root_path, parents[i]);
	}
	return host_dir(h, STATE_DIR, ret_fd, e);
}

/* Writes and syncs the bytes under a name of the state directory. */
static int write_synced(int dir_fd, const char *name, const char *data, size_t size)
{
	_cleanup_close_ int fd =
		openat(dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return -errno;
	int r = fd_write_all(fd, data, size);
	return r < 0 ? r : fsync(fd) < 0 ? -errno : 0;
}

int state_write(struct host *h, const char *name, const void *data, size_t size, struct err *e)
{
	_cleanup_arena_ struct arena *a = arena_new();
	const char *temp = arena_printf(a, "%s.new", name);
	int dir;
	int r = state_dir(h, true, &dir, e);

	if (r < 0)
		return r;
	r = write_synced(dir, temp, data, size);
	if (r >= 0 && renameat(dir, temp, dir, name) < 0)
		r = -errno;
	/* The bytes were synced before the rename, the name is before this returns: a deadline that
	 * was promised must not be forgotten with a power cut. */
	if (r >= 0 && fsync(dir) < 0)
		r = -errno;
	if (r < 0)
		unlinkat(dir, temp, 0);
	return r < 0 ? err_errno(e, r, "cannot write %s%s/%s", h->root_path, STATE_DIR, name) : 0;
}

/* "" where there is no kernel to ask: such a journal is of no boot, its own included. */
static const char *boot_id(struct txn *t)
{
	_cleanup_close_ int fd =
		t->host->live ? open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC) : -1;
	const void *text;
	size_t size;

	if (fd < 0 || fd_read_all(t->arena, fd, 64, &text, &size) < 0)
		return "";
	return arena_strndup(t->arena, text, strcspn(text, "\n"));
}

static void serialize(struct txn *t, struct buf *out)
{
	_cleanup_resources_ struct resources *set = resources_new();

	resources_meta(set, "name", t->name);
	resources_meta(set, "time", arena_printf(set->arena, "%lld", (long long)time(NULL)));
	resources_meta(set, "boot", boot_id(t));
	for (size_t i = 0; i < t->n_affected; i++)
		resources_meta(set, "affects", t->affected[i]);
	if (t->stays)
		resources_meta(set, "stays", t->stays);
	for (size_t i = 0; i < t->n; i++) {
		struct resource *item =
			resources_add(set, arena_printf(set->arena, "step:%06zu", i));
		const struct step *s = &t->steps[i];

		item->attrs = s->fields.attrs;
		item->n_attrs = s->fields.n_attrs;
		resource_add(set->arena, item, "id", s->fields.id);
		resource_add(set->arena, item, "kind", s->ops->kind);
	}
	resources_sort(set, NULL);
	resources_write(set, false, false, NULL, out);
}

/* Whole under another name first, so that what stands under its own name is complete; and the
 * directory last: before this returns, nothing may be touched on the host. */
static int put_journal(struct txn *t, int dir)
{
	_cleanup_buf_ struct buf bytes = BUF_INIT;

	serialize(t, &bytes);
	int r = write_synced(dir, JOURNAL_NEW, bytes.data, bytes.size);
	if (r >= 0 && renameat(dir, JOURNAL_NEW, dir, JOURNAL) < 0)
		r = -errno;
	if (r >= 0 && fsync(dir) < 0)
		r = -errno;
	if (r < 0)
		unlinkat(dir, JOURNAL_NEW, 0);
	return r;
}

static int not_written(struct txn *t, int code, struct err *e)
{
	return err_errno(
		e, code, "cannot write the journal in %s%s", t->host->root_path, STATE_DIR);
}

int journal_write(struct txn *t, struct err *e)
{
	int dir;
	int r = state_dir(t->host, true, &dir, e);

	if (r < 0)
		return r;
	/* The log first, empty: a journal without its log would be undone without the units. */
	r = write_synced(dir, JOURNAL_UNITS, "", 0);
	if (r >= 0)
		r = put_journal(t, dir);
	if (r >= 0) {
		t->journal_fd =
			openat(dir, JOURNAL_UNITS, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW);
		if (t->journal_fd < 0)
			r = -errno;
	}
	if (r < 0) {
		unlinkat(dir, JOURNAL, 0);
		return not_written(t, r, e);
	}
	return 0;
}

int journal_rewrite(struct txn *t, struct err *e)
{
	int dir;
	int r = state_dir(t->host, false, &dir, e);

	if (r < 0)
		return r;
	r = put_journal(t, dir);
	return r < 0 ? not_written(t, r, e) : 0;
}

int journal_log(struct txn *t, const char *line, struct err *e)
{
	const char *text = arena_printf(t->arena, "%s\n", line);
	int r = fd_write_all(t->journal_fd, text, strlen(text));

	/* Also after a power cut a recovery starts what this run had stopped. */
	if (r >= 0 && fdatasync(t->journal_fd) < 0)
		r = -errno;
	return r < 0 ? err_errno(e, r, "cannot write the journal's log of units") : 0;
}

int journal_commit(struct txn *t, struct err *e)
{
	int dir;
	int r = state_dir(t->host, false, &dir, e);

	if (r < 0)
		return r;
	/* THE POINT OF NO RETURN: before this rename a recovery puts everything back, behind it
	 * everything stays. All that the steps did is synced. */
	if (renameat(dir, JOURNAL, dir, JOURNAL_DONE) < 0)
		return err_errno(e, -errno, "cannot close the journal");
	if (fsync(dir) >= 0)
		return 0;
	r = -errno;
	/* The rollback that follows may be cut off too: what it leaves must not be read as done. */
	if (renameat(dir, JOURNAL_DONE, dir, JOURNAL) < 0 || fsync(dir) < 0)
		event_message(t->sink, "warning", "the journal cannot be opened again");
	return err_errno(e, r, "cannot close the journal");
}

int journal_clear(struct txn *t, struct err *e)
{
	static const char *const names[] = {JOURNAL, JOURNAL_DONE, JOURNAL_UNITS};
	int dir;
	int r = state_dir(t->host, false, &dir, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < ELEMENTS(names); i++)
		if (unlinkat(dir, names[i], 0) < 0 && errno != ENOENT)
			return err_errno(e, -errno, "cannot remove %s%s/%s", t->host->root_path,
				STATE_DIR, names[i]);
	/* A journal that came back with a power cut would undo, or finish, what has ended. */
	if (fsync(dir) < 0)
		return err_errno(e, -errno, "cannot sync %s%s", t->host->root_path, STATE_DIR);
	return 0;
}

bool txn_journal_exists(struct host *h, long long *ret_since)
{
	struct stat st;
	int dir;

	if (state_dir(h, false, &dir, NULL) < 0)
		return false;
	if (fstatat(dir, JOURNAL, &st, AT_SYMLINK_NOFOLLOW) < 0 &&
		fstatat(dir, JOURNAL_DONE, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return false;
	*ret_since = (long long)st.st_mtim.tv_sec;
	return true;
}

static int read_file(struct txn *t, int dir, const char *name, size_t size_max, const void **ret,
	size_t *ret_size, struct err *e)
{
	_cleanup_close_ int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	int r = fd < 0 ? -errno : fd_read_all(t->arena, fd, size_max, ret, ret_size);

	if (r < 0 && r != -ENOENT)
		return err_errno(e, r, "cannot read %s%s/%s", t->host->root_path, STATE_DIR, name);
	return r;
}

static int take_step(struct txn *t, const struct resource *item, struct err *e)
{
	const char *kind = resource_get(item, "kind"), *id = resource_get(item, "id");

	for (size_t i = 0; i < ELEMENTS(kinds); i++) {
		if (!kind || !id || strcmp(kinds[i]->kind, kind) != 0)
			continue;
		t->steps = grow(t->steps, &t->cap, t->n, sizeof(*t->steps));
		t->steps[t->n++] = (struct step){
			.ops = kinds[i],
			.fields = {.id = id, .attrs = item->attrs, .n_attrs = item->n_attrs},
			.touched = true,
		};
		t->reloads |= kinds[i] == &step_reload;
		return 0;
	}
	return err_set(e, -EBADMSG,
		"the journal has a step of unknown kind %s: it was written by another version of "
		"l4sync; use that one to recover",
		kind ? kind : "(none)");
}

static void split_log(struct txn *t, char *text, const char ***ret, size_t *ret_n)
{
	size_t n = 0;

	for (char *p = text; *p; p++)
		n += *p == '\n';
	*ret = arena_array(t->arena, const char *, n);
	*ret_n = 0;
	/* A line without its newline was being written when the run ended: nothing had been done.
	 */
	for (char *newline; (newline = strchr(text, '\n')); text = newline + 1) {
		*newline = '\0';
		(*ret)[(*ret_n)++] = text;
	}
}

int journal_load(
	struct txn *t, enum journal_state *ret, const char ***ret_log, size_t *ret_n, struct err *e)
{
	const void *data, *log = "";
	size_t size, log_size = 0;
	struct resources *set;
	int dir;
	int r = state_dir(t->host, false, &dir, e);

	*ret = JOURNAL_NONE;
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	r = read_file(t, dir, JOURNAL, RESOURCES_SIZE_MAX, &data, &size, e);
	*ret = JOURNAL_BEGUN;
	if (r == -ENOENT) {
		r = read_file(t, dir, JOURNAL_DONE, RESOURCES_SIZE_MAX, &data, &size, e);
		*ret = JOURNAL_COMMITTED;
	}
	if (r == -ENOENT)
		*ret = JOURNAL_NONE;
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	r = resources_read(data, size, &set, e);
	if (r < 0)
		return err_prefix(e, r, "%s%s/%s", t->host->root_path, STATE_DIR, JOURNAL);
	t->name = arena_strdup(t->arena, resources_get_meta(set, "name"));
	t->journal = set;
	for (size_t i = 0; i < set->n_metas; i++)
		if (!strcmp(set->metas[i].key, "affects"))
			txn_affects(t, set->metas[i].value);
	t->stays = resources_get_meta(set, "stays");
	const char *boot = resources_get_meta(set, "boot");
	t->rebooted = boot && strcmp(boot, boot_id(t)) != 0;
	for (size_t i = 0; i < set->n; i++) {
		r = take_step(t, set->items[i], e);
		if (r < 0)
			return r;
	}
	r = read_file(t, dir, JOURNAL_UNITS, UNITS_SIZE_MAX, &log, &log_size, e);
	if (r < 0 && r != -ENOENT)
		return r;
	split_log(t, arena_memdup(t->arena, log, log_size), ret_log, ret_n);
	return 0;
}
