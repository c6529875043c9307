/*
 * The text of /proc/PID/status, stat, limits and mountinfo (proc.h). The names in it are chosen by
 * the processes: nothing in them is taken for another line.
 * Reads no file. Called by proc.c.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "l4sync/text.h"

#include "proc.h"

#define MOUNTS_MAX 100000

/* The value behind "KEY:" at the beginning of a line; NULL if there is none. */
static const char *value_of(const char *text, const char *key)
{
	size_t n = strlen(key);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, key, n) && line[n] == ':')
			return line + n + 1 + strspn(line + n + 1, " \t");
	}
	return NULL;
}

static bool number(const char *s, int base, unsigned long long *ret)
{
	char *end;

	if (!s || !isxdigit((unsigned char)*s))
		return false;
	errno = 0;
	*ret = strtoull(s, &end, base);
	return !errno && end != s && (isspace((unsigned char)*end) || !*end);
}

static bool hex(const char *text, const char *key, uint64_t *ret)
{
	unsigned long long n;
	bool found = number(value_of(text, key), 16, &n);

	*ret = found ? n : 0;
	return found;
}

static bool four_ids(const char *s, unsigned ret[4])
{
	for (int i = 0; i < 4; i++) {
		unsigned long long n;

		if (!number(s, 10, &n) || n > UINT32_MAX)
			return false;
		ret[i] = (unsigned)n;
		s += strcspn(s, "\t\n");
		s += strspn(s, "\t");
	}
	return true;
}

/* Numbers between blanks, up to the end of the line. */
static bool numbers(struct arena *a, const char *s, unsigned **ret, size_t *ret_n)
{
	size_t n = 0, words = 0;

	if (!s)
		return false;
	for (const char *c = s; *c && *c != '\n'; c++)
		words += *c == ' ' || *c == '\t';
	*ret = arena_array(a, unsigned, words + 1);
	while (isdigit((unsigned char)*s) && n <= words) {
		unsigned long long id;

		if (!number(s, 10, &id) || id > UINT32_MAX)
			return false;
		(*ret)[n++] = (unsigned)id;
		s += strcspn(s, " \t\n");
		s += *s == ' ' || *s == '\t';
	}
	*ret_n = n;
	return true;
}

bool status_parse(struct arena *a, const char *text, struct status *ret)
{
	const char *name = value_of(text, "Name"), *state = value_of(text, "State");
	unsigned long long n;

	*ret = (struct status){.seccomp_filters = -1};
	if (!name || name != text + 6 || !state || !number(value_of(text, "PPid"), 10, &n))
		return false;
	ret->name = arena_strndup(a, name, strcspn(name, "\n"));
	ret->state = *state;
	ret->ppid = (pid_t)n;
	if (!four_ids(value_of(text, "Uid"), ret->uid) ||
		!four_ids(value_of(text, "Gid"), ret->gid) ||
		!numbers(a, value_of(text, "Groups"), &ret->groups, &ret->n_groups))
		return false;
	if (!numbers(a, value_of(text, "NSpid"), &ret->numbers, &ret->n_numbers))
		ret->n_numbers = 0; /* a kernel without PID namespaces */
	ret->umask = number(value_of(text, "Umask"), 8, &n) ? (unsigned)n : 0;
	if (number(value_of(text, "Seccomp_filters"), 10, &n) && n < 100000)
		ret->seccomp_filters = (int)n;
	ret->kernel_thread =
		number(value_of(text, "Kthread"), 10, &n) ? n == 1 : !value_of(text, "VmSize");
	if (!number(value_of(text, "NoNewPrivs"), 10, &n))
		return false;
	ret->no_new_privileges = n == 1;
	ret->seccomp_mode = number(value_of(text, "Seccomp"), 10, &n) ? (int)n : -1;
	return hex(text, "CapBnd", &ret->cap_bounding) && hex(text, "CapAmb", &ret->cap_ambient) &&
	       hex(text, "CapPrm", &ret->cap_permitted);
}

