/*
 * Any bytes as dpkg's database, and as what apt-get -s says: what is understood of the one has a
 * name and a state and is found by its name, and of the other can be judged.
 */
#include <stdint.h>
#include <string.h>

#include "l4sync/apt.h"
#include "l4sync/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_status(struct arena *a, const char *text, size_t size)
{
	const char *native[] = {"amd64"};
	struct dpkg_status s = {.native = "amd64", .n_architectures = 1, .architectures = native};

	if (dpkg_status_parse(a, "status", text, size, &s, NULL) < 0)
		return;
	for (size_t i = 0; i < s.n; i++) {
		const struct dpkg_package *p = &s.items[i];
		size_t at = 0;

		if (!*p->name || !text_is_utf8(p->name, strlen(p->name)) ||
			!dpkg_state_text(p->state))
			abort();
		if (!strchr(p->name, ':') && !dpkg_next(&s, p->name, &at))
			abort();
	}
}

static void check_outlook(struct arena *a, const char *text, size_t size, bool succeeded)
{
	const char *names[] = {"a"};
	const struct apt_wish wish = {.n_install = 1, .install = names};
	struct apt_outlook o;

	apt_outlook_parse(a, text, size, "amd64", succeeded, &o);
	if (!succeeded && (o.n || (!o.refusal && !o.n_unknown)))
		abort();
	const char *why = apt_judge(a, &wish, &o);
	/* Nothing that goes unasked is ever let pass. */
	for (size_t i = 0; i < o.n; i++)
		if (!*o.items[i].name || (o.items[i].move == APT_REMOVE && !why))
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *a = arena_new();
	const char *text = size ? arena_memdup(a, data, size) : "";

	check_status(a, text, size);
	check_outlook(a, text, size, true);
	check_outlook(a, text, size, false);
	return 0;
}
