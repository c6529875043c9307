/* Between the files of secrets/ and the verb. */
#ifndef L4SYNC_SECRETS_VALUES_H
#define L4SYNC_SECRETS_VALUES_H

#include "l4sync/secrets.h"

/* The parts of what is stored: where it is from (in the arena; NULL: it is nothing of the kind),
 * and the value (points into it). */
const char *stored_from(struct arena *a, const struct content *stored);
void stored_value(const struct content *stored, const char **ret, size_t *ret_size);

/* What an encrypted credential holds, as it is to be stored. -EKEYREJECTED with systemd-creds' own
 * words. */
int credential_decrypt(struct arena *a, const char *name, const struct content *encrypted,
	const struct content **ret_to_store, struct err *e);
/* A value, encrypted for this host under the name of the secret: text, in the arena. */
int credential_encrypt(struct arena *a, const char *name, const void *value, size_t size,
	const char **ret, struct err *e);

#endif
