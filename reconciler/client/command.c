/*
 * The table of commands and flags (command.h), read as data.
 * Parses nothing and prints nothing.
 */
#include "l4sync/command.h"

#include <string.h>

#include "l4sync/mem.h"
#include "l4sync/request.h"
#include "l4sync/text.h"

enum {
	PLAN = 1 << 0,
	APPLY = 1 << 1,
	CHECK = 1 << 2,
	STATUS = 1 << 3,
	LOG = 1 << 4,
	SHOW = 1 << 5,
	ROLLBACK = 1 << 6,
	SERVE = 1 << 7,
	RECOVER = 1 << 8,
	WORKER = 1 << 9,
	CONFIRM = 1 << 10,
	DEADLINE = 1 << 11,
	EXPLAIN = 1 << 12,
	VERIFY = 1 << 13,
	LINT = 1 << 14,
	SECRET = 1 << 15,
	WRITES = APPLY | ROLLBACK,
	READS = PLAN | APPLY | EXPLAIN | LINT, /* the state */
	/* what can be done with a file tree */
	TREE = PLAN | APPLY | CHECK | STATUS | LOG | SHOW | EXPLAIN | LINT | ROLLBACK | CONFIRM |
	       SECRET,
	SHOWN = TREE | VERIFY,
	ALL = SHOWN | SERVE,
};

