/*
 * Job: prints which line wins for kernel settings, as the plan's findings see it.
 * Must not: decide what is right; that is the test's.
 * Called by: tests/host/container/sysctl.test, inside the container: KEY... on standard input.
 */
#include <stdio.h>
#include <string.h>

#include "../../reconciler/plan/sysctl_sources.h"

/* READER<TAB>KEY<TAB>PATH:LINE<TAB>VALUE, escaped; "-" for what there is not. */
static void print_winner(const char *reader, const struct sysctl_rules *rules, const char *key)
{
	const struct sysctl_line *line = sysctl_rules_find(rules, key);
	_cleanup_buf_ struct buf value = BUF_INIT;

	if (!line || !line->value) {
		printf("%s\t%s\t-\t-\n", reader, key);
		return;
	}
	buf_addc(&value, '=');
	for (const char *c = line->value; *c; c++)
		buf_addc(&value, *c == '\n' || *c == '\r' || *c == '\t' ? ' ' : *c);
	printf("%s\t%s\t%s:%u\t%s\n", reader, key, line->path, line->line, value.data);
}

int main(void)
{
	_cleanup_arena_ struct arena *a = arena_new();
	_cleanup_err_ struct err e = ERR_INIT;
	_cleanup_host_ struct host *h = NULL;
	_cleanup_free_ char *key = NULL;
	struct sysctl_sources sources;
	struct unit_index *x;
	size_t size = 0;

	if (host_open(a, NULL, NULL, &h, &e) < 0 || unit_index_new(h, a, NULL, 0, &x, &e) < 0 ||
		sysctl_sources_read(h, x, a, &sources, &e) < 0) {
		printf("error: %s\n", err_text(&e));
		return 1;
	}
	struct sysctl_rules *systemd =
		sysctl_rules_new(a, SYSCTL_SYSTEMD, sources.files, sources.n);
	struct sysctl_rules *procps = sysctl_rules_new(a, SYSCTL_PROCPS, sources.files, sources.n);
	while (getline(&key, &size, stdin) > 0) {
		key[strcspn(key, "\n")] = '\0';
		print_winner("systemd", systemd, key);
		print_winner("procps", procps, key);
	}
	return 0;
}
