/*
 * Job: prints what the unit index and the bus layer see and do, for comparison with systemctl.
 * Must not: decide what is right; that is systemd.test's.
 * Called by: tests/host/container/systemd.test, inside the container.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <systemd/sd-bus.h>

#include "l4sync/bus.h"
#include "l4sync/host.h"
#include "l4sync/text.h"
#include "l4sync/unit_meaning.h"
#include "l4sync/unitpath.h"

#include "probe.h"

static struct arena *arena;
static struct err err;

static int fail(void)
{
	printf("error: %s\n", err_text(&err));
	return 1;
}

static struct unit_index *index_open(void)
{
	const char *root = getenv("PROBE_ROOT");
	struct unit_index *x;
	struct host *h;

	if (host_open(arena, root, NULL, &h, &err) < 0 ||
		unit_index_new(h, arena, NULL, 0, &x, &err) < 0) {
		fail();
		exit(1);
	}
	return x;
}

/* Calls each with every unit name on stdin. */
static int each_name(void (*each)(struct unit_index *x, const char *name))
{
	struct unit_index *x = index_open();
	_cleanup_free_ char *line = NULL;
	size_t size = 0;

	while (getline(&line, &size, stdin) > 0) {
		line[strcspn(line, "\n")] = '\0';
		each(x, arena_strdup(arena, line));
	}
	return 0;
}

/* NAME<TAB>FRAGMENT<TAB>DROPIN DROPIN …, as of `systemctl show`. */
static void print_files(struct unit_index *x, const char *name)
{
	struct unit_config c;

	if (unit_index_config(x, name, &c, &err) < 0) {
		fail();
		return;
	}
	printf("%s\t%s\t", name, c.found ? c.fragment.path : "");
	for (size_t i = 0; i < c.n_dropins; i++)
		printf("%s%s", i ? " " : "", c.dropins[i].path);
	printf("\n");
}

/* What `systemctl cat` prints below its headings, for byte comparison. */
static void print_contents(struct unit_index *x, const char *name)
{
	struct unit_config c;

	if (unit_index_config(x, name, &c, &err) < 0) {
		fail();
		return;
	}
	for (size_t i = 0; i <= c.n_dropins; i++) {
		const struct unit_file *f = i ? &c.dropins[i - 1] : &c.fragment;

		if (!i && !c.found)
			continue;
		printf("# %s\n", f->path);
		if (f->content)
			fwrite(f->content->data, 1, f->content->size, stdout);
	}
}

static void print_links(const char *name, const struct enable_link *links, size_t n)
{
	for (size_t i = 0; i < n; i++)
		printf("%s\t%s\t%s\n", name, links[i].path, links[i].target);
}

static void print_install(struct unit_index *x, const char *name)
{
	struct enable_link *links;
	size_t n;
	int r = unit_index_install_links(x, name, &links, &n, &err);

	if (r < 0)
		printf("%s\terror %s\t%s\n", name, strerrorname_np(-r), err_text(&err));
	else
		print_links(name, links, n);
}

static void print_live(struct unit_index *x, const char *name)
{
	struct enable_link *links;
	size_t n;

	if (unit_index_live_links(x, name, &links, &n, &err) < 0)
		fail();
	else
		print_links(name, links, n);
}

