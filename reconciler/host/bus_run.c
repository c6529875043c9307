/*
 * A transient service from its start to its end (bus.h): systemd forgets it then, so how it ended
 * is taken from the signals that say so. Judges nothing. Called by the engine's hooks.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "l4sync/io.h"

#include "bus_internal.h"

#define GRACE_USEC 30000000u /* behind its limit, which systemd keeps */

struct following {
	const char *unit;
	char active_state[32];
	char result[32];
	char invocation_id[33];
	int32_t code, status;
	bool look;    /* systemd has dropped it, as it does with every unit at a daemon-reload */
	bool removed; /* for good */
};

static int read_text(sd_bus_message *m, char *ret, size_t size)
{
	const char *text;
	int r = sd_bus_message_read(m, "v", "s", &text);

	if (r >= 0)
		snprintf(ret, size, "%s", text);
	return r;
}

static int read_id(sd_bus_message *m, char ret[33])
{
	const unsigned char *bytes;
	const void *data;
	size_t size;
	int r = sd_bus_message_enter_container(m, 'v', "ay");

	if (r >= 0)
		r = sd_bus_message_read_array(m, 'y', &data, &size);
	if (r < 0)
		return r;
	bytes = data;
	for (size_t i = 0; size == 16 && i < size; i++)
		snprintf(ret + 2 * i, 3, "%02x", bytes[i]);
	return sd_bus_message_exit_container(m);
}

static int read_property(sd_bus_message *m, struct following *f)
{
	const char *name;
	int r = sd_bus_message_read(m, "s", &name);

	if (r < 0)
		return r;
	if (!strcmp(name, "ActiveState"))
		return read_text(m, f->active_state, sizeof f->active_state);
	if (!strcmp(name, "Result"))
		return read_text(m, f->result, sizeof f->result);
	if (!strcmp(name, "InvocationID"))
		return read_id(m, f->invocation_id);
	if (!strcmp(name, "ExecMainCode"))
		return sd_bus_message_read(m, "v", "i", &f->code);
	if (!strcmp(name, "ExecMainStatus"))
		return sd_bus_message_read(m, "v", "i", &f->status);
	return sd_bus_message_skip(m, "v");
}

static int on_changed(sd_bus_message *m, void *userdata, sd_bus_error *ignored)
{
	struct following *f = userdata;
	int r = sd_bus_message_skip(m, "s");

	(void)ignored;
	if (r >= 0)
		r = sd_bus_message_enter_container(m, 'a', "{sv}");
	while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
		r = read_property(m, f);
		if (r >= 0)
			r = sd_bus_message_exit_container(m);
	}
	return 0;
}

static int on_removed(sd_bus_message *m, void *userdata, sd_bus_error *ignored)
{
	struct following *f = userdata;
	const char *unit;

	(void)ignored;
	if (sd_bus_message_read(m, "so", &unit, NULL) >= 0 && !strcmp(unit, f->unit))
		f->look = true;
	return 0;
}

/* Before it was started it is inactive too. */
static bool has_ended(const struct following *f)
{
	return f->removed || !strcmp(f->active_state, "failed") ||
	       (f->code && !strcmp(f->active_state, "inactive"));
}

static void fill(
	struct arena *a, const struct transient *t, const struct following *f, struct run_end *ret)
{
	*ret = (struct run_end){.status = f->status};
	memcpy(ret->invocation_id, f->invocation_id, sizeof ret->invocation_id);
	ret->exited = f->code == CLD_EXITED && strcmp(f->result, "timeout") != 0;
	/* Of which few programs make use themselves. */
	ret->unstarted = !f->code || (ret->exited && exit_status_is_systemd(f->status));
	if (!strcmp(f->result, "timeout"))
		ret->text = arena_printf(a, "was not done after %u s, and was killed", t->limit_s);
	else if (f->code == CLD_EXITED)
		ret->text = arena_printf(a, "exited with %s", exit_status_text(a, f->status));
	else if (f->code)
		ret->text = arena_printf(a, "was %s", exit_code_text(a, f->code, f->status));
	else
		ret->text = arena_printf(a, "did not run: Result %s", f->result);
}

static int look_for(struct bus *b, struct following *f, struct err *e)
{
	_cleanup_arena_ struct arena *a = arena_new();
	struct unit_details now;
	int r = bus_unit_details(b, a, &f->unit, 1, false, &now, e);

	f->look = false;
	f->removed = r >= 0 && !now.found;
	return r;
}

static int follow(struct bus *b, const struct transient *t, struct following *f, struct wait *w,
	struct err *e)
{
	int r = bus_start_transient(b, t, e);

	if (r < 0)
		return r;
	while (!r && !has_ended(f))
		r = f->look ? look_for(b, f, e) : bus_wait(w, 0, e);
	if (has_ended(f))
		return 0;
	bus_kill_whom(b, t->unit, "all", SIGKILL, NULL);
	return r == -ETIMEDOUT ? err_set(e, r, "%s: has not ended", t->unit) : r;
}

int bus_run(struct bus *b, struct arena *a, const struct transient *t, int (*idle)(void *userdata),
	void *userdata, struct run_end *ret, struct err *e)
{
	struct following f = {.unit = t->unit};
	sd_bus_slot *changed = NULL, *removed = NULL;
	_cleanup_free_ char *path = NULL;
	uint64_t now = monotonic_usec();
	struct wait w = {b, now + t->limit_s * 1000000ull + GRACE_USEC, idle, userdata, now};

	int r = bus_subscribe(b, e);
	if (r < 0)
		return r;
	/* Before the start, so that no signal is missed. */
	r = sd_bus_path_encode(SYSTEMD_PATH "/unit", t->unit, &path);
	if (r >= 0)
		r = sd_bus_match_signal(b->bus, &changed, b->sender, path, PROPERTIES_INTERFACE,
			"PropertiesChanged", on_changed, &f);
	if (r >= 0)
		r = sd_bus_match_signal(b->bus, &removed, b->sender, SYSTEMD_PATH,
			MANAGER_INTERFACE, "UnitRemoved", on_removed, &f);
	r = r < 0 ? err_errno(e, r, "cannot listen to systemd") : follow(b, t, &f, &w, e);
	sd_bus_slot_unref(changed);
	sd_bus_slot_unref(removed);
	if (r >= 0)
		fill(a, t, &f, ret);
	return r;
}
