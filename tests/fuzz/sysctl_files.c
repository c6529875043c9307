/*
 * Any bytes as files of sysctl.d, by both rules: what wins is a line of one of them that is there.
 * An input is the files' contents, parted by bytes 0xff.
 */
#include <stdint.h>
#include <string.h>

#include "l4sync/sysctl_files.h"

#define FILES 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned count_lines(const struct sysctl_file *file)
{
	const char *at = file->content->data;
	unsigned n = 1;

	for (size_t i = 0; i < file->content->size; i++)
		n += at[i] == '\n';
	return n;
}

static void check(struct arena *a, enum sysctl_reader reader, const struct sysctl_file *files)
{
	static const char *const keys[] = {"vm.a", "net.ipv4.conf.eth0/1.x", "kernel.tainted"};
	const struct sysctl_rules *r = sysctl_rules_new(a, reader, files, FILES);

	if (r->n != r->n_keys + r->n_globs)
		abort();
	for (size_t i = 0; i < ELEMENTS(keys); i++) {
		const struct sysctl_line *line = sysctl_rules_find(r, keys[i]);
		size_t at = 0;

		if (!line)
			continue;
		while (at < FILES && strcmp(files[at].path, line->path) != 0)
			at++;
		if (at == FILES || !line->line || line->line > count_lines(&files[at]))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *a = arena_new();
	struct sysctl_file files[FILES] = {{"/etc/sysctl.d/a.conf", NULL},
		{"/usr/lib/sysctl.d/b.conf", NULL}, {"/etc/sysctl.conf", NULL},
		{"/proc/cmdline", NULL}};
	const uint8_t *end = data + size;

	for (size_t i = 0; i < FILES; i++) {
		const uint8_t *part = data < end ? memchr(data, 0xff, (size_t)(end - data)) : NULL;
		size_t n = (size_t)((part ? part : end) - data);

		files[i].content = content_new(a, arena_memdup(a, data, n), n);
		data = part ? part + 1 : end;
	}
	check(a, SYSCTL_BOOT, files);
	check(a, SYSCTL_SYSTEMD, files);
	check(a, SYSCTL_PROCPS, files);
	return 0;
}
