/*
 * What the assignments of a list say together, in one form that those share of which systemd makes
 * the same: sets in order, masks worked out, paths without what they do not need (directives.h).
 * Pure. Called by settings.c.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "l4sync/text.h"

#include "directives.h"
#include "index.h"

#define BLANK " \t\n\r"
#define CPUS_MAX 8192

void items_add(struct items *list, const char *item)
{
	if (list->n == list->cap) {
		size_t cap = list->cap ? 2 * list->cap : 8;
		const char **longer = arena_array(list->arena, const char *, cap);

		if (list->n)
			memcpy(longer, list->items, list->n * sizeof *longer);
		list->items = longer;
		list->cap = cap;
	}
	list->items[list->n++] = item;
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void items_sort_unique(struct items *list, size_t from)
{
	size_t kept = from;

	if (list->n > from)
		qsort(list->items + from, list->n - from, sizeof *list->items, compare_texts);
	for (size_t i = from; i < list->n; i++)
		if (kept == from || strcmp(list->items[kept - 1], list->items[i]) != 0)
			list->items[kept++] = list->items[i];
	list->n = kept;
}

bool directive_words(struct items *ret, const struct directive_type *type, const char *line)
{
	unsigned how = WORD_BACKSLASHES;
	const char *word;
	int r;

	if (type->flags & QUOTES)
		how = WORD_QUOTES | (type->flags & ESCAPES ? WORD_ESCAPES : 0);
	else if (!(type->flags & LITERAL) && strpbrk(line, "\"'\\"))
		return false;
	while ((r = unit_word(ret->arena, &line, how, &word)) > 0)
		items_add(ret, word);
	return !r;
}

static bool path_items(struct items *ret, const struct items *words)
{
	for (size_t i = 0; i < words->n; i++) {
		const char *word = words->items[i];
		size_t marks = *word == '-';

		marks += word[marks] == '+';
		const char *path = path_meaning(ret->arena, word + marks);
		if (!path)
			return false;
		items_add(ret, arena_printf(ret->arena, "%.*s%s", (int)marks, word, path));
	}
	items_sort_unique(ret, 0);
	return true;
}

static bool file_item(struct items *ret, const char *line)
{
	bool optional = *line == '-';
	const char *path = path_meaning(ret->arena, line + optional);

	if (path)
		items_add(ret, arena_printf(ret->arena, "%s%s", optional ? "-" : "", path));
	return path;
}

/* "/dev/x rw": without rights it is all of them. */
static bool device_item(struct items *ret, const char *line)
{
	struct items words = {.arena = ret->arena};
	struct directive_type plain = {0};

	if (!directive_words(&words, &plain, line) || !words.n || words.n > 2)
		return false;
	const char *path = words.items[0], *rights = words.n == 2 ? words.items[1] : "rwm";
	if (!text_starts(path, "block-") && !text_starts(path, "char-") &&
		!((path = path_meaning(ret->arena, path)) && text_starts(path, "/dev/")))
		return false;
	if (rights[strspn(rights, "rwm")])
		return false;
	items_add(ret, arena_printf(ret->arena, "%s %s%s%s", path, strchr(rights, 'r') ? "r" : "",
			       strchr(rights, 'w') ? "w" : "", strchr(rights, 'm') ? "m" : ""));
	return true;
}

static const char *status_item(struct arena *a, const char *word)
{
	const char *number = number_meaning(a, "0 255", word);
	const char *signal = number ? NULL : signal_meaning(a, word);

	return number ? number : signal ? arena_printf(a, "signal %s", signal) : word;
}

static void add_address(struct items *ret, const char *word)
{
	char text[INET6_ADDRSTRLEN];
	unsigned char bytes[16];
	const char *slash = strchr(word, '/');
	const char *address =
		slash ? arena_strndup(ret->arena, word, (size_t)(slash - word)) : word;
	int family = inet_pton(AF_INET, address, bytes) == 1 ? AF_INET : AF_INET6;
	long long bits = family == AF_INET ? 32 : 128;

	if ((family == AF_INET6 && inet_pton(AF_INET6, address, bytes) != 1) ||
		(slash && (!isdigit((unsigned char)slash[1]) || !number_of_text(slash + 1, &bits) ||
				  bits > (family == AF_INET ? 32 : 128)))) {
		items_add(ret, word);
		return;
	}
	for (int i = 0; i < (family == AF_INET ? 4 : 16); i++) {
		long long left = bits - 8 * i;

		bytes[i] &= (unsigned char)(left >= 8 ? 0xff : left <= 0 ? 0 : 0xff00 >> left);
	}
	inet_ntop(family, bytes, text, sizeof text);
	items_add(ret, arena_printf(ret->arena, "%s/%lld", text, bits));
}

