/*
 * Whether a system call is denied in a sandbox (probe.h): by what has come of it there, and by the
 * filters that the kernel has.
 * Makes no call. Called by questions.c.
 */
#include <errno.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probe_internal.h"
#include "talk.h"

#define PORT_MAX 65535
/* libseccomp has numbers from here on for what is a part of socketcall or ipc. */
#define PSEUDO_MIN (-1000)

bool probe_port_parse(const char *text, bool *ret_udp, unsigned *ret_port)
{
	bool is_udp = !strncmp(text, "udp:", 4);
	const char *digits = text + 4;
	size_t n = is_udp || !strncmp(text, "tcp:", 4) ? strspn(digits, "0123456789") : 0;

	if (!n || n > 5 || digits[n] || *digits == '0')
		return false;
	*ret_udp = is_udp;
	*ret_port = (unsigned)strtoul(digits, NULL, 10);
	return *ret_port <= PORT_MAX;
}

long trial_call_number(const struct seccomp_abi *abi, const char *name)
{
	int number = seccomp_syscall_resolve_name_arch(abi->token, name);

	if (number < 0)
		return number < -1 && number > PSEUDO_MIN ? TRIAL_CALL_PART : TRIAL_CALL_NONE;
	return (long)((uint32_t)number < abi->first ? (uint32_t)number + abi->first
						    : (uint32_t)number);
}

/* What came of it there, in words; NULL: it was not tried. */
static const char *tried_words(struct trial *t, const struct call_answer *x)
{
	if (!x->word || !strcmp(x->word, TALK_FORK))
		return NULL;
	if (!strcmp(x->word, TALK_ERRNO))
		return strerrorname_np(x->number) ? strerrorname_np(x->number)
						  : arena_printf(t->arena, "error %d", x->number);
	if (!strcmp(x->word, TALK_SIGNAL))
		return arena_printf(t->arena, "killed by SIG%s", sigabbrev_np(x->number));
	return "it was made";
}

static bool tried_is(const struct call_answer *x, const char *word, int number)
{
	return x->word && !strcmp(x->word, word) && x->number == number;
}

/* What a filter does; a lack of privileges looks the same. */
static bool looks_denied(const struct call_answer *x)
{
	return tried_is(x, TALK_SIGNAL, SIGSYS) || tried_is(x, TALK_ERRNO, EPERM) ||
	       tried_is(x, TALK_ERRNO, EACCES) || tried_is(x, TALK_ERRNO, ENOSYS);
}

static void tell_allowed(struct trial *t, const struct call_answer *x, const char *filters)
{
	const char *tried = tried_words(t, x);

	finding_add(t->untrue, "verify", "syscall-allowed", t->probe->unit,
		"%s is not denied (%s): %s%s%s%s", x->name, x->abi->name,
		filters ? "filters: " : "", filters ? filters : "", filters && tried ? "; " : "",
		tried ? arena_printf(t->arena, "tried there: %s", tried) : "");
}

void trial_judge_call(
	struct trial *t, const struct call_answer *x, const struct seccomp_filters *filters)
{
	struct seccomp_answer answer = {.verdict = SECCOMP_NO_CALL};

	if (filters && seccomp_judge(filters, x->abi, x->name, NULL, &answer) == SECCOMP_NO_CALL)
		return;
	/* Whatever the filters would do: this kernel has no such call. */
	if (tried_is(x, TALK_ERRNO, ENOSYS))
		return;
	if (filters) {
		bool was_made =
			x->word && (!strcmp(x->word, TALK_DONE) || !strcmp(x->word, TALK_LATE));

		if (answer.verdict != SECCOMP_DENIED || was_made)
			tell_allowed(t, x, seccomp_words(t->arena, &answer));
	} else if (tried_words(t, x)) {
		if (!looks_denied(x))
			tell_allowed(t, x, NULL);
	} else if (trial_call_number(x->abi, x->name) != TRIAL_CALL_NONE) {
		finding_add(t->untried, "verify", "sandbox-not-tried", t->probe->unit,
			"whether %s is denied (%s) could not be tried", x->name, x->abi->name);
	}
}
