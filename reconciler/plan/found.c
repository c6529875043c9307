/*
 * Triples without base and want: what was found on the host and is to go (found.h).
 * Decides nothing. Called by the searches of purge.c and foreign.c.
 */
#include "found.h"

#include <string.h>

#include "l4sync/places.h"
#include "l4sync/registry.h"
#include "l4sync/unit_view.h"

static bool is_id_taken(const struct found *f, const char *id)
{
	if (resources_find(f->in->want, id) || (f->in->base && resources_find(f->in->base, id)))
		return true;
	for (size_t i = 0; i < f->n; i++)
		if (!strcmp(f->items[i].id, id))
			return true;
	return false;
}

/* A second fragment of a unit cannot have the unit's id: it has its path's, and is a unit's file
 * all the same. */
static const char *id_of(struct found *f, const char *path, mode_t mode)
{
	struct arena *a = f->in->arena;
	bool is_link = S_ISLNK(mode);
	const char *id =
		S_ISDIR(mode) ? arena_printf(a, "dir:%s", path) : place_id(a, path, is_link);

	if (*resource_name(id) != '/' && is_id_taken(f, id))
		id = arena_printf(a, "%s:%s", is_link ? "link" : "file", path);
	return id;
}

/* How it looks to the modules, which are asked about what somebody wants. */
static struct resource *description_of(struct found *f, const char *path, mode_t mode)
{
	struct resource *like = arena_new_of(f->in->arena, struct resource);

	like->id = id_of(f, path, mode);
	resource_set(f->in->arena, like, "path", path);
	if (S_ISLNK(mode))
		resource_set(f->in->arena, like, "target", "");
	return like;
}

int found_add(struct found *f, const char *path, mode_t mode, const struct triple *as)
{
	struct inspection *in = f->in;
	struct resource *live = NULL, *like = description_of(f, path, mode);
	const char *of_place = S_ISDIR(mode) ? like->id : place_id(in->arena, path, S_ISLNK(mode));
	struct triple t = *as;

	t.id = like->id;
	if (!t.module)
		t.module = module_of(modules, of_place);
	if (!run_selects(f->run, like->id))
		return 0;
	in->changed_usec = 0;
	int r = t.module->inspect(in, like->id, like, &live, f->e);
	if (r < 0 || !live)
		return r;
	/* Nobody has said whether it is a secret: what not everybody may read is taken for one. */
	live->secret = S_ISREG(mode) && !(mode & S_IROTH);
	t.live = (struct live_item){.live = live, .changed_usec = in->changed_usec};
	f->items = grow(f->items, &f->cap, f->n, sizeof *f->items);
	f->items[f->n++] = t;
	if (!S_ISDIR(mode))
		unit_view_remove(in->units, path);
	return 0;
}
