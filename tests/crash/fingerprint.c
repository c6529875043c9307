/*
 * fingerprint DIR [-t] [SKIP…]: everything below DIR as lines of text, sorted: path, type, mode,
 * owner, content's hash or link's target, extended attributes; with -t also the time of last
 * modification of what is no directory. SKIP: paths below DIR that are left out.
 * Called by tests/crash/run.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "l4sync/hash.h"
#include "l4sync/mem.h"

static bool with_times;
static char **skips;

static void fail(const char *what, const char *path)
{
	fprintf(stderr, "fingerprint: %s %s: %s\n", what, path, strerror(errno));
	exit(1);
}

static void add_content(struct buf *line, const char *path)
{
	_cleanup_buf_ struct buf bytes = BUF_INIT;
	char chunk[65536], text[HASH_TEXT_MAX];
	FILE *f = fopen(path, "re");

	if (!f)
		fail("open", path);
	for (size_t n; (n = fread(chunk, 1, sizeof chunk, f)) > 0;)
		buf_add(&bytes, chunk, n);
	fclose(f);
	struct hash h = hash_sha256(bytes.size ? bytes.data : "", bytes.size);
	hash_text(&h, "sha256", text);
	buf_addf(line, " %s", text);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* In hex: a value may hold anything. ACLs are such attributes too. */
static void add_xattrs(struct buf *line, const char *path)
{
	char list[4096], value[4096], *names[256];
	ssize_t size = llistxattr(path, list, sizeof list);
	size_t n = 0;

	if (size < 0 && errno != ENOTSUP)
		fail("list the attributes of", path);
	for (char *name = list; size > 0 && name < list + size; name += strlen(name) + 1) {
		if (n == ELEMENTS(names))
			fail("too many attributes of", path);
		names[n++] = name;
	}
	if (n)
		qsort(names, n, sizeof *names, compare_names);
	for (size_t i = 0; i < n; i++) {
		size = lgetxattr(path, names[i], value, sizeof value);
		if (size < 0)
			fail(names[i], path);
		buf_addf(line, " %s=", names[i]);
		for (ssize_t at = 0; at < size; at++)
			buf_addf(line, "%02x", (unsigned char)value[at]);
	}
}

static void walk(const char *root, const char *below);

static void describe(const char *root, const char *below)
{
	_cleanup_arena_ struct arena *a = arena_new();
	const char *path = arena_printf(a, "%s/%s", root, below);
	_cleanup_buf_ struct buf line = BUF_INIT;
	char target[4096];
	struct stat st;

	for (char **skip = skips; *skip; skip++)
		if (!strcmp(*skip, below))
			return;
	if (lstat(path, &st) < 0)
		fail("lstat", path);
	buf_addf(&line, "%s %o %u %u", below, st.st_mode, st.st_uid, st.st_gid);
	if (S_ISREG(st.st_mode)) {
		add_content(&line, path);
	} else if (S_ISLNK(st.st_mode)) {
		ssize_t n = readlink(path, target, sizeof target);

		buf_addf(&line, " -> %.*s", (int)n, target);
	}
	add_xattrs(&line, path);
	if (with_times && !S_ISDIR(st.st_mode))
		buf_addf(&line, " %lld.%09ld", (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	puts(line.data);
	if (S_ISDIR(st.st_mode))
		walk(root, below);
}

static void walk(const char *root, const char *below)
{
	_cleanup_arena_ struct arena *a = arena_new();
	const char *path = arena_printf(a, "%s/%s", root, below);
	struct dirent **entries;
	int n = scandir(path, &entries, NULL, alphasort);

	if (n < 0)
		fail("read", path);
	for (int i = 0; i < n; i++) {
		const char *name = entries[i]->d_name;

		if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0)
			describe(root, arena_printf(a, "%s%s%s", below, *below ? "/" : "", name));
		free(entries[i]);
	}
	free(entries);
}

int main(int argc, char **argv)
{
	int first = 2;

	if (argc < 2)
		return 64;
	if (argc > 2 && !strcmp(argv[2], "-t")) {
		with_times = true;
		first++;
	}
	skips = argv + first;
	walk(argv[1], "");
	return 0;
}
