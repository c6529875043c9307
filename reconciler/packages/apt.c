/*
 * Running apt-get and dpkg (apt.h): never interactive, files of the operator kept, what they say
 * shown as progress and, if they fail, in the message.
 * Decides nothing. Called by the plan and the transaction's step of packages.
 */
#include "l4sync/apt.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "l4sync/child.h"
#include "l4sync/program.h"
#include "l4sync/text.h"

#define SIMULATE_S 60u
#define UPDATE_S 600u
#define CHANGE_S 3600u /* a maintainer script that hangs must not hang for ever */
#define OUTPUT_MAX (8u << 20)
#define LINES_SHOWN 15
#define LISTS_OLD_S (24 * 3600)

/* Maintainer scripts may want a home; nobody is asked anything. */
static const char *const environment[] = {"DEBIAN_FRONTEND=noninteractive",
	"DEBCONF_NONINTERACTIVE_SEEN=true", "APT_LISTCHANGES_FRONTEND=none", "HOME=/root", NULL};

struct argv {
	struct arena *arena;
	size_t n, cap;
	const char **items;
};

static void add(struct argv *v, const char *word)
{
	if (v->n + 1 >= v->cap) {
		size_t cap = v->cap ? v->cap * 2 : 64;
		const char **longer = arena_array(v->arena, const char *, cap);

		if (v->n)
			memcpy(longer, v->items, v->n * sizeof *longer);
		v->items = longer;
		v->cap = cap;
	}
	v->items[v->n++] = word;
}

/* With its architecture a name is never taken for a pattern, nor its last letter for a sign. */
static const char *full_name(struct arena *a, const char *name, const char *native)
{
	return strchr(name, ':') ? name : arena_printf(a, "%s:%s", name, native);
}

static bool is_unknown(const struct apt_outlook *outlook, const char *name)
{
	for (size_t i = 0; i < outlook->n_unknown; i++)
		if (!strcmp(outlook->unknown[i], name))
			return true;
	return false;
}

/* without: what the lists do not know. */
static void add_wish(struct argv *v, const struct apt_wish *wish, const char *native,
	const struct apt_outlook *without)
{
	if (wish->no_recommends)
		add(v, "--no-install-recommends");
	if (wish->n_remove)
		add(v, "--purge");
	add(v, "install");
	for (size_t i = 0; i < wish->n_install; i++)
		if (!is_unknown(without, wish->install[i]))
			add(v, full_name(v->arena, wish->install[i], native));
	for (size_t i = 0; i < wish->n_remove; i++)
		if (!is_unknown(without, wish->remove[i]))
			add(v, arena_printf(v->arena, "%s-",
				       full_name(v->arena, wish->remove[i], native)));
}

static int simulate(struct arena *a, const struct apt_wish *wish, const char *native,
	const struct apt_outlook *without, struct apt_outlook *ret, struct err *e)
{
	struct argv v = {.arena = a};
	_cleanup_buf_ struct buf output = BUF_INIT;
	struct program_end end;

	add(&v, "apt-get");
	add(&v, "-s");
	add(&v, "-q");
	add(&v, "-y");
	add_wish(&v, wish, native, without);
	add(&v, NULL);
	const struct program p = {
		.argv = v.items,
		.environment = environment,
		.with_errors = true,
		.output_max = OUTPUT_MAX,
		.timeout_s = SIMULATE_S,
	};
	int r = program_run(&p, &output, &end, e);
	if (r >= 0)
		apt_outlook_parse(a, output.size ? output.data : "", output.size, native,
			program_succeeded(&end), ret);
	return r;
}

static const char *const *known_names(struct arena *a)
{
	static const char *const argv[] = {"apt-cache", "pkgnames", NULL};
	_cleanup_buf_ struct buf output = BUF_INIT;
	const struct program p = {
		.argv = argv,
		.environment = environment,
		.output_max = OUTPUT_MAX,
		.timeout_s = SIMULATE_S,
	};
	struct program_end end;
	size_t n = 0, lines = 1;

	program_run(&p, &output, &end, NULL);
	for (size_t i = 0; i < output.size; i++)
		lines += output.data[i] == '\n';
	const char **names = arena_array(a, const char *, lines + 1);
	char *rest = NULL, *text = arena_strndup(a, output.size ? output.data : "", output.size);
	for (char *s = strtok_r(text, "\n", &rest); s; s = strtok_r(NULL, "\n", &rest))
		names[n++] = s;
	return names;
}

