/*
 * Rules about what systemd refuses to load, or does otherwise than it looks (lint_internal.h,
 * rules.c).
 * Called by lint.c.
 */
#include <errno.h>
#include <string.h>

#include "l4sync/text.h"

#include "lint_internal.h"

static bool is_service(const struct lint_unit *u)
{
	return !strcmp(u->type, "service");
}

/* The first line of the state in the unit, to say something about the whole at. */
static const struct lint_line *first_line(const struct lint_unit *u)
{
	for (size_t i = 0; i < u->n_lines; i++)
		if (u->lines[i].file)
			return &u->lines[i];
	return NULL;
}

void lint_exec_start_none(struct lint *l, const struct lint_subject *s)
{
	static const char *const enough[] = {"ExecStart", "ExecStop"};

	if (!is_service(s->unit) || lint_setting(s->unit, "Unit", "SuccessAction"))
		return;
	for (size_t i = 0; i < ELEMENTS(enough); i++)
		if (lint_setting(s->unit, "Service", enough[i]))
			return;
	lint_at(l, first_line(s->unit), "%s has no ExecStart=", s->unit->name);
}

/* Several may stand in one line, with a ";" between them. */
static bool has_several(struct lint *l, const struct setting *commands)
{
	const char **each;
	size_t n;

	return commands->n_lines > 1 ||
	       (setting_meaning(l->arena, &commands->type, commands, &each, &n) && n > 1);
}

void lint_exec_start_twice(struct lint *l, const struct lint_subject *s)
{
	const struct setting *commands = lint_setting(s->unit, "Service", "ExecStart");

	if (commands && has_several(l, commands) && !lint_is(l, s->unit, "Type", "oneshot"))
		lint_at(l, lint_line_of(s->unit, commands, commands->n_lines - 1),
			"%s has more than one ExecStart=, and is not Type=oneshot", s->unit->name);
}

void lint_oneshot_restart(struct lint *l, const struct lint_subject *s)
{
	const char *restart = lint_value(l, s->unit, "Service", "Restart");

	if (restart && lint_is(l, s->unit, "Type", "oneshot") &&
		(!strcmp(restart, "always") || !strcmp(restart, "on-success")))
		lint_at(l, lint_last(s->unit, "Service", "Restart"), "Restart=%s with Type=oneshot",
			restart);
}

void lint_dbus_without_name(struct lint *l, const struct lint_subject *s)
{
	if (lint_is(l, s->unit, "Type", "dbus") && !lint_setting(s->unit, "Service", "BusName"))
		lint_at(l, lint_last(s->unit, "Service", "Type"), "Type=dbus without BusName=");
}

void lint_forking_without_pid_file(struct lint *l, const struct lint_subject *s)
{
	if (lint_is(l, s->unit, "Type", "forking") &&
		!lint_setting(s->unit, "Service", "PIDFile") &&
		lint_is(l, s->unit, "GuessMainPID", "yes"))
		lint_at(l, lint_last(s->unit, "Service", "Type"), "Type=forking without PIDFile=");
}

/* What a message or a connection activates is started again by the next. */
void lint_watchdog_without_restart(struct lint *l, const struct lint_subject *s)
{
	const char *watchdog = lint_value(l, s->unit, "Service", "WatchdogSec");

	if (!lint_setting(s->unit, "Service", "WatchdogSec") || !watchdog ||
		!strcmp(watchdog, "0") || lint_setting(s->unit, "Service", "BusName") ||
		lint_setting(s->unit, "Service", "Sockets") ||
		!lint_is(l, s->unit, "Restart", "no") ||
		lint_setting(s->unit, "Unit", "OnFailure") ||
		lint_setting(s->unit, "Unit", "FailureAction"))
		return;
	lint_at(l, lint_last(s->unit, "Service", "WatchdogSec"), "WatchdogSec=%s with Restart=no",
		lint_last(s->unit, "Service", "WatchdogSec")->value);
}

