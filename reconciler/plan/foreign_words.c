/*
 * What a foreign file changes in effect, and the finding's words for it: what, since when, by whom,
 * and what to do (foreign.h).
 * Decides nothing. Called by foreign.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>

#include "l4sync/places.h"
#include "l4sync/text.h"

#include "foreign.h"

#define UNITS_SHOWN 3
#define DIFFERENCES_SHOWN 8
#define VALUE_SHOWN 72 /* bytes */

/* What one unit loads with and without the file; without the others that are foreign too where
 * alone is set. */
static int compare_without(struct foreigns *f, const struct foreign *x, const char *unit,
	bool alone, struct foreign *ret)
{
	const char **paths = arena_array(f->arena, const char *, f->n + 1);
	struct unit_config with, without;
	enum directive_class worst;
	size_t n = 0;

	for (size_t i = 0; alone && i < f->n; i++)
		if (&f->items[i] != x)
			paths[n++] = f->items[i].path;
	int r = unit_index_config_without(f->index, unit, paths, n, &with, f->e);
	paths[n++] = x->path;
	if (r >= 0)
		r = unit_index_config_without(f->index, unit, paths, n, &without, f->e);
	if (r < 0)
		return r;
	for (size_t i = 0; x->kind == FOREIGN_DROPIN && i < without.n_dropins; i++)
		if (!strcmp(strrchr(without.dropins[i].path, '/'), strrchr(x->path, '/')))
			ret->hides = without.dropins[i].path;
	unit_differences(f->arena, &without, &with, &ret->differences, &ret->n_differences, &worst);
	ret->effect_known = ret->n_differences || worst == CLASS_NONE;
	ret->together = alone;
	ret->unit = unit;
	return 0;
}

int foreign_effect(struct foreigns *f, size_t i)
{
	struct foreign *x = &f->items[i];
	int r = 0;

	x->effect_known = true;
	if (x->kind == FOREIGN_MASK)
		return 0;
	/* Two that say the same: the unit does not change with one of them alone. */
	for (int alone = 0; alone <= 1; alone++)
		for (size_t u = 0; u < x->n_units; u++) {
			r = compare_without(f, x, x->units[u], alone, x);
			if (r < 0 || x->n_differences || !x->effect_known)
				return r;
		}
	return r;
}

/* Where it stands, as it stands there, and what it leads to; false: it is not there any more. */
static bool look_at(struct foreigns *f, const char *path, struct stat *ret, struct stat *ret_target)
{
	struct host *h = unit_view_host(f->view);
	const char *slash = strrchr(path, '/');
	_cleanup_close_ int dir = -1, fd = -1;

	if (host_open_following(h, arena_strndup(f->arena, path, (size_t)(slash - path)),
		    O_PATH | O_DIRECTORY, &dir, NULL) < 0 ||
		fstatat(dir, slash + 1, ret, AT_SYMLINK_NOFOLLOW) < 0)
		return false;
	*ret_target = *ret;
	if (S_ISLNK(ret->st_mode) && host_open_following(h, path, O_PATH, &fd, NULL) >= 0)
		fstat(fd, ret_target);
	return true;
}

static bool is_secret_content(struct foreigns *f, const struct unit_file *file)
{
	struct stat st, target;

	for (size_t i = 0; i < f->want->n; i++) {
		const struct resource *item = f->want->items[i];

		if (item->secret && item->content && file->content &&
			content_same(item->content, file->content, f->key))
			return true;
	}
	return look_at(f, file->path, &st, &target) && S_ISREG(target.st_mode) &&
	       !(target.st_mode & S_IROTH);
}

/* What not everybody may read is taken for a secret, in any file of the unit. */
static bool is_secret(struct foreigns *f, const struct foreign *x)
{
	const struct unit_file own = {.path = x->path};
	struct unit_config c;

	if (unit_index_config(f->index, x->unit, &c, NULL) < 0)
		return true;
	bool secret = is_secret_content(f, &own);
	if (x->hides)
		secret |= is_secret_content(f, &(struct unit_file){.path = x->hides});
	if (c.found)
		secret |= is_secret_content(f, &c.fragment);
	for (size_t i = 0; i < c.n_dropins && !secret; i++)
		secret = is_secret_content(f, &c.dropins[i]);
	return secret;
}

static void add_clipped(struct buf *b, const char *s)
{
	size_t n = strlen(s);

	if (n <= VALUE_SHOWN) {
		buf_adds(b, s);
		return;
	}
	for (n = VALUE_SHOWN; n && ((unsigned char)s[n] & 0xc0) == 0x80;)
		n--;
	buf_add(b, s, n);
	buf_adds(b, "…");
}

/* The values that are not among the others, behind a word; false: there are none. */
static bool add_values(struct buf *b, const char *word, const char **values, size_t n,
	const char *const *others, size_t n_others)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	for (size_t i = 0; i < n; i++) {
		bool found = false;

		for (size_t j = 0; j < n_others && !found; j++)
			found = !strcmp(values[i], others[j]);
		if (!found && *values[i])
			buf_addf(&text, "%s%s", text.size ? " " : "", values[i]);
	}
	if (!text.size)
		return false;
	buf_addf(b, "%s ", word);
	add_clipped(b, text.data);
	return true;
}

