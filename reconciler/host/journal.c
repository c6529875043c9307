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
static int match_either(sd_journal *j, const char *of, const char *about, const char *value)
{
	int r = match(j, of, value);

	if (r >= 0)
		r = sd_journal_add_disjunction(j);
	if (r >= 0)
		r = match(j, about, value);
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

/* The invocation that the newest entry belongs to; NULL: there is none. */
static const char *newest_invocation(sd_journal *j, struct arena *a, const char *unit)
{
	const char *id = NULL;

	if (match_either(j, "_SYSTEMD_UNIT", "UNIT", unit) >= 0 && sd_journal_seek_tail(j) >= 0)
		while (!id && sd_journal_previous(j) > 0) {
			const char *pid = field(j, a, "_PID");

			id = field(j, a,
				pid && !strcmp(pid, "1") ? "INVOCATION_ID"
							 : "_SYSTEMD_INVOCATION_ID");
		}
	sd_journal_flush_matches(j);
	return id;
}

int journal_tail(struct arena *a, const char *unit, const char *invocation_id, size_t n,
	const char ***ret_lines, size_t *ret_n)
{
	const char **lines = arena_array(a, const char *, n);
	sd_journal *j = NULL;
	size_t from = n;

	*ret_lines = lines;
	*ret_n = 0;
	journal_sync();
	if (sd_journal_open(&j, SD_JOURNAL_LOCAL_ONLY) < 0)
		return 0;
	if (!invocation_id || !*invocation_id)
		invocation_id = newest_invocation(j, a, unit);
	if (invocation_id &&
		match_either(j, "_SYSTEMD_INVOCATION_ID", "INVOCATION_ID", invocation_id) >= 0 &&
		sd_journal_seek_tail(j) >= 0)
		while (from && sd_journal_previous(j) > 0) {
			const char *line = field(j, a, "MESSAGE");

			if (line)
				lines[--from] = line;
		}
	sd_journal_close(j);
	*ret_lines = lines + from;
	*ret_n = n - from;
	return 0;
}
