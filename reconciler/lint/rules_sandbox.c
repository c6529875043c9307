/*
 * Rules about hardening that has no effect, or too much of it (lint_internal.h, rules.c).
 * Called by lint.c.
 */
#include <string.h>

#include "l4sync/text.h"

#include "lint_internal.h"

/* A directive that grants where nothing is denied. */
static void allow_without_deny(
	struct lint *l, const struct lint_unit *u, const char *allow, const char *deny)
{
	static const char *const sections[] = {
		"Service", "Socket", "Mount", "Swap", "Slice", "Scope"};

	for (size_t i = 0; i < ELEMENTS(sections); i++) {
		const struct setting *s = lint_setting(u, sections[i], allow);

		if (s && !lint_setting(u, sections[i], deny))
			lint_at(l, lint_line_of(u, s, 0), "%s=%s without %s= denies nothing", allow,
				s->lines[0], deny);
	}
}

void lint_socket_bind_allow(struct lint *l, const struct lint_subject *s)
{
	allow_without_deny(l, s->unit, "SocketBindAllow", "SocketBindDeny");
}

/* Of a slice above it the denial may be. */
void lint_ip_address_allow(struct lint *l, const struct lint_subject *s)
{
	if (!lint_setting(s->unit, "Service", "Slice"))
		allow_without_deny(l, s->unit, "IPAddressAllow", "IPAddressDeny");
}

void lint_private_users(struct lint *l, const struct lint_subject *s)
{
	if (lint_is(l, s->unit, "PrivateUsers", "yes") && !lint_has_user(l, s->unit))
		lint_at(l, lint_last(s->unit, "Service", "PrivateUsers"),
			"PrivateUsers=%s without User=",
			lint_last(s->unit, "Service", "PrivateUsers")->value);
}

/* The path of a value with "-" and "+" before it, each in this order. */
static const char *bare_path(const char *value)
{
	value += *value == '-';
	return value + (*value == '+');
}

/* What ProtectSystem= makes read-only itself, by its value. */
static const char *protected_paths(const char *value)
{
	return !strcmp(value, "strict") ? "/"
	       : !strcmp(value, "full") ? "/usr /boot /efi /etc"
	       : !strcmp(value, "yes")  ? "/usr /boot /efi"
					: "";
}

/* The words of ReadWritePaths= that are among paths. */
static void writable_paths(struct lint *l, const struct lint_unit *u, const char *paths,
	const char *relation, const char *value)
{
	const struct setting *s = lint_setting(u, "Service", "ReadWritePaths");

	for (size_t i = 0; s && i < s->n; i++) {
		const char *path = bare_path(s->values[i]);

		if (!text_has_word(paths, path))
			continue;
		for (size_t k = s->n_lines; k-- > 0;)
			if (text_has_word(s->lines[k], s->values[i])) {
				lint_at(l, lint_line_of(u, s, k),
					"ReadWritePaths=%s %s ProtectSystem=%s", path, relation,
					value);
				break;
			}
	}
}

/* Weaker in these than ProtectSystem=full is. */
void lint_protect_system(struct lint *l, const struct lint_subject *s)
{
	const char *value = lint_value(l, s->unit, "Service", "ProtectSystem");

	if (value && !strcmp(value, "strict"))
		writable_paths(l, s->unit, "/usr /etc", "takes back most of", value);
}

/* Of two that name one path, the one that forbids wins (measured). */
void lint_read_only_still(struct lint *l, const struct lint_subject *s)
{
	const char *value = lint_value(l, s->unit, "Service", "ProtectSystem");

	if (value)
		writable_paths(l, s->unit, protected_paths(value), "with", value);
}

/* Anything of which a part could be made writable again. */
static bool has_read_only(struct lint *l, const struct lint_unit *u)
{
	static const char *const lists[] = {"ReadOnlyPaths", "InaccessiblePaths",
		"BindReadOnlyPaths", "TemporaryFileSystem", "RootImage", "RootDirectory",
		"MountImages", "ExtensionImages", "ExtensionDirectories"};
	static const char *const switches[] = {"ProtectSystem", "ProtectHome",
		"ProtectKernelTunables", "ProtectControlGroups", "DynamicUser"};

	for (size_t i = 0; i < ELEMENTS(lists); i++)
		if (lint_setting(u, "Service", lists[i]))
			return true;
	for (size_t i = 0; i < ELEMENTS(switches); i++)
		if (lint_setting(u, "Service", switches[i]) && !lint_is(l, u, switches[i], "no"))
			return true;
	return false;
}

