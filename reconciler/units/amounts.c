/*
 * Numbers, time spans, sizes, percentages and limits in one spelling: those that systemd reads as
 * the same become the same text (systemd.time(7); its safe_atoi(), parse_time(), parse_size(),
 * parse_permyriad(), rlimit_parse(), with the same limits).
 * Pure. Called by values.c and lists.c.
 */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "l4sync/text.h"

#include "directives.h"

#define BLANK " \t\n\r"
#define INFINITE UINT64_MAX

bool number_of_text(const char *s, long long *ret)
{
	int base = 0;
	char *end;

	if (*s == '0' && s[1] && strchr("bBoO", s[1])) {
		base = s[1] == 'b' || s[1] == 'B' ? 2 : 8;
		s += 2;
	}
	/* strtoll() of the C library of 2023 and later takes 0b too, that of systemd's others not.
	 */
	const char *digits = s + (*s == '+' || *s == '-');
	if (!isdigit((unsigned char)*digits) || (digits[0] == '0' && strchr("bB", digits[1])))
		if (strcmp(digits, "0") != 0)
			return false;
	errno = 0;
	*ret = strtoll(s, &end, base);
	return !*end && !errno;
}

/* "MIN MAX", what else a row says behind that in *ret_more. */
static void range_of(const char *words, long long *min, long long *max, const char **ret_more)
{
	char *end;

	*min = strtoll(words, &end, 10);
	*max = strtoll(end, &end, 10);
	*ret_more = end + strspn(end, " ");
}

const char *number_meaning(struct arena *a, const char *words, const char *value)
{
	long long number, min, max;
	const char *more;

	range_of(words, &min, &max, &more);
	if (!number_of_text(value, &number) || number < min || number > max)
		return NULL;
	return arena_printf(a, "%lld", number);
}

/* Parts of ten thousand of "12.5%" and, in the other spellings, ‰ and ‱. */
static bool permyriad_of(const char *value, long long *ret)
{
	static const struct {
		const char *sign;
		size_t places; /* behind the dot */
		long long factor;
	} signs[] = {{"‱", 0, 1}, {"‰", 1, 10}, {"%", 2, 100}};
	size_t i = 0, n = strcspn(value, ".%\xe2");
	long long whole, part = 0;
	char digits[24];

	while (i < ELEMENTS(signs) && !text_ends(value, signs[i].sign))
		i++;
	if (i == ELEMENTS(signs) || !n || n >= sizeof digits)
		return false;
	memcpy(digits, value, n);
	digits[n] = '\0';
	if (!number_of_text(digits, &whole) || whole < 0 || whole > INT_MAX / 100)
		return false;
	const char *p = value + n;
	if (*p == '.') {
		long long factor = signs[i].factor;
		size_t places = strspn(++p, "0123456789");

		if (!places || places > signs[i].places)
			return false;
		for (; places; places--)
			part += (*p++ - '0') * (factor /= 10);
	}
	*ret = whole * signs[i].factor + part;
	return !strcmp(p, signs[i].sign);
}

/* "MIN MAX" of a number, then what else there may be: "%", "%100" (not above), a word. */
const char *amount_meaning(struct arena *a, const char *words, const char *value)
{
	const char *number = number_meaning(a, words, value), *more;
	long long min, max, parts;

	if (number)
		return number;
	range_of(words, &min, &max, &more);
	if (*more == '%' && permyriad_of(value, &parts)) {
		bool whole = text_starts(more, "%100");

		return (whole ? parts <= 10000 : parts > 0) ? arena_printf(a, "%lld‱", parts)
							    : NULL;
	}
	return *value != '%' && text_has_word(more, value) ? value : NULL;
}

/* The factor of a unit of time, in microseconds, and its size; as parse_time() looks them up. */
static uint64_t time_unit(const char *s, size_t *size, uint64_t otherwise)
{
	static const struct {
		const char *name;
		uint64_t us;
	} units[] = {{"seconds", 1000000}, {"second", 1000000}, {"sec", 1000000}, {"s", 1000000},
		{"minutes", 60000000}, {"minute", 60000000}, {"min", 60000000},
		{"months", 2629800000000}, {"month", 2629800000000}, {"M", 2629800000000},
		{"msec", 1000}, {"ms", 1000}, {"m", 60000000}, {"hours", 3600000000},
		{"hour", 3600000000}, {"hr", 3600000000}, {"h", 3600000000}, {"days", 86400000000},
		{"day", 86400000000}, {"d", 86400000000}, {"weeks", 604800000000},
		{"week", 604800000000}, {"w", 604800000000}, {"years", 31557600000000},
		{"year", 31557600000000}, {"y", 31557600000000}, {"usec", 1}, {"us", 1}, {"μs", 1},
		{"µs", 1}};

	*size = 0;
	for (size_t i = 0; i < ELEMENTS(units); i++)
		if (text_starts(s, units[i].name)) {
			*size = strlen(units[i].name);
			return units[i].us;
		}
	return otherwise;
}