static const char *word_of(
	struct arena *a, const struct difference *d, const char **values, size_t n)
{
	struct directive_type type = directive_type(a, d->section, d->key);
	_cleanup_buf_ struct buf b = BUF_INIT;
	const char *unset = NULL;

	for (size_t i = 0; i < n; i++)
		buf_addf(&b, "%s%s", b.size ? " " : "", values[i]);
	if (b.size)
		return arena_strdup(a, b.data);
	if (d->kind == KIND_CAPABILITIES)
		return n ? "none" : "all";
	/* Numbers are said only where somebody wrote them. */
	if (d->kind == KIND_NO || d->kind == KIND_YES || d->kind == KIND_WORD)
		unset = directive_default(a, &type);
	return unset ? unset : "not set";
}

static void add_change(struct arena *a, struct buf *b, const struct difference *d)
{
	if (d->kind < KIND_LINES || d->kind == KIND_CAPABILITIES) {
		add_clipped(b, word_of(a, d, d->old, d->n_old));
		buf_adds(b, " -> ");
		add_clipped(b, word_of(a, d, d->new, d->n_new));
		return;
	}
	bool lost = add_values(b, "loses", d->old, d->n_old, d->new, d->n_new);
	size_t before = b->size;
	if (lost)
		buf_adds(b, ", ");
	if (!add_values(b, "gains", d->new, d->n_new, d->old, d->n_old))
		b->size = before;
	if (!lost && b->size == before)
		buf_adds(b, "in another order");
	if (b->size)
		b->data[b->size] = '\0';
}

static void add_difference(
	struct arena *a, struct buf *b, const struct difference *d, bool secret, bool weakens)
{
	buf_adds(b, d->key);
	if (!secret) {
		buf_adds(b, ": ");
		add_change(a, b, d);
	}
	buf_adds(b, weakens ? " (weakens the sandbox)" : "");
}

/* What weakens the sandbox comes first. */
static const char *differences_text(struct foreigns *f, const struct foreign *x)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	bool secret = is_secret(f, x);
	size_t shown = 0;

	for (int weak = 1; weak >= 0; weak--)
		for (size_t i = 0; i < x->n_differences; i++) {
			const struct difference *d = &x->differences[i];

			if (difference_weakens(f->arena, d) != weak || shown == DIFFERENCES_SHOWN)
				continue;
			buf_adds(&b, shown++ ? "; " : "");
			add_difference(f->arena, &b, d, secret, weak);
		}
	if (shown < x->n_differences)
		buf_addf(&b, "; and %zu more", x->n_differences - shown);
	if (secret)
		buf_adds(&b, " (values not shown: not everybody may read them)");
	return arena_strdup(f->arena, b.data);
}

static const char *units_text(struct arena *a, const struct foreign *x)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	size_t n = x->n_units > UNITS_SHOWN + 1 ? UNITS_SHOWN : x->n_units;

	for (size_t i = 0; i < n; i++)
		buf_addf(&b, "%s%s",
			!i                              ? ""
			: i + 1 == n && n == x->n_units ? " and "
							: ", ",
			x->units[i]);
	if (n < x->n_units)
		buf_addf(&b, " and %zu more", x->n_units - n);
	return arena_strdup(a, b.data);
}

static void add_effect(struct foreigns *f, struct buf *b, const struct foreign *x)
{
	const char *units = units_text(f->arena, x);

	if (x->kind == FOREIGN_MASK) {
		buf_addf(b, "masks %s: nothing can start it%s%s", units,
			x->hides ? ", and its files have no effect, as " : "",
			x->hides ? x->hides : "");
		return;
	}
	if (x->hides)
		buf_addf(b, "hides %s, and ", x->hides);
	if (!x->effect_known)
		buf_addf(b,
			"is in effect for %s; what it changes cannot be told, for one of the files "
			"is secret and its content not at hand",
			units);
	else if (!x->n_differences)
		buf_addf(b, "is read for %s, but changes nothing in effect", units);
	else
		buf_addf(b, "%s %s: %s%s%s", x->together ? "would by itself change" : "changes",
			units, x->n_units > 1 ? arena_printf(f->arena, "of %s ", x->unit) : "",
			differences_text(f, x),
			x->together ? ", but others that are not in the state say the same or "
				      "overrule it"
				    : "");
}

/* systemctl leaves them by these names and in these places. */
static const char *made_by(const struct foreign *x)
{
	bool runtime = text_starts(x->path, "/run/");

	if (x->kind == FOREIGN_MASK && !text_starts(x->path, "/run/systemd/generator"))
		return text_starts(x->path, "/etc/systemd/system/")   ? "`systemctl mask`"
		       : text_starts(x->path, "/run/systemd/system/") ? "`systemctl mask --runtime`"
								      : NULL;
	if (x->place->made_by || !(runtime || text_starts(x->path, "/etc/")))
		return x->place->made_by;
	if (x->kind == FOREIGN_FRAGMENT)
		return runtime ? "`systemctl edit --runtime --full`" : "`systemctl edit --full`";
	if (text_ends(x->path, "/override.conf"))
		return runtime ? "`systemctl edit --runtime`" : "`systemctl edit`";
	return NULL;
}

