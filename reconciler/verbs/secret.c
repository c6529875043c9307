/*
 * `l4sync secret set|rotate|encrypt NAME`: values of secrets on this host (SPEC 7).
 * Never shows a value; encrypt shows what only this host can decrypt. Called by the dispatch.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../secrets/values.h"
#include "l4sync/secrets.h"
#include "l4sync/text.h"

#include "report.h"
#include "verbs.h"

/* The one that was applied last; without it nobody knows that it is meant. */
static int find_secret(struct run *r, const char *name, const struct resource **ret, struct err *e)
{
	*ret = r->base.want
		       ? resources_find(r->base.want, arena_printf(r->arena, "secret:%s", name))
		       : NULL;
	if (*ret)
		return 0;
	return err_set(e, -ENOENT,
		"what was applied last has no secret %s: name it under secrets: first, and apply",
		name);
}

static int store(struct run *r, const char *name, const struct content *content, struct err *e)
{
	const char *rel = arena_printf(r->arena, "secrets/%s", name);
	int dir;
	int c = state_dir(r->host, true, &dir, e);

	if (c >= 0 && mkdirat(dir, "secrets", 0700) < 0 && errno != EEXIST)
		c = err_errno(e, -errno, "cannot make %s" SECRETS_DIR, r->host->root_path);
	if (c >= 0)
		c = state_write(r->host, rel, content->data, content->size, e);
	if (c < 0)
		return c;
	_cleanup_close_ int fd = openat(dir, "secrets", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) < 0)
		return err_errno(e, -errno, "cannot sync %s" SECRETS_DIR, r->host->root_path);
	return 0;
}

static int check_input(const struct request *q, struct err *e)
{
	if (!q->input || !*q->input)
		return err_set(
			e, -EINVAL, "there is no value on standard input; nothing was changed");
	return 0;
}

static int set_value(struct run *r, const char *name, const char **said, struct err *e)
{
	const struct request *q = r->request;
	const struct resource *secret;
	int c = check_input(q, e);

	if (c >= 0)
		c = find_secret(r, name, &secret, e);
	if (c >= 0 && resource_get(secret, "credential"))
		c = err_set(e, -EINVAL,
			"%s is a credential of the state: encrypt the new value with l4sync secret "
			"encrypt, and commit that",
			name);
	if (c < 0)
		return c;
	*said = "set";
	return store(r, name, secret_to_store(r->arena, "set", q->input, strlen(q->input)), e);
}

static int rotate(struct run *r, const char *name, const char **said, struct err *e)
{
	const struct resource *secret;
	const struct content *fresh;
	int c = find_secret(r, name, &secret, e);

	if (c >= 0 && !resource_get(secret, "generate"))
		c = err_set(e, -EINVAL,
			"%s is not generated on the host, so there is nothing to make a new one "
			"from",
			name);
	if (c >= 0)
		c = secret_generate(r->arena, resource_get(secret, "generate"), &fresh, e);
	*said = "rotated";
	return c < 0 ? c : store(r, name, fresh, e);
}

static int change(const struct request *q, struct sink *s, const char *name,
	int (*how)(struct run *r, const char *name, const char **said, struct err *e))
{
	_cleanup_run_ struct run r;
	_cleanup_err_ struct err e = ERR_INIT;
	const char *said;
	int c = run_open(&r, q, s, RUN_WRITES, &e);

	if (c >= 0)
		c = how(&r, name, &said, &e);
	if (c < 0)
		return verb_failed(&r, &e);
	event_emit(s, "{s:s, s:i, s:o}", "event", "done", "exit", EXIT_CONVERGED, "summary",
		event_string(arena_printf(r.arena,
			"%s is %s; l4sync apply puts it into the files that name it, and restarts "
			"what reads them",
			name, said)));
	return EXIT_CONVERGED;
}

static int encrypt(const struct request *q, struct sink *s, const char *name)
{
	_cleanup_run_ struct run r;
	_cleanup_err_ struct err e = ERR_INIT;
	const char *text;
	int c = run_open_host(&r, q, s, &e);

	if (c >= 0)
		c = check_input(q, &e);
	if (c >= 0)
		c = credential_encrypt(r.arena, name, q->input, strlen(q->input), &text, &e);
	if (c < 0)
		return verb_failed(&r, &e);
	event_emit(s, "{s:s, s:o, s:o}", "event", "credential", "name", event_string(name), "text",
		event_string(text));
	event_emit(s, "{s:s, s:i}", "event", "done", "exit", EXIT_CONVERGED);
	return EXIT_CONVERGED;
}

int verb_secret(const struct request *q, struct sink *s)
{
	const char *verb = q->n_arguments == 2 ? q->arguments[0] : "";
	const char *name = q->n_arguments == 2 ? q->arguments[1] : "";

	if (secret_name_valid(name) && !strcmp(verb, "set"))
		return change(q, s, name, set_value);
	if (secret_name_valid(name) && !strcmp(verb, "rotate"))
		return change(q, s, name, rotate);
	if (secret_name_valid(name) && !strcmp(verb, "encrypt"))
		return encrypt(q, s, name);
	event_message(s, "error",
		"secret takes what is to be done and the name of a secret: set NAME, rotate NAME "
		"or "
		"encrypt NAME");
	event_emit(s, "{s:s, s:i}", "event", "done", "exit", EXIT_USAGE);
	return EXIT_USAGE;
}
