/*
 * `apply --confirm TIME`, `confirm NONCE`, and the deadline between them (SPEC 6). One file in the
 * state directory says that an apply waits to be confirmed. Its name is what is fought for: who
 * confirms gives it one other, at the deadline it gets another; each happens only if the other has
 * not, so a confirmation that comes during the rollback is too late.
 *
 *	confirm           an apply is under way, or done and not confirmed
 *	confirm.done      it was confirmed; until the apply has seen it, or the next one begins
 *	confirm.expired   its time is over: it is being rolled back, also after a crash or a boot
 *	confirm.failed    that has failed
 *
 * The deadline is a transient service, started before anything is changed. Called by the verbs.
 */
#include "confirm.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <time.h>

#include "l4sync/bus.h"

#include "lock.h"
#include "report.h"
#include "verbs.h"
#include "worker.h"

#define CONFIRM "confirm"
#define DONE "confirm.done"
#define EXPIRED "confirm.expired"
#define FAILED "confirm.failed"
#define DEADLINE_UNIT "l4sync-deadline.service"
#define TICK_MS 200
#define LAST_WAIT_MS 10000
#define LOCKED_TRIES 600 /* seconds that a rollback waits for another run */

struct confirmation {
	const char *nonce;
	const char *connection; /* SSH_CONNECTION of who applies; "": none */
	uint64_t to;            /* what is gone back to; 0: what was before the first apply */
	unsigned seconds;
	bool applied; /* the time runs */
};