static const char *kind_name(enum directive_kind kind)
{
	static const char *const names[] = {
		[KIND_TEXT] = "TEXT",
		[KIND_ANY] = "ANY",
		[KIND_NAME] = "NAME",
		[KIND_PATH] = "PATH",
		[KIND_STREAM] = "STREAM",
		[KIND_WORD] = "WORD",
		[KIND_NO] = "NO",
		[KIND_YES] = "YES",
		[KIND_BOOLEAN] = "BOOLEAN",
		[KIND_SPAN] = "SPAN",
		[KIND_TIMEOUT] = "TIMEOUT",
		[KIND_SIZE] = "SIZE",
		[KIND_MEMORY] = "MEMORY",
		[KIND_NUMBER] = "NUMBER",
		[KIND_AMOUNT] = "AMOUNT",
		[KIND_MODE] = "MODE",
		[KIND_SIGNAL] = "SIGNAL",
		[KIND_LIMIT] = "LIMIT",
		[KIND_LINES] = "LINES",
		[KIND_COMMANDS] = "COMMANDS",
		[KIND_FILES] = "FILES",
		[KIND_CREDENTIALS] = "CREDENTIALS",
		[KIND_CHECKS] = "CHECKS",
		[KIND_SPANS] = "SPANS",
		[KIND_DEVICES] = "DEVICES",
		[KIND_WORDS] = "WORDS",
		[KIND_SET] = "SET",
		[KIND_BITS] = "BITS",
		[KIND_PATHS] = "PATHS",
		[KIND_STATUSES] = "STATUSES",
		[KIND_ADDRESSES] = "ADDRESSES",
		[KIND_CPUS] = "CPUS",
		[KIND_ENVIRONMENT] = "ENVIRONMENT",
		[KIND_SIGNED] = "SIGNED",
		[KIND_CAPABILITIES] = "CAPABILITIES",
		[KIND_NAMESPACES] = "NAMESPACES",
		[KIND_DELEGATE] = "DELEGATE",
		[KIND_DEPENDS] = "DEPENDS",
	};

	return names[kind];
}

static void print_texts(const char **texts, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		_cleanup_buf_ struct buf b = BUF_INIT;

		text_escape(&b, texts[i], strlen(texts[i]));
		printf("\t%s", b.size ? b.data : "");
	}
	printf("\n");
}

/* NAME, section, key, kind, what systemd makes of it, or with "?" before the kind what is written:
 * all with tabs between. */
static void print_settings(struct unit_index *x, const char *name)
{
	struct setting *settings;
	struct unit_config c;
	size_t n;
	int r;

	if (unit_index_config(x, name, &c, &err) < 0) {
		fail();
		return;
	}
	if ((r = unit_settings(arena, &c, &settings, &n)) < 0) {
		printf("%s\terror %s\n", name, strerrorname_np(-r));
		return;
	}
	for (size_t i = 0; i < n; i++) {
		const struct setting *s = &settings[i];
		const char **meaning;
		size_t n_meaning;
		bool sure = setting_meaning(arena, &s->type, s, &meaning, &n_meaning);

		if (!s->n_lines)
			continue;
		printf("%s\t%s\t%s\t%s%s", name, s->section, s->type.key, sure ? "" : "?",
			kind_name(s->type.kind));
		print_texts(meaning, n_meaning);
	}
}

/* Of "A B" on each line: A, B, the class of what differs, and what that is. */
static void print_differences(struct unit_index *x, const char *names)
{
	const char *blank = strchr(names, ' ');
	struct unit_config a, b;
	struct difference *list;
	enum directive_class class;
	size_t n;

	if (!blank ||
		unit_index_config(
			x, arena_strndup(arena, names, (size_t)(blank - names)), &a, &err) < 0 ||
		unit_index_config(x, blank + 1, &b, &err) < 0) {
		fail();
		return;
	}
	unit_differences(arena, &a, &b, &list, &n, &class);
	printf("%s\t%s\t%s\t", a.name, b.name, directive_class_name(class));
	for (size_t i = 0; i < n; i++)
		printf("%s.%s ", list[i].section, list[i].key);
	printf("\n");
}

static void print_directive(const char *section, const struct directive_type *type, void *userdata)
{
	(void)userdata;
	printf("%s\t%s\t%s\t%s\n", section, type->key, directive_class_name(type->class),
		type->known ? kind_name(type->kind) : "unknown");
}

static int cmd_directives(void)
{
	directive_each(print_directive, NULL);
	return 0;
}

