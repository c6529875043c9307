/*
 * Rules about programs, files, users and units that are named and not there (lint_internal.h,
 * rules.c).
 * Called by lint.c.
 */
#include <string.h>

#include "l4sync/text.h"

#include "lint_internal.h"

static bool is_command(const struct lint_line *line)
{
	return text_starts(line->key, "Exec") && strcmp(line->key, "ExecPaths") != 0 &&
	       strcmp(line->key, "ExecSearchPath") != 0 &&
	       (!strcmp(line->section, "Service") || !strcmp(line->section, "Socket"));
}

void lint_exec_relative(struct lint *l, const struct lint_subject *s)
{
	struct lint_command c;

	if (is_command(s->line) && lint_command_of(l, s->line->value, &c) &&
		strchr(c.program, '/') && *c.program != '/' && *c.program != '%')
		lint_at(l, s->line, "%s=%s", s->line->key, c.program);
}

void lint_exec_not_executable(struct lint *l, const struct lint_subject *s)
{
	struct lint_command c;

	if (!is_command(s->line) || !lint_command_of(l, s->line->value, &c) || *c.program != '/')
		return;
	const struct resource *item = lint_shipped(l, c.program);
	const char *mode = item ? resource_get(item, "mode") : NULL;
	if (mode && !(strtoul(mode, NULL, 8) & 0111))
		lint_at(l, s->line, "%s=%s has mode %s in the state", s->line->key, c.program,
			mode);
}

/* Whether the unit sees another file system than the host, where paths of it may be. */
static bool has_own_root(const struct lint_unit *u)
{
	return lint_setting(u, "Service", "RootDirectory") ||
	       lint_setting(u, "Service", "RootImage") ||
	       lint_setting(u, "Service", "MountImages") ||
	       lint_setting(u, "Service", "ExtensionImages") ||
	       lint_setting(u, "Service", "ExtensionDirectories") ||
	       lint_setting(u, "Service", "BindPaths") ||
	       lint_setting(u, "Service", "BindReadOnlyPaths");
}

void lint_exec_missing(struct lint *l, const struct lint_subject *s)
{
	const struct setting *commands = lint_setting(s->unit, "Service", "ExecStart");

	for (size_t i = 0; commands && i < commands->n_lines && !has_own_root(s->unit); i++) {
		struct lint_command c;

		if (lint_command_of(l, commands->lines[i], &c) && !lint_has_prefix(&c, '-') &&
			lint_is_missing(l, c.program))
			lint_at(l, lint_line_of(s->unit, commands, i), "ExecStart=%s", c.program);
	}
}

/* Made by systemd itself before it binds: StateDirectory= and its like. */
static bool is_own_directory(const struct lint_unit *u, const char *path)
{
	static const struct {
		const char *key, *below;
	} directories[] = {{"StateDirectory", "/var/lib/"}, {"CacheDirectory", "/var/cache/"},
		{"LogsDirectory", "/var/log/"}, {"ConfigurationDirectory", "/etc/"},
		{"RuntimeDirectory", "/run/"}};

	for (size_t i = 0; i < ELEMENTS(directories); i++) {
		const struct setting *s = lint_setting(u, "Service", directories[i].key);
		size_t n = strlen(directories[i].below);

		for (size_t j = 0; s && j < s->n && !strncmp(path, directories[i].below, n); j++) {
			size_t size = strcspn(s->values[j], ":");

			if (!strncmp(path + n, s->values[j], size) &&
				(!path[n + size] || path[n + size] == '/'))
				return true;
		}
	}
	return false;
}

void lint_bound_path_missing(struct lint *l, const struct lint_subject *s)
{
	static const char *const keys[] = {"BindPaths", "BindReadOnlyPaths", "ReadWritePaths",
		"ReadOnlyPaths", "InaccessiblePaths", "ExecPaths", "NoExecPaths"};

	for (size_t i = 0; i < ELEMENTS(keys); i++) {
		const struct setting *paths = lint_setting(s->unit, "Service", keys[i]);

		for (size_t j = 0; paths && j < paths->n; j++) {
			const char *value = paths->values[j];
			const char *path = arena_strndup(l->arena, value, strcspn(value, ":"));

			if (*path == '-' || *path == '+' || is_own_directory(s->unit, path) ||
				!lint_is_missing(l, path))
				continue;
			for (size_t k = paths->n_lines; k-- > 0;)
				if (strstr(paths->lines[k], path)) {
					lint_at(l, lint_line_of(s->unit, paths, k), "%s=%s",
						keys[i], path);
					break;
				}
		}
	}
}

void lint_environment_file_missing(struct lint *l, const struct lint_subject *s)
{
	const struct setting *files = lint_setting(s->unit, "Service", "EnvironmentFile");

	for (size_t i = 0; files && i < files->n_lines; i++)
		if (lint_is_missing(l, files->lines[i]))
			lint_at(l, lint_line_of(s->unit, files, i), "EnvironmentFile=%s",
				files->lines[i]);
}