static void pause_ms(long ms)
{
	nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

static int store(struct host *h, const struct confirmation *c, struct err *e)
{
	json_t *o = json_pack("{s:s, s:s, s:I, s:i, s:b}", "nonce", c->nonce, "connection",
		c->connection, "to", (json_int_t)c->to, "seconds", (int)c->seconds, "applied",
		(int)c->applied);
	_cleanup_free_ char *text = json_dumps(o, JSON_COMPACT);

	json_decref(o);
	return state_write(h, CONFIRM, text, strlen(text), e);
}

/* -ENOENT (no text): nothing waits. */
static int load(struct host *h, const char *name, struct confirmation *ret, struct err *e)
{
	const void *data;
	json_int_t to;
	size_t size;
	int dir, seconds, applied;
	int r = state_dir(h, false, &dir, e);

	if (r < 0)
		return r;
	_cleanup_close_ int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	r = fd < 0 ? -errno : fd_read_all(h->arena, fd, 65536, &data, &size);
	if (r == -ENOENT)
		return r;
	if (r < 0)
		return err_errno(e, r, "cannot read " STATE_DIR "/%s", name);
	json_t *o = json_loadb(data, size, 0, NULL);
	const char *nonce, *connection;
	if (json_unpack(o, "{s:s, s:s, s:I, s:i, s:b}", "nonce", &nonce, "connection", &connection,
		    "to", &to, "seconds", &seconds, "applied", &applied) < 0 ||
		to < 0 || seconds < 1)
		r = err_set(e, -EBADMSG, STATE_DIR "/%s is damaged", name);
	else
		*ret = (struct confirmation){arena_strdup(h->arena, nonce),
			arena_strdup(h->arena, connection), (uint64_t)to, (unsigned)seconds,
			applied};
	json_decref(o);
	return r;
}

/* to NULL: it is removed. -ENOENT: it was not there. Durable when it returns 0. */
static int take_name(struct host *h, const char *name, const char *to)
{
	int dir;
	int r = state_dir(h, false, &dir, NULL);

	if (r < 0)
		return r;
	r = to ? renameat(dir, name, dir, to) : unlinkat(dir, name, 0);
	if (r < 0)
		return -errno;
	return fsync(dir) < 0 ? -errno : 0;
}

static bool is_there(struct host *h, const char *name)
{
	int dir;

	return state_dir(h, false, &dir, NULL) >= 0 &&
	       faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

const char *confirm_pending(struct host *h)
{
	struct confirmation c = {0};

	if (is_there(h, EXPIRED))
		return "an apply that was not confirmed in time is being rolled back";
	if (is_there(h, FAILED))
		return "an apply that was not confirmed in time could not be rolled back; see "
		       "`journalctl -u " DEADLINE_UNIT "`";
	if (load(h, CONFIRM, &c, NULL) < 0)
		return NULL;
	return arena_printf(h->arena,
		"an apply %s and is rolled back unless `l4sync confirm` is given its number within "
		"%u s",
		c.applied ? "waits to be confirmed" : "that is to be confirmed has begun",
		c.seconds);
}

int confirm_refuse_other(struct run *r, struct err *e)
{
	const char *pending = r->host->live && strcmp(r->request->command, "deadline") != 0 &&
					      !is_there(r->host, FAILED)
				      ? confirm_pending(r->host)
				      : NULL;

	return pending ? err_exit(e, EXIT_LOCKED, -EBUSY, "%s: confirm it, or wait for that",
				 pending)
		       : 0;
}

static const char *connection_of_caller(void)
{
	const char *ssh = getenv("SSH_CONNECTION");

	return ssh ? ssh : "";
}

/* The service of an apply that was decided a moment ago has not looked yet; it must not take this
 * one's file for its own, and there is one name for both. Whether it has ended shows at the start.
 */
static int await_last_deadline(struct run *r, struct bus *bus, struct err *e)
{
	const char *unit = DEADLINE_UNIT;
	struct unit_details d;

	for (int waited = 0; waited < LAST_WAIT_MS; waited += TICK_MS) {
		int code = bus_unit_details(bus, r->arena, &unit, 1, false, &d, e);

		if (code < 0)
			return code;
		if (!d.found || !strcmp(d.active_state, "inactive"))
			break;
		pause_ms(TICK_MS);
	}
	return 0;
}

int confirm_arm(struct run *r, struct err *e)
{
	unsigned char random[8];
	struct bus *bus;

	if (getrandom(random, sizeof random, 0) != sizeof random)
		return err_errno(e, -errno, "there is no randomness");
	struct confirmation c = {
		.nonce = arena_printf(r->arena, "%02x%02x%02x%02x%02x%02x%02x%02x", random[0],
			random[1], random[2], random[3], random[4], random[5], random[6],
			random[7]),
		.connection = connection_of_caller(),
		.to = r->base.number,
		.seconds = (unsigned)r->request->confirm,
	};
	/* Of an apply that ended before it had seen it: it would be taken for this one's. */
	int code = take_name(r->host, DONE, NULL);
	if (code < 0 && code != -ENOENT)
		return err_errno(e, code, "cannot remove " STATE_DIR "/" DONE);
	code = host_bus(r->host, &bus, e);
	if (code >= 0)
		code = await_last_deadline(r, bus, e);
	if (code >= 0)
		code = store(r->host, &c, e);
	if (code < 0)
		return code;
	const char *const argv[] = {worker_program(r->arena, e), "deadline", NULL};
	const struct transient t = {
		.unit = DEADLINE_UNIT,
		.description = "Roll back an l4sync apply that is not confirmed",
		.argv = argv,
		.environment = worker_environment(r->arena),
		.stdio_fd = -1,
		.restart = true,
	};
	code = argv[0] ? bus_start_transient(bus, &t, e) : -EIO;
	if (code < 0)
		confirm_disarm(r);
	return code;
}

void confirm_disarm(struct run *r)
{
	take_name(r->host, CONFIRM, NULL);
}

void confirm_forget(struct run *r)
{
	take_name(r->host, FAILED, NULL);
}

/* The time runs from here on, and others may take the lock. */
static int begin_waiting(struct run *r, struct err *e)
{
	struct confirmation c = {0};
	int code = load(r->host, CONFIRM, &c, e);

	if (code >= 0) {
		c.applied = true;
		code = store(r->host, &c, e);
	}
	if (code < 0)
		return code;
	event_emit(r->sink, "{s:s, s:s, s:i}", "event", "confirm", "nonce", c.nonce, "seconds",
		(int)c.seconds);
	closep_(&r->lock_fd);
	r->lock_fd = -1;
	return 0;
}

int confirm_await(struct run *r, struct err *e)
{
	int code = begin_waiting(r, e);

	if (code < 0)
		return err_prefix(e, err_exit(e, EXIT_NOT_ROLLED_BACK, code, "%s", err_text(e)),
			"it was applied, but nobody can confirm it");
	while (is_there(r->host, CONFIRM) || is_there(r->host, EXPIRED)) {
		if (txn_interrupted == SIGINT)
			take_name(r->host, CONFIRM, EXPIRED);
		else if (txn_interrupted) /* at a shutdown too: the boot waits anew */
			return err_exit(e, EXIT_UNKNOWN, -EINTR,
				"the verdict is not waited for any longer: it is rolled back "
				"unless it is confirmed");
		pause_ms(TICK_MS);
	}
	if (is_there(r->host, FAILED))
		return err_exit(e, EXIT_NOT_ROLLED_BACK, -ETIMEDOUT,
			"it was not confirmed in time, and could not be rolled back: see "
			"`journalctl -u " DEADLINE_UNIT "`");
	/* A rollback may take less time than passes between two looks: only what says that it was
	 * confirmed is a yes. */
	return take_name(r->host, DONE, NULL) == 0
		       ? 0
		       : err_exit(e, EXIT_ROLLED_BACK, -ETIMEDOUT,
				 "it was not confirmed in time, and is rolled back");
}

static int check_confirmation(struct run *r, const char *nonce, struct err *e)
{
	struct confirmation c = {0};
	int code = load(r->host, CONFIRM, &c, e);

	if (code == -ENOENT)
		return is_there(r->host, EXPIRED)
			       ? err_set(e, -ETIMEDOUT,
					 "too late: the apply is being rolled back already")
			       : err_set(e, code, "no apply waits to be confirmed");
	if (code < 0)
		return code;
	if (strcmp(c.nonce, nonce) != 0)
		return err_set(e, -EINVAL, "another apply waits to be confirmed, not %s", nonce);
	if (!c.applied)
		return err_set(e, -EAGAIN, "the apply is not done yet");
	if (*c.connection && !strcmp(c.connection, connection_of_caller()))
		return err_set(e, -EPERM,
			"this is the connection that the apply came over, which proves nothing: "
			"confirm it over a new one (with ssh, one that shares no other)");
	code = take_name(r->host, CONFIRM, DONE);
	if (code == -ENOENT)
		return err_set(e, -ETIMEDOUT, "too late: the apply is being rolled back already");
	return code < 0 ? err_errno(e, code, "cannot take note of the confirmation") : 0;
}

int verb_confirm(const struct request *q, struct sink *s)
{
	_cleanup_run_ struct run r;
	_cleanup_err_ struct err e = ERR_INIT;
	int code = run_open_host(&r, q, s, &e);

	if (code >= 0)
		code = check_confirmation(&r, q->argument, &e);
	if (code < 0)
		return verb_failed(&r, &e);
	event_emit(s, "{s:s, s:i, s:s}", "event", "done", "exit", EXIT_CONVERGED, "summary",
		"Confirmed: what was applied stays");
	return EXIT_CONVERGED;
}

/* Whether the run that is to be confirmed has ended without saying that it was done. */
static bool has_died(struct host *h)
{
	struct confirmation c = {0};
	json_t *holder = run_lock_holder(h);

	if (holder) {
		json_decref(holder);
		return false;
	}
	return load(h, CONFIRM, &c, NULL) >= 0 && !c.applied;
}

/* Why it is to be rolled back. NULL: it was confirmed, or was none any more. */
static const char *wait_for_deadline(struct host *h)
{
	struct confirmation c = {0};
	struct timespec begin = {0}, now;
	bool runs = false;

	/* One that cannot be read now is no confirmation. */
	while (is_there(h, CONFIRM)) {
		if (load(h, CONFIRM, &c, NULL) < 0) {
			pause_ms(TICK_MS);
			continue;
		}
		clock_gettime(CLOCK_BOOTTIME, &now);
		if (!runs && c.applied)
			begin = now, runs = true;
		if (runs ? now.tv_sec - begin.tv_sec >= (time_t)c.seconds : has_died(h)) {
			if (take_name(h, CONFIRM, EXPIRED) < 0)
				break;
			return runs ? arena_printf(h->arena, "nobody confirmed it within %u s",
					      c.seconds)
				    : "it ended before it was done, and so before it could be "
				      "confirmed";
		}
		pause_ms(TICK_MS);
	}
	/* By the interrupt key, or by one like this that was killed. */
	return is_there(h, EXPIRED) ? "it was not confirmed" : NULL;
}

int verb_deadline(const struct request *q, struct sink *s)
{
	_cleanup_run_ struct run r;
	_cleanup_err_ struct err e = ERR_INIT;
	struct confirmation c = {0};
	int status;

	if (run_open_host(&r, q, s, &e) < 0)
		return verb_failed(&r, &e);
	const char *reason = wait_for_deadline(r.host);
	if (!reason) {
		run_done(&r, EXIT_CONVERGED);
		return EXIT_CONVERGED;
	}
	if (load(r.host, EXPIRED, &c, &e) < 0)
		return verb_failed(&r, &e);
	const struct request back = {
		.command = "deadline",
		.argument = arena_printf(r.arena, "%llu", (unsigned long long)c.to),
		.yes = true,
		.allow_removal = true,
		.restart_busy = true, /* as a rollback does */
		.foreground = true,
		.reason = reason,
	};
	for (int i = 0; (status = verb_rollback(&back, s)) == EXIT_LOCKED && i < LOCKED_TRIES; i++)
		pause_ms(1000);
	/* Restarts that are left to somebody are no reason to say that it is not rolled back. */
	take_name(r.host, EXPIRED, status && status != EXIT_DEFERRED ? FAILED : NULL);
	return status;
}
