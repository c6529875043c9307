/*
 * The values of secrets: stored, generated, decrypted (secrets.h).
 * Must not let a value out but into memory. Called by fill.c, the module and the verb.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "l4sync/secrets.h"
#include "l4sync/text.h"

#include "values.h"

#define HEADER "l4sync-secret 1 "
#define NAME_MAX_BYTES 64

static const char base64_digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char base64url_digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

bool secret_name_valid(const char *name)
{
	size_t n = strlen(name);

	return n <= NAME_MAX_BYTES && text_is_name(name, n);
}

/* 0: it is no spec of that kind. */
static size_t spec_size(const char *spec, const char *kind)
{
	size_t n = strlen(kind);
	const char *number = spec + n + 1;

	if (strncmp(spec, kind, n) != 0 || spec[n] != ':' || !*number ||
		number[strspn(number, "0123456789")] || *number == '0' || strlen(number) > 4)
		return 0;
	size_t size = strtoul(number, NULL, 10);
	return size >= SECRET_BYTES_MIN && size <= SECRET_BYTES_MAX ? size : 0;
}

bool secret_spec_valid(const char *spec)
{
	return spec_size(spec, "base64") || spec_size(spec, "base64url") ||
	       spec_size(spec, "hex") || spec_size(spec, "alnum");
}

static int random_bytes(unsigned char *out, size_t size, struct err *e)
{
	while (size) {
		ssize_t n = getrandom(out, size, 0);

		if (n < 0 && errno != EINTR)
			return err_errno(e, -errno, "the kernel gives no random bytes");
		out += n < 0 ? 0 : n;
		size -= n < 0 ? 0 : (size_t)n;
	}
	return 0;
}

static void add_base64(struct buf *b, const unsigned char *in, size_t size, const char *digits)
{
	for (size_t i = 0; i < size; i += 3) {
		unsigned v = (unsigned)in[i] << 16 | (i + 1 < size ? (unsigned)in[i + 1] << 8 : 0) |
			     (i + 2 < size ? in[i + 2] : 0);

		buf_addc(b, digits[v >> 18]);
		buf_addc(b, digits[v >> 12 & 63]);
		if (i + 1 < size)
			buf_addc(b, digits[v >> 6 & 63]);
		else if (digits == base64_digits)
			buf_addc(b, '=');
		if (i + 2 < size)
			buf_addc(b, digits[v & 63]);
		else if (digits == base64_digits)
			buf_addc(b, '=');
	}
}

/* 62 letters and digits: of a byte the values from 248 on are not taken, so that all are as likely.
 */
static int add_alnum(struct buf *b, size_t size, struct err *e)
{
	unsigned char byte;
	int r = 0;

	while (size && (r = random_bytes(&byte, 1, e)) >= 0)
		if (byte < 248) {
			buf_addc(b, base64_digits[byte % 62]);
			size--;
		}
	return r;
}

int secret_generate(
	struct arena *a, const char *spec, const struct content **ret_to_store, struct err *e)
{
	size_t size = spec_size(spec, "base64"), url = spec_size(spec, "base64url"),
	       hex = spec_size(spec, "hex"), alnum = spec_size(spec, "alnum");
	unsigned char bytes[SECRET_BYTES_MAX];
	_cleanup_buf_ struct buf b = BUF_INIT;
	int r = alnum ? add_alnum(&b, alnum, e) : random_bytes(bytes, size + url + hex, e);

	if (r < 0)
		return r;
	if (size)
		add_base64(&b, bytes, size, base64_digits);
	else if (url)
		add_base64(&b, bytes, url, base64url_digits);
	for (size_t i = 0; i < hex; i++)
		buf_addf(&b, "%02x", bytes[i]);
	explicit_bzero(bytes, sizeof bytes);
	*ret_to_store = secret_to_store(a, "generated", b.data, b.size);
	explicit_bzero(b.data, b.size);
	return 0;
}

const struct content *secret_to_store(
	struct arena *a, const char *from, const void *value, size_t size)
{
	size_t header = strlen(HEADER) + strlen(from) + 1;
	char *bytes = arena_alloc(a, header + size + 1);

	memcpy(bytes, HEADER, strlen(HEADER));
	memcpy(bytes + strlen(HEADER), from, strlen(from));
	bytes[header - 1] = '\n';
	if (size)
		memcpy(bytes + header, value, size);
	return content_new(a, bytes, header + size);
}

const char *stored_from(struct arena *a, const struct content *stored)
{
	const char *bytes = stored->data, *end = memchr(bytes, '\n', stored->size);

	if (!end || !text_starts(bytes, HEADER))
		return NULL;
	return arena_strndup(a, bytes + strlen(HEADER), (size_t)(end - bytes) - strlen(HEADER));
}

void stored_value(const struct content *stored, const char **ret, size_t *ret_size)
{
	const char *bytes = stored->data, *end = memchr(bytes, '\n', stored->size);

	*ret = end ? end + 1 : bytes;
	*ret_size = end ? stored->size - (size_t)(end + 1 - bytes) : 0;
}

int secret_stored(struct host *h, struct arena *a, const char *name, const struct content **ret,
	struct err *e)
{
	const void *data;
	size_t size;
	int dir;
	int r = host_dir(h, SECRETS_DIR, &dir, e);

	*ret = NULL;
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	_cleanup_close_ int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return 0;
	r = fd < 0 ? -errno : fd_read_all(a, fd, SECRET_SIZE_MAX + 256, &data, &size);
	if (r < 0)
		return err_errno(e, r, "cannot read %s" SECRETS_DIR "/%s", h->root_path, name);
	const struct content *stored = content_new(a, data, size);
	if (!stored_from(a, stored))
		return err_set(e, -EBADMSG,
			"%s" SECRETS_DIR "/%s is damaged: it does not begin as a stored secret "
			"does; l4sync secret set %s stores it anew",
			h->root_path, name, name);
	*ret = stored;
	return 0;
}
