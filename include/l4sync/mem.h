/*
 * Memory: arenas for what a run is made of, a growing byte buffer, cleanup attributes.
 * Allocation never returns NULL: when memory runs out the process says so and aborts, and what a
 * writing run had begun is put back from its journal.
 * Called by everything.
 */
#ifndef L4SYNC_MEM_H
#define L4SYNC_MEM_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

struct arena; /* everything in it is freed together */

struct arena *arena_new(void);
void arena_free(struct arena *a); /* NULL is allowed */
void arena_freep(struct arena **a);
#define _cleanup_arena_ __attribute__((cleanup(arena_freep)))

/* size bytes, zeroed, aligned for any type. */
void *arena_alloc(struct arena *a, size_t size);
#define arena_new_of(a, type) ((type *)arena_alloc((a), sizeof(type)))
#define arena_array(a, type, n) ((type *)arena_array_size((a), sizeof(type), (n)))
void *arena_array_size(struct arena *a, size_t size, size_t n);

char *arena_strdup(struct arena *a, const char *s); /* NULL gives NULL */
char *arena_strndup(struct arena *a, const char *s, size_t n);
void *arena_memdup(struct arena *a, const void *data, size_t size); /* a NUL is put behind it */
char *arena_printf(struct arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));
char *arena_vprintf(struct arena *a, const char *format, va_list ap);

/* malloc and friends that abort instead of returning NULL. */
void *xmalloc(size_t size);
void *xrealloc(void *p, size_t size);
char *xstrdup(const char *s);

/*
 * Grows *items (malloc'd, capacity *cap) so that one more element of size bytes fits behind n.
 * Use: items = grow(items, &cap, n, sizeof *items).
 */
void *grow(void *items, size_t *cap, size_t n, size_t size);

/* A growing byte string. data is NUL-terminated behind size bytes once anything was added. */
struct buf {
	char *data;
	size_t size;
	size_t cap;
};

#define BUF_INIT ((struct buf){0})
#define _cleanup_buf_ __attribute__((cleanup(buf_free)))
void buf_free(struct buf *b);
void buf_add(struct buf *b, const void *data, size_t size);
void buf_adds(struct buf *b, const char *s);
void buf_addc(struct buf *b, char c);
void buf_addf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

static inline void freep_(void *p)
{
	free(*(void **)p);
}
#define _cleanup_free_ __attribute__((cleanup(freep_)))

static inline void closep_(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}
#define _cleanup_close_ __attribute__((cleanup(closep_)))

#define TAKE_PTR(p)                                                                                \
	__extension__({                                                                            \
		__typeof__(p) taken_ = (p);                                                        \
		(p) = NULL;                                                                        \
		taken_;                                                                            \
	})
#define TAKE_FD(fd)                                                                                \
	__extension__({                                                                            \
		int taken_ = (fd);                                                                 \
		(fd) = -1;                                                                         \
		taken_;                                                                            \
	})

#define ELEMENTS(array) (sizeof(array) / sizeof((array)[0]))

#endif
