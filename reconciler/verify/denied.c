/*
 * Whether the filters of processes let through what the state says is denied (denied.h).
 * Reads no process. Called by rules.c.
 */
#include "denied.h"

#include <string.h>

#include "seccomp.h"

#define KEY "syscalls_denied"

struct judged {
	const struct truth_unit *unit;
	const struct truth_read *process;
	struct findings *findings;
	size_t *n;
};

#define ABIS 3 /* of a machine, at most */

/* "allowed on x86-64, x32; depends on its arguments (EPERM at most) on x86"; "": on none. */
static const char *made_on(struct arena *a, const struct seccomp_filters *filters, const char *name)
{
	const char *said[ABIS] = {0};
	_cleanup_buf_ struct buf b = BUF_INIT;

	for (size_t i = 0; i < ABIS && seccomp_abi_local(i); i++) {
		struct seccomp_answer answer;
		enum seccomp_verdict v =
			seccomp_judge(filters, seccomp_abi_local(i), name, NULL, &answer);

		if (v != SECCOMP_DENIED && v != SECCOMP_NO_CALL)
			said[i] = seccomp_words(a, &answer);
	}
	for (size_t i = 0; i < ABIS; i++) {
		if (!said[i])
			continue;
		buf_addf(&b, "%s%s on %s", b.size ? "; " : "", said[i], seccomp_abi_local(i)->name);
		for (size_t k = i + 1; k < ABIS; k++)
			if (said[k] && !strcmp(said[i], said[k])) {
				buf_addf(&b, ", %s", seccomp_abi_local(k)->name);
				said[k] = NULL;
			}
	}
	return b.size ? arena_strdup(a, b.data) : "";
}

static void judge_call(struct judged *j, const char *name)
{
	const struct truth_read *p = j->process;
	const char *made = made_on(j->findings->arena, p->filters, name);

	if (!*made)
		return;
	finding_add(j->findings, "verify", "syscall-allowed", j->unit->unit,
		"the system call %s should be denied, but %s in process %d (%s) %s: %s", name,
		p->filters->n ? "the filters" : "nothing", p->pid, p->process,
		p->filters->n ? "say" : "filters", made);
	(*j->n)++;
}

static void judge_process(struct judged *j, const struct resource *rules)
{
	const struct truth_read *p = j->process;

	if (!p->filters) {
		finding_add(j->findings, "verify", "syscall-allowed", j->unit->unit,
			"what is in " KEY " could not be looked for: %s", p->unread);
		(*j->n)++;
		return;
	}
	for (size_t i = 0; i < rules->n_attrs; i++)
		if (!strcmp(rules->attrs[i].key, KEY))
			judge_call(j, rules->attrs[i].value);
}

void denied_judge(const struct truth_unit *u, const struct resource *rules, bool all,
	struct findings *f, size_t *ret_n)
{
	struct judged j = {.unit = u, .findings = f, .n = ret_n};

	if (!resource_get(rules, KEY))
		return;
	if (!u->ptrace && all)
		finding_add(f, "unsupported", "not-looked-at", u->unit,
			KEY " was not looked at: the kernel shows the filters of a process only "
			    "while it is stopped, which verify --ptrace does");
	for (size_t i = 0; i < u->n_read; i++) {
		j.process = &u->read[i];
		judge_process(&j, rules);
	}
}
