/*
 * Whether a unit is healthy after its job: reaches active and stays so (bus.h).
 * Changes nothing; starts nothing. Called by the engine's steps.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "l4sync/io.h"

#include "bus_internal.h"

struct watch {
	bool dirty; /* a signal came in: look again */
	bool seen;  /* once, so that there is something to compare with: */
	uint32_t n_restarts;
	char invocation_id[33];
	bool active; /* it was, and must stay so until settled_usec */
	bool settled;
	uint64_t settled_usec;
	char state[32]; /* the active state last seen */
};

enum health { HEALTH_WAIT, HEALTH_GOOD, HEALTH_BAD };

static int on_changed(sd_bus_message *m, void *userdata, sd_bus_error *ignored)
{
	struct watch *w = userdata;

	(void)m;
	(void)ignored;
	w->dirty = true;
	return 0;
}

/* The program of one of the lists beside ExecStart= that failed; NULL: none of them. */
static const char *read_helper(sd_bus_message *m, struct arena *a, const char *list)
{
	const char *program, *failed = NULL;
	int32_t code, status;
	int ignore, r = sd_bus_message_enter_container(m, 'a', "(sasbttttuii)");

	while (r >= 0 && (r = sd_bus_message_enter_container(m, 'r', "sasbttttuii")) > 0) {
		if ((r = sd_bus_message_read(m, "s", &program)) < 0 ||
			(r = sd_bus_message_skip(m, "as")) < 0 ||
			(r = sd_bus_message_read(m, "bttttuii", &ignore, NULL, NULL, NULL, NULL,
				 NULL, &code, &status)) < 0)
			break;
		if (!ignore && code && (code != CLD_EXITED || status))
			failed = arena_printf(
				a, "%s=%s: %s", list, program, exit_code_text(a, code, status));
		r = sd_bus_message_exit_container(m);
	}
	return failed;
}

static const char *helper_text(struct bus *b, struct arena *a, const struct unit_state *s)
{
	static const char *const lists[] = {"ExecCondition", "ExecStartPre", "ExecStartPost",
		"ExecReload", "ExecStop", "ExecStopPost"};
	const char *text = NULL;

	for (size_t i = 0; !text && i < ELEMENTS(lists); i++) {
		sd_bus_message *m = NULL;

		b->round_trips++;
		if (sd_bus_get_property(b->bus, SYSTEMD_NAME, s->path, SERVICE_INTERFACE, lists[i],
			    NULL, &m, "a(sasbttttuii)") >= 0)
			text = read_helper(m, a, lists[i]);
		sd_bus_message_unref(m);
	}
	return text;
}

/* "Result exit-code, status 226/NAMESPACE" */
static const char *result_text(struct bus *b, struct arena *a, const struct unit_state *s)
{
	const char *result = s->d.result ? s->d.result : "unknown";
	const char *exit = exit_code_text(a, s->exec_main_code, s->exec_main_status);
	bool clean = s->exec_main_code == CLD_EXITED && !s->exec_main_status;

	/* Where a program beside ExecStart= failed, the main process has ended well, or never ran.
	 */
	if (s->type && (!exit || clean) && strcmp(result, "success")) {
		const char *helper = helper_text(b, a, s);

		exit = helper ? helper : exit;
	}
	return exit ? arena_printf(a, "Result %s, %s", result, exit)
		    : arena_printf(a, "Result %s", result);
}

static const char *inactive_text(struct bus *b, struct arena *a, const struct unit_state *s)
{
	if (s->d.load_state && strcmp(s->d.load_state, "loaded"))
		return arena_printf(a, "cannot run: it is %s", s->d.load_state);
	if (s->condition_usec && !s->condition_result)
		return "not started: one of its conditions is not met";
	if (!s->exec_main_code)
		return "not running: it has ended, or did not start";
	return arena_printf(a, "ended: %s", result_text(b, a, s));
}

/* A oneshot that does not stay is healthy once it has ended well. systemd forgets a unit that has
 * ended well and that nothing refers to, so that nothing may be left of it but that it did not
 * fail. */
static bool is_over(const struct unit_state *s)
{
	return s->type && !strcmp(s->type, "oneshot") && !s->remain_after_exit && s->d.result &&
	       !strcmp(s->d.result, "success") && (!s->condition_usec || s->condition_result);
}

static enum health judge(struct bus *b, const struct watch *w, const struct unit_state *s,
	struct arena *a, const char **ret)
{
	const char *active = s->d.active_state ? s->d.active_state : "inactive";
	const char *sub = s->d.sub_state ? s->d.sub_state : "";

