/*
 * The `meta` of a generation as text: one "NAME VALUE" a line, escaped as the canonical form is, in
 * a fixed order, so that a generation can be read with `git show` and only in one way by us.
 * Does no I/O. Called by the history's reading and recording.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "l4sync/text.h"
#include "store.h"

#define HEADER "l4sync-generation 1"

static const char *const outcomes[] = {
	[OUTCOME_APPLIED] = "applied",
	[OUTCOME_ROLLED_BACK] = "rolled-back",
	[OUTCOME_FAILED] = "failed",
};

static void write_field(struct buf *out, const char *name, const char *value)
{
	if (!value)
		return;
	buf_addf(out, "%s ", name);
	text_escape(out, value, strlen(value));
	buf_addc(out, '\n');
}

void meta_write(const struct generation *g, struct buf *out)
{
	buf_addf(out, HEADER "\ntime %" PRId64 "\n", g->time);
	write_field(out, "user", g->user);
	write_field(out, "client", g->client);
	write_field(out, "command", g->command);
	write_field(out, "outcome", outcomes[g->outcome]);
	write_field(out, "error", g->error);
	buf_addf(out, "fixed %u\nfailed %u\nrestarted %u\n", g->fixed, g->failed, g->restarted);
	if (g->rollback_from)
		buf_addf(out, "rollback-to %" PRIu64 "\nrollback-from %" PRIu64 "\n",
			g->rollback_to, g->rollback_from);
	if (g->heals)
		buf_addf(out, "heals %" PRIu64 "\n", g->heals);
	write_field(out, "reason", g->reason);
	for (size_t i = 0; i < g->n_sources; i++)
		write_field(out, "source", g->sources[i]);
}

/* What is left to read. */
struct lines {
	struct arena *arena;
	const char *at, *end;
};

/* The value of the next line if it is called so; NULL, and nothing taken, if not. */
static const char *take(struct lines *in, const char *name)
{
	size_t n = strlen(name), left = (size_t)(in->end - in->at);
	const char *newline = left ? memchr(in->at, '\n', left) : NULL;
	char *value;

	if (!newline || (size_t)(newline - in->at) <= n || memcmp(in->at, name, n) != 0 ||
		in->at[n] != ' ')
		return NULL;
	if (!text_unescape(in->arena, in->at + n + 1, (size_t)(newline - in->at) - n - 1, &value))
		return NULL;
	in->at = newline + 1;
	return value;
}

static bool take_number(struct lines *in, const char *name, int64_t max, int64_t *ret)
{
	const char *s = take(in, name);
	char *end;

	if (!s || !*s)
		return false;
	errno = 0;
	*ret = strtoll(s, &end, 10);
	/* Only the form that is written: strtoll takes blanks, signs and zeros in front too. */
	_cleanup_buf_ struct buf again = BUF_INIT;
	buf_addf(&again, "%" PRId64, *ret);
	return !errno && !strcmp(again.data, s) && *ret <= max;
}

static bool take_count(struct lines *in, const char *name, unsigned *ret)
{
	int64_t v;

	if (!take_number(in, name, UINT32_MAX, &v) || v < 0)
		return false;
	*ret = (unsigned)v;
	return true;
}

/* Neither line, or both. */
static bool take_rollback(struct lines *in, struct generation *ret)
{
	int64_t to, from;

	if (!take_number(in, "rollback-to", INT64_MAX, &to))
		return true;
	if (!take_number(in, "rollback-from", INT64_MAX, &from) || to < 0 || from < 1)
		return false;
	ret->rollback_to = (uint64_t)to;
	ret->rollback_from = (uint64_t)from;
	return true;
}

static bool take_heals(struct lines *in, struct generation *ret)
{
	int64_t number;

	if (!take_number(in, "heals", INT64_MAX, &number))
		return true;
	ret->heals = (uint64_t)number;
	return number >= 1;
}

static bool take_outcome(struct lines *in, enum outcome *ret)
{
	const char *s = take(in, "outcome");

	for (size_t i = 0; s && i < ELEMENTS(outcomes); i++)
		if (!strcmp(s, outcomes[i])) {
			*ret = (enum outcome)i;
			return true;
		}
	return false;
}

static void take_sources(struct lines *in, struct generation *ret)
{
	size_t cap = 0;

	for (const char *s; (s = take(in, "source"));) {
		if (ret->n_sources == cap) {
			const char **longer = arena_array(in->arena, const char *, 2 * cap + 1);

			if (cap)
				memcpy(longer, ret->sources, cap * sizeof *longer);
			ret->sources = longer;
			cap = 2 * cap + 1;
		}
		ret->sources[ret->n_sources++] = s;
	}
}

int meta_read(struct arena *a, const char *data, size_t size, struct generation *ret, struct err *e)
{
	struct lines in = {a, data, data + size};
	const char *version = take(&in, "l4sync-generation");

	if (!version || strcmp(version, "1") != 0)
		return err_set(e, -EBADMSG, "meta: \"" HEADER "\" is expected%s",
			version ? "; a newer l4sync wrote it" : "");
	bool well = take_number(&in, "time", INT64_MAX, &ret->time);
	ret->user = take(&in, "user");
	ret->client = take(&in, "client");
	ret->command = take(&in, "command");
	well = well && take_outcome(&in, &ret->outcome);
	ret->error = take(&in, "error");
	well = well && take_count(&in, "fixed", &ret->fixed) &&
	       take_count(&in, "failed", &ret->failed) &&
	       take_count(&in, "restarted", &ret->restarted) && take_rollback(&in, ret) &&
	       take_heals(&in, ret);
	ret->reason = take(&in, "reason");
	take_sources(&in, ret);
	well = well && in.at == in.end;
	return well ? 0 : err_set(e, -EBADMSG, "meta: a line is missing, unknown or out of order");
}
