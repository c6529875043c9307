/*
 * The paths of a sandbox (probe.h): which are there before the apply, which the apply or the
 * service's start will make, and which are missing, so that the trial fails as the service would.
 * Makes none of them, not even as a mount point: what would be made on the host is left out.
 * Called by settings.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "l4sync/packages.h"
#include "l4sync/text.h"
#include "l4sync/unit_syntax.h"
#include "l4sync/unitpath.h"

#include "probe_internal.h"

static bool is_below(const char *path, const char *directory)
{
	size_t n = strlen(directory);

	return text_starts(path, directory) &&
	       (!path[n] || path[n] == '/' || (n && directory[n - 1] == '/'));
}

/* Without specifiers; NULL: it has some that only systemd knows. */
static const char *filled(const struct carrying *x, const char *path)
{
	return unit_specifiers(x->arena, x->probe->unit, path);
}

/* What cannot be told counts as there: then systemd tells. */
static bool exists_on_host(const struct carrying *x, const char *path)
{
	_cleanup_close_ int fd = -1;
	int r = path[strspn(path, "/")]
			? host_open_following(unit_view_host(x->view), path, O_PATH, &fd, NULL)
			: 0;

	return r != -ENOENT && r != -ENOTDIR;
}

static const char *destination_of(const struct carrying *x, const char *word)
{
	const char *source = word + strspn(word, "-"), *colon = strchr(source, ':');
	const char *path = colon ? colon + 1 : source;

	return filled(x, arena_strndup(x->arena, path, strcspn(path, ":")));
}

/* Where on the host something lies that is bound into the sandbox; NULL: it is not bound. */
static const char *bound_from(const struct carrying *x, const char *path)
{
	static const char *const keys[] = {"BindPaths", "BindReadOnlyPaths"};
	const char *found = NULL;
	size_t longest = 0;

	for (size_t i = 0; i < ELEMENTS(keys); i++) {
		const struct setting *s = carried(x, "Service", keys[i]);

		for (size_t k = 0; s && k < s->n; k++) {
			const char *word = s->values[k] + strspn(s->values[k], "-");
			const char *to = destination_of(x, word);
			const char *from =
				filled(x, arena_strndup(x->arena, word, strcspn(word, ":")));

			if (!to || !from || !is_below(path, to) || strlen(to) < longest)
				continue;
			longest = strlen(to);
			found = arena_printf(x->arena, "%s%s", from, path + longest);
		}
	}
	return found;
}

/* In RootDirectory=, or in the host's root. */
static bool exists_inside(const struct carrying *x, const char *path, bool is_file)
{
	const struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT};
	_cleanup_close_ int root = open(x->root ? x->root : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	_cleanup_close_ int fd =
		root < 0 ? -1 : (int)syscall(SYS_openat2, root, path, &how, sizeof how);
	struct stat st;

	return fd >= 0 && (!is_file || (fstat(fd, &st) >= 0 && S_ISREG(st.st_mode)));
}

enum provided { NOT_PROVIDED, AS_FILE, AS_DIRECTORY, AS_LINK };

/* What the plan's changes make of a path. */
static enum provided provided(const struct carrying *x, const char *path)
{
	for (size_t i = 0; i < x->plan->n_changes; i++) {
		const struct resource *want = x->plan->changes[i].want;
		const char *own = want ? resource_path(want) : NULL;

		if (!own)
			continue;
		if (resource_get(want, "target") && is_below(path, own))
			return AS_LINK;
		if (!strcmp(own, path))
			return resource_is(want, "dir") ? AS_DIRECTORY : AS_FILE;
		if (is_below(own, path))
			return AS_DIRECTORY;
	}
	return NOT_PROVIDED;
}

struct own_directory {
	const char *key, *below;
	bool is_private; /* of a dynamic user it is elsewhere */
};

static const struct own_directory own_directories[] = {
	{"RuntimeDirectory", "/run", false},
	{"StateDirectory", "/var/lib", true},
	{"CacheDirectory", "/var/cache", true},
	{"LogsDirectory", "/var/log", true},
	{"ConfigurationDirectory", "/etc", false},
};

