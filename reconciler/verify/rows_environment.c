/*
 * The environment of the main process against Environment=, EnvironmentFile= and their like as they
 * are now (rows.h). Values may be secret: only names are ever told.
 * Called by truth.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include "l4sync/text.h"

#include "environment.h"
#include "rows.h"

#define FILE_SIZE_MAX (1u << 20)
#define NAMES_SHOWN 5

enum { FROM_MANAGER, FROM_PASS, FROM_UNIT, FROM_FILE };

struct compared {
	struct environment wanted, real;
	const char *cannot; /* why it cannot be compared */
	bool replaced;      /* the main process runs another program than systemd has started */
};

static void read_one(struct look *l, const char *path, bool optional, struct compared *c)
{
	const void *text;
	size_t size;
	_cleanup_close_ int fd = -1;
	int r = host_open_following(l->host, path, O_RDONLY | O_NONBLOCK, &fd, NULL);

	if (r >= 0)
		r = fd_read_all(l->arena, fd, FILE_SIZE_MAX, &text, &size);
	if (r >= 0)
		environment_file(&c->wanted, text, size, FROM_FILE, l->arena);
	else if (r != -ENOENT || !optional)
		c->cannot = arena_printf(l->arena, "%s: %s", path, strerror(-r));
}

/* A path may be a pattern; what matches is read in the order of the names. */
static void read_files(struct look *l, struct compared *c)
{
	const struct property *files = property_find(l->p, "EnvironmentFiles");

	for (size_t i = 0; files && i + 1 < files->n && !c->cannot; i += 2) {
		const char *pattern = files->items[i].text;
		glob_t found = {0};

		if (*pattern != '/')
			continue;
		int r = glob(pattern, GLOB_NOSORT | GLOB_BRACE, NULL, &found);
		if (r == GLOB_NOMATCH && !files->items[i + 1].number)
			c->cannot = arena_printf(l->arena, "there is no %s", pattern);
		for (size_t k = 0; !r && k < found.gl_pathc; k++)
			read_one(l, found.gl_pathv[k], files->items[i + 1].number, c);
		globfree(&found);
	}
}

static void assign_all(struct look *l, const struct property *list, int from, struct environment *e)
{
	for (size_t i = 0; list && i < list->n; i++)
		environment_assign(e, list->items[i].text, from, l->arena);
}

/* As systemd puts it together: what is later wins. */
static void read_wanted(struct look *l, struct compared *c)
{
	const struct property *pass = property_find(l->p, "PassEnvironment"),
			      *unset = property_find(l->p, "UnsetEnvironment");
	struct environment manager = {0};
	const char *block;
	size_t size;

	assign_all(l, property_find(l->manager, "Environment"), FROM_MANAGER, &c->wanted);
	if (pass && pass->n && process_read(l->arena, l->first, "environ", &block, &size) >= 0)
		environment_block(&manager, block, size, FROM_PASS, l->arena);
	for (size_t i = 0; pass && i < pass->n; i++) {
		const struct variable *v = environment_find(&manager, pass->items[i].text);

		/* systemd puts another TERM into its own environment than it was started with. */
		if (v && strcmp(v->name, "TERM") != 0)
			environment_set(&c->wanted, v->name, strlen(v->name), v->value,
				strlen(v->value), FROM_PASS, l->arena);
	}
	assign_all(l, property_find(l->p, "Environment"), FROM_UNIT, &c->wanted);
	read_files(l, c);
	for (size_t i = 0; unset && i < unset->n; i++)
		environment_unset(&c->wanted, unset->items[i].text);
}

/*
 * A shell that has executed another program may have changed what it has been given. The program
 * is the declared one, or the interpreter of that as a script.
 */
static bool runs_another(struct look *l, const struct process *p)
{
	const char *declared = property_text(l->p, "ExecStart"), *arguments;
	const char *exe = process_link(l->arena, p, "exe");
	char *real = realpath(declared, NULL);
	size_t size, n = strlen(declared);
	bool same = exe && real && !strncmp(exe, real, strlen(real));

	free(real);
	if (same || !*declared || process_read(l->arena, p, "cmdline", &arguments, &size) < 0)
		return false;
	for (size_t i = 0, k = 0; i < size && k < 3; k++, i += strnlen(arguments + i, size - i) + 1)
		if (size - i > n && !strcmp(arguments + i, declared))
			return false;
	return true;
}

static void read_compared(struct look *l, struct process *p, struct compared *c)
{
	const char *block;
	size_t size;

	*c = (struct compared){0};
	int r = process_read(l->arena, p, "environ", &block, &size);
	if (r < 0) {
		c->cannot =
			arena_printf(l->arena, "its environment cannot be read: %s", strerror(-r));
		return;
	}
	environment_block(&c->real, block, size, 0, l->arena);
	read_wanted(l, c);
	if (*property_text(l->p, "PAMName"))
		c->cannot = "PAM may have changed it";
	/* systemd gives it to each; where it is missing, the process has written over it. */
	else if (!environment_find(&c->real, "INVOCATION_ID"))
		c->cannot = "the process has written over it, or put another in its place";
	c->replaced = runs_another(l, p);
}

static void add_name(struct buf *b, const char *name, size_t count)
{
	if (count < NAMES_SHOWN)
		buf_addf(b, "%s%s", count ? ", " : "", name);
}

