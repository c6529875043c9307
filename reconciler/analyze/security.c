/*
 * Asks `systemd-analyze security` (analyze.h).
 * Judges nothing. Called by verify and the plan.
 */
#include <string.h>

#include "l4sync/text.h"

#include "stage.h"

#define SECURITY "systemd-analyze", "security", "--no-pager", "--json=short"

/* Of which units it has not spoken it does not say: then each is asked by itself. */
static int ask(struct arena *a, const struct asked *asked, struct exposure *ret, struct err *e)
{
	const char *out;
	size_t n = asked->n_names;
	int r = analyze_run(a, asked, &out, e);

	if (r < 0 || exposures_parse(a, out, ret, n) == n)
		return r;
	for (size_t i = 0; i < n; i++)
		ret[i] = (struct exposure){0};
	for (size_t i = 0; n > 1 && i < n && r >= 0; i++) {
		struct asked one = *asked;

		one.n_names = 1;
		one.names = asked->names + i;
		r = ask(a, &one, ret + i, e);
	}
	return r;
}

int exposures_loaded(
	struct arena *a, const char *const *units, size_t n, struct exposure *ret, struct err *e)
{
	static const char *const live[] = {SECURITY, NULL};
	const struct asked asked = {.arguments = live, .n_names = n, .names = units};

	return ask(a, &asked, ret, e);
}

int stage_exposures(struct stage *s, struct exposure *ret, struct err *e)
{
	static const char *const offline[] = {SECURITY, "--offline=true", NULL};
	const char **paths = arena_array(s->arena, const char *, s->n);
	const struct asked asked = {
		.arguments = offline, .n_names = s->n, .names = paths, .alone = true};

	for (size_t i = 0; i < s->n; i++)
		paths[i] = s->units[i].path;
	int r = s->n ? ask(s->arena, &asked, ret, e) : 0;
	/* Of a socket it tells what its own commands may do, which is not what is asked. */
	for (size_t i = 0; i < s->n && r >= 0; i++)
		ret[i].known &= text_ends(s->units[i].name, ".service");
	return r;
}