/* A sum: "1h 30min", "1.5s". Of a part digits count as far as the unit has them. */
static bool span_of(const char *s, uint64_t default_us, uint64_t *ret)
{
	*ret = 0;
	s += strspn(s, BLANK);
	if (text_starts(s, "infinity")) {
		*ret = INFINITE;
		return !s[8 + strspn(s + 8, BLANK)];
	}
	if (!*s)
		return false;
	for (; *s; s += strspn(s, BLANK)) {
		size_t digits = strspn(s, "0123456789"), size;
		const char *part = s[digits] == '.' ? s + digits + 1 : NULL;
		size_t places = part ? strspn(part, "0123456789") : 0;

		/* Years enough, and no overflow. */
		if (!digits || digits > 12 || (part && !places))
			return false;
		uint64_t number = strtoull(s, NULL, 10);
		s = part ? part + places : s + digits;
		const char *name = s + strspn(s, BLANK);
		uint64_t unit = time_unit(name, &size, default_us);
		if (*s && !size && s == name)
			return false;
		s = name + size;
		if (number && unit > UINT64_MAX / 4 / number)
			return false;
		*ret += number * unit;
		for (uint64_t tenth = unit / 10; places && tenth; places--, tenth /= 10)
			*ret += (uint64_t)(*part++ - '0') * tenth;
		if (*ret > UINT64_MAX / 4)
			return false;
	}
	return true;
}

static const char *amount_text(struct arena *a, uint64_t amount)
{
	return amount == INFINITE ? "infinity"
				  : arena_printf(a, "%llu", (unsigned long long)amount);
}

const char *span_meaning(struct arena *a, const char *value, unsigned long default_us)
{
	uint64_t span;

	return span_of(value, default_us, &span) ? amount_text(a, span) : NULL;
}

/* 0 is infinity. */
const char *timeout_meaning(struct arena *a, const char *value)
{
	uint64_t span;

	if (!span_of(value, 1000000, &span))
		return NULL;
	return amount_text(a, span ? span : INFINITE);
}

/* "1.5G", "1G 512M": each unit smaller than the one before. */
static bool size_of(const char *s, uint64_t *ret)
{
	static const char units[] = "EPTGMKB";
	size_t least = 0;

	*ret = 0;
	do {
		s += strspn(s, BLANK);
		size_t digits = strspn(s, "0123456789"), places = 0;
		if (!digits || digits > 19)
			return false;
		uint64_t number = strtoull(s, NULL, 10);
		double part = 0;
		if (*(s += digits) == '.') {
			places = strspn(++s, "0123456789");
			if (places > 18)
				return false;
			part = places ? (double)strtoull(s, NULL, 10) : 0;
			for (size_t i = 0; i < places; i++)
				part /= 10;
			s += places;
		}
		s += strspn(s, BLANK);
		const char *unit = *s ? memchr(units, *s, sizeof units - 1) : NULL;
		size_t at = unit ? (size_t)(unit - units) : sizeof units - 1;
		if (at < least)
			return false;
		least = at + 1;
		uint64_t factor = at < 6 ? 1ULL << 10 * (6 - at) : 1;
		if (number + (part > 0) > UINT64_MAX / 2 / factor)
			return false;
		*ret += number * factor + (uint64_t)(part * (double)factor);
		s += !!unit;
	} while (*s && least < sizeof units && *ret < UINT64_MAX / 2);
	return !*s;
}

const char *size_meaning(struct arena *a, const char *value)
{
	uint64_t size;

	return size_of(value, &size) ? amount_text(a, size) : NULL;
}

/* words: what an empty one is, and with a 0 among them: 0 is not refused. */
const char *memory_meaning(struct arena *a, const char *words, const char *value)
{
	long long parts;
	uint64_t size;

	if (!*value)
		return arena_strndup(a, words, strcspn(words, " !"));
	if (!strcmp(value, "infinity"))
		return value;
	if (permyriad_of(value, &parts))
		return parts <= 10000 && (parts || strchr(words, '0'))
			       ? arena_printf(a, "%lld‱", parts)
			       : NULL;
	if (!size_of(value, &size) || (!size && !strchr(words, '0')))
		return NULL;
	return amount_text(a, size);
}

const char *mode_meaning(struct arena *a, const char *value)
{
	char *end;

	if (!isdigit((unsigned char)*value))
		return NULL;
	unsigned long mode = strtoul(value, &end, 8);
	return *end || mode > 07777 ? NULL : arena_printf(a, "%lo", mode);
}

static const char *limit_part(struct arena *a, const char *of, const char *value)
{
	uint64_t amount;

	if (!strcmp(value, "infinity"))
		return strcmp(of, "nice") != 0 ? value : NULL;
	if (!strcmp(of, "size"))
		return size_meaning(a, value);
	if (!strcmp(of, "microseconds"))
		return span_meaning(a, value, 1);
	if (!strcmp(of, "seconds")) {
		if (!span_of(value, 1000000, &amount))
			return NULL;
		return amount_text(a, amount == INFINITE ? amount : (amount + 999999) / 1000000);
	}
	if (strcmp(of, "nice") != 0 || isdigit((unsigned char)*value))
		return number_meaning(
			a, strcmp(of, "nice") != 0 ? "0 9223372036854775807" : "0 40", value);
	/* With a sign it is a nice level: -20 is 40. */
	const char *level = number_meaning(a, "-20 19", value);
	return level ? arena_printf(a, "%d", 20 - atoi(level)) : NULL;
}

/* SOFT:HARD; one alone is both. */
const char *limit_meaning(struct arena *a, const char *of, const char *value)
{
	const char *colon = strchr(value, ':');
	const char *soft = colon ? arena_strndup(a, value, (size_t)(colon - value)) : value;
	const char *hard = colon ? colon + 1 : value;

	soft = limit_part(a, of, soft);
	hard = limit_part(a, of, hard);
	if (!soft || !hard)
		return NULL;
	/* A soft one above the hard one is refused. */
	if (strcmp(hard, "infinity") != 0 &&
		(!strcmp(soft, "infinity") || strtoull(soft, NULL, 10) > strtoull(hard, NULL, 10)))
		return NULL;
	return arena_printf(a, "%s:%s", soft, hard);
}