static bool is_in(const char *const *names, const char *name)
{
	size_t n = strcspn(name, ":");

	for (; *names; names++)
		if (!strncmp(*names, name, n) && !(*names)[n])
			return true;
	return false;
}

/* Of a name with one of these apt takes what it does not know for a pattern, and installs whatever
 * fits: such a name is looked up before. */
static void find_patterns(struct arena *a, const struct apt_wish *wish, struct apt_outlook *ret)
{
	const char *const *known = NULL;

	ret->unknown = arena_array(a, const char *, wish->n_install);
	for (size_t i = 0; i < wish->n_install; i++) {
		if (!strpbrk(wish->install[i], "+."))
			continue;
		known = known ? known : known_names(a);
		if (!is_in(known, wish->install[i]))
			ret->unknown[ret->n_unknown++] = wish->install[i];
	}
}

static void add_unknown(struct arena *a, struct apt_outlook *ret, const struct apt_outlook *more)
{
	const char **all = arena_array(a, const char *, ret->n_unknown + more->n_unknown);

	if (ret->n_unknown)
		memcpy(all, ret->unknown, ret->n_unknown * sizeof *all);
	if (more->n_unknown)
		memcpy(all + ret->n_unknown, more->unknown, more->n_unknown * sizeof *all);
	ret->unknown = all;
	ret->n_unknown += more->n_unknown;
}

int apt_simulate(struct arena *a, const struct apt_wish *wish, const char *native,
	struct apt_outlook *ret, struct err *e)
{
	struct apt_outlook unknown = {0};

	find_patterns(a, wish, &unknown);
	/* It names all that it does not know at once, and does not look any further. */
	for (int i = 0; i < 2; i++) {
		*ret = (struct apt_outlook){0};
		if (unknown.n_unknown == wish->n_install + wish->n_remove)
			break;
		int r = simulate(a, wish, native, &unknown, ret, e);
		if (r < 0)
			return r;
		bool more = ret->n_unknown;
		add_unknown(a, &unknown, ret);
		if (!more)
			break;
	}
	ret->n_unknown = unknown.n_unknown;
	ret->unknown = unknown.unknown;
	return 0;
}

/* One change that runs. */
struct running {
	const struct apt *apt;
	const char *name;
	bool may_end;
	bool told;
};

static int follow(void *userdata, const char *line)
{
	struct running *x = userdata;
	int r = x->apt->idle ? x->apt->idle(x->apt->userdata) : 0;

	if (r && x->may_end)
		return r;
	if (r && !x->told) {
		x->told = true;
		event_message(x->apt->sink, "warning",
			"%s is let finish what it has begun: ended now it would leave packages "
			"half-configured",
			x->name);
	}
	if (line && *line)
		event_progress(x->apt->sink, "%s: %s", x->name, line);
	return 0;
}

/* The last lines of what it said, without those that tell how far it is. */
static const char *last_lines(struct arena *a, struct buf *output)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	size_t n = 0, at = output->size;

	for (size_t i = 0; i < output->size; i++)
		if (!output->data[i])
			output->data[i] = '?';
	while (at && n < LINES_SHOWN) {
		size_t end = output->data[at - 1] == '\n' ? at - 1 : at;

		for (at = end; at && output->data[at - 1] != '\n';)
			at--;
		n += end > at;
	}
	for (char *rest = NULL,
		  *line = output->size ? strtok_r(output->data + at, "\n", &rest) : NULL;
		line; line = strtok_r(NULL, "\n", &rest)) {
		const char *carriage = strrchr(line, '\r');

		if (text_starts(line, "(Reading database"))
			continue;
		if (carriage && carriage[1])
			line += carriage + 1 - line;
		text_printable(line);
		buf_addf(&b, "\n  | %s", line);
	}
	return b.size ? arena_strdup(a, b.data) : "";
}