void lint_read_write_paths(struct lint *l, const struct lint_subject *s)
{
	const struct setting *paths = lint_setting(s->unit, "Service", "ReadWritePaths");

	if (paths && !has_read_only(l, s->unit))
		lint_at(l, lint_line_of(s->unit, paths, 0), "ReadWritePaths=%s", paths->lines[0]);
}

/* Lists of which an empty assignment takes all back, and without which nothing is denied. */
void lint_filter_reset(struct lint *l, const struct lint_subject *s)
{
	static const char lists[] =
		"SystemCallFilter SystemCallArchitectures RestrictAddressFamilies "
		"RestrictNamespaces RestrictFileSystems InaccessiblePaths ReadOnlyPaths "
		"TemporaryFileSystem NoExecPaths IPAddressDeny SocketBindDeny "
		"RestrictNetworkInterfaces";
	const struct lint_unit *u = s->unit;

	for (size_t i = 0; i < u->n_lines; i++) {
		const struct lint_line *line = &u->lines[i], *before = NULL;

		if (*line->value || !text_has_word(lists, line->key) ||
			lint_setting(u, line->section, line->key))
			continue;
		for (size_t j = 0; j < i; j++)
			if (!strcmp(u->lines[j].key, line->key) && *u->lines[j].value &&
				u->lines[j].file && u->lines[j].nth_file != line->nth_file)
				before = &u->lines[j];
		if (before)
			lint_at(l, line, "%s= (empty) takes back what %s:%u sets", line->key,
				before->file, before->line);
	}
}

void lint_dynamic_user(struct lint *l, const struct lint_subject *s)
{
	static const char *const implied[] = {"NoNewPrivileges", "RestrictSUIDSGID", "RemoveIPC",
		"PrivateTmp", "ProtectSystem", "ProtectHome"};

	if (!lint_is(l, s->unit, "DynamicUser", "yes"))
		return;
	for (size_t i = 0; i < ELEMENTS(implied); i++)
		if (lint_setting(s->unit, "Service", implied[i]) &&
			lint_is(l, s->unit, implied[i], "no"))
			lint_at(l, lint_last(s->unit, "Service", implied[i]), "%s=no", implied[i]);
}

/* Of several commands one may need root; what is left then has the rest's hardening. */
void lint_exec_privileged(struct lint *l, const struct lint_subject *s)
{
	static const char *const hardening[] = {"NoNewPrivileges", "SystemCallFilter",
		"CapabilityBoundingSet", "User", "RestrictAddressFamilies", "ProtectSystem"};
	const struct setting *commands = lint_setting(s->unit, "Service", "ExecStart");
	struct lint_command c = {0};
	const char *lost = NULL;

	for (size_t i = 0; commands && i < commands->n_lines; i++)
		if (!lint_command_of(l, commands->lines[i], &c) || !lint_has_prefix(&c, '+'))
			return;
	for (size_t i = 0; i < ELEMENTS(hardening) && !lost; i++)
		if (lint_setting(s->unit, "Service", hardening[i]) &&
			!lint_is(l, s->unit, hardening[i], "no"))
			lost = hardening[i];
	if (commands && lost)
		lint_at(l, lint_line_of(s->unit, commands, commands->n_lines - 1),
			"ExecStart=+%s runs without %s=", c.program, lost);
}

/* A set of capabilities as a mask; false: not sure. */
static bool capabilities(
	struct lint *l, const struct lint_unit *u, const char *key, unsigned long long *ret)
{
	const struct directive_type type = directive_type(l->arena, "Service", key);
	const struct setting *s = lint_setting(u, "Service", key);
	const char **values;
	size_t n;

	if (!setting_meaning(l->arena, &type, s, &values, &n))
		return false;
	*ret = n ? strtoull(values[0], NULL, 10) : type.words ? ~0ULL : 0;
	return true;
}

void lint_ambient_capabilities(struct lint *l, const struct lint_subject *s)
{
	unsigned long long ambient, bounding;

	if (capabilities(l, s->unit, "AmbientCapabilities", &ambient) &&
		capabilities(l, s->unit, "CapabilityBoundingSet", &bounding) &&
		(ambient & ~bounding))
		lint_at(l, lint_last(s->unit, "Service", "AmbientCapabilities"),
			"AmbientCapabilities=%s has capabilities that CapabilityBoundingSet= does "
			"not have",
			lint_last(s->unit, "Service", "AmbientCapabilities")->value);
}

