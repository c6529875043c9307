/*
 * Arenas, the growing buffer, allocation that aborts (mem.h).
 * Never returns NULL for want of memory. Called by everything.
 */
#include "l4sync/mem.h"

#include <stdio.h>
#include <string.h>

#define CHUNK_SIZE ((size_t)64 << 10)
#define ALIGN _Alignof(max_align_t)

struct chunk {
	struct chunk *next;
	size_t size, used;
	max_align_t data[];
};

struct arena {
	struct chunk *chunks; /* the newest is filled first */
};

__attribute__((noreturn)) static void out_of_memory(void)
{
	static const char text[] = "l4sync: out of memory\n";
	ssize_t ignored = write(2, text, sizeof text - 1);

	(void)ignored;
	abort();
}

void *xmalloc(size_t size)
{
	void *p = malloc(size ? size : 1);

	if (!p)
		out_of_memory();
	return p;
}

void *xrealloc(void *p, size_t size)
{
	p = realloc(p, size ? size : 1);
	if (!p)
		out_of_memory();
	return p;
}

char *xstrdup(const char *s)
{
	size_t size = strlen(s) + 1;

	return memcpy(xmalloc(size), s, size);
}

void *grow(void *items, size_t *cap, size_t n, size_t size)
{
	if (n < *cap)
		return items;
	if (__builtin_mul_overflow(*cap, 2, cap))
		out_of_memory();
	if (*cap < 8)
		*cap = 8;
	size_t bytes;
	if (__builtin_mul_overflow(*cap, size, &bytes))
		out_of_memory();
	return xrealloc(items, bytes);
}

struct arena *arena_new(void)
{
	struct arena *a = xmalloc(sizeof *a);

	a->chunks = NULL;
	return a;
}

void arena_free(struct arena *a)
{
	if (!a)
		return;
	while (a->chunks) {
		struct chunk *next = a->chunks->next;

		free(a->chunks);
		a->chunks = next;
	}
	free(a);
}

void arena_freep(struct arena **a)
{
	arena_free(*a);
	*a = NULL;
}

static struct chunk *chunk_new(size_t size)
{
	size_t bytes;

	if (__builtin_add_overflow(size, sizeof(struct chunk), &bytes))
		out_of_memory();
	struct chunk *c = xmalloc(bytes);
	c->size = size;
	c->used = 0;
	return c;
}

void *arena_alloc(struct arena *a, size_t size)
{
	struct chunk *c = a->chunks;

	if (__builtin_add_overflow(size, ALIGN - 1, &size))
		out_of_memory();
	size &= ~(ALIGN - 1);
	if (size > CHUNK_SIZE / 4) {
		/* A chunk of its own, behind the one that is being filled. */
		struct chunk *own = chunk_new(size);
		struct chunk **at = c ? &c->next : &a->chunks;

		own->used = size;
		own->next = *at;
		*at = own;
		return memset(own->data, 0, size);
	}
	if (!c || c->size - c->used < size) {
		c = chunk_new(CHUNK_SIZE);
		c->next = a->chunks;
		a->chunks = c;
	}
	void *p = (char *)c->data + c->used;
	c->used += size;
	return memset(p, 0, size);
}

void *arena_array_size(struct arena *a, size_t size, size_t n)
{
	size_t bytes;

	if (__builtin_mul_overflow(size, n, &bytes))
		out_of_memory();
	return arena_alloc(a, bytes);
}

void *arena_memdup(struct arena *a, const void *data, size_t size)
{
	char *p = arena_alloc(a, size + 1);

	if (size)
		memcpy(p, data, size);
	return p;
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
	return arena_memdup(a, s, strnlen(s, n));
}

char *arena_strdup(struct arena *a, const char *s)
{
	return s ? arena_memdup(a, s, strlen(s)) : NULL;
}

char *arena_vprintf(struct arena *a, const char *format, va_list ap)
{
	va_list again;

	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, format, ap);
	if (n < 0)
		out_of_memory();
	char *p = arena_alloc(a, (size_t)n + 1);
	vsnprintf(p, (size_t)n + 1, format, again);
	va_end(again);
	return p;
}

char *arena_printf(struct arena *a, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	char *p = arena_vprintf(a, format, ap);
	va_end(ap);
	return p;
}

void buf_free(struct buf *b)
{
	free(b->data);
	*b = BUF_INIT;
}

static void buf_reserve(struct buf *b, size_t more)
{
	size_t need;

	if (__builtin_add_overflow(b->size, more, &need) || __builtin_add_overflow(need, 1, &need))
		out_of_memory();
	if (need <= b->cap)
		return;
	size_t cap = b->cap ? b->cap : 256;
	while (cap < need)
		if (__builtin_mul_overflow(cap, 2, &cap))
			out_of_memory();
	b->data = xrealloc(b->data, cap);
	b->cap = cap;
}

void buf_add(struct buf *b, const void *data, size_t size)
{
	buf_reserve(b, size);
	if (size)
		memcpy(b->data + b->size, data, size);
	b->size += size;
	b->data[b->size] = '\0';
}

void buf_adds(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void buf_addc(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void buf_addf(struct buf *b, const char *format, ...)
{
	va_list ap, again;

	va_start(ap, format);
	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, format, ap);
	va_end(ap);
	if (n < 0)
		out_of_memory();
	buf_reserve(b, (size_t)n);
	vsnprintf(b->data + b->size, (size_t)n + 1, format, again);
	va_end(again);
	b->size += (size_t)n;
}
