/*
 * Namespaces of its own: compared with those of PID 1 (rows.h).
 * Enters none. Called by truth.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/stat.h>

#include "l4sync/text.h"

#include "rows.h"

static bool is_yes(const struct property *declared)
{
	const char *text = declared && declared->n ? declared->items[0].text : NULL;

	return text ? *text && strcmp(text, "no") != 0
		    : declared && declared->n && declared->items[0].number;
}

/*
 * With power over the system a process that the main one has started may have gone back to the
 * namespace of PID 1 (nsenter); the main one is taken at its word.
 */
static enum truth_verdict shared_with_first(const struct look *l, const struct process *p)
{
	return !p->is_main && may(l, CAP_SYS_ADMIN) ? TRUTH_OWN : TRUTH_LACKS;
}

static void own_namespace(struct look *l, const struct row *row, struct process *p, struct truth *t)
{
	const struct property *declared = property_find(l->p, row_property(row));
	size_t which = (size_t)row->argument;

	if (!declared)
		declared = property_find(l->p, row->directive);
	if (!is_yes(declared))
		return;
	const char *words =
		declared->items[0].text ? words_of(l->arena, declared) : words_yes(true);
	if (row->text && !text_has_word(row->text, words))
		return;
	if (!p->ns[which] || !l->first->ns[which])
		verdict_unknown(t, words, "its namespaces cannot be read");
	else if (p->ns[which] == l->first->ns[which])
		verdict(t, shared_with_first(l, p), words, "no (it is in the namespace of PID 1)");
	else
		verdict(t, TRUTH_HOLDS, words, words);
}

/* A namespace that has a name: by the file that it is bound to. */
static void named_namespace(
	struct look *l, const struct row *row, struct process *p, struct truth *t)
{
	const char *path = property_text(l->p, row_property(row));
	uint64_t real = p->ns[row->argument];
	struct stat st;

	if (*path != '/')
		return;
	if (stat(path, &st) < 0) {
		verdict_unknown(t, path, arena_printf(l->arena, "%s: %s", path, strerror(errno)));
		return;
	}
	if (!real)
		verdict_unknown(t, path, "its namespaces cannot be read");
	else if (real == (uint64_t)st.st_ino)
		verdict(t, TRUTH_HOLDS, path, path);
	else
		verdict(t, shared_with_first(l, p), path,
			real == l->first->ns[row->argument] ? "the namespace of PID 1"
							    : "another namespace");
}

const struct row rows_namespaces[] = {
	{"PrivateMounts", NULL, OF_SANDBOX, own_namespace, NS_MNT, NULL},
	{"PrivateUsers", "PrivateUsersEx", OF_SANDBOX, own_namespace, NS_USER, NULL},
	{"PrivatePIDs", NULL, OF_SANDBOX, own_namespace, NS_PID, NULL},
	{"PrivateIPC", NULL, OF_SANDBOX, own_namespace, NS_IPC, NULL},
	{"PrivateNetwork", NULL, OF_SANDBOX, own_namespace, NS_NET, NULL},
	{"ProtectHostname", "ProtectHostnameEx", OF_SANDBOX, own_namespace, NS_UTS, NULL},
	{"NetworkNamespacePath", NULL, OF_SANDBOX, named_namespace, NS_NET, NULL},
	{"IPCNamespacePath", NULL, OF_SANDBOX, named_namespace, NS_IPC, NULL},
	{0},
};
