/*
 * The reader: a state repository, at one commit, becomes the want (canonical form).
 * Reads no live host; whoever calls it says which host the want is for.
 * reader_read() runs in the child that reader_run() makes.
 * Called by the pipeline.
 */
#ifndef L4SYNC_READER_H
#define L4SYNC_READER_H

#include <stdbool.h>

#include "l4sync/err.h"
#include "l4sync/node.h"
#include "l4sync/pull.h"
#include "l4sync/resources.h"
#include "l4sync/tree.h"

/* The registry's view of the modules (module.h). */
struct module;

struct reader_host {
	const char *name;       /* static host name */
	const char *machine_id; /* 32 hexadecimal digits, or NULL when there is none (--root) */
	/* If the state is not for this host, it is read for the first that it names: to be looked
	 * at, not to be applied. */
	bool any;
};

/* Another repository that the state names, at one commit. */
struct reader_source {
	const char *url;    /* as it was pulled from */
	const char *label;  /* the same for people: without scheme and user */
	const char *commit; /* hexadecimal */
	struct tree *tree;  /* of the whole commit; not the caller's to free */
};

/*
 * Where they come from. open resolves a URL and rev (NULL: its default branch) once, and pulls a
 * URL once. -ENOLINK without a text: nothing can be pulled here. Others with a text: that a pull
 * failed is no fault of the state.
 */
struct reader_sources {
	int (*open)(void *userdata, const char *repo, const char *rev, struct reader_source *ret,
		struct err *e);
	void *userdata;
	/* What other repositories have is not to be looked at: open is never called. */
	bool left_out;
};

/*
 * What the modules' parse functions get. Resources are added to want; errors to diags.
 * What the trees ship (file, link, unit, dropin) is in want already when modules parse.
 */
struct reader {
	struct arena *arena;
	const struct reader_host *host;
	const struct module *const *modules; /* NULL-terminated */
	struct tree *tree;
	const struct node *manifest; /* hosts/NAME.yaml merged over l4sync.yaml */
	/* NULL: none. Not a map: that is reported, and nothing is known of what they are. */
	const struct node *vars;
	const struct node *secrets; /* the same: the section secrets: */
	/* A tree could not be read, which is reported: what it ships is not known, so that nothing
	 * else is to be reported as missing. */
	bool tree_missing;
	const struct reader_sources *sources; /* NULL: there are none to be had */
	int failed;                           /* why a source could not be opened; 0 */
	struct err *failure;
	struct resources *want;
	struct diags *diags;
};

/*
 * A repository that a node of the manifest names. 1: it is left out. Negative: reported, or noted
 * as what reading fails with if nothing else is wrong.
 */
int reader_open_source(struct reader *r, const struct node *n, const char *what, const char *repo,
	const char *rev, struct reader_source *ret);

/*
 * Manifest and tree of one state to a sorted want. 0, or -EINVAL with everything that is wrong in
 * diags: by file (the manifest, hosts/, the trees), line and column. -EPERM (alone in diags) when
 * hosts: does not name this host. The caller frees the want, which refers to a: before a.
 */
int reader_read(struct tree *tree, const struct reader_host *host,
	const struct module *const *modules, struct arena *a, struct resources **ret,
	struct diags *diags);
/* The same with other repositories; what could not be had of them is in e, and in no diag. */
int reader_read_with(struct tree *tree, const struct reader_host *host,
	const struct module *const *modules, const struct reader_sources *sources, struct arena *a,
	struct resources **ret, struct diags *diags, struct err *e);

/* What a symbolic link of the want leads to, if the state ships that file (through other shipped
 * links, by the names in them); else NULL. For the modules, while they parse and complete. */
const struct resource *reader_follow(const struct reader *r, const struct resource *link);

/* Each entry of a section that is a map, by its name; -EINVAL if one of them, or the section, is
 * not what it should be. */
int reader_section(struct reader *r, const char *section, const struct node *map,
	void (*each)(struct reader *r, const struct node *name, const struct node *entry));

/* What a template is filled in from; both may be NULL. */
struct template_names {
	const struct node *vars, *secrets;
};

/* Where a secret goes, whose value the reader never sees: before this byte of what came out. */
struct template_insert {
	size_t offset;
	const char *name;
};

struct template_inserts {
	size_t n, cap;
	struct template_insert *items; /* malloc'd; by offset, of equal ones in order */
};

/*
 * {{ name }} filled in from vars, {{ secret:name }} noted in inserts; file is the template's.
 * Undefined names are reported.
 */
int template_render(struct arena *a, const struct template_names *names, const char *file,
	const void *data, size_t size, const void **ret, size_t *ret_size,
	struct template_inserts *inserts, struct diags *diags);

/* The unprivileged child's whole job. */
struct reader_job {
	struct reader_host host;
	struct source source;   /* url NULL: state_fd is a plain directory */
	int state_fd;           /* the --state directory, or -1 */
	const char *state_dir;  /* its path, for messages */
	const char *state_path; /* its path from the root on; NULL: a repository is pulled */
	const char *cache_dir;  /* where pulled repositories are (owned by the reader's uid) */
	bool fetch;
	/* The commit that was applied last from this source, or NULL: one that does not descend
	 * from it is refused, unless allow_rewind. */
	const char *applied;
	/* "URL REF COMMIT" of the other repositories that were applied last; the same holds for
	 * them. */
	size_t n_applied_others;
	const char *const *applied_others;
	bool allow_rewind;
	/* Whether other repositories that the state names can be pulled, which takes cache_dir;
	 * else reader_run() returns -ENOLINK without a text if there is one, unless they are left
	 * out. */
	bool others, leave_out_others;
	/* Who the child becomes when the caller is root; ignored otherwise. */
	bool drop;
	unsigned uid, gid;
};

/*
 * Forks, drops root (uid, gid, groups, all capabilities, no new privileges, not dumpable, limits
 * on memory, files, processes), pulls and reads in the child, and takes the canonical form over a
 * pipe, where it is read back by resources_read() and every resource is checked again by its
 * module's check. The commit and url stand in the want's metas: "source URL REF COMMIT".
 * 0; -EINVAL with diags for an invalid state; other errors in e.
 * progress gets what the child says it is doing.
 */
int reader_run(const struct reader_job *job, const struct module *const *modules, struct arena *a,
	void (*progress)(void *userdata, const char *text), void *userdata, struct resources **ret,
	struct diags *diags, struct err *e);

#endif
