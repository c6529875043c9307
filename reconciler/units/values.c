/*
 * The spellings of a directive's value: those that systemd reads as the same become the same text
 * (systemd.syntax(7), systemd.time(7), parse_size() and parse_boolean() as measured).
 * Pure. Called by settings.c.
 */
#include <ctype.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "l4sync/unit_meaning.h"

#define BLANK " \t\n\r"

static bool is_one_of(const char *value, const char *const *words)
{
	for (; *words; words++)
		if (!strcasecmp(value, *words))
			return true;
	return false;
}

static const char *boolean_value(const char *value)
{
	static const char *const yes[] = {"1", "yes", "y", "true", "t", "on", NULL};
	static const char *const no[] = {"0", "no", "n", "false", "f", "off", NULL};

	return is_one_of(value, yes) ? "yes" : is_one_of(value, no) ? "no" : value;
}

struct scale {
	const char *names; /* separated by blanks */
	long double factor;
};

static long double factor_of(const struct scale *scales, size_t n, const char *unit, size_t size)
{
	for (size_t i = 0; i < n; i++)
		for (const char *p = scales[i].names; *p;) {
			size_t length = strcspn(p, " ");

			if (length == size && !strncmp(p, unit, size))
				return scales[i].factor;
			p += length + strspn(p + length, " ");
		}
	return -1;
}

/* A sum of "1.5GiB" or "1h 30min": each a number with a unit. False: it is none. */
static bool sum_of(const char *s, const struct scale *scales, size_t n, long double *ret)
{
	*ret = 0;
	for (s += strspn(s, BLANK); *s; s += strspn(s, BLANK)) {
		char *end;

		/* No sign, exponent or hexadecimal number, which strtold() would read. */
		size_t digits = strspn(s, "0123456789.");
		if (!isdigit((unsigned char)*s))
			return false;
		long double number = strtold(s, &end);
		if (end != s + digits)
			return false;
		s = end + strspn(end, BLANK);
		size_t size = strcspn(s, BLANK ".0123456789");
		long double factor = factor_of(scales, n, s, size);
		if (!size)
			factor = factor_of(scales, n, "-", 1); /* the one without a unit */
		if (factor < 0)
			return false;
		*ret += number * factor;
		s += size;
	}
	return true;
}

static const char *sum_value(
	struct arena *a, const char *value, const struct scale *scales, size_t n)
{
	long double sum;

	if (!*value || !sum_of(value, scales, n, &sum))
		return value;
	return arena_printf(a, "%.0Lf", floorl(sum));
}

/* Microseconds. */
static const char *span_value(struct arena *a, const char *value)
{
	static const struct scale scales[] = {
		{"usec us µs μs", 1},
		{"msec ms", 1e3L},
		{"- seconds second sec s", 1e6L},
		{"minutes minute min m", 60e6L},
		{"hours hour hr h", 3600e6L},
		{"days day d", 86400e6L},
		{"weeks week w", 7 * 86400e6L},
		{"months month M", 2629800e6L},
		{"years year y", 31557600e6L},
	};

	return sum_value(a, value, scales, ELEMENTS(scales));
}

static const char *size_value(struct arena *a, const char *value)
{
	static const struct scale scales[] = {
		{"- B", 1},
		{"K", 1024.0L},
		{"M", 1048576.0L},
		{"G", 1073741824.0L},
		{"T", 1099511627776.0L},
		{"P", 1125899906842624.0L},
		{"E", 1152921504606846976.0L},
	};

	return sum_value(a, value, scales, ELEMENTS(scales));
}

static const char *number_value(struct arena *a, const char *value, int base)
{
	char *end;

	if (!*value)
		return value;
	long number = strtol(value, &end, base);
	return *end ? value : arena_printf(a, base == 8 ? "%lo" : "%ld", number);
}

static const char *signal_value(struct arena *a, const char *value)
{
	const char *name = !strncasecmp(value, "SIG", 3) ? value + 3 : value;

	if (isdigit((unsigned char)*value))
		return number_value(a, value, 10);
	if (!strncasecmp(name, "RTMIN+", 6) && isdigit((unsigned char)name[6]))
		return arena_printf(a, "%d", SIGRTMIN + atoi(name + 6));
	for (int i = 1; i < NSIG; i++) {
		const char *known = sigabbrev_np(i);

		if (known && !strcasecmp(known, name))
			return arena_printf(a, "%d", i);
	}
	return value;
}

/* SOFT:HARD; one alone is both. */
static const char *limit_value(struct arena *a, const char *value)
{
	const char *colon = strchr(value, ':');
	const char *soft = colon ? arena_strndup(a, value, (size_t)(colon - value)) : value;
	const char *hard = colon ? colon + 1 : value;

	return arena_printf(a, "%s:%s", size_value(a, soft), size_value(a, hard));
}

/* Blanks between words are one. */
static const char *line_value(struct arena *a, const char *value)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	char quote = '\0';

	for (const char *p = value; *p; p++) {
		if (!quote && strchr(BLANK, *p)) {
			p += strspn(p, BLANK) - 1;
			buf_addc(&b, ' ');
			continue;
		}
		if (*p == '\\' && p[1])
			buf_addc(&b, *p++);
		else if (quote ? *p == quote : *p == '"' || *p == '\'')
			quote = quote ? '\0' : *p;
		buf_addc(&b, *p);
	}
	return arena_strndup(a, b.data, b.size);
}

const char *directive_value(struct arena *a, enum directive_kind kind, const char *value)
{
	switch (kind) {
	case KIND_NO:
	case KIND_YES:
	case KIND_BOOLEAN:
		return boolean_value(value);
	case KIND_SPAN:
		return span_value(a, value);
	case KIND_SIZE:
		return size_value(a, value);
	case KIND_NUMBER:
		return number_value(a, value, 10);
	case KIND_MODE:
		return number_value(a, value, 8);
	case KIND_SIGNAL:
		return signal_value(a, value);
	case KIND_LIMIT:
		return *value ? limit_value(a, value) : value;
	case KIND_LINES:
		return *value ? line_value(a, value) : value;
	default:
		return value;
	}
}
