/*
 * How long the base and the log take with few and with 200 generations of 200 resources, and how
 * long it takes to prune 150 of them. The ratio is what matters: a history that slows the program
 * down as it grows gets switched off.
 */
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "l4sync/gitlib.h"
#include "l4sync/history.h"

#define RESOURCES 200
#define GENERATIONS 200
#define SHOWN 20 /* what the log shows */
#define KEPT 50
#define TURNS 20

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void or_die(int r, const struct err *e)
{
	if (r >= 0)
		return;
	fprintf(stderr, "bench history: %s\n", err_text(e));
	exit(1);
}

/* What an apply records: most contents as before, a few new. */
static void record(const char *dir, unsigned turn)
{
	_cleanup_err_ struct err e = ERR_INIT;
	_cleanup_history_ struct history *h = NULL;
	_cleanup_resources_ struct resources *want = resources_new();
	struct generation g = {.time = turn, .user = "root", .command = "apply", .want = want};

	for (unsigned i = 0; i < RESOURCES; i++) {
		struct arena *a = want->arena;
		struct resource *item = resources_add(want, arena_printf(a, "file:/etc/x/%03u", i));
		char *text = arena_printf(a, "%u %u %01000d\n", i, i < 5 ? turn : 0, 0);

		item->content = content_new(a, text, strlen(text));
		resource_add(a, item, "mode", "0644");
		resource_add(a, item, "owner", "root");
	}
	or_die(history_open(dir, true, &h, &e), &e);
	or_die(history_record(h, &g, &e), &e);
}

/* The least of some turns, each opened anew as in a run: others use the machine too. */
static double read_base(const char *dir)
{
	double least = 1e9;

	for (unsigned i = 0; i < TURNS; i++) {
		double begin = now_ms();
		_cleanup_err_ struct err e = ERR_INIT;
		_cleanup_arena_ struct arena *a = arena_new();
		_cleanup_history_ struct history *h = NULL;
		_cleanup_generation_ struct generation g = {0};

		or_die(history_open(dir, false, &h, &e), &e);
		or_die(history_base(h, a, &g, &e), &e);
		least = now_ms() - begin < least ? now_ms() - begin : least;
	}
	return least;
}

static double read_list(const char *dir, size_t max)
{
	double least = 1e9;

	for (unsigned i = 0; i < TURNS; i++) {
		double begin = now_ms();
		_cleanup_err_ struct err e = ERR_INIT;
		_cleanup_arena_ struct arena *a = arena_new();
		_cleanup_history_ struct history *h = NULL;
		struct generation *list;
		size_t n;

		or_die(history_open(dir, false, &h, &e), &e);
		or_die(history_list(h, a, max, &list, &n, &e), &e);
		least = now_ms() - begin < least ? now_ms() - begin : least;
	}
	return least;
}

static double prune(const char *dir, unsigned keep)
{
	const struct history_limits limits = {.keep = keep};
	double begin = now_ms();
	_cleanup_err_ struct err e = ERR_INIT;
	_cleanup_history_ struct history *h = NULL;

	or_die(history_open(dir, false, &h, &e), &e);
	or_die(history_prune(h, &limits, time(NULL), &e), &e);
	return now_ms() - begin;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

int main(void)
{
	const char *tmp = getenv("TMPDIR");
	struct err e = ERR_INIT;
	char *dir;

	if (asprintf(&dir, "%s/l4sync-bench-XXXXXX", tmp ? tmp : "/tmp") < 0 || !mkdtemp(dir))
		or_die(err_set(&e, -1, "no temporary directory"), &e);
	double begin = now_ms();
	or_die(gitlib_start(&e), &e); /* apart: it reads all of the host's certificates */
	printf("libgit2     started in %.1f ms\n", now_ms() - begin);
	begin = now_ms();
	record(dir, 0);
	double first = now_ms() - begin;
	double base_1 = read_base(dir);
	begin = now_ms();
	for (unsigned i = 1; i < SHOWN; i++)
		record(dir, i);
	double log_20 = read_list(dir, SHOWN);
	begin = now_ms();
	for (unsigned i = SHOWN; i < GENERATIONS; i++)
		record(dir, i);
	double later = (now_ms() - begin) / (GENERATIONS - SHOWN);
	double base_200 = read_base(dir);
	printf("record      first %.1f ms, later ones %.1f ms\n", first, later);
	printf("base        1 generation %.2f ms, %d %.2f ms, ratio %.2f\n", base_1, GENERATIONS,
		base_200, base_200 / base_1);
	double log_200 = read_list(dir, SHOWN);
	printf("log         the newest %d of %d %.2f ms, of %d %.2f ms, ratio %.2f; all %.2f ms\n",
		SHOWN, SHOWN, log_20, GENERATIONS, log_200, log_200 / log_20, read_list(dir, 0));
	printf("prune       nothing %.2f ms, ", prune(dir, GENERATIONS));
	printf("%d of %d %.2f ms\n", GENERATIONS - KEPT, GENERATIONS, prune(dir, KEPT));
	gitlib_stop();
	nftw(dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	free(dir);
	return 0;
}
