/*
 * Any bytes as the files of a unit, drop-ins behind "--" on a line: their assignments, the words of
 * their values and what they say together are read without looking past the end, and each
 * configuration is the same as itself.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "l4sync/unit_meaning.h"

#include "../../reconciler/units/index.h"

#define DROPINS_MAX 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int words(const struct assignment *assignment, void *userdata)
{
	struct arena *a = userdata;

	for (unsigned how = 0; how < 2 * WORD_RELAXED; how++) {
		const char *at = assignment->value, *word;

		/* A character of \uHHHH is shorter than that. */
		while (unit_word(a, &at, how, &word) > 0)
			if (strlen(word) > strlen(assignment->value))
				abort();
	}
	return 0;
}

static void check_file(struct arena *a, const struct content *content)
{
	int r = unit_file_parse(a, content, words, a);

	if (r && r != -EBADMSG)
		abort();
	if (!unit_file_same(content, content))
		abort();
}

static void check_settings(struct arena *a, const struct unit_config *c)
{
	struct setting *settings;
	const char **meaning;
	size_t n, n_meaning;

	if (unit_settings(a, c, &settings, &n) < 0)
		return;
	for (size_t i = 0; i < n; i++) {
		setting_meaning(a, &settings[i].type, &settings[i], &meaning, &n_meaning);
		for (size_t j = 0; j < n_meaning; j++)
			if (strlen(meaning[j]) > SIZE_MAX / 2)
				abort();
	}
}

/* With one more drop-in it is not the same files, and what that says is all that differs. */
static void check_differences(struct arena *a, struct unit_config *c)
{
	static const char more[] = "[Unit]\nX-More=1\n";
	struct unit_config after = *c;
	struct difference *d;
	enum directive_class class;
	size_t n;

	unit_differences(a, c, c, &d, &n, &class);
	if (n || class != CLASS_NONE)
		abort();
	after.dropins[after.n_dropins++].content = content_new(a, more, strlen(more));
	unit_differences(a, c, &after, &d, &n, &class);
	if (n == 1 ? strcmp(d[0].key, "X-More") != 0 || class != CLASS_NONE
		   : n || class != CLASS_RESTART)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *a = arena_new();
	struct unit_config c = {.name = "x.service", .found = true};
	const uint8_t *at = data, *end = data + size;

	c.dropins = arena_array(a, struct unit_file, DROPINS_MAX + 1);
	for (bool first = true; first || (at < end && c.n_dropins < DROPINS_MAX); first = false) {
		const uint8_t *stop = memmem(at, (size_t)(end - at), "\n--\n", 4);
		size_t n = stop ? (size_t)(stop - at) : (size_t)(end - at);
		struct content *content = content_new(a, at, n);

		check_file(a, content);
		if (first)
			c.fragment.content = content;
		else
			c.dropins[c.n_dropins++].content = content;
		at = stop ? stop + 4 : end;
	}
	check_settings(a, &c);
	check_differences(a, &c);
	return 0;
}
