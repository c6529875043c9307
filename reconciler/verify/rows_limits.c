/*
 * Resource limits (rows.h): the hard one is what holds; the soft one is the process's own to move.
 * Called by truth.c.
 */
#include <linux/capability.h>
#include <sys/resource.h>

#include "rows.h"

static const char *limit_words(struct arena *a, const struct rlimit_text *limit)
{
	if (limit->soft == limit->hard)
		return words_number(a, limit->hard);
	return arena_printf(a, "%s:%s", words_number(a, limit->soft), words_number(a, limit->hard));
}

/* Seconds in Limit*= of these; microseconds in the property and the kernel. */
static void check_limit(struct look *l, const struct row *row, struct process *p, struct truth *t)
{
	const char *soft = arena_printf(l->arena, "%sSoft", row->directive);
	struct rlimit_text declared = {property_number(l->p, soft), row_number(l, row)};
	bool is_default =
		declared.hard == property_number(l->manager,
					 arena_printf(l->arena, "Default%s", row->directive)) &&
		declared.soft ==
			property_number(l->manager, arena_printf(l->arena, "Default%s", soft));

	if (!property_find(l->p, row->directive) || process_limits(l->arena, p) < 0) {
		if (!is_default)
			verdict_unknown(
				t, limit_words(l->arena, &declared), "its limits cannot be read");
		return;
	}
	struct rlimit_text real = p->limits[row->argument];
	bool raised = real.hard > declared.hard && !may(l, CAP_SYS_RESOURCE);
	bool same = real.hard == declared.hard && real.soft == declared.soft;

	if (is_default && !raised)
		return;
	verdict(t,
		raised                ? TRUTH_LACKS
		: same || !p->is_main ? TRUTH_HOLDS
				      : TRUTH_OWN,
		limit_words(l->arena, &declared), limit_words(l->arena, &real));
}

const struct row rows_limits[] = {
	{"LimitCPU", NULL, OF_SANDBOX, check_limit, RLIMIT_CPU, NULL},
	{"LimitFSIZE", NULL, OF_SANDBOX, check_limit, RLIMIT_FSIZE, NULL},
	{"LimitDATA", NULL, OF_SANDBOX, check_limit, RLIMIT_DATA, NULL},
	{"LimitSTACK", NULL, OF_SANDBOX, check_limit, RLIMIT_STACK, NULL},
	{"LimitCORE", NULL, OF_SANDBOX, check_limit, RLIMIT_CORE, NULL},
	{"LimitRSS", NULL, OF_SANDBOX, check_limit, RLIMIT_RSS, NULL},
	{"LimitNPROC", NULL, OF_SANDBOX, check_limit, RLIMIT_NPROC, NULL},
	{"LimitNOFILE", NULL, OF_SANDBOX, check_limit, RLIMIT_NOFILE, NULL},
	{"LimitMEMLOCK", NULL, OF_SANDBOX, check_limit, RLIMIT_MEMLOCK, NULL},
	{"LimitAS", NULL, OF_SANDBOX, check_limit, RLIMIT_AS, NULL},
	{"LimitLOCKS", NULL, OF_SANDBOX, check_limit, RLIMIT_LOCKS, NULL},
	{"LimitSIGPENDING", NULL, OF_SANDBOX, check_limit, RLIMIT_SIGPENDING, NULL},
	{"LimitMSGQUEUE", NULL, OF_SANDBOX, check_limit, RLIMIT_MSGQUEUE, NULL},
	{"LimitNICE", NULL, OF_SANDBOX, check_limit, RLIMIT_NICE, NULL},
	{"LimitRTPRIO", NULL, OF_SANDBOX, check_limit, RLIMIT_RTPRIO, NULL},
	{"LimitRTTIME", NULL, OF_SANDBOX, check_limit, RLIMIT_RTTIME, NULL},
	{0},
};