static void address_items(struct items *ret, const struct items *words)
{
	static const struct {
		const char *word, *v4, *v6;
	} names[] = {{"any", "0.0.0.0/0", "::/0"}, {"localhost", "127.0.0.0/8", "::1/128"},
		{"link-local", "169.254.0.0/16", "fe80::/64"},
		{"multicast", "224.0.0.0/4", "ff00::/8"}};

	for (size_t i = 0; i < words->n; i++) {
		size_t j = 0;

		while (j < ELEMENTS(names) && strcmp(names[j].word, words->items[i]) != 0)
			j++;
		if (j == ELEMENTS(names)) {
			add_address(ret, words->items[i]);
			continue;
		}
		items_add(ret, names[j].v4);
		items_add(ret, names[j].v6);
	}
	items_sort_unique(ret, 0);
}

static bool cpu_number(const char **p, unsigned *ret)
{
	size_t n = strspn(*p, "0123456789");

	if (!n || n > 4 || (n > 1 && **p == '0'))
		return false;
	*ret = (unsigned)strtoul(*p, NULL, 10);
	*p += n;
	return *ret < CPUS_MAX;
}

/* 0-3,5 6: all assignments together. A word ("numa", "all") is compared as written. */
static bool cpu_items(struct items *ret, const char *const *lines, size_t n)
{
	_cleanup_free_ char *set = xmalloc(CPUS_MAX + 1);
	unsigned first, last;

	memset(set, 0, CPUS_MAX + 1);
	for (size_t i = 0; i < n; i++)
		for (const char *p = lines[i] + strspn(lines[i], BLANK ","); *p;
			p += strspn(p, BLANK ",")) {
			if (!cpu_number(&p, &first))
				return false;
			last = first;
			if (*p == '-' && (p++, !cpu_number(&p, &last)))
				return false;
			if (last < first || (*p && !strchr(BLANK ",", *p)))
				return false;
			memset(set + first, 1, last + 1 - first);
		}
	for (unsigned i = 0; i < CPUS_MAX; i = last) {
		last = i + 1;
		if (!set[i])
			continue;
		while (set[last])
			last++;
		items_add(ret, last == i + 1 ? arena_printf(ret->arena, "%u", i)
					     : arena_printf(ret->arena, "%u-%u", i, last - 1));
	}
	return true;
}

static bool environment_name_valid(const char *word, size_t n)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";

	return n && word[n] == '=' && strspn(word, letters) == n && !isdigit((unsigned char)*word);
}

/* The last of each name; what is no assignment systemd leaves out. With specifiers in names, which
 * may be one and the same, and with such as may be refused, it is their order that is compared. */
static void environment_items(struct items *ret, const struct items *words)
{
	for (size_t i = 0; i < words->n; i++) {
		const char *word = words->items[i];
		size_t n = strcspn(word, "=");

		if (memchr(word, '%', n) || !specifiers_sure(word)) {
			*ret = *words;
			return;
		}
		if (!environment_name_valid(word, n) || !text_is_utf8(word, strlen(word)))
			continue;
		size_t j = 0;
		while (j < ret->n && strncmp(ret->items[j], word, n + 1) != 0)
			j++;
		if (j < ret->n)
			ret->items[j] = word;
		else
			items_add(ret, word);
	}
	items_sort_unique(ret, 0);
}

/* The other names of two address families. */
static const char *family_name(const char *word)
{
	if (!strcmp(word, "AF_LOCAL") || !strcmp(word, "AF_FILE"))
		return "AF_UNIX";
	return !strcmp(word, "AF_ROUTE") ? "AF_NETLINK" : word;
}

/* What is added and what is taken away, run by run: only between the runs does the order matter. */
static bool signed_items(
	struct items *ret, const struct directive_type *type, const char *const *lines, size_t n)
{
	bool families = !strcmp(type->key, "RestrictAddressFamilies");
	size_t run = 0;

