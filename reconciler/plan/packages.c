/*
 * Packages in the plan: what apt would do for the changes, as effects and findings (packages.h).
 * Changes nothing and uses no network: apt answers from the lists that it has. Called by the
 * pipeline; names and what stays also by the transaction's step.
 */
#include "l4sync/packages.h"

#include <errno.h>
#include <string.h>

#include "l4sync/module.h"
#include "l4sync/text.h"

#include "effects_internal.h"

#define PACKAGES_SHOWN 5 /* that somebody else has left half-way */

static bool is_package(const struct change *c)
{
	return !strcmp(c->module->type, "package");
}

bool packages_change(const struct change *c)
{
	return is_package(c) || !strcmp(c->module->type, "architecture");
}

bool packages_coming(const struct plan *p)
{
	for (size_t i = 0; i < p->n_changes; i++)
		if (is_package(&p->changes[i]) && p->changes[i].op != OP_DELETE &&
			!p->changes[i].done)
			return true;
	return false;
}

static bool has(const char *const *names, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

struct apt_wish packages_resolve(
	struct arena *a, const struct dpkg_status *status, const struct apt_wish *names)
{
	struct apt_wish wish = *names;

	wish.n_install = wish.n_remove = wish.n_architectures = 0;
	wish.install = arena_array(a, const char *, names->n_install);
	wish.remove = arena_array(a, const char *, names->n_remove *(status->n_architectures + 1));
	wish.architectures = arena_array(a, const char *, names->n_architectures);
	for (size_t i = 0; i < names->n_install; i++) {
		const struct dpkg_package *p = dpkg_find(status, names->install[i]);
		const char *name = dpkg_short(a, status, names->install[i]);

		if ((!p || p->state < DPKG_TRIGGERS_AWAITED || p->reinstall) &&
			!has(wish.install, wish.n_install, name))
			wish.install[wish.n_install++] = name;
	}
	for (size_t i = 0; i < names->n_remove; i++) {
		const struct dpkg_package *p;

		for (size_t at = 0; (p = dpkg_next(status, names->remove[i], &at));) {
			const char *name = dpkg_short_name(a, status, p->name, p->architecture);

			/* Of an architecture that was taken away there may be one more. */
			if (p->state != DPKG_NOT_INSTALLED &&
				wish.n_remove < names->n_remove * (status->n_architectures + 1) &&
				!has(wish.remove, wish.n_remove, name))
				wish.remove[wish.n_remove++] = name;
		}
	}
	for (size_t i = 0; i < names->n_architectures; i++)
		if (!dpkg_has_architecture(status, names->architectures[i]))
			wish.architectures[wish.n_architectures++] = names->architectures[i];
	return wish;
}

static void say(struct buf *b, const char *format, const char *name, const char *word)
{
	buf_adds(b, b->size ? ", " : "");
	buf_addf(b, format, name, word);
}

const char *packages_stay(struct host *h, struct arena *a, const struct apt_wish *names)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	struct dpkg_status *status;

	if (dpkg_status_read(h, a, &status, NULL) <= 0)
		return NULL;
	for (size_t i = 0; i < names->n_architectures; i++)
		if (dpkg_has_architecture(status, names->architectures[i]))
			say(&b, "architecture %s is %s", names->architectures[i], "added");
	for (size_t i = 0; i < names->n_install; i++) {
		const struct dpkg_package *p = dpkg_find(status, names->install[i]);

		if (p && p->state > DPKG_CONFIG_FILES)
			say(&b, "%s is %s", names->install[i], dpkg_state_text(p->state));
	}
	for (size_t i = 0; i < names->n_remove; i++) {
		const struct dpkg_package *p;
		bool there = false;

		for (size_t at = 0; (p = dpkg_next(status, names->remove[i], &at));)
			there |= p->state > DPKG_CONFIG_FILES;
		if (!there)
			say(&b, "%s is %s", names->remove[i], "removed");
	}
	return b.size ? arena_strdup(a, b.data) : NULL;
}

