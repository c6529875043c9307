/*
 * Which way each directive of a sandbox is the weaker one (unit_meaning.h). A table, read as data;
 * systemd.exec(5) and systemd.resource-control(5) are its source.
 * Called by the report of what is foreign.
 */
#include <stdlib.h>
#include <string.h>

#include "l4sync/text.h"

#include "directives.h"

enum rule {
	RULE_ORDER,  /* a word: the farther behind in `words`, the weaker; a/b are equals */
	RULE_GRANT,  /* each value lets more */
	RULE_DENY,   /* each value lets less */
	RULE_FILTER, /* what a list lets through, with ~ all but that; unset: all */
	RULE_LEND,   /* the same; unset: nothing */
	RULE_ROOT,   /* who it runs as: unset, it is root */
	RULE_MASK,   /* bits that are taken away; unset: `words` */
	RULE_MODE,   /* bits that are given; unset: `words` */
	RULE_RIGHTS, /* commands: with + or ! in front they run outside of the sandbox */
};

static const struct row {
	enum rule rule;
	const char *keys;  /* separated by blanks */
	const char *words; /* the strongest first */
	const char *unset; /* the word that is meant without one */
} rows[] = {
	/* clang-format off */
	{RULE_ORDER, "NoNewPrivileges PrivateDevices PrivateNetwork PrivateIPC PrivatePIDs "
		"PrivateMounts ProtectKernelTunables ProtectKernelModules ProtectKernelLogs "
		"ProtectClock ProtectHostname RestrictRealtime RestrictSUIDSGID LockPersonality "
		"MemoryDenyWriteExecute RemoveIPC DynamicUser", "yes no", "no"},
	{RULE_ORDER, "ProtectSystem", "strict full yes no", "no"},
	{RULE_ORDER, "ProtectHome", "yes tmpfs read-only no", "no"},
	{RULE_ORDER, "PrivateTmp", "disconnected yes no", "no"},
	{RULE_ORDER, "PrivateUsers", "yes/self identity full no", "no"},
	{RULE_ORDER, "ProtectControlGroups", "strict yes private no", "no"},
	{RULE_ORDER, "ProtectProc", "ptraceable invisible noaccess default", "default"},
	{RULE_ORDER, "ProcSubset", "pid all", "all"},
	{RULE_ORDER, "KeyringMode", "private shared inherit", "private"},
	{RULE_ORDER, "DevicePolicy", "strict closed auto", "auto"},
	{RULE_ORDER, "Delegate", "no *", "no"},
	{RULE_ORDER, "PermissionsStartOnly RootDirectoryStartOnly", "no yes", "no"},
	{RULE_GRANT, "SupplementaryGroups BindPaths BindReadOnlyPaths ReadWritePaths ExecPaths "
		"DeviceAllow SocketBindAllow IPAddressAllow JoinsNamespaceOf OpenFile", NULL, NULL},
	{RULE_DENY, "InaccessiblePaths ReadOnlyPaths NoExecPaths TemporaryFileSystem SecureBits "
		"SocketBindDeny IPAddressDeny IPIngressFilterPath IPEgressFilterPath BPFProgram "
		"NetworkNamespacePath IPCNamespacePath RootDirectory RootImage AppArmorProfile "
		"SELinuxContext SmackProcessLabel", NULL, NULL},
	{RULE_FILTER, "SystemCallFilter SystemCallArchitectures RestrictAddressFamilies "
		"RestrictNamespaces RestrictFileSystems RestrictNetworkInterfaces "
		"CapabilityBoundingSet", NULL, NULL},
	{RULE_LEND, "AmbientCapabilities", NULL, NULL},
	{RULE_ROOT, "User Group", NULL, NULL},
	{RULE_MASK, "UMask", "0022", NULL},
	{RULE_MODE, "SocketMode", "0666", NULL},
	{RULE_MODE, "RuntimeDirectoryMode StateDirectoryMode CacheDirectoryMode LogsDirectoryMode "
		"ConfigurationDirectoryMode", "0755", NULL},
	{RULE_RIGHTS, "ExecStart ExecStartPre ExecStartPost ExecCondition ExecReload ExecStop "
		"ExecStopPost ExecStopPre", NULL, NULL},
	/* clang-format on */
};

/* One side of a difference, its values in the one spelling of each. */
struct side {
	size_t n;
	const char **values;
};

/* How far behind a word stands; -1: it is none of them. */
static int rank_of(const char *words, const char *word)
{
	size_t size = strlen(word);
	int rank = 0;

	for (const char *p = words; *p; p += *p == '/' || *p == ' ') {
		size_t n = strcspn(p, "/ ");

		if ((n == size && !strncmp(p, word, n)) || *p == '*')
			return rank;
		p += n;
		rank += *p == ' ';
	}
	return -1;
}

static bool is_weaker_word(const struct row *row, const struct side *old, const struct side *new)
{
	int before = rank_of(row->words, old->n ? old->values[0] : row->unset);
	int after = rank_of(row->words, new->n ? new->values[0] : row->unset);

	return before >= 0 && after > before;
}

/* Without the "-" of a path that need not be there, and what follows a mount point. */
static bool same_value(const char *a, const char *b, bool only_place)
{
	a += *a == '-';
	b += *b == '-';
	if (!only_place)
		return !strcmp(a, b);
	size_t n = strcspn(a, ":");
	return n == strcspn(b, ":") && !strncmp(a, b, n);
}

