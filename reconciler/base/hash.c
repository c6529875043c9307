/*
 * SHA-256 and HMAC by nettle (hash.h).
 * Called by the canonical form, the plan id, the journal and the history.
 */
#include "l4sync/hash.h"

#include <nettle/hmac.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <string.h>

/* nettle 3 takes the digest's length, nettle 4 does not (nettle/version.h). */
#include <nettle/version.h>
#if NETTLE_VERSION_MAJOR >= 4
#define DIGEST(name, context, out) name##_digest((context), (out))
#else
#define DIGEST(name, context, out) name##_digest((context), HASH_SIZE, (out))
#endif

struct hash hash_sha256(const void *data, size_t size)
{
	struct sha256_ctx context;
	struct hash h;

	sha256_init(&context);
	sha256_update(&context, size, data);
	DIGEST(sha256, &context, h.bytes);
	return h;
}

struct hash hash_hmac(const unsigned char key[HASH_SIZE], const void *data, size_t size)
{
	struct hmac_sha256_ctx context;
	struct hash h;

	hmac_sha256_set_key(&context, HASH_SIZE, key);
	hmac_sha256_update(&context, size, data);
	DIGEST(hmac_sha256, &context, h.bytes);
	return h;
}

void hash_text(const struct hash *h, const char *scheme, char ret[HASH_TEXT_MAX])
{
	int n = snprintf(ret, HASH_TEXT_MAX, "%.11s:", scheme);

	for (size_t i = 0; i < HASH_SIZE; i++)
		snprintf(ret + n + 2 * i, 3, "%02x", h->bytes[i]);
}

bool hash_equal(const struct hash *a, const struct hash *b)
{
	return !memcmp(a->bytes, b->bytes, HASH_SIZE);
}