/* The names of the changes, as the state has them. */
static struct apt_wish names_of(const struct plan *p)
{
	struct arena *a = p->arena;
	struct apt_wish names = {
		.install = arena_array(a, const char *, p->n_changes),
		.remove = arena_array(a, const char *, p->n_changes),
		.architectures = arena_array(a, const char *, p->n_changes),
	};

	for (size_t i = 0; i < p->n_changes; i++) {
		const struct change *c = &p->changes[i];
		const char *name = resource_name(c->id);

		if (is_package(c) && c->op == OP_DELETE) {
			names.remove[names.n_remove++] = name;
		} else if (is_package(c)) {
			names.install[names.n_install++] = name;
			names.no_recommends |= resource_has(c->want, "recommends", "false");
		} else if (packages_change(c)) {
			names.architectures[names.n_architectures++] = name;
		}
	}
	return names;
}

/* The change by which a package comes or goes, by its name there and on the host; NULL: none names
 * it. */
static const struct change *change_of(const struct plan *p, const char *name, bool remove)
{
	size_t n = strcspn(name, ":");
	const struct change *near = NULL;

	for (size_t i = 0; i < p->n_changes; i++) {
		const struct change *c = &p->changes[i];
		const char *its = resource_name(c->id);

		if (!is_package(c) || (c->op == OP_DELETE) != remove)
			continue;
		if (!strcmp(its, name))
			return c;
		/* "libc6:amd64" in the state is "libc6" to apt; "gdb" that is to be absent is
		 * "gdb:i386" as well. */
		if (!strncmp(its, name, n) && (!its[n] || (its[n] == ':' && !name[n])))
			near = c;
	}
	return near;
}

static void effect_because(struct plan *p, enum action action, const char *name)
{
	const struct change *own = change_of(p, name, action == ACTION_REMOVE);

	if (own) {
		effect_add(&p->effects, action, name, own->id);
		return;
	}
	/* apt does not say for which of them; to install something it may remove, not the reverse.
	 */
	for (size_t i = 0; i < p->n_changes; i++)
		if (is_package(&p->changes[i]) &&
			(action == ACTION_REMOVE || p->changes[i].op != OP_DELETE))
			effect_add(&p->effects, action, name, p->changes[i].id);
}

static const char *id_of(struct plan *p, const char *name, bool remove)
{
	const struct change *c = change_of(p, name, remove);

	return c ? c->id : NULL;
}

static void refuse_name(struct plan *p, const char *name, bool remove, const char *text)
{
	_cleanup_err_ struct err e = ERR_INIT;

	err_set(&e, -EPERM, "%s", text);
	refuse(&p->findings, id_of(p, name, remove), &e);
}

/* What is refused without asking apt, which says it in other words. */
static bool names_refused(struct plan *p, const struct dpkg_status *status,
	const char *const *names, size_t n, bool remove)
{
	size_t before = p->findings.n;

	for (size_t i = 0; i < n; i++) {
		const struct dpkg_package *package = dpkg_find(status, names[i]);
		const char *colon = strchr(names[i], ':');

		if (package && package->held)
			refuse_name(p, names[i], remove,
				arena_printf(p->arena,
					"%s is held, so it is not %s; `apt-mark unhold %s` takes "
					"the hold away",
					names[i], remove ? "removed" : "changed", names[i]));
		if (!remove && colon && !dpkg_has_architecture(status, colon + 1) &&
			!resources_find(
				p->want, arena_printf(p->arena, "architecture:%s", colon + 1)))
			refuse_name(p, names[i], false,
				arena_printf(p->arena,
					"%s: this host does not take packages of %s; list it under "
					"packages: architectures",
					names[i], colon + 1));
	}
	return p->findings.n > before;
}