/* Made by systemd before the sandbox. */
static bool is_own_directory(const struct carrying *x, const char *path)
{
	for (size_t i = 0; i < ELEMENTS(own_directories); i++) {
		const struct own_directory *d = &own_directories[i];
		const struct setting *s = carried(x, "Service", d->key);

		for (size_t k = 0; s && k < s->n; k++) {
			const char *name =
				arena_strndup(x->arena, s->values[k], strcspn(s->values[k], ":"));

			name = filled(x, arena_printf(x->arena, "%s/%s", d->below, name));
			if (name && is_below(path, name))
				return true;
		}
	}
	return false;
}

/* A unit that the start of this one would start too; or NULL. */
static const char *starts_along(const struct carrying *x)
{
	static const char *const keys[] = {"Requires", "Wants", "BindsTo"};

	for (size_t i = 0; i < ELEMENTS(keys); i++) {
		const struct setting *s = carried(x, "Unit", keys[i]);

		for (size_t k = 0; s && k < s->n; k++) {
			const char *name = filled(x, s->values[k]);
			const char *type = name ? unit_name_type(name) : NULL;
			const struct unit_status *u = NULL;

			if (!type || (strcmp(type, "service") != 0 && strcmp(type, "mount") != 0))
				continue;
			if (unit_view_find(x->view, name, &u, NULL) < 0 || !u ||
				!unit_status_running(u) ||
				effects_find(&x->plan->effects, ACTION_START, name) ||
				effects_find(&x->plan->effects, ACTION_RESTART, name))
				return name;
		}
	}
	return NULL;
}

/* One of its own commands that runs before, with all but what is bound and mounted; or NULL. */
static const char *runs_before(const struct carrying *x)
{
	static const char *const keys[] = {"ExecCondition", "ExecStartPre"};

	for (size_t i = 0; i < ELEMENTS(keys); i++) {
		const struct setting *s = carried(x, "Service", keys[i]);

		for (size_t k = 0; s && k < s->n_lines; k++)
			if (memchr(s->lines[k], '+', strcspn(s->lines[k], "/")))
				return arena_printf(x->arena, "its %s=+", keys[i]);
	}
	return NULL;
}

/* Who may make a missing path before the service comes to it; "" systemd itself; NULL nobody. */
static const char *made_by(const struct carrying *x, const char *path)
{
	if (is_own_directory(x, path))
		return "";
	if (provided(x, path))
		return "this apply";
	if (packages_coming(x->plan))
		return "the packages that this apply installs";
	return starts_along(x);
}

static void leave_out(struct carrying *x, const char *key, const char *path, const char *by)
{
	if (*by)
		carry_leave_out(x, "%s=%s (not there before %s)", key, path, by);
}

/* A word that systemd takes apart into something else than is seen here. */
static bool is_odd(struct carrying *x, const char *key, const char *word)
{
	if (!strpbrk(word, "\\\"' \t"))
		return false;
	carry_refuse(x, "%s= has %s, which has characters that are quoted", key, word);
	return true;
}

void carry_paths(struct carrying *x, const struct setting *s)
{
	for (size_t i = 0; i < s->n; i++) {
		const char *word = s->values[i], *path = word + strspn(word, "-+"), *by = NULL;
		const char *host = filled(x, path);

		if (is_odd(x, s->type.key, word))
			return;
		if (host && *word == '/' && !exists_on_host(x, host))
			by = made_by(x, host);
		if (host && *word == '/' && !by && !exists_on_host(x, host))
			by = runs_before(x);
		if (by)
			leave_out(x, s->type.key, host, by);
		else
			carry_line(x, s->type.key, word);
	}
}

/* Whether a mount point is made in something that is gone with the sandbox. */
static bool is_in_memory(const struct carrying *x, const char *path)
{
	const struct setting *s = carried(x, "Service", "TemporaryFileSystem");
	bool found = (is_below(path, "/tmp") || is_below(path, "/var/tmp")) &&
		     carried_yes(x, "PrivateTmp");

	for (size_t i = 0; s && i < s->n; i++) {
		const char *own = arena_strndup(x->arena, s->values[i], strcspn(s->values[i], ":"));

		own = filled(x, own);
		found |= own && strcmp(own, path) != 0 && is_below(path, own);
	}
	return found;
}

