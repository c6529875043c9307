/*
 * Values of the unit's cgroup (rows.h): what systemd has read with a daemon-reload is not in the
 * kernel yet. No process is expected to move its own.
 * Called by truth.c.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "l4sync/cgroup.h"
#include "l4sync/text.h"

#include "rows.h"

#define ROOT "/sys/fs/cgroup"
#define PERIOD_USEC 100000u
#define CPU_BYTES 1024u

/* While the system starts or stops, Startup…= is in force where it is set. */
static bool is_starting(const struct look *l, const struct row *row)
{
	const struct property *p =
		property_find(l->p, arena_printf(l->arena, "Startup%s", row->directive));
	const char *state = property_text(l->manager, "SystemState");

	if (!p || !p->n || !text_has_word("initializing starting stopping", state))
		return false;
	return p->items[0].text ? p->items[0].number : p->items[0].number + 1 > 1;
}

/*
 * The file's first line, or in its place the verdict: without the controller on the whole host, or
 * the file in a kernel that was built without it, it cannot be told; if only this cgroup has no
 * such controller, the setting has no effect.
 */
static const char *value(struct look *l, const struct row *row, const char *file,
	const char *declared, struct truth *t)
{
	const char *text = NULL, *controllers = NULL;
	char *name = arena_strndup(l->arena, file, strcspn(file, "."));

	if (is_starting(l, row)) {
		verdict_unknown(
			t, declared, "the system is starting or stopping: another value holds");
		return NULL;
	}
	if (cgroup_read(l->host, l->arena, l->cgroup, file, &text, NULL) < 0) {
		verdict_unknown(t, declared, arena_printf(l->arena, "%s cannot be read", file));
		return NULL;
	}
	if (text)
		return text;
	cgroup_read(l->host, l->arena, l->cgroup, "cgroup.controllers", &controllers, NULL);
	if (controllers && text_has_word(controllers, name)) {
		verdict_unknown(t, declared, arena_printf(l->arena, "this kernel has no %s", file));
		return NULL;
	}
	cgroup_read(l->host, l->arena, "", "cgroup.controllers", &controllers, NULL);
	if (controllers && text_has_word(controllers, name))
		verdict(t, TRUTH_LACKS, declared,
			arena_printf(l->arena, "off (the cgroup has no %s)", file));
	else
		verdict_unknown(t, declared,
			arena_printf(l->arena, "this host's cgroups have no controller %s", name));
	return NULL;
}

/* The kernel keeps whole pages. */
static bool same_size(uint64_t declared, uint64_t real)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

	return declared == real || (real != UINT64_MAX && declared / page == real / page);
}

/* argument: what the property has when nothing is declared. */
static void size(struct look *l, const struct row *row, struct process *p, struct truth *t)
{
	uint64_t declared = row_number(l, row);

	(void)p;
	if (!property_find(l->p, row_property(row)) || declared == (uint64_t)row->argument)
		return;
	const char *words = words_number(l->arena, declared),
		   *text = value(l, row, row->text, words, t);
	if (text)
		verdict(t, same_size(declared, cgroup_number(text)) ? TRUTH_HOLDS : TRUTH_LACKS,
			words, words_number(l->arena, cgroup_number(text)));
}

static void tasks(struct look *l, const struct row *row, struct process *p, struct truth *t)
{
	uint64_t declared = row_number(l, row);

	(void)p;
	if (declared == property_number(l->manager, "DefaultTasksMax") || declared == UINT64_MAX)
		return;
	const char *words = words_number(l->arena, declared),
		   *text = value(l, row, row->text, words, t);
	if (text)
		verdict(t, declared == cgroup_number(text) ? TRUTH_HOLDS : TRUTH_LACKS, words,
			words_number(l->arena, cgroup_number(text)));
}

