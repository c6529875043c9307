/*
 * The last lines that a unit logged, with systemd's own about it (bus.h).
 * Reads only; knows no colours and no widths. Called where a failed unit is reported.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <systemd/sd-journal.h>

#include "l4sync/bus.h"

#define SYNC_TIMEOUT_S 2

/* What a service wrote just before it failed may still be in journald's queue: `journalctl --sync`.
 * Whoever may not ask gets what has been written. */
static void journal_sync(void)
{
	static const char request[] = "{\"method\":\"io.systemd.Journal.Synchronize\"}";
	struct sockaddr_un address = {
		.sun_family = AF_UNIX, .sun_path = "/run/systemd/journal/io.systemd.journal"};
	struct timeval timeout = {.tv_sec = SYNC_TIMEOUT_S};
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char answer[256];

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout) < 0 ||
		connect(fd, (const struct sockaddr *)&address, sizeof address) < 0)
		return;
	/* The NUL ends a message. */
	if (send(fd, request, sizeof request, MSG_NOSIGNAL) == sizeof request)
		while (recv(fd, answer, sizeof answer, 0) < 0 && errno == EINTR)
			;
}

static int match(sd_journal *j, const char *field, const char *value)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	buf_addf(&b, "%s=%s", field, value);
	return sd_journal_add_match(j, b.data, b.size);
}

/* Entries of the unit's processes, or by systemd about the unit: its fields are trusted only with
 * its pid, anybody may log a UNIT=. */
static int match_unit(sd_journal *j, const char *unit)
{
	int r = match(j, "_SYSTEMD_UNIT", unit);

	if (r >= 0)
		r = sd_journal_add_disjunction(j);
	if (r >= 0)
		r = match(j, "UNIT", unit);
	if (r >= 0)
		r = match(j, "_PID", "1");
	return r;
}

static char *field(sd_journal *j, struct arena *a, const char *name)
{
	const void *data;
	size_t size, n = strlen(name) + 1;

	if (sd_journal_get_data(j, name, &data, &size) < 0 || size < n)
		return NULL;
	return arena_strndup(a, (const char *)data + n, size - n);
}

/* Which invocation an entry is about. What a program wrote just before its end often has none:
 * journald could no longer look at the process, and knows only the unit. */
static const char *invocation(sd_journal *j, struct arena *a)
{
	const char *pid = field(j, a, "_PID");

	return field(j, a, pid && !strcmp(pid, "1") ? "INVOCATION_ID" : "_SYSTEMD_INVOCATION_ID");
}

/* From the newest entry back to the wanted invocation, and through it to the one before. Returns
 * where in lines it came to: they are filled from their end. */
static size_t collect(sd_journal *j, struct arena *a, const char *wanted, uint64_t since_usec,
	const char **lines, size_t n)
{
	bool inside = false;
	uint64_t usec;

	while (n && sd_journal_previous(j) > 0) {
		const char *id = invocation(j, a), *line;

		if (sd_journal_get_realtime_usec(j, &usec) < 0 || usec < since_usec)
			break;
		if (!wanted)
			wanted = id;
		if (id && strcmp(id, wanted) != 0) {
			if (inside)
				break;
			continue;
		}
		inside = inside || id;
		if (inside && (line = field(j, a, "MESSAGE")))
			lines[--n] = line;
	}
	return n;
}

int journal_tail(struct arena *a, const char *unit, const char *invocation_id, uint64_t since_usec,
	size_t n, const char ***ret_lines, size_t *ret_n)
{
	const char **lines = arena_array(a, const char *, n);
	sd_journal *j = NULL;
	size_t from = n;

	if (invocation_id && !*invocation_id)
		invocation_id = NULL;
	journal_sync();
	if (sd_journal_open(&j, SD_JOURNAL_LOCAL_ONLY) >= 0) {
		if (match_unit(j, unit) >= 0 && sd_journal_seek_tail(j) >= 0)
			from = collect(j, a, invocation_id, since_usec, lines, n);
		sd_journal_close(j);
	}
	*ret_lines = lines + from;
	*ret_n = n - from;
	return 0;
}
