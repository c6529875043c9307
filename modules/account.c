/*
 * Names, numbers and lines of sysusers.d(5) (account.h).
 * Changes nothing. Called by the modules user and group.
 */
#include "account.h"

#include <fcntl.h>
#include <string.h>

#include "l4sync/check.h"
#include "l4sync/plan.h"
#include "l4sync/text.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"
#define DIGITS "0123456789"
#define NAME_BYTES_MAX 31

bool account_is_name(const char *s)
{
	size_t n = strlen(s);

	return n && n <= NAME_BYTES_MAX && strchr(LETTERS, *s) &&
	       strspn(s, LETTERS DIGITS "-") == n;
}

bool account_is_id(const char *s)
{
	return check_is_number(s) && check_is_owner(s);
}

bool account_is_path(const char *s)
{
	return !strchr(s, ':') && (!strcmp(s, "/") || !check_path_form(s, NULL));
}

bool account_is_id_source(const char *s)
{
	return account_is_id(s) || (*s == '/' && !check_path_form(s, NULL));
}

bool account_is_range(const char *s)
{
	_cleanup_arena_ struct arena *a = arena_new();
	const char *dash = strchr(s, '-');
	const char *first = dash ? arena_strndup(a, s, (size_t)(dash - s)) : s;
	const char *last = dash ? dash + 1 : s;

	return account_is_id(first) && account_is_id(last) &&
	       strtoull(first, NULL, 10) <= strtoull(last, NULL, 10);
}

bool account_is_gecos(const char *s)
{
	return check_is_line(s) && !strchr(s, ':');
}

bool account_is_true(const char *s)
{
	return !strcmp(s, "true");
}

bool account_is_members(const char *s)
{
	_cleanup_arena_ struct arena *a = arena_new();
	const char *last = "";

	while (*s) {
		size_t n = strcspn(s, ",");
		const char *name = arena_strndup(a, s, n);

		if (!account_is_name(name) || strcmp(name, last) <= 0 || (s[n] && !s[n + 1]))
			return false;
		last = name;
		s += n + (s[n] == ',');
	}
	return true;
}

int accounts_of(struct inspection *in, const struct accounts **ret, struct err *e)
{
	int r = in->accounts ? 0 : accounts_load(in->host, in->arena, &in->accounts, e);

	*ret = in->accounts;
	return r;
}

void account_note_stays(struct inspection *in, const char *id, const char *what)
{
	finding_add(in->findings, "lint", "not-undoable", id,
		"%s %s stays once it is made, also when this is rolled back: what belongs to it "
		"would belong to nobody",
		what, resource_name(id));
}

static void add_quoted(struct buf *b, const char *word)
{
	buf_addc(b, '"');
	for (; *word; word++) {
		if (*word == '"' || *word == '\\')
			buf_addc(b, '\\');
		if (*word == '%')
			buf_addc(b, '%');
		buf_addc(b, *word);
	}
	buf_addc(b, '"');
}

const char *sysusers_line(struct arena *a, const char *type, const char *const *words, size_t n)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	buf_adds(&b, type);
	for (size_t i = 0; i < n; i++) {
		buf_addc(&b, ' ');
		if (words[i])
			add_quoted(&b, words[i]);
		else
			buf_addc(&b, '-');
	}
	return arena_strndup(a, b.data, b.size);
}

const char *const *sysusers_lines(struct arena *a, const struct resource *item, const char *line)
{
	const char **lines = arena_array(a, const char *, item->n_attrs + 2);
	size_t n = 0;

	for (size_t i = 0; i < item->n_attrs; i++)
		if (!strcmp(item->attrs[i].key, "range")) {
			const char *words[] = {NULL, item->attrs[i].value};

			lines[n++] = sysusers_line(a, "r", words, ELEMENTS(words));
		}
	lines[n] = line;
	return lines;
}

bool account_wanted_id(struct host *h, const char *id, bool group, uint32_t *ret)
{
	_cleanup_close_ int fd = -1;
	struct stat st;

	if (!id)
		return false;
	if (*id != '/') {
		*ret = (uint32_t)strtoul(id, NULL, 10);
		return true;
	}
	if (host_open_following(h, id, O_PATH, &fd, NULL) < 0 || fstat(fd, &st) < 0)
		return false;
	*ret = group ? st.st_gid : st.st_uid;
	/* As for systemd-sysusers, root's number is no wish. */
	return *ret != 0;
}
