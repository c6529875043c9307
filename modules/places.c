/*
 * The table of places: what a target path means by where it stands (places.h).
 * Touches no host. Called by the reader and the modules.
 */
#include "l4sync/places.h"

#include <string.h>

#include "l4sync/text.h"
#include "l4sync/unitpath.h"

/*
 * Those of `systemd-analyze unit-paths` that last and belong to nobody else: /run is not kept,
 * system.control and system.attached are written by systemctl and portablectl. A third place for
 * files of the distribution, /lib/systemd/system, is the same as /usr/lib's on a merged /usr.
 */
const char *const place_unit_dirs[] = {
	"/etc/systemd/system",
	"/usr/local/lib/systemd/system",
	"/usr/lib/systemd/system",
	NULL,
};

/* The others: of systemd itself, its tools and generators, and of what does not outlive a boot. */
static const char *const found_unit_dirs[] = {
	"/etc/systemd/system.control",
	"/run/systemd/system.control",
	"/run/systemd/transient",
	"/run/systemd/generator.early",
	"/etc/systemd/system.attached",
	"/run/systemd/system",
	"/run/systemd/system.attached",
	"/run/systemd/generator",
	"/run/systemd/generator.late",
	NULL,
};

/* Highest rank first, as sysctl.d(5) has it. */
static const char *const sysctl_dirs[] = {
	"/etc/sysctl.d",
	"/usr/local/lib/sysctl.d",
	"/usr/lib/sysctl.d",
	NULL,
};

static const char *const sysusers_dirs[] = {
	"/etc/sysusers.d",
	"/usr/local/lib/sysusers.d",
	"/usr/lib/sysusers.d",
	NULL,
};

static const char *const tmpfiles_dirs[] = {
	"/etc/tmpfiles.d",
	"/usr/local/lib/tmpfiles.d",
	"/usr/lib/tmpfiles.d",
	NULL,
};

static const struct row {
	const char *const *dirs;
	enum place_kind kind; /* PLACE_UNIT: unit_place() says which of the unit kinds */
} rows[] = {
	{place_unit_dirs, PLACE_UNIT},
	{sysctl_dirs, PLACE_SYSCTL},
	{sysusers_dirs, PLACE_SYSUSERS},
	{tmpfiles_dirs, PLACE_TMPFILES},
};

static bool is_enablement(const char *name)
{
	return text_ends(name, ".wants") || text_ends(name, ".requires") ||
	       text_ends(name, ".upholds");
}

/* foo.service.d, foo@.service.d, foo-.service.d, and service.d for a whole type. */
static const char *dropin_unit(struct arena *a, const char *dir_name)
{
	if (!text_ends(dir_name, ".d"))
		return NULL;
	const char *unit = arena_strndup(a, dir_name, strlen(dir_name) - 2);
	if (unit_name_valid(unit))
		return unit;
	return unit_name_valid(arena_printf(a, "x.%s", unit)) ? unit : NULL;
}

/* rel: the path below unit_dir. */
static struct place unit_place(struct arena *a, const char *unit_dir, const char *rel)
{
	struct place p = {.kind = PLACE_PLAIN, .unit_dir = unit_dir};
	const char *slash = strchr(rel, '/');
	const char *first = slash ? arena_strndup(a, rel, (size_t)(slash - rel)) : rel;

	if (is_enablement(first)) {
		p.kind = PLACE_WANTS;
	} else if (!slash && unit_name_valid(rel)) {
		p.kind = PLACE_UNIT;
		p.unit = rel;
	} else if (slash && !strchr(slash + 1, '/') && slash[1] != '.' && text_ends(rel, ".conf")) {
		const char *unit = dropin_unit(a, first);

		if (unit) {
			p.kind = PLACE_DROPIN;
			p.unit = unit;
		}
	}
	return p;
}

/* What the row says of a path in its directory number rank; rel is the path below it. */
static struct place row_place(
	struct arena *a, const struct row *row, unsigned rank, const char *rel)
{
	struct place p = {.kind = PLACE_PLAIN};

	if (row->kind == PLACE_UNIT)
		p = unit_place(a, row->dirs[rank], rel);
	else if (!strchr(rel, '/') && *rel != '.' && text_ends(rel, ".conf"))
		p.kind = row->kind;
	p.rank = rank;
	return p;
}

static bool find_place(struct arena *a, const struct row *row, const char *path, struct place *ret)
{
	for (unsigned rank = 0; row->dirs[rank]; rank++) {
		size_t n = strlen(row->dirs[rank]);

		if (strncmp(path, row->dirs[rank], n) != 0 || path[n] != '/')
			continue;
		*ret = row_place(a, row, rank, arena_strdup(a, path + n + 1));
		return true;
	}
	return false;
}

struct place place_of(struct arena *a, const char *path)
{
	struct place p = {.kind = PLACE_PLAIN};

	for (size_t i = 0; i < ELEMENTS(rows); i++)
		if (find_place(a, &rows[i], path, &p))
			break;
	return p;
}

struct place place_found(struct arena *a, const char *path)
{
	static const struct row found = {found_unit_dirs, PLACE_UNIT};
	struct place p;

	return find_place(a, &found, path, &p) ? p : place_of(a, path);
}

const char *place_id(struct arena *a, const char *path, bool is_link)
{
	struct place p = place_of(a, path);

	if (p.kind == PLACE_UNIT)
		return arena_printf(a, "unit:%s", p.unit);
	if (p.kind == PLACE_DROPIN)
		return arena_printf(a, "dropin:%s/%s", p.unit, strrchr(path, '/') + 1);
	return arena_printf(a, "%s:%s", is_link ? "link" : "file", path);
}
