/* BPF programs that are attached to a cgroup: nobody else's business. */
#ifndef L4SYNC_VERIFY_BPF_H
#define L4SYNC_VERIFY_BPF_H

#include <linux/bpf.h>

#include "rows.h"

#define ATTACHED_MAX 64

struct attached_program {
	enum bpf_attach_type type;
	char name[BPF_OBJ_NAME_LEN]; /* as the kernel keeps it, cut off; "" */
	bool has_prefixes;           /* it looks addresses up */
	bool has_counters;           /* it counts */
};

struct attached {
	int error; /* negative: why it could not be asked */
	size_t n;
	struct attached_program programs[ATTACHED_MAX];
};

/* One of that type whose name begins so; NULL: there is none. */
const struct attached_program *attached_find(
	const struct attached *a, enum bpf_attach_type type, const char *name);

/* Of the cgroup itself, not of those above it. Asked once a unit. */
const struct attached *attached_to(struct look *l);
/* Whether the program that is pinned at a path is attached: 1, 0; -errno: there is none, or the
 * kernel does not tell. */
int attached_pinned(struct look *l, enum bpf_attach_type type, const char *path);
/* Whether systemd attaches any on this host: to its own services, which all ask for some. */
bool attached_anywhere(struct look *l);

#endif
