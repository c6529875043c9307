/*
 * What the system call filters of a process let it do: the installed programs are read from the
 * kernel and evaluated, for calls by name, on each ABI of the machine. seccomp(2), ptrace(2).
 * Called by the probe and by verify --ptrace.
 */
#ifndef L4SYNC_VERIFY_SECCOMP_H
#define L4SYNC_VERIFY_SECCOMP_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "l4sync/err.h"
#include "l4sync/mem.h"

/* A program of classic BPF that seccomp_valid() has accepted. */
struct seccomp_program {
	size_t n;
	const struct sock_filter *code; /* as it was given to the kernel */
};

/* Of one thread: what its process has at least. */
struct seccomp_filters {
	pid_t thread; /* which one was stopped: the one with the fewest */
	size_t n;     /* the oldest first; 0: it has none */
	struct seccomp_program *programs;
	uint64_t stopped_usec; /* how long it was stopped, at most */
};

/*
 * Stops one thread of a process, reads all of its programs, and lets it go on, whatever happens; a
 * call in which it is blocked may return early with EINTR. Does not stop one that has no filter.
 * Needs CAP_SYS_ADMIN and CAP_SYS_PTRACE of PID 1's user namespace and no filter of the caller's
 * own: -EACCES. -EPERM: the kernel refuses, or another process traces it; -ESRCH: it is gone;
 * -ETIMEDOUT: it did not stop in two seconds; -EOPNOTSUPP: strict mode, or this kernel cannot tell.
 * The caller must not be waiting for any child in another thread.
 */
int seccomp_read(struct arena *a, pid_t pid, struct seccomp_filters *ret, struct err *e);
/* Before anything is stopped, whether the caller could read any process: -EACCES, -EPERM. */
int seccomp_may_read(struct err *e);

/* What seccomp_check_filter() of the kernel accepts, and no more. */
bool seccomp_valid(const struct sock_filter *code, size_t n);

/* One of the ways in which programs call a kernel. */
struct seccomp_abi {
	const char *name;     /* as in SystemCallArchitectures=: "x86-64" */
	uint32_t token;       /* libseccomp's */
	uint32_t audit;       /* AUDIT_ARCH_*, what a filter sees */
	uint32_t first, last; /* numbers of calls: x32 has the audit value of x86-64 */
};

/* By name, or NULL; "native" is that of this program. */
const struct seccomp_abi *seccomp_abi_find(const char *name);
/* Which this machine's kernel may know, beginning with the native one; NULL when i is too high. */
const struct seccomp_abi *seccomp_abi_local(size_t i);

/* What is known of a call's arguments: of each the bits of mask, and these are as in value. */
struct seccomp_arguments {
	uint64_t mask[6], value[6];
};

enum seccomp_verdict {
	SECCOMP_ALLOWED,
	SECCOMP_DENIED,     /* an error, a signal or death instead of the call */
	SECCOMP_DEPENDS,    /* on its arguments, as far as they are not known */
	SECCOMP_SUPERVISED, /* a tracer or a listener decides */
	SECCOMP_INTRICATE,  /* too many ways through the programs to follow them all */
	SECCOMP_NO_CALL,    /* there is no such call on that ABI */
};

struct seccomp_answer {
	enum seccomp_verdict verdict;
	uint32_t action; /* SECCOMP_RET_*, the most restrictive that is possible */
	bool logged;     /* a line is written whenever it is allowed */
};

/*
 * A call by its name, known or not known arguments (NULL), by all programs together: the most
 * restrictive action counts. Where the ABI has two ways to it (socketcall and ipc of 32-bit x86),
 * the answer is of the one that is allowed more. The answer is never more certain than the programs
 * are: DENIED and ALLOWED are so for all arguments that are not known.
 */
enum seccomp_verdict seccomp_judge(const struct seccomp_filters *f, const struct seccomp_abi *abi,
	const char *name, const struct seccomp_arguments *known, struct seccomp_answer *ret);
/* The same of all calls of an ABI: DENIED if not a single one is let through. */
enum seccomp_verdict seccomp_judge_abi(
	const struct seccomp_filters *f, const struct seccomp_abi *abi, struct seccomp_answer *ret);
/* Names of all calls of an ABI that libseccomp knows, a NULL behind them; in the arena. */
size_t seccomp_calls(struct arena *a, const struct seccomp_abi *abi, const char ***ret);
/* Whether libseccomp knows a call of this name, on whatever ABI. */
bool seccomp_call_known(const char *name);

/* "denied (EPERM)", "allowed", "depends on its arguments (EPERM or allowed)". In the arena or
 * constant. */
const char *seccomp_words(struct arena *a, const struct seccomp_answer *answer);

#endif
