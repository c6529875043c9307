/*
 * Typed access to nodes, with errors that say what would be right (node.h).
 * Called by the reader and the modules' parse functions.
 */
#include <errno.h>
#include <string.h>

#include "l4sync/node.h"
#include "l4sync/text.h"

const char *node_kind_text(const struct node *n)
{
	static const char *const names[] = {[NODE_NULL] = "empty",
		[NODE_SCALAR] = "a text",
		[NODE_SEQ] = "a list",
		[NODE_MAP] = "a map"};

	return names[n->kind];
}

int node_keys(const struct node *map, const char *const *known, struct diags *diags)
{
	int r = 0;

	for (size_t i = 0; i < map->n; i++) {
		const char *key = map->keys[i]->text, *const *at = known;

		while (*at && strcmp(*at, key) != 0)
			at++;
		if (*at)
			continue;
		const char *nearest = text_nearest(key, known);
		if (nearest) {
			r = diag_add(diags, map->keys[i]->where,
				"unknown key \"%s\"; did you mean \"%s\"?", key, nearest);
			continue;
		}
		_cleanup_buf_ struct buf all = BUF_INIT;
		for (at = known; *at; at++)
			buf_addf(&all, "%s%s", at == known ? "" : ", ", *at);
		r = diag_add(diags, map->keys[i]->where, "unknown key \"%s\"; known here: %s", key,
			all.size ? all.data : "none");
	}
	return r;
}

static int want_kind(const struct node *n, const char *what, enum node_kind kind,
	const char *kind_text, struct diags *diags)
{
	if (n->kind == kind)
		return 0;
	return diag_add(
		diags, n->where, "%s: must be %s, not %s", what, kind_text, node_kind_text(n));
}

int node_want_map(const struct node *n, const char *what, struct diags *diags)
{
	return want_kind(n, what, NODE_MAP, "a map", diags);
}

int node_want_seq(const struct node *n, const char *what, struct diags *diags)
{
	return want_kind(n, what, NODE_SEQ, "a list", diags);
}

int node_want_text(const struct node *n, const char *what, const char **ret, struct diags *diags)
{
	int r = want_kind(n, what, NODE_SCALAR, "a text", diags);

	if (!r)
		*ret = n->text;
	return r;
}

int node_want_bool(const struct node *n, const char *what, bool *ret, struct diags *diags)
{
	if (n->kind != NODE_SCALAR)
		return want_kind(n, what, NODE_SCALAR, "true or false", diags);
	if (strcmp(n->text, "true") != 0 && strcmp(n->text, "false") != 0)
		return diag_add(diags, n->where,
			"%s: must be true or false, not \"%s\" (yes, no, on, off are no booleans "
			"here)",
			what, n->text);
	*ret = !strcmp(n->text, "true");
	return 0;
}

int node_want_mode(struct arena *a, const struct node *n, const char *what, const char **ret,
	struct diags *diags)
{
	static const char right[] = "an octal mode such as 0640";
	unsigned mode = 0;

	if (n->kind != NODE_SCALAR)
		return want_kind(n, what, NODE_SCALAR, right, diags);
	size_t size = strlen(n->text);
	for (size_t i = 0; i < size && mode <= 07777; i++)
		mode = n->text[i] >= '0' && n->text[i] <= '7'
			       ? mode << 3 | (unsigned)(n->text[i] - '0')
			       : 010000;
	if (size < 3 || mode > 07777)
		return diag_add(diags, n->where,
			"%s: must be %s, three or four digits from 0 to 7, not \"%s\"", what, right,
			n->text);
	*ret = arena_printf(a, "%04o", mode);
	return 0;
}

/* systemd.time(7), "Parsing Time Spans". */
static const struct time_unit {
	const char *name;
	unsigned long long ns;
} time_units[] = {
	{"nsec", 1},
	{"ns", 1},
	{"usec", 1000},
	{"us", 1000},
	{"µs", 1000},
	{"μs", 1000},
	{"msec", 1000000},
	{"ms", 1000000},
	{"seconds", 1000000000},
	{"second", 1000000000},
	{"sec", 1000000000},
	{"s", 1000000000},
	{"", 1000000000},
	{"minutes", 60000000000},
	{"minute", 60000000000},
	{"min", 60000000000},
	{"m", 60000000000},
	{"hours", 3600000000000},
	{"hour", 3600000000000},
	{"hr", 3600000000000},
	{"h", 3600000000000},
	{"days", 86400000000000},
	{"day", 86400000000000},
	{"d", 86400000000000},
	{"weeks", 604800000000000},
	{"week", 604800000000000},
	{"w", 604800000000000},
};

static const struct time_unit *find_time_unit(const char *s, size_t size)
{
	for (size_t i = 0; i < ELEMENTS(time_units); i++)
		if (strlen(time_units[i].name) == size && !memcmp(time_units[i].name, s, size))
			return &time_units[i];
	return NULL;
}

#define DIGITS "0123456789"
#define BLANKS " \t"

/* One "1.5h" at *s, which is moved behind it and added to *total. */
static bool read_span(const char **s, unsigned long long *total)
{
	const char *at = *s;
	size_t whole = strspn(at, DIGITS);
	const char *fraction = at + whole + (at[whole] == '.');
	size_t n_fraction = at[whole] == '.' ? strspn(fraction, DIGITS) : 0;
	unsigned long long v = 0, part = 0;

	if (!whole || (at[whole] == '.' && !n_fraction))
		return false;
	const char *name = fraction + n_fraction;
	name += strspn(name, BLANKS);
	size_t n_name = strcspn(name, DIGITS BLANKS ".");
	const struct time_unit *unit = find_time_unit(name, n_name);
	if (!unit)
		return false;
	for (size_t i = 0; i < whole; i++)
		if (__builtin_mul_overflow(v, 10, &v) ||
			__builtin_add_overflow(v, (unsigned)(at[i] - '0'), &v))
			return false;
	if (__builtin_mul_overflow(v, unit->ns, &v))
		return false;
	unsigned long long place = unit->ns;
	for (size_t i = 0; i < n_fraction; i++) {
		place /= 10;
		part += place * (unsigned)(fraction[i] - '0');
	}
	*s = name + n_name;
	return !__builtin_add_overflow(v, part, &v) && !__builtin_add_overflow(*total, v, total);
}

int node_want_time(
	const struct node *n, const char *what, unsigned long long *ret_ns, struct diags *diags)
{
	unsigned long long total = 0;

	if (n->kind != NODE_SCALAR)
		return want_kind(n, what, NODE_SCALAR, "a time such as 5s", diags);
	const char *s = n->text + strspn(n->text, BLANKS);
	bool ok = *s;
	while (ok && *s) {
		ok = read_span(&s, &total);
		s += strspn(s, BLANKS);
	}
	if (!ok)
		return diag_add(diags, n->where,
			"%s: must be a time such as 5s, 1min 30s or 500ms, not \"%s\"", what,
			n->text);
	*ret_ns = total;
	return 0;
}
