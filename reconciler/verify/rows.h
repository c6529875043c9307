/*
 * The table of what the kernel can be asked about (truth.h): a row a directive, split by theme into
 * the files rows_*.c. Nobody else's business.
 */
#ifndef L4SYNC_VERIFY_ROWS_H
#define L4SYNC_VERIFY_ROWS_H

#include "l4sync/bus_properties.h"
#include "l4sync/truth.h"

#include "proc.h"
#include "seccomp.h"

/* Whom a row is about. */
enum subject {
	OF_PROCESS, /* each process */
	OF_SANDBOX, /* each, but of a unit whose program runs with full privileges (ExecStart=+) */
	OF_MOUNTS,  /* the same, each mount namespace once */
	OF_MAIN,    /* the main process alone: others may differ */
	OF_CGROUP,  /* the unit's cgroup; of units of any type */
};

/* Capabilities that rows ask for, by number (linux/capability.h). */
#define CAPABILITY(name) (UINT64_C(1) << (name))

/* Whose settings are compared, and with what; of one unit. */
struct look {
	struct host *host;
	struct arena *arena;
	const struct properties *p;       /* of the unit */
	const struct properties *manager; /* of systemd itself: the defaults */
	struct process *first;            /* PID 1: what is inherited when nothing is declared */
	struct process *main;             /* NULL: the unit has none */
	const char *unit;
	const char *cgroup; /* below the hierarchy's mount point; NULL: it has none */
	uint64_t power;     /* capabilities that a process of the unit may have got as declared */
	bool full_privileges, keeps_user; /* ExecStart=+ and ! */
	bool has_user;                    /* it is not root's: */
	bool user_known;
	uid_t uid;
	gid_t gid;
	const char *user_name;
	struct attached *attached; /* BPF programs of the cgroup; NULL: not asked yet */
	bool ptrace;               /* filters are read: processes may be stopped for that */
};

struct row {
	const char *directive;
	const char *property; /* NULL: of that name too */
	enum subject subject;
	/* Fills in verdict, declared and real. declared stays NULL: the unit does not declare it,
	 * and nothing speaks against that. p is NULL for a cgroup. */
	void (*check)(struct look *l, const struct row *row, struct process *p, struct truth *t);
	long long argument; /* for check */
	const char *text;
};

extern const struct row rows_credentials[], rows_limits[], rows_scheduling[], rows_namespaces[],
	rows_mounts[], rows_paths[], rows_cgroup[], rows_bpf[], rows_seccomp[], rows_environment[];
/* All of them, each ending with a NULL directive; NULL-terminated. */
extern const struct row *const row_tables[];

/* The property of a row. */
static inline const char *row_property(const struct row *row)
{
	return row->property ? row->property : row->directive;
}

static inline uint64_t row_number(const struct look *l, const struct row *row)
{
	return property_number(l->p, row_property(row));
}

static inline bool may(const struct look *l, int capability)
{
	return l->power >> capability & 1;
}

/* The texts are in the arena, or last. */
void verdict(struct truth *t, enum truth_verdict v, const char *declared, const char *real);
/* The kernel could not be asked: why. */
void verdict_unknown(struct truth *t, const char *declared, const char *why);

/* words.c */
const char *words_capabilities(struct arena *a, uint64_t set);
const char *words_number(struct arena *a, uint64_t n); /* UINT64_MAX: infinity */
const char *words_yes(bool yes);
const char *words_of(struct arena *a, const struct property *p); /* texts and numbers, blanks */
/* "0-3,7" or "0 1 2" becomes bits; false: it is something else. */
bool words_bits(const char *text, unsigned char *bits, size_t size);
const char *words_bitmap(struct arena *a, const unsigned char *bits, size_t size);
/* Of a device's line ("8:0 rbps=100 wbps=max") the number behind a key; key "": the first. */
bool words_of_device(const char *text, const char *device, const char *key, uint64_t *ret);
bool bits_equal(const unsigned char *a, size_t n, const unsigned char *b, size_t m);

#endif