/* Below what another path is bound to, a mount point would be made in that. */
static bool has_mount_point(const struct carrying *x, const char *path)
{
	const char *name = strrchr(path, '/');
	const char *from =
		name ? bound_from(x, arena_strndup(x->arena, path, (size_t)(name - path))) : NULL;

	if (from)
		return exists_on_host(x, arena_printf(x->arena, "%s%s", from, name));
	return is_in_memory(x, path) || exists_inside(x, path, false);
}

static void carry_bind(struct carrying *x, const char *key, const char *word)
{
	const char *source = word + strspn(word, "-");
	const char *path = filled(x, arena_strndup(x->arena, source, strcspn(source, ":")));
	const char *destination = destination_of(x, word), *by = NULL;
	bool is_missing = path && !exists_on_host(x, path);
	enum provided as = is_missing ? provided(x, path) : NOT_PROVIDED;

	if (is_missing && *word != '-')
		by = made_by(x, path);
	if (is_missing && !by) { /* it is not bound; or the trial fails as the service would */
		carry_line(x, key, word);
		return;
	}
	if (destination && !has_mount_point(x, destination)) {
		leave_out(x, key, source, by && *by ? by : "its mount point is made");
		return;
	}
	if (by && (!destination || (as != AS_FILE && as != AS_DIRECTORY))) {
		leave_out(x, key, path, by);
		return;
	}
	if (by) { /* what is in it does not matter */
		carry_line(x, "BindReadOnlyPaths",
			arena_printf(x->arena, "%s:%s",
				as == AS_FILE ? PROBE_FILE : PROBE_DIRECTORY, destination));
		return;
	}
	carry_line(x, key, word);
}

void carry_binds(struct carrying *x, const struct setting *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (!is_odd(x, s->type.key, s->values[i]))
			carry_bind(x, s->type.key, s->values[i]);
}

void carry_empty_mounts(struct carrying *x, const struct setting *s)
{
	for (size_t i = 0; i < s->n; i++) {
		const char *word = s->values[i];
		const char *path = filled(x, arena_strndup(x->arena, word, strcspn(word, ":")));

		if (is_odd(x, s->type.key, word))
			return;
		if (path && !has_mount_point(x, path))
			leave_out(x, s->type.key, path, "its mount point is made");
		else
			carry_line(x, s->type.key, word);
	}
}

/* As systemd does it for the service, but these are only bound, never made, owned or removed. */
void carry_directories(struct carrying *x, const struct setting *s)
{
	const struct own_directory *d = own_directories;

	while (strcmp(d->key, s->type.key) != 0)
		d++;
	const char *below = d->is_private && x->is_dynamic
				    ? arena_printf(x->arena, "%s/private", d->below)
				    : d->below;
	bool covered = below == d->below;

	for (size_t i = 0; i < s->n; i++) {
		const char *name =
			arena_strndup(x->arena, s->values[i], strcspn(s->values[i], ":"));
		const char *path = filled(x, arena_printf(x->arena, "%s/%s", below, name));

		if (is_odd(x, d->key, name) || !path || !exists_on_host(x, path) ||
			!has_mount_point(x, path))
			continue;
		if (!covered)
			carry_line(x, "TemporaryFileSystem",
				arena_printf(x->arena, "%s:mode=0755", below));
		covered = true;
		carry_line(x, "BindPaths", path);
	}
}

/* A mount on the way to it would be a dependency. */
void carry_working_directory(struct carrying *x, const struct setting *s)
{
	const char *word = s->lines[s->n_lines - 1], *path = filled(x, word + (*word == '-'));

	if (path && *path == '/' && !exists_inside(x, path, false))
		carry_leave_out(x, "%s=%s (not there before the start)", s->type.key, path);
	else
		carry_line(x, s->type.key, word);
}