const struct command command_table[] = {
	{"plan", PLAN, "show what apply would change, and change nothing",
		"Pulls the state, compares it with the host and shows what differs: the changes "
		"with their origin, the effects in their order with the reason for each, what else "
		"should be known. Nothing is changed.\n"
		"Exit status 0: nothing differs; 2: something does; 7: only restarts that were put "
		"off are still to be done.",
		.markdown = true},
	{"apply", APPLY, "make the host match the state",
		"Shows the plan, asks, and applies it as one transaction: if a step fails, what "
		"was changed is put back. Then the result is recorded as a generation.\n"
		"With --heal it puts back what drifted from what was applied last, out of the "
		"history, and takes nothing new.\n"
		"Exit status 0: applied, or nothing to do; 1: nothing was changed; 2: healed, but "
		"for secrets, which no history keeps; 3: failed and rolled back; 4: failed and not "
		"wholly rolled back; 7: applied, and restarts were put off; 8: the connection was "
		"lost, "
		"ask status.",
		.writes = true},
	{"check", CHECK, "compare the host with what was applied last",
		"Compares the host with the newest generation. Nothing is pulled or changed.\n"
		"Exit status 0: as it was applied; 2: something drifted; 7: only restarts that "
		"were "
		"put off are still to be done.",
		.markdown = true},
	{"verify", VERIFY, "ask the kernel whether what runs has the settings declared for it",
		"Compares the settings that systemd has loaded for units that run with what the "
		"kernel enforces on their cgroup and each of their processes: credentials, "
		"limits, namespaces, mounts, cgroup values, filters, the environment. UNIT is a "
		"name or a glob of them; without one it is every unit of what was applied last, "
		"running instances of its templates included. No process is stopped, nothing is "
		"changed.\n"
		"With --ptrace it also reads which system calls the filters of each process let "
		"through. For that each is stopped for some milliseconds, and a call in which it "
		"waits may return early (EINTR): programs that do not expect that may stumble. How "
		"long each was stopped is told.\n"
		"What the kernel does not tell is counted as such, and does not hold. What a "
		"process may "
		"have changed itself is no failure, and shown with -v.\n"
		"Exit status 0: no setting is missing; 5: one is.",
		.argument = "[UNIT...]", .several = true},
	{"status", STATUS, "show the newest generation, the lock and what is pending",
		"Shows which generation the host is at, who holds the lock, whether an apply was "
		"interrupted, and what is pending. Changes nothing.",
		.markdown = false},
	{"log", LOG, "list the generations, newest first",
		"Lists the recorded applies, newest first: when, by whom, the outcome.",
		.markdown = false},
	{"show", SHOW, "show what a generation changed",
		"Shows a recorded apply: when, by whom, from which commits, with what outcome, and "
		"what it changed, with unified diffs. What was secret is not in the history.",
		.argument = "GEN"},
	{"explain", EXPLAIN, "show what a resource makes of units, and over what",
		"Shows where a resource of the state comes from, whether it differs, and each way "
		"from it to a unit: over links, and over the directive or restart_on that names "
		"it; what a change of it takes for the instances that run, and why; and the "
		"effects in their order, those of the plan if it differs now. If no unit is "
		"touched for it, it says why. Of a unit it shows the files that lead to it.\n"
		"RESOURCE is a name (file:/etc/x, /etc/x, nginx.service) or a glob of them; also "
		"the path of any file, and any unit, that the state does not have.\n"
		"Exit status 0: shown; 1: there is nothing of that name.",
		.argument = "RESOURCE"},
	{"lint", LINT, "find mistakes in the state, and hardening without effect",
		"Reads the state of a directory, the current one if none is named, and shows what "
		"in it has no effect, is refused, or does something else than it looks: each with "
		"file and line, the reason, what to write instead, and the manual page. No host is "
		"asked, so it says the same everywhere; a plan says in addition what the host does "
		"not have. With --root a file tree is looked at for that.\n"
		"A state that is for other hosts is read for the first that it names, or for the "
		"one of --host. What is right as it is can be silenced in the manifest, with the "
		"reason (lint:, l4sync-state(5)).\n"
		"Exit status 0: nothing was found; 2: something was; 65: the state is invalid.",
		.argument = "[DIR]", .markdown = true},
	{"secret", SECRET, "set, rotate or encrypt the value of a secret",
		"set NAME takes a value for a secret of the state from standard input, as when it "
		"is moved from somewhere else; on a terminal it asks for it. rotate NAME makes a "
		"new one of a secret that is generated. Either is stored on the host, and the next "
		"apply puts it into the files and restarts the units that read them.\n"
		"encrypt NAME takes a value the same way and prints it encrypted for this host "
		"(systemd-creds(1)): what secrets/NAME.cred of the state can hold.\n"
		"A value is never shown, and never part of a command line.\n"
		"Exit status 0: done; 1: nothing was changed.",
		.argument = "set|rotate|encrypt NAME", .several = true},
	{"rollback", ROLLBACK, "make the host match an earlier generation",
		"Goes back to what the generation GEN had applied, or to the one before the "
		"newest. It is planned, shown, asked about and applied as any change is, "
		"restarts included, and recorded as a new generation. The files of secrets are "
		"not in the history: they stay as they were applied last.\n"
		"The commit that is left behind is not applied again by apply --unattended, until "
		"the branch moves on.\n"
		"Exit status: as apply.",
		.writes = true, .argument = "[GEN]"},
	{"confirm", CONFIRM, "keep what apply --confirm has applied",
		"Says that the host can still be reached after an apply that has to be confirmed. "
		"NONCE is what that apply has shown. It must come over a new connection, and in "
		"time.\n"
		"Exit status 0: confirmed; 1: there is nothing to confirm, or it is too late.",
		.argument = "NONCE"},
	{"deadline", DEADLINE, NULL,
		"What keeps the deadline of apply --confirm, and rolls back when it is over.",
		.markdown = false},
	{"recover", RECOVER, NULL,
		"What l4sync-recover.service does at boot: an apply that was interrupted is put "
		"back, or finished if it was past its point of no return.",
		.writes = true},
	{"worker", WORKER, NULL, "What an apply runs in its service, as serve.", .markdown = false},
	{"serve", SERVE, NULL, "The far end of -H: requests on stdin, events on stdout.",
		.markdown = false},
	{0},
};

#define IN(member) offsetof(struct request, member)

