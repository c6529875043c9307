/*
 * The program that a trial runs, as bytes: part of l4sync, so that there is no other version of it.
 * Called by files.c.
 */
#include "probe_internal.h"

/* The Makefile says where it was built; whoever only looks at this source has none. */
#ifdef L4SYNC_PROBE_PROGRAM
#define INCLUDE ".incbin \"" L4SYNC_PROBE_PROGRAM "\"\n"
#else
#define INCLUDE "\n"
#endif

__asm__(".section .rodata\n"
	".balign 16\n"
	".global probe_program, probe_program_size\n"
	"probe_program: " INCLUDE "1: .balign 8\n"
	"probe_program_size: .quad 1b - probe_program\n"
	".previous\n");
