/*
 * What the URL of a source says (remote.h). Refuses what would be fetched without proof of who
 * answers, and what would put a password into logs and history.
 * Pure. Called by pull() and remote_fetch().
 */
#include <errno.h>
#include <string.h>

#include "l4sync/remote.h"
#include "l4sync/text.h"

static bool parse_port(const char *s, const char *end, unsigned *ret)
{
	unsigned n = 0;

	if (s == end || end - s > 5)
		return false;
	for (; s < end; s++) {
		if (*s < '0' || *s > '9')
			return false;
		n = n * 10 + (unsigned)(*s - '0');
	}
	*ret = n;
	return n > 0 && n < 65536;
}

/* [USER@]HOST[:PORT] up to end. */
static int parse_authority(
	struct arena *a, const char *s, const char *end, struct url *u, struct err *e)
{
	const char *at = memrchr(s, '@', (size_t)(end - s)), *host = at ? at + 1 : s, *stop;

	if (at && memchr(s, ':', (size_t)(at - s)))
		return err_set(e, -EINVAL,
			"the source's URL has a password in it, which would end up in logs and in "
			"the history; use ssh with a deploy key");
	if (at && at > s)
		u->user = arena_strndup(a, s, (size_t)(at - s));
	if (host < end && *host == '[') {
		stop = memchr(host, ']', (size_t)(end - host));
		if (!stop)
			return err_set(e, -EINVAL, "source \"%s\": the [ has no ]", u->text);
		u->host = arena_strndup(a, host + 1, (size_t)(stop - host - 1));
		stop++;
	} else {
		stop = memchr(host, ':', (size_t)(end - host));
		if (!stop)
			stop = end;
		u->host = arena_strndup(a, host, (size_t)(stop - host));
	}
	if (!*u->host || *u->host == '-')
		return err_set(e, -EINVAL, "source \"%s\" names no host", u->text);
	if (stop == end)
		return 0;
	if (*stop != ':' || !parse_port(stop + 1, end, &u->port))
		return err_set(e, -EINVAL,
			"source \"%s\": the port is not a number from 1 to 65535", u->text);
	return 0;
}

static int parse_network(struct arena *a, const char *rest, struct url *u, struct err *e)
{
	const char *end = rest + strcspn(rest, "/");

	if (!*end || !end[1])
		return err_set(
			e, -EINVAL, "source \"%s\" names no repository behind the host", u->text);
	return parse_authority(a, rest, end, u, e);
}

/* USER@HOST:PATH, as git has it from scp: a colon before the first slash. */
static bool is_scp(const char *text)
{
	size_t n = strcspn(text, ":/");

	return n > 0 && text[n] == ':' && text[n + 1] && text[0] != '[';
}

static int parse_any(struct arena *a, const char *text, struct url *u, struct err *e)
{
	if (text_starts(text, "https://")) {
		u->kind = URL_HTTPS;
		return parse_network(a, text + strlen("https://"), u, e);
	}
	if (text_starts(text, "ssh://")) {
		u->kind = URL_SSH;
		return parse_network(a, text + strlen("ssh://"), u, e);
	}
	if (text_starts(text, "file:///")) {
		u->path = text + strlen("file://");
		return 0;
	}
	if (strstr(text, "://"))
		return err_set(e, -EINVAL,
			"source \"%s\": only https://, ssh:// and file:// are pulled from; the "
			"others do not prove who answers",
			text);
	if (text[0] == '/') {
		u->path = text;
		return 0;
	}
	if (is_scp(text)) {
		u->kind = URL_SSH;
		return parse_authority(a, text, text + strcspn(text, ":"), u, e);
	}
	return err_set(e, -EINVAL, "source \"%s\" is neither a URL nor an absolute path", text);
}

int url_parse(struct arena *a, const char *text, struct url *ret, struct err *e)
{
	struct url u = {.kind = URL_LOCAL, .text = text, .port = 22};

	for (const char *p = text; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return err_set(
				e, -EINVAL, "the source's URL has a control character in it");
	int r = parse_any(a, text, &u, e);
	if (r < 0)
		return r;
	if (u.kind == URL_SSH && !u.user)
		u.user = "git";
	*ret = u;
	return 0;
}
