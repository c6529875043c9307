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

void hash_hex(const struct hash *h, char ret[HASH_HEX_MAX])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < HASH_SIZE; i++) {
		ret[2 * i] = digits[h->bytes[i] >> 4];
		ret[2 * i + 1] = digits[h->bytes[i] & 15];
	}
	ret[2 * HASH_SIZE] = '\0';
}

static int digit_value(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool hash_from_hex(const char *hex, struct hash *ret)
{
	for (size_t i = 0; i < HASH_SIZE; i++) {
		int high = digit_value(hex[2 * i]);
		int low = high < 0 ? -1 : digit_value(hex[2 * i + 1]);

		if (low < 0)
			return false;
		ret->bytes[i] = (unsigned char)(high << 4 | low);
	}
	return true;
}

void hash_text(const struct hash *h, const char *scheme, char ret[HASH_TEXT_MAX])
{
	int n = snprintf(ret, HASH_TEXT_MAX - HASH_HEX_MAX + 1, "%.11s:", scheme);

	hash_hex(h, ret + n);
}

bool hash_equal(const struct hash *a, const struct hash *b)
{
	return !memcmp(a->bytes, b->bytes, HASH_SIZE);
}
