/*
 * SHA-256 and HMAC-SHA-256 (nettle), and their text form.
 * Called by the canonical form, the plan id, the journal and the history.
 */
#ifndef L4SYNC_HASH_H
#define L4SYNC_HASH_H

#include <stdbool.h>
#include <stddef.h>

#define HASH_SIZE 32

struct hash {
	unsigned char bytes[HASH_SIZE];
};

/* "sha256:" or "hmac-sha256:", 64 hexadecimal digits, NUL */
#define HASH_TEXT_MAX (12 + 2 * HASH_SIZE + 1)

struct hash hash_sha256(const void *data, size_t size);

/* key: the host's key, HASH_SIZE bytes (history_key()). For the content of secret resources. */
struct hash hash_hmac(const unsigned char key[HASH_SIZE], const void *data, size_t size);

/* 64 lower-case hexadecimal digits, NUL */
#define HASH_HEX_MAX (2 * HASH_SIZE + 1)
void hash_hex(const struct hash *h, char ret[HASH_HEX_MAX]);
/* The reverse, from exactly 2 * HASH_SIZE characters; false if one is no such digit. */
bool hash_from_hex(const char *hex, struct hash *ret);

void hash_text(const struct hash *h, const char *scheme, char ret[HASH_TEXT_MAX]);
bool hash_equal(const struct hash *a, const struct hash *b);

#endif
