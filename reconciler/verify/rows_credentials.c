/*
 * Who a process is and what it may become: user, groups, capabilities, umask (rows.h).
 * Called by truth.c.
 */
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <string.h>

#include "rows.h"

#define DYNAMIC_FIRST 61184u /* systemd's range for DynamicUser= */
#define DYNAMIC_LAST 65519u
#define GROUPS_MAX 1024

static void no_new_privileges(
	struct look *l, const struct row *row, struct process *p, struct truth *t)
{
	if (row_number(l, row))
		verdict(t, p->status.no_new_privileges ? TRUTH_HOLDS : TRUTH_LACKS, "yes",
			words_yes(p->status.no_new_privileges));
}

/* systemd's property has what other settings take out already (PrivateDevices=, ProtectClock=, …:
 * seen on 257). Nobody gets a capability back into the set. */
static void bounding_set(struct look *l, const struct row *row, struct process *p, struct truth *t)
{
	uint64_t known = (CAPABILITY(CAP_LAST_CAP) << 1) - 1, declared = row_number(l, row) & known,
		 real = p->status.cap_bounding & known;

	if (declared == known)
		return;
	verdict(t,
		real & ~declared   ? TRUTH_LACKS
		: real == declared ? TRUTH_HOLDS
				   : TRUTH_OWN,
		words_capabilities(l->arena, declared), words_capabilities(l->arena, real));
	/* What systemd itself was not given (in a container) it cannot hand on. */
	if (t->verdict == TRUTH_OWN && !p->is_main)
		t->verdict = TRUTH_HOLDS;
	if (t->verdict == TRUTH_OWN && real == (declared & l->first->status.cap_bounding))
		t->verdict = TRUTH_HOLDS;
}

/* A process may raise what it has permitted and inheritable; without power over it, it has not. */
static void ambient(struct look *l, const struct row *row, struct process *p, struct truth *t)
{
	uint64_t declared = row_number(l, row), real = p->status.cap_ambient;
	uint64_t more = real & ~declared;

	if (!declared && !more)
		return;
	verdict(t,
		more               ? (more & ~l->power ? TRUTH_LACKS : TRUTH_OWN)
		: real == declared ? TRUTH_HOLDS
				   : TRUTH_OWN,
		words_capabilities(l->arena, declared), words_capabilities(l->arena, real));
	if (!p->is_main && !more)
		t->verdict = TRUTH_HOLDS;
}

static bool all_are(const unsigned ids[4], unsigned id)
{
	return ids[0] == id && ids[1] == id && ids[2] == id && ids[3] == id;
}

static bool has(const unsigned ids[4], unsigned id)
{
	return ids[0] == id || ids[1] == id || ids[2] == id || ids[3] == id;
}

static bool is_dynamic(const unsigned ids[4])
{
	return ids[0] >= DYNAMIC_FIRST && ids[0] <= DYNAMIC_LAST && all_are(ids, ids[0]);
}

/*
 * Without power over user ids the main process cannot have become another; one that it started
 * could by a set-user-id program, unless that was taken from it.
 */
static enum truth_verdict other_identity(
	const struct look *l, const struct process *p, int capability)
{
	if (may(l, capability))
		return TRUTH_OWN;
	if (p->is_main || property_number(l->p, "NoNewPrivileges"))
		return TRUTH_LACKS;
	return TRUTH_OWN;
}

static void user(struct look *l, const struct row *row, struct process *p, struct truth *t)
{
	const char *declared = property_text(l->p, "User");

	(void)row;
	if (!*declared || l->keeps_user || property_number(l->p, "DynamicUser"))
		return;
	const char *real = host_user(l->host, p->status.uid[has(p->status.uid, 0) ? 0 : 1]);
	if (!l->user_known) {
		verdict_unknown(t, declared, "there is no such user");
		return;
	}
	/* Root that has become somebody else has given something up. */
	if (all_are(p->status.uid, l->uid))
		verdict(t, TRUTH_HOLDS, declared, declared);
	else if (!l->uid && !p->is_main)
		verdict(t, TRUTH_HOLDS, declared, real);
	else
		verdict(t, other_identity(l, p, CAP_SETUID), declared,
			arena_printf(l->arena, "%s (uid %u)", real, p->status.uid[1]));
}

static void dynamic_user(struct look *l, const struct row *row, struct process *p, struct truth *t)
{
	bool holds = l->user_known ? all_are(p->status.uid, l->uid) : is_dynamic(p->status.uid);

	if (!row_number(l, row) || l->keeps_user)
		return;
	verdict(t, holds ? TRUTH_HOLDS : other_identity(l, p, CAP_SETUID), "yes",
		holds ? "yes" : arena_printf(l->arena, "no, uid %u", p->status.uid[1]));
}