const struct flag flag_table[] = {
	{NULL, 'H', "HOST", SHOWN, FLAG_TEXT, IN(remote),
		"run it on HOST over ssh, shown here; '' means here"},
	{"state", 0, "DIR", READS, FLAG_PATH, IN(state),
		"take the state from a directory, without git"},
	{"source", 0, "URL", READS, FLAG_SOURCE, IN(source),
		"take the state from this git repository"},
	{"ref", 0, "REF", READS, FLAG_TEXT, IN(ref), "branch, tag or commit of the source"},
	{"root", 0, "DIR", TREE, FLAG_PATH, IN(root),
		"act on a file tree instead of the live host"},
	{"host", 0, "NAME", TREE, FLAG_TEXT, IN(host), "with --root and lint: whose state to use"},
	{"only", 0, "SEL", PLAN | APPLY | CHECK | ROLLBACK, FLAG_ONLY, 0,
		"only these resources: a name (file:/etc/x, or /etc/x) or a glob of them; may be "
		"repeated"},
	{"yes", 'y', NULL, WRITES, FLAG_TRUE, IN(yes), "do not ask"},
	{"allow-removal", 0, NULL, PLAN | WRITES, FLAG_TRUE, IN(allow_removal),
		"accept a plan that the removal guard stops"},
	{"allow-rewind", 0, NULL, READS, FLAG_TRUE, IN(allow_rewind),
		"accept a commit that does not descend from the one applied last"},
	{"heal", 0, NULL, APPLY, FLAG_TRUE, IN(heal),
		"only put back what drifted from what was applied last; take nothing new"},
	{"unattended", 0, NULL, APPLY, FLAG_TRUE, IN(unattended),
		"as a timer does it: without asking, and not again what has failed or was rolled "
		"back"},
	{"confirm", 0, "TIME", WRITES, FLAG_TIME, IN(confirm),
		"roll back unless it is confirmed in that time, over a new connection"},
	{"defer", 0, NULL, WRITES, FLAG_TRUE, IN(defer),
		"put off all restarts: the next apply without this does them"},
	{"restart-busy", 0, NULL, WRITES, FLAG_TRUE, IN(restart_busy),
		"restart units that are busy too"},
	{"foreground", 0, NULL, WRITES, FLAG_TRUE, IN(foreground),
		"in this process, not in a service of its own: it ends with it"},
	{"ptrace", 0, NULL, VERIFY, FLAG_TRUE, IN(ptrace),
		"stop each process for a moment and read its system call filters"},
	{"lines", 'n', "N", LOG, FLAG_NUMBER, IN(lines), "at most N generations"},
	{"format", 0, "FORMAT", SHOWN, FLAG_FORMAT, 0, NULL},
	{"json", 0, NULL, SHOWN, FLAG_JSON, 0, "the same as --format json, see l4sync-json(5)"},
	{"color", 0, "[WHEN]", SHOWN, FLAG_COLOR, 0, "always, never or auto"},
	{"verbose", 'v', NULL, SHOWN, FLAG_VERBOSE, 0, "long diffs and lists whole, and notes"},
	{"quiet", 'q', NULL, SHOWN, FLAG_QUIET, 0, "only errors and the summary"},
	{"help", 'h', NULL, ALL, FLAG_HELP, 0, "this text"},
	{"version", 0, NULL, ALL, FLAG_VERSION, 0, "the version"},
	{0},
};

const struct command *command_find(const char *name)
{
	for (const struct command *c = command_table; c->name; c++)
		if (!strcmp(c->name, name))
			return c;
	return NULL;
}

const char *command_formats(const struct command *c)
{
	return !c || c->markdown ? "text, json or markdown" : "text or json";
}

const char *command_nearest(const char *name)
{
	const char *names[ELEMENTS(command_table)] = {0};
	size_t n = 0;

	for (const struct command *c = command_table; c->name; c++)
		if (c->summary)
			names[n++] = c->name;
	return text_nearest(name, names);
}

const char *flag_nearest(const char *name)
{
	const char *names[ELEMENTS(flag_table)] = {0};
	size_t n = 0;

	for (const struct flag *f = flag_table; f->name || f->letter; f++)
		if (f->name)
			names[n++] = f->name;
	return text_nearest(name, names);
}