/* The target of a link, or NULL. */
static const char *target_of(struct foreigns *f, const char *path)
{
	const char *slash = strrchr(path, '/'), *target;
	_cleanup_close_ int dir = -1;

	if (host_open_following(unit_view_host(f->view),
		    arena_strndup(f->arena, path, (size_t)(slash - path)), O_PATH | O_DIRECTORY,
		    &dir, NULL) < 0 ||
		link_read(f->arena, dir, slash + 1, &target) < 0)
		return NULL;
	return target;
}

static void add_origin(struct foreigns *f, struct buf *b, const struct foreign *x)
{
	const char *maker = made_by(x);
	const char *target = x->kind == FOREIGN_MASK ? NULL : target_of(f, x->path);
	struct stat st, of;

	buf_adds(b, ". Not in the state");
	if (look_at(f, x->path, &st, &of)) {
		/* /dev/null, which a mask leads to, is a new one with each boot. */
		bool newer = x->kind != FOREIGN_MASK && of.st_ctime > st.st_ctime;
		char text[32];
		struct tm tm;

		strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC",
			gmtime_r(newer ? &of.st_ctime : &st.st_ctime, &tm));
		buf_addf(b, "; changed last %s", text);
	}
	if (x->owner)
		buf_addf(b, "; of the package %s", x->owner);
	else if (x->owner_known)
		buf_adds(b, "; of no package");
	if (maker)
		buf_addf(b, "; where %s puts it", maker);
	if (target)
		buf_addf(b, "; a link to %s", target);
}

/* What the state ships for the unit to /etc would go with the rest. */
static bool revert_would_harm(struct foreigns *f, const char *unit)
{
	for (size_t i = 0; i < f->n_known; i++) {
		struct place p = place_of(f->arena, f->known[i]);

		if (p.unit && !strcmp(p.unit, unit) && text_starts(f->known[i], "/etc/"))
			return true;
	}
	return false;
}

static bool is_unit_of(const struct foreign *x, const char *unit)
{
	for (size_t i = 0; i < x->n_units; i++)
		if (!strcmp(x->units[i], unit))
			return true;
	return false;
}

static const char *by_hand(struct foreigns *f, const struct foreign *x)
{
	struct place p = place_found(f->arena, x->path);
	bool own = p.unit && unit_name_valid(p.unit);

	if (own && !revert_would_harm(f, p.unit) && !text_starts(x->path, "/usr/") &&
		is_unit_of(x, p.unit))
		return arena_printf(f->arena, "`systemctl revert %s`", p.unit);
	return arena_printf(f->arena, "`rm %s && systemctl daemon-reload`", x->path);
}

static void add_mask_advice(
	struct foreigns *f, struct buf *b, const struct foreign *x, const char *stays)
{
	const char *command = unit_unmask_command(f->arena, x->path);

	if (!command)
		buf_addf(b, ". What takes it away: %s", unit_unmask_generated(f->arena, x->path));
	else if (x->owner)
		buf_addf(b,
			". Ship the unit as /etc/systemd/system/%s, which has precedence, or "
			"accept it with foreign_dropins: keep",
			strrchr(x->path, '/') + 1);
	else
		buf_addf(b, ". Take it away with %s%s",
			stays || x->is_to_go ? "" : "foreign_dropins: remove, or by ", command);
}

static void add_advice(struct foreigns *f, struct buf *b, const struct foreign *x)
{
	const char *stays = foreign_stays(f, x);
	bool can_ship = place_of(f->arena, x->path).unit;

	if (x->is_to_go && stays)
		buf_addf(b, ". foreign_dropins: remove leaves it, for %s", stays);
	if (x->kind == FOREIGN_MASK) {
		add_mask_advice(f, b, x, stays);
		return;
	}
	if (x->owner || x->place->stays) {
		buf_adds(b, ". Overrule it with a drop-in in the state, or accept it with "
			    "foreign_dropins: keep");
		return;
	}
	buf_addf(b, ". Take %s into the state%s%s, or remove it with ",
		can_ship ? "it" : "what it says", can_ship ? " as root" : "",
		can_ship ? x->path : "");
	if (!stays && !x->is_to_go && !x->is_shared)
		buf_adds(b, "foreign_dropins: remove, or by ");
	buf_adds(b, by_hand(f, x));
}

void foreign_report(struct foreigns *f, const struct foreign *x, struct findings *ret)
{
	static const char *const codes[] = {
		[FOREIGN_DROPIN] = "foreign-dropin",
		[FOREIGN_FRAGMENT] = "foreign-unit",
		[FOREIGN_MASK] = "foreign-mask",
	};
	_cleanup_buf_ struct buf b = BUF_INIT;

	add_effect(f, &b, x);
	add_origin(f, &b, x);
	add_advice(f, &b, x);
	finding_add(ret, "foreign", codes[x->kind], x->path, "%s", b.data);
}