	for (size_t i = 0; i < n; i++) {
		bool without = *lines[i] == '~';
		struct items words = {.arena = ret->arena};

		/* With an error number for a call, the last one counts. */
		if (!directive_words(&words, type, lines[i] + without) || strchr(lines[i], ':'))
			return false;
		if (families && !strcmp(lines[i], "none")) {
			ret->n = run = 0;
			if (i + 1 == n)
				items_add(ret, "none");
			continue;
		}
		if (ret->n && (*ret->items[run] == '~') != without)
			run = ret->n;
		/* The sign of the first decides, also without a word. */
		if (ret->n == run && without)
			items_add(ret, "~");
		for (size_t j = 0; j < words.n; j++)
			items_add(ret,
				arena_printf(ret->arena, "%s%s", without ? "~" : "",
					families ? family_name(words.items[j]) : words.items[j]));
		items_sort_unique(ret, run);
	}
	return true;
}

static bool mask_of(struct arena *a, const char *const *names, size_t n_names,
	int (*compare)(const char *a, const char *b), const char *line, uint64_t *ret)
{
	struct items words = {.arena = a};
	struct directive_type plain = {0};

	*ret = 0;
	if (!directive_words(&words, &plain, line))
		return false;
	for (size_t i = 0; i < words.n; i++) {
		size_t bit = 0;

		while (bit < n_names && compare(names[bit], words.items[i]) != 0)
			bit++;
		if (bit == n_names)
			return false;
		*ret |= 1ULL << bit;
	}
	return true;
}

static bool capability_items(
	struct items *ret, const struct directive_type *type, const char *const *lines, size_t n)
{
	static const char *const names[] = {"CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH",
		"CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_SETGID", "CAP_SETUID", "CAP_SETPCAP",
		"CAP_LINUX_IMMUTABLE", "CAP_NET_BIND_SERVICE", "CAP_NET_BROADCAST", "CAP_NET_ADMIN",
		"CAP_NET_RAW", "CAP_IPC_LOCK", "CAP_IPC_OWNER", "CAP_SYS_MODULE", "CAP_SYS_RAWIO",
		"CAP_SYS_CHROOT", "CAP_SYS_PTRACE", "CAP_SYS_PACCT", "CAP_SYS_ADMIN",
		"CAP_SYS_BOOT", "CAP_SYS_NICE", "CAP_SYS_RESOURCE", "CAP_SYS_TIME",
		"CAP_SYS_TTY_CONFIG", "CAP_MKNOD", "CAP_LEASE", "CAP_AUDIT_WRITE",
		"CAP_AUDIT_CONTROL", "CAP_SETFCAP", "CAP_MAC_OVERRIDE", "CAP_MAC_ADMIN",
		"CAP_SYSLOG", "CAP_WAKE_ALARM", "CAP_BLOCK_SUSPEND", "CAP_AUDIT_READ",
		"CAP_PERFMON", "CAP_BPF", "CAP_CHECKPOINT_RESTORE"};
	uint64_t unset = type->words ? UINT64_MAX : 0, set = unset, mask;

	for (size_t i = 0; i < n; i++) {
		bool without = *lines[i] == '~';

		if (!mask_of(ret->arena, names, ELEMENTS(names), strcasecmp, lines[i] + without,
			    &mask))
			return false;
		if (!mask || set == unset)
			set = without ? ~mask : mask;
		else
			set = without ? set & ~mask : set | mask;
	}
	if (set != unset)
		items_add(ret, arena_printf(ret->arena, "%llu", (unsigned long long)set));
	return true;
}

static bool namespace_items(struct items *ret, const char *const *lines, size_t n)
{
	static const char *const names[] = {"cgroup", "ipc", "net", "mnt", "pid", "user", "uts"};
	uint64_t all = (1ULL << ELEMENTS(names)) - 1, unset = UINT64_MAX, set = unset, mask;

	for (size_t i = 0; i < n; i++) {
		bool without = *lines[i] == '~', yes;

		if (boolean_of(lines[i], &yes)) {
			set = yes ? 0 : all;
			continue;
		}
		if (!mask_of(ret->arena, names, ELEMENTS(names), strcmp, lines[i] + without, &mask))
			return false;
		if (set == unset)
			set = without ? all & ~mask : mask;
		else
			set = without ? set & ~mask : set | mask;
	}
	for (size_t i = 0; set != unset && i < ELEMENTS(names); i++)
		if (set & 1ULL << i)
			items_add(ret, names[i]);
	if (!set)
		items_add(ret, "");
	return true;
}