static int run(const struct apt *x, const char *const *argv, unsigned timeout_s, bool may_end,
	struct err *e)
{
	_cleanup_buf_ struct buf output = BUF_INIT;
	struct running running = {.apt = x, .name = argv[0], .may_end = may_end};
	const struct program p = {
		.argv = argv,
		.environment = environment,
		.with_errors = true,
		.output_max = OUTPUT_MAX,
		.timeout_s = timeout_s,
		.idle = follow,
		.userdata = &running,
	};
	struct program_end end;
	int r = program_run(&p, &output, &end, e);

	if (r == -ENOENT || r == -EINTR)
		return r;
	if (r < 0)
		return err_set(e, r, "%s%s", arena_strdup(x->arena, err_text(e)),
			last_lines(x->arena, &output));
	if (program_succeeded(&end))
		return 0;
	return err_set(e, -EREMOTEIO, "%s failed: %s%s", argv[0], program_end_text(x->arena, &end),
		last_lines(x->arena, &output));
}

int apt_configure(const struct apt *x, struct err *e)
{
	static const char *const argv[] = {
		"dpkg", "--force-confdef", "--force-confold", "--configure", "-a", NULL};

	return run(x, argv, CHANGE_S, false, e);
}

int apt_add_architecture(const struct apt *x, const char *arch, struct err *e)
{
	const char *const argv[] = {"dpkg", "--add-architecture", arch, NULL};

	return run(x, argv, SIMULATE_S, false, e);
}

/* Without the mode it says that it went well although it could not fetch anything. */
int apt_update(const struct apt *x, struct err *e)
{
	static const char *const argv[] = {"apt-get", "-q", "-o", "APT::Update::Error-Mode=any",
		"-o", "DPkg::Lock::Timeout=60", "update", NULL};

	return run(x, argv, UPDATE_S, true, e);
}

int apt_change(const struct apt *x, const struct apt_wish *wish, const char *native, struct err *e)
{
	/* Not APT::Status-Fd: on a stream that dpkg's scripts have too, it takes theirs away, and
	 * they fail when they write. */
	static const char *const options[] = {"-q", "-y", "-o", "Dpkg::Options::=--force-confdef",
		"-o", "Dpkg::Options::=--force-confold", "-o", "Dpkg::Use-Pty=0", "-o",
		"DPkg::Lock::Timeout=60"};
	const struct apt_outlook none = {0};
	struct argv v = {.arena = x->arena};

	add(&v, "apt-get");
	for (size_t i = 0; i < ELEMENTS(options); i++)
		add(&v, options[i]);
	/* What has changed since the simulation must not bring a removal. */
	if (!wish->n_remove)
		add(&v, "--no-remove");
	add_wish(&v, wish, native, &none);
	add(&v, NULL);
	return run(x, v.items, CHANGE_S, false, e);
}

bool apt_lists_are_old(struct host *h)
{
	static const char *const dirs[] = {"/var/lib/apt/lists/partial", "/var/lib/apt/lists"};
	time_t newest = 0;

	/* Each update makes something in them, also where nothing is new. */
	for (size_t i = 0; i < ELEMENTS(dirs); i++) {
		struct stat st;
		int fd;

		if (host_dir(h, dirs[i], &fd, NULL) >= 0 && fstat(fd, &st) >= 0 &&
			st.st_mtim.tv_sec > newest)
			newest = st.st_mtim.tv_sec;
	}
	return time(NULL) - newest > LISTS_OLD_S;
}

const char *apt_unknown_text(struct arena *a, const char *const *names, size_t n)
{
	const char *const *known = known_names(a);
	const char *text = NULL;

	for (size_t i = 0; i < n; i++) {
		const char *colon = strchr(names[i], ':');
		const char *name =
			colon ? arena_strndup(a, names[i], (size_t)(colon - names[i])) : names[i];
		const char *nearest = text_nearest(name, known), *one = names[i];

		if (nearest && strcmp(nearest, name) != 0)
			one = arena_printf(a, "%s (is %s meant?)", names[i], nearest);
		else if (nearest)
			one = arena_printf(a, "%s (not for this architecture)", names[i]);
		text = text ? arena_printf(a, "%s, %s", text, one) : one;
	}
	return text;
}