/* "100", or "default 100" where devices may follow. 0 is CPUWeight=idle. */
static void weight(struct look *l, const struct row *row, struct process *p, struct truth *t)
{
	uint64_t declared = row_number(l, row);
	const char *file = row->text;

	(void)p;
	if (!property_find(l->p, row_property(row)) || declared == UINT64_MAX)
		return;
	const char *words = declared ? words_number(l->arena, declared) : "idle";
	const char *text = value(l, row, declared ? file : "cpu.idle", words, t);
	if (!text)
		return;
	text += text_starts(text, "default ") ? strlen("default ") : 0;
	verdict(t, cgroup_number(text) == (declared ? declared : 1) ? TRUTH_HOLDS : TRUTH_LACKS,
		words, declared ? text : "not idle");
}

/* cpu.max: "QUOTA PERIOD". systemd may choose another period for a small quota. */
static void quota(struct look *l, const struct row *row, struct process *p, struct truth *t)
{
	uint64_t declared = row_number(l, row);
	unsigned long long amount = 0, period = PERIOD_USEC;

	(void)p;
	if (!property_find(l->p, row_property(row)) || declared == UINT64_MAX)
		return;
	const char *words = arena_printf(l->arena, "%.4g%%", (double)declared / 10000.0),
		   *text = value(l, row, row->text, words, t);
	if (!text)
		return;
	bool limited = sscanf(text, "%llu %llu", &amount, &period) == 2 && period;
	double percent = limited ? 100.0 * (double)amount / (double)period : 0;
	double off = percent - (double)declared / 10000.0;
	verdict(t, limited && off > -0.1 && off < 0.1 ? TRUTH_HOLDS : TRUTH_LACKS, words,
		limited ? arena_printf(l->arena, "%.4g%%", percent) : "infinity");
}

static void period(struct look *l, const struct row *row, struct process *p, struct truth *t)
{
	uint64_t declared = row_number(l, row);
	unsigned long long real = 0;

	(void)p;
	if (!property_find(l->p, row_property(row)) || declared == UINT64_MAX ||
		property_number(l->p, "CPUQuotaPerSecUSec") == UINT64_MAX)
		return;
	const char *words = arena_printf(l->arena, "%lluus", (unsigned long long)declared),
		   *text = value(l, row, row->text, words, t);
	if (!text)
		return;
	sscanf(text, "%*s %llu", &real);
	verdict(t, real == declared ? TRUTH_HOLDS : TRUTH_LACKS, words,
		arena_printf(l->arena, "%lluus", real));
}

static void cpus(struct look *l, const struct row *row, struct process *p, struct truth *t)
{
	const struct property *declared = property_find(l->p, row_property(row));
	unsigned char *real = arena_alloc(l->arena, CPU_BYTES);

	(void)p;
	if (!declared || !declared->n || !declared->items[0].number)
		return;
	const unsigned char *bits = (const unsigned char *)declared->items[0].text;
	size_t n = (size_t)declared->items[0].number;
	const char *words = words_bitmap(l->arena, bits, n),
		   *text = value(l, row, row->text, words, t);
	if (!text)
		return;
	if (!words_bits(text, real, CPU_BYTES))
		verdict_unknown(t, words, arena_printf(l->arena, "%s is \"%s\"", row->text, text));
	else
		verdict(t, bits_equal(bits, n, real, CPU_BYTES) ? TRUTH_HOLDS : TRUTH_LACKS, words,
			*text ? text : "all");
}

static void flag(struct look *l, const struct row *row, struct process *p, struct truth *t)
{
	const struct property *declared = property_find(l->p, row_property(row));
	bool is_set = declared && declared->n &&
		      (declared->items[0].text ? !strcmp(declared->items[0].text, "kill")
					       : declared->items[0].number != 0);

	(void)p;
	/* argument: what need not be declared */
	if (!declared || !declared->n || is_set == row->argument)
		return;
	const char *words = words_of(l->arena, declared), *text;
	if (!declared->items[0].text)
		words = words_yes(is_set);
	text = value(l, row, row->text, words, t);
	if (text)
		verdict(t, cgroup_number(text) == is_set ? TRUTH_HOLDS : TRUTH_LACKS, words,
			words_yes(cgroup_number(text)));
}

