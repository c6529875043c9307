/*
 * The trial of a new sandbox before any real instance is touched (SPEC 6): a unit of l4sync's own
 * gets the settings that a service will have, and l4sync's program looks at what they keep from it.
 * It shares nothing with the service that it stands for: no directory that systemd makes and
 * removes, no command, no limit, no slice, no dependency.
 * Called by the derivation of effects (which services, with what) and by the apply (the trial).
 */
#ifndef L4SYNC_PROBE_H
#define L4SYNC_PROBE_H

#include <stdbool.h>
#include <stddef.h>

#include "l4sync/err.h"
#include "l4sync/host.h"
#include "l4sync/plan.h"
#include "l4sync/resources.h"
#include "l4sync/unit_view.h"

/* One trial. All of it in the plan's arena. */
struct probe {
	const char *unit;     /* whose sandbox it is */
	const char *reason;   /* why it cannot be tried at all; NULL: it can */
	const char *settings; /* lines for [Service] that make the sandbox */
	const char *program;  /* where l4sync's program is in there, with the "+" or "!" before it
			       * that the service's has */
	size_t n_left_out;
	const char **left_out;        /* what of the sandbox is not tried, and why: "PAMName=" */
	const struct resource *rules; /* verify:UNIT, or NULL */
	const char *slice;            /* one of its slices that denies ports too, or NULL */
};

/* Whether a directive of [Service] is one of those that the trial is about. */
bool probe_carries(const char *key);

/*
 * Fills it in for a service as its files will be. Looks at which of the paths that it names are on
 * the host, and changes nothing. Errors are of the host's files as a whole.
 */
int probe_new(
	struct plan *p, struct unit_view *view, const char *unit, struct probe *ret, struct err *e);

/*
 * The trial, which takes some tenths of a second: unit file, start, questions, stop; nothing of it
 * is left. What does not hold goes to untrue, what could not be tried to untried (probe->left_out
 * is not repeated). idle as in bus_job(). An error: nothing was tried; -EINTR where idle says so.
 */
int probe_try(struct host *h, struct arena *a, const struct probe *p, int (*idle)(void *userdata),
	void *userdata, struct findings *untrue, struct findings *untried, struct err *e);

/* Takes away what a run that was killed has left of its trials. With the lock held. */
void probe_clean(struct host *h);

/* An entry of `denied_bind:`: "udp:5555". */
bool probe_port_parse(const char *text, bool *ret_udp, unsigned *ret_port);

#endif
