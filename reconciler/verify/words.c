/*
 * Values in the words of systemd.exec(5), for people (rows.h).
 * Compares nothing. Called by the rows.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "l4sync/cgroup.h"
#include "l4sync/text.h"

#include "rows.h"

#define MANY 8

static const char *const capability_names[] = {"chown", "dac_override", "dac_read_search", "fowner",
	"fsetid", "kill", "setgid", "setuid", "setpcap", "linux_immutable", "net_bind_service",
	"net_broadcast", "net_admin", "net_raw", "ipc_lock", "ipc_owner", "sys_module", "sys_rawio",
	"sys_chroot", "sys_ptrace", "sys_pacct", "sys_admin", "sys_boot", "sys_nice",
	"sys_resource", "sys_time", "sys_tty_config", "mknod", "lease", "audit_write",
	"audit_control", "setfcap", "mac_override", "mac_admin", "syslog", "wake_alarm",
	"block_suspend", "audit_read", "perfmon", "bpf", "checkpoint_restore"};

void verdict(struct truth *t, enum truth_verdict v, const char *declared, const char *real)
{
	t->verdict = v;
	t->declared = declared;
	t->real = real;
}

void verdict_unknown(struct truth *t, const char *declared, const char *why)
{
	verdict(t, TRUTH_UNKNOWN, declared, why);
}

static int population(uint64_t set)
{
	return __builtin_popcountll(set);
}

static const char *names(struct arena *a, uint64_t set, uint64_t all)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	for (size_t i = 0; i < 64; i++) {
		if (!((set & all) >> i & 1))
			continue;
		buf_adds(&b, b.size ? " cap_" : "cap_");
		if (i < ELEMENTS(capability_names))
			buf_adds(&b, capability_names[i]);
		else
			buf_addf(&b, "%zu", i);
	}
	return arena_strndup(a, b.data ? b.data : "", b.size);
}

/* A large set by what it has not. */
const char *words_capabilities(struct arena *a, uint64_t set)
{
	uint64_t all = (UINT64_C(1) << ELEMENTS(capability_names)) - 1;

	set &= all;
	if (!set)
		return "none";
	if (set == all)
		return "all";
	if (population(set) > population(all) / 2)
		return arena_printf(a, "all but %s", names(a, ~set, all));
	return names(a, set, all);
}

const char *words_number(struct arena *a, uint64_t n)
{
	return n == UINT64_MAX ? "infinity" : arena_printf(a, "%llu", (unsigned long long)n);
}

const char *words_yes(bool yes)
{
	return yes ? "yes" : "no";
}

const char *words_of(struct arena *a, const struct property *p)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	for (size_t i = 0; p && i < p->n && i < MANY; i++) {
		if (b.size)
			buf_addc(&b, ' ');
		if (p->items[i].text)
			buf_adds(&b, p->items[i].text);
		else
			buf_adds(&b, words_number(a, p->items[i].number));
	}
	if (p && p->n > MANY)
		buf_addf(&b, " and %zu more", p->n - MANY);
	return arena_strndup(a, b.data ? b.data : "", b.size);
}

bool words_bits(const char *text, unsigned char *bits, size_t size)
{
	memset(bits, 0, size);
	while (*text) {
		char *end;

		if (!isdigit((unsigned char)*text))
			return false;
		unsigned long from = strtoul(text, &end, 10), to = from;
		if (*end == '-' && isdigit((unsigned char)end[1]))
			to = strtoul(end + 1, &end, 10);
		if (to < from || to >= 8 * size)
			return false;
		for (unsigned long i = from; i <= to; i++)
			bits[i / 8] |= (unsigned char)(1u << i % 8);
		text = end + strspn(end, ", \n");
		if (text == end && *end)
			return false;
	}
	return true;
}

const char *words_bitmap(struct arena *a, const unsigned char *bits, size_t size)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	for (size_t i = 0, end; i < 8 * size; i = end + 1) {
		end = i;
		while (end < 8 * size && bits[end / 8] >> end % 8 & 1)
			end++;
		if (end == i)
			continue;
		buf_addf(&b, b.size ? ",%zu" : "%zu", i);
		if (end - i > 1)
			buf_addf(&b, "-%zu", end - 1);
	}
	return b.size ? arena_strndup(a, b.data, b.size) : "none";
}

bool bits_equal(const unsigned char *a, size_t n, const unsigned char *b, size_t m)
{
	for (size_t i = 0; i < n || i < m; i++)
		if ((i < n ? a[i] : 0) != (i < m ? b[i] : 0))
			return false;
	return true;
}

bool words_of_device(const char *text, const char *device, const char *key, uint64_t *ret)
{
	size_t n = strlen(device);

	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		if (strncmp(line, device, n) != 0 || line[n] != ' ')
			continue;
		const char *found = *key ? strstr(line, key) : line + n + 1;

		if (!found || found > line + strcspn(line, "\n"))
			return false;
		*ret = cgroup_number(
			text_starts(found + strlen(key), "max") ? "max" : found + strlen(key));
		return true;
	}
	return false;
}
