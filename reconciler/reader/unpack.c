/*
 * A checkout's files out of the pulled repository (unpack.h). A pack is foreign bytes, and libgit2
 * a large program to read them with, so that is the child's business; what root reads is
 *
 *	"B" and eight bytes, a size, lowest first; unless it is only measured that many bytes
 *	"E" and a text: why it ends here
 *	"Z" the end
 *
 * Called by the transaction; half of it runs in the child.
 */
#include "l4sync/unpack.h"

#include <errno.h>
#include <git2.h>
#include <string.h>

#include "l4sync/child.h"
#include "l4sync/git.h"
#include "l4sync/git_id.h"
#include "l4sync/io.h"
#include "l4sync/pull.h"
#include "l4sync/text.h"

#define UNPACK_TIMEOUT_NS (600ull * 1000000000u)
#define UNPACK_MEMORY_MAX ((size_t)1 << 30)
#define ERROR_TEXT_MAX 1024
#define HEAD_SIZE 8

/* ---- The child's side. */

static int send_error(int fd, const char *text)
{
	fd_write_all(fd, "E", 1);
	fd_write_all(fd, text, strnlen(text, ERROR_TEXT_MAX - 1));
	return -EIO;
}

static int send_size(int fd, uint64_t size)
{
	unsigned char head[1 + HEAD_SIZE] = {'B'};

	for (size_t i = 0; i < HEAD_SIZE; i++)
		head[1 + i] = (unsigned char)(size >> (8 * i));
	return fd_write_all(fd, head, sizeof head);
}

static int send_blob(
	int fd, struct arena *a, git_odb *odb, const struct checkout_entry *x, bool bytes)
{
	git_odb_object *object = NULL;
	git_object_t type;
	git_oid id;
	size_t size;

	if (git_oid_fromstr(&id, x->id) < 0 || git_odb_read_header(&size, &type, odb, &id) < 0 ||
		type != GIT_OBJECT_BLOB)
		return send_error(fd,
			arena_printf(a, "%s (%s) is not there: %s", x->path, x->id, git_failure()));
	if (size > CONTENT_SIZE_MAX)
		return send_error(fd, arena_printf(a, "%s has %zu bytes, at most %u are allowed",
					      x->path, size, CONTENT_SIZE_MAX));
	if (!bytes)
		return send_size(fd, size);
	if (git_odb_read(&object, odb, &id) < 0)
		return send_error(
			fd, arena_printf(a, "%s cannot be read: %s", x->path, git_failure()));
	int r = send_size(fd, git_odb_object_size(object));
	if (r >= 0)
		r = fd_write_all(fd, git_odb_object_data(object), git_odb_object_size(object));
	git_odb_object_free(object);
	return r;
}

static void unpack_in_child(int answer_fd, int progress_fd, void *userdata)
{
	const struct unpack *u = userdata;
	_cleanup_arena_ struct arena *a = arena_new();
	const char *git_dir = pull_git_dir(a, u->access->cache_dir, u->url);
	_cleanup_err_ struct err e = ERR_INIT;
	git_repository *repo = NULL;
	git_odb *odb = NULL;
	int r = 0;

	(void)progress_fd;
	git_begin();
	if (git_open(git_dir, &repo, &e) < 0 || git_repository_odb(&odb, repo) < 0)
		r = send_error(answer_fd, "it is not there");
	for (size_t i = 0; i < u->list->n && r >= 0; i++)
		r = send_blob(answer_fd, a, odb, &u->list->items[i], u->begin);
	if (r >= 0)
		fd_write_all(answer_fd, "Z", 1);
	git_odb_free(odb);
	git_repository_free(repo);
	git_end();
}

/* ---- The root part's side. */

enum part { PART_TAG, PART_SIZE, PART_BYTES, PART_ERROR, PART_END };

struct taking {
	const struct unpack *unpack;
	enum part part;
	size_t at;                     /* of the list: what comes now */
	unsigned char head[HEAD_SIZE]; /* a size so far */
	size_t n_head;
	uint64_t left, total;
	struct git_id *hash; /* of the file that comes */
	char error[ERROR_TEXT_MAX];
	size_t n_error;
};

static int malformed(struct err *e)
{
	return err_set(e, -EBADMSG, "the reader's answer is not well-formed");
}

