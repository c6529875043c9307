/*
 * Encrypted credentials, by systemd-creds(1) (values.h): values go through pipes only.
 * Called by fill.c and the verb secret.
 */
#include <errno.h>
#include <string.h>

#include "l4sync/program.h"

#include "values.h"

#define TIMEOUT_S 60 /* a TPM takes its time */

static int creds(struct arena *a, const char *verb, const char *name, const void *input,
	size_t size, bool with_errors, struct buf *output, struct program_end *end, struct err *e)
{
	const char *const argv[] = {
		"systemd-creds", verb, arena_printf(a, "--name=%s", name), "-", "-", NULL};
	const struct program p = {
		.argv = argv,
		.input = input,
		.input_size = size,
		.with_errors = with_errors,
		.output_max = 2 * SECRET_SIZE_MAX,
		.timeout_s = TIMEOUT_S,
	};

	return program_run(&p, output, end, e);
}

/* Once more, for the words: what fails has no value to show. */
static const char *why(
	struct arena *a, const char *verb, const char *name, const void *input, size_t size)
{
	_cleanup_buf_ struct buf words = BUF_INIT;
	struct program_end end;

	if (creds(a, verb, name, input, size, true, &words, &end, NULL) < 0 || !words.size ||
		program_succeeded(&end))
		return "systemd-creds does not say why";
	return program_last_lines(a, words.data);
}

int credential_decrypt(struct arena *a, const char *name, const struct content *encrypted,
	const struct content **ret_to_store, struct err *e)
{
	_cleanup_buf_ struct buf value = BUF_INIT;
	char hash[HASH_TEXT_MAX];
	struct program_end end;
	int r = creds(a, "decrypt", name, encrypted->data, encrypted->size, false, &value, &end, e);

	if (r < 0)
		return r;
	if (!program_succeeded(&end))
		return err_set(e, -EKEYREJECTED,
			"cannot be decrypted on this host: %s; was it made for another host, or "
			"for a secret of another name? l4sync secret encrypt %s makes one for this",
			why(a, "decrypt", name, encrypted->data, encrypted->size), name);
	/* Who has encrypted the output of echo did not mean its newline. */
	if (value.size && value.data[value.size - 1] == '\n')
		value.size--;
	hash_text(&encrypted->hash, "sha256", hash);
	*ret_to_store =
		secret_to_store(a, arena_printf(a, "credential %s", hash), value.data, value.size);
	if (value.data)
		explicit_bzero(value.data, value.size);
	return 0;
}

int credential_encrypt(struct arena *a, const char *name, const void *value, size_t size,
	const char **ret, struct err *e)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct program_end end;
	int r = creds(a, "encrypt", name, value, size, false, &text, &end, e);

	if (r < 0)
		return r;
	if (!program_succeeded(&end) || !text.size)
		return err_set(e, -EREMOTEIO, "systemd-creds cannot encrypt: %s",
			why(a, "encrypt", name, value, size));
	*ret = arena_strdup(a, text.data);
	return 0;
}