void lint_kill_mode_none(struct lint *l, const struct lint_subject *s)
{
	if (!strcmp(s->line->key, "KillMode") && !strcmp(s->line->value, "none"))
		lint_at(l, s->line, "KillMode=none");
}

/* "1610612736"; of percents and infinity it cannot be told. */
static bool bytes_of(struct lint *l, const struct lint_unit *u, const char *section,
	const char *key, unsigned long long *ret)
{
	const char *value = lint_setting(u, section, key) ? lint_value(l, u, section, key) : NULL;

	if (!value || !*value || strspn(value, "0123456789") != strlen(value))
		return false;
	*ret = strtoull(value, NULL, 10);
	return true;
}

void lint_memory_high(struct lint *l, const struct lint_subject *s)
{
	static const char *const sections[] = {
		"Service", "Slice", "Socket", "Mount", "Swap", "Scope"};
	unsigned long long high, max;

	for (size_t i = 0; i < ELEMENTS(sections); i++)
		if (bytes_of(l, s->unit, sections[i], "MemoryHigh", &high) &&
			bytes_of(l, s->unit, sections[i], "MemoryMax", &max) && high > max) {
			const struct lint_line *h = lint_last(s->unit, sections[i], "MemoryHigh");
			const struct lint_line *m = lint_last(s->unit, sections[i], "MemoryMax");

			lint_at(l, h->file ? h : m, "MemoryHigh=%s is above MemoryMax=%s", h->value,
				m->value);
		}
}

static bool names(const struct lint_unit *u, const char *key, const char *unit)
{
	const struct setting *s = lint_setting(u, "Unit", key);

	for (size_t i = 0; s && i < s->n; i++)
		if (!strcmp(s->values[i], unit))
			return true;
	return false;
}

void lint_network_online(struct lint *l, const struct lint_subject *s)
{
	static const char *const pulls[] = {"Wants", "Requires", "Requisite", "BindsTo", "Upholds"};
	static const char target[] = "network-online.target";

	for (size_t i = 0; i < ELEMENTS(pulls); i++)
		if (names(s->unit, pulls[i], target))
			return;
	for (size_t i = 0; i < s->unit->n_lines; i++) {
		const struct lint_line *line = &s->unit->lines[i];

		if (!strcmp(line->section, "Unit") && !strcmp(line->key, "After") &&
			text_has_word(line->value, target))
			lint_at(l, line, "After=%s without Wants=%s", target, target);
	}
}

void lint_timer_empty(struct lint *l, const struct lint_subject *s)
{
	static const char *const triggers[] = {"OnCalendar", "OnActiveSec", "OnBootSec",
		"OnStartupSec", "OnUnitActiveSec", "OnUnitInactiveSec", "OnClockChange",
		"OnTimezoneChange"};

	if (strcmp(s->unit->type, "timer") != 0)
		return;
	for (size_t i = 0; i < ELEMENTS(triggers); i++)
		if (lint_setting(s->unit, "Timer", triggers[i]))
			return;
	lint_at(l, first_line(s->unit), "%s has no OnCalendar= and nothing else that triggers it",
		s->unit->name);
}

/* Where the host is there the plan's own finding says so. */
void lint_cannot_enable(struct lint *l, const struct lint_subject *s)
{
	(void)s;
	for (size_t i = 0; i < l->job->want->n && !l->job->host_known; i++) {
		const struct resource *item = l->job->want->items[i];
		_cleanup_err_ struct err why = ERR_INIT;
		struct enable_link *links;
		size_t n;

		if (!resource_is(item, "service") || !resource_has(item, "enabled", "true"))
			continue;
		int r = unit_index_install_links(
			l->index, resource_name(item->id), &links, &n, &why);
		/* What the state does not ship the host may have. */
		if (r < 0 && r != -ENOENT)
			lint_in(l, item->where.file, item->where.line, "enabled: true of %s: %s",
				resource_name(item->id), err_text(&why));
	}
}
