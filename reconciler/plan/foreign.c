/*
 * Files that are in effect for units of the state and not in it: drop-ins, fragments that hide
 * others, masks, from any directory of the search path (SPEC 4, foreign_dropins). Which they are,
 * and which of them go.
 * Removes nothing, words nothing. Called by the pipeline and inspect_all().
 */
#include "foreign.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "l4sync/dpkg.h"
#include "l4sync/module.h"
#include "l4sync/places.h"
#include "l4sync/registry.h"
#include "l4sync/text.h"

static const struct foreign_place places[] = {
	{"/etc/systemd/system.control/", "`systemctl set-property`", NULL, false},
	{"/run/systemd/system.control/", "`systemctl set-property --runtime`", NULL, false},
	{"/run/systemd/transient/", "`systemd-run` or the like", "it goes with its transient unit",
		true},
	{"/run/systemd/generator.early/", "a generator",
		"generators write it anew at each daemon-reload", true},
	{"/etc/systemd/system/", NULL, NULL, false},
	{"/etc/systemd/system.attached/", "`portablectl attach`",
		"it goes with `portablectl detach`", false},
	{"/run/systemd/system/", NULL, NULL, false},
	{"/run/systemd/system.attached/", "`portablectl attach --runtime`",
		"it goes with `portablectl detach`", false},
	{"/run/systemd/generator/", "a generator", "generators write it anew at each daemon-reload",
		true},
	{"/usr/local/lib/systemd/system/", NULL, NULL, false},
	{"/usr/lib/systemd/system/", NULL, NULL, true},
	{"/run/systemd/generator.late/", "a generator",
		"generators write it anew at each daemon-reload", true},
};