/* The disk of a path: itself, or that of its file system; of a partition the whole. */
static bool device_of(struct arena *a, const char *path, const char **ret)
{
	struct stat st;
	const char *target;

	if (stat(path, &st) < 0)
		return false;
	dev_t device = S_ISBLK(st.st_mode) ? st.st_rdev : st.st_dev;
	const char *name = arena_printf(a, "/sys/dev/block/%u:%u", major(device), minor(device));
	char *real = realpath(name, NULL);
	if (!real)
		return false;
	unsigned ma = major(device), mi = minor(device);
	if (access(arena_printf(a, "%s/partition", real), F_OK) == 0) {
		*strrchr(real, '/') = '\0';
		FILE *f = fopen(arena_printf(a, "%s/dev", real), "re");

		if (f && fscanf(f, "%u:%u", &ma, &mi) != 2)
			ma = major(device);
		if (f)
			fclose(f);
	}
	free(real);
	target = arena_printf(a, "%u:%u", ma, mi);
	*ret = target;
	return true;
}

/* The whole file: a line a device. */
static const char *lines(struct look *l, const char *file)
{
	const char *path = arena_printf(l->arena, ROOT "%s/%s", l->cgroup, file);
	FILE *f = fopen(path, "re");
	_cleanup_buf_ struct buf b = BUF_INIT;
	char part[512];
	size_t n;

	if (!f)
		return NULL;
	while ((n = fread(part, 1, sizeof part, f)) > 0)
		buf_add(&b, part, n);
	fclose(f);
	return arena_strndup(l->arena, b.data ? b.data : "", b.size);
}

/* row->text: "FILE KEY=". */
static void per_device(struct look *l, const struct row *row, struct process *p, struct truth *t)
{
	const struct property *declared = property_find(l->p, row_property(row));
	const char *file = arena_strndup(l->arena, row->text, strcspn(row->text, " ")), *device;
	const char *key = row->text + strlen(file) + 1;

	(void)p;
	if (!declared || declared->n < 2)
		return;
	const char *words = words_of(l->arena, declared);
	if (!value(l, row, file, words, t) && t->declared)
		return;
	const char *text = lines(l, file);
	verdict(t, TRUTH_HOLDS, words, words);
	for (size_t i = 0; i + 1 < declared->n; i += 2) {
		uint64_t real = UINT64_MAX;

		if (!device_of(l->arena, declared->items[i].text, &device)) {
			verdict_unknown(t, words,
				arena_printf(l->arena, "%s is on no block device",
					declared->items[i].text));
			return;
		}
		words_of_device(text ? text : "", device, key, &real);
		if (real == declared->items[i + 1].number)
			continue;
		verdict(t, TRUTH_LACKS, words,
			real == UINT64_MAX
				? arena_printf(l->arena, "nothing for %s", declared->items[i].text)
				: arena_printf(l->arena, "%s for %s", words_number(l->arena, real),
					  declared->items[i].text));
		return;
	}
}

/* Where the cgroup lies says which slice it is in: "/a.slice/a-b.slice" is a-b.slice. */
static void slice(struct look *l, const struct row *row, struct process *p, struct truth *t)
{
	const char *declared = property_text(l->p, row_property(row));
	const char *end = strrchr(l->cgroup, '/');
	char *parent = arena_strndup(l->arena, l->cgroup, end ? (size_t)(end - l->cgroup) : 0);
	const char *real = strrchr(parent, '/') ? strrchr(parent, '/') + 1 : "-.slice";

	(void)p;
	if (!*declared || !end)
		return;
	verdict(t, strcmp(declared, real) ? TRUTH_LACKS : TRUTH_HOLDS, declared, real);
}