/* Left half-way by whoever was at work: dpkg --configure -a ends it. */
static void find_interrupted(struct plan *p, const struct dpkg_status *status)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	size_t n = 0;

	for (size_t i = 0; i < status->n; i++) {
		const struct dpkg_package *x = &status->items[i];

		if (x->state <= DPKG_CONFIG_FILES || x->state >= DPKG_TRIGGERS_AWAITED)
			continue;
		if (n++ < PACKAGES_SHOWN)
			buf_addf(&b, "%s%s is %s", b.size ? ", " : "", x->name,
				dpkg_state_text(x->state));
	}
	if (n > PACKAGES_SHOWN)
		buf_addf(&b, " and %zu more", n - PACKAGES_SHOWN);
	if (n || status->interrupted)
		finding_add(&p->findings, "pending", "packages-interrupted", NULL,
			"dpkg was interrupted, or is at work%s%s: apply first waits for it, and "
			"runs dpkg --configure -a",
			n ? ": " : "", n ? b.data : "");
}

static void find_upgrade(struct plan *p, const struct apt_item *item)
{
	if (item->move == APT_UPGRADE)
		finding_add(&p->findings, "lint", "package-upgrade", NULL,
			"apt also upgrades %s from %s to %s", item->name, item->old,
			item->new ? item->new : "another version");
}

void plan_packages_outlook(struct plan *p, const struct apt_wish *wish,
	const struct apt_outlook *outlook, bool updates)
{
	const char *refusal = apt_judge(p->arena, wish, outlook);

	for (size_t i = 0; i < outlook->n; i++) {
		const struct apt_item *item = &outlook->items[i];

		if (item->move == APT_CONFIGURE)
			continue;
		effect_because(
			p, item->move == APT_REMOVE ? ACTION_REMOVE : ACTION_INSTALL, item->name);
		find_upgrade(p, item);
	}
	for (size_t i = 0; i < outlook->n_unknown; i++)
		finding_add(&p->findings, "pending", "package-unknown",
			id_of(p, outlook->unknown[i], false),
			"%s is not known to apt's lists; apply updates them first",
			apt_unknown_text(p->arena, &outlook->unknown[i], 1));
	if (refusal && outlook->refusal && updates)
		finding_add(&p->findings, "pending", "packages-undecided", NULL,
			"%s. That is by the lists that it has; apply updates them first", refusal);
	else if (refusal)
		refuse_name(p, wish->n_install ? wish->install[0] : wish->remove[0],
			!wish->n_install, refusal);
}

static void look_ahead(struct plan *p, struct host *h, const struct dpkg_status *status,
	const struct apt_wish *wish)
{
	_cleanup_err_ struct err e = ERR_INIT;
	bool old = wish->n_install && apt_lists_are_old(h);
	struct apt_outlook outlook;

	if (apt_simulate(p->arena, wish, status->native, &outlook, &e) < 0) {
		refuse(&p->findings, NULL, &e);
		return;
	}
	bool updates = wish->n_install && (old || outlook.n_unknown || wish->n_architectures);
	if (old)
		finding_add(&p->findings, "pending", "package-lists", NULL,
			"apt's lists are older than a day: apply updates them first, and what "
			"comes then may be newer, or more, than what stands here");
	plan_packages_outlook(p, wish, &outlook, updates);
}

int plan_packages(struct plan *p, struct unit_view *view, struct err *e)
{
	struct host *h = unit_view_host(view);
	struct dpkg_status *status;
	bool any = false;

	for (size_t i = 0; i < p->n_changes; i++)
		any |= packages_change(&p->changes[i]);
	if (!any || !h->live)
		return 0;
	int r = dpkg_status_read(h, p->arena, &status, e);
	if (r <= 0)
		return r;
	const struct apt_wish names = names_of(p),
			      wish = packages_resolve(p->arena, status, &names);
	for (size_t i = 0; i < wish.n_install; i++)
		effect_because(p, ACTION_INSTALL, wish.install[i]);
	for (size_t i = 0; i < wish.n_remove; i++)
		effect_because(p, ACTION_REMOVE, wish.remove[i]);
	finding_add(&p->findings, "lint", "not-undoable", NULL,
		"packages and architectures cannot be undone, not by a rollback either: what this "
		"apply installs stays, what it purges stays away");
	find_interrupted(p, status);
	bool refused = names_refused(p, status, wish.install, wish.n_install, false);
	refused |= names_refused(p, status, wish.remove, wish.n_remove, true);
	if (!refused && (wish.n_install || wish.n_remove))
		look_ahead(p, h, status, &wish);
	return 0;
}
