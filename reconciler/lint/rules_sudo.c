/*
 * Rules about sudo in a unit whose settings break it (lint_internal.h, rules.c).
 * Called by lint.c.
 */
#include <string.h>

#include "l4sync/text.h"

#include "lint_internal.h"

#define CAP_SETGID_BIT (1ULL << 6)
#define CAP_SETUID_BIT (1ULL << 7)

/* The line of a setting with which sudo cannot become root, or NULL. */
static const struct lint_line *breaks_sudo(struct lint *l, const struct lint_unit *u)
{
	static const char *const switches[] = {"NoNewPrivileges", "DynamicUser"};
	const struct directive_type type =
		directive_type(l->arena, "Service", "CapabilityBoundingSet");
	const struct setting *bounding = lint_setting(u, "Service", "CapabilityBoundingSet");
	const char **values;
	size_t n;

	for (size_t i = 0; i < ELEMENTS(switches); i++)
		if (lint_is(l, u, switches[i], "yes"))
			return lint_last(u, "Service", switches[i]);
	if (!bounding || !setting_meaning(l->arena, &type, bounding, &values, &n) || n != 1)
		return NULL;
	const unsigned long long needed = CAP_SETGID_BIT | CAP_SETUID_BIT;
	return (strtoull(values[0], NULL, 10) & needed) == needed
		       ? NULL
		       : lint_last(u, "Service", "CapabilityBoundingSet");
}

static bool is_sudo(const char *program)
{
	const char *name = strrchr(program, '/');

	return !strcmp(name ? name + 1 : program, "sudo");
}

void lint_sudo_in_exec(struct lint *l, const struct lint_subject *s)
{
	static const char *const keys[] = {"ExecStart", "ExecStartPre", "ExecStartPost",
		"ExecReload", "ExecStop", "ExecStopPost"};
	const struct lint_line *broken = NULL;

	for (size_t i = 0; i < ELEMENTS(keys); i++) {
		const struct setting *commands = lint_setting(s->unit, "Service", keys[i]);

		for (size_t j = 0; commands && j < commands->n_lines; j++) {
			struct lint_command c;

			if (!lint_command_of(l, commands->lines[j], &c) || !is_sudo(c.program) ||
				lint_has_prefix(&c, '+'))
				continue;
			broken = broken ? broken : breaks_sudo(l, s->unit);
			if (broken)
				lint_at(l, broken, "%s=%s, and %s= runs sudo", broken->key,
					broken->value, keys[i]);
		}
	}
}

struct granting {
	struct lint *lint;
	const char *file;
};

/* A line of sudoers(5) that is about one user, who does not log in: their unit must be able to use
 * it. Of several units of that user one is enough, for not each needs it. */
static void look_at_grant(const char *const *words, size_t n, unsigned line, void *userdata)
{
	struct granting *x = userdata;
	struct lint *l = x->lint;
	const struct lint_line *broken = NULL;
	const char *unit = NULL;

	if (n < 2 || !strchr(words[1], '=') || strpbrk(words[0], "%#@+:,") ||
		!lint_user_is_service(l, words[0]))
		return;
	for (size_t i = 0; i < l->n_units; i++) {
		const struct setting *s = lint_setting(&l->units[i], "Service", "User");

		if (!s || strcmp(s->lines[s->n_lines - 1], words[0]) != 0)
			continue;
		broken = breaks_sudo(l, &l->units[i]);
		unit = l->units[i].name;
		if (!broken)
			return;
	}
	if (broken)
		lint_in(l, x->file, line, "%s may use sudo, but %s, which runs as %s, has %s=%s",
			words[0], unit, words[0], broken->key, broken->value);
}

void lint_sudo_of_user(struct lint *l, const struct lint_subject *s)
{
	const char *path = resource_path(s->file);
	struct granting x = {l, s->file->where.file};

	if (s->file->content &&
		(!strcmp(path, "/etc/sudoers") || text_starts(path, "/etc/sudoers.d/")))
		lint_config_lines(l, s->file->content, 2, look_at_grant, &x);
}