/* Namespaces come and go with the services that make them. */
void carry_namespace(struct carrying *x, const struct setting *s)
{
	const char *word = s->lines[s->n_lines - 1], *path = filled(x, word);

	if (path && !exists_on_host(x, path))
		carry_leave_out(x, "%s=%s (not there before the start)", s->type.key, path);
	else
		carry_line(x, s->type.key, word);
}

/* What systemd makes in any root that lacks it (seen on 257), so that a trial would leave it there;
 * NULL: nothing. */
static const char *made_in_root(const struct carrying *x)
{
	static const char *const always[] = {
		"/dev", "/etc", "/proc", "/root", "/run", "/sys", "/tmp", "/usr", "/var"};
	static const char *const links[] = {"/bin", "/lib", "/lib64", "/sbin"};

	for (size_t i = 0; i < ELEMENTS(always); i++)
		if (!exists_inside(x, always[i], false))
			return always[i];
	for (size_t i = 0; i < ELEMENTS(links); i++)
		if (!exists_inside(x, links[i], false) &&
			exists_inside(x, arena_printf(x->arena, "/usr%s", links[i]), false))
			return links[i];
	return NULL;
}

void carry_root(struct carrying *x, const struct setting *s)
{
	const char *word = s->lines[s->n_lines - 1], *path = filled(x, word);
	const char *by, *made;

	if (!path) {
		carry_refuse(x, "%s=%s cannot be looked into", s->type.key, word);
		return;
	}
	by = exists_on_host(x, path) ? NULL : made_by(x, path);
	if (by)
		carry_refuse(x, "%s=%s is not there before %s", s->type.key, path,
			*by ? by : "the start");
	made = exists_on_host(x, path) ? made_in_root(x) : NULL;
	if (made)
		carry_refuse(x, "its start makes %s in %s=%s", made, s->type.key, path);
	carry_line(x, s->type.key, word);
}

/* Whether nothing that is mounted in the sandbox, or looked at in it, is in the way. */
static bool is_free(const struct carrying *x, const char *path)
{
	const struct setting *s = carried(x, "Service", "InaccessiblePaths");
	const struct resource *rules = x->probe->rules;

	for (size_t i = 0; s && i < s->n; i++) {
		const char *other = filled(x, s->values[i] + strspn(s->values[i], "-+"));

		if (!other || is_below(path, other))
			return false;
	}
	for (size_t i = 0; rules && i < rules->n_attrs; i++)
		if ((!strcmp(rules->attrs[i].key, "hidden") ||
			    !strcmp(rules->attrs[i].key, "empty")) &&
			is_below(path, rules->attrs[i].value))
			return false;
	return true;
}

static bool is_there(const struct carrying *x, const char *path)
{
	const char *bound = bound_from(x, path);
	_cleanup_close_ int fd = -1;
	struct stat st;

	if (!strcmp(path, PROBE_PROGRAM))
		return true;
	if (!bound)
		return exists_inside(x, path, true);
	return host_open_following(unit_view_host(x->view), bound, O_PATH, &fd, NULL) >= 0 &&
	       fstat(fd, &st) >= 0 && S_ISREG(st.st_mode);
}

/* On top of a file that is there anyway, or in a directory that is gone with the trial. */
const char *carry_program(struct carrying *x)
{
	const char *line = carried_last(x, "ExecStart");
	size_t prefix = line ? strspn(line, "@-:+!|") : 0;
	const char *rest = line ? line + prefix : "", *own = unit_word_next(x->arena, &rest);

	own = own ? filled(x, own) : NULL;
	const char *const places[] = {x->root ? NULL : PROBE_PROGRAM, own, "/usr/bin/true",
		"/bin/sh", "/etc/os-release", "/usr/lib/os-release"};
	for (size_t i = 0; i < ELEMENTS(places); i++)
		if (places[i] && *places[i] == '/' && is_free(x, places[i]) &&
			is_there(x, places[i]))
			return arena_printf(x->arena, "%s%s",
				!line                       ? ""
				: memchr(line, '+', prefix) ? "+"
				: memchr(line, '!', prefix) ? "!"
							    : "",
				places[i]);
	carry_refuse(x, "its sandbox has no place for l4sync's program");
	return NULL;
}
