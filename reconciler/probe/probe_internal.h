/* Between the files of the trial: nobody else's business. */
#ifndef L4SYNC_PROBE_INTERNAL_H
#define L4SYNC_PROBE_INTERNAL_H

#include "l4sync/bus.h"
#include "l4sync/probe.h"
#include "l4sync/unit_meaning.h"

#include "../verify/seccomp.h"

/* Everybody may pass: the program is executed with the service's user. */
#define PROBE_DIR "/run/l4sync/probe"
#define PROBE_PROGRAM PROBE_DIR "/l4sync-probe"
#define PROBE_SOCKET PROBE_DIR "/socket"
#define PROBE_FILE PROBE_DIR "/file"           /* for files that the plan will make */
#define PROBE_DIRECTORY PROBE_DIR "/directory" /* for directories */
#define PROBE_UNIT_DIR "/run/systemd/system"
#define PROBE_UNIT_PREFIX "l4sync-probe-"

/* program.c: the program's bytes. */
extern const unsigned char probe_program[];
extern const uint64_t probe_program_size; /* 0: it was built without */

/* What settings become lines of. */
struct carrying {
	struct plan *plan;
	struct unit_view *view;
	struct arena *arena;
	struct probe *probe;
	const struct setting *settings;
	size_t n;
	struct buf text;
	bool is_dynamic;  /* DynamicUser= */
	const char *root; /* RootDirectory= where it is on the host; NULL: the host's */
};

/* settings.c */
const struct setting *carried(const struct carrying *x, const char *section, const char *key);
const char *carried_last(const struct carrying *x, const char *key); /* of [Service]; or NULL */
bool carried_yes(const struct carrying *x, const char *key);
void carry_line(struct carrying *x, const char *key, const char *value);
void carry_leave_out(struct carrying *x, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void carry_refuse(struct carrying *x, const char *format, ...)
	__attribute__((format(printf, 2, 3))); /* the first reason is kept */

/* paths.c */
void carry_paths(struct carrying *x, const struct setting *s);
void carry_binds(struct carrying *x, const struct setting *s);
void carry_empty_mounts(struct carrying *x, const struct setting *s);
void carry_directories(struct carrying *x, const struct setting *s);
void carry_working_directory(struct carrying *x, const struct setting *s);
void carry_namespace(struct carrying *x, const struct setting *s);
void carry_root(struct carrying *x, const struct setting *s);
const char *carry_program(struct carrying *x);

/* One trial that is going on. */
struct trial {
	struct host *host;
	struct arena *arena;
	struct bus *bus;
	const struct probe *probe;
	const char *name; /* of its unit */
	int listen_fd, fd;
	int (*idle)(void *userdata);
	void *userdata;
	struct findings *untrue, *untried;
};

/* files.c */
int trial_make_files(struct trial *t, struct err *e);
/* Writes the unit file under a name that nobody has: t->name. */
int trial_make_unit(struct trial *t, struct err *e);
void trial_remove_unit(struct trial *t);
void trial_remove_files(void);

/* questions.c: what the state says of the unit, asked in the sandbox that has been started. -EINTR
 * where idle says so. */
int trial_ask(struct trial *t, struct err *e);

/* calls.c: an answer to a question about a system call. */
struct call_answer {
	const char *name;
	const struct seccomp_abi *abi;
	const char *word; /* of talk.h; NULL: it could not be tried there */
	int number;
};
/* filters NULL: they could not be read. */
void trial_judge_call(
	struct trial *t, const struct call_answer *x, const struct seccomp_filters *filters);
#define TRIAL_CALL_NONE (-1) /* no such call there */
#define TRIAL_CALL_PART (-2) /* only as part of another one: socketcall */
long trial_call_number(const struct seccomp_abi *abi, const char *name);

#endif
