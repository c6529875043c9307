/*
 * What `systemd-analyze security` prints, and how it comes to its number (analyze.h).
 * Asks nobody; judges nothing. Called by security.c, verify and the plan.
 */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "l4sync/analyze.h"
#include "l4sync/text.h"

#include "exposure.h"

/* Numbers as doubles: the badness of a row that does not apply is UINT64_MAX, which is no integer
 * of JSON for jansson. */
#define ROWS_FLAGS (JSON_DISABLE_EOF_CHECK | JSON_DECODE_INT_AS_REAL)
#define WEIGHT_MAX 1e6

static bool take_number(const json_t *row, const char *key, unsigned *ret)
{
	const json_t *n = json_object_get(row, key);

	if (!json_is_number(n) || json_number_value(n) < 0 || json_number_value(n) > WEIGHT_MAX)
		return false;
	*ret = (unsigned)json_number_value(n);
	return true;
}

static bool take_row(struct arena *a, const json_t *row, struct exposure_row *ret)
{
	const char *name = json_string_value(json_object_get(row, "name"));

	if (!name || !take_number(row, "weight", &ret->weight) ||
		!take_number(row, "range", &ret->range) || !ret->range)
		return false;
	ret->setting = arena_strdup(a, name);
	ret->applies = !json_is_null(json_object_get(row, "set"));
	return !ret->applies ||
	       (take_number(row, "badness", &ret->badness) && ret->badness <= ret->range);
}

static unsigned long long cost(const struct exposure_row *row)
{
	return ((unsigned long long)row->badness * row->weight + row->range - 1) / row->range;
}

/* As assess() of systemd's analyze-security.c: of hundred. */
static bool score(const struct exposure_row *rows, size_t n, double *ret_exact, unsigned *ret)
{
	unsigned long long bad = 0, all = 0;

	for (size_t i = 0; i < n; i++) {
		bad += rows[i].applies ? cost(&rows[i]) : 0;
		all += rows[i].applies ? rows[i].weight : 0;
	}
	if (!all)
		return false;
	*ret_exact = (double)bad * 100 / (double)all;
	*ret = (unsigned)((bad * 100 + all - 1) / all);
	return true;
}

static void take_rows(struct arena *a, const json_t *list, struct exposure *ret)
{
	double exact;

	*ret = (struct exposure){.n = json_array_size(list)};
	ret->rows = arena_array(a, struct exposure_row, ret->n);
	for (size_t i = 0; i < ret->n; i++)
		if (!take_row(a, json_array_get(list, i), &ret->rows[i])) {
			*ret = (struct exposure){0};
			return;
		}
	ret->known = score(ret->rows, ret->n, &exact, &ret->tenths);
}

/* With several loaded services a list of them all comes last. */
static bool is_overview(const json_t *list)
{
	return json_object_get(json_array_get(list, 0), "unit");
}

size_t exposures_parse(struct arena *a, const char *text, struct exposure *ret, size_t max)
{
	size_t n = 0;

	for (;;) {
		json_error_t error;
		json_t *list;

		text += strspn(text, " \t\n");
		list = json_loads(text, ROWS_FLAGS, &error);
		if (!json_is_array(list) || error.position <= 0) {
			json_decref(list);
			return n;
		}
		if (!is_overview(list)) {
			if (n < max)
				take_rows(a, list, &ret[n]);
			n++;
		}
		text += error.position;
		json_decref(list);
	}
}

unsigned exposure_tenths(const char *text)
{
	unsigned whole = 0, tenth = 0;

	sscanf(text, "%2u.%1u", &whole, &tenth);
	return whole * 10 + tenth;
}

#define FAMILIES "RestrictAddressFamilies=~"
#define BOUNDING "CapabilityBoundingSet=~"

/* By how a row is called: what to write so that it is not bad any more, and which other rows follow
 * (systemd's unit_patch_contexts(); PrivateMounts= only of loaded units). */
