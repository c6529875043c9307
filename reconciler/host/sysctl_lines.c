/*
 * What a line says to systemd-sysctl, to procps, and an argument to the kernel (sysctl_lines.h).
 * Knows nothing of other files. Called by sysctl_files.c.
 */
#include "sysctl_lines.h"

#include <string.h>

#include "l4sync/text.h"

#define SYSTEMD_BLANKS " \t\n\r"
#define C_BLANKS " \t\n\v\f\r"
#define SYSTEMD_LINE_MAX (1u << 20) /* bytes; the rest of a file with a longer line is not read */

/* Where a line ends for the reader. systemd takes \r and NUL for ends, too. */
static size_t line_length(bool procps, const char *at, size_t size)
{
	size_t n = 0;

	while (n < size && at[n] != '\n' && (procps || (at[n] && at[n] != '\r')))
		n++;
	return n;
}

static char *strip(const char *blanks, char *s)
{
	size_t n;

	s += strspn(s, blanks);
	n = strlen(s);
	while (n && strchr(blanks, s[n - 1]))
		n--;
	s[n] = '\0';
	return s;
}

/* Dots are slashes and slashes dots, unless a slash is the first of both. */
static void dots_to_slashes(char *s)
{
	char *first = strpbrk(s, "/.");

	if (!first || *first == '/')
		return;
	for (; *first; first++)
		*first = *first == '.' ? '/' : *first == '/' ? '.' : *first;
}

/* Without "//" and ".", at the ends too. */
static char *simplify(struct arena *a, const char *path)
{
	char *out = arena_alloc(a, strlen(path) + 1);
	size_t n = 0;

	while (*path) {
		size_t part = strcspn(path, "/");

		if (part && !(part == 1 && *path == '.')) {
			if (n)
				out[n++] = '/';
			memcpy(out + n, path, part);
			n += part;
		}
		path += part + (path[part] == '/');
	}
	out[n] = '\0';
	return out;
}

/* The same, and ".." takes away what is before it; NULL: that leads out of /proc/sys. */
static const char *simplify_up(struct arena *a, const char *path)
{
	char *simple = simplify(a, arena_printf(a, "proc/sys/%s", path)), *in = simple,
	     *out = simple;

	while (*in) {
		size_t part = strcspn(in, "/");

		if (part == 2 && !memcmp(in, "..", 2)) {
			while (out > simple && *--out != '/')
				;
		} else {
			if (out > simple)
				*out++ = '/';
			memmove(out, in, part);
			out += part;
		}
		in += part + (in[part] == '/');
	}
	*out = '\0';
	return text_starts(simple, "proc/sys/") ? simple + strlen("proc/sys/") : NULL;
}

static bool is_glob(const char *key)
{
	return strpbrk(key, "*?[");
}

static void add(struct sysctl_lines *all, struct sysctl_line line)
{
	line.is_glob = !line.is_argument && is_glob(line.key);
	line.order = all->n;
	all->items = grow(all->items, &all->cap, all->n, sizeof(*all->items));
	all->items[all->n++] = line;
}

/* KEY = VALUE, -KEY = VALUE (may fail), -KEY (not by a glob). */
static void read_systemd(struct sysctl_lines *all, char *text, struct sysctl_line line)
{
	char *key = strip(SYSTEMD_BLANKS, text), *equals = strchr(key, '=');

	if (!*key || *key == '#' || *key == ';' || (!equals && *key != '-'))
		return;
	if (equals) {
		*equals = '\0';
		line.value = strip(SYSTEMD_BLANKS, equals + 1);
	}
	key = strip(SYSTEMD_BLANKS, key + (*key == '-'));
	dots_to_slashes(key);
	/* What has a ".." in it is refused when it is to be written, so it leads nowhere. */
	line.key = line.target = simplify(all->arena, key);
	add(all, line);
}

/*
 * The same, but for: what follows the "-" is not stripped in front, a second "-" is passed over,
 * the key's spelling stays as it is, and ".." is taken.
 */
static void read_procps(struct sysctl_lines *all, char *text, struct sysctl_line line)
{
	char *key = text + strspn(text, C_BLANKS), *equals = strchr(key, '=');

	if (strlen(key) < 2 || *key == '#' || *key == ';' || (!equals && *key != '-'))
		return;
	if (equals) {
		*equals = '\0';
		line.value = strip(C_BLANKS, equals + 1);
	}
	key += *key == '-';
	/* In front there is nothing to strip but behind a "-", where it does not. */
	size_t n = strlen(key);
	while (n > 1 && strchr(C_BLANKS, key[n - 1]))
		n--;
	key[n] = '\0';
	key += *key == '-';
	dots_to_slashes(key);
	/* A file has no slash behind it; glob(3) does not mind. Nothing begins with a blank. */
	n = strlen(key);
	if (!n || strchr(C_BLANKS, *key) || (key[n - 1] == '/' && !is_glob(key)))
		return;
	while (n && key[n - 1] == '/')
		key[--n] = '\0';
	line.key = key;
	line.target = simplify_up(all->arena, key);
	if (line.target)
		add(all, line);
}

void sysctl_lines_read(struct sysctl_lines *all, bool procps, const struct sysctl_file *file)
{
	const char *at = file->content->data, *end = at + file->content->size;
	struct sysctl_line line = {.path = file->path, .line = 1};

	while (at < end) {
		size_t n = line_length(procps, at, (size_t)(end - at));
		char *text = arena_strndup(all->arena, at, n);

		if (procps)
			read_procps(all, text, line);
		else if (n < SYSTEMD_LINE_MAX)
			read_systemd(all, text, line);
		else
			return;
		at += n;
		/* As an editor counts them. */
		line.line += at < end && *at == '\n';
		at++;
	}
}

/* The next argument of *at, quotes taken away; NULL at the end. */
static char *next_argument(struct arena *a, const char **at)
{
	const char *s = *at + strspn(*at, SYSTEMD_BLANKS);
	char *out = arena_alloc(a, strlen(s) + 1), *o = out;
	bool quoted = false;

	if (!*s)
		return NULL;
	for (; *s && (quoted || !strchr(SYSTEMD_BLANKS, *s)); s++)
		if (*s == '"')
			quoted = !quoted;
		else
			*o++ = *s;
	*at = s;
	return out;
}

void sysctl_lines_cmdline(struct sysctl_lines *all, const struct sysctl_file *file)
{
	const char *at = file->content->data;
	char *argument;

	/* Behind "--" they are init's. */
	while ((argument = next_argument(all->arena, &at)) && strcmp(argument, "--") != 0) {
		struct sysctl_line line = {.path = file->path, .line = 1, .is_argument = true};
		char *equals = strchr(argument, '=');

		if (!equals ||
			(!text_starts(argument, "sysctl.") && !text_starts(argument, "sysctl/")))
			continue;
		*equals = '\0';
		/* The kernel knows no slash that means a dot. */
		for (char *c = argument; *c; c++)
			*c = *c == '.' ? '/' : *c;
		line.key = line.target = simplify(all->arena, argument + strlen("sysctl."));
		line.value = equals + 1;
		add(all, line);
	}
}