/* No, yes (all controllers), or some; an empty assignment is none of them, and yes. */
static bool delegate_items(
	struct items *ret, const struct directive_type *type, const char *const *lines, size_t n)
{
	bool on = false, all = false, yes;

	for (size_t i = 0; i < n; i++) {
		bool alone = boolean_of(lines[i], &yes);

		on = !alone || yes;
		if (alone || !*lines[i]) {
			all = alone && yes;
			ret->n = 0;
		} else if (all || !directive_words(ret, type, lines[i])) {
			/* There are some that are not among all. */
			return false;
		}
	}
	items_sort_unique(ret, 0);
	if (on && !ret->n)
		items_add(ret, all ? "yes" : "");
	return true;
}

/* Those of which each assignment is one value. */
static bool line_items(
	struct items *ret, const struct directive_type *type, const char *const *lines, size_t n)
{
	const char *span;

	for (size_t i = 0; i < n; i++)
		switch (type->kind) {
		case KIND_COMMANDS:
			if (!commands_meaning(ret, lines[i]))
				return false;
			break;
		case KIND_FILES:
			if (!file_item(ret, lines[i]))
				return false;
			break;
		case KIND_DEVICES:
			if (!device_item(ret, lines[i]))
				return false;
			break;
		case KIND_SPANS:
			if (!(span = span_meaning(ret->arena, lines[i], 1000000)))
				return false;
			items_add(ret, span);
			break;
		default:
			items_add(ret, lines[i]);
		}
	if (type->kind == KIND_CHECKS || type->kind == KIND_SPANS || type->kind == KIND_DEVICES)
		items_sort_unique(ret, 0);
	if (type->kind == KIND_CREDENTIALS)
		credentials_sort(ret);
	return true;
}

static bool word_items(
	struct items *ret, const struct directive_type *type, const char *const *lines, size_t n)
{
	struct items words = {.arena = ret->arena};

	for (size_t i = 0; i < n; i++)
		if (!directive_words(&words, type, lines[i]))
			return false;
	if (type->kind == KIND_PATHS)
		return path_items(ret, &words);
	if (type->kind == KIND_ADDRESSES)
		address_items(ret, &words);
	else if (type->kind == KIND_ENVIRONMENT)
		environment_items(ret, &words);
	else
		*ret = words;
	for (size_t i = 0; i < ret->n; i++) {
		const char *path = NULL;

		if (type->kind == KIND_STATUSES)
			ret->items[i] = status_item(ret->arena, ret->items[i]);
		/* RequiresMountsFor=; no unit's name begins so. */
		if (type->kind == KIND_DEPENDS && (path = path_meaning(ret->arena, ret->items[i])))
			ret->items[i] = path;
		/* What is behind a colon on its line, if only behind a blank, belongs to it. */
		if (type->group == BINDS && text_ends(ret->items[i], ":"))
			return false;
		/* One that is not known may make systemd leave out the others too. */
		if (type->kind == KIND_SET && type->words &&
			!text_has_word(type->words, ret->items[i]))
			return false;
	}
	if (type->kind != KIND_WORDS && type->kind != KIND_ENVIRONMENT)
		items_sort_unique(ret, 0);
	return true;
}

bool list_meaning(
	struct items *ret, const struct directive_type *type, const char *const *lines, size_t n)
{
	switch (type->kind) {
	case KIND_SIGNED:
		return signed_items(ret, type, lines, n);
	case KIND_CAPABILITIES:
		return capability_items(ret, type, lines, n);
	case KIND_NAMESPACES:
		return namespace_items(ret, lines, n);
	case KIND_DELEGATE:
		return delegate_items(ret, type, lines, n);
	case KIND_CPUS:
		return cpu_items(ret, lines, n);
	default:
		return kind_has_words(type->kind) ? word_items(ret, type, lines, n)
						  : line_items(ret, type, lines, n);
	}
}
