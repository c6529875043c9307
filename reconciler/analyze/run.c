/*
 * Runs systemd-analyze(1) (stage.h).
 * Reads nothing into what it prints. Called by security.c and complaints.c.
 */
#include <errno.h>
#include <string.h>

#include "l4sync/program.h"

#include "stage.h"

#define TIMEOUT_S 30
#define OUTPUT_MAX (16u << 20)

/* SYSTEMD_ANALYZE_DEBUG= is what makes `security` print weights. */
#define ENVIRONMENT "SYSTEMD_COLORS=0", "SYSTEMD_EMOJI=0", "SYSTEMD_ANALYZE_DEBUG=1"

int analyze_run(struct arena *a, const struct asked *asked, const char **ret, struct err *e)
{
	static const char *const with_host[] = {ENVIRONMENT, NULL};
	static const char *const without[] = {ENVIRONMENT, "SYSTEMD_UNIT_PATH=", NULL};
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct program_end end;
	size_t n = 0;

	while (asked->arguments[n])
		n++;
	const char **argv = arena_array(a, const char *, n + asked->n_names + 1);
	memcpy(argv, asked->arguments, n * sizeof *argv);
	if (asked->n_names)
		memcpy(argv + n, asked->names, asked->n_names * sizeof *argv);
	const struct program p = {
		.argv = argv,
		.environment = asked->alone ? without : with_host,
		.with_errors = asked->complains,
		.output_max = OUTPUT_MAX,
		.timeout_s = TIMEOUT_S,
	};
	int r = program_run(&p, &out, &end, e);
	if (r < 0)
		return r;
	if (!end.exited)
		return err_set(e, -EIO, "systemd-analyze ended with %s", program_end_text(a, &end));
	*ret = arena_strndup(a, out.size ? out.data : "", out.size);
	return 0;
}
