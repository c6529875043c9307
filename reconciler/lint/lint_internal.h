/* Between the files of this folder: what a rule is, what it is given, what it may ask. */
#ifndef L4SYNC_LINT_INTERNAL_H
#define L4SYNC_LINT_INTERNAL_H

#include "l4sync/lint.h"
#include "l4sync/unit_meaning.h"

/* An assignment of a unit's files, in systemd's order. */
struct lint_line {
	const char *section, *key, *value;
	const char *file; /* of the state; NULL: of a file that the state does not have */
	unsigned line;
	unsigned nth_file; /* which of the unit's files it stands in, from 0 */
};

struct lint_unit {
	const char *name; /* of type-wide drop-ins the type: "service" */
	const char *type; /* "service" */
	/* All files are known: what no line says is not said. Else there are lines only. */
	bool whole;
	bool alone; /* the lines of one drop-in: its unit is not known */
	size_t n_lines;
	struct lint_line *lines;
	size_t n_settings;
	struct setting *settings;
	const struct resource *policy; /* service:NAME, or NULL */
};

/* What a rule looks at. */
struct lint_subject {
	const struct lint_unit *unit;
	const struct lint_line *line;
	const struct resource *file; /* whose content is at hand, unless it is a link */
};

struct lint;

enum lint_scope {
	LINT_LINE, /* each assignment of the state in unit files: unit, line */
	LINT_UNIT, /* each unit that the state has files of, all of which are known: unit */
	LINT_FILE, /* each file and link that is shipped: file */
	LINT_STATE,
};

struct lint_rule {
	const char *code;
	enum lint_scope scope;
	void (*look)(struct lint *l, const struct lint_subject *s);
	const char *why;     /* behind what the function reports, and a colon */
	const char *instead; /* what to write; NULL: the function says so */
	const char *source;  /* a manual page */
	bool needs_host;     /* it cannot tell without one */
};

extern const struct lint_rule lint_table[]; /* ends with a NULL code */

/* Where a rule has found something, silenced or not. */
struct lint_place {
	const struct lint_rule *rule;
	const char *file;
	unsigned line;
};

struct lint_ignoring {
	struct lint_ignore said;
	bool used;
};

struct lint {
	const struct lint_job *job;
	struct arena *arena;
	struct unit_index *index;
	unsigned systemd_version; /* of the host; 0: unknown */
	size_t n_units;
	struct lint_unit *units;
	const struct lint_rule *rule; /* whose turn it is */
	size_t n_ignoring;
	struct lint_ignoring *ignoring;
	size_t n_silenced;
	size_t n_said, cap_said;
	struct lint_place *said; /* malloc'd */
	struct complaints complaints;
	bool analyzed; /* of all units of the state */
	struct findings *findings;
	struct err *e;
};

/* lint.c: a finding of the rule whose turn it is: at a line (left out if it is not the state's), at
 * a line of a file of the state (0: the file as a whole). */
void lint_at(struct lint *l, const struct lint_line *at, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void lint_in(struct lint *l, const char *file, unsigned line, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* units.c */
int lint_units(struct lint *l); /* fills units */
/* A setting of [Service] and the like that has assignments, or NULL. */
const struct setting *lint_setting(const struct lint_unit *u, const char *section, const char *key);
/* What it means as one word, also without an assignment; NULL: none, a list, or not sure. */
const char *lint_value(
	struct lint *l, const struct lint_unit *u, const char *section, const char *key);
bool lint_is(struct lint *l, const struct lint_unit *u, const char *key, const char *value);
/* Where the i-th assignment that counts stands, or NULL; where the last one of a key does. */
const struct lint_line *lint_line_of(const struct lint_unit *u, const struct setting *s, size_t i);
const struct lint_line *lint_last(const struct lint_unit *u, const char *section, const char *key);
/* Whether its processes run as another user than root. */
bool lint_has_user(struct lint *l, const struct lint_unit *u);

/* Commands of ExecStart= and the like. */
struct lint_command {
	char prefixes[8];
	const char *program;  /* without them */
	const char *argument; /* the next word, or NULL */
};
bool lint_command_of(struct lint *l, const char *value, struct lint_command *ret);
bool lint_has_prefix(const struct lint_command *c, char prefix);

/* paths.c */
bool lint_is_below(const char *path, const char *directory); /* or the directory itself */
const struct resource *lint_shipped(const struct lint *l, const char *path); /* not a dir: */
/* Whether neither the state nor the host has something at a path, which is absolute. False where
 * that cannot be told. */
bool lint_is_missing(struct lint *l, const char *path);
bool lint_user_is_missing(struct lint *l, const char *user);
/* Whether the state makes that user, and without a shell to log in with. */
bool lint_user_is_service(struct lint *l, const char *user);
/* The first bytes of a file of the state or the host; 0: unknown. */
size_t lint_head(struct lint *l, const char *path, void *ret, size_t size);
/* Calls each for the words of each line of a configuration file, up to n_max of them. */
void lint_config_lines(struct lint *l, const struct content *c, size_t n_max,
	void (*each)(const char *const *words, size_t n, unsigned line, void *u), void *userdata);

/* analyze.c: asks systemd-analyze of all units; why it could not, or NULL. */
const char *lint_ask_analyze(struct lint *l, struct complaints *ret);

/* versions.c */
unsigned lint_host_version(struct lint *l);
/* The first version of systemd that knows it; 0: 252 does. value NULL: the directive itself. */
unsigned lint_known_since(const char *key, const char *value);

/* Whether a name promises something that is not for everybody: "SECRET_KEY". */
bool lint_is_secret_name(const char *name, size_t n);

/* The rules, by what they look at; lint_table says what each finds. */
#define RULE(name) void lint_##name(struct lint *l, const struct lint_subject *s)
/* rules_syntax.c */
RULE(section_unknown);
RULE(directive_unknown);
RULE(directive_wrong_section);
RULE(directive_newer);
RULE(directive_outdated);
RULE(value_invalid);
RULE(value_newer);
/* rules_sandbox.c */
RULE(socket_bind_allow);
RULE(ip_address_allow);
RULE(private_users);
RULE(protect_system);
RULE(read_only_still);
RULE(read_write_paths);
RULE(filter_reset);
RULE(dynamic_user);
RULE(exec_privileged);
RULE(ambient_capabilities);
RULE(native_32_bit);
RULE(notify_without_unix);
RULE(private_tmp);
RULE(protect_home);
/* rules_sudo.c */
RULE(sudo_in_exec);
RULE(sudo_of_user);
/* rules_service.c */
RULE(exec_start_none);
RULE(exec_start_twice);
RULE(oneshot_restart);
RULE(dbus_without_name);
RULE(forking_without_pid_file);
RULE(watchdog_without_restart);
RULE(kill_mode_none);
RULE(memory_high);
RULE(network_online);
RULE(timer_empty);
RULE(cannot_enable);
/* rules_paths.c */
RULE(exec_relative);
RULE(exec_not_executable);
RULE(exec_missing);
RULE(bound_path_missing);
RULE(environment_file_missing);
RULE(working_directory_missing);
RULE(user_missing);
RULE(timer_unit_missing);
RULE(dropin_without_unit);
RULE(unknown_unit);
/* rules_files.c */
RULE(environment_secret);
RULE(environment_file_readable);
RULE(looks_encrypted);
RULE(looks_templated);
RULE(sudoers_mode);
RULE(sudoers_ignored);
RULE(unit_file_mode);
RULE(dropin_name);
RULE(unit_name);
/* analyze.c */
RULE(systemd_analyze);
#undef RULE

#endif