void lint_working_directory_missing(struct lint *l, const struct lint_subject *s)
{
	const struct setting *directory = lint_setting(s->unit, "Service", "WorkingDirectory");
	const char *path = directory ? directory->lines[directory->n_lines - 1] : "";

	if (*path == '/' && !has_own_root(s->unit) && !is_own_directory(s->unit, path) &&
		lint_is_missing(l, path))
		lint_at(l, lint_last(s->unit, "Service", "WorkingDirectory"), "WorkingDirectory=%s",
			path);
}

void lint_user_missing(struct lint *l, const struct lint_subject *s)
{
	const struct setting *user = lint_setting(s->unit, "Service", "User");
	const char *name = user ? user->lines[user->n_lines - 1] : "";

	if (*name && !strchr(name, '%') && !lint_is(l, s->unit, "DynamicUser", "yes") &&
		lint_user_is_missing(l, name))
		lint_at(l, lint_last(s->unit, "Service", "User"), "User=%s", name);
}

void lint_timer_unit_missing(struct lint *l, const struct lint_subject *s)
{
	const struct lint_unit *u = s->unit;
	const struct setting *unit = lint_setting(u, "Timer", "Unit");
	const char *name = unit ? unit->lines[0]
				: arena_printf(l->arena, "%.*s.service",
					  (int)(strrchr(u->name, '.') - u->name), u->name);
	struct unit_config c;

	if (strcmp(u->type, "timer") != 0 || !unit_name_valid(name) ||
		unit_name_may_lack_fragment(name) ||
		unit_index_config(l->index, name, &c, NULL) < 0 || c.found)
		return;
	for (size_t i = 0; i < u->n_lines; i++)
		if (u->lines[i].file) {
			lint_at(l, unit ? lint_last(u, "Timer", "Unit") : &u->lines[i],
				"%s starts %s", u->name, name);
			return;
		}
}

void lint_dropin_without_unit(struct lint *l, const struct lint_subject *s)
{
	const char *name, *slash;
	struct unit_config c;

	if (!resource_is(s->file, "dropin"))
		return;
	name = resource_name(s->file->id);
	slash = strchr(name, '/');
	name = arena_strndup(l->arena, name, (size_t)(slash - name));
	/* Of a type or prefix; of an instance its template. */
	if (!unit_name_valid(name) || strstr(name, "-.") || unit_name_may_lack_fragment(name) ||
		unit_index_config(l->index, name, &c, NULL) < 0 || c.found || c.masked)
		return;
	lint_in(l, s->file->where.file, 0, "a drop-in of %s", name);
}

/* The state itself has files of it, or says something else of it, if only of its template. */
static bool is_named(struct lint *l, const char *unit)
{
	static const char *const types[] = {"unit", "service"};
	const struct resources *want = l->job->want;

	for (size_t i = 0; i < ELEMENTS(types); i++)
		if (unit_resource(l->arena, want, types[i], unit))
			return true;
	for (size_t i = 0; i < want->n; i++)
		if (resource_is(want->items[i], "dropin") &&
			!strncmp(resource_name(want->items[i]->id), unit, strlen(unit)) &&
			resource_name(want->items[i]->id)[strlen(unit)] == '/')
			return true;
	return false;
}

static bool is_unknown_unit(struct lint *l, const char *unit)
{
	const struct unit_status *loaded = NULL;
	struct unit_config c;

	if (is_named(l, unit) || unit_index_config(l->index, unit, &c, NULL) < 0 || c.found ||
		c.n_dropins)
		return false;
	if (l->job->host_known && unit_view_host(l->job->view)->live &&
		unit_view_find(l->job->view, unit, &loaded, NULL) < 0)
		return false;
	return !loaded || !strcmp(loaded->load_state, "not-found");
}

/* By what stands before ".service", which would make all names alike. */
static const char *nearest_service(struct lint *l, const char *unit)
{
	static const char suffix[] = ".service";
	const char *const *files;
	const char **names;
	size_t n, kept = 0;

	unit_index_fragment_names(l->index, &files, &n);
	names = arena_array(l->arena, const char *, n + 1);
	for (size_t i = 0; i < n; i++)
		if (text_ends(files[i], suffix))
			names[kept++] = arena_strndup(
				l->arena, files[i], strlen(files[i]) - strlen(suffix));
	names[kept] = NULL;
	const char *near =
		text_nearest(arena_strndup(l->arena, unit, strlen(unit) - strlen(suffix)), names);
	return near ? arena_printf(l->arena, "%s%s", near, suffix) : NULL;
}

/* Offline the name may be that of a unit of the host, unless the state has one that is nearly
 * called so. */
void lint_unknown_unit(struct lint *l, const struct lint_subject *s)
{
	(void)s;
	for (size_t i = 0; i < l->job->want->n; i++) {
		const struct resource *item = l->job->want->items[i];
		const char *unit = resource_name(item->id);

		if (!resource_is(item, "verify") || !is_unknown_unit(l, unit))
			continue;
		const char *near = nearest_service(l, unit);
		if (near || l->job->host_known)
			lint_in(l, item->where.file, item->where.line, "verify of %s%s%s%s", unit,
				near ? " (did you mean " : "", near ? near : "", near ? "?)" : "");
	}
}
