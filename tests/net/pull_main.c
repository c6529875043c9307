/*
 * pull() from the command line, for the tests of the network: prints ref and commit, or why not.
 * Called by tests/net/pull.sh.
 *
 *	pull_main [-k KEY_FILE] [-h KNOWN_HOSTS_FILE] [-c CA_FILE] [-r REF] CACHE_DIR URL
 */
#include <git2.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "l4sync/pull.h"

static const char *text_of(struct arena *a, const char *path)
{
	FILE *f = fopen(path, "re");
	_cleanup_buf_ struct buf text = BUF_INIT;
	char chunk[4096];
	size_t n;

	while (f && (n = fread(chunk, 1, sizeof chunk, f)) > 0)
		buf_add(&text, chunk, n);
	if (f)
		fclose(f);
	return f ? arena_memdup(a, text.data, text.size) : NULL;
}

int main(int argc, char **argv)
{
	_cleanup_arena_ struct arena *a = arena_new();
	_cleanup_err_ struct err e = ERR_INIT;
	struct source src = {.path_fd = -1};
	struct pulled p;
	int c;

	git_libgit2_init();
	while ((c = getopt(argc, argv, "k:h:c:r:")) != -1) {
		if (c == 'k')
			src.deploy_key = text_of(a, optarg);
		else if (c == 'h')
			src.known_hosts = text_of(a, optarg);
		else if (c == 'r')
			src.ref = optarg;
		else if (c != 'c' || git_libgit2_opts(GIT_OPT_SET_SSL_CERT_LOCATIONS, optarg, NULL))
			return 64;
	}
	if (argc - optind != 2)
		return 64;
	src.url = argv[optind + 1];
	if (pull(a, &src, argv[optind], true, NULL, NULL, &p, &e) < 0) {
		printf("%s\n", err_text(&e));
		return 1;
	}
	printf("%s %s\n", p.ref, p.commit);
	return 0;
}