/* Whether a has something that b has not. */
static bool has_more(const struct side *a, const struct side *b, bool only_place)
{
	for (size_t i = 0; i < a->n; i++) {
		bool found = false;

		for (size_t j = 0; j < b->n && !found; j++)
			found = same_value(a->values[i], b->values[j], only_place);
		if (!found)
			return true;
	}
	return false;
}

/* The first word of such a list says what it is: of what is let through, or of what is not. */
struct filter {
	bool lets_all_else;
	const struct side *words;
};

static struct filter filter_of(enum rule rule, const struct side *s)
{
	struct filter f = {rule == RULE_FILTER && !s->n, s};

	if (s->n)
		f.lets_all_else = *s->values[0] == '~' || !strcmp(s->values[0], "no");
	return f;
}

/* "@debug:EPERM" is about @debug; these are not about anything. */
static bool is_about(const char *word, size_t *ret_n)
{
	*ret_n = strcspn(word, ":");
	return *word && strcmp(word, "none") != 0 && strcmp(word, "yes") != 0 &&
	       strcmp(word, "no") != 0;
}

/* Whether the last that the list says of a word (n bytes, without ~) is that with ~, or without. */
static bool says(const struct filter *f, const char *word, size_t n, bool inverted)
{
	for (size_t i = f->words->n; i--;) {
		const char *w = f->words->values[i];
		bool is_inverted = *w == '~';
		size_t size;

		if (is_about(w += is_inverted, &size) && size == n && !strncmp(w, word, n))
			return is_inverted == inverted;
	}
	return false;
}

/* A word that only a lets through, or that only b holds back. */
static bool lets_more(const struct filter *a, const struct filter *b)
{
	for (size_t i = 0; i < a->words->n; i++) {
		const char *w = a->words->values[i];
		size_t n;

		if (*w == '~' || !is_about(w, &n) || !says(a, w, n, false))
			continue;
		if (b->lets_all_else ? says(b, w, n, true) : !says(b, w, n, false))
			return true;
	}
	for (size_t i = 0; i < b->words->n; i++) {
		const char *w = b->words->values[i];
		size_t n;

		if (*w != '~' || !is_about(++w, &n) || !says(b, w, n, true))
			continue;
		if (a->lets_all_else ? !says(a, w, n, true)
				     : says(a, w, n, false) ||
					       (!b->lets_all_else && !says(a, w, n, true)))
			return true;
	}
	return false;
}

static bool is_weaker_filter(enum rule rule, const struct side *old, const struct side *new)
{
	struct filter before = filter_of(rule, old), after = filter_of(rule, new);

	return (after.lets_all_else && !before.lets_all_else) || lets_more(&after, &before);
}

static bool is_root(const struct side *s)
{
	return !s->n || !strcmp(s->values[0], "root") || !strcmp(s->values[0], "0");
}

static unsigned long bits(const struct row *row, const struct side *s)
{
	return strtoul(s->n ? s->values[0] : row->words, NULL, 8);
}

/* "+/bin/x", "-!/bin/x": the signs may stand in any order. */
static bool has_rights(const char *command)
{
	size_t n = strspn(command, "@-:+!|");

	return memchr(command, '+', n) || memchr(command, '!', n);
}

static bool is_weaker_command(const struct side *old, const struct side *new)
{
	for (size_t i = 0; i < new->n; i++) {
		const struct side one = {1, &new->values[i]};

		if (has_rights(new->values[i]) && has_more(&one, old, false))
			return true;
	}
	return false;
}

static bool is_weaker(const struct row *row, const struct side *old, const struct side *new)
{
	switch (row->rule) {
	case RULE_ORDER:
		return is_weaker_word(row, old, new);
	case RULE_GRANT:
		return has_more(new, old, false);
	case RULE_DENY:
		return has_more(old, new, true);
	case RULE_FILTER:
	case RULE_LEND:
		return is_weaker_filter(row->rule, old, new);
	case RULE_ROOT:
		return !is_root(old) && is_root(new);
	case RULE_MASK:
		return bits(row, old) & ~bits(row, new);
	case RULE_MODE:
		return bits(row, new) & ~bits(row, old);
	case RULE_RIGHTS:
		return is_weaker_command(old, new);
	}
	return false;
}

static struct side side_of(
	struct arena *a, const struct directive_type *type, const char **values, size_t n)
{
	struct side s = {n, arena_array(a, const char *, n)};
	bool yes;

	for (size_t i = 0; i < n; i++)
		s.values[i] = directive_value(a, type, values[i]);
	/* Lists that may be a boolean: it is one word then. */
	if (n == 1 && (type->kind == KIND_NAMESPACES || type->kind == KIND_DELEGATE) &&
		boolean_of(values[0], &yes))
		s.values[0] = yes ? "yes" : "no";
	return s;
}

bool difference_weakens(struct arena *a, const struct difference *d)
{
	struct directive_type type = directive_type(a, d->section, d->key);
	struct side old = side_of(a, &type, d->old, d->n_old);
	struct side new = side_of(a, &type, d->new, d->n_new);

	for (size_t i = 0; i < ELEMENTS(rows); i++)
		if (text_has_word(rows[i].keys, d->key))
			return is_weaker(&rows[i], &old, &new);
	return false;
}
