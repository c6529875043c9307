/*
 * secret:NAME: a value that only the host has (`secrets:`): made there once (generate), or shipped
 * encrypted for it (credential). It is stored in /var/lib/l4sync/secrets, and goes into the files
 * whose templates name it. Until the root part has filled the values in (secrets.h), the content of
 * one with a credential is the encrypted file.
 * Never shows a value. Called through the registry.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "l4sync/check.h"
#include "l4sync/host.h"
#include "l4sync/plan.h"
#include "l4sync/registry.h"
#include "l4sync/secrets.h"
#include "l4sync/text.h"
#include "l4sync/txn.h"

static bool is_spec(const char *s)
{
	return secret_spec_valid(s);
}

static bool is_path(const char *s)
{
	return check_is_line(s) && *s;
}

static void parse_credential(struct reader *r, const struct node *n, struct resource *item)
{
	_cleanup_err_ struct err e = ERR_INIT;
	const struct tree_ops *ops = r->tree->ops;
	struct tree_entry entry;
	const char *path;
	const void *data;
	size_t size;

	if (node_want_text(n, "credential", &path, r->diags) < 0)
		return;
	int code = ops->find(r->tree, path, &entry, &e);
	if (!code && entry.kind != TREE_FILE && entry.kind != TREE_EXECUTABLE)
		code = err_set(&e, -EINVAL, "must be a file");
	if (!code)
		code = ops->read(r->tree, &entry, SECRET_SIZE_MAX, &data, &size, &e);
	if (code < 0) {
		diag_add(r->diags, n->where, "credential: %s: %s", path,
			code == -ENOENT  ? "there is no such file in the state; l4sync secret "
					   "encrypt makes one"
			: code == -EFBIG ? "larger than a credential can be"
					 : err_text(&e));
		return;
	}
	resource_set(r->want->arena, item, "credential", path);
	item->content = content_new(r->want->arena, data, size);
}

static void parse_generate(struct reader *r, const struct node *n, struct resource *item)
{
	const char *spec;

	if (node_want_text(n, "generate", &spec, r->diags) < 0)
		return;
	if (secret_spec_valid(spec))
		resource_set(r->want->arena, item, "generate", spec);
	else
		diag_add(r->diags, n->where,
			"generate: must be base64:N, base64url:N or hex:N with N random bytes from "
			"%d to %d, or alnum:N with as many letters and digits, as base64:32, not "
			"\"%s\"",
			SECRET_BYTES_MIN, SECRET_BYTES_MAX, spec);
}

static void parse_secret(struct reader *r, const struct node *name, const struct node *map)
{
	static const char *const known[] = {"generate", "credential", NULL};
	const struct node *generate, *credential;

	if (!secret_name_valid(name->text)) {
		diag_add(r->diags, name->where,
			"\"%s\" is no name for a secret; it is made of letters, digits and _",
			name->text);
		return;
	}
	if (node_want_map(map, name->text, r->diags) < 0 || node_keys(map, known, r->diags))
		return;
	generate = node_get(map, "generate");
	credential = node_get(map, "credential");
	if (!generate == !credential) {
		diag_add(r->diags, map->where,
			"%s: needs either generate: (made on the host, as base64:32) or "
			"credential: "
			"(a file of the state that systemd-creds has encrypted)",
			name->text);
		return;
	}
	struct resource *item =
		resources_add(r->want, arena_printf(r->want->arena, "secret:%s", name->text));
	item->where = name->where;
	if (generate)
		parse_generate(r, generate, item);
	else
		parse_credential(r, credential, item);
}

static int secret_parse(struct reader *r, const char *section, const struct node *node)
{
	return reader_section(r, section, node, parse_secret);
}

/* A value must not come where everybody can read it. */
static int secret_complete(struct reader *r)
{
	size_t before = r->diags->total;

	for (size_t i = 0; i < r->want->n; i++) {
		struct resource *item = r->want->items[i];
		const char *mode = resource_get(item, "mode");

		if (!resource_get(item, "insert"))
			continue;
		item->secret = true;
		if (!resource_is(item, "file"))
			diag_add(r->diags, item->where,
				"a secret cannot stand in a unit's file, for systemd shows that to "
				"everybody; use EnvironmentFile= or LoadCredential= and put it "
				"there");
		else if (mode && mode[3] != '0')
			diag_add(r->diags, item->where,
				"has a secret in it, and mode %s lets everybody at it; give it a "
				"mode such as 0640 in files:",
				mode);
	}
	return r->diags->total == before ? 0 : -EINVAL;
}

static int secret_check(const struct resource *item, struct err *e)
{
	static const struct attr_rule rules[] = {
		{"generate", is_spec, ATTR_OPTIONAL},
		{"credential", is_path, ATTR_OPTIONAL},
		{0},
	};
	bool credential = resource_get(item, "credential");
	int r = check_content(item, credential, e);

	if (!r)
		r = check_attrs(item, rules, e);
	if (!r && (!secret_name_valid(resource_name(item->id)) ||
			  credential == !!resource_get(item, "generate") || item->secret))
		r = err_set(e, -EINVAL, "%s: no secret of the state", item->id);
	return r;
}

static int secret_inspect(struct inspection *in, const char *id, const struct resource *want,
	struct resource **ret, struct err *e)
{
	const struct content *stored;
	int r = secret_stored(in->host, in->arena, resource_name(id), &stored, e);

	*ret = NULL;
	/* What is stored for a secret that left the state stays: it cannot be made again. */
	if (r < 0 || !stored || !want)
		return r;
	struct resource *live = arena_new_of(in->arena, struct resource);
	*live = (struct resource){.id = id, .content = stored, .secret = true};
	*ret = live;
	return 0;
}

static int secret_enqueue(struct txn *t, const struct change *c, struct err *e)
{
	const char *path = arena_printf(txn_arena(t), SECRETS_DIR "/%s", resource_name(c->id));
	int fd;

	if (!c->want)
		return 0;
	int r = host_dir(txn_host(t), SECRETS_DIR, &fd, e);
	if (r < 0 && r != -ENOENT)
		return r;
	if (r == -ENOENT)
		txn_mkdir(t, c->id, SECRETS_DIR, 0, 0, 0700);
	txn_put_file(t, PHASE_FILES, c->id, path, c->want->content, 0, 0, 0600);
	return 0;
}

static const char *const secret_sections[] = {"secrets", NULL};
static const char *const secret_compared[] = {NULL}; /* its content alone */

const struct module module_secret = {
	.type = "secret",
	.sections = secret_sections,
	.parse = secret_parse,
	.complete = secret_complete,
	.check = secret_check,
	.compared = secret_compared,
	.inspect = secret_inspect,
	.enqueue = secret_enqueue,
};