static int cmd_enabled(const char *template_name)
{
	const char *const *names;
	size_t n;

	if (unit_index_enabled_instances(index_open(), template_name, &names, &n, &err) < 0)
		return fail();
	for (size_t i = 0; i < n; i++)
		printf("%s\n", names[i]);
	return 0;
}

static struct bus *bus;

static void bus_start(void)
{
	if (bus_open(&bus, &err) < 0) {
		fail();
		exit(1);
	}
}

static int cmd_list(void)
{
	struct unit_status *units;
	size_t n;

	bus_start();
	if (bus_list_units(bus, arena, &units, &n, &err) < 0)
		return fail();
	for (size_t i = 0; i < n; i++)
		printf("%s %s %s %s\n", units[i].name, units[i].load_state, units[i].active_state,
			units[i].sub_state);
	fprintf(stderr, "%u round trips\n", bus_round_trips(bus));
	return 0;
}

static int cmd_details(bool load)
{
	_cleanup_free_ char *line = NULL;
	const char *names[4096];
	size_t size = 0, n = 0;

	while (n < ELEMENTS(names) && getline(&line, &size, stdin) > 0) {
		line[strcspn(line, "\n")] = '\0';
		names[n++] = arena_strdup(arena, line);
	}
	struct unit_details *d = arena_array(arena, struct unit_details, n);
	bus_start();
	unsigned before = bus_round_trips(bus);
	if (bus_unit_details(bus, arena, names, n, load, d, &err) < 0)
		return fail();
	for (size_t i = 0; i < n; i++) {
		if (!d[i].found) {
			printf("%s not found\n", d[i].name);
			continue;
		}
		printf("Id=%s\nLoadState=%s\nActiveState=%s\nSubState=%s\nInvocationID=%s\n"
		       "FragmentPath=%s\nCanReload=%s\n",
			d[i].name, d[i].load_state, d[i].active_state, d[i].sub_state,
			d[i].invocation_id, d[i].fragment_path, d[i].can_reload ? "yes" : "no");
		if (d[i].result)
			printf("Result=%s\nNRestarts=%u\nMainPID=%u\n", d[i].result,
				d[i].n_restarts, d[i].main_pid);
		printf("Names=");
		for (const char **s = d[i].names; s && *s; s++)
			printf("%s%s", s == d[i].names ? "" : " ", *s);
		printf("\n\n");
	}
	fprintf(stderr, "%u round trips\n", bus_round_trips(bus) - before);
	return 0;
}

static unsigned idle_calls;

static int count_idle(void *userdata)
{
	const unsigned *stop_after = userdata;

	return ++idle_calls == *stop_after ? 77 : 0;
}

static int cmd_job(const char *verb, const char *unit, uint64_t timeout_ms, unsigned stop_after)
{
	static const char *const verbs[] = {
		[UNIT_START] = "start",
		[UNIT_STOP] = "stop",
		[UNIT_TRY_RESTART] = "try-restart",
		[UNIT_RELOAD] = "reload",
	};
	const char *result;

	bus_start();
	for (enum unit_verb v = 0; v < ELEMENTS(verbs); v++) {
		if (strcmp(verbs[v], verb))
			continue;
		int r = bus_job(bus, unit, v, timeout_ms, count_idle, &stop_after, &result, &err);
		if (r < 0)
			return fail();
		if (r)
			printf("idle ended it with %d\n", r);
		else
			printf("%s\n", result);
		return 0;
	}
	return 64;
}

static int cmd_watch(const char *unit, uint64_t timeout_ms, uint64_t settle_ms)
{
	unsigned never = 0;

	bus_start();
	int r = bus_watch_healthy(
		bus, unit, timeout_ms, settle_ms * 1000000, count_idle, &never, &err);
	if (r < 0)
		return fail();
	printf("healthy\n");
	return 0;
}

