/* Programs that libseccomp makes, for the tests of filters. */
#ifndef L4SYNC_TESTS_SECCOMP_PROGRAMS_H
#define L4SYNC_TESTS_SECCOMP_PROGRAMS_H

#include <check.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../reconciler/verify/seccomp.h"

/* A program of libseccomp's as it loads it. */
static inline struct seccomp_program export(struct arena *a, scmp_filter_ctx c)
{
	int fd = memfd_create("bpf", MFD_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(seccomp_export_bpf(c, fd), 0);
	off_t size = lseek(fd, 0, SEEK_END);
	struct sock_filter *code = arena_alloc(a, (size_t)size);
	ck_assert_int_eq(pread(fd, code, (size_t)size, 0), size);
	close(fd);
	ck_assert(seccomp_valid(code, (size_t)size / sizeof *code));
	return (struct seccomp_program){(size_t)size / sizeof *code, code};
}

#endif
