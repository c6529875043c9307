/*
 * The step of packages: all that come and go, in one transaction of apt (txn_internal.h). It is
 * the first, and not undone: its undo says what stays.
 * Decides nothing beyond refusing what apt would do unasked. Called by the transaction and the
 * recovery.
 */
#include <errno.h>
#include <string.h>

#include "l4sync/packages.h"

#include "txn_internal.h"

/* The values of a field, in their order. */
static const char **values(struct txn *t, const struct step *s, const char *key, size_t *ret_n)
{
	const char **list = arena_array(t->arena, const char *, s->fields.n_attrs);

	*ret_n = 0;
	for (size_t i = 0; i < s->fields.n_attrs; i++)
		if (!strcmp(s->fields.attrs[i].key, key))
			list[(*ret_n)++] = s->fields.attrs[i].value;
	return list;
}

static struct apt_wish names_of(struct txn *t, const struct step *s)
{
	struct apt_wish names = {.no_recommends = step_get(s, "no-recommends")};

	names.install = values(t, s, "install", &names.n_install);
	names.remove = values(t, s, "remove", &names.n_remove);
	names.architectures = values(t, s, "architecture", &names.n_architectures);
	return names;
}

/* What is to be done now, after what somebody else may have done meanwhile. */
static int look(struct txn *t, const struct step *s, struct apt_wish *ret,
	struct dpkg_status **ret_status, struct err *e)
{
	const struct apt_wish names = names_of(t, s);
	int r = dpkg_status_read(t->host, t->arena, ret_status, e);

	if (!r)
		return err_set(e, -ENOENT, "this host has no dpkg");
	if (r > 0)
		*ret = packages_resolve(t->arena, *ret_status, &names);
	return r < 0 ? r : 0;
}

static bool is_half_way(const struct dpkg_status *status)
{
	for (size_t i = 0; i < status->n; i++)
		if (status->items[i].state == DPKG_UNPACKED ||
			status->items[i].state == DPKG_HALF_CONFIGURED)
			return true;
	return status->interrupted;
}

/* What is still half-way afterwards is apt's to judge: it may be about to be removed. */
static void configure(const struct apt *x, struct err *e)
{
	event_message(x->sink, "warning",
		"dpkg was interrupted: dpkg --configure -a is run before anything else");
	if (apt_configure(x, e) < 0)
		event_message(x->sink, "warning", "%s", err_text(e));
	err_clear(e);
}

/* Lists that cannot be had are no matter where the old ones do. */
static int update(struct txn *t, const struct apt *x, const struct apt_wish *wish,
	const char *native, struct apt_outlook *outlook, struct err *e)
{
	_cleanup_err_ struct err why = ERR_INIT;
	bool needed = outlook->n_unknown || outlook->refusal;

	event_progress(t->sink, "apt-get update");
	int r = apt_update(x, &why);
	if (r == -EINTR)
		return err_set(e, r, "interrupted");
	if (r < 0 && needed)
		return err_set(e, r, "%s%s%s", outlook->n_unknown ? "apt's lists do not know " : "",
			outlook->n_unknown
				? arena_printf(t->arena, "%s, and they cannot be updated: ",
					  apt_unknown_text(
						  t->arena, outlook->unknown, outlook->n_unknown))
				: "",
			err_text(&why));
	if (r < 0)
		event_message(t->sink, "warning",
			"apt's lists cannot be updated, so the old ones are used: %s",
			err_text(&why));
	return apt_simulate(t->arena, wish, native, outlook, e);
}

/* What comes although the plan did not say so, for the lists are newer now, is not hidden. */
static int change(struct txn *t, const struct apt *x, const struct apt_wish *wish,
	const char *native, bool new_architecture, struct err *e)
{
	struct apt_outlook outlook;
	int r = apt_simulate(t->arena, wish, native, &outlook, e);

	if (r >= 0 && wish->n_install &&
		(new_architecture || outlook.n_unknown || apt_lists_are_old(t->host)))
		r = update(t, x, wish, native, &outlook, e);
	if (r < 0)
		return r;
	const char *refusal = apt_judge(t->arena, wish, &outlook);
	if (outlook.n_unknown)
		return err_set(e, -ENOENT,
			"apt knows no package %s, although its lists are up to date: is the name "
			"right, and is the source that has it in /etc/apt?",
			apt_unknown_text(t->arena, outlook.unknown, outlook.n_unknown));
	if (refusal)
		return err_set(e, -EPERM, "%s", refusal);
	return outlook.n ? apt_change(x, wish, native, e) : 0;
}

static int commit_packages(struct txn *t, struct step *s, struct err *e)
{
	const struct apt x = {.arena = t->arena, .sink = t->sink, .idle = txn_idle};
	struct dpkg_status *status;
	struct apt_wish wish = {0};
	int r = apt_wait(&x, t->host, APT_WAIT_S, e);

	if (r >= 0)
		r = look(t, s, &wish, &status, e);
	if (r >= 0 && is_half_way(status)) {
		configure(&x, e);
		r = look(t, s, &wish, &status, e);
	}
	for (size_t i = 0; r >= 0 && i < wish.n_architectures; i++)
		r = apt_add_architecture(&x, wish.architectures[i], e);
	if (r >= 0 && (wish.n_install || wish.n_remove))
		r = change(t, &x, &wish, status->native, wish.n_architectures, e);
	return r;
}

static int undo_packages(struct txn *t, struct step *s, bool *left, struct err *e)
{
	const struct apt_wish names = names_of(t, s);
	const char *stays = packages_stay(t->host, t->arena, &names);

	(void)left;
	(void)e;
	if (stays)
		t->stays = stays;
	return 0;
}

static void add_words(struct buf *b, const char *verb, const char *const *names, size_t n)
{
	if (!n)
		return;
	buf_addf(b, "%s%s ", b->size ? "; " : "", verb);
	for (size_t i = 0; i < n; i++)
		buf_addf(b, "%s%s", i ? ", " : "", names[i]);
}

static const char *sentence_packages(struct arena *a, const struct step *s)
{
	struct txn scratch = {.arena = a};
	_cleanup_buf_ struct buf b = BUF_INIT;
	const struct apt_wish names = names_of(&scratch, s);

	add_words(&b, "add architecture", names.architectures, names.n_architectures);
	add_words(&b, "install", names.install, names.n_install);
	add_words(&b, "purge", names.remove, names.n_remove);
	return arena_strdup(a, b.data);
}

const struct step_ops step_packages = {
	.kind = "packages",
	.action = "packages",
	.commit = commit_packages,
	.undo = undo_packages,
	.sentence = sentence_packages,
};
