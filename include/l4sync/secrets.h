/*
 * Secrets on the host: where their values are, how they are made, and how they come into the files
 * that name them (SPEC 2, 7). Root's side alone: the reader never sees a value.
 * Called by the module secret, after a state was read, and by the verb secret.
 */
#ifndef L4SYNC_SECRETS_H
#define L4SYNC_SECRETS_H

#include <stdbool.h>

#include "l4sync/err.h"
#include "l4sync/host.h"
#include "l4sync/resources.h"
#include "l4sync/txn.h"

/* One file each, root's alone: a line "l4sync-secret 1 FROM", then the value. FROM: "generated",
 * "set", or "credential sha256:HEX" of the encrypted file that it was in. */
#define SECRETS_DIR STATE_DIR "/secrets"

#define SECRET_SIZE_MAX (1u << 20) /* bytes, as systemd-creds has it */
#define SECRET_BYTES_MIN 16
#define SECRET_BYTES_MAX 1024

/* Letters, digits and _, not beginning with a digit. */
bool secret_name_valid(const char *name);
/* "base64:32", "base64url:32", "hex:32": random bytes; "alnum:32": letters and digits. */
bool secret_spec_valid(const char *spec);

/* What is stored, whole; *ret NULL: nothing. In the arena. */
int secret_stored(struct host *h, struct arena *a, const char *name, const struct content **ret,
	struct err *e);
/* As it is to be stored. from: "generated" or "set". */
const struct content *secret_to_store(
	struct arena *a, const char *from, const void *value, size_t size);
/* A new value by a valid spec. */
int secret_generate(
	struct arena *a, const char *spec, const struct content **ret_to_store, struct err *e);

/*
 * The values of all secrets of a want that the reader has made, and of the files that name them:
 * what is stored; else what a live file has at the secret's place; else a new one, which is kept
 * only in memory until an apply stores it, and whose content is marked as fresh. Credentials are
 * decrypted by systemd-creds, once for each encrypted file. -EKEYREJECTED: not for this host.
 * Without a live host what would have to be decrypted stays unknown.
 */
int secrets_fill(struct host *h, struct arena *a, struct resources *want, struct err *e);

#endif