static void delegate(struct look *l, const struct row *row, struct process *p, struct truth *t)
{
	const char *path = arena_printf(l->arena, ROOT "%s", l->cgroup);
	char mark = '0';

	(void)p;
	if (!row_number(l, row))
		return;
	ssize_t n = getxattr(path, "trusted.delegate", &mark, 1);
	if (n < 0)
		n = getxattr(path, "user.delegate", &mark, 1);
	if (n < 0 && errno != ENODATA)
		verdict_unknown(t, "yes", arena_printf(l->arena, "%s: %s", path, strerror(errno)));
	else
		verdict(t, n == 1 && mark == '1' ? TRUTH_HOLDS : TRUTH_LACKS, "yes",
			words_yes(n == 1 && mark == '1'));
}

static void disabled(struct look *l, const struct row *row, struct process *p, struct truth *t)
{
	const struct property *declared = property_find(l->p, row_property(row));

	(void)p;
	if (!declared || !declared->n)
		return;
	const char *words = words_of(l->arena, declared),
		   *text = value(l, row, "cgroup.subtree_control", words, t);
	if (!text)
		return;
	verdict(t, TRUTH_HOLDS, words, words);
	for (size_t i = 0; i < declared->n; i++)
		if (text_has_word(text, declared->items[i].text))
			verdict(t, TRUTH_LACKS, words,
				arena_printf(
					l->arena, "off (%s is enabled)", declared->items[i].text));
}

#define INFINITY_ (-1LL) /* UINT64_MAX */

const struct row rows_cgroup[] = {
	{"Slice", NULL, OF_CGROUP, slice, 0, NULL},
	{"Delegate", NULL, OF_CGROUP, delegate, 0, NULL},
	{"DisableControllers", NULL, OF_CGROUP, disabled, 0, NULL},
	{"CPUWeight", NULL, OF_CGROUP, weight, 0, "cpu.weight"},
	{"CPUQuota", "CPUQuotaPerSecUSec", OF_CGROUP, quota, 0, "cpu.max"},
	{"CPUQuotaPeriodSec", "CPUQuotaPeriodUSec", OF_CGROUP, period, 0, "cpu.max"},
	{"AllowedCPUs", NULL, OF_CGROUP, cpus, 0, "cpuset.cpus"},
	{"AllowedMemoryNodes", NULL, OF_CGROUP, cpus, 0, "cpuset.mems"},
	{"MemoryMin", NULL, OF_CGROUP, size, 0, "memory.min"},
	{"MemoryLow", NULL, OF_CGROUP, size, 0, "memory.low"},
	{"MemoryHigh", NULL, OF_CGROUP, size, INFINITY_, "memory.high"},
	{"MemoryMax", NULL, OF_CGROUP, size, INFINITY_, "memory.max"},
	{"MemorySwapMax", NULL, OF_CGROUP, size, INFINITY_, "memory.swap.max"},
	{"MemoryZSwapMax", NULL, OF_CGROUP, size, INFINITY_, "memory.zswap.max"},
	{"MemoryZSwapWriteback", NULL, OF_CGROUP, flag, true, "memory.zswap.writeback"},
	{"OOMPolicy", NULL, OF_CGROUP, flag, false, "memory.oom.group"},
	{"TasksMax", NULL, OF_CGROUP, tasks, 0, "pids.max"},
	{"IOWeight", NULL, OF_CGROUP, weight, 0, "io.weight"},
	{"IODeviceWeight", NULL, OF_CGROUP, per_device, 0, "io.weight "},
	{"IOReadBandwidthMax", NULL, OF_CGROUP, per_device, 0, "io.max rbps="},
	{"IOWriteBandwidthMax", NULL, OF_CGROUP, per_device, 0, "io.max wbps="},
	{"IOReadIOPSMax", NULL, OF_CGROUP, per_device, 0, "io.max riops="},
	{"IOWriteIOPSMax", NULL, OF_CGROUP, per_device, 0, "io.max wiops="},
	{"IODeviceLatencyTargetSec", "IODeviceLatencyTargetUSec", OF_CGROUP, per_device, 0,
		"io.latency target="},
	{0},
};