static const struct foreign_place *foreign_place_of(const char *path)
{
	for (size_t i = 0; i < ELEMENTS(places); i++)
		if (text_starts(path, places[i].dir))
			return &places[i];
	return NULL;
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool has_path(const struct foreigns *f, const char *path)
{
	return f->n_known && bsearch(&path, f->known, f->n_known, sizeof *f->known, compare_texts);
}

/* The state's: by its path, or in a directory that is a link of the state's. */
static bool is_known(const struct foreigns *f, const char *path)
{
	size_t n = (size_t)(strrchr(path, '/') - path);

	return has_path(f, path) || has_path(f, arena_strndup(f->arena, path, n));
}

static void know_paths(struct foreigns *f)
{
	const char **known = arena_array(f->arena, const char *, f->want->n);

	for (size_t i = 0; i < f->want->n; i++) {
		const char *path = resource_path(f->want->items[i]);

		if (path && !resource_is(f->want->items[i], "dir"))
			known[f->n_known++] = path;
	}
	if (f->n_known)
		qsort(known, f->n_known, sizeof *known, compare_texts);
	f->known = known;
}

/* The unit that a resource manages, or NULL. */
static const char *managed_unit(struct arena *a, const struct resource *item)
{
	const char *name = resource_name(item->id);

	if (resource_is(item, "dropin"))
		name = arena_strndup(a, name, strcspn(name, "/"));
	else if (!resource_is(item, "unit") && !resource_is(item, "service"))
		return NULL;
	return unit_name_valid(name) ? name : NULL;
}

static struct foreign *find_item(struct foreigns *f, const char *path)
{
	for (size_t i = 0; i < f->n; i++)
		if (!strcmp(f->items[i].path, path))
			return &f->items[i];
	return NULL;
}

static bool has_unit(const struct foreign *x, const char *unit)
{
	for (size_t i = 0; i < x->n_units; i++)
		if (!strcmp(x->units[i], unit))
			return true;
	return false;
}

static void add_unit(struct foreigns *f, struct foreign *x, const char *unit)
{
	const struct resource *policy = unit_policy(f->arena, f->want, unit);
	const char *word = policy ? resource_get(policy, "foreign_dropins") : NULL;
	const char *template = unit_name_template(f->arena, unit);

	if (word && !strcmp(word, "remove"))
		x->is_to_go = true;
	else
		x->beyond = unit;
	if ((word && !strcmp(word, "keep")) || has_unit(x, unit) ||
		(template && has_unit(x, template)))
		return;
	const char **longer = arena_array(f->arena, const char *, x->n_units + 1);
	if (x->n_units)
		memcpy(longer, x->units, x->n_units * sizeof *longer);
	longer[x->n_units++] = unit;
	x->units = longer;
}

/* Whether a drop-in is of other units too: its directory is named after a prefix or a type. */
static bool is_shared(struct arena *a, const char *path)
{
	struct place p = place_found(a, path);
	const char *type = p.unit ? strrchr(p.unit, '.') : NULL;

	return p.kind == PLACE_DROPIN && (!type || type[-1] == '-' || !unit_name_valid(p.unit));
}

static void add_item(struct foreigns *f, enum foreign_kind kind, const char *path,
	const char *hides, const char *unit)
{
	struct foreign *x = find_item(f, path);

	if (!x) {
		f->items = grow(f->items, &f->cap, f->n, sizeof *f->items);
		x = &f->items[f->n++];
		*x = (struct foreign){.kind = kind,
			.path = path,
			.hides = hides,
			.place = foreign_place_of(path),
			.is_shared = is_shared(f->arena, path)};
	}
	add_unit(f, x, unit);
}

/* A fragment that only makes the unit is none that somebody has put in the way of another; and it
 * is the distribution's way to have one for what a generator would make. */
static int find_fragment(struct foreigns *f, const char *unit, const struct unit_config *c)
{
	const char *path = c->fragment.path, *name = path ? strrchr(path, '/') + 1 : NULL;
	const char *template = unit_name_template(f->arena, unit);
	struct unit_config without;

	if (!path || is_known(f, path) ||
		(strcmp(name, unit) != 0 && (!template || strcmp(name, template) != 0)))
		return 0;
	int r = unit_index_config_without(f->index, unit, &path, 1, &without, f->e);
	if (r < 0)
		return r;
	const char *hides = without.found ? without.fragment.path : NULL;
	bool of_state = hides && is_known(f, hides);
	const struct foreign_place *place = foreign_place_of(path);
	if (!place || (place->if_effective && !of_state) || (!hides && !c->masked))
		return 0;
	add_item(f, c->masked ? FOREIGN_MASK : FOREIGN_FRAGMENT, path, hides, unit);
	return 0;
}

/* A transient unit is what its files say, those that set-property has made included. */
static bool is_transient(const struct unit_config *c, const char *path)
{
	static const char dir[] = "/run/systemd/transient/";

	return c->fragment.path && text_starts(c->fragment.path, dir) && text_starts(path, dir);
}

static int find_unit(struct foreigns *f, const char *unit)
{
	struct unit_config config;
	int r = unit_index_config(f->index, unit, &config, f->e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < config.n_dropins; i++) {
		const char *path = config.dropins[i].path;

		if (!is_known(f, path) && foreign_place_of(path) && !is_transient(&config, path))
			add_item(f, FOREIGN_DROPIN, path, NULL, unit);
	}
	return find_fragment(f, unit, &config);
}

/* Instances of a template that are loaded, enabled, or have files of their own. */
static int find_instances(struct foreigns *f, const char *template)
{
	const struct unit_status *units;
	const char *const *names;
	size_t n, n_names;
	int r = unit_view_list(f->view, &units, &n, f->e);

	if (r >= 0)
		r = unit_index_known_instances(f->index, template, &names, &n_names, f->e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < n && r >= 0; i++) {
		const char *of = unit_name_template(f->arena, units[i].name);

		r = of && !strcmp(of, template) ? find_unit(f, units[i].name) : 0;
	}
	for (size_t i = 0; i < n_names && r >= 0; i++)
		r = find_unit(f, names[i]);
	return r;
}

/* Of another unit for which it is in effect too the state may say something else, or nothing. */
static int consider_beyond(struct foreigns *f, struct foreign *x, const char *unit)
{
	const struct resource *policy = unit_policy(f->arena, f->want, unit);
	struct unit_config config;

	if (x->beyond || (policy && resource_has(policy, "foreign_dropins", "remove")) ||
		!unit_index_concerns(f->index, x->path, unit))
		return 0;
	int r = unit_index_config(f->index, unit, &config, f->e);
	for (size_t i = 0; r >= 0 && i < config.n_dropins; i++)
		if (!strcmp(config.dropins[i].path, x->path))
			x->beyond = unit;
	return r;
}

static int find_beyond(struct foreigns *f, struct foreign *x)
{
	const struct unit_status *units;
	const char *const *names;
	size_t n, n_names;
	int r = unit_view_list(f->view, &units, &n, f->e);

	unit_index_fragment_names(f->index, &names, &n_names);
	for (size_t i = 0; r >= 0 && i < n; i++)
		r = consider_beyond(f, x, units[i].name);
	for (size_t i = 0; r >= 0 && i < n_names; i++)
		r = consider_beyond(f, x, names[i]);
	return r;
}

/* Leaves out those for which is_left_out() says so. */
static void leave_out(struct foreigns *f, bool (*is_left_out)(const struct foreign *x))
{
	size_t kept = 0;

	for (size_t i = 0; i < f->n; i++)
		if (!is_left_out(&f->items[i]))
			f->items[kept++] = f->items[i];
	f->n = kept;
}

static bool is_kept(const struct foreign *x)
{
	return !x->n_units;
}

/* All of them but those that are to be kept. */
static int find_all(struct foreigns *f)
{
	const char *last = "";
	int r = 0;

	for (size_t i = 0; i < f->want->n && r >= 0; i++) {
		const char *unit = managed_unit(f->arena, f->want->items[i]);

		if (!unit || !strcmp(unit, last)) /* they are sorted */
			continue;
		last = unit;
		r = find_unit(f, unit);
		if (r >= 0 && unit_name_is_template(unit))
			r = find_instances(f, unit);
	}
	leave_out(f, is_kept);
	for (size_t i = 0; i < f->n && r >= 0; i++)
		if (f->items[i].is_to_go && f->items[i].is_shared)
			r = find_beyond(f, &f->items[i]);
	return r;
}

/* Of the files, and of the fragments that they belong to. */
static int find_owners(struct foreigns *f)
{
	const char **paths = arena_array(f->arena, const char *, 2 * f->n);
	const char **owners = arena_array(f->arena, const char *, 2 * f->n);

	for (size_t i = 0; i < f->n; i++) {
		struct unit_config config = {0};

		unit_index_config(f->index, f->items[i].units[0], &config, NULL);
		paths[2 * i] = f->items[i].path;
		paths[2 * i + 1] = config.fragment.path ? config.fragment.path : "/";
	}
	int r = f->n ? dpkg_owners(unit_view_host(f->view), f->arena, paths, 2 * f->n, owners, f->e)
		     : 0;
	for (size_t i = 0; i < f->n && r >= 0; i++) {
		f->items[i].owner = owners[2 * i];
		f->items[i].unit_owner = owners[2 * i + 1];
		f->items[i].owner_known = r > 0;
	}
	return r;
}

const char *foreign_stays(struct foreigns *f, const struct foreign *x)
{
	const char *name;
	int dir;

	if (x->owner)
		return arena_printf(f->arena, "the package %s owns it", x->owner);
	/* A mask is none of what others make there, but for generators. */
	if (x->place->stays && (x->kind != FOREIGN_MASK || !unit_unmask_command(f->arena, x->path)))
		return x->place->stays;
	if (x->is_to_go && x->beyond)
		return arena_printf(f->arena,
			"it is in effect for %s too, of which the state does not say so",
			x->beyond);
	if (!x->owner_known && x->place->if_effective)
		return "nobody can tell whether a package owns it: there are no lists of dpkg";
	if (x->kind == FOREIGN_MASK && !x->hides)
		return "there is no other file of the unit";
	/* A link to a directory is somebody's arrangement of more than this. */
	if (host_parent(unit_view_host(f->view), x->path, &dir, &name, NULL) < 0)
		return "its directory is a symbolic link";
	return NULL;
}

static bool was_to_go(const struct inspection *in, const struct foreign *x)
{
	for (size_t i = 0; in->base && i < x->n_units; i++) {
		const struct resource *policy = unit_policy(in->arena, in->base, x->units[i]);

		if (policy && resource_has(policy, "foreign_dropins", "remove"))
			return true;
	}
	return false;
}

/* base names it: it is an orphan, and goes as one. Otherwise nobody else will see it go. */
static int take(struct found *found, const struct foreign *x, bool *ret_taken)
{
	struct inspection *in = found->in;
	size_t before = found->n;
	const struct triple as = {.is_foreign = true,
		.was_purged = was_to_go(in, x),
		.module = module_of(modules, x->kind == FOREIGN_DROPIN ? "dropin:" : "unit:")};
	const char *name;
	struct stat st;
	int dir, r;

	for (size_t i = 0; in->base && i < in->base->n; i++) {
		const char *path = resource_path(in->base->items[i]);

		if (!path || strcmp(path, x->path) != 0)
			continue;
		*ret_taken |= run_selects(found->run, in->base->items[i]->id);
		if (*ret_taken)
			unit_view_remove(in->units, x->path);
		return 0;
	}
	r = host_parent(in->host, x->path, &dir, &name, found->e);
	if (r < 0)
		return r;
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0
				       : err_errno(found->e, -errno, "cannot look at %s%s",
						 in->host->root_path, x->path);
	r = found_add(found, x->path, st.st_mode, &as);
	*ret_taken |= found->n > before;
	return r;
}

static bool wants_removal(const struct resources *want)
{
	for (size_t i = 0; i < want->n; i++)
		if (resource_has(want->items[i], "foreign_dropins", "remove"))
			return true;
	return false;
}

static bool is_left(const struct foreign *x)
{
	return !x->is_to_go;
}

static int search_once(struct found *found, bool *ret_taken)
{
	struct inspection *in = found->in;
	struct foreigns f = {
		.arena = in->arena, .view = in->units, .want = in->want, .e = found->e};
	int r = unit_view_after(in->units, &f.index, found->e);

	*ret_taken = false;
	know_paths(&f);
	if (r >= 0)
		r = find_all(&f);
	leave_out(&f, is_left);
	if (r >= 0)
		r = find_owners(&f);
	for (size_t i = 0; i < f.n && r >= 0; i++)
		if (!foreign_stays(&f, &f.items[i]))
			r = take(found, &f.items[i], ret_taken);
	free(f.items);
	return r;
}

int foreign_search(struct found *found)
{
	bool taken = wants_removal(found->in->want);
	int r = 0;

	/* What hid another of its name uncovers it. */
	while (taken && r >= 0)
		r = search_once(found, &taken);
	return r;
}

/* Where others write than who overrides a unit by hand, what changes nothing is no news. */
static bool is_without_effect(const struct foreign *x)
{
	return x->kind == FOREIGN_DROPIN && x->place->if_effective && x->effect_known &&
	       !x->n_differences;
}

/* What a package ships along with its own unit is the unit. */
static bool is_part_of_unit(const struct foreign *x)
{
	return x->kind == FOREIGN_DROPIN && x->owner && x->unit_owner &&
	       !strcmp(x->owner, x->unit_owner);
}

static bool manages_units(struct arena *a, const struct resources *want)
{
	for (size_t i = 0; i < want->n; i++)
		if (managed_unit(a, want->items[i]))
			return true;
	return false;
}

int plan_foreign(
	struct plan *p, struct unit_view *view, const unsigned char key[HASH_SIZE], struct err *e)
{
	struct foreigns f = {.arena = p->arena, .view = view, .want = p->want, .key = key, .e = e};

	if (!manages_units(p->arena, p->want))
		return 0;
	int r = unit_view_after(view, &f.index, e);
	know_paths(&f);
	if (r >= 0)
		r = find_all(&f);
	for (size_t i = 0; i < f.n && r >= 0; i++)
		r = foreign_effect(&f, i);
	leave_out(&f, is_without_effect);
	if (r >= 0)
		r = find_owners(&f);
	leave_out(&f, is_part_of_unit);
	for (size_t i = 0; i < f.n && r >= 0; i++)
		foreign_report(&f, &f.items[i], &p->findings);
	free(f.items);
	return r < 0 ? r : 0;
}
