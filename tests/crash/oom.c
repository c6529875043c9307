/*
 * Preloaded into a program, lets its allocations fail: OOM_AT=N the Nth alone, OOM_FROM=N it and
 * all that follow; OOM_COUNT=FILE appends how many there were to the file when the process ends.
 * Decides nothing else. Called by oom.test, through LD_PRELOAD.
 */
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

#define FRAMES 32

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t size);

static atomic_long count;
static long at, from;

/* Whose function it is; of the C library's, or one of this file, whose that called it. */
static const char *whose(uintptr_t code)
{
	void *frames[FRAMES];
	Dl_info own, object;
	const char *name = NULL;
	int n = backtrace(frames, FRAMES), i = 0;

	if (!dladdr((void *)code, &object) || !dladdr((void *)(uintptr_t)&count, &own))
		return "?";
	while (i < n && (uintptr_t)frames[i] != code)
		i++;
	for (; i < n && !name; i++)
		if (dladdr(frames[i], &object) && !strstr(object.dli_fname, "/libc.") &&
			object.dli_fbase != own.dli_fbase)
			name = object.dli_fname;
	return name ? name : object.dli_fname;
}

static void on_fault(int signal, siginfo_t *info, void *context)
{
	static const char text[] = "segmentation fault in ";
	const ucontext_t *c = context;
	const char *name = "?";
	uintptr_t code = 0, stack = 0;

#ifdef __x86_64__
	code = (uintptr_t)c->uc_mcontext.gregs[REG_RIP];
	stack = (uintptr_t)c->uc_mcontext.gregs[REG_RSP];
#elif defined(__aarch64__)
	code = (uintptr_t)c->uc_mcontext.pc;
	stack = (uintptr_t)c->uc_mcontext.sp;
#endif
	/* l4sync itself recurses nowhere; whose function finds the stack used up is chance. */
	if (stack - (uintptr_t)info->si_addr + 65536 < 131072)
		name = "used up stack";
	else
		name = whose(code);
	if (write(2, text, sizeof text - 1) < 0 || write(2, name, strlen(name)) < 0 ||
		write(2, "\n", 1) < 0)
		name = NULL;
	_exit(128 + signal);
}

/* On a stack of its own: what overflowed may be the stack. */
static void catch_faults(void)
{
	static char room[65536];
	const stack_t stack = {.ss_sp = room, .ss_size = sizeof room};
	const struct sigaction action = {
		.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};

	sigaltstack(&stack, NULL);
	sigaction(SIGSEGV, &action, NULL);
}

__attribute__((constructor)) static void begin(void)
{
	const char *one = getenv("OOM_AT"), *all = getenv("OOM_FROM");
	void *frame;

	backtrace(&frame, 1); /* the first call allocates */
	catch_faults();
	at = one ? atol(one) : 0;
	from = all ? atol(all) : 0;
}

/* printf() may allocate, and the counting is over. */
__attribute__((destructor)) static void end(void)
{
	const char *path = getenv("OOM_COUNT");
	int fd = path ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666) : -1;

	if (fd >= 0) {
		dprintf(fd, "%ld\n", atomic_load(&count));
		close(fd);
	}
}

static int fails(void)
{
	long n = atomic_fetch_add(&count, 1) + 1;

	if (n != at && (!from || n < from))
		return 0;
	errno = ENOMEM;
	return 1;
}

void *malloc(size_t size)
{
	return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
	return fails() ? NULL : __libc_calloc(n, size);
}

void *realloc(void *p, size_t size)
{
	return fails() ? NULL : __libc_realloc(p, size);
}
