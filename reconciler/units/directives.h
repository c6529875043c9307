/*
 * Between the files that know directives (of this folder): the tables' columns, and how a value is
 * read. Nobody else's business.
 */
#ifndef L4SYNC_UNIT_DIRECTIVES_H
#define L4SYNC_UNIT_DIRECTIVES_H

#include "l4sync/unit_meaning.h"

enum directive_section {
	UNIT = 1,
	SERVICE = 2,
	SOCKET = 4,
	MOUNT = 8,
	SWAP = 16,
	SLICE = 32,
	SCOPE = 64,
	TIMER = 128,
	PATH = 256,
	AUTOMOUNT = 512,
	/* systemd.exec(5), systemd.resource-control(5), systemd.kill(5) */
	EXEC = SERVICE | SOCKET | MOUNT | SWAP,
	COMMANDS = SOCKET | MOUNT | SWAP, /* which have no process of their own */
	CGROUP = EXEC | SLICE | SCOPE,
	KILL = EXEC | SCOPE,
};

/* Conditions and asserts: Condition before each of these names, Assert before most. */
#define TESTS(prefix)                                                                              \
	prefix "PathExists " prefix "PathExistsGlob " prefix "PathIsDirectory " prefix             \
	       "PathIsSymbolicLink " prefix "PathIsMountPoint " prefix "PathIsReadWrite " prefix   \
	       "PathIsEncrypted " prefix "DirectoryNotEmpty " prefix "FileNotEmpty " prefix        \
	       "FileIsExecutable " prefix "NeedsUpdate " prefix "FirstBoot " prefix                \
	       "Architecture " prefix "Virtualization " prefix "Host " prefix                      \
	       "KernelCommandLine " prefix "KernelVersion " prefix "Credential " prefix            \
	       "Security " prefix "Capability " prefix "ACPower " prefix "Memory " prefix          \
	       "CPUFeature " prefix "CPUs " prefix "Environment " prefix "User " prefix            \
	       "Group " prefix "ControlGroupController " prefix "OSRelease " prefix                \
	       "MemoryPressure " prefix "CPUPressure " prefix "IOPressure"

enum directive_flag {
	RESETS = 1, /* an empty assignment takes back what was before, and that of its group */
	EMPTY = 2,  /* an empty assignment is a value; without these two it is left out */
	/* How words are taken apart; without one: blanks alone, and not sure with others. */
	QUOTES = 4,  /* quotes are taken away, and a backslash goes */
	ESCAPES = 8, /* C escapes too */
	LITERAL = 16,
};

/* Of those with an order between the directives it matters in which order they are mixed. */
enum directive_group {
	ALONE,
	CONDITIONS,
	ASSERTS,
	TIMERS,
	PATHS,
	BINDS,
	BANDWIDTHS,
	IO_CLASS,
	CPU_POLICY,
	ORDERED,
	LISTENS = ORDERED,
	STDIN,
	LOADED_CREDENTIALS,
	SET_CREDENTIALS,
	GROUPS,
};

/* kinds.c: fills in all but the class. False: it is not known. */
bool directive_kind_of(unsigned section, const char *key, struct directive_type *ret);
/* The name, and the section, for which systemd still reads one; both of what is written. */
const char *directive_key(const char *section, const char *key);
const char *directive_section(const char *section, const char *key);

static inline bool kind_is_list(enum directive_kind kind)
{
	return kind >= KIND_LINES;
}
/* Whether the values of a list are the words of its assignments. */
bool kind_has_words(enum directive_kind kind);

/* values.c: a value in its one spelling; NULL: it is not sure that systemd accepts it. */
const char *scalar_meaning(struct arena *a, const struct directive_type *type, const char *value);
/* Whether systemd can fill in each specifier: an assignment with one that it cannot it leaves out.
 */
bool specifiers_sure(const char *value);
const char *path_meaning(struct arena *a, const char *path);
bool boolean_of(const char *value, bool *ret);
const char *signal_meaning(struct arena *a, const char *value);

/* amounts.c: the same. words: of the row. */
const char *span_meaning(struct arena *a, const char *value, unsigned long default_us);
const char *timeout_meaning(struct arena *a, const char *value);
const char *size_meaning(struct arena *a, const char *value);
const char *memory_meaning(struct arena *a, const char *words, const char *value);
const char *number_meaning(struct arena *a, const char *words, const char *value);
const char *amount_meaning(struct arena *a, const char *words, const char *value);
const char *mode_meaning(struct arena *a, const char *value);
const char *limit_meaning(struct arena *a, const char *of, const char *value);
/* A number as systemd reads one: 0x, 0b, 0o and 0 before it are other bases. */
bool number_of_text(const char *s, long long *ret);

/* Items that are collected, in the arena. */
struct items {
	struct arena *arena;
	size_t n, cap;
	const char **items;
};
void items_add(struct items *list, const char *item);
void items_sort_unique(struct items *list, size_t from);

/* lists.c, commands.c: what the assignments of a list say; false: not sure. */
bool list_meaning(
	struct items *ret, const struct directive_type *type, const char *const *lines, size_t n);
bool commands_meaning(struct items *ret, const char *line);
/* credentials.c: by name, those of one name in the order they have. */
void credentials_sort(struct items *list);
/* Whether both have one of the same name, or may have. Either may be NULL. */
bool credentials_share(const struct setting *x, const struct setting *y);
/* The words of an assignment; false: what is not sure. */
bool directive_words(struct items *ret, const struct directive_type *type, const char *line);

#endif
