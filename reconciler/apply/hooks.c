/*
 * Hooks around a restart (hooks.h): run, say how it ended, show its last lines if it failed.
 * Restarts nothing. Called by the rolling restarts.
 */
#include "hooks.h"

#include <errno.h>
#include <string.h>

#include "l4sync/bus.h"
#include "l4sync/command_line.h"
#include "l4sync/text.h"

#include "restart.h"
#include "txn_internal.h"

#define LOG_LINES 10

struct hook {
	const char *name; /* in the manifest, in events */
	const char *key;  /* of the policy */
	unsigned limit_s;
};

static const struct hook hook_kinds[] = {
	{"busy", "restart.busy", 10},
	{"before", "restart.before", 60},
	{"check", "restart.check", 30},
};

static const struct hook *const busy = &hook_kinds[0], *const before = &hook_kinds[1],
				*const check = &hook_kinds[2];

/* One run of one hook. */
struct hook_run {
	struct txn *txn;
	const struct hook *hook;
	const char *unit;
	const char *line; /* the command as it is run, specifiers filled in; NULL: there is none */
	const char *service; /* that it runs in */
	unsigned long long since_usec;
	struct run_end end; /* text: also why it could not be run */
};

static void hook_event(const struct hook_run *x, const char *state, const char *text)
{
	event_emit(x->txn->sink, "{s:s, s:s, s:s, s:s, s:o}", "event", "hook", "unit", x->unit,
		"hook", x->hook->name, "state", state, "text", event_string(text));
}

static const char *command_text(struct arena *a, const char *const *argv)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	for (size_t i = 0; argv[i]; i++) {
		buf_adds(&b, i ? " " : "");
		text_shell_word(&b, argv[i]);
	}
	return arena_strdup(a, b.data);
}

static int run_service(struct hook_run *x, const char *const *argv, struct err *e)
{
	struct txn *t = x->txn;
	const struct transient service = {
		.unit = x->service,
		.description = arena_printf(t->arena, "l4sync: %s of %s", x->hook->name, x->unit),
		.argv = argv,
		.stdio_fd = -1,
		.limit_s = x->hook->limit_s,
	};
	struct bus *bus;
	int r = host_bus(t->host, &bus, e);

	return r < 0 ? r : bus_run(bus, t->arena, &service, txn_idle, NULL, &x->end, e);
}

/* -EINTR, or 0: also when it could not be run at all, which its end tells. */
static int run(struct txn *t, const struct resource *policy, const struct hook *hook,
	const char *unit, struct hook_run *ret, struct err *e)
{
	_cleanup_err_ struct err why = ERR_INIT;
	const char *const *argv;

	*ret = (struct hook_run){.txn = t, .hook = hook, .unit = unit};
	ret->line = policy ? resource_get(policy, hook->key) : NULL;
	if (!ret->line)
		return 0;
	ret->service = arena_printf(
		t->arena, "l4sync-%s-%s-%u.service", hook->name, t->name, t->n_hooks++);
	ret->since_usec = realtime_usec();
	int r = command_line_split(t->arena, ret->line, unit, &argv, &why);
	if (r >= 0)
		ret->line = command_text(t->arena, argv);
	hook_event(ret, "start", ret->line);
	if (r >= 0)
		r = run_service(ret, argv, &why);
	if (r == -EINTR)
		return unit_not_awaited(unit, e);
	if (r < 0)
		ret->end = (struct run_end){
			.text = arena_printf(t->arena, "could not be run: %s", err_text(&why))};
	return 0;
}

static bool ended_with(const struct hook_run *x, int status)
{
	return x->end.exited && x->end.status == status;
}

/* "UNIT: its check failed: COMMAND exited with 1/FAILURE" */
static const char *failure_text(const struct hook_run *x)
{
	return arena_printf(x->txn->arena, "%s: its %s failed: %s %s", x->unit, x->hook->name,
		x->line, x->end.text);
}

static void emit_log(const struct hook_run *x)
{
	struct txn *t = x->txn;
	const char *id = *x->end.invocation_id ? x->end.invocation_id : NULL;
	const char **lines;
	size_t n;

	if (journal_tail(t->arena, x->service, id, x->since_usec, LOG_LINES, &lines, &n) < 0)
		return;
	for (size_t i = 0; i < n; i++)
		event_emit(t->sink, "{s:s, s:s, s:s, s:o}", "event", "log", "unit", x->unit, "hook",
			x->hook->name, "line", event_string(lines[i]));
}

int hook_busy(struct txn *t, const struct resource *policy, const char *unit,
	enum busy_verdict *ret, const char **ret_why, struct err *e)
{
	struct hook_run x;
	int r = run(t, policy, busy, unit, &x, e);

	*ret = UNIT_IDLE;
	*ret_why = NULL;
	if (r < 0 || !x.line)
		return r;
	if (ended_with(&x, 0) || ended_with(&x, 1)) {
		*ret = ended_with(&x, 0) ? UNIT_BUSY : UNIT_IDLE;
		hook_event(&x, *ret == UNIT_BUSY ? "busy" : "idle", NULL);
		return 0;
	}
	*ret = UNIT_BUSY_UNKNOWN;
	*ret_why = arena_printf(t->arena, "%s %s", x.line, x.end.text);
	hook_event(&x, "failed", x.end.text);
	event_message(t->sink, "warning",
		"%s: whether it is busy cannot be told: %s. It is not restarted, as if it were; "
		"mend that command, or restart without asking by --restart-busy",
		unit, *ret_why);
	emit_log(&x);
	return 0;
}

/* Whether there is nothing more to be done about it: there is none, or it has ended well. */
static bool has_ended_well(const struct hook_run *x)
{
	bool well = !x->line || ended_with(x, 0);

	if (x->line)
		hook_event(x, well ? "done" : "failed", well ? NULL : x->end.text);
	return well;
}

int hook_before(struct txn *t, const struct resource *policy, const char *unit, struct err *e)
{
	struct hook_run x;
	int r = run(t, policy, before, unit, &x, e);

	if (r < 0 || has_ended_well(&x))
		return r;
	event_message(t->sink, "warning", "%s; it is restarted all the same", failure_text(&x));
	emit_log(&x);
	return 0;
}

int hook_check(struct txn *t, const struct resource *policy, const char *unit, struct err *e)
{
	struct hook_run x;
	int r = run(t, policy, check, unit, &x, e);

	if (r < 0 || has_ended_well(&x))
		return r;
	unit_event(t, unit, "failed", failure_text(&x), NULL);
	emit_log(&x);
	return err_set(e, -EPROTO, "%s", failure_text(&x));
}
