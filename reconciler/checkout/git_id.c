/*
 * Git's id of bytes by nettle (git_id.h).
 * Knows no repository. Called by what looks at a checkout, and by what writes one.
 */
#include "l4sync/git_id.h"

#include <errno.h>
#include <nettle/sha1.h>
#include <nettle/version.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

struct git_id {
	struct sha1_ctx context;
};

struct git_id *git_id_begin(uint64_t size)
{
	struct git_id *h = xmalloc(sizeof *h);
	char head[32];
	int n = snprintf(head, sizeof head, "blob %llu", (unsigned long long)size);

	sha1_init(&h->context);
	git_id_add(h, head, (size_t)n + 1);
	return h;
}

void git_id_add(struct git_id *h, const void *data, size_t size)
{
	sha1_update(&h->context, size, data);
}

void git_id_end(struct git_id **h, char ret[GIT_ID_MAX])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char bytes[SHA1_DIGEST_SIZE];

	/* nettle 3 takes the digest's length, nettle 4 does not. */
#if NETTLE_VERSION_MAJOR >= 4
	sha1_digest(&(*h)->context, bytes);
#else
	sha1_digest(&(*h)->context, sizeof bytes, bytes);
#endif
	for (size_t i = 0; i < sizeof bytes; i++) {
		ret[2 * i] = digits[bytes[i] >> 4];
		ret[2 * i + 1] = digits[bytes[i] & 15];
	}
	ret[2 * sizeof bytes] = '\0';
	free(*h);
	*h = NULL;
}

int git_id_of_file(int fd, char ret[GIT_ID_MAX])
{
	uint64_t left;
	struct stat st;
	int r = 0;

	if (fstat(fd, &st) < 0)
		return -errno;
	left = (uint64_t)st.st_size;
	struct git_id *h = git_id_begin(left);
	for (;;) {
		char chunk[65536];
		ssize_t n = read(fd, chunk, sizeof chunk);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			r = -errno;
		else if ((uint64_t)n > left || (!n && left))
			r = -EAGAIN;
		if (r < 0 || !n)
			break;
		left -= (uint64_t)n;
		git_id_add(h, chunk, (size_t)n);
	}
	git_id_end(&h, ret);
	return r;
}