static void group(struct look *l, const struct row *row, struct process *p, struct truth *t)
{
	const char *declared = row->text ? row->text : property_text(l->p, "Group");
	gid_t gid;

	if (!*declared || l->keeps_user || property_number(l->p, "DynamicUser"))
		return;
	if (host_gid(l->host, declared, &gid, NULL) < 0) {
		verdict_unknown(t, declared, "there is no such group");
		return;
	}
	if (all_are(p->status.gid, gid))
		verdict(t, TRUTH_HOLDS, declared, declared);
	else if (!gid && !p->is_main)
		verdict(t, TRUTH_HOLDS, declared, host_group(l->host, p->status.gid[1]));
	else
		verdict(t, other_identity(l, p, CAP_SETGID), declared,
			arena_printf(l->arena, "%s (gid %u)", host_group(l->host, p->status.gid[1]),
				p->status.gid[1]));
}

static bool in_set(const gid_t *set, size_t n, gid_t gid)
{
	for (size_t i = 0; i < n; i++)
		if (set[i] == gid)
			return true;
	return false;
}

/* What systemd gives: those of the user's own, if it is not root, and the declared ones. */
static int expected_groups(struct look *l, const struct property *declared, gid_t *set, size_t *n)
{
	int count = GROUPS_MAX;

	*n = 0;
	if (l->has_user && l->user_known && l->gid) {
		if (getgrouplist(l->user_name, l->gid, set, &count) < 0)
			return -E2BIG;
		*n = (size_t)count;
	}
	for (size_t i = 0; i < declared->n && *n < GROUPS_MAX; i++)
		if (host_gid(l->host, declared->items[i].text, &set[*n], NULL) >= 0)
			(*n)++;
		else
			return -ENOENT;
	return 0;
}

static void supplementary(struct look *l, const struct row *row, struct process *p, struct truth *t)
{
	const struct property *declared = property_find(l->p, row_property(row));
	gid_t *set = arena_array(l->arena, gid_t, GROUPS_MAX);
	const char *more = NULL, *missing = NULL;
	size_t n;

	if (!declared || !declared->n || l->keeps_user)
		return;
	const char *words = words_of(l->arena, declared);
	if (expected_groups(l, declared, set, &n) < 0) {
		verdict_unknown(t, words, "not all of these groups exist");
		return;
	}
	for (size_t i = 0; i < p->status.n_groups && !more; i++)
		if (!in_set(set, n, p->status.groups[i]) && p->status.groups[i] != l->gid)
			more = host_group(l->host, p->status.groups[i]);
	for (size_t i = 0; i < declared->n && !missing; i++) {
		gid_t gid;

		if (host_gid(l->host, declared->items[i].text, &gid, NULL) >= 0 &&
			!in_set(p->status.groups, p->status.n_groups, gid))
			missing = declared->items[i].text;
	}
	if (!more && (!missing || !p->is_main))
		verdict(t, TRUTH_HOLDS, words, words);
	else
		verdict(t, other_identity(l, p, CAP_SETGID), words,
			more ? arena_printf(l->arena, "also %s", more)
			     : arena_printf(l->arena, "without %s", missing));
}

/* Any process may set its own. */
static void umask_(struct look *l, const struct row *row, struct process *p, struct truth *t)
{
	unsigned declared = (unsigned)row_number(l, row);

	if (declared == 022 || (!p->is_main && p->status.umask != declared))
		return;
	verdict(t, declared == p->status.umask ? TRUTH_HOLDS : TRUTH_OWN,
		arena_printf(l->arena, "%04o", declared),
		arena_printf(l->arena, "%04o", p->status.umask));
}

static void untold(struct look *l, const struct row *row, struct process *p, struct truth *t)
{
	const struct property *declared = property_find(l->p, row_property(row));

	(void)p;
	if (!declared || !declared->n)
		return;
	const char *words = words_of(l->arena, declared);
	if (declared->items[0].text ? strcmp(words, "inherit") != 0 : declared->items[0].number)
		verdict_unknown(t, words, row->text);
}

const struct row rows_credentials[] = {
	{"NoNewPrivileges", NULL, OF_SANDBOX, no_new_privileges, 0, NULL},
	{"CapabilityBoundingSet", NULL, OF_SANDBOX, bounding_set, 0, NULL},
	{"AmbientCapabilities", NULL, OF_SANDBOX, ambient, 0, NULL},
	{"User", NULL, OF_SANDBOX, user, 0, NULL},
	{"Group", NULL, OF_SANDBOX, group, 0, NULL},
	{"DynamicUser", NULL, OF_SANDBOX, dynamic_user, 0, NULL},
	{"SupplementaryGroups", NULL, OF_SANDBOX, supplementary, 0, NULL},
	{"UMask", NULL, OF_PROCESS, umask_, 0, NULL},
	{"SecureBits", NULL, OF_MAIN, untold, 0,
		"the kernel tells a process's secure bits to that process alone"},
	{0},
};