	if (!strcmp(active, "failed")) {
		*ret = arena_printf(a, "failed: %s", result_text(b, a, s));
		return HEALTH_BAD;
	}
	/* auto-restart, auto-restart-queued: "activating" to whom looks no further. */
	if (!strncmp(sub, "auto-restart", 12)) {
		bool well = s->d.result && !strcmp(s->d.result, "success");

		*ret = well ? "ended; systemd is restarting it"
			    : arena_printf(a, "failed: %s; systemd is restarting it",
				      result_text(b, a, s));
		return HEALTH_BAD;
	}
	/* Changes come in bundles: the state of a short restart in between may never be seen. */
	if (s->d.n_restarts > w->n_restarts) {
		uint32_t n = s->d.n_restarts - w->n_restarts;

		*ret = arena_printf(a, "restarted by itself %u time%s", n, n == 1 ? "" : "s");
		return HEALTH_BAD;
	}
	if (!strcmp(active, "inactive") && is_over(s))
		return HEALTH_GOOD;
	if (!strcmp(active, "inactive")) {
		*ret = inactive_text(b, a, s);
		return HEALTH_BAD;
	}
	if (*w->invocation_id && strcmp(w->invocation_id, s->d.invocation_id)) {
		*ret = "was started anew by somebody else";
		return HEALTH_BAD;
	}
	if (!strcmp(active, "active"))
		return w->settled ? HEALTH_GOOD : HEALTH_WAIT;
	return HEALTH_WAIT;
}

static void note(
	struct watch *w, const struct unit_state *s, uint64_t settle_usec, struct wait *wait)
{
	const char *active = s->d.active_state ? s->d.active_state : "inactive";
	uint64_t now = monotonic_usec();

	snprintf(w->state, sizeof w->state, "%s", active);
	if (!w->seen) {
		w->seen = true;
		w->n_restarts = s->d.n_restarts;
		memcpy(w->invocation_id, s->d.invocation_id, sizeof w->invocation_id);
	}
	if (w->active || strcmp(active, "active"))
		return;
	uint64_t timeout_usec = wait->deadline_usec > now ? wait->deadline_usec - now : 0;

	w->active = true;
	w->settled = !settle_usec;
	w->settled_usec = now + settle_usec;
	wait->deadline_usec = w->settled_usec + timeout_usec;
}

/* What the unit is now: HEALTH_BAD with its sentence in e. */
static int look(struct bus *b, const char *unit, struct watch *w, uint64_t settle_usec,
	struct wait *wait, enum health *ret, struct err *e)
{
	_cleanup_arena_ struct arena *a = arena_new();
	struct flight f = {.b = b};
	struct unit_state s;
	const char *text = NULL;

	w->dirty = false;
	int r = bus_state_send(&f, a, unit, true, &s, e);
	if (r >= 0)
		r = bus_flight_wait(&f, e);
	if (r >= 0)
		r = s.error;
	if (r < 0)
		return r;
	note(w, &s, settle_usec, wait);
	*ret = judge(b, w, &s, a, &text);
	return *ret == HEALTH_BAD ? err_set(e, -EREMOTEIO, "%s", text) : 0;
}

static int watch(struct bus *b, const char *unit, struct watch *w, uint64_t timeout_usec,
	uint64_t settle_usec, struct wait *wait, struct err *e)
{
	enum health health = HEALTH_WAIT;

	for (;;) {
		int r = w->dirty ? look(b, unit, w, settle_usec, wait, &health, e) : 0;

		if (r < 0 || health == HEALTH_GOOD)
			return r;
		if (w->dirty)
			continue;
		bool settling = w->active && !w->settled;
		r = bus_wait(wait, settling ? w->settled_usec : 0, e);
		if (r == -ETIMEDOUT)
			return err_set(
				e, r, "still %s after %g s", w->state, (double)timeout_usec / 1e6);
		if (r)
			return r;
		if (settling && monotonic_usec() >= w->settled_usec)
			w->settled = w->dirty = true;
	}
}

int bus_watch_healthy(struct bus *b, const char *unit, uint64_t timeout_ms, uint64_t settle_ns,
	int (*idle)(void *userdata), void *userdata, struct err *e)
{
	_cleanup_free_ char *path = NULL;
	struct watch w = {.dirty = true};
	sd_bus_slot *match = NULL;
	uint64_t now = monotonic_usec();
	struct wait wait = {b, now + timeout_ms * 1000, idle, userdata, now};

	int r = bus_subscribe(b, e);
	if (r < 0)
		return r;
	r = sd_bus_path_encode(SYSTEMD_PATH "/unit", unit, &path);
	if (r >= 0)
		r = sd_bus_match_signal(b->bus, &match, b->sender, path, PROPERTIES_INTERFACE,
			"PropertiesChanged", on_changed, &w);
	if (r < 0)
		return err_errno(e, r, "%s: cannot listen to systemd", unit);
	r = watch(b, unit, &w, timeout_ms * 1000, settle_ns / 1000, &wait, e);
	sd_bus_slot_unref(match);
	if (r == -ETIMEDOUT)
		r = -EREMOTEIO;
	return r < 0 && err_text(e)[0] ? err_prefix(e, r, "%s", unit) : r;
}
