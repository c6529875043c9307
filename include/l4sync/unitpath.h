/*
 * Which files make up a unit: systemd's search path, precedence of fragments and drop-ins
 * (systemd.unit(5), FACTS), links followed, for the host as it is and as it would be with changes
 * laid over it. Also enablement: what [Install] asks for and which links are there.
 * Called by the modules unit, dropin and service, and by the derivation of effects.
 */
#ifndef L4SYNC_UNITPATH_H
#define L4SYNC_UNITPATH_H

#include <stdbool.h>
#include <stddef.h>

#include "l4sync/err.h"
#include "l4sync/host.h"
#include "l4sync/mem.h"
#include "l4sync/resources.h"

struct unit_index; /* what stands in the search path's directories */

/* Something a change puts at a path, or takes away: the overlay over the host. */
struct unit_overlay {
	const char *path; /* absolute */
	const struct content
		*content;   /* a file with this content; NULL with target NULL: removed */
	const char *target; /* a symbolic link */
};

/*
 * Reads the search path's directories of the host, with the overlays laid over. On the live host
 * the search path has the run-time directories too; with --root only those of /etc and /usr.
 * Contents are read when asked for. The index keeps pointers to the overlays.
 */
int unit_index_new(struct host *h, struct arena *a, const struct unit_overlay *overlays, size_t n,
	struct unit_index **ret, struct err *e);

struct unit_file {
	const char *path; /* where it stands in the search path */
	const struct content
		*content; /* of what the path leads to; NULL: empty, dangling, /dev/null */
};

struct unit_config {
	const char *name;
	bool masked; /* the fragment is a link to /dev/null or empty */
	bool found;  /* there is a fragment; without one only slices, mounts and the like exist */
	struct unit_file fragment; /* valid if found; of a masked unit only the path */
	size_t n_dropins;
	struct unit_file *dropins; /* effective ones, in the order in which systemd reads them */
};

/* Whether the file at this path of the search path is one of them. */
bool unit_config_has(const struct unit_config *c, const char *path);

/* The effective files of a unit (an instance falls back to its template; aliases count). */
int unit_index_config(
	struct unit_index *x, const char *unit, struct unit_config *ret, struct err *e);

/* The same as if nothing stood at these paths of the search path. Found anew each time. */
int unit_index_config_without(struct unit_index *x, const char *unit, const char *const *paths,
	size_t n, struct unit_config *ret, struct err *e);

/* From now on nothing stands at this path of the search path; the path is not copied. */
void unit_index_remove(struct unit_index *x, const char *path);

/*
 * What takes a mask away that stands at this path of the search path: a command in backticks, NULL
 * where a generator would only make it anew, for which there is the second: a clause that says so,
 * and what to do. The third is a clause for any mask, also one that the overlays make. In the
 * arena.
 */
const char *unit_unmask_command(struct arena *a, const char *path);
const char *unit_unmask_generated(struct arena *a, const char *path);
const char *unit_index_unmask(struct unit_index *x, const char *path);

/* Equal assignments in fragment and drop-ins, in order: systemd would load the same. */
bool unit_config_same(const struct unit_config *a, const struct unit_config *b);

/* Whether the file at path (a drop-in or fragment) is in effect for a unit (*ret_hider NULL), or
 * which path hides it: the drop-in or fragment that wins, or the mask. -ENOENT: no file of that
 * unit. */
int unit_index_hidden(struct unit_index *x, const char *path, const char *unit,
	const char **ret_hider, struct err *e);

/* Whether a unit could be affected by the file at path: it is among the candidates for its fragment
 * and drop-ins (UNIT.d, TEMPLATE.d, prefix-.d, type.d, aliases), or a link among them leads there.
 * True as well when something could not be read. */
bool unit_index_concerns(struct unit_index *x, const char *path, const char *unit);

/* The paths that a path leads over, itself first and where it ends last; none where that cannot be
 * told. Reads no content. In the arena. */
const char *const *unit_index_hops(struct unit_index *x, const char *path, size_t *ret_n);

/* When a link that the path leads over, in the place of one of its directories too, was made last:
 * CLOCK_REALTIME; 0: it leads over none. Of the host as it is, whatever is laid over it. */
unsigned long long unit_index_switched_usec(struct unit_index *x, const char *path);

/* All instances NAME@x of a template that are enabled by *.wants, *.requires and *.upholds links,
 * natural order; with NULL all names that those directories enable. In the arena. */
int unit_index_enabled_instances(struct unit_index *x, const char *template_name,
	const char *const **ret, size_t *ret_n, struct err *e);

/* All instances of a template that are enabled, or of which files of their own stand in the search
 * path (t@1.service, t@1.service.d/); natural order. In the arena. */
int unit_index_known_instances(struct unit_index *x, const char *template_name,
	const char *const **ret, size_t *ret_n, struct err *e);

/* The names of all fragments and aliases that stand in the search path; natural order. */
void unit_index_fragment_names(struct unit_index *x, const char *const **ret, size_t *ret_n);

/* A link that enablement makes. */
struct enable_link {
	const char *path;   /* /etc/systemd/system/multi-user.target.wants/x.service */
	const char *target; /* /usr/local/lib/systemd/system/x.service */
};

/*
 * The links that `systemctl enable` would make for the unit: WantedBy=, RequiredBy=, UpheldBy=,
 * Alias=, DefaultInstance=, specifiers in them, Also=. -ENOENT with a text when there is no such
 * unit, -ENOEXEC when it has no [Install], -ESHUTDOWN when masked, -ELOOP for an alias made in
 * /etc, -EADDRNOTAVAIL for a generated or transient unit, -EINVAL for an [Install] that makes no
 * sense.
 */
int unit_index_install_links(struct unit_index *x, const char *unit, struct enable_link **ret,
	size_t *ret_n, struct err *e);

/* The links below /etc/systemd/system that enable the unit now, whatever target they have; not the
 * link that is the unit's fragment. */
int unit_index_live_links(struct unit_index *x, const char *unit, struct enable_link **ret,
	size_t *ret_n, struct err *e);

/* A file anywhere, overlays laid over and links followed. */
struct index_file {
	const char *path;
	const struct content *content; /* NULL: nothing in it: empty, dangling, no regular file */
	const char *unread;            /* why what is in it could not be read, or NULL */
};

/* The entries of a directory that belongs to no unit (sysctl.d), hidden ones too, by name; none if
 * it is not there. The one at a path. In the arena. */
int unit_index_dir(struct unit_index *x, const char *path, struct index_file **ret, size_t *ret_n,
	struct err *e);
void unit_index_file(struct unit_index *x, const char *path, struct index_file *ret);

/* Unit names, systemd.unit(5). In the arena. */
bool unit_name_valid(const char *name);
bool unit_name_is_service(const char *name);  /* valid, and of that type */
bool unit_name_is_template(const char *name); /* t@.service */
bool unit_name_is_instance(const char *name); /* t@1.service */
const char *unit_name_template(
	struct arena *a, const char *name);         /* t@1.service → t@.service, or NULL */
const char *unit_name_type(const char *name);       /* "service", points into name; or NULL */
bool unit_name_may_lack_fragment(const char *name); /* a slice, a mount, … */
/* A text with the specifiers %i %j %n %N %p %% filled in for a unit; NULL: it has another one. */
const char *unit_specifiers(struct arena *a, const char *unit, const char *text);

#endif