/* The name in parentheses may hold both of them and blanks. Fields are counted as proc(5) does. */
bool stat_parse(const char *text, struct process *ret)
{
	const char *s = strrchr(text, ')');
	char *end;

	if (!s)
		return false;
	for (int field = 2; field <= 41; field++) {
		if (field == 19)
			ret->nice = strtol(s, &end, 10);
		else if (field == 22)
			ret->start_ticks = strtoull(s, &end, 10);
		else if (field == 41)
			ret->policy = (unsigned)strtoul(s, &end, 10);
		s += strcspn(s, " ");
		if (*s != ' ')
			return false;
		s++;
	}
	return true;
}

static bool limit_value(const char *s, uint64_t *ret)
{
	unsigned long long n = UINT64_MAX;

	if (!text_starts(s, "unlimited") && !number(s, 10, &n))
		return false;
	*ret = n;
	return true;
}

bool limits_parse(const char *text, struct rlimit_text ret[RLIMITS])
{
	static const char *const names[RLIMITS] = {"Max cpu time", "Max file size", "Max data size",
		"Max stack size", "Max core file size", "Max resident set", "Max processes",
		"Max open files", "Max locked memory", "Max address space", "Max file locks",
		"Max pending signals", "Max msgqueue size", "Max nice priority",
		"Max realtime priority", "Max realtime timeout"};

	for (size_t i = 0; i < RLIMITS; i++) {
		const char *line = strstr(text, names[i]);

		if (!line || (line != text && line[-1] != '\n'))
			return false;
		line += strlen(names[i]);
		line += strspn(line, " ");
		if (!limit_value(line, &ret[i].soft))
			return false;
		line += strcspn(line, " \n");
		line += strspn(line, " ");
		if (!limit_value(line, &ret[i].hard))
			return false;
	}
	return true;
}

static bool octal(const char *s)
{
	return s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] >= '0' && s[2] <= '7' &&
	       s[3] >= '0' && s[3] <= '7';
}

/* The next word; *s is behind it. */
static const char *word(struct arena *a, const char **s)
{
	size_t n = strcspn(*s, " \n"), size = 0;
	char *copy = arena_alloc(a, n + 1);

	for (size_t i = 0; i < n; size++)
		if (i + 3 < n && octal(*s + i)) {
			copy[size] = (char)((((*s)[i + 1] - '0') << 6) |
					    (((*s)[i + 2] - '0') << 3) | ((*s)[i + 3] - '0'));
			i += 4;
		} else {
			copy[size] = (*s)[i++];
		}
	copy[size] = '\0';
	*s += n;
	*s += **s == ' ';
	return copy;
}

/* ID PARENT MAJOR:MINOR ROOT POINT OPTIONS TAG… - TYPE SOURCE SUPER */
static bool mount_parse(struct arena *a, const char **s, struct mount *m)
{
	unsigned long long id, parent;
	const char *tag;

	if (!number(*s, 10, &id) || !number(word(a, s), 10, &id) || !number(*s, 10, &parent))
		return false;
	word(a, s);
	*m = (struct mount){.id = id, .parent = parent, .device = word(a, s)};
	m->root = word(a, s);
	m->point = word(a, s);
	m->options = word(a, s);
	do
		tag = word(a, s);
	while (*tag && strcmp(tag, "-") != 0);
	m->type = word(a, s);
	word(a, s);
	m->super_options = word(a, s);
	bool whole = !strcmp(tag, "-") && *m->type && *m->point == '/';
	*s += strcspn(*s, "\n");
	*s += **s == '\n';
	return whole;
}

bool mountinfo_parse(struct arena *a, const char *text, struct mount **ret, size_t *ret_n)
{
	struct mount *items = NULL;
	size_t n = 0, cap = 0;
	bool whole = true;

	while (*text && whole) {
		items = grow(items, &cap, n, sizeof *items);
		whole = n < MOUNTS_MAX && mount_parse(a, &text, &items[n]);
		n += whole;
	}
	*ret = arena_memdup(a, items, n * sizeof *items);
	*ret_n = n;
	free(items);
	return whole;
}

bool mount_has_option(const char *options, const char *option)
{
	size_t n = strlen(option);

	for (const char *s = options; *s; s += strcspn(s, ","), s += *s == ',')
		if (!strncmp(s, option, n) && (s[n] == ',' || !s[n]))
			return true;
	return false;
}

bool mount_read_only(const struct mount *m)
{
	return mount_has_option(m->options, "ro") || mount_has_option(m->super_options, "ro");
}