static const struct advice {
	const char *row; /* what its name begins with */
	const char *setting;
	const char *also[3];
} advices[] = {
	{"User=/DynamicUser=", "User= of its own", {0}},
	{"SupplementaryGroups=", "SupplementaryGroups=", {0}},
	{"PrivateDevices=", "PrivateDevices=yes",
		{BOUNDING "CAP_MKNOD", BOUNDING "CAP_SYS_RAWIO", "PrivateMounts="}},
	{"PrivateMounts=", "PrivateMounts=yes", {0}},
	{"PrivateNetwork=", "PrivateNetwork=yes", {0}},
	{"PrivateTmp=", "PrivateTmp=yes", {"PrivateMounts="}},
	{"PrivateUsers=", "PrivateUsers=yes", {0}},
	{"ProtectControlGroups=", "ProtectControlGroups=yes", {"PrivateMounts="}},
	{"ProtectKernelModules=", "ProtectKernelModules=yes",
		{BOUNDING "CAP_SYS_MODULE", "PrivateMounts="}},
	{"ProtectKernelTunables=", "ProtectKernelTunables=yes", {"PrivateMounts="}},
	{"ProtectKernelLogs=", "ProtectKernelLogs=yes", {BOUNDING "CAP_SYSLOG"}},
	{"ProtectClock=", "ProtectClock=yes", {BOUNDING "CAP_SYS_TIME", BOUNDING "CAP_WAKE_ALARM"}},
	{"ProtectHome=", "ProtectHome=yes", {"PrivateMounts="}},
	{"ProtectHostname=", "ProtectHostname=yes", {0}},
	{"ProtectSystem=", "ProtectSystem=strict", {"PrivateMounts="}},
	{"RootDirectory=/RootImage=", "RootDirectory= of its own", {0}},
	{"LockPersonality=", "LockPersonality=yes", {0}},
	{"MemoryDenyWriteExecute=", "MemoryDenyWriteExecute=yes", {0}},
	{"NoNewPrivileges=", "NoNewPrivileges=yes", {0}},
	{BOUNDING, "CapabilityBoundingSet=", {0}},
	{"UMask=", "UMask=0077", {0}},
	{"KeyringMode=", "KeyringMode=private", {0}},
	{"ProtectProc=", "ProtectProc=invisible", {0}},
	{"ProcSubset=", "ProcSubset=pid", {0}},
	{"NotifyAccess=", "NotifyAccess=main", {0}},
	{"RemoveIPC=", "RemoveIPC=yes", {0}},
	{"Delegate=", "Delegate=no", {0}},
	{"RestrictRealtime=", "RestrictRealtime=yes", {0}},
	{"RestrictSUIDSGID=", "RestrictSUIDSGID=yes", {0}},
	{"RestrictNamespaces=~", "RestrictNamespaces=yes", {0}},
	{FAMILIES, "RestrictAddressFamilies=~", {0}},
	{"SystemCallArchitectures=", "SystemCallArchitectures=native", {0}},
	{"SystemCallFilter=~", "SystemCallFilter=~", {0}},
	{"IPAddressDeny=", "IPAddressDeny=any", {0}},
	{"DeviceAllow=", "DevicePolicy=closed", {0}},
	{"AmbientCapabilities=", "AmbientCapabilities=", {0}},
};

void exposure_advice_each(void (*each)(const char *row, void *userdata), void *userdata)
{
	for (size_t i = 0; i < ELEMENTS(advices); i++)
		each(advices[i].row, userdata);
}

/* While one setting is thought of as made. */
struct trial {
	struct arena *arena;
	const struct exposure *now;
	struct exposure_row *rows; /* a copy, with what becomes of them */
};

static struct exposure_row *row_of(const struct trial *t, const char *name)
{
	for (size_t i = 0; i < t->now->n; i++)
		if (!strcmp(t->rows[i].setting, name))
			return &t->rows[i];
	return NULL;
}

static bool is_bad(const struct trial *t, const char *name)
{
	const struct exposure_row *row = row_of(t, name);

	return row && row->applies && row->badness;
}

static void set_badness(struct trial *t, const char *name, unsigned tenth_parts)
{
	struct exposure_row *row = row_of(t, name);

	if (row)
		row->badness = row->range * tenth_parts / 10;
}

/* ProtectClock= adds a device to the list of a service that may use few. */
static void follow_devices(struct trial *t, const char *row)
{
	bool closes = !strcmp(row, "PrivateDevices=") || !strcmp(row, "DeviceAllow=");
	const struct exposure_row *devices = row_of(t, "DeviceAllow=");

	if (!devices)
		return;
	bool closed = devices->badness < devices->range;
	if (!strcmp(row, "DeviceAllow=") || (closes && !closed))
		set_badness(t, "DeviceAllow=", is_bad(t, "ProtectClock=") ? 0 : 5);
	else if (!strcmp(row, "ProtectClock=") && closed && !devices->badness)
		set_badness(t, "DeviceAllow=", 5);
}

