/* Between the files of this folder: units in a directory of their own, and asking about them. */
#ifndef L4SYNC_ANALYZE_STAGE_H
#define L4SYNC_ANALYZE_STAGE_H

#include "l4sync/analyze.h"

struct staged_unit {
	const char *name; /* as it is called on the host */
	const char *path; /* of the fragment, in the directory */
	bool former;
};

struct staged_file {
	const char *path;   /* in the directory */
	const char *source; /* in the search path */
	const char *unit;
};

struct stage {
	struct arena *arena;
	const char *dir;
	size_t n, cap;
	struct staged_unit *units; /* malloc'd */
	size_t n_files, cap_files;
	struct staged_file *files; /* malloc'd */
};

/* Runs systemd-analyze with arguments (both NULL-terminated), then names; what it prints, in the
 * arena. alone: it sees no unit but those that are named by their paths, and what lies beside them.
 * Its exit status says nothing: it fails where it finds something. */
struct asked {
	const char *const *arguments;
	size_t n_names;
	const char *const *names;
	bool alone;
	bool complains; /* what it says on standard error is what is asked for */
};
int analyze_run(struct arena *a, const struct asked *asked, const char **ret, struct err *e);

#endif