void lint_native_32_bit(struct lint *l, const struct lint_subject *s)
{
	const struct setting *names = lint_setting(s->unit, "Service", "SystemCallArchitectures");
	const struct setting *commands = lint_setting(s->unit, "Service", "ExecStart");
	unsigned char head[5];

	/* Of more than one it would have to be known what native is. */
	if (!names || names->n != 1 || strcmp(names->values[0], "native") != 0)
		return;
	for (size_t i = 0; commands && i < commands->n_lines; i++) {
		struct lint_command c;

		/* e_ident: the magic, and ELFCLASS32 */
		if (lint_command_of(l, commands->lines[i], &c) &&
			lint_head(l, c.program, head, sizeof head) == sizeof head &&
			!memcmp(head, "\177ELF\1", sizeof head))
			lint_at(l, lint_line_of(s->unit, names, names->n_lines - 1),
				"SystemCallArchitectures=native, and %s is a 32-bit program",
				c.program);
	}
}

void lint_notify_without_unix(struct lint *l, const struct lint_subject *s)
{
	const struct setting *families =
		lint_setting(s->unit, "Service", "RestrictAddressFamilies");
	const char *type = lint_value(l, s->unit, "Service", "Type");

	if (!families || !type || !text_starts(type, "notify"))
		return;
	for (size_t i = 0; i < families->n; i++)
		/* A list of what is denied, or of both: not told. */
		if (*families->values[i] == '~' || !strcmp(families->values[i], "AF_UNIX") ||
			!strcmp(families->values[i], "AF_LOCAL"))
			return;
	lint_at(l, lint_line_of(s->unit, families, families->n_lines - 1),
		"RestrictAddressFamilies=%s with Type=%s", families->lines[families->n_lines - 1],
		type);
}

/* Whether something is mounted where the unit looks for the path. */
static bool is_bound(const struct lint_unit *u, const char *path)
{
	static const char *const keys[] = {"BindPaths", "BindReadOnlyPaths", "RootDirectory",
		"RootImage", "MountImages", "TemporaryFileSystem", "JoinsNamespaceOf"};

	for (size_t i = 0; i < ELEMENTS(keys); i++) {
		const struct setting *s = lint_setting(u, i < 6 ? "Service" : "Unit", keys[i]);

		if (s && i > 1)
			return true;
		for (size_t j = 0; s && j < s->n; j++) {
			const char *colon = strchr(s->values[j], ':');
			const char *to = colon ? colon + 1 : s->values[j] + (*s->values[j] == '-');

			/* Its options do not matter: they begin behind a path that is a prefix. */
			if (!strncmp(to, path, strcspn(to, ":")))
				return true;
		}
	}
	return false;
}

/* What the process itself finds at a path: its directory and its program. */
static void paths_below(struct lint *l, const struct lint_unit *u, const char *switch_is,
	const char *const *directories)
{
	static const char *const keys[] = {"WorkingDirectory", "ExecStart"};

	for (size_t i = 0; i < ELEMENTS(keys); i++) {
		const struct setting *s = lint_setting(u, "Service", keys[i]);

		for (size_t j = 0; s && j < s->n_lines; j++) {
			struct lint_command c = {.program = s->lines[j]};

			/* With "-" it may be missing. */
			if (i && (!lint_command_of(l, s->lines[j], &c) || lint_has_prefix(&c, '+')))
				continue;
			for (const char *const *d = directories; *d; d++)
				if (lint_is_below(c.program, *d) && strcmp(c.program, *d) != 0 &&
					!is_bound(u, c.program))
					lint_at(l, lint_line_of(u, s, j),
						"%s=%s is not there with %s", keys[i], c.program,
						switch_is);
		}
	}
}

void lint_private_tmp(struct lint *l, const struct lint_subject *s)
{
	static const char *const directories[] = {"/tmp", "/var/tmp", NULL};
	const char *value = lint_value(l, s->unit, "Service", "PrivateTmp");

	if (value && strcmp(value, "no") != 0)
		paths_below(
			l, s->unit, arena_printf(l->arena, "PrivateTmp=%s", value), directories);
}

void lint_protect_home(struct lint *l, const struct lint_subject *s)
{
	static const char *const directories[] = {"/home", "/root", "/run/user", NULL};
	const char *value = lint_value(l, s->unit, "Service", "ProtectHome");

	if (value && (!strcmp(value, "yes") || !strcmp(value, "tmpfs")))
		paths_below(
			l, s->unit, arena_printf(l->arena, "ProtectHome=%s", value), directories);
}