static int cmd_reload(uint64_t timeout_ms)
{
	bus_start();
	if (bus_reload(bus, timeout_ms, &err) < 0)
		return fail();
	fprintf(stderr, "%u round trips\n", bus_round_trips(bus));
	printf("reloaded\n");
	return 0;
}

/* A runtime SetUnitProperties on every unit on stdin. Which property does not matter. */
static int cmd_poke(void)
{
	_cleanup_free_ char *line = NULL;
	sd_bus *system = NULL;
	size_t size = 0;
	int r = sd_bus_default_system(&system);

	while (r >= 0 && getline(&line, &size, stdin) > 0) {
		sd_bus_error e = SD_BUS_ERROR_NULL;

		line[strcspn(line, "\n")] = '\0';
		if (sd_bus_call_method(system, "org.freedesktop.systemd1",
			    "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager",
			    "SetUnitProperties", &e, NULL, "sba(sv)", line, true, 1, "Description",
			    "s", "poked") < 0)
			printf("%s: %s\n", line, e.message);
		sd_bus_error_free(&e);
	}
	sd_bus_flush_close_unref(system);
	return r < 0;
}

static int cmd_reset(const char *unit)
{
	bus_start();
	if (bus_reset_failed(bus, unit, &err) < 0)
		return fail();
	printf("reset\n");
	return 0;
}

static int cmd_journal(const char *unit, size_t n, const char *invocation)
{
	const char **lines;

	journal_tail(arena, unit, invocation, 0, n, &lines, &n);
	for (size_t i = 0; i < n; i++)
		printf("%s\n", lines[i]);
	return 0;
}

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static uint64_t number(int argc, char **argv, int at, uint64_t otherwise)
{
	return at < argc ? strtoull(argv[at], NULL, 10) : otherwise;
}

int main(int argc, char **argv)
{
	const char *command = argc > 1 ? argv[1] : "", *arg = argc > 2 ? argv[2] : NULL;
	double start = now_s();
	int r = 64;

	arena = arena_new();
	if (!strcmp(command, "files"))
		r = each_name(print_files);
	else if (!strcmp(command, "contents"))
		r = each_name(print_contents);
	else if (!strcmp(command, "install"))
		r = each_name(print_install);
	else if (!strcmp(command, "settings"))
		r = each_name(print_settings);
	else if (!strcmp(command, "properties"))
		r = cmd_properties();
	else if (!strcmp(command, "differences"))
		r = each_name(print_differences);
	else if (!strcmp(command, "directives"))
		r = cmd_directives();
	else if (!strcmp(command, "live"))
		r = each_name(print_live);
	else if (!strcmp(command, "poke"))
		r = cmd_poke();
	else if (!strcmp(command, "enabled"))
		r = cmd_enabled(arg);
	else if (!strcmp(command, "list"))
		r = cmd_list();
	else if (!strcmp(command, "details"))
		r = cmd_details(arg && !strcmp(arg, "load"));
	else if (!strcmp(command, "job") && argc > 3)
		r = cmd_job(arg, argv[3], number(argc, argv, 4, 10000),
			(unsigned)number(argc, argv, 5, 0));
	else if (!strcmp(command, "watch") && arg)
		r = cmd_watch(arg, number(argc, argv, 3, 5000), number(argc, argv, 4, 1000));
	else if (!strcmp(command, "reload"))
		r = cmd_reload(number(argc, argv, 2, 10000));
	else if (!strcmp(command, "reset-failed") && arg)
		r = cmd_reset(arg);
	else if (!strcmp(command, "journal") && arg)
		r = cmd_journal(arg, number(argc, argv, 3, 10), argc > 4 ? argv[4] : NULL);
	else
		fprintf(stderr, "usage: systemd_probe COMMAND; see main()\n");
	fprintf(stderr, "%.1f ms\n", (now_s() - start) * 1e3);
	bus_close(bus);
	err_clear(&err);
	arena_free(arena);
	return r;
}