/* What does not matter to root does to another user. */
static void follow_user(struct trial *t)
{
	static const struct {
		const char *row;
		unsigned tenth_parts;
	} also[] = {{"RemoveIPC=", 10}, {"SupplementaryGroups=", 0}};

	for (size_t i = 0; i < ELEMENTS(also); i++) {
		struct exposure_row *row = row_of(t, also[i].row);

		if (!row || row->applies)
			continue;
		row->applies = true;
		set_badness(t, also[i].row, also[i].tenth_parts);
	}
}

/* Those of a list that are bad, as words for behind the ~. */
static const char *mend_list(struct trial *t, const struct advice *x)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	for (size_t i = 0; i < t->now->n; i++) {
		struct exposure_row *row = &t->rows[i];

		if (!text_starts(row->setting, x->row) || !row->applies || !row->badness)
			continue;
		const char *word = row->setting + strlen(x->row);
		if (!strcmp(word, "AF_(INET|INET6)"))
			word = "AF_INET AF_INET6";
		buf_addf(&b, "%s%s", b.size ? " " : "", word);
		row->badness = 0;
	}
	return arena_printf(t->arena, "%s%s", x->setting, b.size ? b.data : "");
}

/* Without a list of those that are allowed one is to be written; beside one of those that are
 * denied it would not be what it looks like. */
static const char *mend_families(struct trial *t, const struct advice *x)
{
	static const char *const others[] = {
		FAMILIES "AF_PACKET", FAMILIES "AF_NETLINK", FAMILIES "…"};

	if (!is_bad(t, FAMILIES "…"))
		return mend_list(t, x);
	for (size_t i = 0; i < t->now->n; i++)
		if (text_starts(t->rows[i].setting, FAMILIES) && !t->rows[i].badness)
			return NULL;
	for (size_t i = 0; i < ELEMENTS(others); i++)
		set_badness(t, others[i], 0);
	return "RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX";
}

/* What to write, and what becomes of the rows; NULL: nothing. */
static const char *mend(struct trial *t, const struct advice *x)
{
	if (!strcmp(x->row, FAMILIES))
		return mend_families(t, x);
	if (!strcmp(x->row, "SystemCallFilter=~"))
		return mend_list(t, x);
	for (size_t i = 0; i < ELEMENTS(x->also) && x->also[i]; i++)
		set_badness(t, x->also[i], 0);
	follow_devices(t, x->row);
	if (strcmp(x->row, "DeviceAllow=") != 0)
		mend_list(t, x);
	if (text_starts(x->row, "User="))
		follow_user(t);
	return x->setting;
}

static bool has_bad(const struct exposure *x, const struct advice *of)
{
	for (size_t i = 0; i < x->n; i++)
		if (text_starts(x->rows[i].setting, of->row) && x->rows[i].applies &&
			x->rows[i].badness)
			return true;
	return false;
}

size_t exposure_advise(struct arena *a, const struct exposure *x, struct exposure_advice *ret)
{
	double gains[EXPOSURE_ADVICE_MAX] = {0}, now = 0, then;
	unsigned tenths = 0;
	size_t n = 0;

	if (!x->known || !score(x->rows, x->n, &now, &tenths))
		return 0;
	for (size_t i = 0; i < ELEMENTS(advices); i++) {
		struct trial t = {a, x, arena_memdup(a, x->rows, x->n * sizeof *x->rows)};
		const char *setting = has_bad(x, &advices[i]) ? mend(&t, &advices[i]) : NULL;
		size_t at = n;

		if (!setting || !score(t.rows, x->n, &then, &tenths) || tenths >= x->tenths)
			continue;
		/* The greatest first; of equal ones the first of the table. */
		while (at && gains[at - 1] < now - then)
			at--;
		if (at == EXPOSURE_ADVICE_MAX)
			continue;
		n += n < EXPOSURE_ADVICE_MAX;
		memmove(ret + at + 1, ret + at, (n - 1 - at) * sizeof *ret);
		memmove(gains + at + 1, gains + at, (n - 1 - at) * sizeof *gains);
		ret[at] = (struct exposure_advice){setting, x->tenths - tenths};
		gains[at] = now - then;
	}
	return n;
}

const char *exposure_advice_text(struct arena *a, const struct exposure *x)
{
	struct exposure_advice list[EXPOSURE_ADVICE_MAX];
	size_t n = exposure_advise(a, x, list);
	const char *text = "";

	for (size_t i = 0; i < n; i++)
		text = arena_printf(a, "%s%s%s%s %u.%u%s", text, i ? ", " : ": ", list[i].setting,
			i ? "" : " would take", list[i].tenths / 10, list[i].tenths % 10,
			i ? "" : " off");
	return text;
}
