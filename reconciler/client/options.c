/*
 * The command line becomes a request (request.h), by the table (command.h).
 * Runs nothing; prints only --help, --version and completion words. Called by main.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "l4sync/command.h"
#include "l4sync/request.h"
#include "l4sync/ssh.h"
#include "l4sync/text.h"

#define FLAGS_MAX 64  /* rows of the flag table: one bit each in `seen` */
#define LONG_ONLY 256 /* getopt's val of row i without a letter: LONG_ONLY + i */

#define TIME_MAX_S 86400ul

struct parse {
	struct arena *arena;
	struct request request;
	const struct command *command;
	uint64_t seen; /* bit i: row i of the flag table was given */
	bool help, version;
	struct err *e;
};

#define AT(p, flag, type) (*(type *)((char *)&(p)->request + (flag)->offset))

static int usage(struct parse *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
static int usage(struct parse *p, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	char *text = arena_vprintf(p->arena, format, ap);
	va_end(ap);
	return err_exit(p->e, EXIT_USAGE, -EINVAL, "%s (l4sync %s%s--help)", text,
		p->command && p->command->summary ? p->command->name : "",
		p->command && p->command->summary ? " " : "");
}

static const char *flag_name(struct parse *p, const struct flag *f)
{
	return f->name ? arena_printf(p->arena, "--%s", f->name)
		       : arena_printf(p->arena, "-%c", f->letter);
}

static int set_word(struct parse *p, const struct flag *f, const char *value)
{
	static const struct {
		const char *flag, *word;
		int value;
	} words[] = {
		{"format", "text", FORMAT_TEXT},
		{"format", "json", FORMAT_JSON},
		{"format", "markdown", FORMAT_MARKDOWN},
		{"color", "auto", -1},
		{"color", "never", 0},
		{"color", "always", 1},
	};

	for (size_t i = 0; i < ELEMENTS(words); i++) {
		if (strcmp(words[i].flag, f->name) || strcmp(words[i].word, value))
			continue;
		if (f->kind == FLAG_FORMAT)
			p->request.format = (enum format)words[i].value;
		else
			p->request.color = words[i].value;
		return 0;
	}
	return usage(p, "--%s takes %s, not \"%s\"", f->name,
		f->kind == FLAG_FORMAT ? command_formats(p->command) : "always, never or auto",
		value);
}

static int set_number(struct parse *p, const struct flag *f, const char *value)
{
	char *end;

	errno = 0;
	unsigned long n = strtoul(value, &end, 10);
	/* strtoul takes "-1" and " 1" too. */
	if (value[0] < '0' || value[0] > '9' || *end || errno || !n || n > INT32_MAX)
		return usage(p, "%s takes a number from 1, not \"%s\"", flag_name(p, f), value);
	AT(p, f, unsigned long) = n;
	return 0;
}

/* As systemd.time(7) has it, of one number and one unit: 90, 90s, 5min, 5m, 1h. */
static int set_time(struct parse *p, const struct flag *f, const char *value)
{
	static const struct {
		const char *name;
		unsigned long seconds;
	} units[] = {{"", 1}, {"s", 1}, {"sec", 1}, {"m", 60}, {"min", 60}, {"h", 3600}};
	char *end;

	errno = 0;
	unsigned long n = strtoul(value, &end, 10);
	for (size_t i = 0; i < ELEMENTS(units); i++)
		if (*value >= '0' && *value <= '9' && !errno && n && n <= TIME_MAX_S &&
			!strcmp(end, units[i].name) && n * units[i].seconds <= TIME_MAX_S) {
			AT(p, f, unsigned long) = n * units[i].seconds;
			return 0;
		}
	return usage(
		p, "--%s takes a time of up to a day, as 60s or 5min, not \"%s\"", f->name, value);
}

static void add_only(struct parse *p, const char *value)
{
	size_t n = p->request.n_only;
	const char **only = arena_array(p->arena, const char *, n + 1);

	if (n)
		memcpy(only, p->request.only, n * sizeof(*only));
	only[n] = value;
	p->request.only = only;
	p->request.n_only = n + 1;
}

static int set_flag(struct parse *p, const struct flag *f, const char *value)
{
	switch (f->kind) {
	case FLAG_TRUE:
		AT(p, f, bool) = true;
		return 0;
	case FLAG_TEXT:
	case FLAG_PATH:
	case FLAG_SOURCE:
		AT(p, f, const char *) = value;
		return 0;
	case FLAG_TIME:
		return set_time(p, f, value);
	case FLAG_NUMBER:
		return set_number(p, f, value);
	case FLAG_ONLY:
		return add_only(p, value), 0;
	case FLAG_JSON:
		p->request.format = FORMAT_JSON;
		return 0;
	case FLAG_FORMAT:
	case FLAG_COLOR:
		return set_word(p, f, value ? value : "always");
	case FLAG_VERBOSE:
	case FLAG_QUIET:
		p->request.verbosity = f->kind == FLAG_VERBOSE ? 1 : -1;
		return 0;
	case FLAG_HELP:
		p->help = true;
		return 0;
	case FLAG_VERSION:
		p->version = true;
		return 0;
	}
	return 0;
}

/* getopt's tables. The leading ':' makes it tell a missing value from an unknown flag. */
static void getopt_tables(struct option *options, struct buf *letters)
{
	buf_adds(letters, ":");
	for (int i = 0; flag_table[i].name || flag_table[i].letter; i++) {
		const struct flag *f = &flag_table[i];

		if (f->letter)
			buf_addf(letters, "%c%s", f->letter, f->value ? ":" : "");
		if (f->name)
			*options++ = (struct option){
				.name = f->name,
				.has_arg = !f->value            ? no_argument
					   : f->value[0] == '[' ? optional_argument
								: required_argument,
				.val = LONG_ONLY + i,
			};
	}
}

static int unknown_flag(struct parse *p, int c, const char *word)
{
	/* Of a bundle (-vx) only the letter is wrong; of a long one the whole word. */
	if (optopt && optopt < LONG_ONLY && !text_starts(word, "--"))
		return c == ':' ? usage(p, "-%c needs a value", optopt)
				: usage(p, "unknown flag -%c", optopt);
	_cleanup_free_ char *name = strndup(word + 2, strcspn(word + 2, "="));
	if (!name)
		return usage(p, "unknown flag");
	if (c == ':')
		return usage(p, "--%s needs a value", name);
	if (optopt >= LONG_ONLY)
		return usage(p, "--%s takes no value", name);
	const char *nearest = flag_nearest(name);
	return nearest ? usage(p, "unknown flag --%s; did you mean --%s?", name, nearest)
		       : usage(p, "unknown flag --%s", name);
}

static int parse_flags(struct parse *p, int argc, char **argv)
{
	struct option options[FLAGS_MAX + 1] = {0};
	_cleanup_buf_ struct buf letters = BUF_INIT;
	int c, rc = 0;

	getopt_tables(options, &letters);
	opterr = 0;
	optind = 0; /* glibc: forget an earlier argv */
	while (!rc && (c = getopt_long(argc, argv, letters.data, options, NULL)) != -1) {
		int i = c - LONG_ONLY;

		if (c == '?' || c == ':')
			return unknown_flag(p, c, argv[optind - 1]);
		for (i = i < 0 ? 0 : i; c < LONG_ONLY && flag_table[i].letter != c;)
			i++;
		p->seen |= (uint64_t)1 << i;
		rc = set_flag(p, &flag_table[i], optarg);
	}
	return rc;
}

static int check_command(struct parse *p, const char *name)
{
	p->command = name ? command_find(name) : NULL;
	if (p->command) {
		p->request.command = p->command->name;
		return 0;
	}
	if (!name)
		return p->help || p->version
			       ? 0
			       : usage(p, "say what to do: plan, apply, check, verify, "
					  "status, log, show, explain, lint or rollback");
	const char *nearest = command_nearest(name);
	return nearest ? usage(p, "unknown command \"%s\"; did you mean %s?", name, nearest)
		       : usage(p, "unknown command \"%s\"", name);
}

/* words: what is left behind the command, NULL-terminated. */
static int take_argument(struct parse *p, char **words)
{
	const char *wanted = p->command->argument, *surplus = wanted && *words ? words[1] : *words;

	if (p->command->several) {
		size_t n = 0;

		while (words[n])
			n++;
		p->request.n_arguments = n;
		p->request.arguments = arena_memdup(p->arena, words, n * sizeof *words);
		return 0;
	}
	if (surplus)
		return wanted ? usage(p, "%s takes one argument, %s: \"%s\" is too much",
					p->command->name, wanted, surplus)
			      : usage(p, "%s takes no argument: \"%s\"", p->command->name, surplus);
	if (wanted && !*words && *wanted != '[')
		return usage(p, "%s needs an argument: %s", p->command->name, wanted);
	p->request.argument = *words;
	return 0;
}

static bool is_lint(const struct parse *p)
{
	return !strcmp(p->command->name, "lint");
}

/* `lint DIR` is `lint --state DIR`. Where nothing else says where the state is, it is here. */
static int take_directory(struct parse *p)
{
	struct request *r = &p->request;

	if (!is_lint(p))
		return 0;
	if (r->argument && r->state)
		return usage(
			p, "lint takes one directory: \"%s\" or \"%s\"", r->argument, r->state);
	if (!r->argument && (r->state || r->source || r->ref || (r->remote && *r->remote)))
		return 0;
	r->state = r->argument ? r->argument : ".";
	r->argument = NULL;
	for (size_t i = 0; flag_table[i].name || flag_table[i].letter; i++)
		if (flag_table[i].name && !strcmp(flag_table[i].name, "state"))
			p->seen |= (uint64_t)1 << i;
	return 0;
}

static int check_combination(struct parse *p)
{
	const struct request *r = &p->request;

	for (size_t i = 0; flag_table[i].name || flag_table[i].letter; i++)
		if (p->seen >> i & 1 && !(flag_table[i].commands & p->command->bit))
			return usage(p, "%s does not go with %s", flag_name(p, &flag_table[i]),
				p->command->name);
	if (r->state && (r->source || r->ref))
		return usage(p, "--state is a directory; it does not go with --%s",
			r->source ? "source" : "ref");
	if (r->heal && (r->state || r->source || r->ref || r->allow_rewind))
		return usage(p,
			"--heal puts back what was applied last, out of the history: no state is "
			"read, so it does not go with --%s",
			r->state    ? "state"
			: r->source ? "source"
			: r->ref    ? "ref"
				    : "allow-rewind");
	if (r->unattended && (r->allow_removal || r->allow_rewind))
		return usage(p,
			"--unattended takes no risk that somebody has to accept; it does "
			"not go with --%s",
			r->allow_removal ? "allow-removal" : "allow-rewind");
	if (r->defer && r->restart_busy)
		return usage(p,
			"--defer puts off all restarts, --restart-busy none that --defer does not: "
			"give one of them");
	if (r->confirm && r->root)
		return usage(p, "--confirm is about the live host; it does not go with --root");
	if (r->host && !r->root && !is_lint(p))
		return usage(p, "--host goes with --root and lint only; -H HOST runs it on another "
				"host");
	if (r->format == FORMAT_MARKDOWN && !p->command->markdown)
		return usage(p, "--format markdown goes with plan, check and lint only");
	return 0;
}

/* From the current directory, which need not hold such a path. */
static int absolute(struct parse *p, const char **path)
{
	_cleanup_free_ char *cwd = getcwd(NULL, 0);

	if (!cwd)
		return err_errno(p->e, -errno, "cannot tell the current directory");
	*path = !strcmp(*path, ".")
			? arena_strdup(p->arena, cwd)
			: arena_printf(p->arena, "%s%s%s", cwd, cwd[1] ? "/" : "", *path);
	return 0;
}

static int resolve_paths(struct parse *p)
{
	for (size_t i = 0; flag_table[i].name || flag_table[i].letter; i++) {
		const struct flag *f = &flag_table[i];
		bool path = f->kind == FLAG_PATH;

		if (!(p->seen >> i & 1) || (!path && f->kind != FLAG_SOURCE))
			continue;
		const char **value = &AT(p, f, const char *);
		if (!**value)
			return usage(p, "--%s needs a value", f->name);
		if (path ? **value == '/' : **value != '.')
			continue;
		if (p->request.remote)
			return usage(p, "--%s is a path on the host %s: it begins with /", f->name,
				p->request.remote);
		int rc = absolute(p, value);
		if (rc)
			return rc;
	}
	return 0;
}

/* -H decides; what names a directory is meant here; else the environment or the file. */
static int resolve_remote(struct parse *p)
{
	struct request *r = &p->request;

	if (!p->command->summary)
		return 0;
	if (!r->remote && !r->root && !r->state && !is_lint(p)) {
		int rc = ssh_default_host(p->arena, &r->remote, p->e);
		if (rc)
			return rc;
	}
	if (r->remote && !*r->remote)
		r->remote = NULL;
	if (r->remote && !ssh_host_valid(r->remote))
		return usage(p, "\"%s\" is no host name that ssh could be given", r->remote);
	return 0;
}

static bool print_help(const struct parse *p)
{
	if (p->version)
		printf("l4sync %s\n", L4SYNC_VERSION);
	else if (p->help)
		help_print(stdout, p->command);
	return p->version || p->help;
}

int options_parse(
	struct arena *a, int argc, char **argv, struct request *ret, bool *ret_done, struct err *e)
{
	struct parse p = {.arena = a, .request = {.color = -1}, .e = e};

	/* What the shell's completion asks: not a command of the table, so it is listed nowhere. */
	*ret_done = argc > 1 && !strcmp(argv[1], "complete");
	if (*ret_done) {
		completion_print(stdout, argc > 2 ? command_find(argv[2]) : NULL);
		return 0;
	}
	/* For the hint of what is said about a flag; decided below. */
	for (int i = 1; i < argc && !p.command; i++)
		p.command = command_find(argv[i]);
	int rc = parse_flags(&p, argc, argv);
	/* As --help; what follows is the command that it is about. */
	if (!rc && argv[optind] && !strcmp(argv[optind], "help")) {
		p.help = true;
		optind++;
	}
	if (!rc)
		rc = check_command(&p, argv[optind]);
	if (rc)
		return rc;
	*ret_done = print_help(&p);
	if (*ret_done)
		return 0;
	rc = take_argument(&p, &argv[optind + 1]);
	if (!rc)
		rc = take_directory(&p);
	if (!rc)
		rc = check_combination(&p);
	if (!rc)
		rc = resolve_remote(&p);
	if (!rc)
		rc = resolve_paths(&p);
	if (!rc)
		*ret = p.request;
	return rc;
}
