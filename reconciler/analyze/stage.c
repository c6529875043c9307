/*
 * Units as systemd would load them, written into a directory of their own: the fragment under its
 * name, the effective drop-ins beside it in their order. There is nothing else in it, and
 * systemd-analyze is told to look nowhere else (analyze.h).
 * Called by the plan and lint.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "l4sync/io.h"

#include "stage.h"

/* A fragment with nothing in it would be a mask. */
#define NOTHING "# none\n"

int stage_new(struct arena *a, struct stage **ret, struct err *e)
{
	const char *tmp = getenv("TMPDIR");
	char *path = arena_printf(a, "%s/l4sync-units.XXXXXX", tmp && *tmp ? tmp : "/tmp");

	if (!mkdtemp(path))
		return err_errno(e, -errno, "cannot make a directory %s", path);
	*ret = arena_new_of(a, struct stage);
	**ret = (struct stage){.arena = a, .dir = path};
	return 0;
}

void stage_free(struct stage *s)
{
	if (!s)
		return;
	for (size_t i = s->n_files; i-- > 0;)
		unlink(s->files[i].path);
	for (size_t i = 0; i < s->n; i++)
		rmdir(arena_printf(s->arena, "%s.d", s->units[i].path));
	rmdir(s->dir);
	free(s->files);
	free(s->units);
	*s = (struct stage){.arena = s->arena, .dir = s->dir};
}

void stage_freep(struct stage **s)
{
	stage_free(*s);
}

const char *stage_directory(const struct stage *s)
{
	return s->dir;
}

/* Behind another newline: a file without one at its end must not run into the next. */
static int write_file(struct stage *s, const char *unit, const char *path,
	const struct unit_file *f, struct err *e)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	bool has_bytes = f->content && f->content->size;
	int r = fd < 0 ? -errno : 0;

	if (fd >= 0) {
		s->files = grow(s->files, &s->cap_files, s->n_files, sizeof *s->files);
		s->files[s->n_files++] = (struct staged_file){path, f->path, unit};
		r = has_bytes ? fd_write_all(fd, f->content->data, f->content->size)
			      : fd_write_all(fd, NOTHING, strlen(NOTHING));
	}
	return r < 0 ? err_errno(e, r, "cannot write %s", path) : 0;
}

/* A template stays one, and an instance keeps its name behind the @: settings may be made of it. */
static const char *former_name(struct stage *s, const char *name)
{
	const char *at = strchr(name, '@');

	return arena_printf(s->arena, "l4sync-former-%zu%s", s->n, at ? at : strrchr(name, '.'));
}

int stage_add(struct stage *s, const struct unit_config *c, bool former, struct err *e)
{
	const char *name = former ? former_name(s, c->name) : c->name;
	const char *path = arena_printf(s->arena, "%s/%s", s->dir, name);
	const char *dir = arena_printf(s->arena, "%s.d", path);
	const struct unit_file none = {.path = c->name};

	s->units = grow(s->units, &s->cap, s->n, sizeof *s->units);
	s->units[s->n++] = (struct staged_unit){c->name, path, former};
	int r = write_file(s, c->name, path, c->found ? &c->fragment : &none, e);
	if (r >= 0 && c->n_dropins && mkdir(dir, 0700) < 0)
		r = err_errno(e, -errno, "cannot make %s", dir);
	for (size_t i = 0; i < c->n_dropins && r >= 0; i++)
		r = write_file(s, c->name, arena_printf(s->arena, "%s/%06zu.conf", dir, i),
			&c->dropins[i], e);
	return r;
}