static int file_ends(struct taking *t, struct err *e)
{
	const struct checkout_entry *x = &t->unpack->list->items[t->at];
	char id[GIT_ID_MAX];

	if (t->hash) {
		git_id_end(&t->hash, id);
		if (strcmp(id, x->id) != 0)
			return err_set(e, -EBADMSG,
				"the reader has handed over other bytes than those of %s", x->path);
	}
	t->at++;
	t->part = PART_TAG;
	return t->unpack->end ? t->unpack->end(t->unpack->userdata, e) : 0;
}

static int file_begins(struct taking *t, struct err *e)
{
	const struct unpack *u = t->unpack;
	uint64_t size = 0;

	for (size_t i = 0; i < HEAD_SIZE; i++)
		size |= (uint64_t)t->head[i] << (8 * i);
	if (size > CONTENT_SIZE_MAX || t->at == u->list->n)
		return malformed(e);
	t->total += size;
	if (t->total > CHECKOUT_SIZE_MAX)
		return err_set(e, -EFBIG, "its files have more than %llu MiB together",
			CHECKOUT_SIZE_MAX >> 20);
	t->left = size;
	t->part = PART_BYTES;
	if (!u->begin)
		return file_ends(t, e);
	t->hash = git_id_begin(size);
	int r = u->begin(u->userdata, &u->list->items[t->at], size, e);
	return r < 0 || size ? r : file_ends(t, e);
}

/* How many of the bytes were used; negative: an error. */
static ssize_t take_some(struct taking *t, const unsigned char *data, size_t size, struct err *e)
{
	size_t n = 1;
	int r = 0;

	switch (t->part) {
	case PART_TAG:
		t->n_head = 0;
		t->part = *data == 'B' ? PART_SIZE : *data == 'E' ? PART_ERROR : PART_END;
		if (t->part == PART_END && (*data != 'Z' || t->at != t->unpack->list->n))
			r = malformed(e);
		break;
	case PART_SIZE:
		t->head[t->n_head++] = *data;
		if (t->n_head == HEAD_SIZE)
			r = file_begins(t, e);
		break;
	case PART_BYTES:
		n = size < t->left ? size : (size_t)t->left;
		git_id_add(t->hash, data, n);
		r = t->unpack->add(t->unpack->userdata, data, n, e);
		t->left -= n;
		if (r >= 0 && !t->left)
			r = file_ends(t, e);
		break;
	case PART_ERROR:
		if (t->n_error < sizeof t->error - 1)
			t->error[t->n_error++] = (char)*data;
		break;
	case PART_END:
		r = malformed(e);
		break;
	}
	return r < 0 ? r : (ssize_t)n;
}

static int take(void *userdata, const void *data, size_t size, struct err *e)
{
	for (const unsigned char *at = data, *end = at + size; at < end;) {
		ssize_t n = take_some(userdata, at, (size_t)(end - at), e);

		if (n < 0)
			return (int)n;
		at += n;
	}
	return 0;
}

int unpack(const struct unpack *u, uint64_t *ret_size, struct err *e)
{
	struct taking t = {.unpack = u};
	const struct child c = {
		.sandbox =
			{
				.drop = u->access->drop,
				.uid = u->access->uid,
				.gid = u->access->gid,
				.memory_max = UNPACK_MEMORY_MAX,
				.file_max = 0,
				/* Only read there; it is named for the way that leads to it. */
				.write_dir = u->access->cache_dir,
				.read_fd = -1,
			},
		.timeout_ns = UNPACK_TIMEOUT_NS,
		.answer_max = CHECKOUT_SIZE_MAX + (64u << 20),
		.work = unpack_in_child,
		.userdata = (void *)u,
		.take = take,
		.take_userdata = &t,
	};

	int r = child_run(&c, NULL, e);
	if (t.hash) {
		char id[GIT_ID_MAX];

		git_id_end(&t.hash, id);
	}
	if (r >= 0 && t.part == PART_ERROR) {
		text_printable(t.error);
		r = err_set(e, -ENOENT,
			"the copy of %s that was pulled does not have it (%s); l4sync plan pulls "
			"it anew",
			u->url, t.error);
	} else if (r >= 0 && t.part != PART_END) {
		r = err_set(e, -ECHILD, "the reader ended in the middle of it");
	}
	if (r >= 0 && ret_size)
		*ret_size = t.total;
	return r < 0 ? r : 0;
}
