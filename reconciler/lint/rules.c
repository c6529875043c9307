/*
 * The table of lint rules, read as data: what is wrong with it, what to write instead, and the
 * manual page that says so (lint_internal.h; each code stands in l4sync-json(5)).
 * Finds nothing itself. Called by lint.c.
 */
#include "lint_internal.h"

#define EXEC "systemd.exec(5)"
#define SERVICE "systemd.service(5)"
#define UNIT "systemd.unit(5)"
#define CONTROL "systemd.resource-control(5)"

const struct lint_rule lint_table[] = {
	/* What systemd does not read. */
	{"section-unknown", LINT_LINE, lint_section_unknown,
		"systemd ignores a section that this type of unit does not have, with all that is "
		"in it",
		"write it into a section that it has", UNIT, false},
	{"directive-unknown", LINT_LINE, lint_directive_unknown,
		"systemd 257 has no such directive, and ignores the line with a warning in the "
		"journal",
		"write its name as the manual has it, or take it out", "systemd.directives(7)",
		false},
	{"directive-wrong-section", LINT_LINE, lint_directive_wrong_section,
		"systemd ignores it there", "move it", "systemd.directives(7)", false},
	{"directive-newer", LINT_LINE, lint_directive_newer, "the host ignores the line",
		"do not count on it there, or upgrade systemd first", "systemd.directives(7)",
		true},
	{"directive-outdated", LINT_LINE, lint_directive_outdated,
		"it is deprecated, and a later systemd ignores it", "write the new one", CONTROL,
		false},
	{"value-invalid", LINT_LINE, lint_value_invalid,
		"systemd cannot read the value, and ignores the line with a warning in the journal",
		"write a value that the manual has", "systemd.directives(7)", false},
	{"value-newer", LINT_LINE, lint_value_newer, "the host ignores the line",
		"write a value that it has, or upgrade systemd first", "systemd.directives(7)",
		true},
	{"dropin-name", LINT_FILE, lint_dropin_name,
		"a drop-in's name ends in .conf and does not begin with a dot", "rename it", UNIT,
		false},
	{"unit-name", LINT_FILE, lint_unit_name, "that is no name of a unit",
		"rename it: NAME.service, NAME.timer, …", UNIT, false},
	{"unit-file-mode", LINT_FILE, lint_unit_file_mode,
		"a unit file is not executable, nor writable for everybody: whoever can write it "
		"is root",
		"take the bits away in git, or say mode: 0644 under files:", UNIT, false},

	/* Hardening without effect. */
	{"socket-bind-allow-without-deny", LINT_UNIT, lint_socket_bind_allow,
		"what neither of them matches may be bound, so every port may",
		"add SocketBindDeny=any", CONTROL, false},
	{"ip-address-allow-without-deny", LINT_UNIT, lint_ip_address_allow,
		"what neither of them matches is allowed, so every address is",
		"add IPAddressDeny=any", CONTROL, false},
	{"private-users-without-user", LINT_UNIT, lint_private_users,
		"root is mapped to itself, so the service still owns every file that root owns",
		"add User= or DynamicUser=yes", EXEC, false},
	{"protect-system-undone", LINT_UNIT, lint_protect_system,
		"all that is below can be written again",
		"name the directories in it that are written to", EXEC, false},
	{"read-write-paths-read-only", LINT_UNIT, lint_read_only_still,
		"it stays read-only, for ProtectSystem= names the same path",
		"name the directories below it that are written to", EXEC, false},
	{"read-write-paths-without-effect", LINT_UNIT, lint_read_write_paths,
		"nothing in this unit makes a path read-only that this could make writable again",
		"add ProtectSystem=strict, or take it out", EXEC, false},
	{"filter-reset", LINT_UNIT, lint_filter_reset,
		"an empty assignment resets the list, and nothing is set again behind it",
		"take it out, or set it anew", EXEC, false},
	{"dynamic-user-implies", LINT_UNIT, lint_dynamic_user,
		"DynamicUser=yes implies it, and this cannot turn it off",
		"take it out, or use User= with a user of sysusers.d", EXEC, false},
	{"exec-start-privileged", LINT_UNIT, lint_exec_privileged,
		"the prefix + takes user, capabilities, filters and file system protection away "
		"from "
		"this command",
		"take the + out, or do what needs root in ExecStartPre=+", SERVICE, false},
	{"ambient-outside-bounding-set", LINT_UNIT, lint_ambient_capabilities,
		"a process cannot have what is outside of its bounding set, and is started without "
		"it",
		"add them there too, or take them out", EXEC, false},
	{"native-with-32-bit-program", LINT_UNIT, lint_native_32_bit,
		"its system calls are those of another architecture, and kill it",
		"write SystemCallArchitectures=native x86", EXEC, false},
	{"notify-without-unix", LINT_UNIT, lint_notify_without_unix,
		"readiness is told over a socket of AF_UNIX, so the start times out", "add AF_UNIX",
		EXEC, false},
	{"private-tmp-hides", LINT_UNIT, lint_private_tmp,
		"the service has a directory of its own there, and it is empty",
		"keep it elsewhere, or bind it with BindPaths=", EXEC, false},
	{"protect-home-hides", LINT_UNIT, lint_protect_home,
		"the directory is empty for the service",
		"keep it elsewhere, bind it with BindReadOnlyPaths=, or write "
		"ProtectHome=read-only",
		EXEC, false},
	{"sudo-in-exec", LINT_UNIT, lint_sudo_in_exec, "sudo cannot become root with that",
		"use the prefix + for what needs root, or take that setting out", EXEC, false},
	{"sudo-of-user", LINT_FILE, lint_sudo_of_user,
		"no unit of that user in the state can make use of it",
		"take that setting out, or the rule", "sudoers(5)", false},

	/* What systemd refuses, or does otherwise than it looks. */
	{"exec-start-none", LINT_UNIT, lint_exec_start_none,
		"systemd refuses a service without ExecStart=, ExecStop= and SuccessAction=",
		"add ExecStart=", SERVICE, false},
	{"exec-start-twice", LINT_UNIT, lint_exec_start_twice,
		"systemd refuses the unit; a drop-in adds a command, it does not replace it",
		"put an empty ExecStart= before it in the drop-in", SERVICE, false},
	{"exec-relative", LINT_LINE, lint_exec_relative,
		"systemd takes an absolute path, or a name without a slash", "write the whole path",
		SERVICE, false},
	{"exec-not-executable", LINT_LINE, lint_exec_not_executable,
		"it cannot be executed (203/EXEC)",
		"git update-index --chmod=+x, or mode: 0755 under files:", SERVICE, false},
	{"oneshot-restart", LINT_UNIT, lint_oneshot_restart, "systemd refuses the unit",
		"write Restart=on-failure, or use a timer", SERVICE, false},
	{"dbus-without-name", LINT_UNIT, lint_dbus_without_name, "systemd refuses the unit",
		"add BusName=", SERVICE, false},
	{"forking-without-pid-file", LINT_UNIT, lint_forking_without_pid_file,
		"systemd has to guess the main process, and takes the wrong one if there are "
		"several",
		"add PIDFile=, or let it run in the foreground with Type=exec or notify", SERVICE,
		false},
	{"watchdog-without-restart", LINT_UNIT, lint_watchdog_without_restart,
		"the watchdog kills the service, and nothing starts it again",
		"add Restart=on-watchdog or on-failure", SERVICE, false},
	{"kill-mode-none", LINT_LINE, lint_kill_mode_none,
		"processes outlive the unit, with its old settings, and systemd does not see them; "
		"it is "
		"deprecated",
		"write mixed, or control-group", "systemd.kill(5)", false},
	{"memory-high-above-max", LINT_UNIT, lint_memory_high,
		"the kernel kills before it begins to throttle",
		"write a MemoryHigh= below MemoryMax=", CONTROL, false},
	{"network-online-not-wanted", LINT_UNIT, lint_network_online,
		"After= alone does not start the target, so nothing waits for the network",
		"add Wants=network-online.target", "systemd.special(7)", false},
	{"timer-empty", LINT_UNIT, lint_timer_empty, "systemd refuses the unit",
		"add OnCalendar=", "systemd.timer(5)", false},
	{"cannot-enable", LINT_STATE, lint_cannot_enable, "an apply refuses it",
		"mend the unit, or take enabled: true out", "systemctl(1)", false},

	/* What is named and not there. */
	{"exec-missing", LINT_UNIT, lint_exec_missing,
		"neither the state nor the host has that program, and the start fails with "
		"203/EXEC",
		"ship it, or see to it that it is there before", SERVICE, true},
	{"bound-path-missing", LINT_UNIT, lint_bound_path_missing,
		"neither the state nor the host has that path, and the start fails with "
		"226/NAMESPACE",
		"make it with tmpfiles.d, or put a - before it", EXEC, true},
	{"environment-file-missing", LINT_UNIT, lint_environment_file_missing,
		"neither the state nor the host has that file, and the start fails",
		"ship it, or put a - before it", EXEC, true},
	{"working-directory-missing", LINT_UNIT, lint_working_directory_missing,
		"neither the state nor the host has that directory, and the start fails with "
		"200/CHDIR",
		"make it with tmpfiles.d, or put a - before it", EXEC, true},
	{"user-missing", LINT_UNIT, lint_user_missing,
		"neither the state nor the host has that user, and the start fails with 217/USER",
		"ship it in sysusers.d", EXEC, true},
	{"timer-unit-missing", LINT_UNIT, lint_timer_unit_missing,
		"neither the state nor the host has that unit",
		"ship it, or say Unit=", "systemd.timer(5)", true},
	{"dropin-without-unit", LINT_FILE, lint_dropin_without_unit,
		"neither the state nor the host has that unit", "name the directory after the unit",
		UNIT, true},

	{"unknown-unit", LINT_STATE, lint_unknown_unit,
		"no unit of that name is known, and what this entry says is never looked at",
		"write the name of a unit, as systemctl has it", "l4sync-state(5)", false},

	/* Secrets, and files that others refuse. */
	{"environment-secret", LINT_LINE, lint_environment_secret,
		"everybody on the host can read it, with systemctl show or in the file",
		"use LoadCredential=, or EnvironmentFile= with mode 0640 and secret: true", EXEC,
		false},
	{"environment-file-readable", LINT_UNIT, lint_environment_file_readable,
		"everybody on the host can read it",
		"say mode: 0640 and secret: true under files:", EXEC, false},
	{"looks-encrypted", LINT_FILE, lint_looks_encrypted,
		"it would be shipped as it is, and nothing decrypts it on the host",
		"decrypt it before, or keep it out of the tree", "l4sync-state(5)", false},
	{"looks-templated", LINT_FILE, lint_looks_templated,
		"it would be shipped as it is, for only a file named .tmpl is filled in",
		"rename it to NAME.tmpl", "l4sync-state(5)", false},
	{"sudoers-mode", LINT_FILE, lint_sudoers_mode,
		"visudo refuses any other mode than 0440, and sudo one that others can write",
		"say mode: 0440 under files:", "sudoers(5)", false},
	{"sudoers-ignored", LINT_FILE, lint_sudoers_ignored,
		"in that directory it passes over names with a dot, or a ~ at the end", "rename it",
		"sudoers(5)", false},

	/* Behind all others, for it says nothing again. */
	{"systemd-analyze", LINT_STATE, lint_systemd_analyze,
		"the unit is not what it looks like, or is not loaded at all", "mend it",
		"systemd-analyze(1)", false},
	{0},
};
