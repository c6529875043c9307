/*
 * A request as JSON and back, and as a command line (request.h).
 * Knows which keys there are, not what they mean. Called by both ends of the remote protocol.
 */
#include "l4sync/request.h"

#include <errno.h>
#include <string.h>

#include "l4sync/command.h"
#include "l4sync/text.h"

enum kind { KIND_TEXT, KIND_BOOL, KIND_NUMBER, KIND_LIST };

#define ROW(name, of_kind) .key = #name, .kind = of_kind, .offset = offsetof(struct request, name)
#define LIST(name) ROW(name, KIND_LIST), .n_offset = offsetof(struct request, n_##name)

/* What travels; how it is shown does not. */
static const struct row {
	const char *key;
	enum kind kind;
	size_t offset, n_offset;
} rows[] = {
	{ROW(command, KIND_TEXT)},
	{ROW(argument, KIND_TEXT)},
	{LIST(arguments)},
	{ROW(input, KIND_TEXT)},
	{ROW(state, KIND_TEXT)},
	{ROW(source, KIND_TEXT)},
	{ROW(ref, KIND_TEXT)},
	{ROW(root, KIND_TEXT)},
	{ROW(host, KIND_TEXT)},
	{LIST(only)},
	{ROW(yes, KIND_BOOL)},
	{ROW(allow_removal, KIND_BOOL)},
	{ROW(allow_rewind, KIND_BOOL)},
	{ROW(heal, KIND_BOOL)},
	{ROW(unattended, KIND_BOOL)},
	{ROW(defer, KIND_BOOL)},
	{ROW(restart_busy, KIND_BOOL)},
	{ROW(foreground, KIND_BOOL)},
	{ROW(ptrace, KIND_BOOL)},
	{ROW(confirm, KIND_NUMBER)},
	{ROW(lines, KIND_NUMBER)},
};

#define AT(request, row, type) (*(type *)((char *)(request) + (row)->offset))
#define COUNT_AT(request, row) (*(size_t *)((char *)(request) + (row)->n_offset))

static json_t *list_to_json(const char *const *items, size_t n)
{
	json_t *list = n ? json_array() : NULL;

	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, event_string(items[i]));
	return list;
}

/* NULL for what has its default: an older host then knows every key of a plain request. */
static json_t *value_to_json(const struct request *r, const struct row *row)
{
	switch (row->kind) {
	case KIND_TEXT:
		return AT(r, row, const char *) ? event_string(AT(r, row, const char *)) : NULL;
	case KIND_BOOL:
		return AT(r, row, bool) ? json_true() : NULL;
	case KIND_NUMBER:
		return AT(r, row, unsigned long)
			       ? json_integer((json_int_t)AT(r, row, unsigned long))
			       : NULL;
	case KIND_LIST:
		return list_to_json(AT(r, row, const char *const *), COUNT_AT(r, row));
	}
	return NULL;
}

json_t *request_to_json(const struct request *r)
{
	json_t *o = json_object();

	for (size_t i = 0; i < ELEMENTS(rows); i++) {
		json_t *value = value_to_json(r, &rows[i]);

		if (value)
			json_object_set_new(o, rows[i].key, value);
	}
	return o;
}

static bool list_from_json(
	struct arena *a, const json_t *list, const char *const **ret, size_t *ret_n)
{
	size_t n = json_array_size(list);
	const char **items = arena_array(a, const char *, n);

	for (size_t i = 0; i < n; i++) {
		items[i] = arena_strdup(a, json_string_value(json_array_get(list, i)));
		if (!items[i])
			return false;
	}
	*ret = items;
	*ret_n = n;
	return json_is_array(list);
}

static bool value_from_json(
	struct arena *a, const struct row *row, const json_t *value, struct request *r)
{
	switch (row->kind) {
	case KIND_TEXT:
		AT(r, row, const char *) = arena_strdup(a, json_string_value(value));
		return json_is_string(value);
	case KIND_BOOL:
		AT(r, row, bool) = json_is_true(value);
		return json_is_boolean(value);
	case KIND_NUMBER:
		AT(r, row, unsigned long) = (unsigned long)json_integer_value(value);
		return json_is_integer(value) && json_integer_value(value) >= 0;
	case KIND_LIST:
		return list_from_json(
			a, value, &AT(r, row, const char *const *), &COUNT_AT(r, row));
	}
	return false;
}

static const struct row *row_find(const char *key)
{
	for (size_t i = 0; i < ELEMENTS(rows); i++)
		if (!strcmp(rows[i].key, key))
			return &rows[i];
	return NULL;
}

int request_from_json(struct arena *a, const json_t *o, struct request *ret, struct err *e)
{
	struct request r = {.color = -1};
	const char *key;
	json_t *value;

	if (!json_is_object(o))
		return err_set(e, -EBADMSG, "the request is not a JSON object");
	/* jansson iterates over what it does not change, but has no const iterator. */
	json_object_foreach((json_t *)(uintptr_t)o, key, value) {
		const struct row *row = row_find(key);

		if (!row)
			return err_set(e, -EBADMSG,
				"l4sync " L4SYNC_VERSION " on the host does not know \"%s\"; "
				"install the same version on both sides",
				key);
		if (!value_from_json(a, row, value, &r))
			return err_set(
				e, -EBADMSG, "\"%s\" of the request has the wrong type", key);
	}
	if (!r.command)
		return err_set(e, -EBADMSG, "the request names no command");
	*ret = r;
	return 0;
}

static void add_flag(struct buf *b, const struct flag *f, const char *value)
{
	if (!f->name || !value)
		return;
	buf_addf(b, " --%s ", f->name);
	text_shell_word(b, value);
}

static void add_argument(struct buf *b, const char *word)
{
	buf_addc(b, ' ');
	text_shell_word(b, word);
}

const char *request_command(struct arena *a, const struct request *r)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	buf_addf(&b, "l4sync %s", r->command);
	if (r->argument)
		add_argument(&b, r->argument);
	for (size_t i = 0; i < r->n_arguments; i++)
		add_argument(&b, r->arguments[i]);
	for (const struct flag *f = flag_table; f->name || f->letter; f++)
		switch (f->kind) {
		case FLAG_TRUE:
			if (AT(r, f, bool))
				buf_addf(&b, " --%s", f->name);
			break;
		case FLAG_TEXT:
		case FLAG_PATH:
		case FLAG_SOURCE:
			add_flag(&b, f, AT(r, f, const char *));
			break;
		case FLAG_NUMBER:
		case FLAG_TIME:
			if (AT(r, f, unsigned long))
				buf_addf(&b, " --%s %lu%s", f->name, AT(r, f, unsigned long),
					f->kind == FLAG_TIME ? "s" : "");
			break;
		case FLAG_ONLY:
			for (size_t i = 0; i < r->n_only; i++)
				add_flag(&b, f, r->only[i]);
			break;
		default: /* how it is shown */
			break;
		}
	return arena_strdup(a, b.data);
}
