/*
 * What the state and the host have at a path, by which users, in which bytes (lint_internal.h).
 * Reports nothing. Called by the rules.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "l4sync/text.h"

#include "lint_internal.h"

#define BLANK " \t\r"
#define WORDS_MAX 8

bool lint_is_below(const char *path, const char *directory)
{
	size_t n = strlen(directory);

	return !strncmp(path, directory, n) &&
	       (!path[n] || path[n] == '/' || directory[n - 1] == '/');
}

void lint_config_lines(struct lint *l, const struct content *c, size_t n_max,
	void (*each)(const char *const *words, size_t n, unsigned line, void *u), void *userdata)
{
	const char *at = c ? c->data : NULL, *end = at ? at + c->size : NULL;

	for (unsigned line = 1; at < end; line++) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t size = (size_t)((newline ? newline : end) - at), n = 0;
		char *rest = NULL, *text = arena_strndup(l->arena, at, size);
		const char *words[WORDS_MAX];

		if (text[strspn(text, BLANK)] != '#')
			for (char *word = strtok_r(text, BLANK, &rest);
				word && n < n_max && n < WORDS_MAX;
				word = strtok_r(NULL, BLANK, &rest))
				words[n++] = word;
		if (n)
			each(words, n, line, userdata);
		at += size + 1;
	}
}

struct asking {
	const char *name; /* a path, a user */
	bool found;
};

/* tmpfiles.d(5): what makes something, at the path or below it. */
static void look_in_tmpfiles(const char *const *words, size_t n, unsigned line, void *u)
{
	struct asking *x = u;

	(void)line;
	x->found |=
		n == 2 && strchr("dDevqQfFpLcbC", *words[0]) && lint_is_below(words[1], x->name);
}

/* sysusers.d(5) */
static void look_in_sysusers(const char *const *words, size_t n, unsigned line, void *u)
{
	struct asking *x = u;

	(void)line;
	x->found |= n == 2 && (*words[0] == 'u' || *words[0] == 'm') && !strcmp(words[1], x->name);
}

static bool found_in(struct lint *l, const char *kind, const char *name, size_t n_words,
	void (*look)(const char *const *words, size_t n, unsigned line, void *u))
{
	struct asking x = {name, false};

	for (size_t i = 0; i < l->job->want->n && !x.found; i++) {
		const struct resource *item = l->job->want->items[i];
		const char *path = resource_path(item);

		if (path && strstr(path, kind) && text_ends(path, ".conf"))
			lint_config_lines(l, item->content, n_words, look, &x);
	}
	return x.found;
}

bool lint_user_is_missing(struct lint *l, const char *user)
{
	uid_t uid;

	return !found_in(l, "/sysusers.d/", user, 2, look_in_sysusers) &&
	       host_uid(unit_view_host(l->job->view), user, &uid, NULL) == -ENOENT;
}

/* The shell is the last field, and may be missing: then nobody logs in. */
static void look_for_service_user(const char *const *words, size_t n, unsigned line, void *u)
{
	struct asking *x = u;

	(void)line;
	x->found |= n > 1 && *words[0] == 'u' && !strcmp(words[1], x->name) &&
		    !(*words[n - 1] == '/' && text_ends(words[n - 1], "sh"));
}

bool lint_user_is_service(struct lint *l, const char *user)
{
	return found_in(l, "/sysusers.d/", user, WORDS_MAX, look_for_service_user);
}

/* Something at the path or below it; or a link that it leads over, wherever that ends. */
static bool is_in_state(struct lint *l, const char *path)
{
	for (size_t i = 0; i < l->job->want->n; i++) {
		const struct resource *item = l->job->want->items[i];
		const char *own = resource_path(item);

		/* What a checkout has is for its repository to say. */
		if (own && resource_is(item, "checkout") && lint_is_below(path, own))
			return true;
		if (own && (lint_is_below(own, path) ||
				   (resource_get(item, "target") && lint_is_below(path, own))))
			return true;
	}
	return found_in(l, "/tmpfiles.d/", path, 2, look_in_tmpfiles);
}

bool lint_is_missing(struct lint *l, const char *path)
{
	/* What is made while the host runs. */
	static const char *const transient[] = {
		"/run", "/var/run", "/tmp", "/var/tmp", "/proc", "/sys", "/dev"};
	_cleanup_close_ int fd = -1;

	for (size_t i = 0; i < ELEMENTS(transient); i++)
		if (lint_is_below(path, transient[i]))
			return false;
	if (*path != '/' || strpbrk(path, "%*?[") || is_in_state(l, path))
		return false;
	int r = host_open_following(unit_view_host(l->job->view), path, O_PATH, &fd, NULL);
	return r == -ENOENT || r == -ENOTDIR;
}

size_t lint_head(struct lint *l, const char *path, void *ret, size_t size)
{
	const struct resource *item = lint_shipped(l, path);
	_cleanup_close_ int fd = -1;

	if (item && item->content && item->content->data) {
		size = size < item->content->size ? size : item->content->size;
		memcpy(ret, item->content->data, size);
		return size;
	}
	if (item || !l->job->host_known || *path != '/' ||
		host_open_following(
			unit_view_host(l->job->view), path, O_RDONLY | O_NONBLOCK, &fd, NULL) < 0)
		return 0;
	ssize_t n = read(fd, ret, size);
	return n > 0 ? (size_t)n : 0;
}