/* Those of one origin that the process has not, or with another value. */
static const char *differing(struct look *l, const struct compared *c, int from)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	size_t n = 0;

	for (size_t i = 0; i < c->wanted.n; i++) {
		const struct variable *v = &c->wanted.items[i],
				      *real = environment_find(&c->real, v->name);

		if (v->from == from && (!real || strcmp(real->value, v->value) != 0))
			add_name(&b, v->name, n++);
	}
	if (n > NAMES_SHOWN)
		buf_addf(&b, " and %zu more", n - NAMES_SHOWN);
	return n ? arena_printf(l->arena, "outdated (another value, or none, of %s)", b.data)
		 : NULL;
}

/* What systemd gives by itself, see systemd.exec(5). */
static bool is_systemds(const char *name)
{
	static const char own[] =
		"PATH LANG HOME LOGNAME USER SHELL INVOCATION_ID JOURNAL_STREAM MANAGERPID TERM "
		"NOTIFY_SOCKET WATCHDOG_PID WATCHDOG_USEC MAINPID PIDFILE RUNTIME_DIRECTORY "
		"STATE_DIRECTORY CACHE_DIRECTORY LOGS_DIRECTORY CONFIGURATION_DIRECTORY "
		"CREDENTIALS_DIRECTORY MEMORY_PRESSURE_WATCH MEMORY_PRESSURE_WRITE FDSTORE "
		"REMOTE_ADDR REMOTE_PORT SERVICE_RESULT EXIT_CODE EXIT_STATUS COLUMNS LINES "
		"COLORTERM NO_COLOR LOG_NAMESPACE";
	static const char *const families[] = {
		"SYSTEMD_", "LISTEN_", "LC_", "XDG_", "TRIGGER_", "MONITOR_", "MANAGER"};

	for (size_t i = 0; i < ELEMENTS(families); i++)
		if (text_starts(name, families[i]))
			return true;
	return text_has_word(own, name);
}

/* Those that nothing gives any more. */
static const char *surplus(struct look *l, const struct compared *c)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	size_t n = 0;

	for (size_t i = 0; i < c->real.n; i++) {
		const char *name = c->real.items[i].name;

		if (!environment_find(&c->wanted, name) && !is_systemds(name))
			add_name(&b, name, n++);
	}
	if (n > NAMES_SHOWN)
		buf_addf(&b, " and %zu more", n - NAMES_SHOWN);
	return n ? arena_printf(l->arena, "outdated (also %s, which nothing declares)", b.data)
		 : NULL;
}

static const char *declared_words(struct look *l, const struct property *declared)
{
	return arena_printf(l->arena, "%zu %s",
		strcmp(declared->name, "EnvironmentFiles") ? declared->n : declared->n / 2,
		strcmp(declared->name, "EnvironmentFiles")
			? (declared->n == 1 ? "variable" : "variables")
			: (declared->n == 2 ? "file" : "files"));
}

/* argument: whose variables; what is too much is told of the last of the two that is declared. */
static void environment(struct look *l, const struct row *row, struct process *p, struct truth *t)
{
	const struct property *declared = property_find(l->p, row_property(row)),
			      *files = property_find(l->p, "EnvironmentFiles");
	struct compared c;

	if (!declared || !declared->n)
		return;
	const char *words = declared_words(l, declared), *bad;
	read_compared(l, p, &c);
	if (c.cannot) {
		verdict_unknown(t, words, c.cannot);
		return;
	}
	bad = differing(l, &c, (int)row->argument);
	if (!bad && row->argument != FROM_PASS &&
		(row->argument == FROM_FILE || !files || !files->n))
		bad = surplus(l, &c);
	verdict(t,
		!bad         ? TRUTH_HOLDS
		: c.replaced ? TRUTH_OWN
			     : TRUTH_LACKS,
		words, bad ? bad : words);
}

static void unset(struct look *l, const struct row *row, struct process *p, struct truth *t)
{
	const struct property *declared = property_find(l->p, row_property(row));
	struct compared c;

	if (!declared || !declared->n)
		return;
	const char *words = declared_words(l, declared);
	read_compared(l, p, &c);
	if (c.cannot) {
		verdict_unknown(t, words, c.cannot);
		return;
	}
	verdict(t, TRUTH_HOLDS, words, words);
	for (size_t i = 0; i < declared->n; i++) {
		const char *what = declared->items[i].text;
		const struct variable *v = environment_find(
			&c.real, arena_strndup(l->arena, what, strcspn(what, "=")));

		if (v && (!strchr(what, '=') || !strcmp(v->value, strchr(what, '=') + 1)))
			verdict(t, c.replaced ? TRUTH_OWN : TRUTH_LACKS, words,
				arena_printf(l->arena, "off (it has %s)", v->name));
	}
}

const struct row rows_environment[] = {
	{"Environment", NULL, OF_MAIN, environment, FROM_UNIT, NULL},
	{"EnvironmentFile", "EnvironmentFiles", OF_MAIN, environment, FROM_FILE, NULL},
	{"PassEnvironment", NULL, OF_MAIN, environment, FROM_PASS, NULL},
	{"UnsetEnvironment", NULL, OF_MAIN, unset, 0, NULL},
	{0},
};
